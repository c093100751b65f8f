//! Deploys several versions of a service in a throw-away copy of its project while clients ask it, by the script that
//! `deploy emit` writes or by the author's.

mod containers;
mod load;
mod request;
mod script;
mod target;
mod versions;
mod written;

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use self::containers::{ContainerHistory, ids};
use self::load::{LoadCounts, RequestLoad};
pub use self::request::{AuthorScript, DeploymentRequest};
use self::target::Target;
use super::child::End;
use super::session::Session;
use super::startup::COMPOSE_VARIABLES;
use crate::deployment::{DeploymentProof, DeploymentStep, StepKind};
use crate::engine::Container;
use crate::failure::{Failure, FailureKind};

/// From the first request until the script begins, and from its end until the last.
const MARGIN: Duration = Duration::from_secs(2);

/// For more requests, where the deployments were too quick for as many as are asked for.
const EXTRA: Duration = Duration::from_mins(5);

/// What a step is run with.
struct StepInput<'s> {
    service: &'s str,
    kind: StepKind,
    target: &'s Target,
    /// The containers of the service.
    list: &'s (dyn Fn() -> Result<Vec<Container>, Failure> + Sync),
    /// Whether answers do not say which container gave them.
    counts_packets: bool,
    limit: Duration,
    /// Requests until which the clients go on.
    requests: u64,
}

impl Session {
    /// Deploys a next version, one that never gets healthy, and the first one again, each under load.
    ///
    /// # Errors
    /// When the copy cannot be built or started, the service answers nowhere, or the engine fails.
    pub fn prove_deployment(
        &self,
        request: &DeploymentRequest,
        say: &dyn Fn(&str),
    ) -> Result<DeploymentProof, Failure> {
        match &request.script {
            Some(script) => self.prove_script(request, script, say),
            None => self.prove_written_files(request, say),
        }
    }

    /// `docker compose` or a script in the folder of the copy, without what the user's shell says of other projects.
    fn in_copy(&self, mut command: Command, folder: &std::path::Path) -> Command {
        for name in COMPOSE_VARIABLES {
            command.env_remove(name);
        }
        command.env("COMPOSE_PROJECT_NAME", self.project_name()).current_dir(folder);
        command
    }

    /// Runs `docker compose` in the copy.
    fn compose_in(&self, folder: &std::path::Path, arguments: &[&str], limit: Duration) -> Result<(), Failure> {
        let mut command = self.in_copy(self.program.command(), folder);
        let ran = self.hear(command.arg("compose").args(arguments), limit, &|| self.is_stopped())?;
        let what = format!("`docker compose {}` failed in the copy", arguments.join(" "));
        let mut failure = match ran.end {
            End::Ended(status) if status.success() => return Ok(()),
            End::Interrupted => return Err(Failure::interrupted()),
            End::TimedOut => Failure::new(FailureKind::TimedOut, what, "allow more time with --timeout"),
            End::Ended(_) => Failure::new(FailureKind::Setup, what, "fix what the lines name, then retry"),
        };
        failure.log = ran.lines;
        Err(failure)
    }

    /// Runs a script while clients ask.
    fn run_step(&self, input: &StepInput, mut script: Command) -> Result<DeploymentStep, Failure> {
        let before = ids(&(input.list)()?);
        let start = Instant::now() + MARGIN;
        let stop = AtomicBool::new(false);
        let load = RequestLoad::start(input.target, start);
        let (ran, counts, history) = thread::scope(|scope| {
            let watch = || ContainerHistory::watch(&self.engine, input.list, input.counts_packets, start, &stop);
            let watcher = scope.spawn(watch);
            thread::sleep(MARGIN);
            let ran = self.hear(&mut script, input.limit, &|| self.is_stopped());
            let seconds = start.elapsed().as_secs_f64();
            let wait = Instant::now();
            while ran.is_ok() && !self.is_stopped() {
                let is_enough = load.sent() >= input.requests || wait.elapsed() > EXTRA;
                if wait.elapsed() >= MARGIN && is_enough {
                    break;
                }
                thread::sleep(Duration::from_millis(50));
            }
            let counts = load.stop();
            stop.store(true, Ordering::Relaxed);
            (ran.map(|ran| (ran, seconds)), counts, watcher.join().unwrap_or_default())
        });
        let (ran, seconds) = ran?;
        if self.is_stopped() {
            return Err(Failure::interrupted());
        }
        Ok(DeploymentStep {
            service: input.service.to_owned(),
            kind: input.kind,
            exit: if let End::Ended(status) = ran.end { status.code() } else { None },
            seconds,
            lines: ran.lines,
            versions: versions(&counts, &history),
            requests: counts.requests,
            events: history.changes,
            record: None,
            containers: [before, ids(&(input.list)()?)],
        })
    }
}

/// The answers of each version, or where they do not tell, the packets that its containers received.
fn versions(counts: &LoadCounts, history: &ContainerHistory) -> std::collections::BTreeMap<String, u64> {
    if counts.servers.is_empty() {
        return history.packets.clone();
    }
    let mut versions = std::collections::BTreeMap::new();
    for (server, count) in &counts.servers {
        let version = history.addresses.get(server).map_or("of an unknown container", String::as_str);
        *versions.entry(version.to_owned()).or_default() += count;
    }
    versions
}
