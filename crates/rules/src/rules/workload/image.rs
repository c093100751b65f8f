//! Rules about the images of containers, and what runs before their programs.

use std::collections::BTreeSet;

use crate::build::{Build, Reference, Setting as BuildSetting, User};
use crate::data;
use crate::finding::Findings;
use crate::rules::workload_context::WorkloadContext;
use crate::sources::patterns;
use crate::workload::{Container, Platform, Setting, Workload, WorkloadRole};

crate::rules::family! {
    of_workload
    "runs-as-name" => runs_as_name;
    "latest-image" => latest_image;
    "moving-tag-kept" => moving_tag_kept;
    "migration-as-init-container" => migration_as_init_container;
}

/// The kubelet cannot know whether a name is root.
fn runs_as_name(cx: &WorkloadContext, out: &mut Findings) {
    for (workload, container) in cx.containers() {
        let Setting::Known(true, span) = container.refuses_root else { continue };
        if !container.user.is_absent() {
            continue;
        }
        let Some(program) = cx.program(workload, container) else { continue };
        let Some(image) = program.image() else { continue };
        let build = Build::new(image);
        let Some(stage) = build.target() else { continue };
        let BuildSetting::By(index, User::Other(user)) = build.user(stage) else { continue };
        if user.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let source = image.file.source();
        let line = source.line(build.instruction(index).span.start);
        let message = format!(
            "`runAsNonRoot` of `{}` needs a number, and its image says `USER {user}` ({}:{line}): the kubelet does not start it",
            container.name,
            program.dockerfile().unwrap_or_else(|| source.name())
        );
        out.push(
            cx.finding(span, message)
                .help("write `runAsUser: 10001` with the number of that user, or the number behind USER"),
        );
    }
}

/// The comment of a line that Flux writes a tag into.
const FLUX_MARK: &str = "\"$imagepolicy\"";

/// What runs depends on when a node fetched it.
fn latest_image(cx: &WorkloadContext, out: &mut Findings) {
    for workload in &cx.content().workloads {
        // Jobs are run by hand; what is left out of a rollout is not started at all.
        if workload.role == WorkloadRole::Server && !cx.is_applied() {
            continue;
        }
        let mut seen = BTreeSet::new();
        for container in workload.containers.iter().chain(&workload.init_containers) {
            let Setting::Known(image, span) = &container.image else { continue };
            let reference = Reference::of(image);
            let is_pinned = image.contains('@') || reference.tag.is_some_and(|tag| tag != "latest");
            let is_replaced = || cx.is_image_set(workload, container, image) || cx.line(*span).contains(FLUX_MARK);
            if is_pinned || container.is_local || is_placeholder(image) || is_replaced() || !seen.insert(image) {
                continue;
            }
            let effect = match workload.platform {
                Platform::Kubernetes => "a rollback starts the same image, and nodes may run different ones",
                Platform::Ecs => "a rollback starts the same image, and tasks may run different ones",
            };
            let message = format!("the image `{image}` of `{}` is whatever was pushed last: {effect}", container.name);
            out.push(cx.finding(*span, message).help("write the version or the digest that the pipeline built"));
        }
    }
}

/// Meaning in `data/source_patterns.tsv`.
const BRANCH: &str = "tag of a branch or an environment";

/// A tag that moves, of which each node keeps what it once fetched.
fn moving_tag_kept(cx: &WorkloadContext, out: &mut Findings) {
    let mut seen = BTreeSet::new();
    let is_meant = |workload: &Workload| {
        workload.platform == Platform::Kubernetes && workload.role == WorkloadRole::Server && cx.is_rolled_out(workload)
    };
    for (workload, container) in cx.containers().filter(|(workload, _)| is_meant(workload)) {
        let Setting::Known(image, span) = &container.image else { continue };
        let Some(tag) = Reference::of(image).tag else { continue };
        // What is not written is IfNotPresent for all tags but `latest` (Kubernetes docs: images).
        let is_kept = match &container.pull_policy {
            Setting::Absent => true,
            policy => policy.value().is_some_and(|policy| policy == "IfNotPresent"),
        };
        // Of `latest`, `latest-image` says more.
        let moves = patterns::words(BRANCH).any(|known| known == tag);
        let is_replaced = || cx.is_image_set(workload, container, image) || cx.line(*span).contains(FLUX_MARK);
        let is_left_out = image.contains('@') || container.is_local || is_placeholder(image);
        if !is_kept || !moves || is_left_out || is_replaced() || !seen.insert(image) {
            continue;
        }
        let message = format!(
            "nodes that have `{image}` do not pull it again: there `{}` starts the old image, on other nodes the new one",
            container.name
        );
        out.push(
            cx.finding(*span, message)
                .help("write the version or the digest that the pipeline built, or `imagePullPolicy: Always`"),
        );
    }
}

/// Whether a name stands for one that somebody is to write, or a program: no engine takes it as it is.
fn is_placeholder(image: &str) -> bool {
    let name = Reference::of(image).name;
    // A registry is called as a machine, the rest is in small letters (OCI distribution specification, "Pulling manifests").
    let (host, path) = match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path),
        _ => ("", name),
    };
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/".contains(c);
    let stands_for = |part: &str| {
        let of_place = |row: &data::Row| match row[1] {
            "start" => part.starts_with(row[0]),
            _ => part == row[0],
        };
        data::IMAGE_PLACEHOLDERS.rows().any(|row| of_place(&row))
    };
    host.contains(['_', '$']) || !path.chars().all(is_plain) || path.split('/').any(stands_for)
}

/// Each pod migrates, at each of its starts, and several at once.
fn migration_as_init_container(cx: &WorkloadContext, out: &mut Findings) {
    let workloads = cx.content().workloads.iter().filter(|workload| workload.role == WorkloadRole::Server);
    for container in workloads.flat_map(|workload| &workload.init_containers) {
        let line = command_line(container);
        let Some(migration) = data::MIGRATIONS.keys().find(|migration| line.contains(migration)) else { continue };
        let message = format!(
            "`{}` runs `{migration}` before each pod, at each of its starts, and several of them at once",
            container.name
        );
        let help = "write a Job that runs it once, and wait for it before the rollout: `kubectl wait --for=condition=complete`";
        out.push(cx.finding(container.span, message).help(help));
    }
}

fn command_line(container: &Container) -> String {
    let words = [&container.command, &container.arguments].into_iter().filter_map(Setting::value).flatten();
    words.map(String::as_str).collect::<Vec<_>>().join(" ")
}
