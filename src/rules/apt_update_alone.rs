//! See `rules/apt-update-alone.md`.

use super::Context;
use crate::build::Run;
use crate::finding::{Findings, Safety};
use crate::shell::{CommandPlace, Invocation, Manager, SeparatorKind, Verb};
use crate::text::Span;

super::rule!("apt-update-alone", check);

const LISTS: [&str; 1] = ["/var/lib/apt/lists"];

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        let mut alone: Option<(Run, Span)> = None;
        for run in build.runs(stage).filter(|run| !run.is_trigger() && !run.is_mounted(&LISTS)) {
            let invocations = run.invocations();
            let verb = |invocation: &Invocation| invocation.call_of(&[Manager::Apt]).map(|call| call.verb);
            let installs = |invocation: &&Invocation| {
                matches!(verb(invocation), Some(Verb::Install | Verb::Upgrade | Verb::Download))
            };
            let update = invocations.iter().rfind(|invocation| verb(invocation) == Some(Verb::Update));
            match (update, invocations.iter().find(installs)) {
                // A later command of the RUN may install packages in a way that is not recognised.
                (Some(update), None) => alone = ends_there(&invocations, update).then_some((run, update.span)),
                (Some(_), Some(_)) => alone = None,
                (None, Some(install)) => {
                    let Some((earlier, span)) = alone.take() else { continue };
                    let place = earlier.place(span);
                    let message = "the package lists are fetched in a separate step: once it is cached, installs use outdated lists";
                    let finding = cx
                        .finding(place, message)
                        .label(run.place(install.span), "this installs from them")
                        .help("update and install in one RUN");
                    out.push(match edits(&earlier, span, &run, install) {
                        Some(edits) => finding.edits("update in the RUN that installs", Safety::Safe, edits),
                        None => finding,
                    });
                }
                (None, None) => {}
            }
        }
    }
}

/// Whether only trivial commands follow the update.
fn ends_there(all: &[Invocation], update: &Invocation) -> bool {
    let later = all.iter().skip_while(|invocation| invocation.span != update.span).skip(1);
    later.into_iter().all(|invocation| {
        invocation.package_call().is_some_and(|call| call.verb == Verb::Clean)
            || matches!(invocation.program, Some("rm" | "echo" | "true" | "mkdir" | "set"))
    })
}

/// Moves the update to the front of the install, if its RUN does nothing else and is directly above the other one.
fn edits(update: &Run, span: Span, install: &Run, first: &Invocation) -> Option<Vec<(Span, String)>> {
    let (file, script) = (update.file(), &install.code.script);
    let alone = update.code.script.commands.len() == 1 && update.code.script.problems.is_empty();
    let plain =
        |run: &Run| run.instruction.flags.is_empty() && run.instruction.heredocs.is_empty() && !run.code.is_exec();
    let lead = script.commands.first()?;
    // If the update fails, `&&` skips the commands after it only if they are one chain.
    let is_chain = |place: &CommandPlace| {
        let after = place.after.map(|after| after.kind);
        place.scope != 0 || matches!(after, None | Some(SeparatorKind::And | SeparatorKind::Pipe))
    };
    let chain = script.commands.iter().map(|command| &command.place).all(is_chain)
        && script.compounds.iter().map(|compound| &compound.place).all(is_chain);
    if !alone || !plain(update) || !plain(install) || install.index != update.index + 1 || !chain {
        return None;
    }
    let in_first = lead.place.scope == 0 && first.command.span.start >= lead.span.start && script.problems.is_empty();
    let source = file.source();
    let update_text = source.slice(update.place(span));
    let whole = update.code.script.commands[0].span;
    let run_text = source.slice(update.instruction.span);
    if !in_first || update_text.contains('\n') || run_text.contains('\n') || whole != span {
        return None;
    }
    // Removes the whole line; comments above it stay.
    let lines = Span::new(
        source.line_span(update.instruction.start_line).start,
        source.line_span(update.instruction.end_line + 1).start,
    );
    let at = install.place(lead.span).start;
    Some(vec![(lines, String::new()), (Span::at(at), format!("{update_text} && "))])
}
