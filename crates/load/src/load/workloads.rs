//! Manifests on the way to inputs: those of a folder that describe containers, without what Kustomize changes in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::context_files::context_files;
use super::file::{display_path, path_below, read_source};
use super::looked_at::note_glimpse;
use super::variables::{absolute_path, current_folder};
use crate::compose::project::ComposeValue;
use crate::inputs::{InputProblem, Inputs, ProbedSources, WorkloadInput, probe_paths, probed_sources};
use crate::text::{FileId, Source, path};
use crate::workload::{self, MOST_BYTES, Overlay, WorkloadFile};

/// Files of a folder that are looked at.
const FILES: usize = 20_000;

/// Bytes of all of them.
const BYTES: u64 = 256 << 20;

/// Build contexts whose sources are read.
const CONTEXTS: usize = 30;

/// Whether a file may be a manifest, by its name.
pub(super) fn is_manifest(name: &str) -> bool {
    path::is_yaml(name) || [".json", ".tf"].iter().any(|ending| name.ends_with(ending)) || workload::is_overlay(name)
}

/// A manifest on its way.
struct ManifestDraft {
    path: PathBuf,
    /// Its path from the folder that is looked at.
    name: String,
    source: Source,
    content: WorkloadFile,
}

/// Adds the manifests of a folder to the inputs.
pub(super) fn add_workloads(inputs: &mut Inputs, files: &[PathBuf], root: &Path) -> Vec<(PathBuf, FileId)> {
    let mut left = BYTES;
    let is_fitting = |file: &&PathBuf| {
        let bytes = std::fs::metadata(file).map_or(u64::MAX, |kind| kind.len());
        let is_read = bytes <= MOST_BYTES && bytes <= left;
        left -= if is_read { bytes } else { 0 };
        is_read
    };
    let fitting: Vec<&PathBuf> = files.iter().take(FILES).filter(is_fitting).collect();
    inputs
        .problems
        .extend(files.iter().take(FILES).filter(|file| !fitting.contains(file)).filter_map(|file| unread(file)));
    let name = |file: &PathBuf| path_below(file, root).unwrap_or_else(|| display_path(file));
    let read = |file: &&PathBuf| {
        let name = name(file);
        let source = read_source(file, MOST_BYTES).ok()?;
        let is_kept = workload::is_overlay(&name) || workload::may_have_workloads(&name, source.text());
        is_kept.then(|| ((*file).clone(), name, source))
    };
    let texts: Vec<(PathBuf, String, Source)> = fitting.par_iter().filter_map(read).collect();
    let text = |wanted: &str| texts.iter().find(|(_, name, _)| name == wanted).map(|(.., source)| source.clone());
    let is_overlay = |(_, name, _): &&(PathBuf, String, Source)| workload::is_overlay(name);
    let overlays: BTreeMap<String, Overlay> = texts
        .iter()
        .filter(is_overlay)
        .map(|(_, name, source)| (path::parent(name).to_owned(), Overlay::read(name, source, &text)))
        .collect();
    let drafts: Vec<ManifestDraft> = texts
        .into_par_iter()
        .filter(|(_, name, _)| !workload::is_overlay(name) && is_whole(name, &overlays))
        .map(|(path, name, source)| {
            let content = workload::read(&name, &source);
            ManifestDraft { path, name, source, content }
        })
        .collect();
    drafts.into_iter().filter_map(|draft| add_draft(inputs, draft, &overlays)).collect()
}

/// What is said of a file that is too large to be read, where its beginning is that of a manifest.
fn unread(file: &Path) -> Option<InputProblem> {
    use std::io::Read;
    const BEGINNING: u64 = 64 << 10;
    let mut start = Vec::new();
    note_glimpse(file);
    std::fs::File::open(file).ok()?.take(BEGINNING).read_to_end(&mut start).ok()?;
    let name = display_path(file);
    workload::may_have_workloads(&name, &String::from_utf8_lossy(&start)).then(|| InputProblem {
        code: "manifest-too-large",
        file: name,
        place: None,
        fatal: false,
        message: "the manifest was not read: more than 5 MiB, or too many files before it".to_owned(),
        help: Some("split the file".to_owned()),
    })
}

