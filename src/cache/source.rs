//! Which steps take source files.

use crate::build::{Build, Stage, Transfer};
use crate::inputs::context::{BuildContext, Certainty, EntryId, Kind, Selection, Selector, classify, select};
use crate::manifest::{Project, is_manifest};

/// A step that takes source files from the context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Index of the instruction.
    pub instruction: usize,
    /// A source file that it takes; `None` when the context was not looked at.
    pub example: Option<String>,
}

/// What a file of the context is for a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Read by the install of dependencies: manifests, lock files and what they name.
    Dependencies,
    /// History, caches, results, the Dockerfile itself: no source.
    Made,
    /// What people edit.
    Source,
}

/// Endings of files that people edit most.
const CODE: [&str; 32] = [
    "py", "ts", "tsx", "js", "jsx", "mjs", "vue", "svelte", "go", "rs", "java", "kt", "cs", "fs", "rb", "php", "c",
    "cc", "cpp", "h", "hpp", "swift", "scala", "ex", "exs", "erl", "hs", "sh", "sql", "html", "css", "scss",
];

/// Tells the files of one context apart.
#[derive(Debug)]
pub struct Origins<'c> {
    context: &'c BuildContext,
    /// Topmost entries that nobody edits, ascending.
    made: Vec<EntryId>,
    /// Files and folders that installs read, sorted.
    install: Vec<&'c str>,
}

impl<'c> Origins<'c> {
    /// For a context and the projects in it.
    pub fn new(context: &'c BuildContext, projects: Option<&'c [Project]>) -> Self {
        let sure = classify(context).iter().filter(|found| found.class.certainty == Certainty::Sure);
        let mut install: Vec<&str> = Vec::new();
        for project in projects.unwrap_or_default() {
            install.extend(project.manifests.iter().map(String::as_str));
            for way in &project.installs {
                install.extend(way.files.iter().chain(&way.folders).map(|path| path.trim_end_matches('/')));
            }
        }
        install.sort_unstable();
        install.dedup();
        Self { context, made: sure.map(|found| found.entry).collect(), install }
    }

    /// What a file is.
    pub fn of(&self, file: EntryId) -> Origin {
        let before = self.made.partition_point(|entry| *entry <= file);
        let above = before.checked_sub(1).map(|at| self.made[at]);
        if above.is_some_and(|above| above == file || self.context.is_below(file, above)) {
            return Origin::Made;
        }
        let path = self.context.path(file);
        if is_recipe(self.context.entry(file).name) {
            return Origin::Made;
        }
        let read = |path: &str| self.install.binary_search(&path).is_ok();
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        if read(&path) || folders.into_iter().any(read) || is_manifest(&path).is_some() {
            return Origin::Dependencies;
        }
        Origin::Source
    }
}

/// The first step of a stage that takes a source file.
pub(super) fn first_change(
    build: &Build,
    stage: &Stage,
    context: Option<&BuildContext>,
    projects: Option<&[Project]>,
) -> Option<Change> {
    let mut taken: Vec<(usize, Taken)> = Vec::new();
    let copies = build.transfers(stage).into_iter().filter(|transfer| transfer.from.is_none());
    taken.extend(copies.map(|transfer| (transfer.index, Taken::Copied(transfer))));
    let bound = build.bound(stage).into_iter().filter_map(|(index, source)| Some((index, Taken::Bound(source?))));
    taken.extend(bound);
    taken.sort_by_key(|(index, _)| *index);
    let mut origins = None;
    for (instruction, taken) in taken {
        let Some(context) = context else {
            if taken.is_everything() {
                return Some(Change { instruction, example: None });
            }
            continue;
        };
        let origins = origins.get_or_insert_with(|| Origins::new(context, projects));
        let example = match &taken {
            Taken::Copied(transfer) => source_file(transfer, context, origins),
            Taken::Bound(source) => {
                let found = select(context, source, Selector { parents: false, exclude: &[] });
                edited(found.into_iter(), context, origins)
            }
        };
        if example.is_some() {
            return Some(Change { instruction, example });
        }
    }
    None
}

/// What an instruction takes of the context.
enum Taken<'a> {
    Copied(Transfer<'a>),
    /// By a bind mount. Its content is part of the step's key, as that of a COPY is.
    Bound(String),
}

impl Taken<'_> {
    fn is_everything(&self) -> bool {
        match self {
            Self::Copied(transfer) => transfer.sources.iter().any(crate::build::Source::is_everything),
            Self::Bound(source) => matches!(source.trim_start_matches("./").trim_matches('/'), "" | "."),
        }
    }
}

/// A file that people edit among those that a COPY takes: code before anything else.
pub fn source_file(transfer: &Transfer, context: &BuildContext, origins: &Origins) -> Option<String> {
    edited(transfer.select(context).into_iter().flatten(), context, origins)
}

fn edited(selections: impl Iterator<Item = Selection>, context: &BuildContext, origins: &Origins) -> Option<String> {
    let mut other = None;
    for selection in selections {
        for file in selection.entries {
            let entry = context.entry(file);
            if entry.kind == Kind::Directory || (other.is_some() && !is_code(entry.name)) {
                continue;
            }
            if origins.of(file) == Origin::Source {
                if is_code(entry.name) {
                    return Some(context.path(file));
                }
                other = Some(file);
            }
        }
    }
    other.map(|file| context.path(file))
}

/// The Dockerfile and what stands beside it for the build's sake: a change of those is no source change.
fn is_recipe(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let starts =
        ["dockerfile", "containerfile", "docker-compose", "compose.y"].iter().any(|start| lower.starts_with(start));
    starts || lower.ends_with(".dockerfile") || lower.ends_with(".dockerignore")
}

fn is_code(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| CODE.contains(&ending))
}
