//! What the record of a start proves: who was ready when, and what was not as the project promises.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{ServicePlan, StartPlan};
use super::record::{ContainerEvent, ContainerRecord, EventKind, ProbeRun};
use crate::stack::{COMPLETED, HEALTHY};

/// What was recorded of a start.
#[derive(Clone, Debug, Default)]
pub struct StartRecord {
    /// The containers at its end.
    pub containers: Vec<ContainerRecord>,
    /// What happened to them, in any order.
    pub events: Vec<ContainerEvent>,
    /// Seconds after which it was given up; `None` where all were ready before.
    pub given_up: Option<f64>,
}

/// What a start proves.
#[derive(Clone, Debug, Default)]
pub struct StartResult {
    /// The containers in the order of their start; those that were not started are last.
    pub containers: Vec<StartedContainer>,
    /// What was not as it should be; nothing where the order is proved.
    pub problems: Vec<StartProblem>,
    /// Seconds until the last one was ready; `None` where one never was.
    pub seconds: Option<f64>,
}

/// A container in the timeline.
#[derive(Clone, Debug)]
pub struct StartedContainer {
    /// Its service.
    pub service: String,
    /// Which one of the service, where there are several.
    pub number: Option<u32>,
    /// What its service waits for: names and conditions.
    pub waits_for: Vec<(String, String)>,
    /// Seconds of an added delay.
    pub delay: Option<f64>,
    /// Seconds from the first start of all until its own.
    pub started: Option<f64>,
    /// Seconds from the first start of all until it was healthy or had done its work.
    pub ready: Option<f64>,
    /// How it was at the end.
    pub status: ServiceStatus,
}

/// How a container was at the end of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceStatus {
    /// Its check succeeds.
    Healthy,
    /// Its check fails.
    Unhealthy,
    /// Its check has not succeeded yet.
    Starting,
    /// It runs and has no check.
    Unchecked,
    /// It did its work and ended.
    Completed,
    /// It ended with this code.
    Ended(i64),
    /// It ended and was started again.
    Restarted,
    /// It was not started.
    NotStarted,
}

/// Something that is not as the project promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartProblem {
    /// The service.
    pub service: String,
    /// What kind it is.
    pub kind: StartProblemKind,
    /// What is wrong, in one sentence without a full stop.
    pub what: String,
    /// The last runs of its check that failed.
    pub probes: Vec<ProbeRun>,
    /// The last lines that it printed.
    pub log: Vec<String>,
    /// Whether the engine gives no reason for it.
    pub is_silent: bool,
}

/// What is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StartProblemKind {
    /// It started before what it waits for.
    StartedEarly,
    /// Others wait for its health, and it has no check.
    CheckMissing,
    /// It became unhealthy.
    Unhealthy,
    /// It was not ready in time.
    NotReady,
    /// It ended with an error, or although it should run.
    Ended,
    /// It ended and was started again.
    Restarted,
    /// It was not started.
    NotStarted,
    /// Its check does not notice that its server hangs.
    OutageUnnoticed,
    /// It was not healthy again after its server was back.
    NotRecovered,
}

impl StartProblemKind {
    /// As programs read it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StartedEarly => "started-early",
            Self::CheckMissing => "check-missing",
            Self::Unhealthy => "unhealthy",
            Self::NotReady => "not-ready",
            Self::Ended => "ended",
            Self::Restarted => "restarted",
            Self::NotStarted => "not-started",
            Self::OutageUnnoticed => "outage-unnoticed",
            Self::NotRecovered => "not-recovered",
        }
    }
}

impl StartProblem {
    /// A problem of which nothing printed tells.
    pub(super) fn silent(service: &str, kind: StartProblemKind, what: String) -> Self {
        Self { service: service.to_owned(), kind, what, probes: Vec::new(), log: Vec::new(), is_silent: true }
    }

    /// Whether it may be nothing but what follows from the end of `up`: a service was not started.
    pub fn is_consequence(&self) -> bool {
        self.kind == StartProblemKind::NotStarted && self.is_silent
    }
}

impl ServiceStatus {
    /// As people and programs read it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Starting => "starting",
            Self::Unchecked => "running",
            Self::Completed => "completed",
            Self::Ended(_) => "ended",
            Self::Restarted => "restarted",
            Self::NotStarted => "not started",
        }
    }
}

/// A container with its service and what happened to it, the oldest event first.
struct ContainerStory<'r> {
    record: &'r ContainerRecord,
    plan: &'r ServicePlan,
    events: Vec<&'r ContainerEvent>,
}

