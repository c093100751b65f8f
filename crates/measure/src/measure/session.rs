//! A run: its nonce, its folder, its engine, and all that has to go at its end.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::copy::Project;
use super::cpu_time::Meter;
use super::leftover::{self, LABEL, LOCK, LeftoverCleanup};
use super::plan::MeasurePlan;
use super::program::{DockerPlugin, DockerProgram};
use crate::buildlog;
use crate::engine::{self, Engine};
use crate::failure::{Failure, FailureKind};
use crate::finding::Mask;
use crate::inputs::BuildOptions;

/// How builds are run.
#[derive(Clone)]
pub struct SessionOptions {
    /// The engine.
    pub engine: engine::EngineOptions,
    /// The program that builds; `$DOCKER`, else `docker`, where `None`.
    pub docker: Option<PathBuf>,
    /// What that program must be able to do.
    pub plugin: DockerPlugin,
    /// The builder's own flags.
    pub build: BuildOptions,
    /// `--secret`, as docker takes it.
    pub secrets: Vec<String>,
    /// `--ssh`, as docker takes it.
    pub ssh: Vec<String>,
    /// `--network` of the steps.
    pub network: Option<String>,
    /// `--add-host`, as docker takes it.
    pub hosts: Vec<String>,
    /// For one build.
    pub limit: Duration,
    /// The folder that folders are made in; the system's own for temporary files where `None`.
    pub folder: Option<PathBuf>,
    /// Values that are never shown.
    pub mask: Mask,
    /// Whether somebody wants it to end.
    pub stop: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            engine: engine::EngineOptions::default(),
            docker: None,
            plugin: DockerPlugin::default(),
            build: BuildOptions::default(),
            secrets: Vec::new(),
            ssh: Vec::new(),
            network: None,
            hosts: Vec::new(),
            limit: Duration::from_mins(30),
            folder: None,
            mask: Mask::default(),
            stop: Arc::new(|| false),
        }
    }
}

impl fmt::Debug for SessionOptions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Options").field("docker", &self.docker).field("build", &self.build).finish_non_exhaustive()
    }
}

/// A run. With its end goes all that it made: containers, networks, names of images, folders.
#[derive(Debug)]
pub struct Session {
    pub(super) engine: Engine,
    pub(super) program: DockerProgram,
    pub(super) options: SessionOptions,
    pub(super) meter: Meter,
    pub(super) commands: Mutex<Vec<String>>,
    /// Bytes to pull of each layer that was measured.
    pub(super) layers: Mutex<BTreeMap<String, u64>>,
    nonce: String,
    folder: PathBuf,
    /// When it began: what the build cache holds since then may be ours.
    pub(super) began: SystemTime,
    count: AtomicUsize,
    /// Held while it lives.
    lock: Option<File>,
}

impl Session {
    /// Finds the engine and the program, takes away what dead runs left, and makes a folder.
    ///
    /// # Errors
    /// When there is no engine, the program or its plugin is missing, the engine runs Windows containers, or no folder can be made.
    pub fn open(options: SessionOptions) -> Result<Self, Failure> {
        let engine = Engine::connect(&options.engine)?;
        let os = &engine.version().platform.os;
        if os == "windows" {
            let what = format!(
                "the Docker engine at `{}` runs Windows containers, which cannot be measured",
                engine.endpoint()
            );
            return Err(Failure::new(FailureKind::Setup, what, "switch it to Linux containers"));
        }
        if let Some(several) = options.build.platform.as_ref().filter(|platform| platform.contains(',')) {
            let what = format!("`{several}` are several platforms, but only one image can be measured");
            return Err(Failure::new(FailureKind::Setup, what, "set one with --platform"));
        }
        let program = DockerProgram::find(options.docker.as_deref(), engine.endpoint(), options.plugin)?;
        let above = options.folder.clone().unwrap_or_else(std::env::temp_dir);
        leftover::of_dead_runs(&engine, &above)?;
        let nonce = format!("{}{}", leftover::place(&above), random());
        let folder = above.join(format!("dockopt-{nonce}"));
        private(&folder).map_err(|error| Failure::io("making", &folder, &error))?;
        let mut session = Self {
            meter: Meter::of(&engine, &nonce),
            engine,
            program,
            options,
            commands: Mutex::default(),
            layers: Mutex::default(),
            nonce,
            folder,
            began: SystemTime::now(),
            count: AtomicUsize::new(0),
            lock: None,
        };
        let path = session.folder.join(LOCK);
        let locked = File::create(&path).and_then(|file| file.try_lock().map(|()| file).map_err(io::Error::from));
        session.lock = Some(locked.map_err(|error| Failure::io("locking", &path, &error))?);
        Ok(session)
    }

    /// The engine.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What tells this run from all others: small letters and digits.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// Labels for containers and networks, by which they are found and removed.
    pub fn labels(&self) -> BTreeMap<String, String> {
        BTreeMap::from([(LABEL.to_owned(), self.nonce.clone())])
    }

    /// The name of a copy as a project of Compose.
    pub(super) fn project_name(&self) -> String {
        format!("dockopt-{}", self.nonce)
    }

    /// An image's name for a purpose (`before`), which goes at the end.
    pub fn tag(&self, purpose: &str) -> String {
        format!("dockopt-{}:{purpose}", self.nonce)
    }

    /// A text without the values that are never shown.
    pub(super) fn mask(&self, text: &str) -> String {
        self.options.mask.apply(text)
    }

    /// Whether somebody wants it to end.
    pub fn is_stopped(&self) -> bool {
        (self.options.stop)()
    }

    /// A new series: what its cache mounts and its lines of change are called.
    pub fn series(&self) -> String {
        format!("{}x{}", self.nonce, self.count.fetch_add(1, Ordering::Relaxed))
    }

    /// Copies a build into a folder of this run, as the first of a new series.
    ///
    /// # Errors
    /// When a file can't be read or there is no room.
    pub fn project(&self, plan: &MeasurePlan) -> Result<Project, Failure> {
        let series = self.series();
        let folder = self.folder.join(&series);
        private(&folder).map_err(|error| Failure::io("making", &folder, &error))?;
        Project::new(&folder, &series, plan, &|| self.is_stopped())
    }

    /// A file in this run's folder that does not exist yet.
    pub(super) fn file(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.count.fetch_add(1, Ordering::Relaxed)))
    }

    /// The commands that were run, secrets masked.
    pub fn commands(&self) -> Vec<String> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Bytes that the build cache holds since this run began, at most: builds of others at the same time are among them.
    /// `None` where the engine doesn't say it soon.
    pub fn left_in_cache(&self) -> Option<u64> {
        let began = i128::try_from(self.began.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok()?;
        let records = self.engine.build_cache().ok()?;
        let is_ours = |record: &&engine::CacheRecord| {
            buildlog::timestamp(&record.created).is_some_and(|at| at.as_nanosecond() >= began)
        };
        Some(records.iter().filter(is_ours).map(|record| record.size).sum())
    }

    /// Removes all that this run made, now; says what could not be removed.
    pub fn close(mut self) -> LeftoverCleanup {
        self.clean()
    }

    fn clean(&mut self) -> LeftoverCleanup {
        let Some(lock) = self.lock.take() else { return LeftoverCleanup::default() };
        let cleaned = leftover::clean(&self.engine, &self.nonce, &self.folder);
        drop(lock);
        cleaned
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.clean();
    }
}

/// Some small letters and digits.
fn random() -> String {
    // The only source of chance that the standard library has.
    format!("{:016x}", RandomState::new().hash_one(std::process::id())).chars().take(12).collect()
}

/// Makes a folder that nobody else may look into.
fn private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
