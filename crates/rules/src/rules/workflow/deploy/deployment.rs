//! Which flows deploy: they start or replace containers on a host that serves people.

use super::action::Action;
use super::flow::{Flow, FlowCommand, flows};
use crate::data;
use crate::rules::WorkflowContext;
use crate::rules::workflow::steps::is_self_hosted;
use crate::shell::Word;
use crate::sources::patterns;
use crate::text::path;
use crate::workflow::{Job, PipelineKind, Step};

/// Meanings in `data/source_patterns.tsv`.
const DEPLOYMENT: &str = "word of a deployment";
const TEST: &str = "word of a script that tests or develops";
const FRESH: &str = "word of a script that starts from nothing";

/// Words before which a command of `git`, `docker` and Compose has its verb.
const OPTIONS: usize = 8;

/// A flow that deploys.
#[derive(Clone, Debug)]
pub(super) struct Deployment<'a> {
    /// The job, recipe or script.
    pub job: &'a Job,
    /// The step that runs by itself where others failed.
    pub fallback: Option<&'a Step>,
    /// What runs on the host, in order, with what it does.
    pub steps: Vec<(FlowCommand<'a>, Action)>,
}

/// The deployments of a pipeline, recipe or script; empty where nothing tells that it deploys.
pub(super) fn deployments<'a>(cx: &WorkflowContext<'a, '_>) -> Vec<Deployment<'a>> {
    if !cx.workflow().files.is_empty() && !mentions_docker(cx) {
        return Vec::new();
    }
    flows(cx).into_iter().filter_map(|flow| deployment(cx, flow)).collect()
}

fn mentions_docker(cx: &WorkflowContext) -> bool {
    mentions(cx, &["docker"])
}

/// Whether a file of a pipeline has one of some words.
pub(super) fn mentions(cx: &WorkflowContext, words: &[&str]) -> bool {
    let has_word = |text: &str| words.iter().any(|word| text.contains(word));
    cx.input.parts.iter().flatten().any(|file| has_word(cx.inputs.source(*file).text()))
}

fn deployment<'a>(cx: &WorkflowContext<'a, '_>, flow: Flow<'a>) -> Option<Deployment<'a>> {
    let Flow { job, fallback, commands } = flow;
    let is_pipeline = cx.workflow().kind.is_pipeline();
    // A job of a pipeline has a machine of its own, whose containers serve nobody.
    let keeps_local = !is_pipeline || is_deploying_job(cx, job);
    let on_host = commands.into_iter().filter(|command| keeps_local || command.host.is_some());
    let steps: Vec<_> =
        on_host.map(|command| (Action::of(&command), command)).map(|(action, command)| (command, action)).collect();
    let starts = |(_, action): &(FlowCommand, Action)| matches!(action, Action::Start(_));
    let first = steps.iter().position(starts)?;
    let is_remote = steps[first].0.host.is_some();
    let known = Deployment { job, fallback, steps };
    let is_deployment = is_remote || is_pipeline || known.is_named_so(cx, first) && !known.is_taken_down();
    is_deployment.then_some(known)
}

/// Whether a job runs on the machine that it deploys to.
fn is_deploying_job(cx: &WorkflowContext, job: &Job) -> bool {
    let is_own = match cx.workflow().kind {
        PipelineKind::Github => is_self_hosted(job),
        PipelineKind::Gitlab => job.image.is_none() && job.services.is_empty(),
        _ => false,
    };
    let stage = job.stage.as_ref().map_or("", |stage| stage.text.as_str());
    is_own && (job.key("environment").is_some() || has_word(&job.id, DEPLOYMENT) || has_word(stage, DEPLOYMENT))
}

impl Deployment<'_> {
    /// Whether names or commands of it say that it deploys, and none that it tests.
    fn is_named_so(&self, cx: &WorkflowContext, first: usize) -> bool {
        let is_script = cx.workflow().kind == PipelineKind::Script;
        let place = if is_script { cx.input.path.as_str() } else { "" };
        let functions = self.steps[first].0.functions.iter().copied();
        let names: Vec<&str> =
            [place, if is_script { "" } else { &self.job.id }].into_iter().chain(functions).collect();
        if names.iter().any(|name| has_word(name, TEST)) {
            return false;
        }
        let folder = path::name(path::parent(place));
        let is_named = has_word(path::name(place), DEPLOYMENT) || has_word(folder, DEPLOYMENT);
        let is_named = is_named || names[1..].iter().any(|name| has_word(name, DEPLOYMENT));
        let brings_version = |(command, _): &(FlowCommand, Action)| {
            let invocation = &command.command.invocation;
            let is_pull = invocation.args.iter().take(OPTIONS).any(|word| word.is("pull"));
            is_pull && matches!(invocation.program, Some("docker" | "docker-compose")) || brings_code(command)
        };
        let switches = self.steps[first..].iter().any(|(_, action)| matches!(action, Action::Reload(_)));
        is_named || switches || self.steps[..first].iter().any(brings_version)
    }

    /// Whether its name says that it starts from nothing what is there, or resets it; one that takes the newest code brings a
    /// new version all the same.
    pub(super) fn starts_fresh(&self, cx: &WorkflowContext) -> bool {
        let is_script = cx.workflow().kind == PipelineKind::Script;
        let name = if is_script { path::name(&cx.input.path) } else { &self.job.id };
        let functions = self.steps.iter().flat_map(|(command, _)| &command.functions);
        let is_reset = |name: &str| {
            let lower = name.to_ascii_lowercase();
            let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric());
            words.any(|word| data::RESET_WORDS.row(word).is_some())
        };
        let is_fresh = |name: &str| has_word(name, FRESH) && !self.steps.iter().any(|(step, _)| brings_code(step));
        let is_named = |name: &str| is_reset(name) || is_fresh(name);
        !has_word(name, DEPLOYMENT) && (is_named(name) || functions.into_iter().any(|name| is_named(name)))
    }

    /// Whether it stops in the end what it starts, as tests do.
    fn is_taken_down(&self) -> bool {
        let Some(last) = self.steps.iter().rposition(|(_, action)| action.moves_containers()) else { return false };
        let (stop, Action::Stop(stopped)) = &self.steps[last] else { return false };
        // `compose.$1.yml` of two functions may be two files.
        let is_of_parameter = stop.functions.len() > 1
            && stop
                .command
                .invocation
                .args
                .iter()
                .any(|word| word.text().contains("$1") || word.text().contains("${1"));
        let is_all = stopped.compose.is_some() && stopped.names.is_empty() && !is_of_parameter;
        let is_same = |(start, action): &(FlowCommand, Action)| match action {
            Action::Start(started) => started.share(stopped) && stop.continues(start),
            _ => false,
        };
        is_all && self.steps[..last].iter().any(is_same)
    }
}

/// Whether a command takes the newest code: `git pull`, `git reset --hard origin/main`.
fn brings_code(command: &FlowCommand) -> bool {
    let invocation = &command.command.invocation;
    let mut words = invocation.args.iter().take(OPTIONS).map(Word::text);
    let is_reset = || invocation.args.iter().any(|word| word.is("reset"));
    let is_remote = |word: &str| word.starts_with("origin/") || word == "FETCH_HEAD" || word == "@{u}";
    invocation.is("git") && words.any(|word| word == "pull" || is_remote(word) && is_reset())
}

/// Whether a name has a word with a meaning: `scripts/deploy_prod.sh`, `bluegreen`.
pub(in crate::rules::workflow) fn has_word(name: &str, meaning: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    words.iter().any(|word| patterns::words(meaning).any(|known| known == *word))
}
