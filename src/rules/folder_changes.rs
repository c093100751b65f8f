//! Rules about `cd` in a RUN, and `rm` in a folder that may not be the right one.

use std::collections::HashMap;

use super::copied_packages;
use super::copied_packages::DEEPEST;
use super::written_paths::CommandFolder;
use super::{Context, script_end};
use crate::build::{Build, Lookup, Run, Stage, toolchain};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::{Findings, Safety};
use crate::shell::{ExpansionKind, Invocation, ScopeKind, SeparatorKind, Word};
use crate::text::{Span, path};

super::family! {
    "cd-in-run" => cd_in_run;
    "cd-unchecked" => cd_unchecked;
    "rm-of-unset-variable" => rm_of_unset_variable;
}

fn cd_in_run(cx: &Context, out: &mut Findings) {
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
        out.push(finding.with(edits(&run, invocation, folder), |finding, edits| {
            finding.edits("set the folder with WORKDIR", Safety::Safe, edits)
        }));
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
    let newline = script_end::line_end(source);
    let above = Span::at(run.instruction.span.start);
    Some(vec![
        (above, format!("WORKDIR {path}{newline}")),
        (Span::new(start, run.place(next.span).start), String::new()),
    ])
}

fn cd_unchecked(cx: &Context, out: &mut Findings) {
    // The folders of the current stage.
    let mut known: Option<(usize, Folders)> = None;
    for run in cx.build().all_runs().filter(|run| !run.code.is_exec()) {
        let mut folder = CommandFolder::of(run.build, run.stage, run.index);
        let mut created: Vec<String> = Vec::new();
        for invocation in &run.invocations() {
            let aim = if invocation.is("cd") || invocation.is("pushd") {
                invocation.args.first().and_then(|word| path_of(&run, word))
            } else {
                None
            };
            let aim = aim.and_then(|path| folder.join(&path));
            folder.follow(invocation);
            if created.len() < REMEMBERED {
                created.extend(made_by(invocation).filter_map(|path| folder.join(path)));
            }
            if !matches!(invocation.program, Some("cd" | "pushd")) {
                continue;
            }
            // A string for another shell is not checked; a heredoc is the script of the RUN.
            let is_own_script =
                std::ptr::eq(invocation.script, &raw const run.code.script) || !run.instruction.heredocs.is_empty();
            if !is_own_script || !is_open(invocation) {
                continue;
            }
            if known.as_ref().is_none_or(|(stage, _)| *stage != run.stage.index) {
                known = Some((run.stage.index, Folders::of(run.build, run.stage)));
            }
            let is_there = |path: &String| {
                let above = known.as_ref().is_some_and(|(_, folders)| folders.has(path, run.index));
                above || created.iter().any(|created_path| path::is_within(created_path, path))
            };
            if aim.as_ref().is_some_and(is_there) {
                continue;
            }
            let name = invocation.program.unwrap_or_default();
            let finding = cx
                .finding(
                    run.place(invocation.span),
                    format!("if this {name} fails, the following commands run in the wrong folder"),
                )
                .help(format!("write `{name} … || exit 1`, join the commands with `&&`, or use `set -e`"));
            let text = &run.code.text().unwrap_or_default().get(invocation.command.span.range()).unwrap_or_default();
            let why = "a build that continued in the wrong folder now fails";
            let plain = invocation.command.span.end == invocation.span.end;
            out.push(
                finding.with(
                    run.insertion_after(invocation.command.span, text, "|| exit 1")
                        .filter(|_| plain && run.code.script.problems.is_empty() && text.starts_with(name)),
                    |finding, (at, text)| finding.unsafe_edit("exit if it fails", why, at, text),
                ),
            );
        }
    }
}

fn is_open(invocation: &Invocation) -> bool {
    let place = &invocation.command.place;
    let checked = place.after.is_some_and(|after| matches!(after.kind, SeparatorKind::And | SeparatorKind::Or));
    let is_condition = invocation.script.enclosing(place).any(|scope| scope.kind == ScopeKind::Condition);
    // The parent folder and `/` always exist.
    let sure = match invocation.args {
        [] => true,
        [word] => word.value().is_some_and(|text| text.bytes().all(|byte| matches!(byte, b'.' | b'/'))),
        _ => false,
    };
    // After `&&` and at the end, its status is that of the list.
    let ends = place.after.is_none() && place.before.is_some();
    !checked && !is_condition && !sure && !ends && !place.options.errexit
}

/// The most folders created by a RUN that are remembered.
const REMEMBERED: usize = 100;

/// The folder that a word names, with variables of the file that the script does not set.
fn path_of(run: &Run, word: &Word) -> Option<String> {
    if let Some(path) = word.value() {
        return Some(path.to_owned());
    }
    let (build, stage) = (run.build, run.stage.index);
    let script = &run.code.script;
    let is_set = |name: &str| {
        script.commands.iter().flat_map(|command| &command.assignments).any(|assignment| &*assignment.name_text == name)
    };
    let is_defined = |name: &str| matches!(build.scopes().lookup(stage, name, run.index), Lookup::Defined(_));
    let plain = word.expansions().len() == word.variables().count() && run.code.is_ordinary();
    let known = plain && word.variables().all(|name| is_defined(name) && !is_set(name));
    build.scopes().expand(stage, run.index, word.text()).filter(|path| known && !path.is_empty())
}

