//! A rule about deployments that continue when one of their steps has failed.

use super::action::Action;
use super::deployment::{Deployment, deployments};
use super::flow::FlowCommand;
use crate::finding::{Finding, Findings};
use crate::rules::WorkflowContext;
use crate::shell::Word;
use crate::shell::program::{Kind, Program};
use crate::text::Span;
use crate::workflow::{ActionUse, PipelineKind, StepScript};

crate::rules::family! {
    of_workflow
    "failed-step-continues" => failed_step_continues;
}

/// Words before which a command of `git` has its verb.
const WORDS: usize = 5;

/// A script without `set -e` that switches to what may not be there.
fn failed_step_continues(cx: &WorkflowContext, out: &mut Findings) {
    let mut scripts: Vec<*const StepScript> = Vec::new();
    for deployment in deployments(cx) {
        let is_fresh = deployment.starts_fresh(cx);
        let Deployment { steps, .. } = deployment;
        for (at, (step, action)) in steps.iter().enumerate() {
            let matters = match action {
                Action::Fetch | Action::Start(_) => true,
                Action::Schema(change) => change.is_up,
                // What starts then is the code of before.
                Action::Other => takes_code(step),
                _ => false,
            };
            let script: *const StepScript = step.script;
            if let Some(finding) = skipped_list(cx, &steps, at) {
                out.push(finding);
                continue;
            }
            if !matters || scripts.contains(&script) || step.is_asked() || stops_at_failure(cx, step) {
                continue;
            }
            let is_switch = |(later, action): &&(FlowCommand, Action)| {
                let switches =
                    matches!(action, Action::Start(_) | Action::Reload(_) | Action::Stop(_) | Action::Prune { .. });
                switches
                    && std::ptr::eq(later.script, step.script)
                    && later.continues(step)
                    && later.span() != step.span()
            };
            let switch = steps[at + 1..].iter().find(is_switch).map(|(switch, _)| switch);
            let is_start = matches!(action, Action::Start(_)) && !is_fresh;
            let printed = || if is_start { last_print(&steps[at + 1..], step) } else { None };
            let Some(next) = switch.or_else(printed) else { continue };
            scripts.push(script);
            let first = short(step);
            let message = match switch {
                Some(switch) => {
                    format!("when `{first}` fails, the script continues with `{}`: nothing stops it", short(switch))
                }
                None => format!("when `{first}` fails, the script ends with `{}` and reports success", short(next)),
            };
            let Some(finding) = cx.finding(step.script.text.place_of(step.span()), message) else { continue };
            let finding = finding
                .help("write `set -eu` in the first line of the script, or `|| exit 1` behind each step that matters");
            let place = next.script.text.place_of(next.span());
            out.push(cx.labelled(finding, place, "runs all the same"));
        }
    }
}

/// The last command of the script of a step, where that only prints.
fn last_print<'s, 'a>(later: &'s [(FlowCommand<'a>, Action)], step: &FlowCommand) -> Option<&'s FlowCommand<'a>> {
    let of_script =
        later.iter().map(|(command, _)| command).filter(|command| std::ptr::eq(command.script, step.script));
    let last = of_script.last()?;
    let is_end = matches!(last.command.invocation.program, Some("echo" | "printf")) && !last.is_optional();
    (is_end && last.continues(step)).then_some(last)
}

/// Whether a command takes the newest code.
fn takes_code(command: &FlowCommand) -> bool {
    let invocation = &command.command.invocation;
    let mut words = invocation.args.iter().take(WORDS).map(Word::text);
    invocation.is("git") && words.any(|word| matches!(word, "pull" | "fetch"))
}

