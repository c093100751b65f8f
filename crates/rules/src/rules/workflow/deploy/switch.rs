//! Rules about the moment when the new version takes over: what stops too early, and what comes too late.

use super::action::{Action, Containers};
use super::deployment::{Deployment, deployments};
use super::edits::{inserted_before, risky};
use super::flow::FlowCommand;
use crate::data;
use crate::finding::{Finding, Findings};
use crate::inputs::WorkflowInput;
use crate::rules::WorkflowContext;
use crate::shell::program::{Kind, Program};
use crate::text::{Span, path};
use crate::workflow::PipelineKind;
use crate::yaml::{self, YamlNode};

crate::rules::family! {
    of_workflow
    "drain-by-short-sleep" => drain_by_short_sleep;
    "migration-after-switch" => migration_after_switch;
    "new-version-left-running" => new_version_left_running;
    "old-version-stopped-unchecked" => old_version_stopped_unchecked;
    "reload-then-stop" => reload_then_stop;
    "switch-by-sed" => switch_by_sed;
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
                "{} right behind the reload of the proxy, which returns before its workers have changed: requests are lost",
                containers.description("stops", "stop")
            );
            let Some(finding) = cx.finding(place, message) else { continue };
            let reload = reload.script.text.place_of(reload.span());
            let finding = finding.help("wait between the two, until no old worker is left: `sleep 10` at the least");
            let finding = cx.labelled(finding, reload, "the reload");
            let is_plain = stop.command.invocation.via.is_empty() && !stop.is_condition();
            let before = inserted_before(stop.script, stop.span(), "sleep 10 && ");
            out.push(match before {
                Some(change) if is_plain => {
                    cx.fixed(finding, "wait for the old workers", risky("the deployment takes longer"), &[change])
                }
                _ => finding,
            });
        }
    }
}

/// What stands between a reload and the stop of what served before.
struct SlowStop<'s, 'a> {
    stop: &'s FlowCommand<'a>,
    containers: &'s Containers,
    between: &'s [(FlowCommand<'a>, Action)],
}

/// The first command behind a reload that stops others, where [`stopped_at_once`] has none. The first step is the reload.
fn slow_stop<'s, 'a>(steps: &'s [(FlowCommand<'a>, Action)]) -> Option<SlowStop<'s, 'a>> {
    let (reload, Action::Reload(proxy)) = steps.first()? else { return None };
    if stopped_at_once(steps, proxy.as_deref()).is_some() {
        return None;
    }
    let is_stop = |(command, action): &(FlowCommand, Action)| {
        let Action::Stop(containers) = action else { return false };
        let is_proxy = proxy.as_ref().is_some_and(|proxy| containers.names.contains(proxy));
        !is_proxy && command.is_beside(reload) && command.continues(reload)
    };
    let at = steps.iter().skip(1).position(is_stop)? + 1;
    let (stop, Action::Stop(containers)) = &steps[at] else { return None };
    let is_new_start = |(_, action): &(FlowCommand, Action)| matches!(action, Action::Start(_) | Action::Reload(_));
    let between = &steps[1..at];
    (!between.iter().any(is_new_start)).then_some(SlowStop { stop, containers, between })
}

/// Seconds that [`reload_then_stop`] asks for.
const DRAIN_SECONDS: u32 = 10;

