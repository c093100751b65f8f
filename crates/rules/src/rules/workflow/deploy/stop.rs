//! A rule about deployments that stop a service before they start its new version.

use super::action::{Action, Containers, NAMED};
use super::deployment::{Deployment, deployments, has_word};
use super::edits::{removed, risky};
use super::flow::FlowCommand;
use super::rollback::is_of_rollback;
use crate::finding::{Finding, Findings, Severity};
use crate::rules::WorkflowContext;
use crate::rules::workflow::steps::docker_words;
use crate::shell::program::Kind;
use crate::shell::{Program, Word};
use crate::sources::patterns;
use crate::text::{Span, path};

crate::rules::family! {
    of_workflow
    "stop-before-start" => stop_before_start;
}

/// Meanings in `data/source_patterns.tsv`.
const PROXY: &str = "word of the name of a proxy";
const RESTORES: &str = "command that restores data";
const IDLE: &str = "word of the name of an idle container";
const WORKER: &str = "word of the name of a worker";

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
        for gap in gaps(steps, &mut places) {
            if restores_data(cx, &deployment, gap.first) {
                continue;
            }
            report(cx, steps, &gap, out);
        }
    }
}

/// Whether a rollback puts data back behind a stop: what serves them has to stand still meanwhile.
fn restores_data(cx: &WorkflowContext, deployment: &Deployment, stop: usize) -> bool {
    let (stopped, _) = &deployment.steps[stop];
    let is_restoring =
        || stopped.functions.iter().any(|name| name.contains("restore")) || cx.input.path.contains("restore");
    let is_settings = |word: &Word| {
        let name = path::name(word.text());
        path::is_yaml(name) || name.contains(".env") || name.rsplit_once('.').is_some_and(|(_, end)| end == "conf")
    };
    let puts_back = |(command, _): &(FlowCommand, Action)| {
        let invocation = &command.command.invocation;
        let program = invocation.program.map(Program::of);
        let copies = program.is_some_and(|program| program.is(Kind::Copies) || program.is(Kind::Unpacks));
        let text = command.script.text.slice(invocation.span.range());
        let is_plain = copies && invocation.args.last().is_some_and(|word| !is_settings(word));
        command.may_follow(stopped) && (is_plain || patterns::shows(text, RESTORES))
    };
    (is_of_rollback(cx, deployment, stopped) || is_restoring()) && deployment.steps[stop + 1..].iter().any(puts_back)
}

/// What one command stops before its new version is started.
struct Gap<'s> {
    /// The number of the command that stops.
    first: usize,
    /// What is started first of it.
    started: &'s Containers,
    /// The services; empty for all.
    names: Vec<String>,
    /// Whether images are fetched or a schema is changed in between.
    is_slow: bool,
}

/// The gaps of a deployment, one for each command that stops; `places`: where something is reported already.
fn gaps<'s>(steps: &'s [(FlowCommand, Action)], places: &mut Vec<Span>) -> Vec<Gap<'s>> {
    let mut gaps: Vec<Gap> = Vec::new();
    for (at, (_, action)) in steps.iter().enumerate() {
        let Action::Start(started) = action else { continue };
        let places_of_stops = stops(&steps[..=at], started);
        let Some(&first) = places_of_stops.first() else { continue };
        let names = stopped_names(steps, &places_of_stops, started);
        if let Some(gap) = gaps.iter_mut().find(|gap| gap.first == first) {
            // All of a project are what no name says.
            if gap.names.is_empty() || names.is_empty() {
                gap.names.clear();
            } else {
                let more: Vec<String> = names.into_iter().filter(|name| !gap.names.contains(name)).collect();
                gap.names.extend(more);
            }
            continue;
        }
        // Of containers without Compose one example is enough, and those without a port serve nobody.
        let is_plain_run = started.compose.is_none();
        if is_plain_run && (!places.is_empty() || !may_be_asked(&steps[at].0)) {
            continue;
        }
        // One that no proxy names yet may be stopped.
        let is_switched = steps[at..].iter().any(|(_, action)| matches!(action, Action::Reload(_)));
        let removes_data = steps[first..at].iter().any(|(command, _)| removes_data(command));
        let stop = &steps[first].0;
        let place = stop.script.text.place_of(stop.span());
        if is_switched
            || removes_data
            || is_idle(started)
            || is_thrown_away(steps, started)
            || places.contains(&place.span)
        {
            continue;
        }
        places.push(place.span);
        let is_slow = steps[first..at].iter().any(|(_, action)| matches!(action, Action::Fetch | Action::Schema(_)));
        gaps.push(Gap { first, started, names, is_slow });
    }
    gaps
}

