//! The manifests of Kubernetes: a volume, a pod to copy with, and jobs that list, check and report.

use super::fill::TemplateValues;
use super::input::FleetJobsInput;
use super::names::GIBI;
use super::plan::{FleetPlan, PlannedAmount};
use crate::emit::EmittedFile;

/// The folder of the manifests.
pub(super) const FOLDER: &str = "fleet/kubernetes";

const VOLUME: &str = include_str!("../../templates/fleet/kubernetes-volume.yaml");
const FILES: &str = include_str!("../../templates/fleet/kubernetes-files.yaml");
const LIST: &str = include_str!("../../templates/fleet/kubernetes-list.yaml");
const RUN: &str = include_str!("../../templates/fleet/kubernetes-run.yaml");
const REPORT: &str = include_str!("../../templates/fleet/kubernetes-report.yaml");

/// What each pod has: the user of dockopt's image (`Dockerfile`), who may write to the volume, and no access to the cluster.
const POD: &str = include_str!("../../templates/fleet/kubernetes-pod.yaml");
/// What each container has.
const SECURITY: &str = include_str!("../../templates/fleet/kubernetes-security.yaml");

/// What containers that read registries have, too: the credentials, as a folder with the config.json of docker.
const REGISTRY_ENV: &str = include_str!("../../templates/fleet/kubernetes-registry-env.yaml");
const REGISTRY_MOUNT: &str = include_str!("../../templates/fleet/kubernetes-registry-mount.yaml");
const REGISTRY_VOLUME: &str = include_str!("../../templates/fleet/kubernetes-registry-volume.yaml");

/// Bytes of a gigabyte, of a mebibyte.
const GIGA: u64 = 1_000_000_000;
const MEBI: u64 = 1 << 20;
/// Seconds that pods may wait for a node, all in all.
const PENDING: u64 = 3_600;

pub(super) fn files(input: &FleetJobsInput, plan: &FleetPlan) -> Vec<EmittedFile> {
    let values = values(input, plan);
    let mut templates = vec![("volume", VOLUME), ("files", FILES)];
    if input.list.is_none() {
        templates.push(("list", LIST));
    }
    templates.extend([("run", RUN), ("report", REPORT)]);
    let file = |(name, template): (&str, &str)| EmittedFile {
        path: format!("{FOLDER}/{name}.yaml"),
        text: values.fill(template),
    };
    templates.into_iter().map(file).collect()
}

/// The name of the list on the volume.
pub(super) fn list_name<'i>(input: &FleetJobsInput<'i>) -> &'i str {
    input.list.map_or("fleet.jsonl", crate::text::path::name)
}

fn values(input: &FleetJobsInput, plan: &FleetPlan) -> TemplateValues {
    let mut values = TemplateValues::default();
    values.add("namespace", input.namespace.map(|name| format!("namespace: \"{name}\"")).unwrap_or_default());
    values.add("class", input.storage_class.map(|name| format!("storageClassName: \"{name}\"")).unwrap_or_default());
    values.add("image", format!("\"{}\"", input.image)).add("list", list_name(input)).add("security", SECURITY);
    values.add("pod", pod(input)).add("parts", plan.parts());
    let mut add = |name, why, amount: &PlannedAmount, unit: u64| {
        values.add(name, (amount.value / unit).to_string()).add(why, amount.reason.as_str());
    };
    add("shards", "shards_why", &plan.shards, 1);
    add("parallelism", "parallelism_why", &plan.parallelism, 1);
    add("jobs", "jobs_why", &plan.jobs, 1);
    add("cpu", "cpu_why", &plan.cpu, 1);
    add("memory", "memory_why", &plan.memory, MEBI);
    add("container_memory", "container_memory_why", &plan.container_memory, MEBI);
    add("report_memory", "report_memory_why", &plan.report_memory, MEBI);
    add("disk", "disk_why", &plan.disk, GIBI);
    add("storage", "storage_why", &plan.storage, GIBI);
    add("layers", "layers_why", &plan.layers, GIGA);
    values.add("seconds", (plan.minutes.value * 60).to_string()).add("minutes_why", plan.minutes.reason.as_str());
    let wait = plan.all_minutes().saturating_mul(60).saturating_add(PENDING).min(604_800);
    values.add("wait", wait.to_string());
    values.add("wait_why", "as long as all pods may run, at so many at a time, and an hour for those that wait for a node (assumed); at most a week");
    let registries = input.registries.iter().map(|host| format!("- --registry\n- \"{host}\"\n"));
    values.add("registry_args", registries.collect::<String>());
    let has_registry = !input.registries.is_empty();
    let of_registry = |part: &'static str| if has_registry { part } else { "" };
    values.add("registry_env", of_registry(REGISTRY_ENV)).add("registry_mount", of_registry(REGISTRY_MOUNT));
    values.add("registry_volume", of_registry(REGISTRY_VOLUME));
    values
}

fn pod(input: &FleetJobsInput) -> String {
    let is_of_registry =
        |host: &String| input.image.strip_prefix(host.as_str()).is_some_and(|rest| rest.starts_with('/'));
    let pull = if input.registries.iter().any(is_of_registry) {
        "imagePullSecrets:\n  - name: dockopt-fleet-registry\n"
    } else {
        ""
    };
    format!("{POD}{pull}")
}
