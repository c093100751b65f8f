//! Rules about when pipelines run: what an image is made of, and the commits that change none of it.

use crate::build::{Build, ImagePaths, ImagePlace};
use crate::finding::{CostFrequency, Finding, Findings, Impact, Safety, Saving};
use crate::inputs::{BuildInput, BuildOptions};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::shell::Invocation;
use crate::sources::patterns;
use crate::workflow::{BuildCall, Builder, Event, Job, LegBuild, PathFilter, PipelineKind, Step};
use crate::yaml::NewValue;

crate::rules::family! {
    of_workflow
    "built-when-nothing-changed" => built_when_nothing_changed;
}

/// Commits that a history must have to say anything.
const FEWEST: usize = 20;

/// The share of commits that must be idle, as one of so many.
const SHARE: usize = 10;

/// Lines that a filter may have.
const LINES: usize = 60;

/// Meanings in `data/source_patterns.tsv`.
const FILTERS: &str = "says which files a commit changed";
const NEUTRAL: &str = "action that reads no file of the repository";
const SPECIAL: &str = "condition that does not hold for each commit";
const SETS: &str = "command that reads no file of the repository";

fn built_when_nothing_changed(cx: &WorkflowContext, out: &mut Findings) {
    let workflow = cx.workflow();
    let Some(changes) = cx.inputs.changes.as_deref() else { return };
    let events: Vec<&Event> = workflow.events.iter().filter(|event| runs_on_each_commit(event)).collect();
    let is_of_github = workflow.kind == PipelineKind::Github;
    if !is_of_github || events.is_empty() || cx.steps().any(|(_, step)| filters_itself(step)) {
        return;
    }
    let calls: Vec<(&BuildCall, Vec<ImagePaths>)> =
        cx.calls().iter().filter_map(|call| Some((call, images_of(cx, call)?))).collect();
    let Some((first, _)) = calls.first() else { return };
    let filter = filter_of(cx, calls.iter().flat_map(|(_, images)| images));
    let (commits, idle) = changes.idle(&|path| filter.takes(path));
    if commits < FEWEST || idle * SHARE < commits {
        return;
    }
    let builds_all = calls.len() == cx.calls().len() && !has_other_work(cx);
    let runs_something = |(_, build): &(&LegBuild, &Build)| build.needed_runs().next().is_some();
    // What is built in seconds is not worth a condition that has to be written.
    if !builds_all && !calls.iter().any(|(call, _)| cx.builds_of(call).iter().any(runs_something)) {
        return;
    }
    let what = if calls.len() > 1 { "the images" } else { "the image" };
    let message = format!(
        "{idle} of the last {commits} commits change nothing that goes into {what}, and are built all the same"
    );
    let place = if builds_all { events[0].place } else { first.place };
    let Some(finding) = cx.finding(place, message) else { return };
    let finding = finding.costs(Impact {
        per: CostFrequency::Commit,
        saves: Some(Saving::Reruns { reruns: idle as u32, builds: commits as u32 }),
        ..Impact::slower_rebuild("by git history, none of their files goes into the image")
    });
    out.push(if builds_all { with_filter(cx, finding, &events, &filter) } else { with_condition(finding, &filter) });
}

/// The finding with the filter as its fix.
fn with_filter<'e>(cx: &WorkflowContext, finding: Finding, events: &[&'e Event], filter: &PathFilter) -> Finding {
    let mut finding = finding.help("let `paths` name what the image is made of");
    if events.iter().any(|event| event.name.starts_with("pull_request")) {
        finding.notes.push(
            "if a job of this workflow is a required status check, pull requests that change none of these files wait for it \
             for ever: make it no required check first"
                .to_owned(),
        );
    }
    let list = || NewValue::List(filter.patterns.clone());
    let paths = || NewValue::Mapping(vec![("paths".to_owned(), list())]);
    let change = |event: &&'e Event| {
        if event.filters.is_empty() {
            WorkflowChange::Set(vec!["on", &event.name], paths())
        } else {
            WorkflowChange::Set(vec!["on", &event.name, "paths"], list())
        }
    };
    let is_mapping = cx.has_key(&["on", &events[0].name]);
    let changes: Vec<WorkflowChange> = if is_mapping {
        events.iter().map(change).collect()
    } else {
        let is_filtered = |event: &Event| events.iter().any(|known| known.name == event.name);
        let value = |event: &Event| if is_filtered(event) { paths() } else { NewValue::Inline(String::new()) };
        let all = cx.workflow().events.iter().map(|event| (event.name.clone(), value(event)));
        vec![WorkflowChange::Set(vec!["on"], NewValue::Mapping(all.collect()))]
    };
    let why = "commits that change none of these files get no image with their tag, and take no newer base image";
    cx.fixed(finding, "run for commits that change the image", Safety::Unsafe(why.to_owned()), &changes)
}

