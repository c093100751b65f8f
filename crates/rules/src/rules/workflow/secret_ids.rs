//! A rule about secrets of builds whose names in the pipeline and in the Dockerfile differ.

use std::collections::BTreeSet;

use super::cache_lack::has_unknown_options;
use super::run_work::needed;
use super::steps::is_plain;
use crate::build::Build;
use crate::finding::{Finding, Findings, Safety, Severity};
use crate::rules::shared::secret_mounts::{SecretMount, secret_mounts};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::text::{Span, listed};
use crate::workflow::{BuildCall, LegBuild, WorkflowPlace, WorkflowText};

crate::rules::family! {
    of_workflow
    "build-secret-unmatched" => build_secret_unmatched;
}

/// Inputs of docker/build-push-action with secrets, one a line (its README, "inputs").
const INPUTS: [&str; 3] = ["secrets", "secret-envs", "secret-files"];

/// How the names of secrets begin that BuildKit itself reads, where the context is a repository.
const OF_BUILDKIT: &str = "GIT_AUTH_";

/// A secret that a build passes.
struct PassedSecret {
    /// Its name, with white space as the builder gets it.
    id: String,
    /// What is written.
    text: WorkflowText,
}

/// A secret that a RUN of a Dockerfile mounts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct MountedSecret {
    mount: SecretMount,
    file: String,
}

/// A secret that is mounted and not passed, or passed and not mounted.
fn build_secret_unmatched(cx: &WorkflowContext, out: &mut Findings) {
    for call in cx.calls().iter().filter(|call| is_plain(call)) {
        let builds = cx.builds_of(call);
        let is_open = call.command.is_some() && has_unknown_options(cx, call);
        let (Some(passed), Some(mounted)) = (passed_secrets(cx, call), mounted_secrets(&builds)) else { continue };
        if builds.is_empty() || is_open {
            continue;
        }
        let lacks = |mount: &&MountedSecret| passed.iter().all(|secret| secret.id != mount.mount.id);
        let missing: Vec<&MountedSecret> = mounted.iter().filter(lacks).collect();
        let is_unused = |secret: &&PassedSecret| {
            mounted.iter().all(|mount| mount.mount.id != secret.id) && !secret.id.starts_with(OF_BUILDKIT)
        };
        let unused: Vec<&PassedSecret> = passed.iter().filter(is_unused).collect();
        let (spaced, unused): (Vec<_>, Vec<_>) = unused.into_iter().partition(|secret| secret.id.trim() != secret.id);
        for secret in &spaced {
            let mount = missing.iter().find(|mount| mount.mount.id == secret.id.trim());
            if let Some(finding) = spaced_name(cx, secret, mount.copied()) {
                out.push(finding);
            }
        }
        let is_named = |mount: &&MountedSecret| spaced.iter().any(|secret| secret.id.trim() == mount.mount.id);
        let missing: Vec<&MountedSecret> = missing.into_iter().filter(|mount| !is_named(mount)).collect();
        if let Some(finding) = not_passed(cx, call, &missing, &unused) {
            out.push(finding);
        }
        if missing.is_empty()
            && let Some(finding) = not_mounted(cx, &unused, &builds)
        {
            out.push(finding);
        }
    }
}

/// A finding about white space that is a part of a name.
fn spaced_name(cx: &WorkflowContext, secret: &PassedSecret, mount: Option<&MountedSecret>) -> Option<Finding> {
    let PassedSecret { id, text } = secret;
    let message = match mount {
        Some(MountedSecret { mount: SecretMount { id: name, line, is_required, .. }, file }) => {
            let what = if *is_required { "the build fails" } else { "that RUN gets nothing" };
            format!("the secret is called `{id}`, with the space: line {line} of `{file}` mounts `{name}`, so {what}")
        }
        None => format!("the secret is called `{id}`, with the space: no RUN mounts it"),
    };
    let finding = cx.finding(text.place, message)?;
    let finding =
        finding.help(format!("write `{}=…` without spaces: they are a part of the name and of the value", id.trim()));
    let why = Safety::Unsafe("the RUN gets the secret from then on".to_owned());
    Some(match without_spaces(cx, text) {
        Some(change) => cx.fixed(finding, "leave the spaces out", why, &[change]),
        None => finding,
    })
}

/// The edit that takes the white space around the first `=` of a line away.
fn without_spaces(cx: &WorkflowContext, text: &WorkflowText) -> Option<WorkflowChange<'static>> {
    let source = cx.inputs.source(cx.input.file_of(text.place)?);
    let written = source.text().get(text.place.span.range())?;
    let (name, value) = written.split_once('=')?;
    let start = text.place.span.start + name.trim_end().len() as u32;
    let end = text.place.span.start + (written.len() - value.trim_start().len()) as u32;
    let is_plain = !name.contains(['"', '\'', '\n', '$']) && start < end;
    let place = WorkflowPlace { span: Span::new(start, end), ..text.place };
    is_plain.then(|| WorkflowChange::Replace(place, "=".to_owned()))
}

