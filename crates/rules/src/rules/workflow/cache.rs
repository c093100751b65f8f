//! What rules about the cache of builds share: which machine and which builder a step has, and how its cache is called.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::run_work::{clones_latest, is_cacheable};
use super::steps::{IMAGE_INPUT, LastKnown, architecture, is_action, last_part, legs, without_tag};
use crate::build::Build;
use crate::data;
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::text::path;
use crate::workflow::{
    ActionUse, BuildCall, Builder, CacheEntry, Event, Job, LegBuild, PipelineKind, Step, Workflow, WorkflowPlace,
    expression_names,
};
use crate::yaml::NewValue;

/// How the labels of GitHub's machines begin: each job gets a new one.
const HOSTED: [&str; 3] = ["ubuntu-", "windows-", "macos-"];

/// Builds of a pipeline that are compared with each other.
pub(super) const BUILDS: usize = 200;

/// The action that makes a builder.
pub(super) const SETUP: &str = "docker/setup-buildx-action";

/// What builds in a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobBuilder {
    /// The engine itself.
    Engine,
    /// A builder that the job makes, which is empty at first.
    New,
    /// A builder that keeps its cache by itself.
    Kept,
    /// That is not known.
    Unknown,
}

/// Whether an action has a role in `data/workflow_actions.tsv`.
pub(super) fn has_role(action: &ActionUse, role: &str) -> bool {
    data::WORKFLOW_ACTIONS.has(&action.name.to_ascii_lowercase(), role)
}

/// Whether a job runs on a machine that is new each time.
pub(super) fn is_hosted(workflow: &Workflow, job: &Job) -> bool {
    let is_label = |label: &String| HOSTED.iter().any(|start| label.starts_with(start));
    let is_hosted = |label: &str| job.matrix.texts(label).is_some_and(|labels| labels.iter().all(is_label));
    workflow.kind == PipelineKind::Github
        && !job.runners.is_empty()
        && job.runners.iter().all(|label| is_hosted(&label.text))
}

/// Whether runs of a pipeline follow each other on one branch, so that the later one can read what the earlier one kept:
/// caches of GitHub are seen on their branch, and on those made from it ("Restrictions for accessing a cache").
pub(super) fn is_repeated(cx: &WorkflowContext) -> bool {
    let path = format!("./{}", cx.input.path);
    let is_caller = |workflow: &Workflow| {
        workflow.jobs.iter().any(|job| job.calls.as_ref().is_some_and(|calls| calls.text == path))
            && runs_on_branches(workflow)
    };
    runs_on_branches(cx.workflow()) || cx.inputs.workflows.iter().any(|input| is_caller(&input.workflow))
}

fn runs_on_branches(workflow: &Workflow) -> bool {
    let is_request = |name: &str| matches!(name, "pull_request" | "pull_request_target" | "merge_group");
    is_pushed_to_branches(workflow) || workflow.events.iter().any(|event| is_request(&event.name))
}

/// Whether pushes to branches start a workflow.
pub(super) fn is_pushed_to_branches(workflow: &Workflow) -> bool {
    let is_for_branches = |event: &Event| {
        let has = |key: &str| event.filter(key).is_some();
        event.name == "push" && (has("branches") || has("branches-ignore") || !has("tags") && !has("tags-ignore"))
    };
    workflow.events.iter().any(is_for_branches)
}

/// Whether a pipeline runs for pull requests only.
pub(super) fn is_for_pull_requests(workflow: &Workflow) -> bool {
    let is_one = |name: &str| name.starts_with("pull_request") || name == "merge_group";
    !workflow.events.is_empty() && workflow.events.iter().all(|event| is_one(&event.name))
}

/// Whether a condition leaves a build to releases, tags or the clock, or switches it off.
pub(super) fn is_rare(job: &Job, step: &Step) -> bool {
    let conditions = [&job.condition, &step.condition];
    let words = ["refs/tags", "ref_type", "release", "schedule", "workflow_dispatch"];
    conditions.into_iter().flatten().any(|condition| {
        let inner = condition.text.trim_start_matches("${{").trim_end_matches("}}").trim();
        inner == "false" || words.iter().any(|word| condition.text.contains(word))
    })
}