/// A command whose failure `set -e` does not see, as `&&` stands behind it: the rest of its list is left out, and the script
/// continues.
fn skipped_list(cx: &WorkflowContext, steps: &[(FlowCommand, Action)], at: usize) -> Option<Finding> {
    let (step, _) = &steps[at];
    // A recipe runs each line in a shell of its own, which ends with the status of its list.
    let is_line = matches!(cx.workflow().kind, PipelineKind::Just | PipelineKind::Make)
        && step.host.is_none()
        && !step.script.text.text.starts_with("#!");
    let is_question = step.command.invocation.program.is_none_or(|program| Program::of(program).is(Kind::Condition));
    if is_line || is_question || !step.is_unseen_in_list() || !stops_at_failure(cx, step) {
        return None;
    }
    let is_skipped = |(later, action): &&(FlowCommand, Action)| {
        let moves = matches!(action, Action::Start(_) | Action::Reload(_) | Action::Restart(_) | Action::Schema(_));
        moves && later.is_in_list_of(step)
    };
    let (skipped, _) = steps[at + 1..].iter().find(is_skipped)?;
    let is_other_list = |(later, action): &&(FlowCommand, Action)| {
        let moves = matches!(action, Action::Start(_) | Action::Reload(_) | Action::Stop(_) | Action::Prune { .. });
        moves && std::ptr::eq(later.script, step.script) && later.continues(step) && !later.is_in_list_of(step)
    };
    let (later, _) = steps[at + 1..].iter().find(is_other_list)?;
    let message = format!(
        "when `{}` fails, `{}` is left out and the script continues with `{}`: `set -e` does not look at what stands before `&&`",
        short(step),
        short(skipped),
        short(later)
    );
    let finding = cx.finding(step.script.text.place_of(step.span()), message)?;
    let place = later.script.text.place_of(later.span());
    let finding = finding.help("write the two commands in two lines, or `|| exit 1` behind them");
    Some(cx.labelled(finding, place, "runs all the same"))
}

/// The first words of a command, without values.
fn short(command: &FlowCommand) -> String {
    let invocation = &command.command.invocation;
    let program = invocation.program.unwrap_or_default().to_owned();
    let is_word = |word: &&Word| word.value().is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_lowercase()));
    let mut words: Vec<&str> = invocation.args.iter().filter(is_word).take(2).map(Word::text).collect();
    // `nginx -t` says what is meant, `nginx` does not.
    if words.is_empty() {
        words.extend(invocation.args.iter().take(1).map(Word::text).filter(|word| word.starts_with('-')));
    }
    std::iter::once(program.as_str()).chain(words).collect::<Vec<_>>().join(" ")
}

/// Whether the shell of a command ends where one fails, as far as that is known.
fn stops_at_failure(cx: &WorkflowContext, command: &FlowCommand) -> bool {
    let script = command.script;
    let text = &script.text.text;
    let first = text.lines().next().unwrap_or_default();
    let sets = script.commands().invocations().iter().any(|known| known.is("set") && stops(known.args));
    if sets || first.starts_with("#!") && first.split_whitespace().skip(1).any(is_errexit) {
        return true;
    }
    match command.host {
        Some(_) => is_remote_stopped(cx, script),
        // Lines of recipes, and the scripts of GitHub and GitLab, stop by themselves.
        None => cx.workflow().kind != PipelineKind::Script && !first.starts_with("#!"),
    }
}

fn stops(args: &[Word]) -> bool {
    args.iter().any(|word| is_errexit(word.text()) || word.is("errexit"))
}

/// Whether a word has the option `e` of a shell: `-eu`.
fn is_errexit(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|letters| !letters.starts_with('-') && letters.contains('e'))
}

/// Whether a version of appleboy/ssh-action has no `script_stop` any more: it went with v1.2.1, which `v1` names, too.
fn ignores_setting(action: &ActionUse) -> bool {
    let numbers: Vec<u32> =
        action.version.trim_start_matches('v').split('.').filter_map(|part| part.parse().ok()).collect();
    let is_newer = numbers.len() < 3 || numbers > vec![1, 2, 0];
    action.name.eq_ignore_ascii_case("appleboy/ssh-action") && action.major() == Some(1) && is_newer
}

/// Whether `ssh` starts a shell that stops, or an action says so.
fn is_remote_stopped(cx: &WorkflowContext, script: &StepScript) -> bool {
    let is_it = |known: &&StepScript| std::ptr::eq(*known, script);
    let remote =
        cx.input.remote_scripts.iter().find(|remote| remote.commands.script.as_ref().as_ref().is_some_and(is_it));
    let Some(remote) = remote else { return true };
    let Some(step) = cx.workflow().jobs.get(remote.job).and_then(|job| job.steps.get(remote.step)) else { return true };
    let Some(start) = remote.start else {
        let setting = step.input("script_stop").map_or("", |input| input.value.text.as_str());
        return !matches!(setting, "" | "false") && !step.action.as_ref().is_some_and(ignores_setting);
    };
    let invocations = step.invocations();
    let call = invocations.iter().find(|call| call.is("ssh") && call.span.start == start);
    call.is_none_or(|call| {
        let span = Span::new(call.span.start, call.span.end);
        let text = step.script.as_ref().map_or("", |script| script.text.slice(span.range()));
        text.contains("sh -e") || text.contains("sh -s -e") || text.contains("sh -se") || text.contains("errexit")
    })
}
