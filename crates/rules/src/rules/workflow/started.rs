//! A rule about images that are pushed before anything has started them.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::start_needs::StartNeed;
use super::started_compose::{ComposeStart, compose_start};
use super::steps::{ImagePush, docker_words, is_compose, last_part, pushes, waiting_for, without_tag};
use regex::{Regex, RegexBuilder};

use crate::build::Build;
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::Findings;
use crate::inputs::WorkflowInput;
use crate::rules::WorkflowContext;
use crate::shell::Invocation;
use crate::sources::patterns;
use crate::workflow::{BuildCall, Builder, Job, LegBuild, PipelineKind, Step, WorkflowText};

crate::rules::family! {
    of_workflow
    "pushed-before-started" => pushed_before_started;
}

/// Meanings in `data/source_patterns.tsv`.
const PROGRAM: &str = "program that starts images";
const RUNNER: &str = "program that runs what a project defines";
const ACTION: &str = "word of an action that starts images";
const COMMAND: &str = "command that starts an image";
const TEST: &str = "word of a test of an image";

/// Bytes that the finder of image names may take: some ten thousand names.
const FINDER: usize = 16 << 20;

/// Commands of Compose that start services.
const STARTS: [&str; 4] = ["up", "run", "start", "create"];

/// An image that starts nowhere in the pipeline is first started by those who get it.
fn pushed_before_started(cx: &WorkflowContext, out: &mut Findings) {
    let workflow = cx.workflow();
    let is_called = workflow.events.iter().any(|event| event.name == "workflow_call");
    let is_unknown =
        workflow.kind == PipelineKind::Action || is_called || workflow.jobs.iter().any(|job| job.calls.is_some());
    if is_unknown || !workflow.kind.is_pipeline() {
        return;
    }
    let mut pushes = pushes(cx);
    // A build that fails pushes nothing.
    pushes.retain(|push| !push.call.is_some_and(|call| lacks_dockerfile(cx, call)) && !is_mirrored(cx, push));
    if pushes.is_empty() || serves_nothing(cx) {
        return;
    }
    let names = pushes.iter().flat_map(|push| &push.tags).map(|tag| last_part(without_tag(&tag.text)));
    let images = StartedImages::new(names.filter(|name| !name.is_empty() && !name.contains('$')));
    let waits = waiting_for(&workflow.jobs, |number| !cx.calls_of_job(number).is_empty());
    let starts = |(number, job): (usize, &Job)| {
        // Stages of GitLab wait without `needs`.
        let is_behind = workflow.kind == PipelineKind::Gitlab || waits[number];
        let first = cx.calls_of_job(number).first().map(|call| call.step);
        let is_near = |at: usize| is_behind || first.is_some_and(|first| first <= at);
        job.image.iter().chain(&job.services).any(|image| images.are_named_by(&image.text))
            || job.steps.iter().enumerate().any(|(at, step)| images.are_started_by(step, is_near(at)))
    };
    if workflow.jobs.iter().enumerate().any(starts) || is_followed(cx) || others_start(cx) {
        return;
    }
    let compose = compose_start(cx, &pushes);
    // What the repository lacks for its own compose file, a pipeline lacks too.
    if compose == ComposeStart::Lacking {
        return;
    }
    let has_compose = compose != ComposeStart::Unknown;
    let Some((first, variables)) = first_startable(cx, &pushes, has_compose) else { return };
    let message = match images.first {
        Some(name) if images.names.len() == 1 => format!("`{name}` is pushed, and no step of the pipeline starts it"),
        _ => "the image is pushed, and no step of the pipeline starts it".to_owned(),
    };
    let Some(finding) = cx.finding(first.place, message) else { return };
    let tag_name = first.tags.first().map(|tag| last_part(without_tag(&tag.text)));
    let name = tag_name.filter(|name| images.names.contains(name)).or(images.first).unwrap_or("image");
    out.push(finding.help(help(cx, first, &compose, (name, &*variables))));
}

