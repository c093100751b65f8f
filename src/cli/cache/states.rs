//! The two states of a build that a prediction compares: as it was built last, and as it is to be built.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::named::{RepositoryContexts, named_folders, names_of_contexts};
use super::place::{RepositoryPlace, because, unread_submodules, with_git_folder};
use super::recipe::input_of_commit;
use super::renamed_dockerfile::find_renamed;
use super::unrecorded::{Doubt, Unversioned, doubts};
use crate::build::{Build, PROXY_ARGS};
use crate::cache::{
    BuildState, BuilderFlags, ContentId, ContextFiles, Digests, Graph, NamedFiles, Node, Prediction, Records,
    StepVerdict, names_only, touch,
};
use crate::cli::output::CommandFailure;
use crate::inputs::{BuildInput, IgnoreInput, Inputs};
use crate::load::git::{CommitBuild, Directories, ObjectId, TreeEntryKind};
use crate::load::{DOCKERFILE_LIMIT, folder_of, read_source};
use crate::settings::closest;
use crate::text;

/// Commits before the earlier one whose records a builder may have.
const OLDER: usize = 5;

/// Entries of a context that are too many to read of several commits and still answer at once.
const LARGE: usize = 10_000;

/// Files whose names are compared with one that does not exist.
const COMPARED: usize = 20_000;

/// Arguments that a message names.
const LISTED: usize = 10;

/// How the names of arguments begin that are for the builder itself.
const BUILDER_ARGS: &str = "BUILDKIT_";

/// The argument that enters every WORKDIR, with an ARG or without.
const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// What changes between the states.
pub(in crate::cli::cache) struct Change {
    /// Files whose contents change.
    pub(in crate::cli::cache) touched: Vec<PathBuf>,
    /// The commit or folder that was built last.
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
    /// Whether files of submodules could not be read.
    pub(in crate::cli::cache) is_partial: bool,
    /// What may differ from the last build, though git does not say so.
    doubts: Vec<Doubt>,
    /// Files that git does not have, and those of the work tree; `None` where a commit or folder is not compared with it.
    unversioned: Option<Unversioned>,
}

/// A state, and what is known of where it is from.
pub(in crate::cli::cache) struct PlacedState {
    pub(in crate::cli::cache) state: State,
    /// The context's folder, in a commit.
    pub(in crate::cli::cache) tree: Option<ObjectId>,
    /// Submodules whose files are not known.
    pub(in crate::cli::cache) unread: BTreeSet<String>,
    /// What a reader must know.
    pub(in crate::cli::cache) note: Option<String>,
}

impl Change {
    /// The commit or folder that was built last: what is named, or HEAD where nothing else is said to change.
    pub(in crate::cli::cache) fn earlier(&self) -> Option<&str> {
        let is_named = !self.touched.is_empty() || self.against.is_some() || !self.build_args.is_empty();
        self.since.as_deref().or((!is_named).then_some("HEAD"))
    }
}

