//! The commands with which the jobs of a cluster are started, looked at and started again.

use super::input::FleetJobsInput;
use super::kubernetes::{FOLDER, list_name};
use super::plan::FleetPlan;
use crate::emit::EmissionStep;

/// The pod to copy with.
const FILES: &str = "dockopt-fleet-files";

pub(super) fn steps(input: &FleetJobsInput, plan: &FleetPlan) -> Vec<EmissionStep> {
    let kubectl = match input.namespace {
        Some(namespace) => format!("kubectl --namespace {namespace}"),
        None => "kubectl".to_owned(),
    };
    let mut steps = vec![step(
        "Make the volume, and a pod to copy with",
        [
            format!("{kubectl} apply -f {FOLDER}/volume.yaml -f {FOLDER}/files.yaml"),
            format!("{kubectl} wait --for=condition=Ready --timeout=10m pod/{FILES}"),
        ],
    )];
    if !input.registries.is_empty() {
        let mut secret = step(
            "Give the jobs the credentials of the registries",
            [format!(
                "{kubectl} create secret generic dockopt-fleet-registry --type=kubernetes.io/dockerconfigjson \
             --from-file=.dockerconfigjson=config.json"
            )],
        );
        secret.remark = "config.json is that of docker, of an account that may only read; where `credsStore` stands in it, it has no \
                         credentials"
            .to_owned();
        steps.push(secret);
    }
    steps.push(list_step(input, &kubectl));
    steps.push(step(
        "Check all parts, and report",
        [format!("{kubectl} apply -f {FOLDER}/run.yaml -f {FOLDER}/report.yaml")],
    ));
    let minutes = plan.all_minutes().saturating_add(60);
    let mut get = step(
        "Get the report",
        [
            format!("{kubectl} wait --for=condition=Complete --timeout={minutes}m job/dockopt-fleet-report"),
            format!("{kubectl} cp {FILES}:/fleet/report.html report.html"),
        ],
    );
    get.remark = "the pod to copy with ends after a day: apply files.yaml again. A part in which items failed is a failed index of \
                  the job; its results count"
        .to_owned();
    steps.push(get);
    steps.push(step(
        "Start again with another list",
        [
            format!("{kubectl} delete --ignore-not-found -f {FOLDER}/run.yaml -f {FOLDER}/report.yaml"),
            format!("{kubectl} exec {FILES} -- rm -rf /fleet/results"),
        ],
    ));
    steps
}

/// How the list comes to the volume: before any part starts, so that all of them see the same.
fn list_step(input: &FleetJobsInput, kubectl: &str) -> EmissionStep {
    let Some(list) = input.list else {
        return step(
            "List what the registries have",
            [
                format!("{kubectl} delete --ignore-not-found -f {FOLDER}/list.yaml"),
                format!("{kubectl} apply -f {FOLDER}/list.yaml"),
                format!("{kubectl} wait --for=condition=Complete --timeout=1h job/dockopt-fleet-list"),
            ],
        );
    };
    let mut copy =
        step("Copy the list to the volume", [format!("{kubectl} cp {list} {FILES}:/fleet/{}", list_name(input))]);
    if input.has_folders() {
        copy.remark =
            "the folders of the list have to be on the volume, too, below /fleet: a relative path is seen from there \
                       (`tar cf - FOLDER | kubectl exec -i dockopt-fleet-files -- tar xf -`)"
                .to_owned();
    }
    copy
}

fn step<const N: usize>(title: &str, commands: [String; N]) -> EmissionStep {
    EmissionStep { title: title.to_owned(), commands: commands.into(), remark: String::new() }
}
