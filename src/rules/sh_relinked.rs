//! See `rules/sh-relinked.md`.

use super::Context;
use crate::build::Run;
use crate::finding::Findings;
use crate::shell::{Invocation, Word};
use crate::text::Span;

super::rule!("sh-relinked", check);

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        let invocations = run.invocations();
        for invocation in invocations.iter().filter(|invocation| invocation.is("ln")) {
            let operands: Vec<&Word> = invocation.args.iter().filter(|word| !word.text().starts_with('-')).collect();
            let Some(link) = operands.last().filter(|word| operands.len() > 1 && is_sh(word)) else { continue };
            let finding = cx
                .finding(
                    run.place(invocation.span.to(link.span)),
                    "this changes the shell of every script in the image that uses sh",
                )
                .help("use `SHELL [\"/bin/bash\", \"-c\"]`, which changes only the shell of RUN");
            let bash =
                operands.first().is_some_and(|word| matches!(word.text(), "bash" | "/bin/bash" | "/usr/bin/bash"));
            out.push(match whole(&run, &invocations) {
                Some(place) if bash => {
                    let why = "scripts that use sh but need bash then fail";
                    finding.unsafe_edit("set the shell of RUN", why, place, "SHELL [\"/bin/bash\", \"-c\"]")
                }
                _ => finding,
            });
        }
    }
}

fn is_sh(word: &Word) -> bool {
    word.is("/bin/sh") || word.is("/usr/bin/sh")
}

/// The instruction, if it does nothing else.
fn whole(run: &Run, all: &[Invocation]) -> Option<Span> {
    let is_link = |invocation: &Invocation| {
        invocation.is("ln") || matches!(invocation.program, Some("rm" | "mv")) && invocation.args.iter().any(is_sh)
    };
    let alone = all.iter().all(is_link) && all.iter().filter(|invocation| invocation.is("ln")).count() == 1;
    (alone && !run.is_trigger()).then_some(run.instruction.span)
}
