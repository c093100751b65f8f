//! See `rules/consecutive-runs.md`.

use super::Context;
use crate::build::Run;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::shell::{Manager, Verb};

super::rule!("consecutive-runs", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages().iter().filter(|stage| build.ships(stage)) {
        let mut last: Option<Run> = None;
        for run in build.runs(stage).filter(|run| !run.is_trigger()) {
            if let Some(before) = last.replace(run).filter(|before| joins(before, &run)) {
                let finding = cx.finding(run.instruction.name.span, "this RUN can be merged with the RUN above");
                out.push(
                    finding
                        .label(before.instruction.name.span, "with this RUN")
                        .help("join them with `&&` into one step and one layer"),
                );
            }
        }
    }
}

fn joins(before: &Run, run: &Run) -> bool {
    let plain = |run: &Run| {
        run.instruction.heredocs.is_empty() && !run.code.is_exec() && run.instruction.keyword == Keyword::Run
    };
    let flags = |run: &Run| -> Vec<String> {
        run.instruction.flags.iter().map(|flag| run.file().flag(flag).to_owned()).collect()
    };
    // If a RUN already joins several commands, the author chose where the step ends.
    let is_single = |run: &Run| run.code.script.commands.len() <= 1;
    before.index + 1 == run.index
        && plain(before)
        && plain(run)
        && flags(before) == flags(run)
        && (is_single(before) && is_single(run)
            || installs(before).is_some_and(|manager| installs(run) == Some(manager)))
}

/// The system package manager that a RUN installs packages with.
fn installs(run: &Run) -> Option<Manager> {
    let calls = run.invocations().into_iter().filter_map(|invocation| invocation.package_call());
    let mut managers =
        calls.filter(|call| call.verb == Verb::Install && call.manager.is_system()).map(|call| call.manager);
    managers.next()
}
