//! What someone who takes over a service has to know: where it answers, how it is checked, what is usual, and what is too much.

use super::facts::ServiceFacts;
use super::record::{DeploymentRecord, RecordLimits, WatchedShare};
use crate::shell::quoted_word;
use crate::text::path;

/// What was counted when the service was last deployed and all was well.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceBaseline {
    /// What was counted at the last share.
    pub share: WatchedShare,
    /// For how many seconds.
    pub seconds: Option<u64>,
    /// When that was.
    pub time: String,
}

/// A service for someone who takes over.
#[derive(Clone, Debug, PartialEq)]
pub struct HandedService {
    /// What the project says.
    pub facts: ServiceFacts,
    /// Whether the project was read, and has the service.
    pub is_known: bool,
    /// The image that is in service, and since when.
    pub image: Option<(String, String)>,
    /// The image that a rollback goes back to.
    pub rollback_image: Option<String>,
    /// What is usual.
    pub baseline: Option<ServiceBaseline>,
    /// What a new version has to keep to.
    pub limits: Option<RecordLimits>,
}

impl HandedService {
    /// The command that goes back to the image before, for a record as it is named; `None` where no such image is known.
    pub fn rollback_command(&self, record: &str) -> Option<String> {
        let script = path::child(path::parent(record), "deploy.sh");
        let line = format!("sh {} rollback {}", quoted_word(&script), quoted_word(&self.facts.group));
        self.rollback_image.as_ref().map(|_| line)
    }
}

/// The services of a project, else those that the record names.
pub(super) fn handed_services(
    runs: &[&DeploymentRecord],
    facts: Option<&[ServiceFacts]>,
    service: Option<&str>,
) -> Vec<HandedService> {
    let mut all: Vec<(ServiceFacts, bool)> =
        facts.unwrap_or_default().iter().map(|facts| (facts.clone(), true)).collect();
    for run in runs {
        if !all.iter().any(|(facts, _)| facts.name == run.service) {
            all.push((
                ServiceFacts { name: run.service.clone(), group: run.service.clone(), ..ServiceFacts::default() },
                false,
            ));
        }
    }
    all.retain(|(facts, _)| service.is_none_or(|service| facts.name == service));
    all.sort_by(|(first, _), (second, _)| first.name.cmp(&second.name));
    all.into_iter().map(|(facts, is_known)| handed_service(runs, facts, is_known)).collect()
}

fn handed_service(runs: &[&DeploymentRecord], facts: ServiceFacts, is_known: bool) -> HandedService {
    let good = || {
        let is_good = |run: &&&DeploymentRecord| run.service == facts.group && run.is_good() && !run.is_idle();
        runs.iter().rev().filter(is_good)
    };
    let baseline = |run: &&DeploymentRecord| {
        let share = *run.watched.last()?;
        Some(ServiceBaseline { share, seconds: run.limits.map(|limits| limits.watch), time: run.time.clone() })
    };
    let text = |image: &String| Some(image.clone()).filter(|image| !image.is_empty());
    HandedService {
        image: good().next().and_then(|run| Some((text(&run.to)?, run.time.clone()))),
        rollback_image: good().next().and_then(|run| text(&run.from)),
        baseline: good().find_map(baseline),
        limits: good().find_map(|run| run.limits),
        facts,
        is_known,
    }
}
