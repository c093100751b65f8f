//! What checks notice when a server hangs: its own check, and those of the services that wait for it.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::StartPlan;
use super::result::{StartProblem, StartProblemKind};
use crate::stack::STARTED;

/// What was tried with a service: all processes of its container were stopped, and continued later.
#[derive(Clone, Debug, Default)]
pub struct OutageTrial {
    /// The service.
    pub service: String,
    /// Services that were stopped at the same time, itself among them.
    pub group: BTreeSet<String>,
    /// Why its processes could not be stopped; `None` where they were.
    pub obstacle: Option<String>,
    /// Seconds within which its check must notice it.
    pub limit: f64,
    /// Seconds until it was unhealthy; `None` where it stayed healthy.
    pub unhealthy_after: Option<f64>,
    /// Seconds from the continuation until it was healthy again; `None` where it was not.
    pub recovered_after: Option<f64>,
    /// Services with a check that were watched meanwhile, and whether each became unhealthy.
    pub dependents: BTreeMap<String, bool>,
    /// Those of them that were not healthy again.
    pub unrecovered_dependents: Vec<String>,
}

/// What was tried with a service that its policy restarts: its first process was killed.
#[derive(Clone, Debug, Default)]
pub struct CrashTrial {
    /// The service.
    pub service: String,
    /// Why it could not be killed; `None` where it was.
    pub obstacle: Option<String>,
    /// Seconds within which it must be back.
    pub limit: f64,
    /// Seconds until it ran again and was healthy; `None` where it was not.
    pub recovered_after: Option<f64>,
    /// Services that wait for it, and whose checks fail since it is back.
    pub unrecovered_dependents: Vec<String>,
}

impl CrashTrial {
    /// What is not as it should be.
    pub fn problems(&self) -> Vec<StartProblem> {
        if self.obstacle.is_some() {
            return Vec::new();
        }
        let (service, limit) = (&self.service, self.limit);
        if self.recovered_after.is_none() {
            let what = format!("`{service}` was not ready again within {limit:.0} s after its process was killed");
            return vec![StartProblem::silent(service, StartProblemKind::NotRecovered, what)];
        }
        let problem = |dependent: &String| {
            let what =
                format!("the check of `{dependent}` fails since the process of `{service}` was killed and is back");
            StartProblem::silent(dependent, StartProblemKind::NotRecovered, what)
        };
        self.unrecovered_dependents.iter().map(problem).collect()
    }
}

/// What an outage of a service shows.
#[derive(Clone, Debug)]
pub struct Outage {
    /// What was tried.
    pub trial: OutageTrial,
    /// Services that wait for it and whose checks did not notice that it was gone.
    pub blind_dependents: Vec<String>,
}

impl Outage {
    /// What a trial shows.
    pub fn of(plan: &StartPlan, trial: OutageTrial) -> Self {
        let mut blind_dependents = Vec::new();
        for (service, awaited) in plan.dependents(&trial.service) {
            let is_blind = trial.dependents.get(&service.name) == Some(&false);
            if trial.obstacle.is_none() && awaited.condition != STARTED && is_blind {
                blind_dependents.push(service.name.clone());
            }
        }
        Self { trial, blind_dependents }
    }

    /// What is not as it should be.
    pub fn problems(&self) -> Vec<StartProblem> {
        let OutageTrial { service, limit, .. } = &self.trial;
        if self.trial.obstacle.is_some() {
            return Vec::new();
        }
        let problem = StartProblem::silent;
        let mut all = Vec::new();
        if self.trial.unhealthy_after.is_none() {
            let what = format!("the check of `{service}` stayed healthy for {limit:.0} s while its server was stopped");
            all.push(problem(service, StartProblemKind::OutageUnnoticed, what));
        } else if self.trial.recovered_after.is_none() {
            let what = format!("`{service}` was not healthy again after its server went on");
            all.push(problem(service, StartProblemKind::NotRecovered, what));
        }
        for dependent in &self.trial.unrecovered_dependents {
            let what = format!("`{dependent}` was not healthy again after an outage of `{service}`");
            all.push(problem(dependent, StartProblemKind::NotRecovered, what));
        }
        all
    }
}

/// The services of a plan in groups that are stopped together: none of a group waits for another one of it, and a service
/// comes before those that it waits for.
pub fn outage_groups(plan: &StartPlan) -> Vec<BTreeSet<String>> {
    let mut open: BTreeSet<&str> = plan.services.iter().map(|service| service.name.as_str()).collect();
    let mut groups = Vec::new();
    while !open.is_empty() {
        let is_awaited = |name: &str| plan.dependents(name).any(|(service, _)| open.contains(service.name.as_str()));
        let mut group: BTreeSet<&str> = open.iter().copied().filter(|name| !is_awaited(name)).collect();
        if group.is_empty() {
            // A circle, which Compose refuses.
            group.extend(open.first());
        }
        open.retain(|name| !group.contains(name));
        groups.push(group.into_iter().map(str::to_owned).collect());
    }
    groups
}
