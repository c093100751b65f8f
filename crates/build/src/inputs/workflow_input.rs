//! A pipeline of the run, with what is known of the repository around it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::manifest::FileKind;
use crate::text::{FileId, Source, path};
use crate::workflow::{
    self, BuildCall, Builder, ComposeCall, RemoteScript, RepositoryFiles, StepCommand, Workflow, WorkflowPlace,
};

/// Compose files above a script that are looked at.
const COMPOSES: usize = 30;

/// Sources of one context that are read.
const SOURCES: usize = 300;

/// A pipeline that is checked.
#[derive(Clone, Debug)]
pub struct WorkflowInput {
    /// The file.
    pub file: FileId,
    /// Its path from the top of the repository.
    pub path: String,
    /// What it comes to.
    pub workflow: Arc<Workflow>,
    /// The builds of its steps.
    pub calls: Arc<Vec<BuildCall>>,
    /// Its calls of Compose, where a person starts them: the text of compose files is known then.
    pub compose_calls: Arc<Vec<ComposeCall>>,
    /// What it runs on other machines.
    pub remote_scripts: Arc<Vec<RemoteScript>>,
    /// The files of the run by the numbers that places have; `None` for files of which nothing is reported with this one.
    pub parts: Vec<Option<FileId>>,
    /// The repository.
    pub repository: Arc<Repository>,
}

/// The files of a repository, as far as pipelines ask for them.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    /// Its folder, as the user would type it; empty for the one that dockopt runs in.
    pub folder: String,
    /// Paths of its files from its top; those that git ignores are left out.
    pub files: BTreeSet<String>,
    /// Whether all are in that list.
    pub is_complete: bool,
    /// The texts of those that pipelines name, by their paths.
    pub texts: BTreeMap<String, Source>,
}

impl Repository {
    /// Whether a file is there.
    pub fn has(&self, path: &str) -> bool {
        self.files.contains(path)
    }

    /// Whether a folder is there that holds a file.
    pub fn has_folder(&self, folder: &str) -> bool {
        folder.is_empty() || self.below(folder).next().is_some()
    }

    /// The files below a folder.
    pub fn below<'r>(&'r self, folder: &str) -> impl Iterator<Item = &'r str> {
        let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let from = self.files.range::<String, _>(start.clone()..);
        from.map(String::as_str).take_while(move |path| path.starts_with(&start))
    }

    /// The files of the folder that Compose takes its project from, where it is started in `folder`: of that, or of the
    /// next one above that has some.
    pub fn composes_of(&self, folder: &str) -> Vec<&str> {
        let mut folder = folder;
        loop {
            let composes = self.composes_in(folder);
            if !composes.is_empty() || folder.is_empty() {
                return composes;
            }
            folder = path::parent(folder);
        }
    }

    /// The compose files that a script may mean which is started nobody knows where: those of each folder above, from the
    /// top, and of its own.
    pub fn composes_above(&self, folder: &str) -> Vec<&str> {
        let mut folders = vec![folder];
        while let Some(last) = folders.last()
            && !last.is_empty()
        {
            folders.push(path::parent(last));
        }
        folders.iter().rev().flat_map(|folder| self.composes_in(folder)).take(COMPOSES).collect()
    }

    /// All of its compose files; `None` where there are more than this.
    pub fn composes(&self, limit: usize) -> Option<Vec<String>> {
        let composes = self.files.iter().filter(|file| path::is_compose(file)).take(limit + 1);
        Some(composes.cloned().collect::<Vec<_>>()).filter(|composes| composes.len() <= limit)
    }

    /// The compose files of a folder itself.
    fn composes_in(&self, folder: &str) -> Vec<&str> {
        // A sorted set gives those that begin alike without a look at all others.
        let begins = ["compose", "docker-compose"].map(|name| path::child(folder, name));
        let named = begins.iter().flat_map(|begins| {
            let from = self.files.range::<String, _>(begins.clone()..).map(String::as_str);
            from.take_while(move |path| path.starts_with(begins.as_str()))
        });
        named.filter(|path| path::parent(path) == folder && path::is_compose(path)).collect()
    }

    /// The sources of programs below a folder, those nearest to the top first: they say what a start needs.
    pub fn programs_below(&self, folder: &str) -> Vec<&str> {
        let is_program = |file: &&str| {
            let kind = FileKind::of(file);
            kind.has_code() && !kind.is_test()
        };
        let mut programs: Vec<&str> = self.below(folder).filter(is_program).collect();
        programs.sort_by_key(|file| file.matches('/').count());
        programs.truncate(SOURCES);
        programs
    }

    /// The files of bake or Compose that a build reads: those that it names, else those of its folder that are read by
    /// themselves; `None` where that is not known.
    pub fn build_files(&self, call: &BuildCall) -> Option<Vec<String>> {
        let folder = match &call.folder {
            Some(folder) => path::normalize(folder.constant()?),
            None => String::new(),
        };
        let folder = if folder == "." { String::new() } else { folder };
        let is_default = |file: &str| match call.builder {
            Builder::Bake => path::name(file).starts_with("docker-bake."),
            Builder::Compose => path::is_compose(path::name(file)),
            _ => false,
        };
        if call.files.is_empty() {
            let files = self.below(&folder).filter(|file| path::split(file).0 == folder && is_default(file));
            return Some(files.map(str::to_owned).collect());
        }
        let named = call.files.iter().map(|file| Some(path::normalize(&path::join(&folder, file.constant()?))));
        named.collect()
    }

    /// A file as the user would type it.
    pub fn name(&self, path: &str) -> String {
        path::child(&self.folder, path)
    }
}

