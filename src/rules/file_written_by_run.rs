//! See `rules/file-written-by-run.md`.

use super::Context;
use crate::build::toolchain;
use crate::finding::Findings;
use crate::shell::{Invocation, RedirectOperator, Word};

super::rule!("file-written-by-run", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
        for (index, _, invocations) in toolchain::runs(build, stage) {
            let [invocation] = invocations.as_slice() else { continue };
            let Some(path) = file_written_by_echo(invocation) else { continue };
            let Some(code) = build.code(index).filter(|code| code.script.commands.len() == 1) else { continue };
            let message = format!("this RUN only writes constant text to `{path}`: COPY with a heredoc needs no shell");
            let span = code.place(&build.input().file, invocation.command.span);
            out.push(cx.finding(span, message).help(format!("use `COPY <<EOF {path}`")));
        }
    }
}

/// The file that `echo text > file` writes, if the text is the same in every shell.
fn file_written_by_echo<'s>(invocation: &Invocation<'s>) -> Option<&'s str> {
    let constant = invocation
        .args
        .iter()
        .all(|word| !word.is_dynamic() && !word.is_pattern() && !word.text().contains(['\\', '%']));
    let options = invocation.args.first().is_some_and(|word| word.text().starts_with('-'));
    let writes = match invocation.program? {
        "echo" | "printf" => !invocation.args.is_empty() && !options,
        _ => false,
    };
    let [redirect] = invocation.command.redirects.as_slice() else { return None };
    let whole = matches!(redirect.operator, RedirectOperator::Write | RedirectOperator::Clobber);
    let out = matches!(redirect.descriptor, None | Some(1));
    let target = redirect.target.as_ref().and_then(Word::value).filter(|path| path.starts_with('/'))?;
    let device = target.starts_with("/dev/") || target.starts_with("/proc/") || target.starts_with("/sys/");
    (constant && writes && whole && out && !device && invocation.via.is_empty()).then_some(target)
}
