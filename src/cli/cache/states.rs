//! The two states of a build that a prediction compares: as it was built last, and as it is to be built.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::place::{RepositoryPlace, because, with_git_folder};
use crate::build::Build;
use crate::cache::{BuildState, BuilderFlags, ContextFiles, Digests, Graph, Prediction, Records, names_only, touch};
use crate::cli::output::CommandFailure;
use crate::inputs::{BuildInput, IgnoreInput, Inputs};
use crate::load::git::{CommitBuild, Directories};
use crate::load::{DOCKERFILE_LIMIT, read_source};
use crate::text::Source;

/// What changes between the states.
pub(in crate::cli::cache) struct Change {
    /// Files whose contents change.
    pub(in crate::cli::cache) touched: Vec<PathBuf>,
    /// The commit that was built last.
    pub(in crate::cli::cache) since: Option<String>,
    /// The Dockerfile that is built.
    pub(in crate::cli::cache) against: Option<PathBuf>,
    /// Build arguments that get another value.
    pub(in crate::cli::cache) build_args: Vec<(String, String)>,
}

/// One state.
pub(in crate::cli::cache) struct State {
    pub(in crate::cli::cache) input: BuildInput,
    pub(in crate::cli::cache) context: ContextFiles,
}

/// Both states, and how they are called.
pub(in crate::cli::cache) struct States {
    pub(in crate::cli::cache) before: State,
    pub(in crate::cli::cache) after: State,
    pub(in crate::cli::cache) compared: String,
    pub(in crate::cli::cache) notes: Vec<String>,
}

impl Change {
    /// Whether a commit is what was built last: one that is named, or HEAD where nothing else is said to change.
    fn commit(&self) -> Option<&str> {
        let is_named = !self.touched.is_empty() || self.against.is_some() || !self.build_args.is_empty();
        self.since.as_deref().or((!is_named).then_some("HEAD"))
    }
}

impl State {
    /// The build as a commit has it.
    fn of_commit(place: &RepositoryPlace, input: &BuildInput, name: &str) -> Result<Self, CommandFailure> {
        let repository = &place.repository;
        let commit = repository.commit(repository.resolve(name)?)?;
        let files = match repository.builds(std::slice::from_ref(&commit), &place.paths).pop() {
            Some(CommitBuild::Found(files)) => files,
            Some(CommitBuild::Unreadable(failure)) => return Err(failure.into()),
            Some(CommitBuild::Absent) | None => {
                let what = format!("`{}` is not in {name}", place.paths.dockerfile);
                return Err(because(what, "name a commit that has it"));
            }
        };
        let text = repository.text(files.dockerfile)?;
        let ignore = files.ignore.map(|ignore| repository.text(ignore)).transpose()?;
        let root = Directories::new(repository).directory(files.context)?;
        let root = with_git_folder(repository, &files.place.context, root, commit.id);
        let mut earlier = BuildInput::new(&Source::of(&place.paths.dockerfile, &text), input.options.clone());
        earlier.base_images.clone_from(&input.base_images);
        Ok(Self { input: earlier, context: ContextFiles::new(root, ignore.as_deref()) })
    }

    /// The steps.
    pub(in crate::cli::cache) fn graph(&self, flags: &BuilderFlags) -> Graph {
        Graph::new(&Build::new(&self.input), flags)
    }
}

impl States {
    /// What the builder does with the second state after the first.
    pub(in crate::cli::cache) fn predict(&self, flags: &BuilderFlags) -> (Graph, Prediction) {
        let (old, new) = (self.before.graph(flags), self.after.graph(flags));
        let before = BuildState { graph: &old, context: &self.before.context, folder: "" };
        let after = BuildState { graph: &new, context: &self.after.context, folder: "" };
        let prediction = Prediction::new(before, after, &mut Records::default(), &mut Digests::default());
        (new, prediction)
    }

    pub(in crate::cli::cache) fn read(inputs: &Inputs, build: usize, change: &Change) -> Result<Self, CommandFailure> {
        let input = &inputs.builds[build];
        let mut states = match change.commit() {
            Some(commit) => Self::between(inputs, build, commit, None)?,
            None => Self::same(input),
        };
        if !change.touched.is_empty() {
            states.touch(input, &change.touched);
        }
        if let Some(path) = &change.against {
            states.replace_dockerfile(path)?;
        }
        for (name, value) in &change.build_args {
            states.after.input.options.build_args.push((name.clone(), value.clone()));
            states.add_words(&format!("`--build-arg {name}` changed"));
        }
        for (state, of) in [(&states.before, "before the change"), (&states.after, "after the change")] {
            if let Some(rejection) = rejection(&state.input) {
                let name = inputs.source(input.dockerfile).name();
                let what = format!("the builder rejects `{name}` as it is {of}: {rejection}");
                return Err(because(what, "correct it, or compare with another commit (`--since`)"));
            }
        }
        Ok(states)
    }

