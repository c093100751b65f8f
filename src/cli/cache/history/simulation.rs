//! Builds the commits of a history, one after the other, with the model of the builder's cache.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::matching::match_tables;
use crate::build::Build;
use crate::buildlog::BuildLog;
use crate::cache::{
    BuildHistory, BuildOutcome, BuilderFlags, ContentId, ContextFiles, Directory, FileNode, Graph, Node, RecordKeeping,
    lineage, logged_times,
};
use crate::cli::args::ImageStore;
use crate::cli::cache::log_notes::missing_steps;
use crate::cli::cache::named::RepositoryContexts;
use crate::cli::cache::place::with_git_folder;
use crate::cli::cache::states::rejection;
use crate::cli::terminal;
use crate::failure::Failure;
use crate::inputs::{BuildInput, Date};
use crate::load::git::{Commit, CommitBuild, CommitFiles, Directories, ObjectId, Repository};
use crate::report::{CommitRow, HistoryCommit, HistoryStep, HistoryTable};
use crate::text::{Source, path};

/// How often progress is said.
const PROGRESS: Duration = Duration::from_secs(1);

/// Another Dockerfile for every commit.
pub(super) struct Replacement {
    /// What messages call it.
    pub(super) name: String,
    pub(super) dockerfile: String,
    /// The text of its .dockerignore, where it brings one.
    pub(super) ignore: Option<String>,
    /// Where that .dockerignore lies in the context, if it replaces that of the context.
    pub(super) ignore_path: Option<String>,
    /// Whether the context of each commit has these files in place of its own.
    pub(super) is_in_context: bool,
}

/// The commits and their builds, newest first.
pub(super) struct Simulation<'s> {
    repository: &'s Repository,
    commits: &'s [Commit],
    builds: &'s [CommitBuild],
    input: &'s BuildInput,
    log: Option<&'s BuildLog>,
    flags: BuilderFlags,
    versions: HashMap<ObjectId, Version>,
    contexts: HashMap<Option<ObjectId>, ContextFiles>,
    named: RepositoryContexts,
    /// The steps of the newest Dockerfile, then those of the other one.
    graphs: Vec<Arc<Graph>>,
    /// Steps of the newest Dockerfile that the log has no line of.
    missing: Vec<String>,
    /// Submodules whose files the clone lacks in a commit.
    unread: BTreeSet<String>,
    /// The work that the commits took, apart from the oldest: the same on each machine.
    effort: u64,
}

/// The effort of a step in a commit, as entries of folders.
const STEP_EFFORT: u64 = 4;

/// A Dockerfile as some commits have it.
#[derive(Clone)]
struct Version {
    graph: Arc<Graph>,
    /// Lines of instructions.
    lines: Arc<[u32]>,
    /// Why the builder rejects it.
    rejection: Option<String>,
    /// For each step that of the newest Dockerfile which it became.
    lineage: Arc<[Option<usize>]>,
}

impl<'s> Simulation<'s> {
    pub(super) fn new(
        repository: &'s Repository,
        commits: &'s [Commit],
        builds: &'s [CommitBuild],
        input: &'s BuildInput,
        log: Option<&'s BuildLog>,
    ) -> Self {
        let (versions, contexts) = (HashMap::new(), HashMap::new());
        Self {
            repository,
            commits,
            builds,
            input,
            log,
            flags: ImageStore::default().flags(),
            versions,
            contexts,
            named: RepositoryContexts::of(repository, input),
            graphs: Vec::new(),
            missing: Vec::new(),
            unread: BTreeSet::new(),
            effort: 0,
        }
    }

    /// The same on a builder with other flags.
    pub(super) fn with_flags(self, flags: BuilderFlags) -> Self {
        Self { flags, ..self }
    }

    /// The paths of submodules whose files the clone lacks in a commit that was built.
    pub(super) fn unread_submodules(&self) -> &BTreeSet<String> {
        &self.unread
    }

    /// The steps of the newest Dockerfile that the log has no line of, though it has others.
    pub(super) fn missing_steps(&self) -> Vec<&str> {
        self.missing.iter().map(String::as_str).collect()
    }

