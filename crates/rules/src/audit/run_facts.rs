//! What the times of earlier runs tell of findings about pipelines: the seconds of the job or step that they are about.

use crate::finding::{Basis, Finding, ImpactKind, Saving};
use crate::inputs::{Inputs, RunTimes, TypicalTime, WorkflowInput};
use crate::workflow::{Job, Step};

/// The rule whose findings are about whole jobs.
const IDLE: &str = "built-when-nothing-changed";

/// Gives findings about pipelines the seconds of their steps.
pub(super) fn price(findings: &mut [Finding], inputs: &Inputs) {
    let Some(times) = inputs.run_times.as_ref() else { return };
    for finding in findings {
        let Some(input) = inputs.workflows.iter().find(|input| input.file == finding.file) else { continue };
        if finding.rule == IDLE {
            price_idle(finding, input, times);
            continue;
        }
        let Some(time) = time_of_step(finding, input, times) else { continue };
        let is_time = |kind: ImpactKind| matches!(kind, ImpactKind::ColdSeconds | ImpactKind::RebuildSeconds);
        for impact in finding.impact.iter_mut().filter(|impact| is_time(impact.kind) && impact.saves.is_none()) {
            impact.basis = Basis::Measured;
            impact.evidence = format!("{}; {}", took("step", time), impact.evidence);
        }
    }
}

fn took(what: &str, TypicalTime { seconds, runs }: TypicalTime) -> String {
    let runs = if runs == 1 { "one run".to_owned() } else { format!("{runs} runs") };
    format!("the {what} took {seconds:.0} s (median of {runs})")
}

/// Commits that are built in vain cost the whole workflow.
fn price_idle(finding: &mut Finding, input: &WorkflowInput, times: &RunTimes) {
    let jobs: Vec<TypicalTime> = input.workflow.jobs.iter().filter_map(|job| times.job("", &job.id)).collect();
    let of_jobs = || {
        let seconds = jobs.iter().map(|time| time.seconds).sum();
        let runs = jobs.iter().map(|time| time.runs).min()?;
        let is_whole = jobs.len() == input.workflow.jobs.len();
        is_whole.then_some(TypicalTime { seconds, runs })
    };
    let Some(time) = times.workflow(&input.path).or_else(of_jobs) else { return };
    for impact in &mut finding.impact {
        if let Some(Saving::Reruns { reruns, builds }) = impact.saves
            && builds > 0
        {
            impact.saves = Some(Saving::Seconds(time.seconds * f64::from(reruns) / f64::from(builds)));
            impact.basis = Basis::Measured;
            impact.evidence = format!("{}; {}", took("workflow", time), impact.evidence);
        }
    }
}

fn time_of_step(finding: &Finding, input: &WorkflowInput, times: &RunTimes) -> Option<TypicalTime> {
    let steps = input.workflow.jobs.iter().flat_map(|job| job.steps.iter().map(move |step| (job, step)));
    let before = steps.filter(|(_, step)| step.place.file == 0 && step.place.span.start <= finding.span.start);
    let (job, step): (&Job, &Step) = before.max_by_key(|(_, step)| step.place.span.start)?;
    times.step("", &job.id, &shown_name(step)?)
}

/// The name of a step in GitHub's logs.
fn shown_name(step: &Step) -> Option<String> {
    if let Some(name) = &step.name {
        return Some(name.text.clone());
    }
    if let Some(action) = &step.action {
        let version = if action.version.is_empty() { String::new() } else { format!("@{}", action.version) };
        return Some(format!("Run {}{version}", action.name));
    }
    let first = step.script.as_ref()?.text.text.lines().next()?.trim().to_owned();
    Some(format!("Run {first}"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn rules_exist() {
        assert!(crate::rules::find(super::IDLE).is_some());
    }
}
