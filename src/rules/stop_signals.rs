//! Rules about STOPSIGNAL.

use super::{Context, line_edits};
use crate::build::{Build, Launch, Reference, Stage, StageBase};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::text::Span;

super::family! {
    "stop-signal-abrupt" => stop_signal_abrupt;
    "stop-signal-kills" => stop_signal_kills;
}

const WHY: &str = "stopping the container takes as long as its longest request, up to the grace period";

/// The signal that containers are sent without a STOPSIGNAL, by name and Linux number.
const USUAL: [&str; 2] = ["TERM", "15"];

fn stop_signal_abrupt(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = build.target() else { return };
    let Some(server) = Server::of(build, target) else { return };
    let mut set = cx.shipped().flat_map(|stage| {
        let instruction: Vec<_> = build.instructions_of(stage, Keyword::Stopsignal).collect();
        instruction.into_iter().rev().map(move |stop_signal| (stage, stop_signal))
    });
    let Server { program, signal, otherwise, .. } = server;
    let message = format!("on SIGTERM `{program}` {otherwise}; {signal} stops it gracefully");
    if let Some((stage, (index, instruction))) = set.next() {
        let Some(operand) = build.input().file.operand(instruction) else { return };
        let Some(written) = build.scopes().expand(stage.index, index, &operand.text) else { return };
        let name = written.trim().to_ascii_uppercase();
        if USUAL.contains(&name.strip_prefix("SIG").unwrap_or(&name)) {
            let finding = cx.finding(operand.span, message).help(format!("write `STOPSIGNAL {signal}`"));
            out.push(finding.unsafe_edit(format!("use {signal}"), WHY, operand.span, signal));
        }
        return;
    }
    // Images of servers are assumed to set it themselves.
    let Some(start) = server.start else { return };
    if !is_plain(build, target, program) || build.is_fragment() {
        return;
    }
    let instruction = build.instruction(start);
    let finding = cx.finding(instruction.head, message).help(format!("add `STOPSIGNAL {signal}`"));
    let newline = line_edits::line_end(cx.source());
    let at = Span::at(line_edits::above(cx.source(), instruction));
    out.push(finding.unsafe_edit(format!("add STOPSIGNAL {signal}"), WHY, at, format!("STOPSIGNAL {signal}{newline}")));
}

/// A server that SIGTERM does not stop gracefully.
struct Server {
    program: &'static str,
    signal: &'static str,
    otherwise: &'static str,
    /// The instruction that starts it; `None` if the base image does.
    start: Option<usize>,
}

impl Server {
    fn of(build: &Build, stage: &Stage) -> Option<Self> {
        let has_start =
            [Keyword::Entrypoint, Keyword::Cmd].into_iter().any(|keyword| build.last(stage, keyword).is_some());
        if !has_start {
            let StageBase::Image(image) = build.root_base(stage) else { return None };
            return Self::of_program(Reference::of(image).short_name(), None);
        }
        let launch = build.launch(stage).filter(Launch::is_exec)?;
        // A script that runs CMD may forward a different signal.
        let entrypoint = build.last(stage, Keyword::Entrypoint).filter(|(index, _)| *index != launch.index);
        if entrypoint.and_then(|(index, _)| build.code(index)).is_some_and(|code| !code.script.commands.is_empty()) {
            return None;
        }
        let invocations = launch.script().invocations();
        let first = invocations.first().filter(|invocation| invocation.via.is_empty())?;
        Self::of_program(first.program?, Some(launch.index))
    }

    /// `php-fpm8.4` is `php-fpm`.
    fn of_program(program: &str, start: Option<usize>) -> Option<Self> {
        let plain = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        let row = data::STOP_SIGNALS.row(program).or_else(|| data::STOP_SIGNALS.row(plain))?;
        let [program, signal, otherwise, ..] = row else { return None };
        Some(Self { program, signal, otherwise, start })
    }
}

/// Whether the stage is based on a distribution, which sets no STOPSIGNAL. Alpine's `httpd` is busybox's.
fn is_plain(build: &Build, stage: &Stage, program: &str) -> bool {
    let StageBase::Image(image) = build.root_base(stage) else { return false };
    match Reference::of(image).short_name() {
        "alpine" => program != "httpd",
        name => data::IMAGE_FAMILIES.has(name, "release"),
    }
}

/// Signals that no program can handle, by name and Linux number.
const DEADLY: [&str; 4] = ["KILL", "STOP", "9", "19"];

fn stop_signal_kills(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let file = &build.input().file;
    let mut shipped = cx.shipped().flat_map(|stage| {
        let instruction: Vec<_> = build.instructions_of(stage, Keyword::Stopsignal).collect();
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