/// The finding where the workflow has other work.
fn with_condition(finding: Finding, filter: &PathFilter) -> Finding {
    let mut finding = finding.help(
        "give the job a condition: `paths` of the workflow would skip its other work too, so a step before has to compare \
         the commits",
    );
    let shown: Vec<String> = filter.patterns.iter().take(10).map(|pattern| format!("`{pattern}`")).collect();
    let more = filter.patterns.len().saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    finding.notes.push(format!("the image is made of {}{more}", shown.join(", ")));
    finding
}

/// Whether an event comes with each commit, or each one of a branch.
fn runs_on_each_commit(event: &Event) -> bool {
    let has = |keys: &[&str]| keys.iter().any(|key| event.filter(key).is_some());
    let is_for_tags = has(&["tags", "tags-ignore"]) && !has(&["branches", "branches-ignore"]);
    matches!(&*event.name, "push" | "pull_request" | "pull_request_target")
        && !has(&["paths", "paths-ignore"])
        && !is_for_tags
}

/// Whether a step looks at what a commit changed.
fn filters_itself(step: &Step) -> bool {
    let name = step.action.as_ref().map(|action| action.name.as_str());
    let script = step.script.as_ref().map(|script| script.text.text.as_str());
    let texts = || name.into_iter().chain(script);
    patterns::words(FILTERS).any(|word| texts().any(|text| text.contains(word)))
}

/// What the images of a build are made of; `None` where that is not known, or steps before it make files.
fn images_of(cx: &WorkflowContext, call: &BuildCall) -> Option<Vec<ImagePaths>> {
    let (job, step) = (cx.job(call), cx.step(call));
    let is_plain = matches!(call.builder, Builder::Action | Builder::Docker | Builder::Buildx);
    let conditions = [&job.condition, &step.condition];
    let is_special =
        conditions.into_iter().flatten().any(|text| patterns::words(SPECIAL).any(|word| text.text.contains(word)));
    let is_stamped = call.arguments.iter().any(|argument| argument.value.as_deref().is_none_or(is_of_the_commit));
    let is_made = job.steps.iter().take(call.step).any(|step| !is_neutral(cx, step));
    if !is_plain || is_special || is_stamped || is_made || !call.contexts.is_empty() {
        return None;
    }
    let builds = cx.builds_of(call);
    let images: Option<Vec<_>> = builds.iter().map(|(leg, build)| image_of(cx, leg, build)).collect();
    images.filter(|images| !images.is_empty())
}

/// Whether a value may be another one with each commit.
fn is_of_the_commit(value: &str) -> bool {
    let names = crate::workflow::expression_names(value);
    let is_kept = |name: &String| ["secrets.", "vars.", "matrix."].iter().any(|start| name.starts_with(start));
    value.contains('$') && (names.is_empty() || !names.iter().all(is_kept))
}

