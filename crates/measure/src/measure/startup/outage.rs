//! Servers that hang: all processes of a container are stopped and continued later, while checks are watched.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use super::signal::Signaller;
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

/// Runs of a check after the server was stopped that must succeed to say that it notices nothing: the first one may have
/// begun before.
const RUNS: usize = 2;

/// The services that are stopped together, and the checks that are watched meanwhile.
struct OutageGroup {
    trials: BTreeMap<String, OutageTrial>,
    /// By service; those of the group and of the services that wait for it.
    checks: BTreeMap<String, WatchedCheck>,
}

/// A check while servers are stopped.
#[derive(Clone, Debug, Default)]
struct WatchedCheck {
    /// Seconds within which it must notice it.
    limit: f64,
    /// When its last run before that began, as the engine has it.
    last_run: Option<i64>,
    /// Seconds until it was unhealthy.
    unhealthy_after: Option<f64>,
    /// Whether it ran often enough and always succeeded, or the time is over.
    is_blind: bool,
}

impl Session {
    /// Stops the servers of all services with a check, those that others wait for last.
    pub(super) fn try_outages(
        &self,
        plan: &StartPlan,
        limit: Duration,
        signaller: &Signaller,
        say: &dyn Fn(&str),
    ) -> Result<Vec<OutageTrial>, Failure> {
        let mut trials = Vec::new();
        for names in outage_groups(plan) {
            self.wait_until_well(plan)?;
            let containers = self.container_records()?;
            let mut group = OutageGroup::of(plan, &names, &containers);
            trials.extend(group.take_slow(limit.as_secs_f64()));
            if group.trials.is_empty() {
                continue;
            }
            let list: Vec<&str> = group.trials.keys().map(String::as_str).collect();
            say(&format!("stopping the servers of {} for up to {:.0} s", list.join(", "), group.seconds()));
            trials.extend(self.try_outage(plan, group, &containers, signaller)?);
        }
        trials.sort_by(|a, b| a.service.cmp(&b.service));
        Ok(trials)
    }

    fn try_outage(
        &self,
        plan: &StartPlan,
        mut group: OutageGroup,
        containers: &[ContainerRecord],
        signaller: &Signaller,
    ) -> Result<Vec<OutageTrial>, Failure> {
        let mut stopped = Vec::new();
        for container in containers {
            let Some(trial) = group.trials.get_mut(&container.service) else { continue };
            trial.obstacle = trial.obstacle.take().or(self.stop_processes(signaller, &container.id)?);
            stopped.push(container.id.clone());
        }
        let watched = self.watch_outage(&mut group);
        for id in &stopped {
            self.continue_processes(signaller, id);
        }
        watched?;
        let mut trials = group.into_trials();
        self.watch_recovery(plan, &mut trials)?;
        Ok(trials)
    }

    /// Waits until it is known of all checks whether they notice it.
    fn watch_outage(&self, group: &mut OutageGroup) -> Result<(), Failure> {
        let start = Instant::now();
        loop {
            if self.is_stopped() {
                return Err(Failure::interrupted());
            }
            let containers = self.container_records()?;
            let seconds = start.elapsed().as_secs_f64();
            for (service, check) in &mut group.checks {
                check.note(containers.iter().filter(|container| container.service == *service), seconds);
            }
            if group.checks.values().all(|check| check.is_blind || check.unhealthy_after.is_some()) {
                return Ok(());
            }
            thread::sleep(LOOK);
        }
    }

    /// Services of which a container is not healthy, or does not run. A job has ended: it may have the check of its image.
    fn unhealthy_services(&self, plan: &StartPlan) -> Result<BTreeSet<String>, Failure> {
        let containers = self.container_records()?;
        let is_job = |name: &str| plan.service(name).is_none_or(|service| service.is_job);
        let ill = containers
            .into_iter()
            .filter(|container| container.check.is_some() && !is_job(&container.service) && !is_well(container));
        Ok(ill.map(|container| container.service).collect())
    }

