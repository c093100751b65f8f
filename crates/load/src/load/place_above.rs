//! What a build that copies its context as a whole tells of the folders above its Dockerfile: that the context is the
//! workspace around it, or a folder from which it reaches the Dockerfile's own.

use std::collections::BTreeSet;
use std::path::Path;

use super::disk::Disk;
use super::source_folder::above;
use crate::build::{Build, Stage, installed, selecting_programs};
use crate::data;
use crate::shell::Invocation;
use crate::text::path;

/// The maximum length of a manifest that is looked into, in bytes.
const LONGEST: u64 = 1 << 20;

/// The workspace that the commands of a build need around them.
#[derive(Debug, Default)]
pub(super) struct NeededWorkspace {
    /// The programs that work on one of its projects.
    programs: BTreeSet<&'static str>,
}

impl NeededWorkspace {
    /// The workspace of a build that copies its context as a whole: one that takes some files shows by them where it is.
    pub(super) fn of(build: &Build) -> Self {
        let is_copied = build.needed_transfers().any(|(_, transfer)| transfer.is_of_whole_context());
        Self { programs: if is_copied { selecting_programs(build) } else { BTreeSet::new() } }
    }

    /// How many of the programs find no workspace in a folder.
    pub(super) fn missing_in(&self, folder: &Path, disk: &Disk) -> usize {
        self.programs.iter().filter(|program| !is_workspace(folder, program, disk)).count()
    }
}

/// Whether a program finds its workspace in a folder; also where nothing is known of its workspaces.
fn is_workspace(folder: &Path, program: &str, disk: &Disk) -> bool {
    let mut rows = data::WORKSPACE_FILES.rows().filter(|row| row[0] == program).peekable();
    rows.peek().is_none() || rows.any(|row| holds(&folder.join(row[1]), row[2], disk))
}

/// Whether a file holds a text; `-`: whether it is there.
fn holds(file: &Path, text: &str, disk: &Disk) -> bool {
    if text == "-" || !disk.is_file(file) {
        return disk.is_file(file);
    }
    super::read_source(file, LONGEST).is_ok_and(|source| source.text().contains(text))
}

/// The path of the Dockerfile's folder below each folder above, where the build goes there after it has copied its context:
/// `services/api` of `COPY . /src` and `WORKDIR /src/services/api`.
pub(super) fn own_paths(build: &Build, dockerfile_folder: &Path, root: Option<&Path>, disk: &Disk) -> Vec<String> {
    let whole = build.needed_transfers().filter(|(_, transfer)| transfer.is_of_whole_context());
    let destinations: Vec<String> =
        whole.filter_map(|(stage, transfer)| installed::destination(build, stage, transfer)).collect();
    if destinations.is_empty() {
        return Vec::new();
    }
    let first = |path: &str| path.split('/').next().unwrap_or_default().to_owned();
    let paths = above(dockerfile_folder, root, disk).into_iter().filter_map(|folder| below(dockerfile_folder, &folder));
    let mut paths: Vec<String> = paths.filter(|path| !disk.exists(&dockerfile_folder.join(first(path)))).collect();
    if paths.is_empty() {
        return paths;
    }
    let UsedPaths { entered, named, created } = UsedPaths::of(build);
    let is_any = |known: &BTreeSet<String>, path: &str, is_fit: fn(&str, &str) -> bool| {
        destinations.iter().any(|to| known.iter().any(|known| is_fit(known, &path::join(to, path))))
    };
    paths.retain(|path| {
        !is_any(&created, path, path::is_within)
            && (is_any(&entered, path, path::is_within) || is_any(&named, path, path::is_below))
    });
    paths
}

/// A folder as a path below one above it.
fn below(folder: &Path, above: &Path) -> Option<String> {
    let plain = folder.strip_prefix(".").unwrap_or(folder);
    let below = if above == Path::new(".") { plain } else { folder.strip_prefix(above).ok()? };
    below.to_str().filter(|below| !below.is_empty()).map(str::to_owned)
}

/// The paths in the image that the commands of a build use, and the folders that they work in.
#[derive(Debug, Default)]
struct UsedPaths {
    entered: BTreeSet<String>,
    named: BTreeSet<String>,
    created: BTreeSet<String>,
}

impl UsedPaths {
    fn of(build: &Build) -> Self {
        let mut used = Self::default();
        for stage in build.needed_stages() {
            for run in build.own_runs(stage) {
                for invocation in run.invocations() {
                    used.add(build, (stage, run.index), &invocation);
                }
            }
        }
        if let Some(stage) = build.target()
            && let Some(launch) = build.launch(stage)
        {
            for invocation in launch.script().invocations() {
                used.add(build, (stage, launch.index), &invocation);
            }
        }
        // What a later stage takes out of a folder was there, or was built there.
        for (stage, transfer) in build.needed_transfers().filter(|(_, transfer)| transfer.from.is_some()) {
            let texts = transfer.sources.iter().filter_map(|source| source.text.as_deref());
            used.named
                .extend(texts.filter(|text| text.starts_with('/') && build.is_needed(stage)).map(path::normalize));
        }
        used
    }

    fn add(&mut self, build: &Build, place: (&Stage, usize), invocation: &Invocation) {
        let Some(folder) = installed::folder_of(build, place, invocation) else { return };
        let call = invocation.package_call();
        let of_call = call.and_then(|call| installed::folder(build, place, invocation, &call));
        let words = invocation.args.iter().filter_map(|word| word.value());
        // The folder that a program writes into is none of the context.
        let mut is_output = false;
        let mut paths = BTreeSet::new();
        for word in words {
            if !is_output && !word.starts_with('-') && word.contains('/') {
                paths.insert(path::join(&folder, word));
            }
            is_output = word == "-o" || word == "--output";
        }
        if invocation.is("mkdir") {
            self.created.extend(paths);
        } else {
            self.named.extend(paths);
        }
        self.entered.insert(of_call.unwrap_or(folder));
    }
}
