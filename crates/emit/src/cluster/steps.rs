//! The steps with which manifests come into service, and how to get back.

use std::collections::BTreeSet;

use super::image::ClusterImage;
use crate::emit::EmissionStep;

/// A manifest, and what the steps need of it.
#[derive(Debug)]
pub(super) struct Workload {
    /// The name of its service in the compose file.
    pub(super) service: String,
    /// Its name in the cluster.
    pub(super) name: String,
    /// The file, as seen from the project's folder.
    pub(super) path: String,
    pub(super) is_job: bool,
    /// Seconds that a rollout gets.
    pub(super) deadline: u64,
    pub(super) has_map: bool,
    pub(super) image: ClusterImage,
    pub(super) secret: Option<(String, Vec<String>)>,
    pub(super) secret_files: Vec<(String, String, Option<String>)>,
}

/// What a file of manifests has in its order.
const MAP_FIRST: &str = "the ConfigMap is in the same file, before the Deployment that reads it";

/// The steps for Kubernetes, in their order.
pub(super) fn kubernetes_steps(workloads: &[Workload]) -> Vec<EmissionStep> {
    let mut steps = Vec::new();
    steps.extend(images(workloads));
    steps.extend(secrets(workloads));
    for job in workloads.iter().filter(|workload| workload.is_job) {
        steps.push(EmissionStep {
            title: format!("run `{}` and wait until it has ended well", job.service),
            commands: vec![
                format!("kubectl delete job {} --ignore-not-found", job.name),
                format!("kubectl apply -f {}", job.path),
                format!("kubectl wait --for=condition=complete --timeout={}s job/{}", job.deadline, job.name),
            ],
            remark: format!("where the wait fails, stop here: `kubectl logs job/{}` says why", job.name),
        });
    }
    for workload in workloads.iter().filter(|workload| !workload.is_job) {
        steps.push(EmissionStep {
            title: format!("replace the pods of `{}`", workload.service),
            commands: vec![format!("kubectl apply -f {}", workload.path), rollout_status(workload)],
            remark: if workload.has_map { MAP_FIRST.to_owned() } else { String::new() },
        });
    }
    steps.push(back(workloads));
    steps
}

/// Where images get their digests from.
fn images(workloads: &[Workload]) -> Option<EmissionStep> {
    let mut names = BTreeSet::new();
    let mut commands = Vec::new();
    for workload in workloads.iter().filter(|workload| workload.image.is_open()) {
        let image = &workload.image;
        if names.insert(image.name.clone()) {
            if image.is_built {
                commands.push(format!("docker compose build {}", image.builder));
                commands.push(format!("docker push {}:TAG", image.name));
            }
            commands.push(format!(
                "docker buildx imagetools inspect {}:TAG --format '{{{{.Manifest.Digest}}}}'",
                image.name
            ));
        }
    }
    (!commands.is_empty()).then(|| EmissionStep {
        title: "build and push the images, and write their digests into the files".to_owned(),
        commands,
        remark: "a digest of zeros stands where none is known; what you write stays when the files are written again"
            .to_owned(),
    })
}

/// How the Secrets are made that the manifests refer to.
fn secrets(workloads: &[Workload]) -> Option<EmissionStep> {
    let mut commands = Vec::new();
    for workload in workloads {
        if let Some((secret, names)) = &workload.secret {
            commands
                .push(format!("kubectl create secret generic {secret} --from-env-file=FILE  # {}", names.join(", ")));
        }
        for (secret, key, file) in &workload.secret_files {
            let file = file.as_deref().unwrap_or("FILE");
            let command = format!("kubectl create secret generic {secret} --from-file={key}={file}");
            if !commands.contains(&command) {
                commands.push(command);
            }
        }
    }
    (!commands.is_empty()).then(|| EmissionStep {
        title: "make the Secrets once".to_owned(),
        commands,
        remark: "FILE has a line NAME=value for each name, and is not committed; no manifest holds a value".to_owned(),
    })
}

/// Waits for the pods of a Deployment.
fn rollout_status(workload: &Workload) -> String {
    format!("kubectl rollout status deployment/{} --timeout={}s", workload.name, workload.deadline)
}

/// The way back.
fn back(workloads: &[Workload]) -> EmissionStep {
    let services = || workloads.iter().rev().filter(|workload| !workload.is_job);
    let undo = services().map(|workload| format!("kubectl rollout undo deployment/{}", workload.name));
    let status = services().map(rollout_status);
    EmissionStep {
        title: "roll back, where something is wrong".to_owned(),
        commands: undo.chain(status).collect(),
        remark: "it brings back the pods of before with their ConfigMap, whose name holds its content; it does not bring back the \
                 schema of a database, the values of Secrets, or what is in volumes"
            .to_owned(),
    }
}