/// What builds for each step of a job.
pub(super) fn builders_before(workflow: &Workflow, job: &Job) -> Vec<JobBuilder> {
    let gaps: BTreeSet<WorkflowPlace> = workflow.gaps.iter().map(|gap| gap.place).collect();
    let mut builder = JobBuilder::Engine;
    let before = |step: &Step| {
        let before = builder;
        if builder != JobBuilder::Kept {
            builder = step_builder(&gaps, step).unwrap_or(builder);
        }
        before
    };
    job.steps.iter().map(before).collect()
}

fn step_builder(gaps: &BTreeSet<WorkflowPlace>, step: &Step) -> Option<JobBuilder> {
    if let Some(script) = &step.script {
        let text = &script.text.text;
        let is_kept = ["remote", "kubernetes", "cloud"].iter().any(|driver| text.contains(driver));
        return match text.contains("buildx create") {
            true if is_kept => Some(JobBuilder::Kept),
            true => Some(JobBuilder::New),
            false => text.contains("containerd-snapshotter").then_some(JobBuilder::Unknown),
        };
    }
    let action = step.action.as_ref()?;
    // It changes the machine, and not what builds.
    if has_role(action, "emulator") {
        return None;
    }
    if has_role(action, "keeps-cache") {
        return Some(JobBuilder::Kept);
    }
    if has_role(action, "builder") {
        let driver = step.input("driver").map_or("docker-container", |driver| &driver.value.text);
        return Some(match driver {
            _ if step.input("endpoint").is_some() => JobBuilder::Kept,
            "docker-container" => JobBuilder::New,
            "docker" => JobBuilder::Engine,
            _ => JobBuilder::Kept,
        });
    }
    let is_gap = gaps.contains(&action.place);
    let name = action.name.to_ascii_lowercase();
    let is_setup = name.contains("buildx") || name.contains("setup") && name.contains("docker");
    (is_gap || is_setup || has_role(action, "engine")).then_some(JobBuilder::Unknown)
}

/// The first step of a job that brings what earlier runs built.
fn first_layers(job: &Job) -> Option<usize> {
    job.steps.iter().position(|step| {
        let Some(action) = &step.action else { return false };
        let names_builder = |text: &str| ["docker", "buildx", "buildkit"].iter().any(|name| text.contains(name));
        let keeps_files =
            has_role(action, "files") && step.input("path").is_some_and(|path| names_builder(&path.value.text));
        keeps_files || has_role(action, "layers")
    })
}

/// What the builds of a job have from its other steps.
pub(super) struct JobState<'j> {
    builders: Vec<JobBuilder>,
    first_layers: Option<usize>,
    /// The last step that may take an image from the engine.
    last_use: Option<usize>,
    /// Whether it runs on a machine that is new each time.
    pub is_hosted: bool,
    /// The first of the builds from the same files, by context and Dockerfile of each leg.
    first_builds: BTreeMap<Vec<(&'j str, &'j str)>, usize>,
}

impl<'j> JobState<'j> {
    pub(super) fn of(cx: &WorkflowContext<'j, '_>, number: usize) -> Self {
        let job = &cx.workflow().jobs[number];
        let mut first_builds = BTreeMap::new();
        for (at, call) in cx.calls_of_job(number).iter().take(BUILDS).enumerate() {
            first_builds
                .extend(files_of(call).filter(|files| !first_builds.contains_key(files)).map(|files| (files, at)));
        }
        Self {
            builders: builders_before(cx.workflow(), job),
            first_layers: first_layers(job),
            last_use: job.steps.iter().rposition(may_use_image),
            is_hosted: is_hosted(cx.workflow(), job),
            first_builds,
        }
    }

    /// What builds for a step.
    pub(super) fn builder(&self, step: usize) -> JobBuilder {
        self.builders.get(step).copied().unwrap_or(JobBuilder::Unknown)
    }

    /// Whether a later step of the job may take the image of a build from the engine.
    pub(super) fn is_used_later(&self, call: &BuildCall) -> bool {
        self.last_use.is_some_and(|last| last > call.step)
    }

