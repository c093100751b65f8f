//! A patch of Kustomize: the objects that it is for, and the keys that it sets in them and in their containers.

use std::collections::{BTreeMap, BTreeSet};

use crate::workload::Workload;
use crate::workload::value::{ManifestContent, ManifestValue};
use crate::yaml;

/// Stands for all keys, where a patch is not known.
const ALL: &str = "*";

/// What a kustomization sets in some objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OverlayPatch {
    target: PatchTarget,
    /// Keys that it sets anywhere in them but in containers that it names.
    keys: BTreeSet<String>,
    /// Keys that it sets in containers, by their names.
    containers: BTreeMap<String, BTreeSet<String>>,
}

/// The objects that a patch is for; what it does not say counts for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct PatchTarget {
    kind: Option<String>,
    name: Option<String>,
    namespace: Option<String>,
}

impl OverlayPatch {
    /// The patches of a text, a document each.
    pub(super) fn read(text: &str, target: &ManifestValue) -> Vec<Self> {
        let tree = yaml::read(text);
        if !tree.problems().is_empty() {
            return vec![Self::unread(target)];
        }
        let documents = tree.documents().map(|root| ManifestValue::of_yaml(root, &|span| span));
        documents.map(|root| Self::of_document(&root, target)).collect()
    }

    fn of_document(root: &ManifestValue, target: &ManifestValue) -> Self {
        let mut patch = Self { target: PatchTarget::of(target, root), ..Self::default() };
        patch.add_keys(root);
        patch
    }

    /// A patch of which nothing is known but what it is for.
    pub(super) fn unread(target: &ManifestValue) -> Self {
        Self {
            target: PatchTarget::of(target, target),
            keys: BTreeSet::from([ALL.to_owned()]),
            containers: BTreeMap::new(),
        }
    }

    /// An entry of `replicas`.
    pub(super) fn of_replicas(entry: &ManifestValue) -> Self {
        let name = entry.get("name").text().map(str::to_owned);
        let target = PatchTarget { name, ..PatchTarget::default() };
        Self { target, keys: BTreeSet::from(["replicas".to_owned()]), containers: BTreeMap::new() }
    }

    /// What an entry of `replacements` sets.
    pub(super) fn of_replacement(entry: &ManifestValue) -> Vec<Self> {
        let of_target = |target: &ManifestValue| {
            let paths = target.get("fieldPaths").items().iter().filter_map(ManifestValue::text);
            let keys = paths.flat_map(|path| path.split('.')).map(str::to_owned).collect();
            Self { target: PatchTarget::of(target.get("select"), target), keys, containers: BTreeMap::new() }
        };
        if entry.get("targets").items().is_empty() {
            return vec![Self::unread(entry)];
        }
        entry.get("targets").items().iter().map(of_target).collect()
    }

    /// Whether it is for a workload; `renames`: whether the workload may have another name by then.
    pub(super) fn is_for(&self, workload: &Workload, renames: bool) -> bool {
        let PatchTarget { kind, name, namespace } = &self.target;
        let has = |pattern: &Option<String>, text: Option<&str>| {
            let (Some(pattern), Some(text)) = (pattern, text) else { return true };
            // A name of a target is a regular expression.
            let is_plain = pattern.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            pattern == text || !is_plain
        };
        let first_name = workload.name.as_deref();
        let is_later_name = || name.as_deref().zip(first_name).is_some_and(|(later, first)| later.contains(first));
        has(kind, Some(workload.kind))
            && has(namespace, workload.namespace.as_deref())
            && (has(name, first_name) || renames && is_later_name())
    }

    /// Whether it sets a key of an object.
    pub(super) fn sets(&self, key: &str) -> bool {
        self.keys.contains(key) || self.keys.contains(ALL)
    }

    /// Whether it sets a key of a container.
    pub(super) fn sets_in(&self, container: &str, key: &str) -> bool {
        self.sets(key) || self.containers.get(container).is_some_and(|keys| keys.contains(key))
    }

    /// Adds the keys of a value, and the parts of the paths of JSON patches: what they lead to is not known any more.
    fn add_keys(&mut self, value: &ManifestValue) {
        for entry in value.entries() {
            self.keys.insert(entry.key.clone());
            if entry.key == "path"
                && let Some(path) = entry.value.text()
            {
                self.keys.extend(path.split('/').map(str::to_owned));
            }
            if ["containers", "initContainers"].contains(&entry.key.as_str()) {
                self.add_containers(&entry.value);
            } else {
                self.add_keys(&entry.value);
            }
        }
        if let ManifestContent::List(items) = &value.content {
            for item in items {
                self.add_keys(item);
            }
        }
    }

    fn add_containers(&mut self, list: &ManifestValue) {
        for item in list.items() {
            match item.get("name").constant() {
                Some(name) => {
                    let mut inner = Self::default();
                    inner.add_keys(item);
                    self.containers.entry(name.to_owned()).or_default().extend(inner.keys);
                }
                None => self.add_keys(item),
            }
        }
    }
}

impl PatchTarget {
    /// What a target says, or the object that a patch is written as.
    fn of(target: &ManifestValue, patch: &ManifestValue) -> Self {
        let text = |value: &ManifestValue| value.constant().map(str::to_owned);
        if target.is_null() {
            let metadata = patch.get("metadata");
            return Self { kind: text(patch.get("kind")), name: text(metadata.get("name")), namespace: None };
        }
        Self {
            kind: text(target.get("kind")),
            name: text(target.get("name")),
            namespace: text(target.get("namespace")),
        }
    }
}