/// Of what is started the names that commands stop; empty for all of a project.
fn stopped_names(steps: &[(FlowCommand, Action)], places: &[usize], started: &Containers) -> Vec<String> {
    let stopped = || {
        places.iter().filter_map(|at| match &steps[*at].1 {
            Action::Stop(stopped) => Some(stopped),
            _ => None,
        })
    };
    let is_all = stopped().any(|stopped| stopped.names.is_empty() || stopped.is_everything);
    if is_all {
        return started.names.clone();
    }
    let mut names: Vec<String> = Vec::new();
    for name in stopped().flat_map(|stopped| &stopped.names) {
        if !names.contains(name) && (started.names.is_empty() || started.names.contains(name)) {
            names.push(name.clone());
        }
    }
    names
}

/// Says what is stopped: those that answer requests, else that work waits.
fn report(cx: &WorkflowContext, steps: &[(FlowCommand, Action)], gap: &Gap, out: &mut Findings) {
    let stop = &steps[gap.first].0;
    let place = stop.script.text.place_of(stop.span());
    let (workers, mut names): (Vec<String>, Vec<String>) =
        gap.names.iter().cloned().partition(|name| has_word(name, WORKER));
    let only_work_waits = names.is_empty() && !workers.is_empty();
    if only_work_waits {
        names = workers;
    }
    let stops_all = matches!(&steps[gap.first].1, Action::Stop(stopped) if stopped.is_everything);
    let affected = Containers { names, ..gap.started.clone() };
    let what = if stops_all {
        "all containers of the host are stopped".to_owned()
    } else {
        affected.description("is stopped", "are stopped")
    };
    let meanwhile = if gap.is_slow { ", and much happens in between" } else { "" };
    let effect = match affected.names.len() {
        _ if !only_work_waits || stops_all => "nobody answers meanwhile",
        1 => "its work waits meanwhile",
        _ => "their work waits meanwhile",
    };
    let message = format!("{what} before the new version is started{meanwhile}: {effect}");
    let Some(mut finding) = cx.finding(place, message) else { return };
    if affected.names.len() > NAMED {
        let names: Vec<String> = affected.names.iter().map(|name| format!("`{name}`")).collect();
        finding.notes.push(format!("they are {}", names.join(", ")));
    }
    if only_work_waits {
        finding = finding.lowered(Severity::Info);
    }
    out.push(if stops_all { finding.help(EVERYTHING) } else { with_help(cx, finding, stop, gap.started) });
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

/// The commands that stop what the last step starts, where the run did not start it itself.
fn stops(steps: &[(FlowCommand, Action)], started: &Containers) -> Vec<usize> {
    let Some(((start, _), before)) = steps.split_last() else { return Vec::new() };
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
    if before.iter().any(is_own) {
        return Vec::new();
    }
    before.iter().enumerate().filter(|(_, step)| is_same(step)).map(|(at, _)| at).collect()
}

/// Whether the script removes a container when it ends: `trap 'docker rm -f "$SMOKE"' EXIT`.
fn is_thrown_away(steps: &[(FlowCommand, Action)], started: &Containers) -> bool {
    let traps = steps.iter().map(|(command, _)| &command.command.invocation).filter(|invocation| invocation.is("trap"));
    traps.into_iter().any(|invocation| {
        let is_at_end = invocation.args.iter().any(|word| word.is("EXIT") || word.is("0"));
        let names = |name: &String| invocation.args.iter().any(|word| word.text().contains(name.as_str()));
        is_at_end && started.names.iter().any(names)
    })
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