impl ContainerStory<'_> {
    fn first(&self, is_wanted: impl Fn(EventKind) -> bool) -> Option<i64> {
        self.events.iter().find(|event| is_wanted(event.kind)).map(|event| event.at)
    }

    /// When its process was started for the first time. The event comes a little later than the process.
    fn start(&self) -> Option<i64> {
        let event = self.first(|kind| kind == EventKind::Started);
        let time = self.record.started_at;
        event.into_iter().chain(time).min()
    }

    fn is_restarted(&self) -> bool {
        let starts = self.events.iter().filter(|event| event.kind == EventKind::Started);
        self.record.restarts > 0 || starts.count() > 1
    }

    /// The code that it ended with last.
    fn end(&self) -> Option<i64> {
        let ends = self.events.iter().rev().find_map(|event| match event.kind {
            EventKind::Ended(code) => Some(code),
            _ => None,
        });
        ends.or(self.record.exit_code)
    }

    fn status(&self) -> ServiceStatus {
        if self.start().is_none() {
            return ServiceStatus::NotStarted;
        }
        if self.is_restarted() {
            return ServiceStatus::Restarted;
        }
        if let Some(code) = self.record.exit_code {
            let is_server = self.record.check.is_some() && !self.plan.is_job;
            let is_complete =
                code == 0 && !is_server && !["always", "unless-stopped"].contains(&self.plan.restart.as_str());
            return if is_complete { ServiceStatus::Completed } else { ServiceStatus::Ended(code) };
        }
        match self.record.health.as_deref() {
            Some("healthy") => ServiceStatus::Healthy,
            Some("unhealthy") => ServiceStatus::Unhealthy,
            Some(_) => ServiceStatus::Starting,
            None => ServiceStatus::Unchecked,
        }
    }

    /// When a condition held for it.
    fn fulfilled_at(&self, condition: &str) -> Option<i64> {
        match condition {
            HEALTHY => self.first(|kind| kind == EventKind::Healthy),
            COMPLETED => self.first(|kind| kind == EventKind::Ended(0)),
            _ => self.start(),
        }
    }

    fn problem(&self, kind: StartProblemKind, what: String) -> StartProblem {
        let failed = self.record.probes.iter().filter(|probe| probe.exit_code != 0).cloned();
        let shows_probes = matches!(kind, StartProblemKind::Unhealthy | StartProblemKind::NotReady);
        StartProblem {
            service: self.plan.name.clone(),
            kind,
            what,
            probes: if shows_probes { failed.collect() } else { Vec::new() },
            log: self.record.log.clone(),
            is_silent: false,
        }
    }
}

/// Judges a start.
pub fn judge(plan: &StartPlan, record: &StartRecord) -> StartResult {
    let mut stories: Vec<ContainerStory> = Vec::new();
    for container in &record.containers {
        let Some(service) = plan.service(&container.service) else { continue };
        let mut events: Vec<_> = record.events.iter().filter(|event| event.container == container.id).collect();
        events.sort_by_key(|event| event.at);
        stories.push(ContainerStory { record: container, plan: service, events });
    }
    stories.sort_by_key(|story| (story.start().unwrap_or(i64::MAX), story.plan.name.clone(), story.record.number));
    let begin = stories.iter().filter_map(ContainerStory::start).min();
    let mut problems: Vec<StartProblem> =
        stories.iter().filter_map(|story| container_problem(plan, story, record.given_up)).collect();
    problems.extend(stories.iter().filter_map(|story| order_problem(story, &stories, begin)));
    problems.extend(unstarted_problems(plan, &stories, &problems));
    problems
        .sort_by_key(|problem| (problem.kind == StartProblemKind::NotStarted, problem.kind != StartProblemKind::Ended));
    let containers = timeline(plan, &stories, begin);
    let is_ready =
        containers.iter().all(|container| container.ready.is_some() || container.status == ServiceStatus::Unchecked);
    let last = containers.iter().filter_map(|container| container.ready.or(container.started)).fold(0.0, f64::max);
    StartResult { seconds: is_ready.then_some(last), containers, problems }
}

fn timeline(plan: &StartPlan, stories: &[ContainerStory], begin: Option<i64>) -> Vec<StartedContainer> {
    let since = |at: i64| seconds_since(begin, at);
    let waits_for = |service: &ServicePlan| {
        let pairs = service.dependencies.iter().map(|awaited| (awaited.name.clone(), awaited.condition.clone()));
        pairs.collect::<Vec<_>>()
    };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for story in stories {
        *counts.entry(story.plan.name.as_str()).or_default() += 1;
    }
    let mut rows = Vec::new();
    for story in stories {
        let status = story.status();
        let ready = match status {
            ServiceStatus::Healthy => story.fulfilled_at(HEALTHY),
            ServiceStatus::Completed => story.fulfilled_at(COMPLETED),
            _ => None,
        };
        rows.push(StartedContainer {
            service: story.plan.name.clone(),
            number: (counts[story.plan.name.as_str()] > 1).then_some(story.record.number),
            waits_for: waits_for(story.plan),
            delay: None,
            started: story.start().map(since),
            ready: ready.map(since),
            status,
        });
    }
    for service in plan.services.iter().filter(|service| !counts.contains_key(service.name.as_str())) {
        rows.push(StartedContainer {
            service: service.name.clone(),
            number: None,
            waits_for: waits_for(service),
            delay: None,
            started: None,
            ready: None,
            status: ServiceStatus::NotStarted,
        });
    }
    rows
}

#[allow(clippy::cast_precision_loss, reason = "nanoseconds of a start")]
fn seconds_since(begin: Option<i64>, at: i64) -> f64 {
    begin.map_or(0.0, |begin| (at - begin).max(0) as f64 / 1e9)
}

