//! Which steps take source files.

use super::Likeness;
use crate::build::{Build, Stage, Transfer};
use crate::data;
use crate::inputs::context::{
    BuildContext, Certainty, ContextEntryKind, EntryId, Selection, Selector, classify, select,
};
use crate::manifest::{ContentKind, FileKind, Project, is_manifest};
use crate::text::path;

/// The number of files whose paths are compared for the best example.
const LOOKED: u32 = 20_000;

/// The folder of a repository's history.
const GIT_FOLDER: &str = ".git";

/// A step that takes source files from the context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceStep {
    /// Index of the instruction.
    pub instruction: usize,
    /// A source file that it takes; `None` if the context is unknown.
    pub example: Option<String>,
    /// Whether people edit that file often: it is not only data, settings or text.
    pub is_often_edited: bool,
}

/// The role of a file of the context in a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileOrigin {
    /// Read by the install of dependencies: manifests, lock files and the files that they name.
    Dependencies,
    /// History, caches, results, the Dockerfile itself: not a source file.
    Made,
    /// A file that people edit.
    Source,
}

/// Classifies the files of a context.
#[derive(Debug)]
pub struct Origins<'c> {
    context: &'c BuildContext,
    /// The topmost entries that are not edited, ascending.
    generated: Vec<EntryId>,
    /// Files and folders that installs read, sorted.
    install: Vec<&'c str>,
}

impl<'c> Origins<'c> {
    /// For a context and the projects in it.
    pub fn new(context: &'c BuildContext, projects: Option<&'c [Project]>) -> Self {
        let sure = classify(context).iter().filter(|classified| classified.class.certainty == Certainty::Sure);
        let mut install: Vec<&str> = Vec::new();
        for project in projects.unwrap_or_default() {
            install.extend(project.manifests.iter().map(String::as_str));
            for way in &project.installs {
                install.extend(way.files.iter().chain(&way.folders).map(|path| path.trim_end_matches('/')));
            }
        }
        install.sort_unstable();
        install.dedup();
        Self { context, generated: sure.map(|classified| classified.entry).collect(), install }
    }

    /// The role of a file.
    pub fn of(&self, file: EntryId) -> FileOrigin {
        let before = self.generated.partition_point(|entry| *entry <= file);
        let above = before.checked_sub(1).map(|at| self.generated[at]);
        if above.is_some_and(|above| above == file || self.context.is_below(file, above)) {
            return FileOrigin::Made;
        }
        let path = self.context.path(file);
        let name = self.context.entry(file).name;
        let kind = FileKind::of(name);
        // A change of those is not a source change.
        let is_history = path.split('/').any(|part| part == GIT_FOLDER);
        if kind.is_recipe() || kind.nature() == ContentKind::Repository || is_history {
            return FileOrigin::Made;
        }
        if steers_install(name) {
            return FileOrigin::Dependencies;
        }
        let read = |path: &str| self.install.binary_search(&path).is_ok();
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        if read(&path) || folders.into_iter().any(read) || is_manifest(&path).is_some() {
            return FileOrigin::Dependencies;
        }
        FileOrigin::Source
    }
}

/// The first step of a stage that takes a source file.
pub(super) fn first_change(
    build: &Build,
    stage: &Stage,
    context: Option<&BuildContext>,
    projects: Option<&[Project]>,
) -> Option<SourceStep> {
    let mut copies_and_mounts: Vec<(usize, TakenFiles)> = Vec::new();
    let copies = build.transfers(stage).iter().filter(|transfer| transfer.from.is_none());
    copies_and_mounts.extend(copies.map(|transfer| (transfer.index, TakenFiles::Copied(transfer))));
    let bound = build.bound(stage).into_iter().filter_map(|(index, source)| Some((index, TakenFiles::Bound(source?))));
    copies_and_mounts.extend(bound);
    copies_and_mounts.sort_by_key(|(index, _)| *index);
    let mut origins = None;
    let home = home(build);
    // Pictures, certificates and settings count where no instruction takes what people edit more often.
    let mut rarely_edited: Option<SourceStep> = None;
    for (instruction, copies_and_mounts) in copies_and_mounts {
        let Some(context) = context else {
            if copies_and_mounts.is_everything() {
                return Some(SourceStep { instruction, example: None, is_often_edited: true });
            }
            continue;
        };
        let origins = origins.get_or_insert_with(|| Origins::new(context, projects));
        let example = match &copies_and_mounts {
            TakenFiles::Copied(transfer) => source_file_near(transfer, context, origins, &[], home),
            TakenFiles::Bound(source) => {
                let files = select(context, source, Selector { parents: false, exclude: &[] });
                let selections: Vec<Selection> = files.into_iter().collect();
                let best = edited(all_files(selections.iter()), context, origins, &[]);
                best.map(|best| context.path(best_near(best, &selections, origins, (&[], home))))
            }
        };
        let Some(path) = &example else { continue };
        let is_often_edited = Likeness::of_path(path).is_often_edited();
        let step = SourceStep { instruction, example, is_often_edited };
        if is_often_edited {
            return Some(step);
        }
        rarely_edited.get_or_insert(step);
    }
    rarely_edited
}

