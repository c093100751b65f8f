//! A rule about deployments that delete the image which they would go back to.

use std::collections::BTreeSet;

use super::action::{Action, PruneLimit};
use super::deployment::{Deployment, deployments};
use super::edits::{inserted_behind, risky};
use super::flow::FlowCommand;
use crate::finding::Findings;
use crate::rules::workflow::steps::{docker_words, last_part, verbatim};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::sources::code::words;
use crate::text::{Span, path};
use crate::workflow::WorkflowText;
use crate::yaml::{self, YamlNode};

crate::rules::family! {
    of_workflow
    "prune-after-deploy" => prune_after_deploy;
}

/// Hours that an image is kept at least where a prune names an age.
const WEEK: u32 = 168;

/// Whether the pipeline gives each image that it pushes a name of its own too, by which it can be pulled again.
fn pushes_versions(cx: &WorkflowContext) -> bool {
    let words = ["sha", "SHA", "run_number", "ref_name", "github.ref"];
    let steps = cx.workflow().jobs.iter().flat_map(|job| &job.steps);
    let mut names = steps.filter(|step| step.uses("docker/metadata-action")).filter_map(|step| step.input("tags"));
    let is_version = |line: &WorkflowText| ["type=sha", "type=semver"].iter().any(|kind| line.text.contains(kind));
    cx.calls().iter().flat_map(|call| &call.tags).any(|tag| words.iter().any(|word| tag.text.contains(word)))
        || names.any(|input| input.lines.iter().any(is_version))
}

/// Whether the services that start have images whose tags a variable gives, and which are not built there: the image before
/// keeps its tag.
fn have_versions(cx: &WorkflowContext, steps: &[(FlowCommand, Action)]) -> bool {
    let started = steps.iter().filter_map(|(_, action)| match action {
        Action::Start(containers) => containers.compose.as_ref().map(|call| (call, &containers.names)),
        _ => None,
    });
    let (calls, names): (Vec<_>, Vec<_>) = started.unzip();
    let is_started = |name: &str| names.iter().any(|names| names.is_empty() || names.iter().any(|known| known == name));
    let paths = calls.iter().flat_map(|call| &call.files).filter_map(|(_, path)| path.clone());
    let folders = calls.iter().filter_map(|call| call.folder.as_deref());
    let near = folders.flat_map(|folder| cx.repository().composes_of(folder)).map(str::to_owned);
    let mut files: BTreeSet<String> = paths.chain(near).collect();
    // On another host the folder may have any name.
    if files.is_empty() {
        files.extend(cx.repository().texts.keys().filter(|file| path::is_compose(file)).cloned());
    }
    let is_set = |name: &str| {
        let mut texts = steps.iter().map(|(command, _)| command.script.text.text.as_str());
        texts.any(|text| words(text, name).any(|at| text[at + name.len()..].starts_with('=')))
    };
    let mut any = false;
    for file in files {
        let Some(source) = cx.repository().texts.get(&file) else { return false };
        let tree = yaml::read(source.text());
        let Some(services) = tree.root().and_then(|root| root.get("services")) else { return false };
        for service in services.entries().filter(|entry| entry.key.text().is_some_and(is_started)) {
            let image = service.value.get("image").and_then(YamlNode::text).unwrap_or_default();
            match tag_variable(image) {
                Some(name) if is_set(name) => any = true,
                Some(_) => return false,
                None if service.value.get("build").is_some() => return false,
                None => {}
            }
        }
    }
    any
}

/// The variable in the tag of an image: `VERSION` of `shop/api:${VERSION:-latest}`.
fn tag_variable(image: &str) -> Option<&str> {
    let (_, tag) = last_part(image).split_once(':')?;
    let name = tag.split_once('$')?.1.trim_start_matches('{');
    name.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().filter(|name| !name.is_empty())
}

/// Images of the version before, which nothing keeps.
fn prune_after_deploy(cx: &WorkflowContext, out: &mut Findings) {
    let mut places: Vec<Span> = Vec::new();
    for Deployment { steps, .. } in deployments(cx) {
        for (at, (prune, action)) in steps.iter().enumerate() {
            let Action::Prune { is_all, limit } = *action else { continue };
            // An image that ran for a week is older than a day.
            if matches!(limit, Some(PruneLimit::Other))
                || matches!(limit, Some(PruneLimit::Hours(hours, _)) if hours >= WEEK)
            {
                continue;
            }
            let before = &steps[..at];
            let is_before = |command: &FlowCommand| prune.is_beside(command) && prune.continues(command);
            let starts =
                |(command, action): &(FlowCommand, Action)| matches!(action, Action::Start(_)) && is_before(command);
            let brings = |(command, action): &(FlowCommand, Action)| match action {
                Action::Fetch => is_before(command),
                Action::Start(containers) => {
                    let options = containers.compose.iter().flat_map(|call| &call.options);
                    is_before(command) && options.into_iter().any(|(name, _)| matches!(&**name, "--build" | "--pull"))
                }
                _ => false,
            };
            let keeps = |(command, _): &(FlowCommand, Action)| {
                matches!(
                    docker_words(&command.command.invocation)[..],
                    ["tag" | "save" | "commit", ..] | ["image", "tag" | "save", ..]
                )
            };
            let place = prune.script.text.place_of(prune.span());
            let is_risky = before.iter().any(starts)
                && (is_all || before.iter().any(brings) && !have_versions(cx, before))
                && !steps.iter().any(keeps)
                && !pushes_versions(cx);
            if !is_risky || places.contains(&place.span) {
                continue;
            }
            places.push(place.span);
            let Some(finding) = cx.finding(place, message(prune, is_all, limit)) else { continue };
            let finding = finding.help(
                "keep images for some weeks with `--filter until=720h`, or give the old one a tag of its own before, and prune without `-a`",
            );
            out.push(match keeping(prune, limit) {
                Some(change) => cx.fixed(
                    finding,
                    "keep images of the last 30 days",
                    risky("images take more room on the host"),
                    &[change],
                ),
                None => finding,
            });
        }
    }
}

/// What a prune deletes.
fn message(prune: &FlowCommand, is_all: bool, limit: Option<PruneLimit>) -> String {
    let words = docker_words(&prune.command.invocation)[..2].join(" ");
    let (option, when) = match limit {
        Some(PruneLimit::Hours(hours, _)) => ("", format!(" when it was made more than {hours} hours ago")),
        _ if is_all => (" -a", String::new()),
        _ => ("", " when its tag has moved".to_owned()),
    };
    format!("`docker {words}{option}` deletes the image that ran until now{when}: nothing is left to go back to")
}

/// A filter for images that are older than a month, which one for volumes would not take.
fn keeping(prune: &FlowCommand, limit: Option<PruneLimit>) -> Option<WorkflowChange<'static>> {
    let invocation = &prune.command.invocation;
    if invocation.args.iter().any(|word| word.is("--volumes")) {
        return None;
    }
    if let Some(PruneLimit::Hours(_, span)) = limit {
        let place = verbatim(prune.script, span)?;
        return Some(WorkflowChange::Replace(place, "until=720h".to_owned()));
    }
    inserted_behind(prune.script, invocation.args.last()?.span, " --filter until=720h")
}
