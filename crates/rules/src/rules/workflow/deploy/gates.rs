//! Rules about how a deployment waits for its containers: loops that continue after failure, and sleeps.

use super::action::{Action, Containers};
use super::deployment::{Deployment, deployments};
use super::edits::{indent, inserted_behind, removed, risky, written};
use super::flow::{FlowCommand, FlowLoop};
use super::version::reads;
use crate::finding::{Findings, Severity};
use crate::rules::workflow::steps::{docker_words, is_compose};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::shell::program::Kind;
use crate::shell::{Command, CompoundKind, Program, ScopeKind, SeparatorKind};
use crate::sources::code::words;
use crate::sources::patterns;
use crate::text::Span;
use crate::workflow::PipelineKind;
use crate::yaml;

crate::rules::family! {
    of_workflow
    "health-loop-passes" => health_loop_passes;
    "sleep-as-gate" => sleep_as_gate;
}

/// Seconds of a pause that is no wait for a start.
const PAUSE: u32 = 4;

/// Meanings in `data/source_patterns.tsv`.
const ENDS_LIST: &str = "command that ends a list or changes how it ends";
const HEALTH: &str = "part of a question for the health of a container";
const ASKS: &str = "command that asks how a list ended";

/// A loop of tries that is left the same way whether one succeeded or not.
fn health_loop_passes(cx: &WorkflowContext, out: &mut Findings) {
    let mut places: Vec<Span> = Vec::new();
    for Deployment { steps, .. } in deployments(cx) {
        // One of several in a row is enough.
        let mut is_told = false;
        for (at, (probe, action)) in steps.iter().enumerate() {
            if !matches!(action, Action::Probe) || !is_behind_start(&steps, at) {
                continue;
            }
            let Some(tries) = probe.innermost_loop() else {
                if !is_told && is_answer_ignored(&steps, at) {
                    is_told = true;
                    let place = probe.script.text.place_of(probe.span());
                    let message = "that the check fails is only printed: the new version is never refused";
                    if !places.contains(&place.span)
                        && let Some(finding) = cx.finding(place, message)
                    {
                        out.push(finding.help("end with `exit 1` where it fails, behind what is printed"));
                    }
                    places.push(place.span);
                }
                continue;
            };
            let place = probe.script.text.place_of(tries.compound.span);
            if places.contains(&place.span) || !passes(probe, &tries) || is_checked(&steps[at..], &tries) {
                continue;
            }
            places.push(place.span);
            let message = "the script continues when none of the tries succeeds: the new version is never refused";
            let Some(finding) = cx.finding(place, message) else { continue };
            let finding = finding.help("fail behind the loop: ask once more, with `|| exit 1`");
            out.push(match failing_try(cx, probe, &tries) {
                Some(change) => cx.fixed(
                    finding,
                    "fail when the last try fails",
                    risky("a deployment that went on ends here"),
                    &[change],
                ),
                None => finding,
            });
        }
    }
}

/// Whether a step asks the new version how it is, only prints the answer, and no later step asks again.
fn is_answer_ignored(steps: &[(FlowCommand, Action)], at: usize) -> bool {
    let (probe, _) = &steps[at];
    let asks_health = |word: &crate::shell::Word| {
        let text = word.text().to_ascii_lowercase();
        patterns::words(HEALTH).any(|known| text.contains(known))
    };
    let asks_again = |(later, action): &(FlowCommand, Action)| {
        let is_probe = matches!(action, Action::Probe) && !later.is_only_printed();
        is_probe && later.is_beside(probe) && later.may_follow(probe)
    };
    probe.command.invocation.args.iter().any(asks_health)
        && probe.is_only_printed()
        && !steps[at + 1..].iter().any(asks_again)
}

/// Whether containers start before a step on its machine.
fn is_behind_start(steps: &[(FlowCommand, Action)], at: usize) -> bool {
    let (command, _) = &steps[at];
    let starts = |(start, action): &(FlowCommand, Action)| {
        matches!(action, Action::Start(_)) && command.is_beside(start) && command.may_follow(start)
    };
    steps[..at].iter().any(starts)
}

/// Whether a loop ends with success whatever its tries say.
fn passes(probe: &FlowCommand, tries: &FlowLoop) -> bool {
    let inside: Vec<&Command> = tries.commands().collect();
    let name = |command: &&Command| command.name().and_then(|word| word.value()).unwrap_or_default().to_owned();
    let names: Vec<String> = inside.iter().map(name).collect();
    let leaves = |name: &str| patterns::words(ENDS_LIST).any(|word| word == name) || probe.ends_run(name);
    let has_break = names.iter().any(|name| name == "break");
    let condition: Vec<&Command> = tries.commands_of(ScopeKind::Condition).collect();
    let is_endless = condition.iter().all(|command| matches!(&*name(command), "true" | ":"));
    let is_counted = match tries.compound.kind {
        CompoundKind::For => true,
        CompoundKind::Loop => !condition.is_empty() && !is_endless,
        _ => false,
    };
    // A loop that ends with something that may fail hands that on.
    let last = tries.commands_of(ScopeKind::Loop).last().map(|command| name(&command));
    let last = last.unwrap_or_else(|| "other".to_owned());
    let after = tries.compound.place.after.map(|after| after.kind);
    let is_plain = !matches!(
        after,
        Some(SeparatorKind::Or | SeparatorKind::And | SeparatorKind::Pipe | SeparatorKind::Background)
    );
    let is_alone = probe.command.invocation.via.is_empty() && !tries.compound.place.negated;
    is_counted
        && (has_break || gives_up(probe, tries))
        && is_plain
        && is_alone
        && !names.iter().any(|name| leaves(name))
        && matches!(&*last, "sleep" | "echo" | "printf" | "")
}

