//! See `rules/pointless-command.md`.

use super::Context;
use crate::build::Run;
use crate::finding::Findings;
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, SeparatorKind, Word};

super::rule!("pointless-command", check);

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        let invocations = run.invocations();
        for (at, invocation) in invocations.iter().enumerate() {
            let Some(program) = invocation.program.filter(|program| Program::of(program).is(Kind::Live)) else {
                continue;
            };
            let direct = invocation.via.iter().all(|wrapper| matches!(wrapper.program, "sudo" | "time"));
            if !direct || has_reason(&run, &invocations, at) {
                continue;
            }
            let message =
                format!("`{program}` has no effect on the image: each step has its own processes and no terminal");
            out.push(
                cx.finding(run.place(invocation.path.span), message)
                    .help("remove it; start services when the container starts"),
            );
        }
    }
}

/// A daemon that is started, used and stopped in the same step; a process of the script itself; a mount that the step
/// is allowed to make.
fn has_reason(run: &Run, all: &[Invocation], at: usize) -> bool {
    let background = |invocation: &Invocation| {
        invocation.command.place.after.is_some_and(|after| after.kind == SeparatorKind::Background)
    };
    match all[at].program {
        Some("service") => all.iter().any(|invocation| !invocation.is("service")),
        Some("kill") => all.iter().any(background) || all.len() > 1 && all[at].args.iter().any(Word::is_dynamic),
        Some("mount") => run.file().flag_argument(run.instruction, "security").is_some(),
        _ => false,
    }
}
