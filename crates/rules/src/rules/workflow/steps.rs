//! What rules about pipelines ask of steps: the commands of Docker in them, the machines that they run on, what is pushed.

use std::collections::HashMap;

use crate::rules::WorkflowContext;
use crate::shell::program::options::ProgramOptions;
use crate::shell::{Invocation, Redirect, RedirectOperator};
use crate::sources::patterns;
use crate::text::Span;
use crate::workflow::{
    BuildCall, Builder, Job, MatrixLeg, Step, StepScript, Switch, WorkflowPlace, WorkflowText, expression_names,
    text_in_leg,
};

/// Meanings in `data/source_patterns.tsv`.
const RUNNER: &str = "label of a hosted runner";
const TESTS: &str = "command that runs tests";
/// Actions with an image in an input, whose name is the subject.
pub(super) const IMAGE_INPUT: &str = "action with an image in an input";
pub(super) const FILELESS_ACTION: &str = "action that writes no file of the checkout";

/// The engines whose commands are those of Docker.
const ENGINES: [&str; 3] = ["docker", "podman", "nerdctl"];

/// An image that goes to a registry.
#[derive(Clone, Debug)]
pub(super) struct ImagePush<'a> {
    /// The number of its job.
    pub job: usize,
    /// The number of its step.
    pub step: usize,
    /// Where the push is written.
    pub place: WorkflowPlace,
    /// The references that it gets.
    pub tags: Vec<WorkflowText>,
    /// The build that pushes it; `None` for `docker push`.
    pub call: Option<&'a BuildCall>,
}

/// The words behind `docker` and its own options; empty for other programs.
pub(super) fn docker_words<'s>(invocation: &Invocation<'s>) -> Vec<&'s str> {
    let Some(program) = invocation.program.filter(|program| ENGINES.contains(program)) else { return Vec::new() };
    let options = ProgramOptions::of(program);
    let mut at = 0;
    while let Some(word) = invocation.args.get(at).filter(|word| word.text().starts_with('-')) {
        at += if word.text().contains('=') { 1 } else { options.word_count(word.text()) };
    }
    invocation.args.get(at..).unwrap_or_default().iter().map(dockopt_shell::shell::Word::text).collect()
}

/// Whether the program of a step is Compose with one of these commands.
pub(super) fn is_compose(invocation: &Invocation, verbs: &[&str]) -> bool {
    let words = docker_words(invocation);
    let is_plugin = words.first() == Some(&"compose");
    let mut all = invocation.args.iter();
    (is_plugin || invocation.is("docker-compose")) && all.any(|word| verbs.contains(&word.text()))
}

/// Whether a build pushes its image, in some runs at least, by what is written here.
pub(super) fn is_pushed(call: &BuildCall) -> bool {
    let by_switch = match &call.push {
        Switch::On(_) => true,
        Switch::Off => false,
        Switch::Unknown(text) => {
            let names = expression_names(&text.text);
            !names.is_empty() && names.iter().all(|name| name.starts_with("github."))
        }
    };
    let is_output = |output: &WorkflowText| {
        output.text.split(',').any(|field| matches!(field.trim(), "push=true" | "type=registry"))
    };
    by_switch || call.outputs.iter().any(is_output)
}

/// The images that the pipeline pushes, in order.
pub(super) fn pushes<'a>(cx: &WorkflowContext<'a, '_>) -> Vec<ImagePush<'a>> {
    let mut pushes = Vec::new();
    for (number, job) in cx.workflow().jobs.iter().enumerate() {
        for (at, step) in job.steps.iter().enumerate() {
            let calls = cx.calls_of_step(number, at).iter().filter(|call| is_pushed(call));
            pushes.extend(calls.map(|call| ImagePush {
                job: number,
                step: at,
                place: call.place,
                tags: call.tags.clone(),
                call: Some(call),
            }));
            let Some(script) = step.script.as_ref().filter(|script| script.text.text.contains("push")) else {
                continue;
            };
            for invocation in step.invocations() {
                let words = docker_words(&invocation);
                if !matches!(words[..], ["push", ..] | ["image", "push", ..]) {
                    continue;
                }
                let Some(last) = invocation.args.last() else { continue };
                let text = script.text.slice(last.span.range()).trim_matches(['"', '\'']).to_owned();
                let tags = vec![WorkflowText { text, place: script.text.place_of(last.span) }];
                let place = script.text.place_of(invocation.span);
                pushes.push(ImagePush { job: number, step: at, place, tags, call: None });
            }
        }
    }
    pushes
}

