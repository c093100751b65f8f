//! What someone who takes over a service has to know: where it answers, how it is checked, what is usual, and what is too much.

use super::record::{DeploymentRecord, RecordLimits, WatchedShare};
use crate::compose::project::ComposeProject;
use crate::deployment::{DeployedService, check_paths};
use crate::inputs::ComposeInput;
use crate::shell::quoted_word;
use crate::stack::{CheckTiming, ServiceCheck, Stack};
use crate::text::{Source, path};

/// What a project says about a service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceFacts {
    /// Its name.
    pub name: String,
    /// The service by whose name it is deployed: of those that run one image the first.
    pub group: String,
    /// Where it answers: `127.0.0.1:8080 (through web)`.
    pub addresses: Vec<String>,
    /// Ports in its containers that get requests.
    pub ports: Vec<u16>,
    /// How many containers it has.
    pub count: u64,
    /// The paths that its healthcheck asks for.
    pub check_paths: Vec<String>,
    /// The command of the healthcheck, where the compose file has it.
    pub check: Option<String>,
    /// When the check runs; `None` where there is none.
    pub timing: Option<CheckTiming>,
    /// Seconds that a new container gets to become healthy.
    pub start_seconds: u64,
    /// Seconds that running requests get to end.
    pub drain_seconds: u64,
}

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

/// What a project says about the services that are replaced.
pub fn service_facts(
    compose: &ComposeInput,
    project: &ComposeProject,
    services: &[DeployedService],
) -> Vec<ServiceFacts> {
    let stack = Stack::new(project, &compose.dockerfiles);
    let facts = |service: &DeployedService| {
        let known = stack.service(&service.name);
        let written = known.and_then(|known| known.check.written());
        let is_checked = known.filter(|known| matches!(known.check, ServiceCheck::Written(_) | ServiceCheck::OfImage));
        let dockerfile = compose.dockerfiles.get(&service.name).map(Source::text);
        let test = written.map(|check| check.words.join(" "));
        ServiceFacts {
            name: service.name.clone(),
            group: service.group.clone(),
            addresses: addresses(service),
            ports: service.ports.clone(),
            count: service.count,
            check_paths: check_paths(test.as_deref(), dockerfile),
            check: written.map(|check| check.words.get(1..).unwrap_or_default().join(" ")),
            timing: is_checked.map(CheckTiming::of),
            start_seconds: service.start_seconds,
            drain_seconds: service.drain_seconds,
        }
    };
    services.iter().map(facts).collect()
}

impl HandedService {
    /// The command that goes back to the image before, for a record as it is named; `None` where no such image is known.
    pub fn rollback_command(&self, record: &str) -> Option<String> {
        let script = path::child(path::parent(record), "deploy.sh");
        let line = format!("sh {} rollback {}", quoted_word(&script), quoted_word(&self.facts.group));
        self.rollback_image.as_ref().map(|_| line)
    }
}

fn addresses(service: &DeployedService) -> Vec<String> {
    let through = service
        .callers
        .iter()
        .flat_map(|(caller, published)| published.iter().map(move |address| format!("{address} (through {caller})")));
    service.published.iter().cloned().chain(through).collect()
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