/// A finding about secrets that RUNs mount, and that the build is not given.
fn not_passed(
    cx: &WorkflowContext,
    call: &BuildCall,
    missing: &[&MountedSecret],
    unused: &[&PassedSecret],
) -> Option<Finding> {
    // A RUN that asks for the file does without it on purpose.
    let is_needed = |mount: &&&MountedSecret| mount.mount.is_required || !mount.mount.is_asked || !unused.is_empty();
    let missing: Vec<&MountedSecret> = missing.iter().filter(is_needed).copied().collect();
    let first = *missing.iter().find(|mount| mount.mount.is_required).or_else(|| missing.first())?;
    let names: BTreeSet<&str> = missing.iter().map(|mount| mount.mount.id.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let (subject, verb) = if names.len() == 1 { ("secret", "is") } else { ("secrets", "are") };
    let what = if first.mount.is_required { "the build fails" } else { "the RUN gets an empty place for it" };
    let (line, file) = (first.mount.line, &first.file);
    let mounts = if names.len() == 1 { "mounts it" } else { "mounts the first" };
    let message =
        format!("the {subject} {} {verb} not passed, and line {line} of `{file}` {mounts}: {what}", listed(&names));
    let place = unused.first().map_or(call.place, |secret| secret.text.place);
    let finding = cx.finding(place, message)?;
    let name = &first.mount.id;
    let finding = finding.help(match unused.first() {
        Some(secret) => format!("one name is meant: `{}` is passed, and no RUN mounts it", secret.id),
        None if call.command.is_some() => format!("pass it: `--secret id={name},env=…`"),
        None => format!("pass it: `secrets: {name}=${{{{ secrets.… }}}}`"),
    });
    let is_sure = first.mount.is_required || !unused.is_empty();
    Some(if is_sure { finding } else { finding.lowered(Severity::Warning) })
}

/// A finding about secrets that no RUN mounts.
fn not_mounted(cx: &WorkflowContext, unused: &[&PassedSecret], builds: &[(&LegBuild, &Build)]) -> Option<Finding> {
    let first = unused.first()?;
    let (leg, _) = builds.first()?;
    let names: Vec<&str> = unused.iter().map(|secret| secret.id.as_str()).collect();
    let (subject, verb) = if names.len() == 1 { ("secret", "is") } else { ("secrets", "are") };
    let message = format!("the {subject} {} {verb} passed, and no RUN of `{}` mounts it", listed(&names), leg.file);
    let finding = cx.finding(first.text.place, message)?.lowered(Severity::Warning);
    Some(
        finding
            .help(format!("mount it where it is needed (`RUN --mount=type=secret,id={}`), or leave it out", first.id)),
    )
}

/// The secrets that a build passes; `None` where only a run knows them.
fn passed_secrets(cx: &WorkflowContext, call: &BuildCall) -> Option<Vec<PassedSecret>> {
    if call.command.is_some() {
        let read = |text: &WorkflowText| {
            let fields = text.text.split(',').filter_map(|field| field.split_once('='));
            let id = fields.into_iter().find(|(key, _)| *key == "id").map(|(_, id)| id)?;
            (!id.contains(['$', '{'])).then(|| PassedSecret { id: id.to_owned(), text: text.clone() })
        };
        return call.secrets.iter().map(read).collect();
    }
    let mut passed = Vec::new();
    for input in INPUTS.iter().filter_map(|name| cx.step(call).input(name)) {
        let mut is_inside = false;
        for line in &input.lines {
            let text = &line.text;
            // A value in quotes has lines of its own.
            if is_inside {
                is_inside = !text.ends_with('"');
                continue;
            }
            is_inside = text.starts_with('"') && text[1..].matches('"').count() % 2 == 0;
            let (name, _) = text.split_once('=')?;
            let id = name.trim_start_matches('"').trim_start();
            if id.contains(['$', '{']) {
                return None;
            }
            passed.push(PassedSecret { id: id.to_owned(), text: line.clone() });
        }
    }
    Some(passed)
}

/// The secrets that the RUNs of all legs mount; `None` where one of them has no known name, or another file may have more.
fn mounted_secrets(builds: &[(&LegBuild, &Build)]) -> Option<Vec<MountedSecret>> {
    let mut mounted = Vec::new();
    for (leg, build) in builds {
        let stages = needed(build, leg)?;
        for mount in secret_mounts(build, &|stage| stages.contains(&stage))? {
            mounted.push(MountedSecret { mount, file: leg.file.clone() });
        }
    }
    mounted.sort();
    mounted.dedup();
    Some(mounted)
}