/// How the image of a push is started before that: `name` is what it is called, and `variables` what it asks for.
fn help(
    cx: &WorkflowContext,
    push: &ImagePush,
    compose: &ComposeStart,
    (name, variables): (&str, &[String]),
) -> String {
    // Only an action keeps the image from the engine.
    let is_action = push.call.is_some_and(|call| call.builder == Builder::Action);
    let build = if is_action { "build with `load: true`" } else { "build it" };
    if let ComposeStart::File { file, variables, unnamed } = compose {
        let values = variables.iter().map(|name| format!("{name}=… ")).collect::<Vec<_>>().concat();
        let (image, option) = match unnamed {
            // Without a name for the image, and without the option, Compose builds another one.
            Some(service) => (format!("(give `{service}` an `image:` with the tag of the build)"), " --no-build"),
            None => ("with that image".to_owned(), ""),
        };
        return format!(
            "start it with what it needs before it gets its tag: {build}, then `{values}docker compose -f {file} up -d \
             --wait{option}` {image}, and push in a step behind that"
        );
    }
    let options = variables.iter().map(|name| format!(" -e {name}=…")).collect::<Vec<_>>().concat();
    let wait = "wait until `docker inspect -f '{{.State.Health.Status}}' test` prints `healthy` (or, without a HEALTHCHECK, until it \
                answers)";
    if let Some(loaded) = loaded_before(cx, push) {
        let line =
            cx.input.file_of(loaded.place).map_or(0, |file| cx.inputs.source(file).line(loaded.place.span.start));
        let tags = loaded.tags.iter().map(|tag| tag.text.as_str());
        let tag = tags.into_iter().find(|tag| !tag.contains("steps.")).unwrap_or("IMAGE");
        return format!(
            "start the image of line {line} before the push: `docker run -d{options} --name test {tag}`, and {wait}"
        );
    }
    let (with, the) = if is_action { (build, " and the tag") } else { (build, " with the tag") };
    format!(
        "start it before it gets its tag: {with}{the} `{name}:test`, then `docker run -d{options} --name test {name}:test`, {wait}, \
         and push in a step behind that"
    )
}

/// The build in the same job whose image the engine has before a push: the same one, which is only loaded, or the one that
/// `docker push` sends.
fn loaded_before<'a>(cx: &WorkflowContext<'a, '_>, push: &ImagePush) -> Option<&'a BuildCall> {
    let is_same = |call: &BuildCall| match push.call {
        Some(pushed) => call.legs.is_some() && call.legs == pushed.legs && call.step < push.step,
        None => call.step <= push.step && has_tag(call, push),
    };
    let is_in_engine =
        |call: &BuildCall| call.load.is_on() || call.builder == Builder::Docker && !call.push.may_be_on();
    cx.calls_of_job(push.job).iter().find(|call| is_same(call) && is_in_engine(call))
}

/// Whether a build gives its image a name that is pushed.
fn has_tag(call: &BuildCall, push: &ImagePush) -> bool {
    call.tags.iter().any(|tag| push.tags.iter().any(|pushed| pushed.text == tag.text))
}

/// The first push whose image can be started, with the variables that it asks for. `has_compose`: whether a compose file
/// gives images what they need.
fn first_startable<'p, 'a>(
    cx: &WorkflowContext<'a, '_>,
    pushes: &'p [ImagePush<'a>],
    has_compose: bool,
) -> Option<(&'p ImagePush<'a>, Vec<String>)> {
    if has_compose {
        return Some((pushes.first()?, Vec::new()));
    }
    let mut known = BTreeMap::new();
    let needs: Vec<Option<StartNeed>> = cx.calls().iter().map(|call| need_of(cx, call, &mut known)).collect();
    if !needs.is_empty() && needs.iter().all(|need| *need == Some(StartNeed::More)) {
        return None;
    }
    pushes.iter().find_map(|push| {
        let is_own =
            |call: &BuildCall| push.call.map_or_else(|| has_tag(call, push), |known| std::ptr::eq(known, call));
        match cx.calls().iter().position(is_own).and_then(|at| needs[at].clone()) {
            Some(StartNeed::More) => None,
            Some(StartNeed::Variables(names)) => Some((push, names)),
            None => Some((push, Vec::new())),
        }
    })
}

