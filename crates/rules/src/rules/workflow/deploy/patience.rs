//! Rules about checks with too little patience, or with too much.

use super::action::Action;
use super::deployment::{deployments, has_word, mentions};
use super::flow::{Flow, FlowCommand, flows};
use crate::finding::Findings;
use crate::rules::WorkflowContext;
use crate::shell::Word;
use crate::sources::patterns;
use crate::text::path;
use crate::workflow::{PipelineKind, WorkflowPlace};

crate::rules::family! {
    of_workflow
    "gate-tried-once" => gate_tried_once;
    "request-without-timeout" => request_without_timeout;
}

/// Meanings in `data/source_patterns.tsv`.
const HEALTH: &str = "part of a question for the health of a container";
const DEPLOYMENT: &str = "word of a deployment";
const ROLLBACK: &str = "word of a rollback";

/// Seconds of a pause that is meant to be long enough.
const LONG_PAUSE: u32 = 5;

/// A question for the health of a new version that takes as long as it takes.
fn request_without_timeout(cx: &WorkflowContext, out: &mut Findings) {
    // A job of a pipeline has a limit of its own.
    if cx.workflow().kind.is_pipeline() || !mentions(cx, &["curl"]) {
        return;
    }
    let flows: Vec<Flow> = flows(cx).into_iter().filter(|flow| is_deployment(cx, flow)).collect();
    let mut places: Vec<WorkflowPlace> = Vec::new();
    for command in flows.iter().flat_map(|flow| &flow.commands).filter(|command| waits_without_end(command)) {
        let place = command.script.text.place_of(command.span());
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let Some(first) = places.first() else { return };
    let count = if places.len() > 1 { format!(" ({} calls)", places.len()) } else { String::new() };
    let message = format!(
        "`curl` waits without end for a server that takes the connection and does not answer: the deployment hangs here{count}"
    );
    if let Some(finding) = cx.finding(*first, message) {
        out.push(finding.help("write `--max-time 5`"));
    }
}

/// A pause, and one question that decides.
fn gate_tried_once(cx: &WorkflowContext, out: &mut Findings) {
    // `request-after-sleep` says it of pipelines.
    if cx.workflow().kind.is_pipeline() || !mentions(cx, &["sleep"]) || !mentions(cx, &["curl"]) {
        return;
    }
    let mut places: Vec<WorkflowPlace> = Vec::new();
    let flows: Vec<Flow> = flows(cx).into_iter().filter(|flow| is_deployment(cx, flow)).collect();
    for flow in flows {
        let prints = |command: &&FlowCommand| matches!(command.command.invocation.program, Some("echo" | "printf"));
        let commands: Vec<&FlowCommand> = flow.commands.iter().filter(|command| !prints(command)).collect();
        for (at, pair) in commands.windows(2).enumerate() {
            let [pause, check] = pair else { continue };
            let before = at.checked_sub(1).map(|before| Action::of(commands[before]));
            // What `sleep-as-gate` says more of.
            let is_start = matches!(before, Some(Action::Start(_)));
            let Action::Sleep(Some(seconds)) = Action::of(pause) else { continue };
            let is_pair = check.is_beside(pause) && check.continues(pause) && seconds >= LONG_PAUSE;
            let is_loop = check.innermost_loop().is_some() || pause.innermost_loop().is_some();
            let place = pause.script.text.place_of(pause.span());
            if is_start || !is_pair || is_loop || !asks_once(check) || places.contains(&place) {
                continue;
            }
            places.push(place);
            let message = format!(
                "`sleep {seconds}` and one try: a version that needs a moment more counts as broken, and one that is ready waits all the same"
            );
            let Some(finding) = cx.finding(place, message) else { continue };
            out.push(finding.help("ask until it answers, with a limit: `curl -fsS --max-time 5 --retry 30 --retry-delay 1 --retry-all-errors URL`"));
        }
    }
}

/// Whether a command asks for the health of something with curl and does not try again.
fn asks_once(command: &FlowCommand) -> bool {
    let invocation = &command.command.invocation;
    let words: Vec<&str> = invocation.args.iter().map(Word::text).collect();
    let retries = words.iter().any(|word| word.starts_with("--retry") || word.starts_with('$'));
    invocation.is("curl") && !retries && words.iter().any(|word| asks_health(word))
}

/// Whether a word is a part of a question for the health of something.
fn asks_health(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    patterns::words(HEALTH).any(|known| word.contains(known))
}

/// Whether a flow brings a version or takes one back.
fn is_deployment(cx: &WorkflowContext, flow: &Flow) -> bool {
    let is_script = cx.workflow().kind == PipelineKind::Script;
    let name = if is_script { path::name(&cx.input.path) } else { &flow.job.id };
    let is_named = [DEPLOYMENT, ROLLBACK].iter().any(|meaning| has_word(name, meaning));
    let for_cluster = || flow.commands.iter().any(|command| command.command.invocation.is("kubectl"));
    let known = || deployments(cx).iter().any(|known| std::ptr::eq(known.job, flow.job));
    (is_named && (for_cluster() || known())) || known()
}

/// Whether a command asks for the health of something with curl, by itself or in a container, and sets no limit.
fn waits_without_end(command: &FlowCommand) -> bool {
    let invocation = &command.command.invocation;
    if invocation.is_via("timeout") {
        return false;
    }
    let words: Vec<&str> = std::iter::once(invocation.path).chain(invocation.args).map(Word::text).collect();
    // In a container: `docker compose exec api curl …`.
    let starts = invocation.is("curl") || invocation.is("docker") || invocation.is("docker-compose");
    let position = words.iter().position(|word| path::name(word) == "curl");
    let (Some(at), true) = (position, starts) else { return false };
    if words[..at].contains(&"timeout") {
        return false;
    }
    let options = &words[at + 1..];
    let is_limit = |word: &&&str| {
        let letters = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
        word.starts_with("--max-time")
            || word.starts_with("--speed-")
            || matches!(**word, "-K" | "--config" | "-Y" | "-y")
            || letters.is_some_and(|letters| letters.contains('m'))
    };
    // Options that a variable has may say it.
    let is_open = |word: &&&str| word.starts_with('$') || word.is_empty();
    options.iter().any(|word| asks_health(word)) && !options.iter().any(|word| is_limit(&word) || is_open(&word))
}
