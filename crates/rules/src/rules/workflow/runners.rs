//! What Docker can do on the machines that GitHub hosts, by their labels.

use std::collections::BTreeSet;

use crate::data;
use crate::workflow::{Job, PipelineKind, Workflow};

/// Where the engine of a machine keeps images, which decides what its own builder can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ImageStore {
    /// In its own store: its builder writes no cache, and builds for one platform.
    Engine,
    /// In that of containerd: its builder writes caches, builds for several platforms, and makes indexes.
    Containerd,
}

/// The stores of the hosted machines that the legs of a job run on; empty where one of them is not known.
pub(super) fn image_stores(workflow: &Workflow, job: &Job) -> BTreeSet<ImageStore> {
    let [label] = &job.runners[..] else { return BTreeSet::new() };
    if workflow.kind != PipelineKind::Github {
        return BTreeSet::new();
    }
    let labels = job.matrix.texts(&label.text).unwrap_or_default();
    let stores: Option<BTreeSet<ImageStore>> = labels.iter().map(|label| store_of(label)).collect();
    stores.unwrap_or_default()
}

/// Whether the builder of the engine of all machines of a job is known to have containerd's store.
pub(super) fn has_containerd(workflow: &Workflow, job: &Job) -> bool {
    image_stores(workflow, job).into_iter().eq([ImageStore::Containerd])
}

fn store_of(label: &str) -> Option<ImageStore> {
    let is_of = |known: &&str| label.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    let known = data::HOSTED_RUNNERS.keys().filter(is_of).max_by_key(|known| known.len())?;
    match data::HOSTED_RUNNERS.row(known)?.get(2).copied() {
        Some("containerd") => Some(ImageStore::Containerd),
        Some("engine") => Some(ImageStore::Engine),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_are_known_by_labels() {
        for (label, expected) in [
            ("ubuntu-latest", Some(ImageStore::Containerd)),
            ("ubuntu-26.04", Some(ImageStore::Containerd)),
            ("ubuntu-24.04", Some(ImageStore::Engine)),
            ("ubuntu-24.04-arm", Some(ImageStore::Engine)),
            ("ubuntu-24.04-16core", Some(ImageStore::Engine)),
            ("ubuntu-24.041", None),
            ("self-hosted", None),
            ("windows-2025", None),
        ] {
            assert_eq!(store_of(label), expected, "{label}");
        }
    }
}