    /// Whether the job built from the same files before, so that the builder has the layers already.
    fn has_earlier_build(&self, cx: &WorkflowContext, call: &BuildCall) -> bool {
        let first = files_of(call).and_then(|files| self.first_builds.get(&files));
        let first = first.and_then(|first| cx.calls_of_job(call.job).get(*first));
        first.is_some_and(|first| (first.step, first.command) != (call.step, call.command))
    }
}

/// The contexts and Dockerfiles of a build's legs.
fn files_of(call: &BuildCall) -> Option<Vec<(&str, &str)>> {
    let legs = call.legs.as_ref()?;
    Some(legs.iter().map(|leg| (leg.context.as_str(), leg.file.as_str())).collect())
}

/// The builds that start with nothing in each run, and could have what an earlier one left.
pub(super) struct ColdBuilds<'c, 'a, 'i> {
    cx: &'c WorkflowContext<'a, 'i>,
    jobs: LastKnown<usize, JobState<'a>>,
    is_repeated: OnceCell<bool>,
}

impl<'c, 'a, 'i> ColdBuilds<'c, 'a, 'i> {
    pub(super) fn new(cx: &'c WorkflowContext<'a, 'i>) -> Self {
        Self { cx, jobs: LastKnown::new(), is_repeated: OnceCell::new() }
    }

    /// What a build has from the other steps of its job.
    pub(super) fn state(&mut self, call: &BuildCall) -> &JobState<'a> {
        self.jobs.of(call.job, || JobState::of(self.cx, call.job))
    }

    /// Whether a build is one of them.
    pub(super) fn has(&mut self, call: &BuildCall) -> bool {
        let cx = self.cx;
        let (job, step) = (cx.job(call), cx.step(call));
        if call.place.file != 0 || call.no_cache.may_be_on() || is_rare(job, step) {
            return false;
        }
        let state = self.state(call);
        let is_new = matches!(state.builder(call.step), JobBuilder::Engine | JobBuilder::New);
        let has_layers = state.first_layers.is_some_and(|first| first < call.step);
        is_new
            && state.is_hosted
            && !has_layers
            && !state.has_earlier_build(cx, call)
            && *self.is_repeated.get_or_init(|| is_repeated(cx))
            && has_work(cx, call)
    }
}

/// Whether a cache is of use to a build, as far as that is known.
pub(super) fn has_work(cx: &WorkflowContext, call: &BuildCall) -> bool {
    let builds = cx.builds_of(call);
    let is_helped = |(leg, build): &(&LegBuild, &Build)| is_cacheable(build, leg) && !clones_latest(build);
    (builds.is_empty() || builds.iter().any(is_helped)) && !is_scanned_on_time(cx, call)
}

/// Whether a job only looks for known holes in what it builds, and runs by the clock too: the newest packages are wanted.
fn is_scanned_on_time(cx: &WorkflowContext, call: &BuildCall) -> bool {
    let is_timed = cx.workflow().events.iter().any(|event| event.name == "schedule");
    let scans = |step: &Step| is_action(step, IMAGE_INPUT) || step.invocations().iter().any(|known| known.is("trivy"));
    is_timed && !call.may_push() && cx.job(call).steps.iter().skip(call.step).any(scans)
}

/// What a build builds, to be compared with others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum BuildSubject<'c> {
    /// What its legs build.
    Legs(&'c [LegBuild]),
    /// The texts as they are written, where the legs are not known.
    Written([String; 4]),
}

/// What a build builds.
fn subject(call: &BuildCall) -> BuildSubject<'_> {
    let text =
        |text: &Option<crate::workflow::WorkflowText>| text.as_ref().map(|text| text.text.clone()).unwrap_or_default();
    match &call.legs {
        Some(legs) if call.builder != crate::workflow::Builder::Bake => BuildSubject::Legs(legs),
        _ => {
            let targets: Vec<&str> = call.targets.iter().map(|target| target.text.as_str()).collect();
            BuildSubject::Written([text(&call.context), text(&call.file), text(&call.target), targets.join(",")])
        }
    }
}

