//! Files that set up the machines and clusters that an image runs on: Kubernetes manifests, Helm charts, Terraform.
//! They are recognized by their content. They describe the image from outside, so nothing in it reads them.

use super::exclusion::{Exclusion, Section};
use super::group::Group;
use super::junk::{is_mentioned, lies_in};
use crate::inputs::context::{ContextEntryKind, EntryId, is_secret_name};
use crate::manifest::{ContentKind, FileKind};
use crate::text::path;

/// Folders above one that is looked at.
const DEEPEST: usize = 3;

/// Adds the files and topmost folders that hold nothing else.
pub(super) fn add(group: &Group, gone: &mut Vec<Exclusion>) {
    let context = group.context;
    let entries = context.entries().filter(|id| context.path(*id).split('/').count() <= DEEPEST);
    for id in entries.collect::<Vec<_>>() {
        let path = context.path(id);
        if lies_in(context, gone, id) || group.is_named(&path) || is_part(group, id) {
            continue;
        }
        let fits = match context.entry(id).kind {
            ContextEntryKind::Directory => is_folder(group, id),
            _ => describes(group, &path),
        };
        // A path names a folder below another one better than its last part.
        let is_spoken_of = || {
            let name = path::name(&path);
            group.dockerfiles().any(|text| text.contains(name)) || is_mentioned(group, &path, &path)
        };
        let Some(bytes) = group.bytes_sent(id) else { continue };
        if !fits || is_spoken_of() {
            continue;
        }
        gone.push(Exclusion::new(id, path, Section::Other, bytes, false));
    }
}

/// Whether a project's own files lie in the folder.
fn is_part(group: &Group, id: EntryId) -> bool {
    let path = group.context.path(id);
    group.projects().any(|project| !project.root.is_empty() && path::is_within(&project.root, &path))
}

/// Whether a folder holds nothing but such files and what goes with them.
fn is_folder(group: &Group, folder: EntryId) -> bool {
    let context = group.context;
    let mut any = false;
    for id in context.descendants(Some(folder)).filter(|id| context.entry(*id).kind != ContextEntryKind::Directory) {
        let path = context.path(id);
        let is_description = describes(group, &path);
        any |= is_description;
        if !is_description && !goes_with(&path) {
            return false;
        }
    }
    any
}

/// Whether a file is a manifest of Kubernetes (`apiVersion` and `kind` are fields of each), of Helm, or of Terraform.
fn describes(group: &Group, path: &str) -> bool {
    let kind = FileKind::of(path);
    if kind.language() == "HCL" {
        return true;
    }
    let text = if kind.language() == "YAML" { group.evidence.texts.get(path) } else { None };
    text.is_some_and(|text| {
        let has = |field: &str| text.lines().any(|line| line.starts_with(field));
        has("apiVersion:") && (has("kind:") || path::name(path) == "Chart.yaml")
    })
}

/// Values, partial templates, notes and secrets beside them; no program.
fn goes_with(path: &str) -> bool {
    let kind = FileKind::of(path);
    let name = path::name(path);
    matches!(
        kind.nature(),
        ContentKind::Documentation | ContentKind::Lock | ContentKind::Repository | ContentKind::Backup
    ) || matches!(kind.language(), "YAML" | "JSON")
        || name.strip_suffix(".tpl").is_some()
        || name == ".helmignore"
        || is_secret_name("", name)
}
