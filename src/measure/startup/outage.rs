//! Servers that hang: all processes of a container are stopped and continued later, while checks are watched.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use crate::engine::Exec;
use crate::failure::Failure;
use crate::measure::session::Session;
use crate::stack::HEALTHY;
use crate::startup::{ContainerRecord, OutageTrial, StartPlan, outage_groups};

/// Between two looks at the containers.
const LOOK: Duration = Duration::from_millis(300);

/// What is added to the time within which a check must notice something: the engine starts a program for each check.
const TOLERANCE: f64 = 3.0;

/// Until a server that goes on is healthy again, at least.
const RECOVERY: f64 = 60.0;

/// Who runs the program that signals the other processes: root, and the container's own user where root may not.
const USERS: [Option<&str>; 2] = [Some("0"), None];

/// The services that are stopped together, and those that are watched meanwhile.
struct OutageGroup {
    trials: BTreeMap<String, OutageTrial>,
    dependents: BTreeMap<String, f64>,
}

impl Session {
    /// Stops the servers of all services with a check, those that others wait for last.
    pub(super) fn try_outages(&self, plan: &StartPlan, say: &dyn Fn(&str)) -> Result<Vec<OutageTrial>, Failure> {
        let mut trials = Vec::new();
        for names in outage_groups(plan) {
            let containers = self.container_records()?;
            let group = OutageGroup::of(plan, &names, &containers);
            if group.trials.is_empty() {
                continue;
            }
            let list: Vec<&str> = group.trials.keys().map(String::as_str).collect();
            say(&format!("stopping the servers of {} for up to {:.0} s", list.join(", "), group.seconds()));
            trials.extend(self.try_outage(group, &containers)?);
        }
        trials.sort_by(|a, b| a.service.cmp(&b.service));
        Ok(trials)
    }

    fn try_outage(&self, mut group: OutageGroup, containers: &[ContainerRecord]) -> Result<Vec<OutageTrial>, Failure> {
        let mut stopped = Vec::new();
        for container in containers {
            let Some(trial) = group.trials.get_mut(&container.service) else { continue };
            trial.obstacle = trial.obstacle.take().or(self.stop_processes(&container.id)?);
            stopped.push(container.id.clone());
        }
        let watched = self.watch_outage(&mut group);
        for id in &stopped {
            self.continue_processes(id);
        }
        watched?;
        self.watch_recovery(&mut group)?;
        Ok(group.trials.into_values().collect())
    }

    /// Stops all processes of a container; why some run on.
    fn stop_processes(&self, id: &str) -> Result<Option<String>, Failure> {
        self.engine.signal(id, "STOP")?;
        let mut has_shell = false;
        for user in USERS {
            has_shell |= self.signal_others(id, "STOP", user)?;
        }
        if has_shell || self.engine.process_count(id)? < 2 {
            return Ok(None);
        }
        Ok(Some("its image has no shell, so that only its first process can be stopped".to_owned()))
    }

    fn continue_processes(&self, id: &str) {
        // One that is gone meanwhile is seen afterwards.
        let _ = self.engine.signal(id, "CONT");
        for user in USERS {
            let _ = self.signal_others(id, "CONT", user);
        }
    }

    /// Signals all processes of a container but the first one; whether there is a shell to do it.
    fn signal_others(&self, id: &str, signal: &str, user: Option<&str>) -> Result<bool, Failure> {
        let script = format!("kill -{signal} -1");
        let exec = Exec {
            user: user.map(str::to_owned),
            limit: Duration::from_secs(20),
            ..Exec::new(["/bin/sh", "-c", &script])
        };
        let result = self.engine.exec(id, &exec)?;
        Ok(!matches!(result.code, Some(126 | 127)))
    }

    /// Waits until all checks have noticed it, or the last one should have.
    fn watch_outage(&self, group: &mut OutageGroup) -> Result<(), Failure> {
        let start = Instant::now();
        loop {
            if self.is_stopped() {
                return Err(Failure::interrupted());
            }
            let seconds = start.elapsed().as_secs_f64();
            let unhealthy = self.unhealthy_services()?;
            let is_complete = group.note(&unhealthy, seconds);
            if is_complete || seconds >= group.seconds() {
                return Ok(());
            }
            thread::sleep(LOOK);
        }
    }

