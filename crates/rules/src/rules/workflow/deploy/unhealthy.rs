//! A rule about gates that take an unhealthy container for a healthy one.

use super::edits::{inserted_behind, risky};
use crate::finding::{Finding, Findings};
use crate::rules::WorkflowContext;
use crate::shell::{Invocation, Word};
use crate::text::Span;
use crate::workflow::StepScript;

crate::rules::family! {
    of_workflow
    "unhealthy-passes-gate" => unhealthy_passes_gate;
}

/// The word that stands in the other one, too.
const HEALTHY: &str = "healthy";
const UNHEALTHY: &str = "unhealthy";

/// A question for the state of a container.
struct Gate<'a> {
    /// The pattern in it.
    pattern: &'a Word,
    /// Whether `-w` keeps the wrong word out.
    is_bare: bool,
    /// Whether `grep` asks.
    is_grep: bool,
}

/// `healthy` is looked for where `unhealthy` may stand.
fn unhealthy_passes_gate(cx: &WorkflowContext, out: &mut Findings) {
    let mut places: Vec<Span> = Vec::new();
    let remote = cx.input.remote_scripts.iter().map(|remote| &remote.commands);
    for step in cx.steps().map(|(_, step)| step).chain(remote) {
        let Some(script) = step.script.as_ref().filter(|script| script.text.text.contains(HEALTHY)) else { continue };
        let invocations = step.invocations();
        if asks_for_unhealthy(script, &invocations) {
            continue;
        }
        for invocation in &invocations {
            let Some(gate) = gate(script, invocation) else { continue };
            let place = script.text.place_of(gate.pattern.span);
            if places.contains(&place.span) {
                continue;
            }
            places.push(place.span);
            let message = "`healthy` is found in `unhealthy`, too: a container whose check fails passes here";
            if let Some(finding) = cx.finding(place, message) {
                out.push(with_help(cx, finding, script, invocation, &gate));
            }
        }
    }
}

fn with_help(
    cx: &WorkflowContext,
    finding: Finding,
    script: &StepScript,
    invocation: &Invocation,
    gate: &Gate,
) -> Finding {
    if !gate.is_grep {
        return finding
            .help("compare all of the status: `[[ \"$status\" == healthy ]]`, or `*\"(healthy)\"*` in a list");
    }
    if !gate.is_bare {
        return finding.help(
            "look for `(healthy)`, or take the status alone with `docker inspect -f '{{.State.Health.Status}}'`",
        );
    }
    let finding = finding.help("write `grep -w healthy`, which finds whole words");
    match inserted_behind(script, invocation.path.span, " -w") {
        Some(change) => {
            cx.fixed(finding, "find whole words", risky("a gate that let such containers pass stops here"), &[change])
        }
        None => finding,
    }
}

/// Whether a script looks for `unhealthy`, so that the other question comes after that one or before.
fn asks_for_unhealthy(script: &StepScript, invocations: &[Invocation]) -> bool {
    let asks = |invocation: &Invocation| {
        let program = invocation.program.unwrap_or_default();
        matches!(program, "grep" | "[[" | "[" | "test" | "awk")
            && invocation.args.iter().any(|word| word.text().contains(UNHEALTHY))
    };
    let is_case = |text: &str| ["unhealthy)", "unhealthy\")", "unhealthy*)"].iter().any(|end| text.contains(end));
    invocations.iter().any(asks) || script.text.text.lines().any(|line| is_case(line) && !line.contains("echo"))
}

/// The gate that a command is.
fn gate<'a>(script: &StepScript, invocation: &Invocation<'a>) -> Option<Gate<'a>> {
    match invocation.program? {
        "grep" | "egrep" | "fgrep" => grep_gate(script, invocation),
        "[[" => {
            let [.., value, operator, pattern, _] = invocation.args else { return None };
            let written = script.text.slice(pattern.span.range()).replace(['"', '\''], "");
            let is_inside = match operator.text() {
                "==" | "=" | "!=" => written.starts_with("*healthy"),
                "=~" => part_of_other(&written).is_some(),
                _ => false,
            };
            let value = script.text.slice(value.span.range());
            let gate = Gate { pattern, is_bare: false, is_grep: false };
            (is_inside && is_status(&with_values(script, value))).then_some(gate)
        }
        _ => None,
    }
}

fn grep_gate<'a>(script: &StepScript, invocation: &Invocation<'a>) -> Option<Gate<'a>> {
    let is_option = |word: &&Word| word.text().starts_with('-');
    let is_whole = |word: &Word| match word.text().strip_prefix("--") {
        Some(long) => matches!(long, "word-regexp" | "line-regexp"),
        None => word.text().contains(['w', 'x']),
    };
    if invocation.args.iter().filter(is_option).any(is_whole) {
        return None;
    }
    let pattern = invocation.args.iter().find(|word| word.text().contains(HEALTHY))?;
    let is_bare = part_of_other(pattern.value()?)?;
    (is_status(&with_values(script, input(script, invocation)?))).then_some(Gate { pattern, is_bare, is_grep: true })
}

/// Whether a pattern without an anchor matches `unhealthy`; and then whether it is the bare word.
fn part_of_other(pattern: &str) -> Option<bool> {
    let mut is_bare = None;
    for choice in pattern.split('|') {
        let before = choice.find(HEALTHY).map(|at| choice[..at].trim_matches('('));
        match before {
            Some("") if !choice.starts_with('(') || pattern.contains('|') => is_bare = Some(is_bare != Some(false)),
            Some(before) if before.ends_with(".*") => is_bare = Some(false),
            _ => {}
        }
    }
    is_bare
}

/// What the commands before one in its pipe are, or the text that it gets.
fn input<'a>(script: &'a StepScript, invocation: &Invocation) -> Option<&'a str> {
    let command = invocation.command;
    if command.place.pipe_index == 0 {
        let text = command.redirects.iter().find_map(|redirect| redirect.target.as_ref())?;
        return Some(script.text.slice(text.span.range()));
    }
    Some(script.text.slice(invocation.script.before_in_pipe(command)?.range()))
}

/// A text with what its variables are set to.
fn with_values(script: &StepScript, text: &str) -> String {
    let mut known = text.to_owned();
    let assignments = script.commands().commands.iter().flat_map(|command| &command.assignments);
    let names = |name: &str| ["$", "${"].iter().any(|sign| text.contains(&format!("{sign}{name}")));
    for assignment in assignments.filter(|assignment| !assignment.name_text.is_empty()) {
        if names(&assignment.name_text) {
            known.push(' ');
            known.push_str(script.text.slice(assignment.span.range()));
        }
    }
    known
}

/// Whether a command prints the health of containers.
fn is_status(text: &str) -> bool {
    let has = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    let is_engine = has(&["docker", "podman"]);
    let is_shown = !has(&["--format", " -f "]) || has(&["Health", "Status", "json"]);
    let lists = has(&[" ps", " container ls"]) && !has(&["health=", " -q", "--quiet", "--services"]);
    is_engine && is_shown && !text.contains(UNHEALTHY) && (has(&[" inspect"]) || lists)
}
