//! A rule about commands for a container that has another name.

use std::collections::BTreeSet;

use super::justfile::is_name;
use super::steps::docker_words;
use crate::finding::{Findings, Severity};
use crate::rules::WorkflowContext;
use crate::shell::{SeparatorKind, Word, arguments_of_command};
use crate::sources::patterns;
use crate::workflow::{PipelineKind, Step, StepCommand, WorkflowText};
use crate::yaml::{self, YamlNode};

crate::rules::family! {
    of_workflow
    "container-name-missing" => container_name_missing;
}

/// Meaning in `data/source_patterns.tsv`.
const NAMES: &str = "command of an engine that names a container";

/// Compose files of one repository that are looked into.
const COMPOSES: usize = 30;

/// The names that compose files give.
#[derive(Default)]
struct Names {
    services: BTreeSet<String>,
    containers: BTreeSet<String>,
}

/// `docker exec SERVICE`, where Compose has made a name for the container.
fn container_name_missing(cx: &WorkflowContext, out: &mut Findings) {
    if !cx.repository().is_complete {
        return;
    }
    let local = cx.steps().map(|(_, step)| (step, false));
    let remote = cx.input.remote_scripts.iter().map(|remote| (&remote.commands, true));
    let steps = local.chain(remote).filter(|(step, _)| mentions_docker(step));
    let calls: Vec<(Vec<WorkflowText>, bool)> =
        steps.map(|(step, is_remote)| (named_containers(step), is_remote)).collect();
    if calls.iter().all(|(texts, _)| texts.is_empty()) {
        return;
    }
    let Some(names) = names(cx) else { return };
    for (texts, is_remote) in calls {
        for text in texts {
            let is_service = names.services.contains(&text.text) && !names.containers.contains(&text.text);
            if !is_service || is_given(cx, &text.text) {
                continue;
            }
            let name = &text.text;
            let message =
                format!("no container is called `{name}`: Compose calls that of the service `PROJECT-{name}-1`");
            let Some(finding) = cx.finding(text.place, message) else { continue };
            let finding = finding.help(format!(
                "let Compose look it up (`docker compose exec {name} …`), or write `container_name: {name}` in the compose file"
            ));
            let is_sure = !is_remote && cx.workflow().kind != PipelineKind::Script;
            out.push(if is_sure { finding } else { finding.lowered(Severity::Warning) });
        }
    }
}

fn mentions_docker(step: &Step) -> bool {
    step.script.as_ref().is_some_and(|script| script.text.text.contains("docker "))
}

/// The containers that commands of a step name, but for those whose failure counts for nothing.
fn named_containers(step: &Step) -> Vec<WorkflowText> {
    let Some(script) = &step.script else { return Vec::new() };
    let name = |command: StepCommand<'_>| {
        let invocation = &command.invocation;
        let words = docker_words(invocation);
        let verb = *words.first().filter(|verb| patterns::words(NAMES).any(|known| known == **verb))?;
        let at = invocation.args.len() - words.len() + 1;
        let (_, operands) = arguments_of_command("docker", verb, invocation.args.get(at..)?);
        let word: &Word = operands.first()?;
        let is_excused = invocation.command.place.after.is_some_and(|after| after.kind == SeparatorKind::Or);
        let is_quiet = !invocation.command.redirects.is_empty();
        let text = script.text_of(word);
        (!is_excused && !is_quiet && !word.is_dynamic() && is_name(&text)).then_some(text)
    };
    StepCommand::all(step).into_iter().filter_map(name).collect()
}

/// What the compose files of the repository call services and containers; `None` where one of them is not known.
fn names(cx: &WorkflowContext) -> Option<Names> {
    let mut names = Names::default();
    for file in cx.repository().composes(COMPOSES)? {
        let tree = yaml::read(cx.repository().texts.get(&file)?.text());
        let root = tree.root()?;
        if !tree.problems().is_empty() {
            return None;
        }
        for entry in root.get("services").into_iter().flat_map(YamlNode::entries) {
            if entry.value.get("extends").is_some() || entry.value.get("<<").is_some() {
                return None;
            }
            names.services.extend(entry.key.text().map(str::to_owned));
            if let Some(container) = entry.value.get("container_name") {
                names.containers.insert(container.text().filter(|text| !text.contains('$'))?.to_owned());
            }
        }
    }
    Some(names)
}

/// Whether a pipeline, recipe or script of the run gives a container this name.
fn is_given(cx: &WorkflowContext, name: &str) -> bool {
    let gives = |line: &str| {
        let is_naming = line.contains("--name") || line.contains("rename") || line.contains("--container-name");
        is_naming && (line.contains(name) || line.contains('$') || line.contains("{{"))
    };
    cx.inputs.workflows.iter().any(|input| cx.inputs.source(input.file).text().lines().any(gives))
}
