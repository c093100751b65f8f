//! Rules about what containers of manifests may do and take, and which secrets are written with them.

use crate::build::{Build, User};
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::inputs::BuildInput;
use crate::rules::workload_context::WorkloadContext;
use crate::workload::{Container, Platform, Setting, Workload};

crate::rules::family! {
    of_workload
    "manifest-secret-in-clear" => manifest_secret_in_clear;
    "pod-host-folder" => pod_host_folder;
    "pod-privileged" => pod_privileged;
    "pod-runs-as-root" => pod_runs_as_root;
    "pod-without-resources" => pod_without_resources;
    "pod-without-security-context" => pod_without_security_context;
}

/// The kind whose pods work for their nodes, and need what is theirs.
const OF_NODES: &str = "DaemonSet";

/// All containers, those that run before others with them.
fn all_containers<'a>(cx: &WorkloadContext<'a>) -> impl Iterator<Item = (&'a Workload, &'a Container)> {
    let workloads = cx.content().workloads.iter();
    workloads.flat_map(|workload| {
        let containers = workload.containers.iter().chain(&workload.init_containers);
        containers.map(move |container| (workload, container))
    })
}

/// A secret that everybody has who can read the repository.
fn manifest_secret_in_clear(cx: &WorkloadContext, out: &mut Findings) {
    if !cx.is_used() {
        return;
    }
    for (workload, container) in all_containers(cx) {
        for (name, span) in &container.secrets {
            let message = format!(
                "`{name}` of `{}` is in the manifest: anyone who can read the repository has it",
                container.name
            );
            out.push(cx.finding(*span, message).help(match workload.platform {
                Platform::Kubernetes => "revoke it, and take the new one from a Secret: `valueFrom: {secretKeyRef: …}`",
                Platform::Ecs => "revoke it, and take the new one from Secrets Manager or Parameter Store: `secrets: [{name: …, valueFrom: …}]`",
            }));
        }
    }
}

/// A folder of the machine that pods see.
fn pod_host_folder(cx: &WorkloadContext, out: &mut Findings) {
    let workloads = cx.content().workloads.iter().filter(|workload| workload.kind != OF_NODES);
    for (folder, span) in workloads.flat_map(|workload| &workload.host_folders) {
        let is_socket = folder.rsplit_once('.').is_some_and(|(_, end)| end == "sock");
        let message = if is_socket {
            format!("`{folder}` gives the pod the rights of the node: who controls it starts any container there")
        } else {
            format!(
                "`{folder}` is a folder of the node: on another node it has other contents, and the pod can change what the node uses"
            )
        };
        let help = if is_socket {
            "ask the API of the cluster by a service account, or build in a pod without rights"
        } else {
            "use a PersistentVolumeClaim for data, a ConfigMap for settings, or `emptyDir` for what may be lost"
        };
        out.push(cx.finding(*span, message).help(help));
    }
}

/// A container with all rights of its node.
fn pod_privileged(cx: &WorkloadContext, out: &mut Findings) {
    for (workload, container) in all_containers(cx) {
        let Setting::Known(true, span) = container.is_privileged else { continue };
        if workload.kind == OF_NODES {
            continue;
        }
        let machine = if workload.platform == Platform::Ecs { "machine" } else { "node" };
        let message = format!(
            "`{}` has all rights of its {machine}: who takes it over has that, and all other containers there",
            container.name
        );
        out.push(cx.finding(span, message).help("remove `privileged`, and add the capability that it needs"));
    }
}

/// A program of the project whose image says no user, and whose manifest neither.
fn pod_runs_as_root(cx: &WorkloadContext, out: &mut Findings) {
    for (workload, container) in cx.containers().filter(|(workload, _)| workload.platform == Platform::Kubernetes) {
        if !container.user.is_absent() || !container.refuses_root.is_absent() || !cx.is_used() {
            continue;
        }
        let Some(program) = cx.program(workload, container) else { continue };
        let Some(image) = program.image() else { continue };
        let build = Build::new(image);
        let Some(stage) = build.target() else { continue };
        if build.user(stage).value() != Some(&User::Root) {
            continue;
        }
        let file = program.dockerfile().unwrap_or_else(|| image.file.source().name());
        let message = format!("`{}` runs as root: neither `{file}` nor the manifest says another user", container.name);
        out.push(
            cx.finding(container.span, message)
                .help("write `securityContext: {runAsNonRoot: true, runAsUser: 10001}`, with a user that may read and write its files"),
        );
    }
}

/// A container of which the scheduler knows nothing, and which may take all of its node.
fn pod_without_resources(cx: &WorkloadContext, out: &mut Findings) {
    let servers = cx.containers().filter(|(workload, _)| workload.platform == Platform::Kubernetes);
    for (_, container) in servers.filter(|(workload, _)| cx.is_rolled_out(workload)) {
        if !matches!(container.has_resources, Setting::Absent | Setting::Known(false, _)) {
            continue;
        }
        let message = format!(
            "`{}` says no `resources`: the scheduler takes it for free, and it is the first that ends where memory is short",
            container.name
        );
        out.push(cx.finding(container.span, message).help("write `requests` of what it needs, and a limit of memory"));
    }
}

/// A container whose user and rights its image alone decides.
fn pod_without_security_context(cx: &WorkloadContext, out: &mut Findings) {
    let is_open = |(workload, container): &(&Workload, &Container)| {
        let says_nothing = matches!(container.has_security, Setting::Absent | Setting::Known(false, _));
        let is_known = || cx.program(workload, container).and_then(|program| program.image()).is_some_and(steps_down);
        workload.platform == Platform::Kubernetes && says_nothing && cx.is_rolled_out(workload) && is_known()
    };
    let containers: Vec<_> = cx.containers().filter(is_open).collect();
    let Some((_, first)) = containers.first() else { return };
    let others = if containers.len() > 1 { format!(" (as of {} more)", containers.len() - 1) } else { String::new() };
    let message = format!(
        "no securityContext of `{}`{others}: the image sets a user, and nothing stops a later image from running as root, or a program in it from becoming root",
        first.name
    );
    let help = "write `securityContext: {runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}`, with `runAsUser` where USER is a name";
    out.push(cx.finding(first.span, message).help(help));
}

/// Whether the image of a program runs as another user than root.
fn steps_down(image: &BuildInput) -> bool {
    let build = Build::new(image);
    let Some(stage) = build.target() else { return false };
    match build.user(stage).value() {
        Some(user) => matches!(user, User::Other(_)),
        // `USER $APP_UID` of the .NET images.
        None => build
            .last(stage, Keyword::User)
            .is_some_and(|(_, instruction)| build.input().file.logical(instruction.text).contains('$')),
    }
}