/// A pause of some seconds as all that open requests get.
fn drain_by_short_sleep(cx: &WorkflowContext, out: &mut Findings) {
    let mut places: Vec<Span> = Vec::new();
    for Deployment { steps, .. } in deployments(cx) {
        for at in 0..steps.len() {
            let Some(SlowStop { stop, containers, between }) = slow_stop(&steps[at..]) else { continue };
            let sleeps = between.iter().filter_map(|(command, action)| match action {
                Action::Sleep(Some(seconds)) => Some((command, *seconds)),
                _ => None,
            });
            let [(sleep, seconds)] = sleeps.collect::<Vec<_>>()[..] else { continue };
            let is_long = seconds >= DRAIN_SECONDS || sleep.is_in_loop_apart_from(stop) || sleep.is_optional();
            let waits_else = between.iter().any(|(command, action)| {
                matches!(action, Action::Other) && (may_take_time(command) || asks_for_workers(command))
            });
            let place = sleep.script.text.place_of(sleep.span());
            if is_long || waits_else || places.contains(&place.span) {
                continue;
            }
            places.push(place.span);
            let message = format!(
                "{} {seconds} s after the switch: requests that take longer, and open connections, are cut",
                containers.description("stops", "stop")
            );
            let Some(finding) = cx.finding(place, message) else { continue };
            out.push(finding.help(
                "wait until no old worker of the proxy is left (`while pgrep -f 'worker process is shutting down'; do sleep 1; done`), as long as the longest request may take",
            ));
        }
    }
}

/// Whether a command looks for the workers of a proxy.
fn asks_for_workers(command: &FlowCommand) -> bool {
    matches!(command.command.invocation.program, Some("pgrep" | "ps" | "ss" | "netstat"))
}

/// The old version goes before anything has asked the new one through the proxy.
fn old_version_stopped_unchecked(cx: &WorkflowContext, out: &mut Findings) {
    let mut places: Vec<Span> = Vec::new();
    for Deployment { steps, .. } in deployments(cx) {
        for at in 0..steps.len() {
            let Some(SlowStop { stop, containers, between }) = slow_stop(&steps[at..]) else { continue };
            let asks = |(command, action): &(FlowCommand, Action)| match action {
                Action::Probe => true,
                Action::Other => may_take_time(command) || !command.functions.is_empty(),
                _ => false,
            };
            let place = stop.script.text.place_of(stop.span());
            if between.iter().any(asks) || places.contains(&place.span) {
                continue;
            }
            places.push(place.span);
            let message = format!(
                "{} and nothing has asked the new version through the proxy: a switch that failed cannot be taken back any more",
                containers.description("stops", "stop")
            );
            let Some(finding) = cx.finding(place, message) else { continue };
            let reload = steps[at].0.script.text.place_of(steps[at].0.span());
            let finding = cx.labelled(finding, reload, "the switch");
            out.push(finding.help(
                "ask the public address between the two (`curl -fsS --max-time 5 --retry 10 --retry-all-errors URL`), and switch back where it fails",
            ));
        }
    }
}

/// A way back that takes the proxy back, and not what was started.
fn new_version_left_running(cx: &WorkflowContext, out: &mut Findings) {
    let mut places: Vec<Span> = Vec::new();
    for Deployment { steps, .. } in deployments(cx) {
        let is_switch =
            |(command, action): &(FlowCommand, Action)| matches!(action, Action::Reload(_)) && !command.is_optional();
        let Some(switch) = steps.iter().position(is_switch) else { continue };
        let started = steps[..switch].iter().find(|(_, action)| matches!(action, Action::Start(_)));
        let behind = &steps[switch + 1..];
        let is_way_back = |(command, action): &&(FlowCommand, Action)| {
            // It ends the run: what stops the old version does not follow.
            let mut later = behind.iter().filter(|(later, _)| later.span().start > command.span().end);
            matches!(action, Action::Reload(_))
                && command.is_optional()
                && later.any(|(later, action)| matches!(action, Action::Stop(_)) && !later.may_follow(command))
        };
        let stops = |(command, action): &(FlowCommand, Action)| {
            matches!(action, Action::Stop(_)) && command.is_optional()
                || may_take_time(command) && command.is_optional()
        };
        let (Some((start, _)), Some((back, _))) = (started, behind.iter().find(is_way_back)) else { continue };
        let place = back.script.text.place_of(back.span());
        if behind.iter().any(stops) || places.contains(&place.span) {
            continue;
        }
        places.push(place.span);
        let message = "the proxy goes back and the new version keeps running: its workers take jobs, and the next deployment meets it";
        let Some(finding) = cx.finding(place, message) else { continue };
        let start = start.script.text.place_of(start.span());
        let finding = cx.labelled(finding, start, "started here");
        out.push(finding.help("stop the new version in the way back, too: `docker compose -f … down`"));
    }
}