/// A name for the cache of a build that no other build of the pipeline gets: the image's, the folder's of the Dockerfile,
/// the job's; with the values in which the legs differ. `None` where there is no such name.
pub(super) fn cache_name(cx: &WorkflowContext, call: &BuildCall) -> Option<String> {
    if cx.calls().len() > BUILDS {
        return None;
    }
    let legs = format!("{}{}", processor_suffix(cx, call), leg_suffix(cx, call)?);
    let subject_here = subject(call);
    let others: Vec<&BuildCall> = cx.calls().iter().filter(|other| subject(other) != subject_here).collect();
    let names: [fn(&WorkflowContext, &BuildCall) -> Option<String>; 5] =
        [image_name, folder_name, two_folders_name, |cx, call| Some(job_name(cx, call)), target_name];
    for name in names {
        let Some(candidate) = name(cx, call).filter(|name| is_plain(name)) else { continue };
        if !others.iter().any(|other| name(cx, other).as_ref() == Some(&candidate)) {
            return Some(format!("{candidate}{legs}"));
        }
    }
    None
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

fn image_name(_: &WorkflowContext, call: &BuildCall) -> Option<String> {
    let tag = &call.tags.first()?.text;
    Some(last_part(without_tag(tag)).to_ascii_lowercase())
}

fn folder_name(_: &WorkflowContext, call: &BuildCall) -> Option<String> {
    let [leg] = &call.legs.as_ref()?[..] else { return None };
    let (folder, file) = path::split(&leg.file);
    let suffix = file.strip_prefix("Dockerfile.").or_else(|| file.strip_suffix(".Dockerfile"));
    let folder = path::name(folder);
    suffix.or_else(|| (!folder.is_empty()).then_some(folder)).map(str::to_owned)
}

/// `shop-docker` of `apps/shop/docker/Dockerfile`.
fn two_folders_name(_: &WorkflowContext, call: &BuildCall) -> Option<String> {
    let [leg] = &call.legs.as_ref()?[..] else { return None };
    let (above, folder) = path::split(path::split(&leg.file).0);
    (!above.is_empty()).then(|| format!("{}-{folder}", path::name(above)))
}

fn job_name(cx: &WorkflowContext, call: &BuildCall) -> String {
    cx.job(call).id.clone()
}

fn target_name(cx: &WorkflowContext, call: &BuildCall) -> Option<String> {
    let target = call.target.as_ref()?.constant()?;
    let name = image_name(cx, call).or_else(|| folder_name(cx, call)).unwrap_or_else(|| job_name(cx, call));
    Some(format!("{name}-{target}"))
}

/// `-arm64` where another job builds the same on a machine with another processor: its steps are others.
fn processor_suffix(cx: &WorkflowContext, call: &BuildCall) -> String {
    let processor = |call: &BuildCall| {
        let job = cx.job(call);
        let [leg] = &legs(job)?[..] else { return None };
        architecture(job, leg)
    };
    let Some(here) = processor(call) else { return String::new() };
    if !call.platforms.is_empty() {
        return String::new();
    }
    let subject_here = subject(call);
    let is_other = |other: &BuildCall| {
        other.job != call.job && subject(other) == subject_here && processor(other).is_some_and(|known| known != here)
    };
    if cx.calls().iter().any(is_other) { format!("-{here}") } else { String::new() }
}

/// `-${{ matrix.platform }}` for each value of the legs that makes them build something else; `None` where a cache cannot
/// have these values in its name.
fn leg_suffix(cx: &WorkflowContext, call: &BuildCall) -> Option<String> {
    let job = cx.job(call);
    let mut suffix = String::new();
    for name in super::cache_legs::short_names(job, call, leg_names(cx, call)) {
        let text = format!("${{{{ {name} }}}}");
        let values = job.matrix.texts(&text)?;
        let is_value = |value: &String| !value.is_empty() && !value.contains([',', '"', ' ', '\n']);
        if !values.iter().all(is_value) {
            return None;
        }
        suffix = format!("{suffix}-{text}");
    }
    Some(suffix)
}

/// The names of the matrix that a build uses.
pub(super) fn leg_names(cx: &WorkflowContext, call: &BuildCall) -> Vec<String> {
    let single = [&call.context, &call.file, &call.target].into_iter().flatten().map(|text| text.text.as_str());
    // The platform says what the machine is for.
    let lists = if call.platforms.is_empty() { &cx.job(call).runners } else { &call.platforms };
    let lists = lists.iter().map(|text| text.text.as_str());
    let arguments = call.arguments.iter().filter_map(|argument| argument.value.as_deref());
    let used = single.chain(lists).chain(arguments).flat_map(expression_names);
    let mut names: Vec<String> = used.filter(|name| name.starts_with("matrix.")).collect();
    names.sort();
    names.dedup();
    names
}

/// The change that gives a build without caches both of them; `None` where it has no name.
pub(super) fn add_caches<'c>(cx: &'c WorkflowContext, call: &'c BuildCall) -> Option<WorkflowChange<'c>> {
    let name = cache_name(cx, call)?;
    let step = cx.step(call);
    let [read, write] = gha_fields(&name);
    let Some(first) = step.inputs.first() else {
        let entries = [("cache-from", read), ("cache-to", write)];
        let mapping = entries.map(|(key, text)| (key.to_owned(), NewValue::Inline(text)));
        return Some(WorkflowChange::Set(step.path_to(&["with"]), NewValue::Mapping(mapping.into())));
    };
    // Both keys come with one edit, as they come to one place.
    let value = if is_flow(cx, step) {
        NewValue::Inline(format!("\"{read}\", cache-to: \"{write}\""))
    } else {
        let source = cx.source();
        let line = source.line_span(source.line(first.key.span.start));
        let indent = " ".repeat((first.key.span.start - line.start) as usize);
        let end = if source.text().contains("\r\n") { "\r\n" } else { "\n" };
        NewValue::Block(format!(" {read}{end}{indent}cache-to: {write}"))
    };
    Some(WorkflowChange::Set(step.path_to(&["with", "cache-from"]), value))
}

/// What a build reads from GitHub's cache, and what it writes there.
pub(super) fn gha_fields(name: &str) -> [String; 2] {
    [format!("type=gha,scope={name}"), format!("type=gha,scope={name},mode=max,ignore-error=true")]
}

/// Whether the inputs of a step stand in braces.
pub(super) fn is_flow(cx: &WorkflowContext, step: &Step) -> bool {
    let text = cx.source().text();
    step.inputs.first().is_some_and(|input| {
        let before = text.get(..input.key.span.start as usize).unwrap_or_default();
        before.trim_end().ends_with('{')
    })
}

/// The change that adds the step that makes a builder before a step, where it is not made yet: before the first of several
/// builds by actions, as all of them need it.
pub(super) fn add_builder<'c>(cx: &WorkflowContext<'c, '_>, job: &'c Job, step: &'c Step) -> WorkflowChange<'c> {
    let step = first_build(cx, job, step).unwrap_or(step);
    let Some((number, path)) = step.path.split_last() else {
        return WorkflowChange::Impossible("the place of the step is not known".to_owned());
    };
    let Some(text) = setup_step(cx) else {
        return WorkflowChange::Impossible(format!("`{SETUP}` has no version in the table of actions"));
    };
    let path = path.iter().map(String::as_str).collect();
    match number.parse() {
        Ok(number) => WorkflowChange::Insert(path, number, text),
        Err(_) => WorkflowChange::Impossible(format!("the steps of `{}` have no numbers", job.id)),
    }
}

/// The first of the builds by actions that lead up to the build of a step, in the same list of steps.
fn first_build<'c>(cx: &WorkflowContext<'c, '_>, job: &'c Job, step: &'c Step) -> Option<&'c Step> {
    let number = cx.workflow().jobs.iter().position(|known| std::ptr::eq(known, job))?;
    let calls = cx.calls_of_job(number);
    let here = calls.iter().position(|call| std::ptr::eq(cx.step(call), step))?;
    let is_of_action = |call: &&BuildCall| call.builder == Builder::Action && call.command.is_none();
    let list = |step: &'c Step| step.path.split_last().map(|(_, list)| list);
    let before = calls[..=here].iter().rev().take_while(is_of_action).map(|call| cx.step(call));
    before.filter(|known| known.place.file == step.place.file && list(known) == list(step)).last()
}

/// `uses: docker/setup-buildx-action@…`, pinned as the file pins other actions of Docker.
fn setup_step(cx: &WorkflowContext) -> Option<String> {
    let row = data::WORKFLOW_ACTIONS.row(SETUP)?;
    let (version, commit) = (row[2], row[3]);
    let actions: Vec<&ActionUse> = cx.steps().filter_map(|(_, step)| step.action.as_ref()).collect();
    let same = actions.iter().find(|action| action.place.file == 0 && action.name.eq_ignore_ascii_case(SETUP));
    if let Some(same) = same {
        let line = cx.source().line_span(cx.source().line(same.place.span.start));
        let comment = cx.source().slice(line).split_once(" #").map_or("", |(_, comment)| comment.trim_end());
        let comment = if comment.is_empty() { String::new() } else { format!(" #{comment}") };
        return Some(format!("uses: {SETUP}@{}{comment}", same.version));
    }
    let of_docker = actions.iter().find(|action| action.name.starts_with("docker/"));
    let is_commit = |version: &str| version.len() == 40 && version.bytes().all(|byte| byte.is_ascii_hexdigit());
    let pin = match of_docker.map(|action| action.version.as_str()) {
        Some(pin) if is_commit(pin) => format!("{commit} # {version}"),
        Some(pin) if pin.contains('.') => version.to_owned(),
        _ => version.split('.').next()?.to_owned(),
    };
    Some(format!("uses: {SETUP}@{pin}"))
}

/// The change that adds a field behind the last one of a cache; `None` where its text is written in a way that does not
/// allow it.
pub(super) fn add_field(cx: &WorkflowContext, entry: &CacheEntry, field: &str) -> Option<WorkflowChange<'static>> {
    let WorkflowPlace { file, span } = entry.text.place;
    let written = cx.source().text().get(span.range())?;
    let is_verbatim = file == 0 && written.starts_with("type=") && !written.contains(['"', '\'', '\n']);
    let place = WorkflowPlace { file, span: crate::text::Span::at(span.end) };
    is_verbatim.then(|| WorkflowChange::Replace(place, format!(",{field}")))
}

