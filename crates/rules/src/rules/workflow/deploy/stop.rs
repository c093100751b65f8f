//! A rule about deployments that stop a service before they start its new version.

use super::action::{Action, Containers};
use super::deployment::deployments;
use super::edits::{removed, risky};
use super::flow::FlowCommand;
use crate::finding::{Finding, Findings, Severity};
use crate::rules::WorkflowContext;
use crate::rules::workflow::steps::docker_words;
use crate::shell::Word;
use crate::sources::patterns;
use crate::text::Span;

crate::rules::family! {
    of_workflow
    "stop-before-start" => stop_before_start;
}

/// Meanings in `data/source_patterns.tsv`.
const PROXY: &str = "word of the name of a proxy";
const IDLE: &str = "word of the name of an idle container";

/// What helps where a script stops all that it finds.
const EVERYTHING: &str =
    "stop the container that is replaced alone, behind the pull and the build: others on the host have no new version";

/// A service that is stopped, and only then started.
fn stop_before_start(cx: &WorkflowContext, out: &mut Findings) {
    let mut places: Vec<Span> = Vec::new();
    for deployment in deployments(cx) {
        if deployment.starts_fresh(cx) {
            continue;
        }
        let steps = &deployment.steps;
        for (at, (command, _)) in steps.iter().enumerate() {
            let Some(proxy) = switched_proxy(steps, at) else { continue };
            let place = command.script.text.place_of(command.span());
            if places.contains(&place.span) {
                continue;
            }
            places.push(place.span);
            let message = format!(
                "`{proxy}` is started again behind the new version: until it listens nobody answers, and open requests are lost"
            );
            let Some(finding) = cx.finding(place, message) else { continue };
            out.push(finding.lowered(Severity::Info).help(
                "let it read its configuration again while it runs (`nginx -s reload`), from a folder that is mounted",
            ));
        }
        for (at, (_, action)) in steps.iter().enumerate() {
            let Action::Start(started) = action else { continue };
            let Some(first) = first_stop(&steps[..=at], started) else { continue };
            let stop = &steps[first].0;
            // Of containers without Compose one example is enough, and those without a port serve nobody.
            let is_plain_run = started.compose.is_none();
            if is_plain_run && (!places.is_empty() || !may_be_asked(&steps[at].0)) {
                continue;
            }
            // One that no proxy names yet may be stopped.
            let is_switched = steps[at..].iter().any(|(_, action)| matches!(action, Action::Reload(_)));
            let removes_data = steps[first..at].iter().any(|(command, _)| removes_data(command));
            let place = stop.script.text.place_of(stop.span());
            if is_switched || removes_data || is_idle(started) || places.contains(&place.span) {
                continue;
            }
            places.push(place.span);
            let is_slow =
                steps[first..at].iter().any(|(_, action)| matches!(action, Action::Fetch | Action::Schema(_)));
            let meanwhile = if is_slow { ", and much happens in between" } else { "" };
            let stops_all = matches!(&steps[first].1, Action::Stop(stopped) if stopped.is_everything);
            let what = if stops_all {
                "all containers of the host are stopped".to_owned()
            } else {
                started.description("is stopped", "are stopped")
            };
            let message = format!("{what} before the new version is started{meanwhile}: nobody answers meanwhile");
            if let Some(finding) = cx.finding(place, message) {
                out.push(if stops_all { finding.help(EVERYTHING) } else { with_help(cx, finding, stop, started) });
            }
        }
    }
}

/// The proxy that a step recreates or restarts behind the start of something else.
fn switched_proxy<'s>(steps: &'s [(FlowCommand, Action)], at: usize) -> Option<&'s str> {
    let (command, action) = steps.get(at)?;
    let is_forced = || command.command.invocation.args.iter().any(|word| word.is("--force-recreate"));
    let containers = match action {
        Action::Start(containers) if is_forced() => containers,
        Action::Restart(containers) => containers,
        _ => return None,
    };
    let is_proxy = |name: &String| {
        let lower = name.to_ascii_lowercase();
        lower.split(['-', '_', '.']).any(|part| patterns::words(PROXY).any(|word| word == part))
    };
    let [proxy] = &containers.names[..] else { return None };
    let brings_version = |(start, action): &(FlowCommand, Action)| {
        let Action::Start(started) = action else { return false };
        !started.names.is_empty()
            && !started.names.iter().any(is_proxy)
            && command.is_beside(start)
            && command.continues(start)
    };
    (is_proxy(proxy) && steps[..at].iter().any(brings_version)).then_some(proxy)
}

