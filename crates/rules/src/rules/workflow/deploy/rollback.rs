//! Rules about rollbacks.

use super::action::Action;
use super::deployment::{Deployment, deployments, has_word};
use super::flow::FlowCommand;
use crate::finding::Findings;
use crate::rules::WorkflowContext;
use crate::rules::workflow::steps::{last_part, pushes};
use crate::shell::program::Kind;
use crate::shell::{Assignment, Program, arguments_of_command};
use crate::sources::patterns;
use crate::text::{Span, path};
use crate::workflow::{ComposeCall, PipelineKind, WorkflowText};

crate::rules::family! {
    of_workflow
    "rollback-downgrades-schema" => rollback_downgrades_schema;
    "rollback-keeps-version" => rollback_keeps_version;
    "rollback-tag-moves" => rollback_tag_moves;
}

/// Meanings in `data/source_patterns.tsv`.
const ROLLBACK: &str = "word of a rollback";
const MOVING: &str = "word of a tag that moves";
const VERSION: &str = "part of the name of a variable with a version";

/// Whether a command belongs to a rollback, by the name of what it stands in.
pub(super) fn is_of_rollback(cx: &WorkflowContext, deployment: &Deployment, command: &FlowCommand) -> bool {
    let is_script = cx.workflow().kind == PipelineKind::Script;
    let name = if is_script { path::name(&cx.input.path) } else { deployment.job.id.as_str() };
    let step = deployment.fallback.and_then(|step| step.name.as_ref()).map_or("", |name| name.text.as_str());
    has_word(name, ROLLBACK)
        || has_word(step, ROLLBACK)
        || command.functions.iter().any(|name| has_word(name, ROLLBACK))
}

/// A schema that goes back with the images.
fn rollback_downgrades_schema(cx: &WorkflowContext, out: &mut Findings) {
    let mut places: Vec<Span> = Vec::new();
    for deployment in deployments(cx) {
        for (at, (command, action)) in deployment.steps.iter().enumerate() {
            let Action::Schema(change) = action else { continue };
            let is_up = |(_, action): &(FlowCommand, Action)| matches!(action, Action::Schema(change) if change.is_up);
            let is_undone = || deployment.steps[..at].iter().any(is_up) && command.is_optional();
            if change.is_up || !is_of_rollback(cx, &deployment, command) && !is_undone() {
                continue;
            }
            let place = command.script.text.place_of(command.span());
            if places.contains(&place.span) {
                continue;
            }
            places.push(place.span);
            let message =
                format!("`{}` in a rollback deletes what the new version has stored in the meantime", change.words);
            let Some(finding) = cx.finding(place, message) else { continue };
            out.push(finding.help(
                "go back with the images alone, and migrate by steps that the version before can live with: first add, and remove in a later release",
            ));
        }
    }
}

/// A rollback to a tag that names another image tomorrow.
fn rollback_tag_moves(cx: &WorkflowContext, out: &mut Findings) {
    let pushed = pushed_tags(cx);
    let deployments = deployments(cx);
    let tagged: Vec<String> = deployments
        .iter()
        .flat_map(|deployment| &deployment.steps)
        .filter_map(|(command, _)| tag_of(command))
        .collect();
    let mut places: Vec<Span> = Vec::new();
    for deployment in &deployments {
        for (command, action) in &deployment.steps {
            let is_use = matches!(action, Action::Start(_) | Action::Fetch) || command.command.invocation.is("export");
            if !is_use || !is_of_rollback(cx, deployment, command) {
                continue;
            }
            for (tag, span) in moving_tags(command) {
                let place = command.script.text.place_of(span);
                // A tag that the script itself sets names what it wants.
                if tagged.iter().any(|known| known == tag) || places.contains(&place.span) {
                    continue;
                }
                places.push(place.span);
                let message = match &pushed {
                    Some(tags) if !tags.iter().any(|known| known == tag) => {
                        format!(
                            "`{tag}` is a tag that this pipeline gives to no image: the rollback starts none, or one of long ago"
                        )
                    }
                    _ => format!("`{tag}` is a tag that moves: the rollback starts what it names by then"),
                };
                let Some(finding) = cx.finding(place, message) else { continue };
                out.push(finding.help(
                    "write down the digest or the tag of each version that is deployed, and go back to that one",
                ));
            }
        }
    }
}

/// The tags of the images that a pipeline pushes; `None` where it pushes none, or only a run knows them.
fn pushed_tags(cx: &WorkflowContext) -> Option<Vec<String>> {
    let pushes = pushes(cx);
    let tags = pushes.iter().flat_map(|push| &push.tags);
    let tag = |text: &WorkflowText| Some(last_part(&text.text).rsplit_once(':')?.1.to_owned());
    let tags: Option<Vec<String>> = tags.map(tag).collect();
    tags.filter(|tags| !tags.is_empty())
}

