//! What Kustomize changes in other files: the values that it sets are unknown in those.

use std::collections::BTreeSet;

use super::model::{Container, WorkloadFile};
use super::value::{ManifestContent, ManifestValue};
use crate::text::{Source, path};
use crate::yaml;

/// Keys of a kustomization under which files with patches stand, or patches themselves.
const PATCHES: [&str; 3] = ["patches", "patchesStrategicMerge", "patchesJson6902"];

/// Whether a file is one that Kustomize reads first.
pub fn is_overlay(file: &str) -> bool {
    ["kustomization.yaml", "kustomization.yml", "Kustomization"].contains(&path::name(file))
}

/// What a kustomization says of the files that it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlay {
    /// The files and folders that it takes.
    pub resources: Vec<String>,
    /// The files with patches.
    pub patches: Vec<String>,
    /// Keys that it sets in whatever it takes.
    keys: BTreeSet<String>,
    /// Images to which it gives another name or tag.
    images: BTreeSet<String>,
}

impl Overlay {
    /// Reads a kustomization; `text` gives the texts of the files next to it.
    pub fn read(file: &str, source: &Source, text: &dyn Fn(&str) -> Option<Source>) -> Self {
        let mut overlay = Self::default();
        let folder = path::parent(file);
        let Some(root) = value(source.text()) else { return overlay };
        let file_at = |value: &ManifestValue| value.text().map(|text| path::normalize(&path::join(folder, text)));
        for key in ["resources", "bases", "components"] {
            overlay.resources.extend(root.get(key).items().iter().filter_map(file_at));
        }
        for patch in PATCHES.iter().flat_map(|key| root.get(key).items()) {
            overlay.add_patch(patch, folder, text);
        }
        let images = root.get("images").items().iter().filter_map(|image| image.get("name").text());
        overlay.images = images.map(str::to_owned).collect();
        if !root.get("replicas").is_null() {
            overlay.keys.insert("replicas".to_owned());
        }
        overlay
    }

    fn add_patch(&mut self, patch: &ManifestValue, folder: &str, text: &dyn Fn(&str) -> Option<Source>) {
        let inline = |text: &str| text.contains('\n') || text.contains(": ");
        match patch.text().or_else(|| patch.get("patch").text()) {
            Some(content) if inline(content) => self.add_keys(content),
            _ => {
                let Some(name) = patch.text().or_else(|| patch.get("path").text()) else { return };
                let file = path::normalize(&path::join(folder, name));
                match text(&file) {
                    Some(source) => self.add_keys(source.text()),
                    None => drop(self.keys.insert(ALL.to_owned())),
                }
                self.patches.push(file);
            }
        }
    }

    /// Adds all keys of a patch: what they lead to is not known any more.
    fn add_keys(&mut self, patch: &str) {
        let tree = yaml::read(patch);
        if !tree.problems().is_empty() {
            self.keys.insert(ALL.to_owned());
            return;
        }
        for root in tree.documents() {
            add_keys(&ManifestValue::of_yaml(root, &|span| span), &mut self.keys);
        }
    }

    /// Takes away what a kustomization sets in a file that it takes.
    pub fn apply(&self, file: &mut WorkloadFile) {
        let has = |key: &str| self.keys.contains(key) || self.keys.contains(ALL);
        for workload in &mut file.workloads {
            if has("replicas") {
                workload.replicas.forget();
            }
            if has("strategy") || has("updateStrategy") {
                workload.rollout.strategy.forget();
                workload.rollout.max_unavailable.forget();
                workload.rollout.max_surge.forget();
            }
            if has("terminationGracePeriodSeconds") {
                workload.grace_seconds.forget();
            }
            for container in workload.containers.iter_mut().chain(&mut workload.init_containers) {
                self.apply_to(container, &has);
            }
        }
    }

    fn apply_to(&self, container: &mut Container, has: &dyn Fn(&str) -> bool) {
        let probes = [
            ("readinessProbe", &mut container.readiness),
            ("livenessProbe", &mut container.liveness),
            ("startupProbe", &mut container.startup),
        ];
        for (key, probe) in probes {
            if has(key) {
                probe.forget();
            }
        }
        if has("command") {
            container.command.forget();
        }
        if has("args") {
            container.arguments.forget();
        }
        if has("lifecycle") {
            container.pre_stop.forget();
        }
        if has("ports") {
            container.ports.clear();
        }
        if has("securityContext") {
            container.user.forget();
            container.refuses_root.forget();
        }
        let is_renamed = |image: &String| {
            let name = image.split('@').next().unwrap_or(image);
            self.images.iter().any(|known| name == known || name.strip_prefix(known.as_str()).is_some_and(is_tag))
        };
        if has("image") || container.image.value().is_some_and(is_renamed) {
            container.image.forget();
        }
    }
}

/// Stands for all keys, where a patch is not known.
const ALL: &str = "*";

fn is_tag(rest: &str) -> bool {
    rest.starts_with(':') && !rest.contains('/')
}

fn value(text: &str) -> Option<ManifestValue> {
    let tree = yaml::read(text);
    tree.root().map(|root| ManifestValue::of_yaml(root, &|span| span))
}

/// The keys of a value, and the parts of the paths of JSON patches.
fn add_keys(value: &ManifestValue, keys: &mut BTreeSet<String>) {
    for entry in value.entries() {
        keys.insert(entry.key.clone());
        if entry.key == "path"
            && let Some(path) = entry.value.text()
        {
            keys.extend(path.split('/').map(str::to_owned));
        }
        add_keys(&entry.value, keys);
    }
    if let ManifestContent::List(items) = &value.content {
        for item in items {
            add_keys(item, keys);
        }
    }
}
