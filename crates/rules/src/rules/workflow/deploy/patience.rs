//! A rule about checks that may wait without end.

use super::deployment::{deployments, has_word};
use super::flow::{Flow, FlowCommand, flows};
use crate::finding::Findings;
use crate::rules::WorkflowContext;
use crate::shell::Word;
use crate::sources::patterns;
use crate::text::path;
use crate::workflow::{PipelineKind, WorkflowPlace};

crate::rules::family! {
    of_workflow
    "check-without-timeout" => check_without_timeout;
}

/// Meanings in `data/source_patterns.tsv`.
const HEALTH: &str = "part of a question for the health of a container";
const DEPLOYMENT: &str = "word of a deployment";
const ROLLBACK: &str = "word of a rollback";

/// A question for the health of a new version that takes as long as it takes.
fn check_without_timeout(cx: &WorkflowContext, out: &mut Findings) {
    // A job of a pipeline has a limit of its own.
    if cx.workflow().kind.is_pipeline() {
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
    let Some(at) = words.iter().position(|word| path::name(word) == "curl").filter(|_| starts) else { return false };
    if words[..at].contains(&"timeout") {
        return false;
    }
    let options = &words[at + 1..];
    let asks_health = |word: &&&str| patterns::words(HEALTH).any(|known| word.to_ascii_lowercase().contains(known));
    let is_limit = |word: &&&str| {
        let letters = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
        word.starts_with("--max-time")
            || word.starts_with("--speed-")
            || matches!(**word, "-K" | "--config" | "-Y" | "-y")
            || letters.is_some_and(|letters| letters.contains('m'))
    };
    // Options that a variable has may say it.
    let is_open = |word: &&&str| word.starts_with('$') || word.is_empty();
    options.iter().any(|word| asks_health(&word)) && !options.iter().any(|word| is_limit(&word) || is_open(&word))
}