/// The folder of the Dockerfile in its context: of a build among others, its own sources lie there.
fn home<'b>(build: &'b Build) -> &'b str {
    let name = build.input().file.source().name();
    let below = match build.input().context_root.as_deref() {
        Some(".") => Some(name),
        Some(root) => path::relative(name, root),
        None => None,
    };
    below.map_or("", path::parent)
}

/// The files that an instruction takes from the context.
enum TakenFiles<'a> {
    Copied(&'a Transfer<'a>),
    /// By a bind mount. Its content is part of the step's cache key, like that of a COPY.
    Bound(String),
}

impl TakenFiles<'_> {
    fn is_everything(&self) -> bool {
        match self {
            Self::Copied(transfer) => transfer.sources.iter().any(crate::build::Source::is_everything),
            Self::Bound(source) => matches!(source.trim_start_matches("./").trim_matches('/'), "" | "."),
        }
    }
}

/// A file that people edit among those that a COPY takes: the program's own code takes precedence over tests, settings
/// and texts.
pub fn source_file(transfer: &Transfer, context: &BuildContext, origins: &Origins) -> Option<String> {
    source_file_outside(transfer, context, origins, &[])
}

/// The same among the files that are not in `folders`.
pub fn source_file_outside(
    transfer: &Transfer,
    context: &BuildContext,
    origins: &Origins,
    folders: &[String],
) -> Option<String> {
    source_file_near(transfer, context, origins, folders, "")
}

/// The same; files below the folder `home` come before others.
fn source_file_near(
    transfer: &Transfer,
    context: &BuildContext,
    origins: &Origins,
    folders: &[String],
    home: &str,
) -> Option<String> {
    let sources: Vec<_> = transfer.sources.iter().map(|source| &source.text).collect();
    let length = origins.install.len();
    // Many Dockerfiles may share a context, each with a home of its own.
    let question = format!("{:?}", ("source", sources, &transfer.exclude, transfer.parents, length, folders));
    let selections = || transfer.select(context).into_iter().flatten().collect::<Vec<Selection>>();
    let best = context.get_or_find(question, || edited(all_files(selections().iter()), context, origins, folders))?;
    let best = if home.is_empty() { best } else { best_near(best, &selections(), origins, (folders, home)) };
    Some(context.path(best))
}

/// The files of several selections.
fn all_files<'s>(selections: impl Iterator<Item = &'s Selection>) -> impl Iterator<Item = EntryId> {
    selections.flat_map(|selection| selection.entries.iter().copied())
}

/// The best example below the folder `home`, unless the best of all is edited more often.
fn best_near(
    best: EntryId,
    selections: &[Selection],
    origins: &Origins,
    (left_out, home): (&[String], &str),
) -> EntryId {
    let context = origins.context;
    let folder = if home.is_empty() { None } else { context.find(home) };
    let Some(folder) = folder else { return best };
    let near = selections.iter().flat_map(|selection| context.entries_below(&selection.entries, folder));
    let is_often_edited = |file: EntryId| Likeness::of_path(&context.path(file)).is_often_edited();
    match edited(near.copied(), context, origins, left_out) {
        Some(near) if is_often_edited(near) || !is_often_edited(best) => near,
        _ => best,
    }
}

/// How good a file is as an example, the best first: often edited, likely.
type ExampleRank = (bool, Likeness);

/// The best example among files that are not in the folders `left_out`.
fn edited(
    files: impl Iterator<Item = EntryId>,
    context: &BuildContext,
    origins: &Origins,
    left_out: &[String],
) -> Option<EntryId> {
    let mut best: Option<(ExampleRank, EntryId)> = None;
    let mut looked = 0;
    for file in files {
        let entry = context.entry(file);
        let rank = |likeness: Likeness| (!likeness.is_often_edited(), likeness);
        if entry.kind == ContextEntryKind::Directory
            || best.is_some_and(|(best, _)| rank(Likeness::of_name(entry.name)) >= best)
        {
            continue;
        }
        let path = context.path(file);
        if left_out.iter().any(|folder| folder.is_empty() || path::is_within(&path, folder)) {
            continue;
        }
        looked += 1;
        let rank = rank(Likeness::of_path(&path));
        if best.is_some_and(|(best, _)| rank >= best) || origins.of(file) != FileOrigin::Source {
            continue;
        }
        best = Some((rank, file));
        if rank == (false, Likeness::Main) || looked > LOOKED {
            break;
        }
    }
    best.map(|(_, file)| file)
}

/// Settings and wrappers of installs, and manifests of languages whose projects are not read.
fn steers_install(name: &str) -> bool {
    data::INSTALL_FILES.contains(name)
        || data::INSTALL_FILES.keys().any(|pattern| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
            (Some(end), _) => name.ends_with(end),
            (_, Some(start)) => name.starts_with(start),
            _ => false,
        })
}
