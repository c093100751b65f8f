//! A rule about rollbacks that run although nothing was deployed.

use std::collections::HashSet;

use super::action::Action;
use super::deployment::{Deployment, deployments, has_word};
use super::flow::{FlowCommand, is_failure_step};
use super::jobs::{deploying_steps, runs_script};
use crate::finding::Findings;
use crate::rules::WorkflowContext;
use crate::rules::workflow::references::texts_of;
use crate::sources::patterns;
use crate::workflow::{PipelineKind, Step};

crate::rules::family! {
    of_workflow
    "rollback-without-deploy" => rollback_without_deploy;
}

/// Meanings in `data/source_patterns.tsv`.
const BACK: &str = "goes back to the version before on a platform";
const ROLLBACK: &str = "word of a rollback";

/// A step with `failure()` that goes back, in a job in which something may fail before the step that deploys.
fn rollback_without_deploy(cx: &WorkflowContext, out: &mut Findings) {
    if cx.workflow().kind != PipelineKind::Github {
        return;
    }
    let deploying = deploying_steps(cx);
    let fallbacks = Fallbacks::of(cx);
    for (number, job) in cx.workflow().jobs.iter().enumerate() {
        // Where the first step deploys, what failed is the deployment.
        let Some(deploying) = deploying[number].filter(|deploying| *deploying > 0) else { continue };
        let before = title(&job.steps[0]);
        let id = job.steps[deploying].id.as_deref();
        let steps = job.steps.iter().enumerate().skip(deploying + 1);
        for (_, step) in steps.filter(|(at, step)| is_unlimited(step) && fallbacks.has((number, *at), step)) {
            let Some(condition) = &step.condition else { continue };
            let message = format!(
                "the rollback also runs when {before} fails and nothing was deployed: it replaces a version that works"
            );
            let Some(finding) = cx.finding(condition.place, message) else { continue };
            let name = id.unwrap_or("deploy");
            let first = if id.is_some() { "" } else { "give the step that deploys `id: deploy`, and " };
            out.push(finding.help(format!("{first}write `if: failure() && steps.{name}.outcome != 'skipped'`")));
        }
    }
}

/// Whether a step runs after each failure, whatever failed.
fn is_unlimited(step: &Step) -> bool {
    let text = step.condition.as_ref().map_or("", |condition| condition.text.as_str());
    let is_limited = ["steps.", "needs.", "env.", "success()"].iter().any(|word| text.contains(word));
    is_failure_step(step) && text.contains("failure()") && !is_limited
}

/// What goes back: steps that run where others failed, and move containers or run a script of such a name.
struct Fallbacks {
    moving: HashSet<*const Step>,
    remote: HashSet<(usize, usize)>,
}

impl Fallbacks {
    fn of(cx: &WorkflowContext) -> Self {
        let moves = |(_, action): &(FlowCommand, Action)| action.moves_containers();
        let deployments = deployments(cx);
        let moving = deployments.iter().filter(|known: &&Deployment| known.steps.iter().any(moves));
        let remote = cx.input.remote_scripts.iter().filter(|remote| runs_rollback(&remote.commands));
        Self {
            moving: moving.filter_map(|known| known.fallback.map(std::ptr::from_ref)).collect(),
            remote: remote.map(|remote| (remote.job, remote.step)).collect(),
        }
    }

    fn has(&self, place: (usize, usize), step: &Step) -> bool {
        let shows = |text: &str| patterns::shows(text, BACK);
        self.moving.contains(&std::ptr::from_ref(step))
            || self.remote.contains(&place)
            || runs_rollback(step)
            || texts_of(step).any(shows)
    }
}

/// Whether a step runs a script or a recipe that goes back, by its name.
fn runs_rollback(step: &Step) -> bool {
    runs_script(step, &|name| has_word(name, ROLLBACK))
}

/// What people call a step.
fn title(step: &Step) -> String {
    let name = step.name.as_ref().map(|name| name.text.clone());
    let action = step.action.as_ref().map(|action| action.name.clone());
    name.or(action).map_or_else(|| "the first step".to_owned(), |title| format!("`{title}`"))
}
