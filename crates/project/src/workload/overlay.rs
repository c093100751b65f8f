//! What Kustomize changes in other files: the values that it sets are unknown in those.

mod patch;

use std::collections::BTreeSet;

use self::patch::OverlayPatch;
use super::model::{Container, Workload, WorkloadFile};
use super::value::ManifestValue;
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
    /// Whether it gives objects other names.
    pub renames: bool,
    /// What it sets in the objects that it takes.
    changes: Vec<OverlayPatch>,
    /// Images to which it gives another name or tag.
    images: BTreeSet<String>,
    /// Whether it puts all objects into one namespace.
    sets_namespace: bool,
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
        overlay.changes.extend(root.get("replicas").items().iter().map(OverlayPatch::of_replicas));
        overlay.changes.extend(root.get("replacements").items().iter().flat_map(OverlayPatch::of_replacement));
        overlay.renames = ["namePrefix", "nameSuffix"].iter().any(|key| !root.get(key).is_null());
        overlay.sets_namespace = !root.get("namespace").is_null();
        overlay
    }

    fn add_patch(&mut self, patch: &ManifestValue, folder: &str, text: &dyn Fn(&str) -> Option<Source>) {
        let inline = |text: &str| text.contains('\n') || text.contains(": ");
        let target = patch.get("target");
        match patch.text().or_else(|| patch.get("patch").text()) {
            Some(content) if inline(content) => self.changes.extend(OverlayPatch::read(content, target)),
            _ => {
                let Some(name) = patch.text().or_else(|| patch.get("path").text()) else { return };
                let file = path::normalize(&path::join(folder, name));
                match text(&file) {
                    Some(source) => self.changes.extend(OverlayPatch::read(source.text(), target)),
                    None => self.changes.push(OverlayPatch::unread(target)),
                }
                self.patches.push(file);
            }
        }
    }

    /// Takes away what a kustomization sets in a file that it takes; `renames`: whether it, or one that it takes, gives objects
    /// other names.
    pub fn apply(&self, file: &mut WorkloadFile, renames: bool) {
        if self.sets_namespace {
            let of_services = file.services.iter_mut().map(|service| &mut service.namespace);
            for namespace in of_services.chain(file.workloads.iter_mut().map(|workload| &mut workload.namespace)) {
                *namespace = None;
            }
        }
        for workload in &mut file.workloads {
            let changes: Vec<&OverlayPatch> =
                self.changes.iter().filter(|change| change.is_for(workload, renames)).collect();
            self.apply_to_workload(workload, &changes);
        }
    }

    fn apply_to_workload(&self, workload: &mut Workload, changes: &[&OverlayPatch]) {
        let has = |key: &str| changes.iter().any(|change| change.sets(key));
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
            let name = container.name.clone();
            self.apply_to(container, &|key| changes.iter().any(|change| change.sets_in(&name, key)));
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
            container.is_privileged.forget();
            container.has_security.forget();
        }
        if has("imagePullPolicy") {
            container.pull_policy.forget();
        }
        if has("resources") {
            container.has_resources.forget();
        }
        if has("env") {
            container.secrets.clear();
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

fn is_tag(rest: &str) -> bool {
    rest.starts_with(':') && !rest.contains('/')
}

fn value(text: &str) -> Option<ManifestValue> {
    let tree = yaml::read(text);
    tree.root().map(|root| ManifestValue::of_yaml(root, &|span| span))
}