/// The folders that `mkdir` creates.
fn made_by<'s>(invocation: &Invocation<'s>) -> impl Iterator<Item = &'s str> {
    let args = if invocation.is("mkdir") { invocation.args } else { &[] };
    let words = args.iter().filter_map(Word::value);
    words.filter(|word| !word.starts_with('-'))
}

/// Folders that certainly exist, each with the index of the instruction that creates it.
struct Folders(HashMap<String, usize>);

impl Folders {
    /// The folders of WORKDIR, COPY and mkdir in a stage and the stages it is based on.
    fn of(build: &Build, stage: &Stage) -> Self {
        let mut folders = Self(HashMap::new());
        for stage in build.chain(stage).take(DEEPEST) {
            for (index, _) in build.instructions_of(stage, Keyword::Workdir) {
                folders.add(build.workdir(stage, index + 1).value().cloned(), index);
            }
            for transfer in build.transfers(stage) {
                folders.add(copied_packages::destination(build, stage, transfer), transfer.index);
            }
            for (index, _, invocations) in toolchain::runs(build, stage) {
                let mut folder = CommandFolder::of(build, stage, index);
                for invocation in &invocations {
                    folder.follow(invocation);
                    for path in made_by(invocation) {
                        folders.add(folder.join(path), index);
                    }
                }
            }
        }
        folders
    }

    /// Adds a folder and its parents.
    fn add(&mut self, path: Option<String>, index: usize) {
        let Some(path) = path else { return };
        let mut rest = path.trim_end_matches('/');
        while rest.len() > 1 {
            let first = self.0.entry(rest.to_owned()).or_insert(index);
            *first = index.min(*first);
            rest = path::parent(rest);
        }
    }

    fn has(&self, path: &str, index: usize) -> bool {
        let path = if path == "/" { path } else { path.trim_end_matches('/') };
        data::SYSTEM_FOLDERS.has(path, "everywhere") || self.0.get(path).is_some_and(|first| *first < index)
    }
}

/// The maximum size of a script that is checked, in bytes.
const LONGEST: usize = 64 << 10;

fn rm_of_unset_variable(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        // No real script is that long, and each variable is searched for in all of it.
        if run.code.text().is_none_or(|text| text.len() > LONGEST) {
            continue;
        }
        for invocation in run
            .invocations()
            .iter()
            .filter(|invocation| is_recursive(invocation) && !invocation.command.place.options.nounset)
        {
            for word in invocation.args.iter().filter(|word| is_risky(&run, word)) {
                let text = word.text();
                let rest = &text[text.find('/').unwrap_or(0)..];
                let message = format!("this deletes `{rest}` if the variable is empty");
                out.push(
                    cx.finding(run.place(word.span), message)
                        .help("write `${NAME:?}`, which stops the script if it is empty"),
                );
            }
        }
    }
}

fn is_recursive(invocation: &Invocation) -> bool {
    let letters = |word: &Word| {
        let text = word.text();
        text == "--recursive" || text.starts_with('-') && !text.starts_with("--") && text.contains(['r', 'R'])
    };
    invocation.is("rm") && invocation.args.iter().any(letters)
}

/// `"$DIR/"*`, `"$DIR/usr"`, if nothing shows that DIR has a value.
fn is_risky(run: &Run, word: &Word) -> bool {
    let [expansion] = word.expansions() else { return false };
    let ExpansionKind::Variable(name) = &expansion.kind else { return false };
    let text = word.text();
    let written = text.get(expansion.within.range()).unwrap_or_default();
    let Some(rest) = text.get(expansion.within.end as usize..).filter(|rest| rest.starts_with('/')) else {
        return false;
    };
    let path = rest.trim_matches('/').trim_end_matches('*').trim_end_matches('/');
    let guarded = [":?", ":-", ":="].iter().any(|mark| written.contains(mark));
    let known = run.value_of(&format!("${name}"), word.span.start).is_some_and(|value| !value.is_empty());
    let looped = name.bytes().all(|byte| byte.is_ascii_lowercase()) && is_set_otherwise(run, name);
    expansion.within.start == 0
        && expansion.quoted
        && (path.is_empty() || data::SYSTEM_FOLDERS.has(&format!("/{path}"), "root"))
        && !(guarded || known || looped)
}

/// Set by `for`, `read` or a substitution.
fn is_set_otherwise(run: &Run, name: &str) -> bool {
    let text = run.code.text().unwrap_or_default();
    [format!("for {name} "), format!("read {name}"), format!("{name}=")].iter().any(|set| text.contains(set.as_str()))
}