/// Whether a step may take an image from the engine.
fn may_use_image(step: &Step) -> bool {
    let script = step.script.as_ref().is_some_and(|script| script.text.text.contains("docker"));
    script || step.inputs.iter().any(|input| input.name.contains("image"))
}

/// Where a cache lies, as its fields say it.
pub(super) fn cache_place(entry: &CacheEntry) -> Option<(String, String)> {
    let kind = entry.kind();
    let place = match kind {
        "gha" => entry.get("scope").unwrap_or("buildkit"),
        "registry" => entry.get("ref")?,
        "local" => entry.get("dest").or_else(|| entry.get("src"))?,
        _ => return None,
    };
    Some((kind.to_owned(), place.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::WorkflowText;

    /// The parameters of `type=gha` for `cache-from` and `cache-to`, and those of `cache-to` alone, with the values that they
    /// take (docs.docker.com/build/cache/backends/gha, 2026-11-27).
    const DOCUMENTED: &[(&str, &str, &str)] = &[
        ("scope", "cache-to cache-from", "String"),
        ("mode", "cache-to", "min max"),
        ("ignore-error", "cache-to", "true false"),
        ("timeout", "cache-to cache-from", "String"),
        ("version", "cache-to cache-from", "String"),
    ];

    #[test]
    fn written_caches_have_documented_parameters() {
        for (option, text) in ["cache-from", "cache-to"].into_iter().zip(gha_fields("shop-${{ matrix.platform }}")) {
            let (kind, fields) = text.split_once(',').unwrap();
            assert_eq!(kind, "type=gha");
            for field in fields.split(',') {
                let (name, value) = field.split_once('=').unwrap();
                let (_, options, values) = DOCUMENTED.iter().find(|(known, ..)| *known == name).unwrap();
                assert!(options.split(' ').any(|known| known == option), "{name} in {option}");
                assert!(*values == "String" || values.split(' ').any(|known| known == value), "{field}");
            }
            let place = WorkflowPlace::of(crate::text::Span::at(0));
            let entry = CacheEntry::read(WorkflowText { text, place });
            assert_eq!(cache_place(&entry).unwrap().1, "shop-${{ matrix.platform }}");
            assert_eq!(entry.has_all_stages(), option == "cache-to");
        }
    }
}
