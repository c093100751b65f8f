//! Rules about what a command on another machine, or another platform, does not find there.

use std::collections::BTreeSet;

use super::deployment::mentions;
use super::flow::flows;
use crate::finding::Findings;
use crate::rules::WorkflowContext;
use crate::sources::patterns;
use crate::text::{listed, path};
use crate::workflow::{ComposeCall, RemoteScript, StepCommand, StepScript};

crate::rules::family! {
    of_workflow
    "remote-file-not-copied" => remote_file_not_copied;
    "rollback-of-other-platform" => rollback_of_other_platform;
}

/// Meanings in `data/source_patterns.tsv`.
const COPIES: &str = "brings files to a server";
const DEPLOYS: &str = "deploys an image to a platform";
const APPLIES: &str = "applies manifests to a cluster";

/// The platform of kubectl and Helm in `data/source_patterns.tsv`.
const CLUSTER: &str = "Kubernetes";

/// A file that `ssh HOST` looks up in the home folder there.
fn remote_file_not_copied(cx: &WorkflowContext, out: &mut Findings) {
    // `deployed-file-not-copied` says it of pipelines.
    if cx.workflow().kind.is_pipeline() {
        return;
    }
    let by_ssh = cx.input.remote_scripts.iter().filter(|remote| remote.start.is_some() && !remote.host.is_empty());
    let mut missing = by_ssh.filter_map(|remote| file_at_home(cx, remote).map(|file| (remote, file)));
    let Some((remote, file)) = missing.next() else { return };
    let others: Vec<_> = missing.collect();
    // A pipeline may bring the files that a recipe calls.
    let copies = |text: &str| patterns::shows(text, COPIES);
    if cx.inputs.workflows.iter().any(|input| copies(cx.inputs.source(input.file).text())) {
        return;
    }
    let HomeFile { words, command, is_compose } = file;
    let Some(script) = remote.commands.script.as_ref() else { return };
    let more = if others.is_empty() { String::new() } else { format!(" ({} more)", others.len()) };
    let host = &remote.host;
    let message = if is_compose {
        format!(
            "`{words}` looks for a compose file in the home folder of `{host}`, and nothing brings it there: Compose ends, or starts what was copied once{more}"
        )
    } else {
        format!(
            "`{words}` is looked up in the home folder of `{host}`, and nothing brings it there: it is missing, or an old copy runs{more}"
        )
    };
    let Some(mut finding) = cx.finding(script.text.place_of(command.invocation.span), message) else { return };
    for (remote, other) in others {
        let Some(script) = remote.commands.script.as_ref() else { continue };
        let place = script.text.place_of(other.command.invocation.span);
        finding = cx.labelled(finding, place, "looked up there, too");
    }
    out.push(finding.help(
        "copy the file before (`rsync -a FILE HOST:/srv/shop/`), and begin with its folder: `ssh HOST \"cd /srv/shop && …\"`",
    ));
}

/// A file that a command looks up where `ssh` begins.
struct HomeFile<'a> {
    words: String,
    command: StepCommand<'a>,
    is_compose: bool,
}

/// The first such file of a remote script, of which the repository has the original.
fn file_at_home<'a>(cx: &WorkflowContext<'a, '_>, remote: &'a RemoteScript) -> Option<HomeFile<'a>> {
    let script = remote.commands.script.as_ref()?;
    let is_at_home = |command: &StepCommand| command.folder.as_ref().is_some_and(|folder| folder.text == "$");
    let commands = StepCommand::all(&remote.commands).into_iter().take_while(is_at_home);
    commands.into_iter().find_map(|command| home_file(cx, script, command))
}

fn home_file<'a>(cx: &WorkflowContext, script: &'a StepScript, command: StepCommand<'a>) -> Option<HomeFile<'a>> {
    if let Some(call) = ComposeCall::of(script, &command) {
        let names_folder = ["--project-directory", "--env-file"];
        let is_placed = call.options.iter().any(|(name, _)| names_folder.contains(&name.as_str()));
        let asks_version = matches!(&*call.command, "" | "version" | "ls");
        let is_known = cx.repository().files.iter().any(|file| path::is_compose(file));
        if is_placed || asks_version || !call.files.is_empty() || !is_known {
            return None;
        }
        let program = command.invocation.program.unwrap_or_default();
        let compose = if program == "docker" { "docker compose" } else { program };
        return Some(HomeFile { words: format!("{compose} {}", call.command), command, is_compose: true });
    }
    let word = command.script_word()?.value()?;
    let is_relative = !word.starts_with(['/', '~', '$']);
    let name = path::name(word);
    let is_known = cx.repository().files.iter().any(|file| path::name(file) == name);
    (is_relative && is_known).then(|| HomeFile { words: word.to_owned(), command, is_compose: false })
}

/// A rollback where nothing is deployed.
fn rollback_of_other_platform(cx: &WorkflowContext, out: &mut Findings) {
    if cx.workflow().kind.is_pipeline() || !mentions(cx, &["kubectl", "helm"]) {
        return;
    }
    let workflows = &cx.inputs.workflows;
    let text = |number: usize| cx.inputs.source(workflows[number].file).text();
    if (0..workflows.len()).any(|number| patterns::shows(text(number), APPLIES)) {
        return;
    }
    let pipelines: Vec<usize> =
        (0..workflows.len()).filter(|number| workflows[*number].workflow.kind.is_pipeline()).collect();
    let shown = |number: &usize| {
        let text = text(*number);
        patterns::of(DEPLOYS).filter(move |pattern| text.contains(pattern.text))
    };
    let platforms: BTreeSet<&str> = pipelines.iter().flat_map(shown).map(|pattern| pattern.argument).collect();
    if platforms.is_empty() || platforms.contains(CLUSTER) {
        return;
    }
    for command in flows(cx).iter().flat_map(|flow| &flow.commands) {
        let invocation = &command.command.invocation;
        let has = |word: &str| invocation.args.iter().any(|known| known.is(word));
        let is_rollback =
            invocation.is("kubectl") && has("rollout") && has("undo") || invocation.is("helm") && has("rollback");
        if !is_rollback {
            continue;
        }
        let names = listed(&platforms.iter().copied().collect::<Vec<_>>());
        let message = format!(
            "this goes back on Kubernetes, and the pipelines deploy to {names} alone: what people use stays as it is"
        );
        let Some(finding) = cx.finding(command.script.text.place_of(command.span()), message) else { continue };
        out.push(finding.help(
            "go back on the platform that the pipeline deploys to, or deploy to the cluster: `kubectl apply`, `helm upgrade`",
        ));
        return;
    }
}
