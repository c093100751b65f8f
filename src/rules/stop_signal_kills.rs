//! See `rules/stop-signal-kills.md`.

use super::Context;
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("stop-signal-kills", check);

/// Signals that no program can handle, by name and Linux number.
const DEADLY: [&str; 4] = ["KILL", "STOP", "9", "19"];

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let file = &build.input().file;
    let mut shipped = cx.shipped().flat_map(|stage| {
        let instruction: Vec<_> =
            build.instructions(stage).filter(|(_, instruction)| instruction.keyword == Keyword::Stopsignal).collect();
        instruction.into_iter().rev().map(move |stop_signal| (stage, stop_signal))
    });
    let Some((stage, (index, instruction))) = shipped.next() else { return };
    let Some(operand) = file.operand(instruction) else { return };
    let Some(signal) = build.scopes().expand(stage.index, index, &operand.text) else { return };
    if !is_deadly(&signal) {
        return;
    }
    let message = format!("STOPSIGNAL {signal} can't be handled: the program is killed in the middle of its work");
    let finding = cx.finding(operand.span, message).help("set the signal on which the program exits gracefully");
    let why = "a program that does not exit on SIGTERM is killed only after the grace period";
    out.push(finding.unsafe_edit("use SIGTERM", why, operand.span, "SIGTERM"));
}

/// Whether no program can handle a signal.
pub(super) fn is_deadly(signal: &str) -> bool {
    let name = signal.trim().to_ascii_uppercase();
    DEADLY.contains(&name.strip_prefix("SIG").unwrap_or(&name))
}