impl State {
    /// The build as a commit has it.
    pub(in crate::cli::cache) fn of_commit(
        place: &RepositoryPlace,
        input: &BuildInput,
        name: &str,
    ) -> Result<PlacedState, CommandFailure> {
        let repository = &place.repository;
        let commit = repository.commit(repository.resolve(name)?)?;
        let head = repository.commit(repository.resolve("HEAD")?)?;
        let mut commit_build = repository.build_before(&commit, &head, &place.paths);
        if matches!(commit_build, CommitBuild::Absent)
            && let Some(paths) = find_renamed(repository, &head, &place.paths, input.file.source().text())?
        {
            commit_build = repository.build_before(&commit, &head, &paths);
        }
        let files = match commit_build {
            CommitBuild::Found(files) => files,
            CommitBuild::Unreadable(failure) => return Err(failure.into()),
            CommitBuild::Absent => {
                let what = format!("`{}` is not in {name}", place.paths.dockerfile);
                let help = match name {
                    "HEAD" => "commit it, or compare with a commit that has it (`--since`)",
                    _ => "name a commit that has it",
                };
                return Err(because(what, help));
            }
        };
        let earlier = input_of_commit(place, input, (&commit, &files), name)?;
        let ignore = files.ignore.map(|ignore| repository.text(ignore)).transpose()?;
        let mut directories = Directories::new(repository);
        let root = directories.directory(files.context)?;
        let root = with_git_folder(repository, &files.place.context, root, commit.id);
        let dockerfile = &files.place.dockerfile;
        let named = RepositoryContexts::of(repository, input).of_commit(repository, &commit, &mut directories)?;
        let is_renamed = *dockerfile != place.paths.dockerfile;
        Ok(PlacedState {
            state: Self { input: earlier, context: ContextFiles::new(root, ignore.as_deref()).with_named(named) },
            tree: Some(files.context),
            unread: directories.unread().clone(),
            note: is_renamed.then(|| format!("in {name} the Dockerfile is `{dockerfile}`")),
        })
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

    /// What may rerun besides, because git does not record all that the builder looks at.
    pub(in crate::cli::cache) fn doubt_notes(
        &self,
        (graph, flags): (&Graph, &BuilderFlags),
        predicted: &Prediction,
    ) -> Vec<String> {
        let old = self.before.graph(flags);
        let before = BuildState { graph: &old, context: &self.before.context, folder: "" };
        let instructions = self.after.input.file.instructions();
        let line_of = |index: usize| {
            let instruction = graph.steps.get(index).and_then(|step| instructions.get(step.instruction));
            instruction.map_or(0, |instruction| instruction.start_line)
        };
        let note = |doubt: &Doubt| {
            let after = BuildState { graph, context: &doubt.context, folder: "" };
            let doubtful = Prediction::new(before, after, &mut Records::default(), &mut Digests::default());
            doubt.note(&predicted.steps, &doubtful.steps, line_of)
        };
        self.doubts.iter().filter_map(note).collect()
    }

    /// Which step a builder would not run that has also built a commit before the earlier one.
    pub(in crate::cli::cache) fn older_note(
        &self,
        (place, earlier): (&RepositoryPlace, &str),
        (graph, flags): (&Graph, &BuilderFlags),
        predicted: &Prediction,
    ) -> Option<String> {
        let unversioned = self.unversioned.as_ref()?;
        let context = self.after.input.context.as_ref();
        if context.is_some_and(|context| context.len() > LARGE) {
            return None;
        }
        if predicted.steps.iter().all(|step| step.verdict == StepVerdict::Hit) {
            return None;
        }
        let old = self.before.graph(flags);
        let before = BuildState { graph: &old, context: &self.before.context, folder: "" };
        let after = BuildState { graph, context: &self.after.context, folder: "" };
        for back in 1..=OLDER {
            let name = format!("{earlier}~{back}");
            let older = State::of_commit(place, &self.before.input, &name).ok()?.state;
            let context = older.context.over(unversioned.add_to(&older.context.root));
            let (mut records, mut digests) = (Records::default(), Digests::default());
            records.build(&older.graph(flags), &context, &mut digests);
            let known = Prediction::new(before, after, &mut records, &mut digests);
            let pairs = predicted.steps.iter().zip(&known.steps).zip(&graph.steps);
            let mut hits = pairs
                .filter(|((step, known), _)| step.verdict != StepVerdict::Hit && known.verdict == StepVerdict::Hit);
            if let Some((_, step)) = hits.next() {
                let more = hits.count();
                let and = if more > 0 { format!(" and {more} more") } else { String::new() };
                let verb = if more > 0 { "are" } else { "is" };
                return Some(format!(
                    "`{}`{and} {verb} as in {name}: cached if the builder has built it and keeps its records",
                    step.name
                ));
            }
        }
        None
    }

    /// With what else changes.
    pub(in crate::cli::cache) fn with(
        self,
        inputs: &Inputs,
        build: usize,
        change: &Change,
    ) -> Result<Self, CommandFailure> {
        let mut states = self;
        let input = &inputs.builds[build];
        if !change.touched.is_empty() {
            states.touch(input, &change.touched)?;
        }
        if let Some(path) = &change.against {
            states.replace_dockerfile(path)?;
        }
        for (name, value) in &change.build_args {
            states.check_argument(name, inputs.source(input.dockerfile).name())?;
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
    pub(in crate::cli::cache) fn same(input: &BuildInput) -> Self {
        let root = input.context.as_ref().map(|context| names_only(context)).unwrap_or_default();
        let state = || State {
            input: input.clone(),
            context: ContextFiles::new(Arc::clone(&root), None).with_named(names_of_contexts(input)),
        };
        let (before, after) = (state(), state());
        Self {
            before,
            after,
            compared: String::new(),
            notes: Vec::new(),
            is_partial: false,
            doubts: Vec::new(),
            unversioned: None,
        }
        .with_doubt(input.context_doubt.as_deref())
    }

    /// With the reason why the build context may be another folder.
    pub(in crate::cli::cache) fn with_doubt(mut self, doubt: Option<&str>) -> Self {
        for state in [&mut self.before, &mut self.after] {
            state.context = state.context.clone().with_doubt(doubt);
        }
        self
    }

    /// The build of a commit, and that of the working tree, or of a later commit.
    pub(in crate::cli::cache) fn of_commits(
        inputs: &Inputs,
        build: usize,
        place: &RepositoryPlace,
        (earlier, later): (&str, Option<&str>),
    ) -> Result<Self, CommandFailure> {
        let input = &inputs.builds[build];
        let mut before = State::of_commit(place, input, earlier)?;
        if let Some(later) = later {
            let after = State::of_commit(place, input, later)?;
            return Ok(Self::placed(Some(place), before, after, format!("{later} against {earlier}")));
        }
        let work_tree = place.repository.work_directory(&place.paths.context)?;
        let (head, context) = (place.repository.resolve("HEAD")?, &place.paths.context);
        // What git ignores is the same before and after.
        let unchanged = input.context.as_ref().map(|context| names_only(context)).unwrap_or_default();
        let files = &before.state.context;
        let folder = Path::new(input.context_root.as_deref().unwrap_or("."));
        let unversioned = Unversioned::new(folder, &unchanged, work_tree.root);
        let (old, new) = (unversioned.add_to(&files.root), unversioned.work_tree());
        let named = files.contexts().iter().map(|(name, files)| (name.clone(), files.clone())).collect();
        let contexts = RepositoryContexts::of(&place.repository, input);
        let (old_named, new_named) = contexts.with_work_tree(&place.repository, input, named)?;
        before.state.context = files.over(old).with_named(old_named);
        let root = with_git_folder(&place.repository, context, new, head);
        let context = ContextFiles::new(root, ignore_text(inputs, input).as_deref()).with_named(new_named);
        let doubts = doubts(folder, &context);
        let state = State { input: input.clone(), context };
        let after = PlacedState { state, tree: None, unread: work_tree.unread, note: None };
        let states = Self::placed(Some(place), before, after, format!("the working tree against {earlier}"));
        Ok(Self { doubts, unversioned: Some(unversioned), ..states })
    }

    /// Two states. Where one of them lacks the files of a submodule, the other gets something that it can
    /// be compared with.
    pub(in crate::cli::cache) fn placed(
        place: Option<&RepositoryPlace>,
        before: PlacedState,
        after: PlacedState,
        compared: String,
    ) -> Self {
        let mut notes: Vec<String> = [before.note, after.note].into_iter().flatten().collect();
        notes.extend(unread_submodules(before.unread.union(&after.unread)));
        let is_partial = !before.unread.is_empty() || !after.unread.is_empty();
        let (mut before_state, mut after_state) = (before.state, after.state);
        for module in after.unread.difference(&before.unread) {
            // Only the commit is known of it.
            let entry =
                before.tree.zip(place).and_then(|(tree, place)| place.repository.entry_at(tree, module).ok()?);
            if let Some(entry) = entry.filter(|entry| entry.kind == TreeEntryKind::Submodule) {
                let node = Node::Other(ContentId::of_git(entry.id.as_bytes()));
                let files = &mut before_state.context;
                *files = files.over(Arc::new(files.root.with(module, Some(node))));
            }
        }
        for module in before.unread.difference(&after.unread) {
            // It is of another commit than before: which of its files differ is not known.
            if let Some(node) = touch(&after_state.context.root, module).node(module) {
                let files = &mut before_state.context;
                *files = files.over(Arc::new(files.root.with(module, Some(node.clone()))));
            }
        }
        share_unknown(&mut before_state.context, &mut after_state.context);
        Self {
            before: before_state,
            after: after_state,
            compared,
            notes,
            is_partial,
            doubts: Vec::new(),
            unversioned: None,
        }
    }

    /// Changes the contents of files.
    fn touch(&mut self, input: &BuildInput, paths: &[PathBuf]) -> Result<(), CommandFailure> {
        let folders = touched_folders(input);
        let mut touched: BTreeSet<(Option<&str>, String)> = BTreeSet::new();
        for path in paths {
            let places: Vec<(Option<&str>, &Path, String)> =
                folders.iter().filter_map(|(name, root)| Some((*name, *root, below_folder(root, path)?))).collect();
            let is_there = |(_, root, below): &&(_, &Path, String)| root.join(below).symlink_metadata().is_ok();
            if !places.iter().any(|place| is_there(&place)) {
                let is_outside = places.is_empty() && path.symlink_metadata().is_ok();
                if !is_outside {
                    return Err(missing_file(input, path));
                }
                self.notes.push(format!("`{}` is not in the build context: it changes no step", path.display()));
            }
            for (name, _, below) in places.iter().filter(is_there) {
                if self.is_ignored(input, *name, below) {
                    self.notes.push(format!("`{below}` is left out by .dockerignore: it changes no step"));
                } else {
                    touched.insert((*name, below.clone()));
                }
            }
        }
        // A file changes once, also where it is named with its folder.
        let outer = |(name, below): &&(Option<&str>, String)| {
            !touched.iter().any(|(of, other)| of == name && other != below && text::path::is_within(below, other))
        };
        let touched: Vec<&(Option<&str>, String)> = touched.iter().filter(outer).collect();
        for (name, below) in &touched {
            self.after.context = touched_context(&self.after.context, *name, below);
        }
        let names: BTreeSet<String> = touched
            .iter()
            .map(|(name, below)| {
                let below = if below.is_empty() { "." } else { below };
                name.map_or_else(|| format!("`{below}`"), |name| format!("`{name}:{below}`"))
            })
            .collect();
        let names: Vec<String> = names.into_iter().collect();
        if !names.is_empty() {
            self.add_words(&format!("{} changed", names.join(", ")));
        }
        Ok(())
    }

    /// Whether .dockerignore leaves out a file of the build context or of a named one.
    fn is_ignored(&self, input: &BuildInput, name: Option<&str>, below: &str) -> bool {
        match name {
            None => input.context.as_ref().and_then(|context| context.excluded_above(below)).is_some(),
            Some(name) => match self.after.context.find_context(name) {
                Some(NamedFiles::Folder(files)) => !below.is_empty() && !files.sends(below),
                _ => false,
            },
        }
    }

    /// Refuses an argument that no build takes: a value for it would change nothing, which is hardly what was meant.
    fn check_argument(&self, name: &str, dockerfile: &str) -> Result<(), CommandFailure> {
        let inputs = [&self.before.input, &self.after.input];
        let known: BTreeSet<String> = inputs.into_iter().flat_map(argument_names).collect();
        let is_builtin = PROXY_ARGS.contains(&name) || name == EPOCH || name.starts_with(BUILDER_ARGS);
        if known.contains(name) || is_builtin {
            return Ok(());
        }
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        let help = match closest(name, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "leave --change-build-arg out".to_owned(),
            None => format!("its arguments: {}", names.get(..LISTED).unwrap_or(&names).join(", ")),
        };
        Err(because(format!("`{dockerfile}` has no `ARG {name}`"), &help))
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

/// The names of all ARGs, those of triggers included.
fn argument_names(input: &BuildInput) -> Vec<String> {
    let instructions = input.file.instructions().iter();
    let instructions = instructions.map(|instruction| input.file.trigger(instruction).unwrap_or(instruction));
    instructions.flat_map(|instruction| input.file.args(instruction)).map(|arg| arg.name.text.to_string()).collect()
}

/// A file that was named and does not exist, with the one that was probably meant.
fn missing_file(input: &BuildInput, path: &Path) -> CommandFailure {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let context = input.context.as_deref();
    let files: Vec<String> = context
        .into_iter()
        .flat_map(|context| context.entries().take(COMPARED).map(|file| context.path(file)))
        .collect();
    let names: Vec<&str> = files.iter().map(|file| text::path::name(file)).collect();
    let near = closest(&name, &names);
    let typed = path.parent().map(|folder| folder.to_string_lossy().replace('\\', "/")).unwrap_or_default();
    let of_name = || files.iter().filter(|file| near.as_deref() == Some(text::path::name(file)));
    let same_folder = of_name().find(|file| text::path::parent(file) == typed.trim_start_matches("./"));
    let help = match same_folder.or_else(|| of_name().next()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name a file or folder of the build context".to_owned(),
    };
    because(format!("`{}` does not exist", path.display()), &help)
}

/// The text of the .dockerignore that counts now.
fn ignore_text(inputs: &Inputs, input: &BuildInput) -> Option<String> {
    match &input.ignore {
        IgnoreInput::Present(file, _) => Some(inputs.source(*file).text().to_owned()),
        _ => None,
    }
}

/// The build context, and the named contexts that are folders.
fn touched_folders(input: &BuildInput) -> Vec<(Option<&str>, &Path)> {
    let root = input.context_root.as_deref().map(|root| (None, Path::new(root)));
    root.into_iter().chain(named_folders(input).into_iter().map(|(name, folder)| (Some(name), folder))).collect()
}

/// A context in which a file of it, or of one of its named contexts, is another.
fn touched_context(context: &ContextFiles, name: Option<&str>, below: &str) -> ContextFiles {
    let Some(name) = name else { return context.over(Arc::new(touch(&context.root, below))) };
    let named = context.contexts().iter().map(|(known, files)| {
        let files = match files {
            NamedFiles::Folder(files) if known.eq_ignore_ascii_case(name) => {
                NamedFiles::Folder(touched_context(files, None, below))
            }
            files => files.clone(),
        };
        (known.clone(), files)
    });
    context.clone().with_named(named.collect::<Vec<_>>())
}

/// A named context whose files are not known in one state is not known in the other.
fn share_unknown(before: &mut ContextFiles, after: &mut ContextFiles) {
    let unknown = |context: &ContextFiles| -> Vec<(String, NamedFiles)> {
        let named = context.contexts().iter().filter(|(_, files)| !matches!(files, NamedFiles::Folder(_)));
        named.map(|(name, files)| (name.clone(), files.clone())).collect()
    };
    let all = [unknown(before), unknown(after)].concat();
    for context in [before, after] {
        let named = context.contexts().clone().into_iter().chain(all.clone());
        *context = context.clone().with_named(named.collect::<Vec<_>>());
    }
}

/// The path of a file below a context's folder: as it is typed, else taken from the folder.
fn below_folder(root: &Path, path: &Path) -> Option<String> {
    let root = root.canonicalize().ok()?;
    let parent = folder_of(path);
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
    let below = text::path::normalize(&below.to_str()?.replace('\\', "/"));
    let is_outside = below == ".." || below.starts_with("../");
    (!is_outside).then_some(below)
}