    /// Services of which a container is not healthy.
    fn unhealthy_services(&self) -> Result<BTreeSet<String>, Failure> {
        let is_well = |container: &ContainerRecord| {
            container.check.is_none() || (container.is_running && container.health.as_deref() == Some("healthy"))
        };
        let containers = self.container_records()?;
        Ok(containers.into_iter().filter(|container| !is_well(container)).map(|container| container.service).collect())
    }

    /// Waits until the services of a group and those that noticed are healthy again.
    fn watch_recovery(&self, group: &mut OutageGroup) -> Result<(), Failure> {
        let start = Instant::now();
        let patience = group.seconds().max(RECOVERY);
        loop {
            if self.is_stopped() {
                return Err(Failure::interrupted());
            }
            let seconds = start.elapsed().as_secs_f64();
            let unhealthy = self.unhealthy_services()?;
            for trial in group.trials.values_mut() {
                if !unhealthy.contains(&trial.service) && trial.recovered_after.is_none() {
                    trial.recovered_after = Some(seconds);
                }
                let dependents = trial.dependents.keys().filter(|name| unhealthy.contains(*name));
                trial.unrecovered_dependents = dependents.cloned().collect();
            }
            let is_over =
                |trial: &OutageTrial| trial.recovered_after.is_some() && trial.unrecovered_dependents.is_empty();
            if group.trials.values().all(is_over) || seconds >= patience {
                return Ok(());
            }
            thread::sleep(LOOK);
        }
    }
}

impl OutageGroup {
    fn of(plan: &StartPlan, names: &BTreeSet<String>, containers: &[ContainerRecord]) -> Self {
        let limits = containers.iter().filter(|container| container.is_running).filter_map(|container| {
            let is_healthy = container.health.as_deref() == Some("healthy");
            let check = if is_healthy { container.check? } else { return None };
            Some((container.service.clone(), check.notice() + TOLERANCE))
        });
        let limits: BTreeMap<String, f64> = limits.collect();
        let group: BTreeSet<String> = names.iter().filter(|name| limits.contains_key(*name)).cloned().collect();
        let (mut trials, mut dependents) = (BTreeMap::new(), BTreeMap::new());
        for name in &group {
            let waiting = plan.dependents(name).filter(|(_, awaited)| awaited.condition == HEALTHY);
            let waiting = waiting.filter_map(|(service, _)| Some((service.name.clone(), *limits.get(&service.name)?)));
            let waiting: BTreeMap<String, f64> = waiting.collect();
            let trial = OutageTrial {
                service: name.clone(),
                group: group.clone(),
                limit: limits[name],
                dependents: waiting.keys().map(|name| (name.clone(), false)).collect(),
                ..OutageTrial::default()
            };
            trials.insert(name.clone(), trial);
            dependents.extend(waiting);
        }
        Self { trials, dependents }
    }

    /// Seconds until the last check should have noticed it.
    fn seconds(&self) -> f64 {
        self.trials.values().map(|trial| trial.limit).chain(self.dependents.values().copied()).fold(0.0, f64::max)
    }

    /// Notes which services are unhealthy after so many seconds; whether all are.
    fn note(&mut self, unhealthy: &BTreeSet<String>, seconds: f64) -> bool {
        let mut is_complete = true;
        for trial in self.trials.values_mut() {
            if unhealthy.contains(&trial.service) && trial.unhealthy_after.is_none() && seconds <= trial.limit {
                trial.unhealthy_after = Some(seconds);
            }
            is_complete &= trial.unhealthy_after.is_some();
            for (name, has_noticed) in &mut trial.dependents {
                *has_noticed |= unhealthy.contains(name);
                is_complete &= *has_noticed;
            }
        }
        is_complete
    }
}
