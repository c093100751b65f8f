//! Everything that a run of `compose verify` shows.

use std::collections::BTreeSet;

use super::outage::{CrashTrial, Outage};
use super::result::{ServiceStatus, StartProblem, StartResult};

/// The starts of a project, and what its checks notice.
#[derive(Clone, Debug, Default)]
pub struct StartProof {
    /// The compose file.
    pub file: String,
    /// What differs from the project in a way that may matter; each in a sentence.
    pub notes: Vec<String>,
    /// Seconds of delay of each service at most.
    pub most_delay: f64,
    /// What the delays follow from.
    pub seed: u64,
    /// Services that are not delayed, as their images have no shell.
    pub undelayed: Vec<String>,
    /// Each start.
    pub starts: Vec<StartResult>,
    /// What was tried with each service that has a check; `None` where it was not asked for, or no start went well.
    pub outages: Option<Vec<Outage>>,
    /// What was tried with each service that is restarted.
    pub crashes: Vec<CrashTrial>,
    /// What could not be removed.
    pub leftovers: Vec<String>,
}

impl StartProof {
    /// Whether all is as the project promises.
    pub fn is_proved(&self) -> bool {
        self.starts.iter().all(|start| start.problems.is_empty()) && self.outage_problems().is_empty()
    }

    /// What the outages show that is not as it should be.
    pub fn outage_problems(&self) -> Vec<StartProblem> {
        let outages = self.outages.iter().flatten().flat_map(Outage::problems);
        outages.chain(self.crashes.iter().flat_map(CrashTrial::problems)).collect()
    }

    /// The services that run without a check.
    pub fn unchecked(&self) -> BTreeSet<&str> {
        let containers = self.starts.iter().flat_map(|start| &start.containers);
        let unchecked = containers.filter(|container| container.status == ServiceStatus::Unchecked);
        unchecked.map(|container| container.service.as_str()).collect()
    }
}