    /// The build as it is, twice.
    fn same(input: &BuildInput) -> Self {
        let root = input.context.as_ref().map(|context| names_only(context)).unwrap_or_default();
        let state = || State { input: input.clone(), context: ContextFiles::new(Arc::clone(&root), None) };
        Self { before: state(), after: state(), compared: String::new(), notes: Vec::new() }
    }

    /// The build of a commit, and that of the working tree, or of a later commit.
    pub(in crate::cli::cache) fn between(
        inputs: &Inputs,
        build: usize,
        earlier: &str,
        later: Option<&str>,
    ) -> Result<Self, CommandFailure> {
        let input = &inputs.builds[build];
        let place = RepositoryPlace::of(inputs, build)?;
        let mut before = State::of_commit(&place, input, earlier)?;
        if let Some(later) = later {
            let after = State::of_commit(&place, input, later)?;
            return Ok(Self { before, after, compared: format!("{later} against {earlier}"), notes: Vec::new() });
        }
        let work_tree = place.repository.work_directory(&place.paths.context)?;
        let (head, context) = (place.repository.resolve("HEAD")?, &place.paths.context);
        // What git ignores is the same before and after.
        let names = input.context.as_ref().map(|context| names_only(context)).unwrap_or_default();
        before.context = before.context.over(Arc::new(before.context.root.with_missing(&names, Some(&work_tree))));
        let work_tree = Arc::new(work_tree.with_missing(&names, None));
        let work_tree = with_git_folder(&place.repository, context, work_tree, head);
        let context = ContextFiles::new(work_tree, ignore_text(inputs, input).as_deref());
        let after = State { input: input.clone(), context };
        Ok(Self { before, after, compared: format!("the working tree against {earlier}"), notes: Vec::new() })
    }

    /// Changes the contents of files.
    fn touch(&mut self, input: &BuildInput, paths: &[PathBuf]) {
        let mut names = Vec::new();
        for path in paths {
            let Some(below) = below_context(input, path) else {
                self.notes.push(format!("`{}` is not in the build context: it changes no step", path.display()));
                continue;
            };
            let is_ignored = input.context.as_ref().and_then(|context| context.excluded_above(&below)).is_some();
            if is_ignored {
                self.notes.push(format!("`{below}` is left out by .dockerignore: it changes no step"));
                continue;
            }
            let root = touch(&self.after.context.root, &below);
            self.after.context = self.after.context.over(Arc::new(root));
            names.push(format!("`{below}`"));
        }
        if !names.is_empty() {
            self.add_words(&format!("{} changed", names.join(", ")));
        }
    }

    fn replace_dockerfile(&mut self, path: &Path) -> Result<(), CommandFailure> {
        let source = read_source(path, DOCKERFILE_LIMIT)?;
        let base_images = std::mem::take(&mut self.after.input.base_images);
        self.after.input = BuildInput::new(&source, self.after.input.options.clone());
        self.after.input.base_images = base_images;
        self.add_words(&format!("built with `{}`", path.display()));
        Ok(())
    }

    fn add_words(&mut self, words: &str) {
        if !self.compared.is_empty() {
            self.compared.push_str(", ");
        }
        self.compared.push_str(words);
    }
}

/// Why the builder rejects a build, if it does: then nothing is cached, and nothing reruns.
pub(in crate::cli::cache) fn rejection(input: &BuildInput) -> Option<String> {
    if let Some(verdict) = input.file.verdict() {
        let line = verdict.lines.map(|(line, _)| format!("line {line}: ")).unwrap_or_default();
        return Some(format!("{line}{}", verdict.message));
    }
    let target = input.options.target.as_ref()?;
    (!Build::new(input).knows_target()).then(|| format!("target stage `{target}` could not be found"))
}

/// The text of the .dockerignore that counts now.
fn ignore_text(inputs: &Inputs, input: &BuildInput) -> Option<String> {
    match &input.ignore {
        IgnoreInput::Present(file, _) => Some(inputs.source(*file).text().to_owned()),
        _ => None,
    }
}

/// The path of a file below the context: as it is typed, else taken from the context's folder.
fn below_context(input: &BuildInput, path: &Path) -> Option<String> {
    let root = Path::new(input.context_root.as_deref()?).canonicalize().ok()?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let typed = parent.canonicalize().ok().zip(path.file_name()).map(|(parent, name)| parent.join(name));
    let typed = typed.or_else(|| path.canonicalize().ok());
    let below = typed.as_deref().and_then(|typed| typed.strip_prefix(&root).ok()).map(Path::to_path_buf);
    let exists = below.as_ref().is_some_and(|below| root.join(below).exists());
    let below = match below {
        Some(below) if exists => below,
        Some(_) | None if path.is_relative() && root.join(path).exists() => path.to_path_buf(),
        Some(below) => below,
        None => return None,
    };
    Some(crate::text::path::normalize(&below.to_str()?.replace('\\', "/")))
}