    /// What a reader must know of named contexts whose files no commit has.
    pub(super) fn unknown_contexts(&self) -> Vec<String> {
        self.named.unknown(&self.graphs)
    }

    /// The work that the commits took, apart from the oldest, whose folders are all new.
    pub(super) fn effort(&self) -> u64 {
        self.effort
    }

    pub(super) fn commits(&self) -> Vec<HistoryCommit> {
        let commits = self.commits.iter().map(|commit| HistoryCommit {
            id: commit.id.to_string(),
            date: Date::of_unix(commit.seconds),
            summary: commit.summary.clone(),
        });
        commits.collect()
    }

    /// Builds all commits from the oldest to the newest, with their own Dockerfile or with another one.
    pub(super) fn run(
        &mut self,
        name: &str,
        replacement: Option<&Replacement>,
        keeping: RecordKeeping,
    ) -> Result<HistoryTable, Failure> {
        let newest = match replacement {
            Some(replacement) => self.version(&replacement.dockerfile, None),
            None => self.read_versions()?,
        };
        self.graphs.push(Arc::clone(&newest.graph));
        self.contexts.clear();
        let mut history = BuildHistory::new(keeping, newest.graph.steps.len());
        let mut directories = Directories::new(self.repository);
        let mut rows = Vec::with_capacity(self.commits.len());
        let mut last_progress = Instant::now();
        let mut oldest_entries = None;
        for (index, build) in self.builds.iter().enumerate().rev() {
            if directories.is_full() {
                directories.forget();
                history.forget_digests();
            }
            rows.push(match build {
                CommitBuild::Absent => CommitRow::Absent,
                CommitBuild::Unreadable(failure) => CommitRow::Unreadable(failure.what.clone()),
                CommitBuild::Found(files) => {
                    let version = replacement.map(|_| &newest).or_else(|| self.versions.get(&files.dockerfile));
                    let version = version.unwrap_or(&newest).clone();
                    let commit = &self.commits[index];
                    self.build_commit((files, commit), &version, replacement, &mut directories, &mut history)
                }
            });
            if oldest_entries.is_none() && directories.entries_read() > 0 {
                oldest_entries = Some(directories.entries_read());
            }
            if last_progress.elapsed() > PROGRESS {
                last_progress = Instant::now();
                terminal::note(&format!("{} of {} commits", self.builds.len() - index, self.builds.len()));
            }
        }
        rows.reverse();
        self.unread.extend(directories.unread().iter().cloned());
        let steps = (self.builds.len() * newest.graph.steps.len()) as u64;
        self.effort += directories.entries_read() - oldest_entries.unwrap_or(0) + STEP_EFFORT * steps;
        let times = self.log.map(|log| (log, logged_times(&newest.graph, self.input, log)));
        if let (None, Some((log, times))) = (replacement, &times) {
            self.missing = missing_steps(&newest.graph, times, log).into_iter().map(str::to_owned).collect();
        }
        let seconds = times.map(|(_, times)| times.seconds).unwrap_or_default();
        let steps = newest.graph.steps.iter().zip(history.steps).enumerate();
        let steps = steps.map(|(index, (step, count))| HistoryStep {
            name: step.name.clone(),
            line: newest.lines.get(step.instruction).copied().unwrap_or(0),
            kind: step.kind,
            count,
            seconds: seconds.get(index).copied().flatten(),
            same_as: None,
            part_of: None,
        });
        Ok(HistoryTable { name: name.to_owned(), steps: steps.collect(), rows })
    }

    fn build_commit(
        &mut self,
        (files, commit): (&CommitFiles, &Commit),
        version: &Version,
        replacement: Option<&Replacement>,
        directories: &mut Directories,
        history: &mut BuildHistory,
    ) -> CommitRow {
        if let Some(rejection) = &version.rejection {
            return CommitRow::Rejected(rejection.clone());
        }
        let context = directories.directory(files.context).and_then(|root| {
            let root = match replacement {
                Some(replacement) if replacement.is_in_context => Arc::new(replaced(&root, files, replacement)),
                _ => root,
            };
            let root = with_git_folder(self.repository, &files.place.context, root, commit.id);
            let named = self.named.of_commit(self.repository, commit, directories)?;
            Ok(self.context(files, root, replacement)?.with_named(named))
        });
        match context {
            Err(failure) => CommitRow::Unreadable(failure.what),
            Ok(context) => match history.add(&version.graph, &context, &version.lineage) {
                BuildOutcome::First => CommitRow::First,
                BuildOutcome::Built(verdicts) => CommitRow::Built(verdicts),
                BuildOutcome::Failed(source) => CommitRow::Failed(source),
            },
        }
    }

