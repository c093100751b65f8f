//! What a trial of a deployment proves: several versions of a service in a throw-away copy of the project, and requests
//! meanwhile.

use std::collections::{BTreeMap, BTreeSet};

/// What was tried.
#[derive(Clone, Debug, Default)]
pub struct DeploymentProof {
    /// The compose files.
    pub file: String,
    /// What was asked: `https://127.0.0.1:443/health`, as the copy publishes it.
    pub address: String,
    /// The deployments, in their order.
    pub steps: Vec<DeploymentStep>,
    /// What differs from the project, or was not tried.
    pub notes: Vec<String>,
    /// What could not be removed.
    pub leftovers: Vec<String>,
}

/// One deployment under load.
#[derive(Clone, Debug, Default)]
pub struct DeploymentStep {
    /// The service; of those that run one image the first.
    pub service: String,
    /// Which version was deployed.
    pub kind: StepKind,
    /// The exit code of the script; `None` where it was ended.
    pub exit: Option<i32>,
    /// Seconds that the script took.
    pub seconds: f64,
    /// The last lines of the script.
    pub lines: Vec<String>,
    /// What became of the requests.
    pub requests: BTreeMap<RequestKind, RequestCount>,
    /// Answers of each version; packets that its containers received where answers do not say who gave them.
    pub versions: BTreeMap<String, u64>,
    /// What happened to containers, by seconds since the script began.
    pub events: Vec<ContainerChange>,
    /// The line that the script of `deploy emit` added to its record, as it is.
    pub record: Option<String>,
    /// Containers of the service before and behind it.
    pub containers: [BTreeSet<String>; 2],
}

/// Which version a step deploys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StepKind {
    /// The next one.
    #[default]
    Next,
    /// One that never gets healthy.
    Unhealthy,
    /// The first one again.
    Back,
}

/// How requests are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestKind {
    /// GET, each on a connection of its own.
    New,
    /// GET on a connection that is kept.
    Kept,
    /// POST with a body.
    Post,
    /// A request that takes seconds.
    Slow,
    /// A socket of the web that stays open; counted by itself.
    WebSocket,
}

/// What became of requests of one kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestCount {
    /// Whole answers that are no errors of a server.
    pub answered: u64,
    /// The others by what came instead.
    pub lost: BTreeMap<String, LostRequests>,
}

/// Requests that were lost in the same way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LostRequests {
    /// How many.
    pub count: u64,
    /// Seconds from the start of the script until the first of them ended.
    pub first: f64,
    /// And the last.
    pub last: f64,
}

/// Something that happened to a container.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerChange {
    /// Seconds since the script began.
    pub seconds: f64,
    /// Its name.
    pub container: String,
    /// Its version.
    pub version: String,
    /// `started`, `stopped`.
    pub what: &'static str,
}

impl StepKind {
    /// The version as answers and tables name it.
    pub fn version(self) -> &'static str {
        match self {
            Self::Next => "2",
            Self::Unhealthy => "unhealthy",
            Self::Back => "1",
        }
    }
}

impl RequestKind {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 5] = [Self::New, Self::Kept, Self::Post, Self::Slow, Self::WebSocket];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Kept => "kept",
            Self::Post => "post",
            Self::Slow => "slow",
            Self::WebSocket => "websocket",
        }
    }
}

impl RequestCount {
    /// How many were lost.
    pub fn lost(&self) -> u64 {
        self.lost.values().map(|lost| lost.count).sum()
    }

    /// Counts one that was lost.
    pub fn lose(&mut self, what: String, seconds: f64) {
        let lost = LostRequests { count: 1, first: seconds, last: seconds };
        self.add(Self { answered: 0, lost: BTreeMap::from([(what, lost)]) });
    }

    /// Adds what another client counted.
    pub fn add(&mut self, other: Self) {
        self.answered += other.answered;
        for (what, lost) in other.lost {
            let known = self.lost.entry(what).or_insert(LostRequests { count: 0, ..lost });
            known.count += lost.count;
            known.first = known.first.min(lost.first);
            known.last = known.last.max(lost.last);
        }
    }
}

impl DeploymentStep {
    /// Requests that were sent, and those of them that were lost; sockets of the web are not among them.
    pub fn totals(&self) -> (u64, u64) {
        let sum = self.sum();
        (sum.answered + sum.lost(), sum.lost())
    }

    /// The requests of all kinds but sockets of the web.
    fn sum(&self) -> RequestCount {
        let mut sum = RequestCount::default();
        for (_, count) in self.requests.iter().filter(|(kind, _)| **kind != RequestKind::WebSocket) {
            sum.add(count.clone());
        }
        sum
    }

