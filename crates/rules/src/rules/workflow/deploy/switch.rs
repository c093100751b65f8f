//! Rules about the order of a deployment: what stops before the new version serves, and what comes too late.

use super::action::{Action, Containers};
use super::deployment::{Deployment, deployments, has_word};
use super::edits::{inserted_before, removed, risky};
use super::flow::FlowCommand;
use crate::data;
use crate::finding::{Findings, Severity};
use crate::rules::WorkflowContext;
use crate::text::{Span, path};
use crate::workflow::PipelineKind;

crate::rules::family! {
    of_workflow
    "migration-after-switch" => migration_after_switch;
    "reload-then-stop" => reload_then_stop;
    "stop-before-start" => stop_before_start;
}

/// Seconds in which the workers of a proxy change.
const RELOAD_SECONDS: u32 = 2;

/// The old containers stop while the proxy still changes over.
fn reload_then_stop(cx: &WorkflowContext, out: &mut Findings) {
    let mut places: Vec<Span> = Vec::new();
    for Deployment { steps, .. } in deployments(cx) {
        for (at, (reload, action)) in steps.iter().enumerate() {
            let Action::Reload(proxy) = action else { continue };
            let Some((stop, containers)) = stopped_at_once(&steps[at..], proxy.as_deref()) else { continue };
            let place = stop.script.text.place_of(stop.span());
            if places.contains(&place.span) {
                continue;
            }
            places.push(place.span);
            let message = format!(
                "{} stop right behind the reload of the proxy, which returns before its workers have changed: requests are lost",
                containers.described()
            );
            let Some(finding) = cx.finding(place, message) else { continue };
            let reload = reload.script.text.place_of(reload.span());
            let finding = finding.help("wait between the two, until no old worker is left: `sleep 10` at the least");
            let finding = match cx.input.file_of(reload) {
                Some(file) if file == finding.file => finding.label(reload.span, "the reload"),
                _ => finding,
            };
            let is_plain = stop.command.invocation.via.is_empty() && !stop.is_condition();
            let before = inserted_before(stop.script, stop.span(), "sleep 10 && ");
            out.push(match before.filter(|_| is_plain) {
                Some(change) => {
                    cx.fixed(finding, "wait for the old workers", risky("the deployment takes longer"), &[change])
                }
                None => finding,
            });
        }
    }
}

/// The command behind a reload that stops others, where nothing between the two takes time. The first step is the reload.
fn stopped_at_once<'s, 'a>(
    steps: &'s [(FlowCommand<'a>, Action)],
    proxy: Option<&str>,
) -> Option<(&'s FlowCommand<'a>, &'s Containers)> {
    let (reload, _) = steps.first()?;
    for (command, action) in &steps[1..] {
        if !command.is_beside(reload) || !command.may_follow(reload) {
            continue;
        }
        let takes_time = match action {
            Action::Sleep(seconds) => seconds.is_none_or(|seconds| seconds >= RELOAD_SECONDS),
            Action::Start(_) | Action::Fetch | Action::Reload(_) | Action::Schema(_) => true,
            Action::Probe | Action::Prune { .. } => false,
            Action::Stop(containers) => {
                let is_proxy = proxy.is_some_and(|proxy| containers.names.iter().any(|name| name == proxy));
                if command.continues(reload) && !is_proxy {
                    return Some((command, containers));
                }
                false
            }
            Action::Other => may_take_time(command),
        };
        if takes_time || command.is_in_loop_apart_from(reload) {
            return None;
        }
    }
    None
}

/// Whether a command does what nobody knows here.
fn may_take_time(command: &FlowCommand) -> bool {
    let invocation = &command.command.invocation;
    let is_unread = invocation.path.text().contains('/') || command.command.script_word().is_some();
    is_unread || invocation.program.is_none_or(|program| matches!(program, "read" | "wait" | "just" | "make"))
}

