//! Servers that end: the first process of a container is killed, and its restart policy has to bring it back.

use std::thread;
use std::time::{Duration, Instant};

use super::signal::Signaller;
use crate::failure::Failure;
use crate::measure::session::Session;
use crate::startup::{ContainerRecord, CrashTrial, ServicePlan, StartPlan, outage_groups};

/// Between two looks at a container.
const LOOK: Duration = Duration::from_millis(300);

/// Until a server is back, besides the time that its check takes.
const RESTART: f64 = 30.0;

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
            }
            trials.push(trial);
        }
        Ok(trials)
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
