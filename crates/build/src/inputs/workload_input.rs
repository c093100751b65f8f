//! The manifests of the run, with what they say of containers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::checked_sources::ContextFiles;
use super::local_url::local_urls;
use crate::data;
use crate::manifest::FileKind;
use crate::sources::routes::{RouteAnswer, SourceFile, routes};
use crate::text::{FileId, path};
use crate::workload::{ImageChange, ProbeAction, WorkloadFile};

/// Paths of probes that are looked up in sources.
const PATHS: usize = 100;

/// A manifest that is checked.
#[derive(Clone, Debug)]
pub struct WorkloadInput {
    /// The file.
    pub file: FileId,
    /// Its path from the top of the run, however the user typed that.
    pub place: String,
    /// Whether something applies it, as far as the kustomizations around it tell.
    pub is_applied: bool,
    /// What it says.
    pub content: Arc<WorkloadFile>,
}

impl WorkloadInput {
    /// Whether only developers run it, by the folders that it lies in.
    pub fn is_for_developers(&self) -> bool {
        // `local-environment` is one, too.
        let is_local = |folder: &str| folder.split(['-', '_', '.']).any(|word| data::LOCAL_OVERLAYS.contains(word));
        path::parent(&self.place).split('/').any(|folder| data::LOCAL_OVERLAYS.contains(folder) || is_local(folder))
    }
}

/// What the sources of a build context say of the paths that probes ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbedSources {
    /// Paths that no source names.
    pub unnamed: BTreeSet<String>,
    /// Paths that answer only while other services do.
    pub with_others: BTreeSet<String>,
}

/// The manifests of a run, and what the sources say of their probes.
#[derive(Clone, Debug, Default)]
pub struct WorkloadProject {
    /// Those that say something of containers.
    pub files: Vec<WorkloadInput>,
    /// Those that only another program can read, such as Helm.
    pub templates: Vec<String>,
    /// Whether a kustomization gives objects other names than their manifests.
    pub renames: bool,
    /// What sets their images when they are applied.
    pub image_changes: Arc<Vec<ImageChange>>,
    /// Where files and folders of builds lie, by their names in the run: from its top, or absolute elsewhere; links followed. Several
    /// names may stand for one of them.
    pub places: Arc<BTreeMap<String, String>>,
    /// What sources say of the paths that they ask for, by the folder of the build context: absolute those of services, as the user
    /// would type them those of Dockerfiles. Contexts that could not be read are left out.
    pub probed_sources: Arc<BTreeMap<String, ProbedSources>>,
}

impl WorkloadProject {
    /// Where a file or folder lies; as it is named where that is not known.
    pub fn place(&self, name: &str) -> String {
        self.places.get(name).cloned().unwrap_or_else(|| path::normalize(name))
    }
}

/// The paths that the probes of some manifests ask for.
pub fn probe_paths(files: &[WorkloadInput]) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for file in files {
        for container in file.content.workloads.iter().flat_map(|workload| &workload.containers) {
            for probe in [&container.readiness, &container.liveness, &container.startup] {
                match probe.value().map(|probe| &probe.action) {
                    Some(ProbeAction::Http(http)) => paths.extend(http.path.value().cloned()),
                    Some(ProbeAction::Exec(words)) => {
                        paths.extend(words.value().into_iter().flatten().flat_map(|word| paths_in(word)));
                    }
                    _ => {}
                }
            }
            let check = container.check.value().and_then(|check| check.words.value());
            paths.extend(check.into_iter().flatten().flat_map(|word| paths_in(word)));
        }
        paths.extend(file.content.target_groups.iter().filter_map(|group| group.path.value().cloned()));
    }
    paths.into_iter().take(PATHS).collect()
}

/// The paths of requests in a word of a check.
fn paths_in(word: &str) -> Vec<String> {
    local_urls(word).map(|url| url.path.to_owned()).filter(|path| !path.is_empty()).collect()
}

/// What the sources of a context say of some paths of requests.
pub fn probed_sources(files: &ContextFiles, paths: &BTreeSet<String>) -> ProbedSources {
    let bare = |path: &str| path.split(['?', '#']).next().unwrap_or_default().trim_matches('/').to_owned();
    let is_plain = |path: &str| path.chars().all(|c| c.is_ascii_alphanumeric() || "/_-.".contains(c));
    let by_bare: BTreeMap<String, &String> = paths.iter().map(|path| (bare(path), path)).collect();
    let plain = by_bare.keys().map(String::as_str).filter(|path| !path.is_empty() && is_plain(path));
    let unnamed = files.unnamed(plain);
    let unnamed = unnamed.iter().filter_map(|path| by_bare.get(path)).map(|path| (*path).clone());
    let code = files.files.iter().filter(|(path, _)| !FileKind::of(path).is_test());
    let code = code.filter_map(|(path, text)| Some(SourceFile { path, text: text.as_deref()? }));
    let code: Vec<SourceFile> = code.collect();
    let known = routes(&code);
    let mut with_others = BTreeSet::new();
    for (bare_path, path) in &by_bare {
        // Of several programs in one context, another one may have such a path.
        let mut answers = known.iter().filter(|route| bare(&route.path) == *bare_path).peekable();
        if answers.peek().is_some() && answers.all(|route| route.answer == RouteAnswer::WithOthers) {
            with_others.insert((*path).clone());
        }
    }
    ProbedSources { unnamed: unnamed.collect(), with_others }
}
