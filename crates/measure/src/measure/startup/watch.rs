//! One start: `docker compose up`, what the engine records meanwhile, and when that is enough.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::command::{ComposeCommand, SpokenRun, last_message};
use crate::failure::{Failure, FailureKind};
use crate::measure::child::End;
use crate::measure::leftover::LABEL;
use crate::measure::session::Session;
use crate::startup::{ContainerEvent, ContainerRecord, StartPlan, StartRecord, judge, read_container, read_event};

/// Between two looks at the containers.
const LOOK: Duration = Duration::from_millis(300);

/// For so long all must stay as they are: a server may end just after it was ready.
const SETTLE: Duration = Duration::from_secs(3);

/// From the end of a failed `up` until its last events have come.
const LAST: Duration = Duration::from_secs(1);

/// Lines of a container that are shown.
const LINES: usize = 15;

/// Bytes of them.
const BYTES: usize = 16 << 10;

/// Events of a run that are kept.
const EVENTS: usize = 100_000;

impl Session {
    /// Starts a project once and watches it until all are ready, something failed or the time is over.
    pub(super) fn watch_start(
        &self,
        command: &ComposeCommand,
        model: &Path,
        plan: &StartPlan,
        limit: Duration,
    ) -> Result<StartRecord, Failure> {
        let events = self.follow_events(limit)?;
        let (is_over, start) = (AtomicBool::new(false), Instant::now());
        let result = thread::scope(|scope| {
            let mut call = command.call(model, &["up", "--detach", "--no-build", "--no-color"]);
            let stop = || is_over.load(Ordering::SeqCst) || self.is_stopped();
            let up = scope.spawn(move || self.hear(&mut call, Duration::MAX, &stop));
            let watched = self.watch(plan, limit, start, &|| up.is_finished());
            is_over.store(true, Ordering::SeqCst);
            let broken = || Failure::new(FailureKind::Broken, "`docker compose up` could not be watched", "retry");
            let up = up.join().map_err(|_| broken())?;
            watched.and_then(|watched| Ok((watched, up?)))
        });
        let ((mut containers, given_up), up) = result?;
        for container in &mut containers {
            self.complete(container)?;
        }
        let events = events.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let record = StartRecord { containers, events, given_up };
        self.check_up(plan, &record, &up, limit)?;
        Ok(record)
    }

    /// Whether the end of `up` is explained by what the containers show.
    fn check_up(&self, plan: &StartPlan, record: &StartRecord, up: &SpokenRun, limit: Duration) -> Result<(), Failure> {
        if self.is_stopped() {
            return Err(Failure::interrupted());
        }
        let is_explained = judge(plan, record).problems.iter().any(|problem| !problem.is_consequence());
        let is_success = matches!(up.end, End::Ended(status) if status.success());
        if is_success || is_explained {
            return Ok(());
        }
        let mut failure = match up.end {
            End::Ended(_) => {
                let what = format!("`docker compose up` failed: {}", last_message(&up.lines));
                Failure::new(FailureKind::Setup, what, "fix what the message names, then retry")
            }
            End::TimedOut | End::Interrupted => {
                let what = format!("`docker compose up` did not end within {} s", limit.as_secs());
                Failure::new(FailureKind::TimedOut, what, "raise the limit with --timeout")
            }
        };
        failure.log.clone_from(&up.lines);
        Err(failure)
    }

    /// Collects the events of this run's containers from now on.
    fn follow_events(&self, limit: Duration) -> Result<Arc<Mutex<Vec<ContainerEvent>>>, Failure> {
        let stream = self.engine.events(&format!("{LABEL}={}", self.nonce()), limit + Duration::from_hours(1))?;
        let events = Arc::new(Mutex::new(Vec::new()));
        // The removal of the containers is the last that it hears; who is gone by then does not listen.
        let heard = Arc::downgrade(&events);
        thread::spawn(move || {
            for line in stream {
                let Some(events) = heard.upgrade() else { return };
                let mut events = events.lock().unwrap_or_else(PoisonError::into_inner);
                if events.len() < EVENTS {
                    events.extend(read_event(&line));
                }
            }
        });
        Ok(events)
    }

    /// Looks at the containers until nothing more is to be expected; the seconds after which it was given up.
    fn watch(
        &self,
        plan: &StartPlan,
        limit: Duration,
        start: Instant,
        is_up_over: &dyn Fn() -> bool,
    ) -> Result<(Vec<ContainerRecord>, Option<f64>), Failure> {
        let (mut settled_since, mut over_since) = (None, None);
        loop {
            if self.is_stopped() {
                return Err(Failure::interrupted());
            }
            let is_over = is_up_over();
            let containers = self.container_records()?;
            if is_over && over_since.is_none() {
                over_since = Some(Instant::now());
            }
            let waits = |since: Option<Instant>, time: Duration| since.is_some_and(|since| since.elapsed() >= time);
            if containers.iter().all(|container| is_settled(plan, container)) && is_over {
                settled_since = settled_since.or_else(|| Some(Instant::now()));
            } else {
                settled_since = None;
            }
            let has_failed = containers.iter().any(|container| container.started_at.is_none());
            if waits(settled_since, SETTLE) || (has_failed && waits(over_since, LAST)) {
                return Ok((containers, None));
            }
            if start.elapsed() >= limit {
                return Ok((containers, Some(start.elapsed().as_secs_f64())));
            }
            thread::sleep(LOOK);
        }
    }

    /// How the containers of this run are now.
    pub(super) fn container_records(&self) -> Result<Vec<ContainerRecord>, Failure> {
        let label = format!("{LABEL}={}", self.nonce());
        let mut records = Vec::new();
        for container in self.engine.containers(Some(&label))? {
            let text = match self.engine.inspect(&container.id) {
                Ok(text) => text,
                // It was removed meanwhile.
                Err(error) if error.kind == FailureKind::Missing => continue,
                Err(error) => return Err(error),
            };
            let record = read_container(&text).map_err(|error| {
                let what =
                    format!("the engine's description of the container {} cannot be read: {error}", container.id);
                Failure::new(FailureKind::Broken, what, "check DOCKER_HOST")
            })?;
            if !record.service.is_empty() {
                records.push(record);
            }
        }
        Ok(records)
    }

    /// Adds its last lines to a record and hides secrets.
    fn complete(&self, container: &mut ContainerRecord) -> Result<(), Failure> {
        if container.started_at.is_some() {
            let text = self.engine.last_lines(&container.id, LINES, container.has_terminal, BYTES)?;
            container.log = self.mask(&text).lines().map(str::trim_end).map(str::to_owned).collect();
        }
        container.error = self.mask(&container.error);
        for probe in &mut container.probes {
            probe.output = self.mask(&probe.output);
        }
        Ok(())
    }
}

/// Whether nothing more is to be expected of a container.
fn is_settled(plan: &StartPlan, container: &ContainerRecord) -> bool {
    let is_job = plan.service(&container.service).is_some_and(|service| service.is_job);
    let is_ready = container.is_running && container.health.as_deref() != Some("starting") && !is_job;
    container.restarts > 0 || container.exit_code.is_some() || is_ready
}
