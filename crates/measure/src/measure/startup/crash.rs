//! Servers that end: the first process of a container is killed, and its restart policy has to bring it back.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use super::outage::is_well;
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
                    let before = healthy_dependents(plan, &trial.service, &containers);
                    trial.unrecovered_dependents = self.watch_dependents(&before)?;
                }
            }
            trials.push(trial);
        }
        Ok(trials)
    }

    /// The services whose checks fail, or that end, once a server that they wait for is back; `before`: their containers that
    /// were healthy until it was killed. What dies of it would else be taken for a fault of the next trial.
    fn watch_dependents(&self, before: &[ContainerRecord]) -> Result<Vec<String>, Failure> {
        let last_probe = |container: &ContainerRecord| container.probes.last().and_then(|probe| probe.began);
        let marks: BTreeMap<String, Option<i64>> =
            self.container_records()?.iter().map(|container| (container.id.clone(), last_probe(container))).collect();
        self.watch_containers(|seconds, containers| {
            let now = |known: &ContainerRecord| containers.iter().find(|container| container.id == known.id);
            // A check that has not run since says nothing.
            let is_new = |container: &ContainerRecord| {
                let last = last_probe(container);
                last.is_some() && marks.get(&container.id) != Some(&last)
            };
            let works = |container: &ContainerRecord| {
                let succeeds = container.probes.last().is_some_and(|probe| probe.exit_code == 0);
                container.is_running && is_new(container) && succeeds
            };
            let fails = |container: &ContainerRecord| !container.is_running || is_new(container) && !works(container);
            let patience = |container: &ContainerRecord| {
                let notice = container.check.map_or(0.0, CheckTiming::notice);
                (RESTART + notice).min(LONGEST)
            };
            let is_over = |known: &ContainerRecord| now(known).is_some_and(works) || seconds >= patience(known);
            if before.iter().all(is_over) {
                let failing = before.iter().filter(|known| now(known).is_none_or(fails));
                return Some(failing.map(|known| known.service.clone()).collect());
            }
            None
        })
    }

    /// Seconds until a container was restarted and is ready again.
    fn watch_restart(&self, before: &ContainerRecord, limit: f64) -> Result<Option<f64>, Failure> {
        self.watch_containers(|seconds, containers| {
            let is_back = |container: &ContainerRecord| {
                let is_well = container.check.is_none() || container.health.as_deref() == Some("healthy");
                container.id == before.id && container.restarts > before.restarts && container.is_running && is_well
            };
            if containers.iter().any(is_back) {
                return Some(Some(seconds));
            }
            (seconds >= limit).then_some(None)
        })
    }

    /// Looks at the containers again, with the seconds since it began, until that tells something.
    fn watch_containers<T>(&self, look: impl Fn(f64, &[ContainerRecord]) -> Option<T>) -> Result<T, Failure> {
        let start = Instant::now();
        loop {
            if self.is_stopped() {
                return Err(Failure::interrupted());
            }
            let seconds = start.elapsed().as_secs_f64();
            if let Some(result) = look(seconds, &self.container_records()?) {
                return Ok(result);
            }
            thread::sleep(LOOK);
        }
    }
}

/// The containers of services that wait for a server and were healthy.
fn healthy_dependents(plan: &StartPlan, name: &str, containers: &[ContainerRecord]) -> Vec<ContainerRecord> {
    let names: BTreeSet<&str> = plan.dependents(name).map(|(service, _)| service.name.as_str()).collect();
    let dependents = containers.iter().filter(|known| names.contains(known.service.as_str()));
    dependents.filter(|known| is_well(known)).cloned().collect()
}
