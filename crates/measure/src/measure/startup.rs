//! Starts a compose project beside everything else on the engine, watches it, and stops its servers one after the other. What
//! that proves, `startup` says.

mod command;
mod crash;
mod images;
mod outage;
mod signal;
mod watch;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

pub(super) use self::command::{COMPOSE_VARIABLES, ComposeCommand};
use super::leftover::{LABEL, clean_objects};
use super::session::Session;
use crate::failure::{Failure, FailureKind};
use crate::startup::{
    Delays, FolderCopy, HostPath, IsolatedProject, Outage, StartPlan, StartProof, delayed_words, isolated_project,
    judge, random_delays, set_service_words,
};

/// Bytes of a folder that is copied.
const FOLDER: u64 = 1 << 30;

/// Files of a folder that is copied.
const FILES: usize = 100_000;

/// A project to start.
#[derive(Clone, Debug)]
pub struct StartRequest {
    /// The project as `docker compose config` prints it.
    pub model: Value,
    /// What it promises.
    pub plan: StartPlan,
    /// Its folder.
    pub folder: String,
    /// `--env-file` of `docker compose`.
    pub env_files: Vec<String>,
    /// How often it is started from nothing.
    pub starts: u32,
    /// Seconds of delay of each service at most.
    pub most_delay: f64,
    /// What the delays follow from.
    pub seed: u64,
    /// Until all are ready.
    pub limit: Duration,
    /// Whether its servers are stopped after the last start.
    pub outages: bool,
}

impl Session {
    /// Starts a project as often as asked for and removes it each time.
    ///
    /// # Errors
    /// When an image cannot be built or pulled, the engine fails, or Compose refuses to start the project.
    pub fn prove_start(&self, request: &StartRequest, say: &dyn Fn(&str)) -> Result<StartProof, Failure> {
        let label = (LABEL, self.nonce());
        let isolated = isolated_project(request.model.clone(), label, |purpose| self.tag(purpose), host_path);
        let mut proof = StartProof {
            notes: isolated.notes.clone(),
            most_delay: request.most_delay,
            seed: request.seed,
            ..StartProof::default()
        };
        let command = ComposeCommand::new(self, &request.folder, &request.env_files);
        proof.notes.extend(self.prepare_images(&command, &isolated, say)?);
        let mut words = BTreeMap::new();
        if request.most_delay > 0.0 {
            (words, proof.undelayed) = self.delayable_words(&isolated)?;
        }
        for start in 1..=request.starts {
            if request.starts > 1 {
                say(&format!("start {start} of {}", request.starts));
            }
            let delays =
                random_delays(words.keys().map(String::as_str), request.most_delay, request.seed, start.into());
            let path = command.write(&delayed(&isolated, &words, &delays))?;
            self.copy_folders(&isolated)?;
            let record = self.watch_start(&command, &path, &request.plan, request.limit)?;
            let mut result = judge(&request.plan, &record);
            for container in &mut result.containers {
                container.delay = delays.get(&container.service).copied();
            }
            let is_good = result.problems.is_empty();
            proof.starts.push(result);
            if start == request.starts && request.outages && is_good {
                let signaller = self.signaller(&isolated)?;
                // Who was signalled through the engine is not restarted by it any more.
                proof.crashes = self.try_crashes(&request.plan, &signaller, say)?;
                let trials = self.try_outages(&request.plan, request.limit, &signaller, say)?;
                proof.outages = Some(trials.into_iter().map(|trial| Outage::of(&request.plan, trial)).collect());
            }
            let done = clean_objects(&self.engine, self.nonce());
            if let Some(left) = done.left.first() {
                let what = format!("after a start, what it created could not be removed: {left}");
                return Err(Failure::new(FailureKind::Broken, what, "check the engine's log"));
            }
        }
        Ok(proof)
    }

    /// Fills volumes with copies of folders of the host.
    pub(super) fn copy_folders(&self, isolated: &IsolatedProject) -> Result<(), Failure> {
        for copy in &isolated.copies {
            self.engine.create_volume(&copy.volume, &self.labels())?;
            let Some(image) = isolated.images.get(&copy.service) else { continue };
            self.copy_folder(copy, &image.name)?;
        }
        Ok(())
    }

    fn copy_folder(&self, copy: &FolderCopy, image: &str) -> Result<(), Failure> {
        let name = format!("{}-copy", copy.volume);
        let label = format!("{LABEL}={}", self.nonce());
        let volume = format!("{}:/dockopt-copy", copy.volume);
        let options = ["--name", &name, "--label", &label, "--volume", &volume, "--pull", "never"];
        let create = [&["create"], &options[..], &[image, "none"]].concat();
        self.docker(&create, "making a copy of a folder")?;
        let source = format!("{}/.", copy.source.trim_end_matches('/'));
        self.docker(&["cp", "--archive", &source, &format!("{name}:/dockopt-copy")], "copying a folder")?;
        self.engine.remove(&name)
    }
}

/// The model of a start with its delays.
fn delayed(isolated: &IsolatedProject, words: &BTreeMap<String, Vec<String>>, delays: &Delays) -> Value {
    let mut model = isolated.model.clone();
    for (service, seconds) in delays {
        if let Some(words) = words.get(service) {
            set_service_words(&mut model, service, &delayed_words(words, *seconds));
        }
    }
    model
}

/// What is at a path of the host.
pub(super) fn host_path(path: &str) -> HostPath {
    let path = Path::new(path);
    match std::fs::metadata(path) {
        Err(_) => HostPath::Missing,
        Ok(metadata) if metadata.is_dir() => {
            if is_copied(path, &[]) {
                HostPath::Folder
            } else {
                HostPath::LargeFolder
            }
        }
        Ok(_) => HostPath::Other,
    }
}

/// Whether a folder is small enough to be copied and can be read; folders of some names are left out.
pub(super) fn is_copied(folder: &Path, left_out: &[&str]) -> bool {
    let (mut bytes, mut files) = (0, 0);
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let Ok(entries) = std::fs::read_dir(next) else { return false };
        for entry in entries.flatten() {
            let Ok(metadata) = entry.metadata() else { return false };
            files += 1;
            bytes += metadata.len();
            if files > FILES || bytes > FOLDER {
                return false;
            }
            let is_left_out = || entry.file_name().to_str().is_some_and(|name| left_out.contains(&name));
            if metadata.is_dir() && !is_left_out() {
                open.push(entry.path());
            }
        }
    }
    true
}