    /// Gives services some time to become healthy again; those that do not are seen afterwards.
    fn wait_until_well(&self, plan: &StartPlan) -> Result<(), Failure> {
        let start = Instant::now();
        while start.elapsed().as_secs_f64() < RECOVERY && !self.unhealthy_services(plan)?.is_empty() {
            if self.is_stopped() {
                return Err(Failure::interrupted());
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Waits until the services of a group and those that noticed are healthy again.
    fn watch_recovery(&self, plan: &StartPlan, trials: &mut [OutageTrial]) -> Result<(), Failure> {
        let start = Instant::now();
        let patience = trials.iter().map(|trial| trial.limit).fold(RECOVERY, f64::max);
        loop {
            if self.is_stopped() {
                return Err(Failure::interrupted());
            }
            let seconds = start.elapsed().as_secs_f64();
            let unhealthy = self.unhealthy_services(plan)?;
            for trial in trials.iter_mut() {
                if !unhealthy.contains(&trial.service) && trial.recovered_after.is_none() {
                    trial.recovered_after = Some(seconds);
                }
                let dependents = trial.dependents.keys().filter(|name| unhealthy.contains(*name));
                trial.unrecovered_dependents = dependents.cloned().collect();
            }
            let is_over =
                |trial: &OutageTrial| trial.recovered_after.is_some() && trial.unrecovered_dependents.is_empty();
            if trials.iter().all(is_over) || seconds >= patience {
                return Ok(());
            }
            thread::sleep(LOOK);
        }
    }
}

/// Whether a container runs and its check succeeds.
pub(super) fn is_well(container: &ContainerRecord) -> bool {
    container.is_running && container.health.as_deref() == Some("healthy")
}

impl WatchedCheck {
    /// Takes what the containers of its service show after so many seconds.
    fn note<'r>(&mut self, mut containers: impl Iterator<Item = &'r ContainerRecord> + Clone, seconds: f64) {
        if self.unhealthy_after.is_some() || self.is_blind {
            return;
        }
        if containers.clone().any(|container| !is_well(container)) {
            self.unhealthy_after = Some(seconds);
            return;
        }
        // On a machine with much to do a check takes longer, and is not blind for that.
        let is_sure = containers.all(|container| {
            let mut runs = container.probes.iter().filter(|run| run.began > self.last_run);
            runs.clone().count() >= RUNS && runs.next_back().is_some_and(|run| run.exit_code == 0)
        });
        self.is_blind = (seconds >= self.limit && is_sure) || seconds >= 2.0 * self.limit + RECOVERY;
    }
}

impl OutageGroup {
    fn of(plan: &StartPlan, names: &BTreeSet<String>, containers: &[ContainerRecord]) -> Self {
        let mut all: BTreeMap<&str, WatchedCheck> = BTreeMap::new();
        for container in containers.iter().filter(|container| is_well(container)) {
            let Some(check) = container.check else { continue };
            let last_run = container.probes.last().and_then(|run| run.began);
            let known = all.entry(&container.service).or_default();
            known.limit = check.notice() + TOLERANCE;
            known.last_run = known.last_run.max(last_run);
        }
        let group: BTreeSet<String> = names.iter().filter(|name| all.contains_key(name.as_str())).cloned().collect();
        let (mut trials, mut checks) = (BTreeMap::new(), BTreeMap::new());
        for name in &group {
            let waiting = plan.dependents(name).filter(|(_, awaited)| awaited.condition == HEALTHY);
            let waiting = waiting.map(|(service, _)| service.name.as_str()).filter(|name| all.contains_key(name));
            let dependents: BTreeMap<String, bool> = waiting.map(|name| (name.to_owned(), false)).collect();
            for service in dependents.keys().chain([name]) {
                checks.insert(service.clone(), all[service.as_str()].clone());
            }
            let (service, limit) = (name.clone(), all[name.as_str()].limit);
            let trial = OutageTrial { service, group: group.clone(), limit, dependents, ..OutageTrial::default() };
            trials.insert(name.clone(), trial);
        }
        Self { trials, checks }
    }

    /// Takes out the services whose checks take longer than so many seconds.
    fn take_slow(&mut self, most: f64) -> Vec<OutageTrial> {
        let slow: Vec<String> =
            self.trials.values().filter(|trial| trial.limit > most).map(|trial| trial.service.clone()).collect();
        let mut trials: Vec<_> = slow.iter().filter_map(|name| self.trials.remove(name)).collect();
        for trial in &mut trials {
            let limit = trial.limit;
            trial.obstacle =
                Some(format!("its check may take {limit:.0} s to notice it, which is more than --timeout"));
        }
        for trial in self.trials.values_mut() {
            trial.dependents.retain(|name, _| self.checks.get(name).is_some_and(|check| check.limit <= most));
        }
        let is_watched = |name: &String| {
            self.trials.values().any(|trial| trial.service == *name || trial.dependents.contains_key(name))
        };
        self.checks.retain(|name, _| is_watched(name));
        trials
    }

    /// Seconds until the last check should have noticed it.
    fn seconds(&self) -> f64 {
        self.checks.values().map(|check| check.limit).fold(0.0, f64::max)
    }

    /// The trials with what the checks noticed.
    fn into_trials(self) -> Vec<OutageTrial> {
        let after = |service: &str| self.checks.get(service).and_then(|check| check.unhealthy_after);
        let mut trials: Vec<OutageTrial> = self.trials.into_values().collect();
        for trial in &mut trials {
            trial.unhealthy_after = after(&trial.service);
            for (service, has_noticed) in &mut trial.dependents {
                *has_noticed = after(service).is_some();
            }
        }
        trials
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::startup::ProbeRun;

    fn container(health: &str, runs: &[(i64, i64)]) -> ContainerRecord {
        let run = |(began, exit_code): &(i64, i64)| ProbeRun {
            began: Some(*began),
            exit_code: *exit_code,
            ..ProbeRun::default()
        };
        ContainerRecord {
            is_running: true,
            health: Some(health.to_owned()),
            probes: runs.iter().map(run).collect(),
            ..ContainerRecord::default()
        }
    }

    /// Whether a check is blind, and after how many seconds it noticed.
    fn noted(containers: &[ContainerRecord], seconds: f64) -> (bool, Option<f64>) {
        let mut check = WatchedCheck { limit: 7.0, last_run: Some(5), ..WatchedCheck::default() };
        check.note(containers.iter(), seconds);
        (check.is_blind, check.unhealthy_after)
    }

    #[test]
    fn a_check_is_blind_when_it_ran_and_succeeded() {
        let fine = container("healthy", &[(5, 0), (6, 0), (7, 0)]);
        assert_eq!(noted(std::slice::from_ref(&fine), 6.9), (false, None));
        assert_eq!(noted(std::slice::from_ref(&fine), 7.0), (true, None));
        let slow = container("healthy", &[(4, 0), (5, 0), (6, 0)]);
        assert_eq!(noted(&[slow], 20.0), (false, None), "one run may have begun before");
        let failing = container("healthy", &[(6, 0), (7, 1)]);
        assert_eq!(noted(std::slice::from_ref(&failing), 20.0), (false, None), "it is about to notice");
        assert_eq!(noted(&[failing], 75.0), (true, None));
        assert_eq!(noted(&[fine, container("unhealthy", &[])], 8.5), (false, Some(8.5)));
        let ended = ContainerRecord { is_running: false, ..container("healthy", &[]) };
        assert_eq!(noted(&[ended], 3.0), (false, Some(3.0)));
    }
}