/// Whether the condition of a loop holds after some tries, too: `until curl … || [ "$i" -ge 30 ]`.
fn gives_up(probe: &FlowCommand, tries: &FlowLoop) -> bool {
    let is_count = |command: &Command| {
        let name = command.name().and_then(|word| word.value()).unwrap_or_default();
        Program::of(name).is(Kind::Condition) && !command.span.contains(probe.span())
    };
    let is_joined = |command: &Command| {
        let around = [command.place.before, command.place.after];
        around.iter().flatten().any(|sign| matches!(sign.kind, SeparatorKind::Or | SeparatorKind::And))
    };
    probe.is_condition()
        && tries.commands_of(ScopeKind::Condition).any(|command| is_count(command) && is_joined(command))
}

/// Whether something behind the loop asks how it ended.
fn is_checked(steps: &[(FlowCommand, Action)], tries: &FlowLoop) -> bool {
    let (probe, _) = &steps[0];
    let text = probe.script.text.for_shell();
    let behind = text.get(tries.compound.span.end as usize..).unwrap_or_default();
    let variables = tries.commands().flat_map(|command| &command.assignments).map(|assignment| &*assignment.name_text);
    let counter = tries.variable(text);
    let mut names = variables.chain(counter).filter(|name| !name.is_empty());
    if names.any(|name| reads_variable(behind, name)) {
        return true;
    }
    for (command, action) in &steps[1..] {
        if tries.holds(command) || !command.is_beside(probe) || !command.may_follow(probe) {
            continue;
        }
        let is_question = match action {
            Action::Probe => true,
            Action::Start(_) | Action::Restart(_) | Action::Stop(_) | Action::Reload(_) | Action::Schema(_) => {
                return false;
            }
            _ => {
                let invocation = &command.command.invocation;
                let name = invocation.program.unwrap_or_default();
                let is_success = name == "exit" && invocation.args.first().is_some_and(|word| word.is("0"));
                !is_success && (invocation.path.text().contains('/') || patterns::words(ASKS).any(|word| word == name))
            }
        };
        if is_question {
            return true;
        }
    }
    false
}

/// Whether a text reads a variable: `$i`, `${i}`, `(( i == 30 ))`; `sed -i` does not.
fn reads_variable(text: &str, name: &str) -> bool {
    let is_arithmetic = |line: &str| line.contains("((") || line.contains("[[");
    let is_word = |line: &str| words(line, name).any(|at| !line[..at].ends_with('-'));
    text.lines().any(|line| reads(line, name) || is_arithmetic(line) && is_word(line))
}

/// One more try behind the loop, which fails the script.
fn failing_try(cx: &WorkflowContext, probe: &FlowCommand, tries: &FlowLoop) -> Option<WorkflowChange<'static>> {
    let around = |command: &&Command| {
        let name = command.name().and_then(|word| word.value()).unwrap_or_default();
        matches!(name, "[" | "[[" | "test") && command.span.contains(probe.span()) && command.span != probe.span()
    };
    let outer = tries.commands().find(around);
    let command = match outer {
        Some(test) => test,
        None => probe.command.invocation.command,
    };
    let is_plain = command.place.pipe_len == 1 && !command.place.negated && !tries.is_substituted(command);
    let again = written(cx, probe.script, command.span).filter(|text| is_plain && !text.contains('\n'))?;
    let end = Span::new(tries.compound.span.end.checked_sub(1)?, tries.compound.span.end);
    let place = probe.script.text.place_of(end);
    let text = cx.inputs.source(cx.input.file_of(place)?).text();
    let is_line_end = text.get(place.span.end as usize..)?.trim_start_matches([' ', '\t']).starts_with(['\n', '\r']);
    let is_one_line = matches!(cx.workflow().kind, PipelineKind::Just | PipelineKind::Make);
    let again = if is_line_end && !is_one_line {
        let line_end = if text.get(place.span.end as usize..)?.trim_start_matches([' ', '\t']).starts_with('\r') {
            "\r\n"
        } else {
            "\n"
        };
        format!("{line_end}{}{again} || exit 1", indent(cx, place)?)
    } else {
        format!("; {again} || exit 1")
    };
    inserted_behind(probe.script, tries.compound.span, &again)
}