/// The legs of a job, one without values for a job that has no matrix; `None` where they are not known.
pub(super) fn legs(job: &Job) -> Option<Vec<MatrixLeg>> {
    match (job.matrix.is_open, job.matrix.legs.is_empty()) {
        (true, _) => None,
        (false, true) => Some(vec![MatrixLeg::new()]),
        (false, false) => Some(job.matrix.legs.clone()),
    }
}

/// The architecture of the hosted runner that a leg of a job runs on; `None` for other machines.
pub(super) fn architecture(job: &Job, leg: &MatrixLeg) -> Option<&'static str> {
    let [label] = &job.runners[..] else { return None };
    let label = text_in_leg(&label.text, leg);
    patterns::of(RUNNER).find(|pattern| pattern.text == label).map(|pattern| pattern.argument)
}

/// Where a part of a script can be edited.
pub(super) fn verbatim(script: &StepScript, span: Span) -> Option<WorkflowPlace> {
    let place = script.text.place_of(span);
    script.text.verbatim(span).map(|span| WorkflowPlace { span, ..place })
}

/// Whether a job runs on a machine of its owner.
pub(super) fn is_self_hosted(job: &Job) -> bool {
    job.runners.iter().any(|label| label.text.contains("self-hosted"))
}

/// Whether the action of a step is one with this meaning in `data/source_patterns.tsv`.
pub(super) fn is_action(step: &Step, meaning: &str) -> bool {
    step.action
        .as_ref()
        .is_some_and(|action| patterns::words(meaning).any(|name| name.eq_ignore_ascii_case(&action.name)))
}

/// Whether a step leaves the files of the checkout as they are, as far as what it does is known.
pub(super) fn leaves_files(step: &Step) -> bool {
    if step.action.is_some() {
        return is_action(step, FILELESS_ACTION) || step.uses("actions/checkout") || restores_elsewhere(step);
    }
    let Some(script) = &step.script else { return true };
    let commands = script.commands();
    let redirects = commands.commands.iter().flat_map(|command| &command.redirects);
    let mut redirects = redirects.chain(commands.compounds.iter().flat_map(|compound| &compound.redirects));
    let invocations = step.invocations();
    let is_readable = !invocations.is_empty() || commands.commands.iter().all(|command| command.words.is_empty());
    is_readable && commands.problems.is_empty() && !redirects.any(writes_file) && invocations.iter().all(makes_nothing)
}

/// Whether a step restores a cache of GitHub in folders outside of the checkout.
fn restores_elsewhere(step: &Step) -> bool {
    let is_cache = step.uses("actions/cache") || step.uses("actions/cache/restore");
    let lines = step.input("path").map(|input| &input.lines);
    is_cache && lines.is_some_and(|lines| lines.iter().all(|line| line.text.starts_with(['/', '~'])))
}

/// Whether a redirect writes a file of the checkout.
fn writes_file(redirect: &Redirect) -> bool {
    let text = redirect.target.as_ref().map_or("", |word| word.text());
    let is_write = matches!(
        redirect.operator,
        RedirectOperator::Write | RedirectOperator::Append | RedirectOperator::Clobber | RedirectOperator::WriteBoth
    );
    is_write && text != "/dev/null" && !text.contains("GITHUB_")
}

/// Whether an option of `docker run` shows a folder of the machine to the container, or may.
fn is_mount(word: &str) -> bool {
    let option = word.split('=').next().unwrap_or(word);
    matches!(option, "--volume" | "--mount" | "--volumes-from" | "--cidfile")
        || word.contains('$') && !word.contains("${{")
        || word.starts_with('-') && !word.starts_with("--") && word.contains('v')
}

/// Whether a program makes no file in the folder that it runs in.
fn makes_nothing(invocation: &Invocation) -> bool {
    let Some(program) = invocation.program else { return false };
    let words = docker_words(invocation);
    let is_docker = match words.first() {
        Some(&("compose" | "buildx")) => words.get(1) == Some(&"build"),
        // A container without a folder of the machine writes into its own.
        Some(&"run") => !words.iter().any(|word| is_mount(word)),
        Some(&("cp" | "container" | "exec" | "save")) | None => false,
        Some(_) => true,
    };
    let git_reads = invocation.is("git")
        && invocation
            .args
            .first()
            .is_some_and(|word| !matches!(word.text(), "clone" | "submodule" | "checkout" | "worktree" | "pull"));
    // Without `-i`, `sed` prints.
    let prints = invocation.is("sed")
        && !invocation.args.iter().any(|word| word.text().starts_with("-i") || word.is("--in-place"));
    is_docker || git_reads || prints || crate::shell::program::Program::of(program).writes_nothing()
}

/// What is known of a job or a step for all of its builds, which rules take in order.
pub(super) struct LastKnown<K, T> {
    last: Option<(K, T)>,
}