    /// What is not as it should be, one sentence each.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let (all, lost) = self.totals();
        if lost > 0 {
            problems.push(format!("{lost} of {all} requests were lost: {}", self.causes()));
        }
        let ended = match self.exit {
            Some(code) => format!("the script ended with code {code}"),
            None => "the script did not end in time".to_owned(),
        };
        let version = self.kind.version();
        let answers = |version: &str| self.versions.get(version).copied().unwrap_or_default();
        match (self.kind, self.exit) {
            (StepKind::Unhealthy, Some(0)) => {
                problems.push("the script took a version that never gets healthy into service".to_owned());
            }
            (StepKind::Unhealthy, None) | (StepKind::Next | StepKind::Back, None | Some(1..)) => problems.push(ended),
            _ => {}
        }
        let is_unhealthy = self.kind == StepKind::Unhealthy;
        if is_unhealthy && answers(version) > 0 {
            problems.push(format!("a version that never gets healthy was asked {} times", answers(version)));
        }
        if is_unhealthy && self.exit != Some(0) && self.containers[0] != self.containers[1] {
            problems.push("the containers of the old version are not the same as before".to_owned());
        }
        if !is_unhealthy && self.exit == Some(0) && answers(version) == 0 {
            problems.push(format!("version {version} never answered"));
        }
        problems
    }

    /// What came instead of answers, and what happened to containers at that time.
    fn causes(&self) -> String {
        let RequestCount { lost: all, .. } = self.sum();
        let mut kinds: Vec<_> = all.iter().collect();
        kinds.sort_by_key(|(_, lost)| std::cmp::Reverse(lost.count));
        let texts = kinds.iter().map(|(what, lost)| format!("{} {what}", lost.count));
        let first = all.values().map(|lost| lost.first).fold(f64::MAX, f64::min);
        let last = all.values().map(|lost| lost.last).fold(f64::MIN, f64::max);
        let mut text = format!("{}; from {first:.1} to {last:.1} s", texts.collect::<Vec<_>>().join(", "));
        // What ended a second before is why the first were lost; what began until the last, why no more were.
        let is_near = |change: &&ContainerChange| change.seconds > first - 1.5 && change.seconds < last + 1.5;
        let changes = self.events.iter().filter(is_near).map(|change| {
            format!("`{}` (version {}) {} at {:.1} s", change.container, change.version, change.what, change.seconds)
        });
        let changes: Vec<String> = changes.take(6).collect();
        if !changes.is_empty() {
            text.push_str(&format!("; {}", changes.join(", ")));
        }
        text
    }
}

impl DeploymentProof {
    /// Whether nothing was lost and each version did what it should.
    pub fn is_proved(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(|step| step.problems().is_empty())
    }

    /// Requests that were sent, and those of them that were lost.
    pub fn totals(&self) -> (u64, u64) {
        let totals = self.steps.iter().map(DeploymentStep::totals);
        totals.fold((0, 0), |(all, lost), (more, more_lost)| (all + more, lost + more_lost))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(kind: StepKind, exit: i32, versions: &[(&str, u64)]) -> DeploymentStep {
        let mut step = DeploymentStep { kind, exit: Some(exit), ..DeploymentStep::default() };
        step.versions = versions.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        step.requests.insert(RequestKind::New, RequestCount { answered: 100, ..RequestCount::default() });
        step
    }

    #[test]
    fn good_steps_have_no_problem() {
        for step in [
            step(StepKind::Next, 0, &[("1", 50), ("2", 50)]),
            step(StepKind::Unhealthy, 1, &[("2", 100)]),
            step(StepKind::Back, 0, &[("1", 50), ("2", 50)]),
        ] {
            assert_eq!(step.problems(), Vec::<String>::new());
        }
    }

    #[test]
    fn what_went_wrong_is_told() {
        let mut lossy = step(StepKind::Next, 0, &[("1", 50), ("2", 40)]);
        let count = lossy.requests.entry(RequestKind::Kept).or_default();
        count.lose("refused connections".to_owned(), 2.5);
        count.lose("refused connections".to_owned(), 3.0);
        lossy.events.push(ContainerChange {
            seconds: 2.4,
            container: "app-api-1".to_owned(),
            version: "1".to_owned(),
            what: "stopped",
        });
        assert_eq!(
            lossy.problems(),
            [
                "2 of 102 requests were lost: 2 refused connections; from 2.5 to 3.0 s; `app-api-1` (version 1) stopped at 2.4 s"
            ]
        );
        assert_eq!(step(StepKind::Next, 0, &[("1", 90)]).problems(), ["version 2 never answered"]);
        assert_eq!(step(StepKind::Next, 2, &[]).problems(), ["the script ended with code 2"]);
        let refused = step(StepKind::Unhealthy, 0, &[("unhealthy", 3)]);
        assert_eq!(refused.problems().len(), 2);
        let mut replaced = step(StepKind::Unhealthy, 1, &[]);
        replaced.containers[0].insert("a".to_owned());
        assert_eq!(replaced.problems(), ["the containers of the old version are not the same as before"]);
    }

    /// A socket that is cut is no lost request.
    #[test]
    fn sockets_are_counted_by_themselves() {
        let mut step = step(StepKind::Next, 0, &[("1", 50), ("2", 40)]);
        step.requests.entry(RequestKind::WebSocket).or_default().lose("cut".to_owned(), 1.0);
        assert_eq!((step.totals(), step.problems().len()), ((100, 0), 0));
    }
}
