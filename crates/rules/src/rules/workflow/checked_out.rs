//! Which files the steps of pipelines, recipes and scripts begin with: those of the repository, as far as that is known.

use super::missing_paths::{is_for_others, runs_on_other_branches};
use super::steps::{JobFiles, LastKnown};
use crate::inputs::FileCall;
use crate::rules::WorkflowContext;
use crate::shell::program::Kind;
use crate::shell::{Invocation, Program, Word};
use crate::text::path;
use crate::workflow::{Job, PipelineKind, Step, StepCommand};

/// Whether names in the commands of a pipeline can be compared with the files of the repository.
pub(super) struct RepositorySteps<'c, 'a, 'i> {
    cx: &'c WorkflowContext<'a, 'i>,
    jobs: LastKnown<usize, Option<JobFiles<'a>>>,
    is_open: bool,
}

impl<'c, 'a, 'i> RepositorySteps<'c, 'a, 'i> {
    pub(super) fn new(cx: &'c WorkflowContext<'a, 'i>) -> Self {
        let is_pipeline = cx.workflow().kind.is_pipeline();
        let is_open = !cx.repository().is_complete
            || cx.workflow().kind == PipelineKind::Action
            || is_pipeline && (runs_on_other_branches(cx) || is_for_others(cx));
        Self { cx, jobs: LastKnown::new(), is_open }
    }

    /// Whether a step begins in a checkout of this repository, and of no other one.
    pub(super) fn has(&mut self, job: usize, step: usize) -> bool {
        let cx = self.cx;
        let Some(known) = cx.workflow().jobs.get(job) else { return false };
        if self.is_open {
            return false;
        }
        match cx.workflow().kind {
            PipelineKind::Just | PipelineKind::Make | PipelineKind::Script => true,
            PipelineKind::Gitlab => known.variable("GIT_STRATEGY").is_none() && !known.is_partial,
            PipelineKind::Action => false,
            PipelineKind::Github => {
                let files = self.jobs.of(job, || Some(JobFiles::of(known)));
                files.as_ref().is_some_and(|files| {
                    let checkout = files.checkout(step).filter(|checkout| checkout.input("ref").is_none());
                    checkout.is_some() && files.checkouts_before(step) == 1
                })
            }
        }
    }
}

/// The calls of Compose of a pipeline that run in the repository, and the others: on another machine, or in a folder that is
/// not known.
pub(super) fn calls_of_compose(cx: &WorkflowContext) -> Vec<(FileCall, bool)> {
    let mut steps = RepositorySteps::new(cx);
    if !cx.repository().is_complete {
        return Vec::new();
    }
    let calls = FileCall::all(cx.input).into_iter();
    let placed = calls.filter_map(|known| {
        let is_here = !known.is_remote && steps.has(known.call.job, known.call.step);
        let is_placed = is_here && known.call.folder.is_some();
        // What a pipeline runs outside of its checkout has other files.
        (is_here || known.is_remote).then_some((known, is_placed))
    });
    placed.collect()
}

/// Whether Compose reads a file by itself, where none is named: `compose.yaml`, `docker-compose.override.yml`.
pub(super) fn is_read_by_default(file: &str) -> bool {
    let name = path::name(file);
    let rest = name.strip_prefix("docker-").unwrap_or(name).strip_prefix("compose").unwrap_or_default();
    let rest = rest.strip_prefix(".override").unwrap_or(rest);
    matches!(rest, ".yaml" | ".yml")
}

/// Whether a step of a job may write a file of this name, or asks whether it is there, or another file may come with what it
/// fetches.
pub(super) fn may_be_written(cx: &WorkflowContext, job: &Job, name: &str) -> bool {
    let jobs: &[Job] = match cx.workflow().kind {
        PipelineKind::Just | PipelineKind::Make => &cx.workflow().jobs,
        _ => std::slice::from_ref(job),
    };
    jobs.iter().flat_map(|job| &job.steps).any(|step| names_in_input(step, name) || writes(step, name))
}

fn names_in_input(step: &Step, name: &str) -> bool {
    step.action.is_some() && step.inputs.iter().any(|input| input.value.text.contains(name))
}

fn writes(step: &Step, name: &str) -> bool {
    let Some(script) = step.script.as_ref().filter(|script| script.text.text.contains(name)) else { return false };
    let commands = script.commands();
    let redirects = commands.commands.iter().flat_map(|command| &command.redirects);
    let redirects = redirects.chain(commands.compounds.iter().flat_map(|compound| &compound.redirects));
    let mut targets = redirects.filter_map(|redirect| redirect.target.as_ref());
    let written = |word: &Word| script.text.slice(word.span.range()).contains(name);
    targets.any(written)
        || StepCommand::all(step).iter().any(|command| {
            let invocation = &command.invocation;
            !is_use(command, name) && invocation.args.iter().any(written) && may_make(invocation)
        })
}

/// Whether a command runs a script of this name.
fn is_use(command: &StepCommand, name: &str) -> bool {
    command.script_word().is_some_and(|word| path::name(word.text()) == name)
}

/// Whether a command may make the files that it names, or decides by them.
fn may_make(invocation: &Invocation) -> bool {
    let Some(name) = invocation.program else { return true };
    let program = Program::of(name);
    let needs_it = matches!(name, "docker" | "docker-compose" | "sed" | "chmod" | "ssh");
    program.is(Kind::Condition) || !needs_it && !program.writes_nothing()
}

/// Whether a step may bring files that the repository does not have.
pub(super) fn may_bring_files(job: &Job, step: usize) -> bool {
    let brings = |step: &Step| match &step.action {
        Some(action) => {
            let is_checkout = step.uses("actions/checkout");
            let name = path::name(&action.name);
            !(is_checkout || name.starts_with("setup-") || super::steps::leaves_files(step))
        }
        None => StepCommand::all(step).iter().any(|command| {
            let program = command.invocation.program.map(Program::of);
            program.is_none_or(|program| program.is(Kind::Unpacks) || program.is(Kind::Fetches))
        }),
    };
    job.steps.iter().take(step + 1).any(brings)
}
