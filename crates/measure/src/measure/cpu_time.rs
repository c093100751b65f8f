//! CPU seconds of a build's steps: on cgroup v2 from the builder's own record of resources, on cgroup v1 from the
//! cgroup of this run, where the machine shows it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::engine::Engine;

/// Where control groups are shown.
const GROUPS: &str = "/sys/fs/cgroup";

/// Folders that are looked through below one of our groups.
const FOLDERS: usize = 1000;

/// How CPU time is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meter {
    /// By the builder, in the metadata of a build.
    Builder,
    /// By a group of this name, that steps run in.
    Group(String),
}

impl Meter {
    /// What serves for an engine: a group where it is on this machine, its groups are of version 1 and we may remove them.
    pub(super) fn of(engine: &Engine, nonce: &str) -> Self {
        let is_here = cfg!(target_os = "linux") && engine.endpoint().starts_with("unix:");
        let may =
            is_here && fs::metadata("/proc/self/fd").is_ok_and(|metadata| is_root(&metadata)) && accounts().is_dir();
        if !may {
            return Self::Builder;
        }
        match engine.groups() {
            Ok(groups) if groups.driver == "cgroupfs" && groups.version == "1" => {
                Self::Group(format!("dockopt-{nonce}"))
            }
            _ => Self::Builder,
        }
    }

    /// The group that steps are to run in.
    pub(super) fn group(&self) -> Option<&str> {
        match self {
            Self::Builder => None,
            Self::Group(name) => Some(name),
        }
    }

    /// Nanoseconds of our group so far.
    pub(super) fn now(&self) -> Option<u64> {
        let Self::Group(name) = self else { return None };
        let path = accounts().join(name).join("cpuacct.usage");
        match fs::read_to_string(path) {
            Ok(text) => text.trim().parse().ok(),
            // It is made with the first step.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(0),
            Err(_) => None,
        }
    }

    /// CPU seconds of a build: `None` where nobody tells.
    #[allow(clippy::cast_precision_loss, reason = "nanoseconds of CPU")]
    pub(super) fn seconds(&self, before: Option<u64>, metadata: &Value, ran: bool) -> Option<f64> {
        let nanoseconds = match self {
            Self::Builder => recorded_time(metadata)?,
            Self::Group(name) => {
                let is_there = accounts().join(name).is_dir();
                if !is_there && ran {
                    return None;
                }
                let after = self.now()?;
                after.checked_sub(before?)?
            }
        };
        Some(nanoseconds as f64 / 1e9)
    }
}

#[cfg(unix)]
fn is_root(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.uid() == 0
}

#[cfg(not(unix))]
fn is_root(_: &fs::Metadata) -> bool {
    false
}

fn accounts() -> PathBuf {
    Path::new(GROUPS).join("cpuacct")
}

/// The sum over steps of what the builder recorded.
fn recorded_time(metadata: &Value) -> Option<u64> {
    let definition = metadata.get("buildx.build.provenance")?.get("buildConfig")?.get("llbDefinition")?;
    let used = |step: &Value| step.get("resourceUsage").map(|usage| most(usage, 0));
    let all: Vec<u64> = definition.as_array()?.iter().filter_map(used).flatten().collect();
    (!all.is_empty()).then(|| all.iter().sum())
}

/// The highest `usageNanos`: samples of one step only grow.
fn most(value: &Value, depth: usize) -> Option<u64> {
    if depth > 8 {
        return None;
    }
    let usage = value.pointer("/cpuStat/usageNanos").and_then(Value::as_u64);
    let below: Option<u64> = match value {
        Value::Object(fields) => fields.values().filter_map(|field| most(field, depth + 1)).max(),
        Value::Array(items) => items.iter().filter_map(|item| most(item, depth + 1)).max(),
        _ => None,
    };
    usage.max(below)
}

/// Removes the groups of a run, which are empty once its builds have ended.
pub(super) fn remove_groups(nonce: &str) {
    let Ok(controllers) = fs::read_dir(GROUPS) else { return };
    for controller in controllers.flatten() {
        let group = controller.path().join(format!("dockopt-{nonce}"));
        if group.is_dir() {
            remove(&group, &mut 0);
        }
    }
}

/// A group that holds something can't be removed, so nothing that runs is touched.
fn remove(folder: &Path, count: &mut usize) {
    *count += 1;
    if *count > FOLDERS {
        return;
    }
    for below in fs::read_dir(folder).into_iter().flatten().flatten() {
        if below.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&below.path(), count);
        }
    }
    let _ = fs::remove_dir(folder);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_builder_recorded_is_summed() {
        let metadata = serde_json::json!({"buildx.build.provenance": {"buildConfig": {"llbDefinition": [
            {"id": "step0"},
            {"id": "step1", "resourceUsage": {"samples": [
                {"cpuStat": {"usageNanos": 1_000_000_000}}, {"cpuStat": {"usageNanos": 2_500_000_000_u64}}]}},
            {"id": "step2", "resourceUsage": {"cpuStat": {"usageNanos": 500_000_000}}},
        ]}}});
        assert_eq!(Meter::Builder.seconds(None, &metadata, true), Some(3.0));
        assert_eq!(Meter::Builder.seconds(None, &serde_json::json!({}), true), None);
    }
}