/// What is wrong with a container by itself.
fn container_problem(plan: &StartPlan, story: &ContainerStory, given_up: Option<f64>) -> Option<StartProblem> {
    let name = &story.plan.name;
    let memory = if story.record.is_out_of_memory { ", out of memory" } else { "" };
    let awaited = |condition: &str| plan.dependents(name).any(|(_, awaited)| awaited.condition == condition);
    let limit = given_up.map(|seconds| format!(" within {seconds:.0} s")).unwrap_or_default();
    match story.status() {
        ServiceStatus::NotStarted => {
            let error = Some(&story.record.error).filter(|error| !error.is_empty())?;
            Some(story.problem(StartProblemKind::NotStarted, format!("`{name}` could not be started: {error}")))
        }
        ServiceStatus::Restarted => {
            let code = story.end().map(|code| format!(" with code {code}")).unwrap_or_default();
            let what = format!("`{name}` ended{code}{memory} and was restarted");
            Some(story.problem(StartProblemKind::Restarted, what))
        }
        ServiceStatus::Ended(0) => {
            let why = if story.plan.is_restarted() {
                "although its restart policy keeps it running"
            } else {
                "although it has a check: it is no job"
            };
            Some(story.problem(StartProblemKind::Ended, format!("`{name}` ended with code 0 {why}")))
        }
        ServiceStatus::Ended(code) => {
            Some(story.problem(StartProblemKind::Ended, format!("`{name}` ended with code {code}{memory}")))
        }
        ServiceStatus::Unhealthy => {
            let was = if story.fulfilled_at(HEALTHY).is_some() { " after it was healthy" } else { "" };
            Some(story.problem(StartProblemKind::Unhealthy, format!("`{name}` became unhealthy{was}")))
        }
        // Where `up` gave up for another service, this one had no time.
        ServiceStatus::Starting => {
            given_up?;
            Some(story.problem(StartProblemKind::NotReady, format!("`{name}` was not healthy{limit}")))
        }
        ServiceStatus::Unchecked if awaited(HEALTHY) => {
            let what = format!("others wait for the health of `{name}`, which has no check");
            Some(story.problem(StartProblemKind::CheckMissing, what))
        }
        ServiceStatus::Unchecked | ServiceStatus::Healthy if awaited(COMPLETED) => {
            let what = format!("others wait for the end of `{name}`, which did not end{limit}");
            Some(story.problem(StartProblemKind::NotReady, what))
        }
        ServiceStatus::Unchecked | ServiceStatus::Healthy | ServiceStatus::Completed => None,
    }
}

/// Whether a container started before what its service waits for.
fn order_problem(story: &ContainerStory, stories: &[ContainerStory], begin: Option<i64>) -> Option<StartProblem> {
    let start = story.start()?;
    for awaited in &story.plan.dependencies {
        let others: Vec<_> = stories.iter().filter(|other| other.plan.name == awaited.name).collect();
        let times: Vec<_> = others.iter().map(|other| other.fulfilled_at(&awaited.condition)).collect();
        // Of a job the first container that ends decides.
        let fulfilled_at = if awaited.condition == COMPLETED {
            times.iter().flatten().min().copied()
        } else {
            times.iter().copied().collect::<Option<Vec<_>>>().and_then(|times| times.into_iter().max())
        };
        let state = state_word(&awaited.condition);
        let when = match fulfilled_at {
            Some(at) if at <= start => continue,
            Some(at) => format!(
                "at {:.1} s; that was {state} at {:.1} s",
                seconds_since(begin, start),
                seconds_since(begin, at)
            ),
            None if !awaited.is_required || others.is_empty() => continue,
            None => format!("at {:.1} s; that was never {state}", seconds_since(begin, start)),
        };
        let what = format!("`{}` started before `{}` was {state}: {when}", story.plan.name, awaited.name);
        return Some(story.problem(StartProblemKind::StartedEarly, what));
    }
    None
}

fn state_word(condition: &str) -> &'static str {
    match condition {
        HEALTHY => "healthy",
        COMPLETED => "completed",
        _ => "started",
    }
}

/// Services that were not started although nothing that they wait for explains it.
fn unstarted_problems(plan: &StartPlan, stories: &[ContainerStory], problems: &[StartProblem]) -> Vec<StartProblem> {
    let faulty: BTreeSet<&str> = problems.iter().map(|problem| problem.service.as_str()).collect();
    let started: BTreeSet<&str> =
        stories.iter().filter(|story| story.start().is_some()).map(|story| story.plan.name.as_str()).collect();
    let mut all = Vec::new();
    for service in plan.services.iter().filter(|service| !started.contains(service.name.as_str())) {
        let waits_for_fault = service
            .dependencies
            .iter()
            .any(|awaited| faulty.contains(awaited.name.as_str()) || !started.contains(awaited.name.as_str()));
        if !waits_for_fault && !faulty.contains(service.name.as_str()) {
            let what = format!("`{}` was not started", service.name);
            all.push(StartProblem::silent(&service.name, StartProblemKind::NotStarted, what));
        }
    }
    all
}
