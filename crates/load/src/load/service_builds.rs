//! How compose and bake files beside Dockerfiles run their containers. Each file is read once, however many Dockerfiles lie
//! around it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::compose::{BuildOrigin, NamedBuild, unfold};
use super::compose_input::{ComposeFile, read_composes};
use super::disk::Disk;
use super::dockerfiles::merge_origins;
use super::file::folder_of;
use super::project_files::{composes_in, read_build_list};
use super::request::ComposeOptions;
use crate::text::Source;
use crate::text::path::is_compose;

/// The most files of which builds are looked at for one Dockerfile.
const FILES: usize = 100;

/// The compose and bake files of the folders that were asked about, and the builds in them.
#[derive(Default)]
pub(super) struct ServiceBuilds {
    /// The files directly in a folder.
    listed: BTreeMap<PathBuf, Vec<PathBuf>>,
    /// What is in a file; `None` for one that names no builds.
    read: BTreeMap<PathBuf, Option<Arc<FileBuilds>>>,
}

/// The builds that a compose or bake file names.
struct FileBuilds {
    /// The path of a compose file, absolute.
    compose_path: Option<String>,
    /// By their Dockerfiles, links followed.
    by_dockerfile: BTreeMap<PathBuf, Vec<FileBuild>>,
}

/// A build, and the files that it is written in.
struct FileBuild {
    build: NamedBuild,
    written_in: Vec<String>,
}

impl FileBuilds {
    fn read(file: &Path, source: &Source, disk: &Disk) -> Self {
        let path = file.to_owned();
        let is_compose = is_compose(source.name());
        let listed = if is_compose { vec![(path, source.clone())] } else { Vec::new() };
        let compose = read_composes(listed, &ComposeOptions::default()).into_iter().next();
        let mut by_dockerfile: BTreeMap<PathBuf, Vec<FileBuild>> = BTreeMap::new();
        for build in unfold(file, source, (Some(folder_of(file)), None), compose.as_ref(), disk).named {
            let written_in = compose.as_ref().map(|compose| compose.paths_of(&build.written_in)).unwrap_or_default();
            by_dockerfile.entry(build.real.clone()).or_default().push(FileBuild { build, written_in });
        }
        Self { compose_path: compose.map(ComposeFile::into_own_path), by_dockerfile }
    }

    /// The builds of a Dockerfile that this file is to tell of: those that other files write, which are looked at too, are
    /// told of there.
    fn of_dockerfile(&self, real: &Path, others: &BTreeSet<&str>) -> impl Iterator<Item = NamedBuild> {
        let is_told_here = |path: &String| Some(path) == self.compose_path.as_ref() || !others.contains(path.as_str());
        let builds = self.by_dockerfile.get(real).into_iter().flatten();
        let builds =
            builds.filter(move |build| build.written_in.is_empty() || build.written_in.iter().any(is_told_here));
        builds.map(|build| build.build.clone())
    }
}

impl ServiceBuilds {
    /// How a Dockerfile is built and how its containers are run, as the files directly in these folders say; `None` if none
    /// builds it.
    pub(super) fn origin_of(
        &mut self,
        dockerfile: &Path,
        folders: BTreeSet<PathBuf>,
        disk: &Disk,
    ) -> Option<BuildOrigin> {
        let mut files = Vec::new();
        for folder in folders {
            let listed = self.listed.entry(folder).or_insert_with_key(|folder| composes_in(folder));
            files.extend(listed.iter().cloned());
        }
        files.truncate(FILES);
        let lists: Vec<Arc<FileBuilds>> = files.into_iter().filter_map(|file| self.builds_of(file, disk)).collect();
        let others: BTreeSet<&str> = lists.iter().filter_map(|file| file.compose_path.as_deref()).collect();
        let real = disk.real_path(dockerfile)?;
        let builds: Vec<NamedBuild> = lists.iter().flat_map(|file| file.of_dockerfile(&real, &others)).collect();
        merge_origins(dockerfile, builds)
    }

    fn builds_of(&mut self, file: PathBuf, disk: &Disk) -> Option<Arc<FileBuilds>> {
        let read = |file: &PathBuf| Some(Arc::new(FileBuilds::read(file, &read_build_list(file)?, disk)));
        self.read.entry(file).or_insert_with_key(read).clone()
    }
}