/// A rollback that starts what is there: nothing in it says which version it goes back to.
fn rollback_keeps_version(cx: &WorkflowContext, out: &mut Findings) {
    let mut places: Vec<Span> = Vec::new();
    for deployment in &deployments(cx) {
        let is_of_it = |command: &FlowCommand| is_of_rollback(cx, deployment, command);
        let steps: Vec<_> = deployment.steps.iter().filter(|(command, _)| is_of_it(command)).collect();
        let is_start = |(_, action): &&&(FlowCommand, Action)| matches!(action, Action::Start(started) if started.compose.is_some());
        let Some((start, _)) = steps.iter().find(is_start) else { continue };
        if steps.iter().any(|(command, action)| may_name_version(command, action)) {
            continue;
        }
        let place = start.script.text.place_of(start.span());
        if places.contains(&place.span) {
            continue;
        }
        places.push(place.span);
        let message = "the rollback starts what the compose file names, which is the version that runs: no command names another one";
        let Some(finding) = cx.finding(place, message) else { continue };
        out.push(finding.help(
            "give the version to Compose (`TAG=\"$1\" docker compose up -d`, with `image: …:${TAG}` in the file), and write down which ones were deployed",
        ));
    }
}

/// Whether a command of a rollback may say which version starts, or bring it.
fn may_name_version(command: &FlowCommand, action: &Action) -> bool {
    let invocation = &command.command.invocation;
    if !invocation.command.assignments.is_empty() || command.assignments_before().next().is_some() {
        return true;
    }
    match action {
        Action::Start(started) => {
            let call = started.compose.as_ref();
            call.is_none_or(|call| {
                call.command.is_empty() || call.files.iter().any(|(file, _)| file.constant().is_none())
            })
        }
        Action::Fetch | Action::Stop(_) | Action::Restart(_) => {
            ComposeCall::of(command.script, &command.command).is_none()
        }
        Action::Sleep(_) | Action::Probe | Action::Prune { .. } | Action::Reload(_) | Action::Schema(_) => false,
        Action::Other => {
            let is_compose = ComposeCall::of(command.script, &command.command).is_some();
            let is_connection = invocation.is("ssh") && !command.is_asked();
            let program = invocation.program.map(Program::of);
            let is_silent = program.is_some_and(|program| program.is(Kind::Text) || program.is(Kind::Condition));
            let is_flow = matches!(invocation.program, Some("exit" | "return" | "set" | "cd"));
            !(is_compose || is_connection || is_silent || is_flow)
        }
    }
}

/// The tag that `docker tag` gives.
fn tag_of(command: &FlowCommand) -> Option<String> {
    let words = crate::rules::workflow::steps::docker_words(&command.command.invocation);
    let (["tag", _, target, ..] | ["image", "tag", _, target, ..]) = words[..] else { return None };
    path::name(target).rsplit_once(':').map(|(_, tag)| tag.to_owned())
}

/// Whether a variable holds a version or an image by its name.
pub(super) fn is_of_version(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    patterns::words(VERSION).any(|word| name.contains(word))
}

/// Tags of a command that move, with their places: of its images, and in variables that are set for it.
fn moving_tags(command: &FlowCommand) -> Vec<(&'static str, Span)> {
    let invocation = &command.command.invocation;
    let moving = |tag: &str| patterns::words(MOVING).find(|known| *known == tag);
    let of_variable = |name: &str, value: &str, span: Span| {
        let tag = path::name(value).rsplit(':').next()?;
        if is_of_version(name) { Some((moving(tag)?, span)) } else { None }
    };
    let of_assignment =
        |assignment: &Assignment| of_variable(&assignment.name_text, assignment.value.value()?, assignment.span);
    let assignments = invocation.command.assignments.iter().chain(command.assignments_before());
    let mut tags: Vec<(&str, Span)> = assignments.filter_map(of_assignment).collect();
    if invocation.is("export") {
        let exported = invocation.args.iter().filter_map(|word| Some((word.value()?.split_once('=')?, word.span)));
        tags.extend(exported.filter_map(|((name, value), span)| of_variable(name, value, span)));
    }
    if invocation.is("docker") {
        let verb = invocation.args.first().map_or("", |word| word.text());
        let (_, operands) = arguments_of_command("docker", verb, invocation.args.get(1..).unwrap_or_default());
        if let ("run" | "pull", Some(image)) = (verb, operands.first())
            && let Some((_, tag)) = path::name(image.text()).rsplit_once(':')
        {
            tags.extend(moving(tag).map(|tag| (tag, image.span)));
        }
    }
    tags
}