/// An edit of the proxy's configuration that may have changed nothing.
fn switch_by_sed(cx: &WorkflowContext, out: &mut Findings) {
    let mut places: Vec<Span> = Vec::new();
    for Deployment { steps, .. } in deployments(cx) {
        for (at, (edit, _)) in steps.iter().enumerate().filter(|(_, (command, _))| is_edit(command)) {
            let behind = &steps[at + 1..];
            let Some(reload) = behind.iter().position(|(_, action)| matches!(action, Action::Reload(_))) else {
                continue;
            };
            let stops = |(later, action): &&(FlowCommand, Action)| {
                matches!(action, Action::Stop(_)) && later.is_beside(edit) && later.continues(edit)
            };
            let Some((stop, _)) = behind[reload..].iter().find(stops) else { continue };
            let place = edit.script.text.place_of(edit.span());
            if looks_again(&behind[..reload]) || edit.is_asked() || places.contains(&place.span) {
                continue;
            }
            places.push(place.span);
            let message = "`sed` succeeds where its pattern is not found, too: the proxy then reads what it had, and its version is stopped";
            let Some(finding) = cx.finding(place, message) else { continue };
            let stop = stop.script.text.place_of(stop.span());
            let finding = cx.labelled(finding, stop, "stops what the proxy may still use");
            out.push(finding.help(
                "write the upstream to a file of its own that the configuration includes, or fail where `grep -q` does not find the new name behind the edit",
            ));
            return;
        }
    }
}

/// Whether a command edits a file with `sed -i`.
fn is_edit(command: &FlowCommand) -> bool {
    let invocation = &command.command.invocation;
    let is_option = |text: &str| text.starts_with("-i") || text.starts_with("--in-place");
    let in_place = invocation.args.iter().any(|word| is_option(word.text()));
    // A file of Compose or of variables is no configuration of a proxy.
    let is_other = |text: &str| path::is_compose(path::name(text)) || path::name(text).starts_with(".env");
    let of_compose = invocation.args.last().is_some_and(|word| is_other(word.text()));
    invocation.is("sed") && in_place && !of_compose
}