/// Whether a container that `docker run` starts publishes a port, or is in a network where others ask it.
fn may_be_asked(start: &FlowCommand) -> bool {
    let invocation = &start.command.invocation;
    if !matches!(docker_words(invocation)[..], ["run", ..] | ["container", "run", ..]) {
        return true;
    }
    let mut words = invocation.args.iter().map(Word::text);
    words.any(|word| {
        let long = ["--publish", "--net", "--label", "--link"].iter().any(|option| word.starts_with(option));
        let is_short = word.starts_with('-') && !word.starts_with("--");
        long || is_short && word.contains(['p', 'P', 'l']) || word.contains('$')
    })
}

/// The first command that stops what the last step starts, where the run did not start it itself.
fn first_stop(steps: &[(FlowCommand, Action)], started: &Containers) -> Option<usize> {
    let ((start, _), before) = steps.split_last()?;
    let is_same = |(command, action): &(FlowCommand, Action)| match action {
        Action::Stop(stopped) => {
            stopped.share(started)
                && command.is_beside(start)
                && start.continues(command)
                && !command.is_where_none_runs(&stopped.names)
        }
        _ => false,
    };
    let is_own = |(command, action): &(FlowCommand, Action)| match action {
        Action::Start(other) | Action::Restart(other) => other.may_share(started) && start.may_follow(command),
        _ => false,
    };
    let first = before.iter().position(is_same)?;
    if before.iter().any(is_own) { None } else { Some(first) }
}

fn with_help(cx: &WorkflowContext, finding: Finding, stop: &FlowCommand, started: &Containers) -> Finding {
    if started.compose.is_none() {
        return finding.lowered(Severity::Info).help(
            "without a gap: start the new container under another name, let the proxy change over, then stop the old one",
        );
    }
    let options = started.compose.iter().flat_map(|call| &call.options);
    if options.into_iter().any(|(name, _)| name == "--no-recreate") {
        return finding.help(
            "remove it together with `--no-recreate`, by which `up` leaves old containers as they are: `docker compose up -d` \
             replaces what has changed, after it has pulled and built",
        );
    }
    let finding =
        finding.help("remove it: `docker compose up -d` replaces what has changed, after it has pulled and built");
    match if is_plain(stop) { removed(cx, stop) } else { None } {
        Some(change) => {
            let safety = risky("containers that have not changed go on");
            cx.fixed(finding, "let `up` replace what has changed", safety, &[change])
        }
        None => finding,
    }
}

/// Whether a command removes volumes.
fn removes_data(command: &FlowCommand) -> bool {
    let invocation = &command.command.invocation;
    let has_option = || invocation.args.iter().any(|word| word.is("-v") || word.is("--volumes"));
    matches!(docker_words(invocation)[..], ["volume", "rm" | "prune", ..])
        || matches!(Action::of(command), Action::Stop(_)) && has_option()
}

/// Whether containers may be those that nobody uses at the moment: the new ones, or those of the other colour.
fn is_idle(started: &Containers) -> bool {
    let has_word = |name: &String| {
        let lower = name.to_ascii_lowercase();
        patterns::words(IDLE).any(|word| lower.contains(word))
    };
    let files = started.compose.iter().flat_map(|call| &call.files).map(|(file, _)| &file.text);
    let project = started.compose.iter().filter_map(|call| call.project.as_ref()).map(|name| &name.text);
    started.names.iter().chain(files).chain(project).any(has_word)
}

/// Whether a call of `down` or `stop` does nothing else.
fn is_plain(stop: &FlowCommand) -> bool {
    let invocation = &stop.command.invocation;
    let options = invocation.args.iter().filter(|word| word.text().starts_with("--"));
    let known = ["--remove-orphans", "--file", "--project-name", "--timeout", "--env-file"];
    let is_known = |text: &str| known.iter().any(|option| text.starts_with(option));
    options.into_iter().all(|word| is_known(word.text())) && invocation.via.is_empty()
}
