//! Rules about commands in pipelines, justfiles, makefiles and scripts.

use std::collections::HashSet;

use super::cache::is_hosted;
use super::steps::{docker_words, is_compose, is_self_hosted, verbatim};
use crate::finding::{Findings, Safety, Severity};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::shell::{Invocation, Scope, ScopeKind, Script, SeparatorKind, Word, arguments_of_command};
use crate::text::path;
use crate::workflow::{Job, PipelineKind, Step, WorkflowPlace};

crate::rules::family! {
    of_workflow
    "compose-v1-command" => compose_v1_command;
    "password-on-command-line" => password_on_command_line;
}

const V1: &str = "docker-compose";

/// `docker-compose` is the command of Compose 1, which hosted runners do not have any more; one finding for all calls of a
/// file, as one change is wanted.
fn compose_v1_command(cx: &WorkflowContext, out: &mut Findings) {
    // A machine that one's own runner of GitLab is on may have it.
    let is_pipeline = cx.workflow().kind.is_pipeline() && cx.workflow().kind != PipelineKind::Gitlab;
    // A label that is none of GitHub's may be that of a machine of one's own, or of a larger one of GitHub.
    let has_own_label = |job: &Job| is_pipeline && !job.runners.is_empty() && !is_hosted(cx.workflow(), job);
    let mut calls = v1_calls(cx, |job| !has_own_label(job));
    let is_sure = is_pipeline && !calls.is_empty();
    if calls.is_empty() {
        calls = v1_calls(cx, has_own_label);
    }
    let Some((first, _)) = calls.first() else { return };
    let mut message = if is_sure {
        "`docker-compose` is Compose 1, which is on no hosted runner any more".to_owned()
    } else {
        "`docker-compose` is Compose 1, or a copy of Compose 2 of its own: Docker does not bring it any more".to_owned()
    };
    if calls.len() > 1 {
        message.push_str(&format!(" ({} calls)", calls.len()));
    }
    let Some(finding) = cx.finding(*first, message) else { return };
    let finding = if is_sure { finding } else { finding.lowered(Severity::Warning) };
    let finding = finding.help("write `docker compose`");
    let change = |place: &WorkflowPlace| WorkflowChange::Replace(*place, "docker compose".to_owned());
    let changes: Option<Vec<_>> = calls.iter().map(|(_, place)| place.as_ref().map(change)).collect();
    let safety = if is_sure {
        Safety::Safe
    } else {
        Safety::Unsafe("a machine may have Compose 2 under the name `docker-compose` alone".to_owned())
    };
    out.push(match changes {
        Some(changes) => cx.fixed(finding, "call Compose 2", safety, &changes),
        None => finding,
    });
}

/// The calls of a file in jobs of a kind, each with the place that an edit may replace.
fn v1_calls(cx: &WorkflowContext, is_kind: impl Fn(&Job) -> bool) -> Vec<(WorkflowPlace, Option<WorkflowPlace>)> {
    let mut calls: Vec<(WorkflowPlace, Option<WorkflowPlace>)> = Vec::new();
    let is_gitlab = cx.workflow().kind == PipelineKind::Gitlab;
    for job in cx.workflow().jobs.iter().filter(|job| is_kind(job)) {
        // Without tags, and without an image, a job runs in the image that the runner has for such.
        if is_gitlab && (job.is_partial || job.key("tags").is_none()) {
            continue;
        }
        // Images of jobs have what they have: those of Docker bring Compose 2 under this name too.
        if job.image.is_some() || is_self_hosted(job) || job.steps.iter().any(brings_v1) {
            continue;
        }
        for step in &job.steps {
            let Some(script) = step.script.as_ref().filter(|script| script.text.text.contains(V1)) else { continue };
            let deploys_stack =
                step.invocations().iter().any(|invocation| docker_words(invocation).starts_with(&["stack", "deploy"]));
            for invocation in step.invocations() {
                // Compose 2 prints a `name` and ports as texts, which `docker stack deploy` refuses.
                if deploys_stack && is_compose(&invocation, &["config"]) {
                    continue;
                }
                let is_other = !invocation.is(V1) || invocation.path.text().contains('/');
                let place = script.text.place_of(invocation.path.span);
                let is_first_file = calls.first().is_none_or(|(first, _)| first.file == place.file);
                if !is_other && is_first_file && !asks_for_missing_file(cx, &invocation) {
                    calls.push((place, verbatim(script, invocation.path.span)));
                }
            }
        }
    }
    let mut seen = HashSet::new();
    calls.retain(|(place, _)| seen.insert(place.span));
    calls
}

/// Whether a command stands in a branch for a file that the repository lacks: `if [ -f compose.test.yml ]; then …`.
fn asks_for_missing_file(cx: &WorkflowContext, invocation: &Invocation) -> bool {
    let script = invocation.script;
    let scope = |number: u32| script.scopes.get(number as usize);
    let mut branch = scope(invocation.command.place.scope);
    for _ in 0..script.scopes.len() {
        let Some(known) = branch else { break };
        if known.kind == ScopeKind::Branch && tests_missing_file(cx, script, known) {
            return true;
        }
        branch = known.parent.and_then(scope);
    }
    false
}

