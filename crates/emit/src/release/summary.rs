//! What is deployed, when, how long it takes, and how risky it is.

use super::estimate::share_list;
use super::facts::{DeploymentFacts, DeploymentTool};
use super::plan::{PlanFact, PlanRisk, PlanRollback, PlanSeconds};
use crate::text::{bytes, listed};

pub(super) fn summary(
    facts: &DeploymentFacts,
    risk: &PlanRisk,
    seconds: Option<&PlanSeconds>,
    rollback: &PlanRollback,
) -> Vec<PlanFact> {
    let names: Vec<&str> = facts.services.iter().map(|service| service.name.as_str()).collect();
    let mut summary = vec![PlanFact::new(
        "services",
        format!("{} of the project `{}`", listed(&names), facts.project),
        facts.files.join(", "),
    )];
    let image = |image: &Option<super::facts::ImageFacts>| image.as_ref().map(|image| image.reference.clone());
    if let (Some(from), Some(to)) = (image(&facts.from), image(&facts.to)) {
        summary.push(PlanFact::new("images", format!("{from} -> {to}"), "the names that were given"));
    }
    summary.extend(
        facts.engine.as_ref().map(|engine| PlanFact::new("host", format!("the engine at {engine}"), "the engine")),
    );
    summary.push(PlanFact::new("kind", kind(facts), "the files of `dockopt deploy emit`"));
    summary.extend(facts.begin.iter().map(|begin| PlanFact::new("begin", begin, "the user")));
    summary.extend(seconds.map(|seconds| PlanFact::of_seconds("duration", seconds)));
    summary.extend(rollback.seconds.as_ref().map(|seconds| PlanFact::of_seconds("duration of a rollback", seconds)));
    let reasons = risk.reasons.iter().filter(|reason| reason.level == risk.level);
    let reasons: Vec<&str> = reasons.map(|reason| reason.text.as_str()).collect();
    summary.push(PlanFact::new("risk", risk.level.name(), reasons.join("; ")));
    summary.push(PlanFact::new("rollback", rollback.verdict(), &rollback.reason));
    summary.extend(facts.pull.as_ref().map(|pull| {
        let text = if pull.is_there { "nothing: the host has the image".to_owned() } else { bytes(pull.bytes) };
        PlanFact::new("to pull", text, "the layers of the images on the engine")
    }));
    summary
}

/// How the containers are replaced, in words.
fn kind(facts: &DeploymentFacts) -> String {
    match facts.tool {
        DeploymentTool::Haproxy => format!("{}: {} of the requests, with HAProxy", facts.strategy, share_list(facts)),
        DeploymentTool::Swarm => "rolling update by Swarm: new tasks first".to_owned(),
    }
}