impl<K: PartialEq, T> LastKnown<K, T> {
    pub(super) const fn new() -> Self {
        Self { last: None }
    }

    /// What is known of the job with this number; `find` is called where the build before was one of another job.
    pub(super) fn of(&mut self, key: K, find: impl FnOnce() -> T) -> &T {
        let last = self.last.take().filter(|(known, _)| *known == key);
        let (_, value) = self.last.insert(last.unwrap_or_else(|| (key, find())));
        value
    }
}

/// The files of a job before its steps.
#[derive(Clone, Debug)]
pub(super) struct JobFiles<'j> {
    /// The steps that check out, with their numbers.
    pub checkouts: Vec<(usize, &'j Step)>,
    /// The first of them that checks out the pipeline's own repository into the folder of the job.
    checkout: Option<(usize, &'j Step)>,
    /// The first step that may make or change files.
    pub maker: Option<usize>,
}

impl<'j> JobFiles<'j> {
    pub(super) fn of(job: &'j Job) -> Self {
        let checkouts: Vec<_> =
            job.steps.iter().enumerate().filter(|(_, step)| step.uses("actions/checkout")).collect();
        let is_plain = |step: &Step| ["repository", "path"].iter().all(|name| step.input(name).is_none());
        let checkout = checkouts.iter().find(|(_, step)| is_plain(step)).copied();
        let maker = job.steps.iter().position(|step| !leaves_files(step));
        Self { checkouts, checkout, maker }
    }

    /// How many checkouts stand before a step.
    pub(super) fn checkouts_before(&self, step: usize) -> usize {
        self.checkouts.partition_point(|(at, _)| *at < step)
    }

    /// That checkout, if it stands before a step.
    pub(super) fn checkout(&self, before: usize) -> Option<&'j Step> {
        self.checkout.filter(|(at, _)| *at < before).map(|(_, step)| step)
    }

    /// Whether a step before this one may make or change files.
    pub(super) fn is_made_before(&self, step: usize) -> bool {
        self.maker.is_some_and(|maker| maker < step)
    }
}

/// Whether a build is one whose context and Dockerfile dockopt understands.
pub(super) fn is_plain(call: &BuildCall) -> bool {
    matches!(call.builder, Builder::Action | Builder::Docker | Builder::Buildx)
}

/// For each job, whether it waits, by way of others too, for a job of this kind.
pub(super) fn waiting_for(jobs: &[Job], is_kind: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    for (number, job) in jobs.iter().enumerate() {
        numbers.entry(job.id.as_str()).or_insert(number);
    }
    let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); jobs.len()];
    for (number, job) in jobs.iter().enumerate() {
        for awaited in job.needs.iter().filter_map(|name| numbers.get(name.as_str())) {
            waiting[*awaited].push(number);
        }
    }
    let mut waits = vec![false; jobs.len()];
    let mut open: Vec<usize> = (0..jobs.len()).filter(|number| is_kind(*number)).collect();
    while let Some(awaited) = open.pop() {
        for number in std::mem::take(&mut waiting[awaited]) {
            if !std::mem::replace(&mut waits[number], true) {
                open.push(number);
            }
        }
    }
    waits
}

/// The name of a reference without its tag and digest.
pub(super) fn without_tag(reference: &str) -> &str {
    let reference = reference.split('@').next().unwrap_or(reference);
    let last = last_part(reference);
    let from = reference.len() - last.len();
    outside(last, b':').first().map_or(reference, |at| &reference[..from + at])
}

/// What stands behind the last slash of a reference, expressions left whole.
pub(super) fn last_part(reference: &str) -> &str {
    outside(reference, b'/').last().map_or(reference, |at| &reference[at + 1..])
}

/// Where a byte stands outside of expressions.
fn outside(text: &str, wanted: u8) -> Vec<usize> {
    let mut depth = 0_usize;
    let mut places = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' | b'(' => depth += 1,
            b'}' | b')' => depth = depth.saturating_sub(1),
            byte if byte == wanted && depth == 0 => places.push(at),
            _ => {}
        }
    }
    places
}

/// Whether a step runs the tests of a project.
pub(super) fn runs_tests(step: &Step) -> bool {
    let Some(script) = &step.script else { return false };
    patterns::shows(&script.text.text, TESTS) && step.invocations().iter().any(|known| is_test(script, known))
}

/// Whether a command runs tests.
pub(super) fn is_test(script: &StepScript, invocation: &Invocation) -> bool {
    let text = script.text.slice(invocation.span.range());
    let starts = |known: &str| {
        text.strip_prefix(known).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-'))
    };
    !matches!(invocation.program, Some("echo" | "printf")) && patterns::words(TESTS).any(starts)
}