/// `sleep 10` where something should say when the containers are ready.
fn sleep_as_gate(cx: &WorkflowContext, out: &mut Findings) {
    let mut places: Vec<Span> = Vec::new();
    for deployment in deployments(cx) {
        // Who starts something for himself reads what follows.
        if deployment.starts_fresh(cx) {
            continue;
        }
        let Deployment { steps, .. } = deployment;
        for (at, (start, action)) in steps.iter().enumerate() {
            let Action::Start(containers) = action else { continue };
            let waits =
                containers.compose.as_ref().is_some_and(|call| call.options.iter().any(|(name, _)| name == "--wait"));
            let is_silent = |(_, action): &&(FlowCommand, Action)| !matches!(action, Action::Other);
            let Some((sleep, Action::Sleep(Some(seconds)))) = steps[at + 1..].iter().find(is_silent) else { continue };
            let is_next = sleep.is_beside(start) && sleep.continues(start) && !sleep.is_in_loop_apart_from(start);
            let is_needless = waits || is_gated(&steps[at + 1..], sleep) || only_shows(&steps[at + 1..], sleep);
            if is_needless || !is_next || *seconds <= PAUSE {
                continue;
            }
            let place = sleep.script.text.place_of(sleep.span());
            if places.contains(&place.span) {
                continue;
            }
            places.push(place.span);
            let message =
                format!("`sleep {seconds}` waits as long for a container that is ready as for one that never will be");
            let Some(finding) = cx.finding(place, message) else { continue };
            let finding = if containers.compose.is_some() {
                finding.help("`docker compose up -d --wait` returns when all are healthy, and fails when one is not: give them a healthcheck")
            } else {
                finding.help("ask until it answers, and fail when it never does").lowered(Severity::Info)
            };
            out.push(match gate(cx, start, sleep, containers) {
                Some(changes) => cx.fixed(
                    finding,
                    "wait until all are healthy",
                    risky("a deployment whose containers are not healthy ends here"),
                    &changes,
                ),
                None => finding,
            });
        }
    }
}

/// Whether nothing but lists of containers and their output follows a sleep, which people read.
fn only_shows(steps: &[(FlowCommand, Action)], sleep: &FlowCommand) -> bool {
    let is_list = |command: &FlowCommand| {
        let invocation = &command.command.invocation;
        let words = docker_words(invocation);
        let lists = matches!(words[..], ["ps" | "logs", ..]) || is_compose(invocation, &["ps", "logs"]);
        lists && invocation.command.place.pipe_len == 1 && !command.is_condition()
    };
    let is_text =
        |command: &FlowCommand| matches!(command.command.invocation.program, Some("echo" | "printf" | "exit"));
    let behind = steps.iter().map(|(command, _)| command).skip_while(|command| !std::ptr::eq(*command, sleep)).skip(1);
    let later: Vec<&FlowCommand> = behind.filter(|command| command.may_follow(sleep)).collect();
    later.iter().any(|command| is_list(command)) && later.iter().all(|command| is_list(command) || is_text(command))
}

/// Whether tries in a loop follow a sleep, before anything else starts.
fn is_gated(steps: &[(FlowCommand, Action)], sleep: &FlowCommand) -> bool {
    let until = steps.iter().take_while(|(_, action)| !matches!(action, Action::Start(_)));
    until.into_iter().any(|(command, action)| {
        let is_try = matches!(action, Action::Probe | Action::Sleep(_) | Action::Other);
        is_try && command.is_in_loop_apart_from(sleep) && command.may_follow(sleep)
    })
}

/// `--wait` in place of the sleep, where all services are known to have a healthcheck.
fn gate(
    cx: &WorkflowContext,
    start: &FlowCommand,
    sleep: &FlowCommand,
    containers: &Containers,
) -> Option<Vec<WorkflowChange<'static>>> {
    let call = containers.compose.as_ref().filter(|call| call.command == "up")?;
    let (_, detached) = call.options.iter().find(|(name, _)| matches!(&**name, "-d" | "--detach"))?;
    let files: Option<Vec<String>> = if call.files.is_empty() {
        Some(cx.repository().composes_of(call.folder.as_deref()?).into_iter().map(str::to_owned).collect())
    } else {
        call.files.iter().map(|(_, path)| path.clone()).collect()
    };
    let [file] = &files?[..] else { return None };
    let tree = yaml::read(cx.repository().texts.get(file)?.text());
    let services = tree.root()?.get("services")?;
    let mut checked = services.entries().filter(|entry| {
        let name = entry.key.text().unwrap_or_default();
        containers.names.is_empty() || containers.names.iter().any(|known| known == name)
    });
    if services.entries().next().is_none() || !checked.all(|entry| entry.value.get("healthcheck").is_some()) {
        return None;
    }
    let words = start.command.invocation.args.iter();
    let option = words.into_iter().find(|word| start.script.text.place_of(word.span) == *detached)?;
    Some(vec![inserted_behind(start.script, option.span, " --wait")?, removed(cx, sleep)?])
}