/// A service that is stopped, and only then started.
fn stop_before_start(cx: &WorkflowContext, out: &mut Findings) {
    let mut places: Vec<Span> = Vec::new();
    for deployment in deployments(cx) {
        let steps = &deployment.steps;
        let is_restart = is_restart(cx, &deployment);
        for (at, (start, action)) in steps.iter().enumerate() {
            let Action::Start(started) = action else { continue };
            let is_same = |(command, action): &(FlowCommand, Action)| match action {
                Action::Stop(stopped) => stopped.share(started) && command.is_beside(start) && start.continues(command),
                _ => false,
            };
            let since = steps[..at]
                .iter()
                .rposition(|(_, action)| matches!(action, Action::Start(other) if other.share(started)));
            let from = since.map_or(0, |since| since + 1);
            let Some(first) = steps[from..at].iter().position(is_same).map(|first| from + first) else { continue };
            let stop = &steps[first].0;
            // One that no proxy names yet may be stopped.
            let is_switched = steps[at..].iter().any(|(_, action)| matches!(action, Action::Reload(_)));
            let place = stop.script.text.place_of(stop.span());
            if is_restart || is_switched || removes_data(stop) || places.contains(&place.span) {
                continue;
            }
            places.push(place.span);
            let is_slow =
                steps[first..at].iter().any(|(_, action)| matches!(action, Action::Fetch | Action::Schema(_)));
            let meanwhile = if is_slow { ", and much happens in between" } else { "" };
            let what = started.described();
            let message =
                format!("{what} stopped before the new version is started{meanwhile}: nobody answers meanwhile");
            let Some(finding) = cx.finding(
                place,
                message.replacen("stopped", if started.names.len() == 1 { "is stopped" } else { "are stopped" }, 1),
            ) else {
                continue;
            };
            if started.compose.is_none() {
                let finding = finding.lowered(Severity::Info);
                out.push(finding.help(
                    "pull or build first; without a gap: start the new container under another name, let the proxy change over, \
                     then stop the old one",
                ));
                continue;
            }
            let finding = finding
                .help("remove it: `docker compose up -d` replaces what has changed, after it has pulled and built");
            let fixed = if is_plain_stop(stop) { removed(cx, stop) } else { None };
            out.push(match fixed {
                Some(change) => cx.fixed(
                    finding,
                    "let `up` replace what has changed",
                    risky("containers that have not changed go on"),
                    &[change],
                ),
                None => finding,
            });
        }
    }
}

/// Whether its name says that it stops what it starts, or resets it.
fn is_restart(cx: &WorkflowContext, deployment: &Deployment) -> bool {
    let is_script = cx.workflow().kind == PipelineKind::Script;
    let name = if is_script { path::name(&cx.input.path) } else { &deployment.job.id };
    let functions = deployment.steps.iter().flat_map(|(command, _)| &command.functions);
    let is_meant = |name: &str| {
        let lower = name.to_ascii_lowercase();
        let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric());
        words.any(|word| word == "restart" || data::RESET_WORDS.row(word).is_some())
    };
    !has_word(name, "word of a deployment") && (is_meant(name) || functions.into_iter().any(|name| is_meant(name)))
}

fn removes_data(stop: &FlowCommand) -> bool {
    stop.command.invocation.args.iter().any(|word| word.is("-v") || word.is("--volumes"))
}

/// Whether a call of `down` or `stop` does nothing else.
fn is_plain_stop(stop: &FlowCommand) -> bool {
    let invocation = &stop.command.invocation;
    let options = invocation.args.iter().filter(|word| word.text().starts_with("--"));
    let is_known = |word: &str| {
        ["--remove-orphans", "--file", "--project-name", "--timeout", "--env-file"]
            .iter()
            .any(|option| word.starts_with(option))
    };
    options.into_iter().all(|word| is_known(word.text())) && invocation.via.is_empty()
}

/// The schema follows when the new code runs already.
fn migration_after_switch(cx: &WorkflowContext, out: &mut Findings) {
    let mut places: Vec<Span> = Vec::new();
    for Deployment { steps, .. } in deployments(cx) {
        for (at, (command, action)) in steps.iter().enumerate() {
            let Action::Schema(change) = action else { continue };
            let may_serve = |(start, action): &(FlowCommand, Action)| {
                let Action::Start(started) = action else { return false };
                let is_app = match &change.inside {
                    Some(inside) => started.share(inside),
                    None => started.compose.is_some() && started.names.is_empty(),
                };
                is_app && command.is_beside(start) && command.continues(start)
            };
            let switches = |(later, action): &(FlowCommand, Action)| {
                matches!(action, Action::Reload(_) | Action::Start(_)) && later.may_follow(command)
            };
            let start = steps[..at].iter().rposition(may_serve);
            let Some(start) = start.filter(|_| change.is_up && !steps[at + 1..].iter().any(switches)) else { continue };
            let place = command.script.text.place_of(command.span());
            if places.contains(&place.span) {
                continue;
            }
            places.push(place.span);
            let message = format!(
                "`{}` runs when the new version has started: until then its code meets the old schema",
                change.words
            );
            let Some(finding) = cx.finding(place, message) else { continue };
            let start = steps[start].0.script.text.place_of(steps[start].0.span());
            let finding = match cx.input.file_of(start) {
                Some(file) if file == finding.file => finding.label(start.span, "the new version"),
                _ => finding,
            };
            out.push(finding.help(
                "migrate before: `docker compose run --rm SERVICE COMMAND` with the new image, by steps that the old code can live with",
            ));
        }
    }
}