/// What the images of a build need; `None` where its Dockerfiles are not known.
fn need_of<'a>(
    cx: &WorkflowContext<'a, '_>,
    call: &'a BuildCall,
    known: &mut BTreeMap<&'a LegBuild, StartNeed>,
) -> Option<StartNeed> {
    let builds = cx.builds_of(call).into_iter();
    let mut needs =
        builds.map(|(leg, build)| known.entry(leg).or_insert_with(|| StartNeed::of(cx, leg, build)).clone());
    let first = needs.next()?;
    // Where one leg can be started, that is worth it.
    Some(if first == StartNeed::More { needs.find(|need| *need != StartNeed::More).unwrap_or(first) } else { first })
}

/// Whether a job pushes under another name what it pulled: others have built it.
fn is_mirrored(cx: &WorkflowContext, push: &ImagePush) -> bool {
    let pulls = |step: &Step| {
        let is_pull = |words: &[&str]| matches!(words, ["pull", ..] | ["image", "pull", ..]);
        step.invocations().iter().any(|invocation| is_pull(&docker_words(invocation)))
    };
    push.call.is_none()
        && cx.calls_of_job(push.job).is_empty()
        && cx.workflow().jobs[push.job].steps.iter().take(push.step + 1).any(pulls)
}

/// Whether another pipeline of the repository starts an image.
fn others_start(cx: &WorkflowContext) -> bool {
    let any_image = StartedImages::new(std::iter::empty());
    let starts = |other: &&WorkflowInput| {
        let mut steps = other.workflow.jobs.iter().flat_map(|job| &job.steps);
        other.workflow.kind.is_pipeline() && steps.any(|step| any_image.are_started_by(step, false))
    };
    // One of two is another one.
    let first_two = || cx.inputs.workflows.iter().filter(starts).take(2).map(|other| other.file).collect();
    let starting = cx.dockerfiles.starting_pipelines.get_or_init(first_two);
    starting.iter().any(|file| *file != cx.input.file)
}

/// Whether the repository has no Dockerfile of a build.
fn lacks_dockerfile(cx: &WorkflowContext, call: &BuildCall) -> bool {
    let is_missing = |leg: &LegBuild| !cx.repository().has(&leg.file);
    cx.repository().is_complete && call.legs.iter().flatten().any(is_missing)
}

/// Whether all images that the pipeline builds are known, and none of them says that it serves something: others end at
/// once, or need more than a start.
fn serves_nothing(cx: &WorkflowContext) -> bool {
    let serves = |build: &Build| {
        let is_sign = |(_, instruction): (usize, &Instruction)| {
            matches!(instruction.keyword, Keyword::Expose | Keyword::Healthcheck)
        };
        build.stages().last().is_some_and(|last| build.chain(last).any(|stage| build.instructions(stage).any(is_sign)))
    };
    all_builds(cx, |build| !serves(build))
}

/// Whether all images that the pipeline builds are known, and each is of a kind.
fn all_builds(cx: &WorkflowContext, is_kind: impl Fn(&Build) -> bool) -> bool {
    let builds: Vec<_> = cx.calls().iter().map(|call| cx.builds_of(call)).collect();
    let are_known = !builds.is_empty() && builds.iter().all(|builds| !builds.is_empty());
    are_known && builds.iter().flatten().all(|(_, build)| is_kind(build))
}

/// The images of a pipeline by the last part of their names.
struct StartedImages<'n> {
    first: Option<&'n str>,
    names: BTreeSet<&'n str>,
    /// Finds any of the names in one pass over a text.
    finder: LazyCell<Option<Regex>, Box<dyn FnOnce() -> Option<Regex> + 'n>>,
}

