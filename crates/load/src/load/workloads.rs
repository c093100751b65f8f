//! Manifests on the way to inputs: those of a folder that describe containers, without what Kustomize changes in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::context_files::ContextFilesReader;
use super::file::{display_path, path_below, read_source};
use super::looked_at::note_glimpse;
use super::variables::{absolute_path, current_folder};
use crate::compose::project::ComposeValue;
use crate::inputs::{InputProblem, Inputs, ProbedSources, WorkloadInput, probe_paths, probed_sources};
use crate::manifest::FileKind;
use crate::text::{FileId, Source, path};
use crate::workload::{self, ImageChange, MOST_BYTES, Overlay, WorkloadFile, image_changes};

/// Files of a folder that are looked at.
const FILES: usize = 20_000;

/// Bytes of all of them.
const BYTES: u64 = 256 << 20;

/// Build contexts whose sources are read.
const CONTEXTS: usize = 30;

/// Files with commands that are read.
const RECIPES: usize = 1_000;

/// Bytes that one of those may have.
const RECIPE_BYTES: u64 = 1 << 20;

/// Commands and steps that set images, of all files together.
const CHANGES: usize = 5_000;

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

/// What was read of a file that may be a manifest.
struct ManifestText {
    path: PathBuf,
    /// Its path from the folder that is looked at.
    name: String,
    /// `None` where it says nothing of containers.
    source: Option<Source>,
    /// What it sets of images.
    changes: Vec<ImageChange>,
}

/// Adds the manifests of a folder to the inputs; `recipes`: other files with commands, and texts for people.
pub(super) fn add_workloads(
    inputs: &mut Inputs,
    files: &[PathBuf],
    recipes: &[PathBuf],
    root: &Path,
) -> Vec<(PathBuf, FileId)> {
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
    let read: Vec<ManifestText> = fitting.par_iter().filter_map(|file| read_text(file, root)).collect();
    let mut changes = Vec::new();
    let mut texts: Vec<(PathBuf, String, Source)> = Vec::new();
    for text in read {
        changes.extend(text.changes);
        texts.extend(text.source.map(|source| (text.path, text.name, source)));
    }
    let text = |wanted: &str| texts.iter().find(|(_, name, _)| name == wanted).map(|(.., source)| source.clone());
    let is_overlay = |(_, name, _): &&(PathBuf, String, Source)| workload::is_overlay(name);
    let overlays: BTreeMap<String, Overlay> = texts
        .iter()
        .filter(is_overlay)
        .map(|(_, name, source)| (path::parent(name).to_owned(), Overlay::read(name, source, &text)))
        .collect();
    let drafts: Vec<ManifestDraft> = texts
        .par_iter()
        .filter(|(_, name, _)| !workload::is_overlay(name) && is_whole(name, &overlays))
        .map(|(path, name, source)| {
            let content = workload::read(name, source);
            ManifestDraft { path: path.clone(), name: name.clone(), source: source.clone(), content }
        })
        .collect();
    if drafts.iter().all(|draft| draft.content.is_empty()) {
        return Vec::new();
    }
    let recipes = recipe_texts(recipes);
    let is_for_people = |path: &Path| FileKind::of(&path.to_string_lossy()).is_for_people();
    let commands: Vec<&(PathBuf, Source)> = recipes.iter().filter(|(path, _)| !is_for_people(path)).collect();
    let of_recipe = |(path, source): &&(PathBuf, Source)| image_changes(&display_path(path), source.text());
    changes.extend(commands.par_iter().flat_map(of_recipe).collect::<Vec<_>>());
    changes.truncate(CHANGES);
    inputs.workloads.image_changes = Arc::new(changes);
    inputs.workloads.renames = overlays.values().any(|overlay| overlay.renames);
    let sources = texts.iter().map(|(.., source)| source).chain(recipes.iter().map(|(_, source)| source));
    let appliers: Vec<&Source> = sources.filter(|source| may_apply(source.text())).collect();
    let names = |place: &str| appliers.iter().any(|source| source.text().contains(place));
    drafts.into_iter().filter_map(|draft| add_draft(inputs, draft, &overlays, &names)).collect()
}

/// Whether a text may say where manifests lie that something applies: commands, Argo CD and Flux do.
fn may_apply(text: &str) -> bool {
    ["kubectl", "kustomize ", "argoproj.io/", "kustomize.toolkit.fluxcd.io/"].iter().any(|word| text.contains(word))
}

fn read_text(file: &Path, root: &Path) -> Option<ManifestText> {
    let name = path_below(file, root).unwrap_or_else(|| display_path(file));
    let source = read_source(file, MOST_BYTES).ok()?;
    let is_kept = workload::is_overlay(&name) || workload::may_have_workloads(&name, source.text());
    let changes = image_changes(&name, source.text());
    let source = is_kept.then_some(source);
    (source.is_some() || !changes.is_empty()).then(|| ManifestText { path: file.to_owned(), name, source, changes })
}