/// Whether something between an edit and a reload looks at what the edit did.
fn looks_again(steps: &[(FlowCommand, Action)]) -> bool {
    steps.iter().any(|(command, action)| {
        let invocation = &command.command.invocation;
        let is_condition = invocation.program.is_some_and(|program| Program::of(program).is(Kind::Condition));
        let asks = is_condition || matches!(invocation.program, Some("grep" | "diff" | "cmp" | "awk"));
        asks || matches!(action, Action::Other) && may_take_time(command)
    })
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
            Action::Start(_) | Action::Restart(_) | Action::Fetch | Action::Reload(_) | Action::Schema(_) => true,
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

/// Whether a script of the repository that containers start runs the same migration: the step here changes nothing more.
fn migrates_at_start(cx: &WorkflowContext, words: &str) -> bool {
    let command = data::MIGRATIONS.keys().find(|command| words.contains(command));
    let is_start = |input: &&WorkflowInput| {
        let name = path::name(&input.path).to_ascii_lowercase();
        input.workflow.kind == PipelineKind::Script && ["entrypoint", "start"].iter().any(|word| name.contains(word))
    };
    let mut scripts = cx.inputs.workflows.iter().filter(is_start);
    command.is_some_and(|command| {
        scripts.any(|input| input.file != cx.input.file && cx.inputs.source(input.file).text().contains(command))
    })
}

/// Whether `docker exec` names a container that Compose may have started.
fn may_hold(started: &Containers, inside: &Containers) -> bool {
    let is_named = |container: &String| started.names.iter().any(|service| container.contains(service.as_str()));
    let is_mixed = started.compose.is_some() && inside.compose.is_none();
    // `shop-api-1`: Compose numbers the containers of a service.
    let is_numbered = |container: &String| {
        let front = container.trim_end_matches(|c: char| c.is_ascii_digit());
        front.len() < container.len() && front.ends_with(['-', '_'])
    };
    let may_be_it = |container: &String| {
        if started.names.is_empty() { is_numbered(container) } else { is_named(container) }
    };
    is_mixed && inside.names.iter().any(may_be_it)
}

/// A migration in a container that the old version runs in, behind the pull or the build of the new one.
fn migrated_by_old(cx: &WorkflowContext, steps: &[(FlowCommand, Action)], at: usize) -> Option<Finding> {
    let (command, Action::Schema(change)) = steps.get(at)? else { return None };
    let inside = change.inside.as_ref()?;
    let fetches = |(other, action): &(FlowCommand, Action)| {
        matches!(action, Action::Fetch) && command.is_beside(other) && command.continues(other)
    };
    let replaces = |(later, action): &(FlowCommand, Action)| {
        let Action::Start(started) = action else { return false };
        started.share(inside) && later.is_beside(command) && later.continues(command)
    };
    let is_started = |(other, action): &(FlowCommand, Action)| {
        matches!(action, Action::Start(_) | Action::Restart(_)) && command.may_follow(other)
    };
    let (before, behind) = (&steps[..at], &steps[at + 1..]);
    let is_old = before.iter().any(fetches) && !before.iter().any(is_started) && behind.iter().any(replaces);
    if !is_old || !change.is_up || inside.names.iter().any(|name| mounts_code(cx, name)) {
        return None;
    }
    let message = format!("`{}` runs in the old container, whose image has none of the new migrations", change.words);
    let finding = cx.finding(command.script.text.place_of(command.span()), message)?;
    Some(finding.help("run it from the new image, before the start: `docker compose run --rm SERVICE COMMAND`"))
}

/// Whether a compose file of the repository gives a service a folder of the host.
fn mounts_code(cx: &WorkflowContext, service: &str) -> bool {
    let composes = cx.repository().texts.iter().filter(|(file, _)| path::is_compose(path::name(file)));
    composes.into_iter().any(|(_, source)| {
        let tree = yaml::read(source.text());
        let services = tree.root().and_then(|root| root.get("services"));
        let volumes = services.and_then(|services| services.get(service)?.get("volumes"));
        let mut volumes = volumes.into_iter().flat_map(YamlNode::items);
        volumes.any(|volume| {
            let source = volume.text().or_else(|| volume.get("source")?.text());
            source.is_some_and(|text| text.starts_with(['.', '/', '$', '~']))
        })
    })
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
                    Some(inside) => started.share(inside) || may_hold(started, inside),
                    None => started.compose.is_some() && started.names.is_empty(),
                };
                is_app && command.is_beside(start) && command.continues(start)
            };
            let switches = |(later, action): &(FlowCommand, Action)| {
                matches!(action, Action::Reload(_) | Action::Start(_)) && later.may_follow(command)
            };
            let start = steps[..at].iter().rposition(may_serve);
            let Some(start) = start else {
                if let Some(finding) = migrated_by_old(cx, &steps, at)
                    && !places.contains(&finding.span)
                {
                    places.push(finding.span);
                    out.push(finding);
                }
                continue;
            };
            if !change.is_up || steps[at + 1..].iter().any(switches) || migrates_at_start(cx, &change.words) {
                continue;
            }
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
            let finding = cx.labelled(finding, start, "the new version");
            out.push(finding.help(
                "migrate before: `docker compose run --rm SERVICE COMMAND` with the new image, by steps that the old code can live with",
            ));
        }
    }
}