    /// The files of a commit under its .dockerignore, or under that of the other Dockerfile.
    fn context(
        &mut self,
        files: &CommitFiles,
        root: Arc<Directory>,
        replacement: Option<&Replacement>,
    ) -> Result<ContextFiles, Failure> {
        let ignore = replacement.and_then(|replacement| replacement.ignore.clone());
        let key = if ignore.is_some() { None } else { files.ignore };
        if let Some(known) = self.contexts.get(&key) {
            return Ok(known.over(root));
        }
        let ignore = match ignore {
            Some(text) => Some(text),
            None => files.ignore.map(|id| self.repository.text(id)).transpose()?,
        };
        let context = ContextFiles::new(root, ignore.as_deref()).with_doubt(self.input.context_doubt.as_deref());
        self.contexts.insert(key, context.over(Arc::default()));
        Ok(context)
    }

    /// Reads all Dockerfiles of the history; returns the newest.
    fn read_versions(&mut self) -> Result<Version, Failure> {
        let mut newest: Option<Version> = None;
        let mut last: Option<Version> = None;
        for build in self.builds {
            let CommitBuild::Found(files) = build else { continue };
            if let Some(known) = self.versions.get(&files.dockerfile) {
                last = Some(known.clone());
                continue;
            }
            let version = self.version(&self.repository.text(files.dockerfile)?, last.as_ref());
            self.versions.insert(files.dockerfile, version.clone());
            if version.rejection.is_none() {
                newest.get_or_insert_with(|| version.clone());
                last = Some(version);
            }
        }
        newest.or(last).ok_or_else(|| {
            let what = "the builder rejects the Dockerfile of every commit".to_owned();
            Failure::new(crate::failure::FailureKind::Setup, what, "`dockopt lint` says why")
        })
    }

    /// The steps of a Dockerfile; `newer` is the one that followed it.
    fn version(&self, text: &str, newer: Option<&Version>) -> Version {
        let source = Source::of("Dockerfile", text);
        let mut input = BuildInput::new(&source, self.input.options.clone());
        input.base_images.clone_from(&self.input.base_images);
        let rejection = rejection(&input);
        let graph = match rejection {
            None => Graph::new(&Build::new(&input), &self.flags),
            Some(_) => Graph::default(),
        };
        let lineage = match newer {
            Some(newer) => lineage(&graph, &newer.graph, &newer.lineage),
            None => (0..graph.steps.len()).map(Some).collect(),
        };
        let lines = input.file.instructions().iter().map(|instruction| instruction.start_line).collect();
        Version { graph: Arc::new(graph), lines, rejection, lineage: lineage.into() }
    }

    /// Says of each RUN of each table which one of the table before it runs the same command.
    pub(super) fn match_steps(&self, tables: &mut [HistoryTable]) {
        for (index, graphs) in self.graphs.windows(2).enumerate() {
            if let ([before, after], Some([first, second])) = (graphs, tables.get_mut(index..index + 2)) {
                match_tables((before, first), (after, second));
            }
        }
    }
}

/// The files of a commit with the other Dockerfile in place of its own.
fn replaced(root: &Directory, files: &CommitFiles, replacement: &Replacement) -> Directory {
    let file = |text: &str| Node::File(FileNode::new(ContentId::of_bytes(text.as_bytes()), 0o644));
    let mut root = root.clone();
    if let Some(place) = path::relative(&files.place.dockerfile, &files.place.context) {
        root = root.with(place, Some(file(&replacement.dockerfile)));
    }
    if let (Some(place), Some(text)) = (&replacement.ignore_path, &replacement.ignore)
        && let Some(place) = path::relative(place, &files.place.context)
    {
        root = root.with(place, Some(file(text)));
    }
    root
}
