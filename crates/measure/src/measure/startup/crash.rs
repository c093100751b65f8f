//! Servers that end: the first process of a container is killed, and its restart policy has to bring it back.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use super::signal::Signaller;
use crate::failure::Failure;
use crate::measure::session::Session;
use crate::stack::CheckTiming;
use crate::startup::{ContainerRecord, CrashTrial, ServicePlan, StartPlan, outage_groups};

/// Between two looks at a container.
const LOOK: Duration = Duration::from_millis(300);

/// Until a server is back, besides the time that its check takes.
const RESTART: f64 = 30.0;

/// The longest time that a service which waits for it is watched.
const LONGEST: f64 = 180.0;

impl Session {
    /// Kills the servers that a policy restarts, one after the other, those that others wait for last.
    pub(super) fn try_crashes(
        &self,
        plan: &StartPlan,
        signaller: &Signaller,
        say: &dyn Fn(&str),
    ) -> Result<Vec<CrashTrial>, Failure> {
        let mut trials = Vec::new();
        for name in outage_groups(plan).into_iter().flatten() {
            if !plan.service(&name).is_some_and(ServicePlan::is_restarted) {
                continue;
            }
            let containers = self.container_records()?;
            // One of each service is enough.
            let Some(container) = containers.iter().find(|container| container.service == name && container.is_running)
            else {
                continue;
            };
            say(&format!("killing the server of {name}"));
            let check = container.check.map_or(0.0, |check| check.start_period + check.notice());
            let mut trial = CrashTrial { service: name, limit: RESTART + check, ..CrashTrial::default() };
            trial.obstacle = self.signal_from_outside(signaller, "KILL", &[container.process])?;
            if trial.obstacle.is_none() {
                trial.recovered_after = self.watch_restart(container, trial.limit)?;
                if trial.recovered_after.is_some() {
                    trial.unrecovered_dependents = self.watch_dependents(plan, &trial.service)?;
                }
            }
            trials.push(trial);
        }
        Ok(trials)
    }

    /// The services that wait for a server and whose checks fail from now on, when it is back. What dies of it would else be
    /// taken for a fault of the next trial.
    fn watch_dependents(&self, plan: &StartPlan, name: &str) -> Result<Vec<String>, Failure> {
        let dependents: BTreeSet<&str> = plan.dependents(name).map(|(service, _)| service.name.as_str()).collect();
        let is_watched = |container: &ContainerRecord| {
            let is_running_server = container.is_running && container.check.is_some();
            is_running_server && dependents.contains(container.service.as_str())
        };
        let last_probe = |container: &ContainerRecord| container.probes.last().and_then(|probe| probe.began);
        let before: BTreeMap<String, Option<i64>> = self
            .container_records()?
            .iter()
            .filter(|container| is_watched(container))
            .map(|container| (container.id.clone(), last_probe(container)))
            .collect();
        let start = Instant::now();
        loop {
            if self.is_stopped() {
                return Err(Failure::interrupted());
            }
            let seconds = start.elapsed().as_secs_f64();
            let containers = self.container_records()?;
            let is_new = |container: &ContainerRecord| before.get(&container.id) != Some(&last_probe(container));
            let fails = |container: &&ContainerRecord| container.probes.last().is_none_or(|probe| probe.exit_code != 0);
            let watched = || containers.iter().filter(|container| before.contains_key(&container.id));
            let patience = |container: &ContainerRecord| {
                let notice = container.check.map_or(0.0, CheckTiming::notice);
                (RESTART + notice).min(LONGEST)
            };
            let is_open = |container: &&ContainerRecord| !is_new(container) || fails(container);
            if watched().filter(is_open).all(|container| seconds >= patience(container)) {
                let failing = watched().filter(|container| is_new(container)).filter(fails);
                return Ok(failing.map(|container| container.service.clone()).collect());
            }
            thread::sleep(LOOK);
        }
    }

    /// Seconds until a container was restarted and is ready again.
    fn watch_restart(&self, before: &ContainerRecord, limit: f64) -> Result<Option<f64>, Failure> {
        let start = Instant::now();
        loop {
            if self.is_stopped() {
                return Err(Failure::interrupted());
            }
            let seconds = start.elapsed().as_secs_f64();
            let containers = self.container_records()?;
            let is_back = |container: &ContainerRecord| {
                let is_well = container.check.is_none() || container.health.as_deref() == Some("healthy");
                container.id == before.id && container.restarts > before.restarts && container.is_running && is_well
            };
            if containers.iter().any(is_back) {
                return Ok(Some(seconds));
            }
            if seconds >= limit {
                return Ok(None);
            }
            thread::sleep(LOOK);
        }
    }
}