impl WorkflowInput {
    /// Reads a pipeline; `None` where the text is none. `files` gives the texts of the repository.
    pub fn read(
        file: FileId,
        path: String,
        source: &Source,
        files: &RepositoryFiles,
        repository: Arc<Repository>,
    ) -> Option<Self> {
        let names = repository.is_complete.then_some(&repository.files);
        let workflow = workflow::read(&path, source, files, names)?;
        let calls = Arc::new(BuildCall::all(&workflow));
        // Their texts are kept with those that pipelines ask for.
        let place = |call: &BuildCall| (call.builder, call.folder.as_ref().map(|folder| folder.text.clone()));
        let mut places = BTreeSet::new();
        for call in calls.iter().filter(|call| matches!(call.builder, Builder::Bake | Builder::Compose)) {
            if !call.files.is_empty() || places.insert(place(call)) {
                for file in repository.build_files(call).unwrap_or_default() {
                    files(&file);
                }
            }
        }
        let compose_calls = ComposeCall::all(&workflow);
        ask_for_texts(&workflow, &compose_calls, &repository, files);
        let remote_scripts = RemoteScript::all(&workflow);
        if !remote_scripts.is_empty() || !workflow.kind.is_pipeline() && source.text().contains("docker") {
            let above = repository.composes_above(path::parent(&path)).into_iter().map(str::to_owned);
            for file in above.chain(repository.composes(COMPOSES).unwrap_or_default()) {
                drop(files(&file));
            }
            drop(files(".gitignore"));
        }
        let compose_calls = if workflow.kind.is_pipeline() { Vec::new() } else { compose_calls };
        let (workflow, compose_calls) = (Arc::new(workflow), Arc::new(compose_calls));
        let remote_scripts = Arc::new(remote_scripts);
        Some(Self { file, path, workflow, calls, compose_calls, remote_scripts, parts: vec![Some(file)], repository })
    }

    /// The contexts of the images that it may push.
    pub fn pushed_contexts(&self) -> BTreeSet<&str> {
        let mut scripts = self.workflow.jobs.iter().flat_map(|job| &job.steps).filter_map(|step| step.script.as_ref());
        let pushes =
            self.calls.iter().any(BuildCall::may_push) || scripts.any(|script| script.text.text.contains("push"));
        if !self.workflow.kind.is_pipeline() || !pushes {
            return BTreeSet::new();
        }
        self.calls.iter().flat_map(|call| call.legs.iter().flatten()).map(|leg| &*leg.context).collect()
    }

    /// Sets the files of the run that its parts are; `known` gives them by their paths.
    pub fn set_parts(&mut self, known: &dyn Fn(&str) -> Option<FileId>) {
        let parts = self.workflow.files.iter().skip(1).map(|path| known(path));
        self.parts = std::iter::once(Some(self.file)).chain(parts).collect();
    }

    /// The file of the run that a place is in.
    pub fn file_of(&self, place: WorkflowPlace) -> Option<FileId> {
        *self.parts.get(place.file as usize)?
    }

    /// Reads it again where one of its files changed.
    #[must_use]
    pub fn with_sources(&self, before: &[Source], now: &[Source]) -> Self {
        let text = |sources: &[Source], file: FileId| sources.get(file.0 as usize).map(Source::shared_text);
        let changed = self.parts.iter().zip(&self.workflow.files);
        let changed = changed.filter_map(|(file, path)| Some(((*file)?, path)));
        let changed: Vec<_> = changed.filter(|(file, _)| text(before, *file) != text(now, *file)).collect();
        if changed.is_empty() {
            return self.clone();
        }
        let mut repository = (*self.repository).clone();
        for (file, path) in changed {
            repository.texts.insert(path.clone(), now[file.0 as usize].clone());
        }
        let source = &now[self.file.0 as usize];
        let repository = Arc::new(repository);
        let text = |path: &str| repository.texts.get(path).cloned();
        let read = Self::read(self.file, self.path.clone(), source, &text, Arc::clone(&repository));
        let mut input = read.unwrap_or_else(|| self.clone());
        input.parts.clone_from(&self.parts);
        input
    }
}

/// The `package.json` of a folder and of those above it.
fn packages_above(repository: &Repository, folder: &str) -> Vec<String> {
    let above = std::iter::successors(Some(folder), |folder| (!folder.is_empty()).then(|| path::parent(folder)));
    let files = above.map(|folder| path::child(folder, "package.json"));
    files.filter(|file| repository.has(file)).collect()
}

/// Asks for the texts that commands name, so that those are known which git ignores too.
fn ask_for_texts(workflow: &Workflow, calls: &[ComposeCall], repository: &Repository, files: &RepositoryFiles) {
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    for call in calls {
        wanted.extend(call.files.iter().filter_map(|(_, path)| path.clone()));
        if let Some(folder) = &call.folder
            && call.files.is_empty()
        {
            wanted.extend(repository.composes_of(folder).into_iter().map(str::to_owned));
            wanted.insert(path::child(folder, ".env"));
        }
    }
    for command in workflow.jobs.iter().flat_map(|job| &job.steps).flat_map(StepCommand::all) {
        wanted.extend(command.script());
        let is_of_package = matches!(command.invocation.program, Some("npm" | "pnpm"));
        if is_of_package && let Some(folder) = command.path(".") {
            wanted.extend(packages_above(repository, &folder));
        }
    }
    if !wanted.is_empty() {
        wanted.insert(".gitignore".to_owned());
    }
    for path in wanted {
        drop(files(&path));
    }
}
