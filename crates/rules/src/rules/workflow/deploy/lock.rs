//! A rule about deployments that may run twice at once.

use super::action::Action;
use super::deployment::{Deployment, deployments};
use super::flow::FlowCommand;
use crate::finding::Findings;
use crate::rules::WorkflowContext;
use crate::workflow::PipelineKind;

crate::rules::family! {
    of_workflow
    "deploy-without-lock" => deploy_without_lock;
}

/// A script that two people can start at once.
fn deploy_without_lock(cx: &WorkflowContext, out: &mut Findings) {
    // Pipelines have their own means, which zizmor checks.
    if cx.workflow().kind != PipelineKind::Script {
        return;
    }
    let deployments = deployments(cx);
    let locks = |(command, _): &(FlowCommand, Action)| {
        let invocation = &command.command.invocation;
        invocation.is("flock")
            || invocation.is_via("flock")
            || invocation.args.iter().any(|word| word.text().to_ascii_lowercase().contains("lock"))
    };
    if deployments.iter().flat_map(|deployment| &deployment.steps).any(locks) {
        return;
    }
    // Who installs something does that by hand, and once.
    for Deployment { steps, .. } in deployments.into_iter().filter(|deployment| !deployment.starts_fresh(cx)) {
        let first = steps.iter().find(|(_, action)| matches!(action, Action::Start(_)));
        let Some((start, _)) = first else { continue };
        let place = start.script.text.place_of(start.span());
        let Some(finding) = cx.finding(place, "two runs of this script at once mix their versions: nothing locks")
        else {
            continue;
        };
        out.push(finding.help("begin with `exec 9>/run/lock/deploy.lock && flock -n 9 || exit 2`"));
        return;
    }
}
