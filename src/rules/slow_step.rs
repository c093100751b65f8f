//! Steps that take long: they install, download or compile.

use crate::build::{Build, Stage, toolchain};
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Verb};
use crate::text::Span;

/// A command that takes long.
pub(super) struct SlowStep {
    /// Where it stands.
    pub(super) span: Span,
    /// What it is called.
    pub(super) name: String,
}

/// The first slow command of a RUN.
pub(super) fn slow_step(build: &Build, index: usize) -> Option<SlowStep> {
    let code = build.code(index)?;
    let invocations = code.script.invocations();
    let invocation = invocations.iter().find(|invocation| takes_time(invocation))?;
    Some(SlowStep { span: code.place(&build.input().file, invocation.span), name: command(invocation) })
}

/// The first slow command at or below an instruction of a stage.
pub(super) fn slow_step_from(build: &Build, stage: &Stage, index: usize) -> Option<SlowStep> {
    toolchain::runs(build, stage).filter(|(at, ..)| *at >= index).find_map(|(at, ..)| slow_step(build, at))
}

/// Whether it installs, downloads or compiles.
fn takes_time(invocation: &Invocation) -> bool {
    if let Some(call) = invocation.package_call() {
        return matches!(call.verb, Verb::Install | Verb::Upgrade | Verb::Download | Verb::Build)
            || call.verb == Verb::Run && call.operands.iter().any(|word| word.text().contains("build"));
    }
    toolchain::may_compile(invocation)
        || invocation
            .program
            .map(Program::of)
            .is_some_and(|program| program.is(Kind::Fetches) || program.is(Kind::Unpacks))
}

fn command(invocation: &Invocation) -> String {
    match invocation.package_call() {
        Some(call) if !call.verb_text.is_empty() => format!("{} {}", call.program, call.verb_text),
        _ => invocation.program.unwrap_or_default().to_owned(),
    }
}