fn image_of(cx: &WorkflowContext, leg: &LegBuild, build: &Build) -> Option<ImagePaths> {
    let repository = cx.repository();
    let root = build.input().context_root.as_deref()?;
    let normal = crate::text::path::normalize;
    if normal(&repository.name(&leg.context)) != normal(root) || !repository.is_complete {
        return None;
    }
    let takes_any = |pattern: &str| {
        let filter = PathFilter { patterns: vec![pattern.to_owned()] };
        repository.files.iter().any(|file| filter.takes(file))
    };
    let has_submodules = repository.has(".gitmodules");
    let place = ImagePlace { dockerfile: &leg.file, context: &leg.context, takes_any: &takes_any, has_submodules };
    let target = leg.target.clone().or_else(|| build.input().options.target.clone());
    if target == build.input().options.target {
        return build.image_paths(&place);
    }
    let input = build.input().clone();
    let input = BuildInput { options: BuildOptions { target, ..input.options.clone() }, ..input };
    Build::new(&input).image_paths(&place)
}

/// Whether a step neither makes nor reads files of the repository.
fn is_neutral(cx: &WorkflowContext, step: &Step) -> bool {
    if let Some(action) = &step.action {
        let is_read = |folder: &str| cx.workflow().files.iter().any(|file| file.starts_with(folder));
        return match action.name.strip_prefix("./") {
            Some(folder) => is_read(folder),
            None => patterns::words(NEUTRAL).any(|start| action.name.starts_with(start)),
        };
    }
    let Some(script) = &step.script else { return true };
    let text = &script.text.text;
    if text.contains("$(") || text.contains('`') || step.shell.as_ref().is_some_and(|shell| !shell.text.contains("sh"))
    {
        return false;
    }
    script.commands().invocations().iter().all(is_neutral_command)
}

fn is_neutral_command(invocation: &Invocation) -> bool {
    let is_known = invocation.program.is_some_and(|program| patterns::words(SETS).any(|word| word == program));
    let mounts = |text: &str| text.starts_with("-v") || text.starts_with("--volume") || text.starts_with("--mount");
    let is_open = invocation.is("docker")
        && invocation.args.iter().any(|word| mounts(word.text()) || word.is("compose") || word.is("cp"));
    let is_kept = |target: &str| target.starts_with("/dev/") || target.contains("GITHUB_");
    let mut targets = invocation.command.redirects.iter().filter_map(|redirect| redirect.target.as_ref());
    is_known && !is_open && targets.all(|target| is_kept(target.text()))
}

/// Whether the workflow does more than to build images.
fn has_other_work(cx: &WorkflowContext) -> bool {
    let builds = |number: usize| !cx.calls_of_job(number).is_empty();
    let is_other = |(number, job): (usize, &Job)| {
        !builds(number) || job.calls.is_some() || job.steps.iter().any(|step| !is_neutral(cx, step))
    };
    cx.workflow().jobs.iter().enumerate().any(is_other)
}

/// The filter that takes all that the images are made of, and what says how they are built.
fn filter_of<'p>(cx: &WorkflowContext, images: impl Iterator<Item = &'p ImagePaths>) -> PathFilter {
    let images: Vec<&ImagePaths> = images.collect();
    let mut filter = PathFilter::default();
    for pattern in images.iter().flat_map(|image| &image.included.patterns) {
        filter.add(pattern);
    }
    // What one image does not take another one may.
    let left_out = images.first().map(|image| &image.left_out);
    let is_same = images.iter().all(|image| Some(&image.left_out) == left_out);
    let files = || cx.repository().files.iter().filter(|file| filter.takes(file));
    let is_useful = |pattern: &&String| {
        let left_out = PathFilter { patterns: vec![(*pattern).clone()] };
        files().any(|file| left_out.takes(file))
    };
    let left_out = if is_same { left_out } else { None };
    let useful: Vec<String> =
        left_out.into_iter().flatten().filter(is_useful).map(|pattern| format!("!{pattern}")).collect();
    filter.patterns.extend(useful);
    let definition = images.iter().flat_map(|image| image.definition.iter().cloned());
    let workflow_files = cx.workflow().files.iter().map(|file| PathFilter::path(file));
    for path in definition.chain(workflow_files).collect::<Vec<_>>() {
        if !filter.takes(&path) {
            filter.add(path);
        }
    }
    if filter.patterns.len() > LINES {
        filter.patterns = vec!["**".to_owned()];
    }
    filter
}