/// Whether a file is none of the patches that Kustomize puts on top of others.
fn is_whole(name: &str, overlays: &BTreeMap<String, Overlay>) -> bool {
    let is_patch = overlays.values().any(|overlay| overlay.patches.iter().any(|patch| patch == name));
    let is_left_out = overlays
        .get(path::parent(name))
        .is_some_and(|overlay| overlay.resources.iter().all(|resource| resource != name));
    !is_patch && !is_left_out
}

fn add_draft(
    inputs: &mut Inputs,
    draft: ManifestDraft,
    overlays: &BTreeMap<String, Overlay>,
) -> Option<(PathBuf, FileId)> {
    let ManifestDraft { path, name, source, mut content } = draft;
    if content.is_template {
        inputs.workloads.templates.push(source.name().to_owned());
        return None;
    }
    if let Some((span, message)) = content.problem.take() {
        let place = source.line_column(span.start);
        let why = format!("`{}`, line {}: {message}", source.name(), place.line);
        inputs.notices.push(format!("a manifest cannot be read, and was not checked: {why}"));
        return None;
    }
    if content.is_empty() {
        return None;
    }
    for overlay in overlays_of(&name, overlays) {
        overlay.apply(&mut content);
    }
    let file = inputs.add(source);
    inputs.workloads.files.push(WorkloadInput { file, content: Arc::new(content) });
    Some((path, file))
}

/// The kustomizations that take a file, by itself or with the folder of another one.
fn overlays_of<'o>(name: &str, overlays: &'o BTreeMap<String, Overlay>) -> Vec<&'o Overlay> {
    let mut taken_paths = BTreeSet::from([name.to_owned()]);
    let mut all: BTreeMap<&str, &Overlay> = BTreeMap::new();
    loop {
        let takes = |overlay: &Overlay| overlay.resources.iter().any(|resource| taken_paths.contains(resource));
        let more: Vec<(&String, &Overlay)> =
            overlays.iter().filter(|(folder, overlay)| !all.contains_key(folder.as_str()) && takes(overlay)).collect();
        if more.is_empty() {
            return all.into_values().collect();
        }
        for (folder, overlay) in more {
            all.insert(folder, overlay);
            taken_paths.insert(folder.clone());
        }
    }
}

/// Adds what the sources say of the paths that probes ask for: of each build context of the run.
pub(super) fn add_probed_sources(inputs: &mut Inputs) {
    let paths = probe_paths(&inputs.workloads.files);
    if paths.is_empty() {
        return;
    }
    let current = current_folder();
    let projects = inputs.composes.iter().filter_map(|compose| compose.reading.project.as_ref());
    let of_services = projects.flat_map(|project| project.services().map(|(_, service)| service));
    let context = |service: &ComposeValue| Some(service.get("build")?.get("context")?.as_text()?.to_owned());
    let of_builds = inputs.builds.iter().filter_map(|build| build.context_root.as_deref());
    let of_builds = of_builds.map(|root| (path::normalize(root), absolute_path(&current, Path::new(root))));
    let of_services = of_services.filter_map(context).filter(|folder| folder.starts_with('/'));
    let contexts: BTreeMap<String, String> =
        of_services.map(|folder| (folder.clone(), folder)).chain(of_builds).take(CONTEXTS).collect();
    let read = |(name, folder): (String, String)| {
        let sources = probed_sources(&context_files(&folder)?, &paths);
        Some((name, sources))
    };
    let sources: BTreeMap<String, ProbedSources> = contexts.into_par_iter().filter_map(read).collect();
    inputs.workloads.probed_sources = Arc::new(sources);
}
