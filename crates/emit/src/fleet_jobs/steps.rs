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
    let volume = [
        format!("{kubectl} apply -f {FOLDER}/volume.yaml -f {FOLDER}/files.yaml"),
        format!("{kubectl} wait --for=condition=Ready --timeout=10m pod/{FILES}"),
    ];
    let mut steps = vec![step("Make the volume, and a pod to copy with", volume, "")];
    if !input.registries.is_empty() {
        let secret = format!(
            "{kubectl} create secret generic dockopt-fleet-registry --type=kubernetes.io/dockerconfigjson \
             --from-file=.dockerconfigjson=config.json"
        );
        let remark = "config.json is that of docker, of an account that may only read; where `credsStore` stands in it, it has no \
                      credentials";
        steps.push(step("Give the jobs the credentials of the registries", [secret], remark));
    }
    steps.push(list_step(input, &kubectl));
    let run = format!("{kubectl} apply -f {FOLDER}/run.yaml -f {FOLDER}/report.yaml");
    steps.push(step("Check all parts, and report", [run], ""));
    let minutes = plan.all_minutes().saturating_add(60);
    let report = [
        format!("{kubectl} wait --for=condition=Complete --timeout={minutes}m job/dockopt-fleet-report"),
        format!("{kubectl} cp {FILES}:/fleet/report.html report.html"),
    ];
    let remark = "the pod to copy with ends after a day: delete it and apply files.yaml to get it back. A part in which items failed is a failed index of \
                  the job; its results count";
    steps.push(step("Get the report", report, remark));
    let again = [
        format!("{kubectl} delete --ignore-not-found -f {FOLDER}/run.yaml -f {FOLDER}/report.yaml"),
        format!("{kubectl} exec {FILES} -- rm -rf /fleet/results"),
    ];
    let remark = "before each further time, with the same list too: results that are there are kept as they are";
    steps.push(step("Check again", again, remark));
    steps
}

/// How the list comes to the volume: before any part starts, so that all of them see the same.
fn list_step(input: &FleetJobsInput, kubectl: &str) -> EmissionStep {
    let Some(list) = input.list else {
        let commands = [
            format!("{kubectl} delete --ignore-not-found -f {FOLDER}/list.yaml"),
            format!("{kubectl} apply -f {FOLDER}/list.yaml"),
            format!("{kubectl} wait --for=condition=Complete --timeout=1h job/dockopt-fleet-list"),
        ];
        return step("List what the registries have", commands, "");
    };
    let remark = if input.has_folders() {
        "the folders of the list have to be on the volume, too, below /fleet: a relative path is seen from there (`tar cf - FOLDER | \
         KUBECTL exec -i dockopt-fleet-files -- tar xf -`)"
    } else {
        ""
    };
    let remark = &remark.replace("KUBECTL", kubectl);
    let copy = format!("{kubectl} cp {list} {FILES}:/fleet/{}", list_name(input));
    step("Copy the list to the volume", [copy], remark)
}

fn step<const N: usize>(title: &str, commands: [String; N], remark: &str) -> EmissionStep {
    EmissionStep { title: title.to_owned(), commands: commands.into(), remark: remark.to_owned() }
}