/// The texts of files with commands and of those for people, those nearest to the top first.
fn recipe_texts(recipes: &[PathBuf]) -> Vec<(PathBuf, Source)> {
    let mut recipes: Vec<&PathBuf> = recipes.iter().collect();
    recipes.sort_by_key(|path| (path.components().count(), path.as_path()));
    recipes.dedup();
    let read = |path: &&PathBuf| Some(((*path).clone(), read_source(path, RECIPE_BYTES).ok()?));
    recipes.into_iter().take(RECIPES).collect::<Vec<_>>().par_iter().filter_map(read).collect()
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
    names: &dyn Fn(&str) -> bool,
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
    let takers = overlays_of(&name, overlays);
    let renames = takers.values().any(|overlay| overlay.renames);
    for overlay in takers.values() {
        overlay.apply(&mut content, renames);
    }
    let file = inputs.add(source);
    let is_applied = is_applied(&name, &takers, overlays, names);
    inputs.workloads.files.push(WorkloadInput { file, place: name, is_applied, content: Arc::new(content) });
    Some((path, file))
}

/// The kustomizations that take a file, by itself or with the folder of another one, by their folders.
fn overlays_of<'o>(name: &str, overlays: &'o BTreeMap<String, Overlay>) -> BTreeMap<&'o str, &'o Overlay> {
    let mut taken_paths = BTreeSet::from([name.to_owned()]);
    let mut all: BTreeMap<&str, &Overlay> = BTreeMap::new();
    loop {
        let takes = |overlay: &Overlay| overlay.resources.iter().any(|resource| taken_paths.contains(resource));
        let more: Vec<(&String, &Overlay)> =
            overlays.iter().filter(|(folder, overlay)| !all.contains_key(folder.as_str()) && takes(overlay)).collect();
        if more.is_empty() {
            return all;
        }
        for (folder, overlay) in more {
            all.insert(folder, overlay);
            taken_paths.insert(folder.clone());
        }
    }
}

/// Whether something applies a manifest. Not so where a kustomization stands above it and takes neither the manifest nor a
/// kustomization that does, and no text of the run names its place (`names`).
fn is_applied(
    name: &str,
    takers: &BTreeMap<&str, &Overlay>,
    overlays: &BTreeMap<String, Overlay>,
    names: &dyn Fn(&str) -> bool,
) -> bool {
    let has_one_above = |folder: &str| {
        let above = |other: &String| path::is_below(folder, other) || other.is_empty() && !folder.is_empty();
        overlays.keys().any(above)
    };
    if takers.is_empty() {
        let folder = path::parent(name);
        return !has_one_above(folder) || names(name) || folder.contains('/') && names(folder);
    }
    let is_taken = |folder: &str| takers.values().any(|overlay| overlay.resources.iter().any(|path| path == folder));
    let mut topmost = takers.iter().filter(|(folder, _)| !is_taken(folder)).peekable();
    // What takes something from elsewhere is an overlay, which people apply themselves.
    let is_unused = |folder: &str, overlay: &Overlay| {
        let takes_its_own = overlay.resources.iter().all(|path| path::is_below(path, folder));
        takes_its_own && has_one_above(folder) && !names(folder)
    };
    topmost.peek().is_none() || topmost.any(|(folder, overlay)| !is_unused(folder, overlay))
}

/// Adds where the files of the builds lie, by all of their names.
pub(super) fn add_places(inputs: &mut Inputs, root: &Path) {
    if inputs.workloads.files.is_empty() {
        return;
    }
    let top = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for build in &inputs.builds {
        names.insert(inputs.source(build.dockerfile).name());
        names.extend(build.context_root.as_deref());
    }
    for compose in &inputs.composes {
        names.insert(inputs.source(compose.file).name());
        names.extend(compose.dockerfiles.values().map(Source::name));
    }
    let mut places = BTreeMap::new();
    for name in names {
        let Ok(real) = Path::new(if name.is_empty() { "." } else { name }).canonicalize() else { continue };
        let place = real.strip_prefix(&top).unwrap_or(&real).to_string_lossy().replace('\\', "/");
        places.insert(path::normalize(name), place.clone());
        places.insert(name.to_owned(), place);
    }
    inputs.workloads.places = Arc::new(places);
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
    let reader = ContextFilesReader::default();
    let read = |(name, folder): (String, String)| {
        let sources = probed_sources(&*reader.read(&folder)?, &paths);
        Some((name, sources))
    };
    let sources: BTreeMap<String, ProbedSources> = contexts.into_par_iter().filter_map(read).collect();
    inputs.workloads.probed_sources = Arc::new(sources);
}
