//! See `rules/cd-in-run.md`.

use super::{Context, line_edits};
use crate::build::{Lookup, Run};
use crate::dockerfile::Keyword;
use crate::finding::{Findings, Safety};
use crate::shell::{Invocation, SeparatorKind, Word};
use crate::text::Span;

super::rule!("cd-in-run", check);

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        let invocations = run.invocations();
        // Only the first command of a RUN can become an instruction before it.
        let Some(invocation) = invocations.iter().find(|invocation| !is_preface(invocation)) else { continue };
        let [folder] = invocation.args else { continue };
        if !invocation.is("cd")
            || invocation.outer as usize != first(&run)
            || !is_for_workdir(&run, folder)
            || !is_direct(invocation)
        {
            continue;
        }
        let finding = cx
            .finding(run.place(invocation.span), "this RUN changes the folder with cd instead of WORKDIR")
            .help("set `WORKDIR` before the RUN");
        out.push(match edits(&run, invocation, folder) {
            Some(edits) => finding.edits("set the folder with WORKDIR", Safety::Safe, edits),
            None => finding,
        });
    }
}

fn is_preface(invocation: &Invocation) -> bool {
    invocation.is("set")
}

/// Index of the first command other than `set`.
fn first(run: &Run) -> usize {
    let sets_options = |command: &crate::shell::Command| command.name().is_some_and(|name| name.is("set"));
    run.code.script.commands.iter().position(|command| !sets_options(command)).unwrap_or(0)
}

fn is_direct(invocation: &Invocation) -> bool {
    let top = invocation.script.is_top(&invocation.command.place);
    top && invocation.via.iter().all(|wrapper| matches!(wrapper.program, "builtin" | "command"))
}

/// Whether WORKDIR can name the folder: without `~`, `-` and patterns, and only with variables of the file.
fn is_for_workdir(run: &Run, folder: &Word) -> bool {
    let text = folder.text();
    let is_defined =
        |name: &str| matches!(run.build.scopes().lookup(run.stage.index, name, run.index), Lookup::Defined(_));
    let plain = folder.value().is_some()
        || folder.expansions().len() == folder.variables().count() && folder.variables().all(is_defined);
    plain && !text.is_empty() && !matches!(text, "-" | "~") && !text.starts_with("~/") && !folder.is_pattern()
}

/// Replaces `cd … &&` with `WORKDIR` before the RUN, if another WORKDIR follows, so that no other step sees the change.
fn edits(run: &Run, invocation: &Invocation, folder: &Word) -> Option<Vec<(Span, String)>> {
    let after = invocation.command.place.after.filter(|after| after.kind == SeparatorKind::And)?;
    let next = run.code.script.commands.get(invocation.outer as usize + 1)?;
    let path = folder.value().filter(|path| path.starts_with('/') && !path.contains(char::is_whitespace))?;
    let passive = |at: &usize| {
        matches!(run.build.instruction(*at).keyword, Keyword::Env | Keyword::Arg | Keyword::Label | Keyword::User)
    };
    let below = (run.index + 1..run.stage.instructions.end).find(|at| !passive(at))?;
    let workdir = run.build.instruction(below);
    let absolute = workdir.keyword == Keyword::Workdir && run.file().str(workdir.rest).starts_with('/');
    let source = run.file().source();
    let between = source.slice(run.place(Span::new(after.span.end, next.span.start)));
    let blank = between.chars().all(|c| c.is_whitespace() || c == run.file().escape());
    let start = run.place(invocation.command.span).start;
    // Only the same shell can change back to the previous folder.
    let back = run.code.text().is_some_and(|text| ["cd -", "OLDPWD", "~-"].iter().any(|word| text.contains(word)));
    let plain = !back
        && run.instruction.heredocs.is_empty()
        && !run.is_trigger()
        && invocation.via.is_empty()
        && invocation.outer == 0;
    if !absolute || !blank || !plain {
        return None;
    }
    let newline = line_edits::line_end(source);
    let above = Span::at(run.instruction.span.start);
    Some(vec![
        (above, format!("WORKDIR {path}{newline}")),
        (Span::new(start, run.place(next.span).start), String::new()),
    ])
}