impl<'n> StartedImages<'n> {
    fn new(mut names: impl Iterator<Item = &'n str>) -> Self {
        let first = names.next();
        let names: BTreeSet<&str> = first.into_iter().chain(names).collect();
        let words: Vec<String> = names.iter().map(|name| regex::escape(name)).collect();
        let finder = move || RegexBuilder::new(&words.join("|")).size_limit(FINDER).build().ok();
        Self { first, names, finder: LazyCell::new(Box::new(finder)) }
    }

    /// Whether a text may name one of them; so many names that no finder has room for them may be in any text.
    fn are_named_by(&self, text: &str) -> bool {
        let has_name = || self.finder.as_ref().is_none_or(|finder| finder.is_match(text));
        text.contains('$') || !self.names.is_empty() && has_name()
    }

    /// Whether a step may start one of them; `is_near`: whether its job builds or waits for a build.
    fn are_started_by(&self, step: &Step, is_near: bool) -> bool {
        if let Some(action) = &step.action {
            let name = action.name.to_ascii_lowercase();
            let is_unread = name.starts_with("./") || name.contains("/.github/");
            let mut lines = step.inputs.iter().flat_map(|input| &input.lines);
            return patterns::words(ACTION).any(|word| name.contains(word))
                || is_unread && is_near
                || lines.any(|line: &WorkflowText| patterns::shows(&line.text, COMMAND));
        }
        let Some(script) = &step.script else { return false };
        let names_test = || {
            let title = step.name.as_ref().map_or("", |name| name.text.as_str());
            let text = format!("{title} {}", script.text.text).to_ascii_lowercase();
            patterns::words(TEST).any(|word| text.contains(word))
        };
        let is_given = |invocation: &Invocation| invocation.args.iter().any(|word| self.is_reference(word.text()));
        let runs =
            |invocation: &Invocation| runs_unread(invocation) && (is_near || is_given(invocation) || names_test());
        step.invocations().iter().any(|invocation| self.is_start(invocation) || runs(invocation))
    }

    /// Whether a word is the reference of an image that a script may be given: `app:ci`.
    fn is_reference(&self, word: &str) -> bool {
        let name = last_part(without_tag(word));
        let is_path = word.starts_with(['.', '/', '-']) || word.contains("://");
        !is_path && (self.names.contains(name) || name.len() < last_part(word).len() && !name.is_empty())
    }

    /// Whether a command starts one of the images.
    fn is_start(&self, invocation: &Invocation) -> bool {
        let Some(program) = invocation.program else { return true };
        let words = docker_words(invocation);
        let is_run = matches!(words[..], ["run" | "create", ..] | ["container", "run" | "create", ..]);
        let is_service = matches!(words[..], ["service" | "stack", ..]);
        let is_named = || self.names.is_empty() || invocation.args.iter().any(|word| self.are_named_by(word.text()));
        is_run && is_named()
            || is_service
            || is_compose(invocation, &STARTS)
            || patterns::words(PROGRAM).any(|name| name == program)
    }
}

/// Whether a program does what files of the project say, which are not read here.
fn runs_unread(invocation: &Invocation) -> bool {
    let path = invocation.path.text();
    let is_script = matches!(path.rsplit_once('.'), Some((_, "sh")));
    let is_of_project = path.contains('/') && !path.starts_with("/usr/") && !path.starts_with("/bin/");
    is_of_project
        || is_script
        || invocation.program.is_some_and(|program| patterns::words(RUNNER).any(|name| name == program))
}

/// Whether another workflow of the repository runs when this one is done and starts something.
fn is_followed(cx: &WorkflowContext) -> bool {
    let others = cx.repository().below(".github/workflows").filter(|path| *path != cx.input.path);
    let texts = others.filter_map(|path| cx.repository().texts.get(path));
    let mut following = texts.filter(|source| source.text().contains("workflow_run"));
    following.any(|source| patterns::shows(source.text(), COMMAND))
}