/// Whether the condition before a branch is a test for a file that the repository lacks.
fn tests_missing_file(cx: &WorkflowContext, script: &Script, branch: &Scope) -> bool {
    let is_before = |scope: &&Scope| {
        scope.kind == ScopeKind::Condition && scope.parent == branch.parent && scope.span.end <= branch.span.start
    };
    let Some(condition) = script.scopes.iter().rfind(is_before) else { return false };
    let is_inside = |invocation: &&Invocation| {
        invocation.span.start >= condition.span.start && invocation.span.end <= condition.span.end
    };
    let invocations = script.invocations();
    let [test] = invocations.iter().filter(is_inside).collect::<Vec<_>>()[..] else { return false };
    let is_missing = |file: &Word| {
        let path = path::normalize(file.text());
        !file.is_dynamic() && !path.starts_with(['/', '.']) && !cx.repository().has(&path)
    };
    matches!(test.program, Some("[" | "test"))
        && matches!(test.args, [option, file, ..] if (option.is("-f") || option.is("-e")) && is_missing(file))
        && cx.repository().is_complete
}

/// Whether a step installs or defines a `docker-compose`, or asks whether there is one.
fn brings_v1(step: &Step) -> bool {
    if step.action.as_ref().is_some_and(|action| action.name.contains("compose") && !action.name.starts_with("./")) {
        return true;
    }
    let Some(script) = step.script.as_ref().filter(|script| script.text.text.contains(V1)) else { return false };
    let text = &script.text.text;
    let is_defined = [" ()", "()", " {"].iter().any(|end| text.contains(&format!("{V1}{end}")));
    let names_it = |invocation: &Invocation| {
        let is_printed = matches!(invocation.program, Some("echo" | "printf"));
        !invocation.is(V1) && !is_printed && invocation.args.iter().any(|word| names_program(word.text()))
    };
    // `docker-compose version || docker compose version`: what is there is chosen.
    let is_tried = |invocation: &Invocation| {
        let place = &invocation.command.place;
        let is_condition = invocation.script.enclosing(place).any(|scope| scope.kind == ScopeKind::Condition);
        let has_other =
            place.after.is_some_and(|after| after.kind == SeparatorKind::Or) && text.contains("docker compose");
        invocation.is(V1) && (is_condition || has_other)
    };
    is_defined || step.invocations().iter().any(|invocation| names_it(invocation) || is_tried(invocation))
}

/// Whether a word is the program's name, with a folder, a version or a value around it: no `docker-compose.yml`.
fn names_program(word: &str) -> bool {
    word.match_indices(V1).any(|(at, _)| {
        let behind = &word[at + V1.len()..];
        behind.is_empty() || behind.starts_with(['=', '-', ' ', '/', '"', '\'']) && !behind.contains(".y")
    })
}

/// The password of a login that others on the machine see in the list of processes.
fn password_on_command_line(cx: &WorkflowContext, out: &mut Findings) {
    for (_, step) in cx.steps() {
        let Some(script) = step.script.as_ref().filter(|script| script.text.text.contains("login")) else { continue };
        for invocation in step.invocations() {
            let Some(first) = invocation.args.first().filter(|word| word.is("login")) else { continue };
            let Some(program) =
                invocation.program.filter(|name| matches!(*name, "docker" | "podman" | "buildah" | "nerdctl"))
            else {
                continue;
            };
            let (flags, _) = arguments_of_command("docker", "login", &invocation.args[1..]);
            let Some(flag) = flags.iter().find(|flag| matches!(&*flag.name, "-p" | "--password")) else { continue };
            let Some(value) = flag.value.as_ref() else { continue };
            let message =
                format!("the password of `{program} login` is an argument: all processes of the machine can read it");
            let Some(finding) = cx.finding(script.text.place_of(flag.span), message) else { continue };
            let finding =
                finding.help(format!("write `echo \"$PASSWORD\" | {program} login --username … --password-stdin`"));
            let written = script.text.slice(value.span.range()).trim_matches(['"', '\'']);
            let is_alone = invocation.via.is_empty()
                && invocation.command.assignments.is_empty()
                && invocation.command.redirects.is_empty()
                && invocation.command.place.pipe_len == 1
                && std::ptr::eq(invocation.script, script.commands())
                && first.span.start < flag.span.start;
            let places = verbatim(script, flag.span).zip(verbatim(script, invocation.path.span));
            let places = if is_alone && is_variable(written) { places } else { None };
            let Some((flag_place, program_place)) = places else {
                out.push(finding);
                continue;
            };
            let (at, line) = (program_place.span.start, flag_place.span);
            let start = WorkflowPlace { span: crate::text::Span::at(at), ..program_place };
            let changes = [
                WorkflowChange::Replace(start, format!("echo \"{written}\" | ")),
                WorkflowChange::Replace(WorkflowPlace { span: line, ..flag_place }, "--password-stdin".to_owned()),
            ];
            out.push(cx.fixed(finding, "give the password on the standard input", Safety::Safe, &changes));
        }
    }
}

/// Whether a value is one variable of the shell or one expression, so that quotes around it keep it.
fn is_variable(text: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let name = text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
    let is_expression = name.is_some_and(|name| !name.contains(['{', '}', '"', '\'', '$', '\n']));
    let braced = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    is_expression || braced.or_else(|| text.strip_prefix('$')).is_some_and(is_name)
}
