//! Rules about pipelines of GitLab, and about what their engines and runners keep.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::steps::LastKnown;
use crate::finding::{Findings, Safety};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::shell::Invocation;
use crate::text::Span;
use crate::workflow::{
    self, BuildCall, Builder, CacheEntry, Job, PipelineKind, Step, StepScript, Switch, WorkflowPlace,
};
use crate::yaml::NewValue;

crate::rules::family! {
    of_workflow
    "gitlab-deploy-unordered" => gitlab_deploy_unordered;
    "gitlab-docker-driver-cache" => gitlab_docker_driver_cache;
    "gitlab-job-not-interruptible" => gitlab_job_not_interruptible;
    "image-lost-between-jobs" => image_lost_between_jobs;
    "kaniko-archived" => kaniko_archived;
}

/// Where Kaniko's images were published.
const KANIKO: &str = "gcr.io/kaniko-project/";

/// Releases of Docker whose engine builds with BuildKit and keeps no cache for export: before, `docker build` had no such
/// option; since 29, new engines have containerd's store (docs.docker.com/engine/release-notes/29).
const EXPORTLESS: std::ops::Range<u32> = 27..29;

/// What stands for the newest release, whatever its number.
const NEWEST: u32 = u32::MAX;

/// Builds of one image that are looked at.
const MAKERS: usize = 200;

/// Images of one build's `--cache-from` that are looked at.
const IMAGES: usize = 100;

fn is_gitlab(cx: &WorkflowContext) -> bool {
    cx.workflow().kind == PipelineKind::Gitlab
}

/// The commands of a step, if a shell reads them as we do.
fn commands(step: &Step) -> Vec<(&StepScript, Invocation<'_>)> {
    let Some(script) = step.script.as_ref().filter(|script| !script.text.text.is_empty()) else { return Vec::new() };
    script.commands().invocations().into_iter().map(|invocation| (script, invocation)).collect()
}

/// The first number of the tag of Docker's image: `docker:27.3-dind`. A tag without a number (`docker:dind`) is the newest
/// release (docs.docker.com: official image, "Shared tags").
pub(super) fn docker_release(image: &str) -> Option<u32> {
    let (name, tag) = image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).unwrap_or((image, "latest"));
    let is_docker = name == "docker" || name.ends_with("/docker");
    let first = tag.split(['.', '-']).next().unwrap_or(tag);
    match first {
        _ if !is_docker => None,
        // `stable` was last pushed in 2020.
        "latest" | "cli" | "dind" | "git" => Some(NEWEST),
        number => number.parse().ok(),
    }
}

/// The release of the engine that a job starts for itself; `None` where that is not known, or it starts none.
fn own_engine(job: &Job) -> Option<u32> {
    let mut engines = job.services.iter().filter(|service| service.text.contains("dind"));
    let (Some(engine), None) = (engines.next(), engines.next()) else { return None };
    docker_release(&engine.text)
}

/// The words that say where a cache goes to, of the kinds that need a builder of their own.
fn needs_builder(entry: &CacheEntry) -> bool {
    matches!(entry.kind(), "registry" | "local" | "gha" | "s3" | "azblob")
}

/// Whether a file of the pipeline may choose another builder.
fn names_builder(cx: &WorkflowContext) -> bool {
    let names = ["buildx create", "buildx use", "BUILDX_BUILDER", "containerd-snapshotter", "buildx install"];
    let mut files = cx.input.parts.iter().flatten();
    files.any(|file| names.iter().any(|name| cx.inputs.source(*file).text().contains(name)))
}

/// Whether a job may choose another builder: by a script that is not seen here.
fn may_choose_builder(job: &Job) -> bool {
    let runs_script = |step: &Step| {
        commands(step).iter().any(|(_, invocation)| {
            let path = invocation.path.text();
            path.contains('/') && !path.starts_with("/kaniko/") || matches!(path, "." | "source" | "make" | "just")
        })
    };
    job.is_partial || job.steps.iter().any(|step| commands(step).is_empty() || runs_script(step))
}

/// A cache that Docker's own builder does not write, and one that it cannot read.
fn gitlab_docker_driver_cache(cx: &WorkflowContext, out: &mut Findings) {
    if !is_gitlab(cx) {
        return;
    }
    let makers = InlineMakers::of(cx);
    let names_builder = LazyCell::new(|| names_builder(cx));
    let (mut engines, mut choosing) = (LastKnown::new(), LastKnown::new());
    for call in cx.calls().iter().filter(|call| matches!(call.builder, Builder::Docker | Builder::Buildx)) {
        let job = cx.job(call);
        let engine = *engines.of(call.job, || own_engine(job));
        let is_exportless = engine.is_some_and(|release| EXPORTLESS.contains(&release));
        let exported = if is_exportless { call.cache_to.iter().find(|entry| needs_builder(entry)) } else { None };
        let Some(entry) = exported else {
            if makers.are_closed {
                report_inline(cx, call, &makers, out);
            }
            continue;
        };
        let mut may_choose = || *names_builder || *choosing.of(call.job, || may_choose_builder(job));
        if call.builder_name.is_none() && !may_choose() {
            report_export(cx, call, entry, out);
        }
    }
}

fn report_export(cx: &WorkflowContext, call: &BuildCall, entry: &CacheEntry, out: &mut Findings) {
    let kind = entry.kind();
    let message = format!("the builder of the engine exports no cache of the type `{kind}`: the build fails");
    let Some(finding) = cx.finding(entry.text.place, message) else { return };
    let finding = finding.help("create a builder with `docker buildx create --use` before the build");
    let step = cx.step(call);
    let (number, list) = match step.path.split_last() {
        Some((number, list)) if number.parse::<usize>().is_ok() => (number.parse().unwrap_or(0), list),
        _ => (0, &[][..]),
    };
    // A builder of its own keeps the image to itself, unless told where it goes.
    let goes_somewhere = call.push.is_on() || call.load.is_on() || !call.outputs.is_empty();
    if !goes_somewhere || list.is_empty() || call.place.file != step.place.file {
        out.push(finding);
        return;
    }
    let command = "docker context create builder && docker buildx create builder --driver docker-container --use";
    let list: Vec<&str> = list.iter().map(String::as_str).collect();
    let changes = [WorkflowChange::Insert(list, number, command.to_owned())];
    out.push(cx.fixed(finding, "create a builder that exports", Safety::Safe, &changes));
}

/// The builds of a pipeline by the references of their images.
struct InlineMakers<'c> {
    makers: BTreeMap<&'c str, Vec<&'c BuildCall>>,
    /// Whether all of the pipeline is known, and nothing in it puts a cache into an image.
    are_closed: bool,
}

impl<'c> InlineMakers<'c> {
    fn of(cx: &WorkflowContext<'c, '_>) -> Self {
        let mut makers: BTreeMap<&str, Vec<&BuildCall>> = BTreeMap::new();
        for call in cx.calls() {
            for tag in call.tags.iter().map(|tag| tag.text.as_str()) {
                let calls = makers.entry(tag).or_default();
                if !calls.last().is_some_and(|last| std::ptr::eq(*last, call)) {
                    calls.push(call);
                }
            }
        }
        let mut texts = cx.input.parts.iter().flatten().map(|file| cx.inputs.source(*file).text());
        let has_inline = texts.any(|text| text.contains("BUILDKIT_INLINE_CACHE") || text.contains("inline"));
        Self { makers, are_closed: !has_inline && cx.workflow().jobs.iter().all(|job| !job.is_partial) }
    }

    /// The builds that make an image of this reference, where there is one and none of them exports a cache.
    fn plain(&self, reference: &str) -> Option<&[&'c BuildCall]> {
        let makers = self.makers.get(reference)?;
        let is_plain =
            |call: &&BuildCall| matches!(call.builder, Builder::Docker | Builder::Buildx) && call.cache_to.is_empty();
        makers.iter().all(is_plain).then_some(makers)
    }
}

/// `--cache-from` of an image that builds of the same pipeline make without the cache in it.
fn report_inline(cx: &WorkflowContext, call: &BuildCall, makers: &InlineMakers, out: &mut Findings) {
    let job = cx.job(call);
    let release = job.image.as_ref().and_then(|image| docker_release(&image.text));
    // The builder before BuildKit reuses the layers of any image.
    let has_buildkit = release.is_some_and(|release| release >= 23) && job.variable("DOCKER_BUILDKIT").is_none();
    if !has_buildkit || !call.cache_to.is_empty() {
        return;
    }
    let registries = call.cache_from.iter().filter(|entry| entry.kind() == "registry").take(IMAGES);
    let mut images = registries.filter_map(|entry| Some((entry, entry.get("ref")?)));
    let read = images.find_map(|(entry, reference)| Some((entry, reference, makers.plain(reference)?)));
    let Some((entry, reference, makers)) = read else { return };
    let message = format!("`{reference}` is built without cache information: nothing of it is reused");
    let Some(finding) = cx.finding(entry.text.place, message) else { return };
    let finding = finding.help("build it with `--build-arg BUILDKIT_INLINE_CACHE=1`");
    let is_maker = matches!(makers, [maker] if std::ptr::eq(*maker, call));
    out.push(match option_place(cx.step(call), call, "--cache-from") {
        Some(place) if is_maker => {
            let changes = [WorkflowChange::Replace(place, "--build-arg BUILDKIT_INLINE_CACHE=1 ".to_owned())];
            cx.fixed(finding, "put the cache information into the image", Safety::Safe, &changes)
        }
        _ => finding,
    });
}

/// The place before an option of a build's command.
fn option_place(step: &Step, call: &BuildCall, option: &str) -> Option<WorkflowPlace> {
    let script = step.script.as_ref()?;
    let command = call.command?;
    let at = command.start + script.text.slice(command.range()).find(option)? as u32;
    let span = script.text.verbatim(Span::new(at, at + option.len() as u32))?;
    Some(WorkflowPlace { file: step.script.as_ref()?.text.place.file, span: Span::at(span.start) })
}

/// Whether the machine of a job is new, with an engine that holds nothing.
fn has_new_engine(cx: &WorkflowContext, job: &Job) -> bool {
    if is_gitlab(cx) {
        return !job.is_partial && job.services.iter().any(|service| service.text.contains("dind"));
    }
    let hosted = ["ubuntu-", "windows-", "macos-"];
    let is_hosted = |label: &str| hosted.iter().any(|start| label.starts_with(start));
    cx.workflow().kind == PipelineKind::Github
        && job.calls.is_none()
        && !job.runners.is_empty()
        && job.runners.iter().all(|label| is_hosted(&label.text))
}

/// What a job does with images, beside builds.
#[derive(Default)]
struct ImageUses<'s> {
    /// References that the engine must hold, with the script and the place of the command's word.
    used: Vec<(String, &'s StepScript, Span)>,
    pushed: BTreeSet<String>,
    /// References that come from a registry, or get their names here.
    gotten: BTreeSet<String>,
    /// Whether images come from files, or scripts do more than is seen.
    is_open: bool,
}

impl<'s> ImageUses<'s> {
    fn of(job: &'s Job) -> Self {
        let mut uses = Self::default();
        for step in &job.steps {
            for (script, invocation) in commands(step) {
                uses.add(script, &invocation);
            }
        }
        uses
    }

    fn add(&mut self, script: &'s StepScript, invocation: &Invocation<'s>) {
        if !invocation.is("docker") {
            let path = invocation.path.text();
            self.is_open |= path.contains('/') || matches!(path, "make" | "just" | "bash" | "source" | ".");
            return;
        }
        let words: Vec<_> = invocation.args.iter().collect();
        let text = |at: usize| words.get(at).map(|word| script.text.slice(word.span.range()).trim_matches(['"', '\'']));
        let first = text(0).unwrap_or_default();
        let skip = usize::from(first == "image");
        let operands = (skip + 1..words.len()).filter(|at| text(*at).is_some_and(|text| !text.starts_with('-')));
        let operands: Vec<usize> = operands.collect();
        let operand = |number: usize| Some((operands.get(number)?, text(*operands.get(number)?)?.to_owned()));
        match text(skip).unwrap_or_default() {
            "tag" => {
                if let Some((at, name)) = operand(0) {
                    self.used.push((name, script, words[*at].span));
                }
                self.gotten.extend(operand(1).map(|(_, name)| name));
            }
            "push" => {
                if let Some((at, name)) = operand(0) {
                    self.pushed.insert(name.clone());
                    self.used.push((name, script, words[*at].span));
                }
            }
            "pull" => self.gotten.extend(operand(0).map(|(_, name)| name)),
            "load" | "import" | "save" | "commit" => self.is_open = true,
            "run" | "create" => {
                for (at, word) in words.iter().enumerate().skip(skip + 1) {
                    if let Some(name) = text(at) {
                        self.used.push((name.to_owned(), script, word.span));
                    }
                }
            }
            _ => {}
        }
    }
}

/// An image that one job builds and another one needs: each has an engine of its own.
fn image_lost_between_jobs<'a>(cx: &WorkflowContext<'a, '_>, out: &mut Findings) {
    let jobs = &cx.workflow().jobs;
    let filled = |job: &Job, text: &str| if is_gitlab(cx) { workflow::filled_in(job, text) } else { text.to_owned() };
    let uses_of = |job: &'a Job| {
        let mut uses = ImageUses::of(job);
        let all_filled = |names: &BTreeSet<String>| names.iter().map(|name| filled(job, name)).collect();
        (uses.pushed, uses.gotten) = (all_filled(&uses.pushed), all_filled(&uses.gotten));
        uses
    };
    let uses: Vec<ImageUses> = jobs.iter().map(uses_of).collect();
    let have_new_engines: Vec<bool> = jobs.iter().map(|job| has_new_engine(cx, job)).collect();
    let makers = InlineMakers::of(cx).makers;
    let pushes = |call: &BuildCall, tag: &str| {
        call.may_push()
            || uses[call.job].pushed.contains(tag)
            || uses[call.job].is_open
            || !matches!(call.builder, Builder::Docker | Builder::Buildx | Builder::Action)
    };
    let mut reported: BTreeSet<WorkflowPlace> = BTreeSet::new();
    for (number, job) in jobs.iter().enumerate() {
        if uses[number].is_open || !have_new_engines[number] || job.matrix.is_repeated() {
            continue;
        }
        for (written, script, span) in &uses[number].used {
            let name = filled(job, written);
            let Some(makers) = makers.get(name.as_str()) else { continue };
            let is_lost = |call: &&BuildCall| {
                call.job != number && !pushes(call, &name) && have_new_engines[call.job] && !name.contains("matrix.")
            };
            let is_gotten = uses[number].gotten.contains(&name);
            let place = script.text.place_of(*span);
            // An image that so many builds make is one of them all.
            let is_known = makers.len() <= MAKERS && makers.iter().all(is_lost);
            if is_gotten || !is_known || !reported.insert(place) {
                continue;
            }
            let maker = &cx.job(makers[0]).id;
            let message =
                format!("`{name}` is built in the job `{maker}`, and the engine of `{}` does not hold it", job.id);
            let Some(finding) = cx.finding(place, message) else { continue };
            out.push(finding.help("build and use it in one job, or push it there and pull it here"));
        }
    }
}

/// Kaniko gets no corrections any more.
fn kaniko_archived(cx: &WorkflowContext, out: &mut Findings) {
    let mut places: BTreeSet<WorkflowPlace> = BTreeSet::new();
    for job in &cx.workflow().jobs {
        places.extend(job.image.iter().filter(|image| image.text.starts_with(KANIKO)).map(|image| image.place));
        for step in
            job.steps.iter().filter(|step| step.script.as_ref().is_some_and(|script| script.text.text.contains(KANIKO)))
        {
            for (script, invocation) in commands(step) {
                let words = invocation.args.iter().filter(|word| word.text().starts_with(KANIKO));
                places.extend(words.map(|word| script.text.place_of(word.span)));
            }
        }
    }
    for place in places {
        let message = "Kaniko was archived in June 2025: this image gets no corrections any more";
        let Some(finding) = cx.finding(place, message) else { continue };
        out.push(
            finding.help("build with `docker buildx build`, with rootless BuildKit, or with a fork that is maintained"),
        );
    }
}

/// A build of an old commit continues although a newer one is pushed.
fn gitlab_job_not_interruptible(cx: &WorkflowContext, out: &mut Findings) {
    if !is_gitlab(cx) {
        return;
    }
    for (number, job) in cx.workflow().jobs.iter().enumerate() {
        let calls = cx.calls_of_job(number);
        let is_deploy = job.key("environment").is_some() || job.key("release").is_some();
        if calls.is_empty() || job.is_partial || is_deploy || job.key("interruptible").is_some() {
            continue;
        }
        let pushes = calls.iter().any(|call| call.push != Switch::Off || !call.outputs.is_empty())
            || job.steps.iter().flat_map(commands).any(|(_, invocation)| {
                invocation.is("docker") && invocation.args.iter().any(|word| word.text() == "push")
            });
        let message = format!("the build of `{}` continues when a newer commit is pushed", job.id);
        let Some(finding) = cx.finding(job.place, message) else { continue };
        let finding = finding.help("write `interruptible: true`");
        let safety = if pushes {
            Safety::Unsafe("the image of an older commit may then be missing".to_owned())
        } else {
            Safety::Safe
        };
        let path = vec![job.id.as_str(), "interruptible"];
        let changes = [WorkflowChange::Set(path, NewValue::Inline("true".to_owned()))];
        out.push(cx.fixed(finding, "let newer pipelines end the job", safety, &changes));
    }
}

/// Two pipelines deploy to one place at the same time, the older one perhaps last.
fn gitlab_deploy_unordered(cx: &WorkflowContext, out: &mut Findings) {
    if !is_gitlab(cx) {
        return;
    }
    for job in cx.workflow().jobs.iter().filter(|job| !job.is_partial && !job.steps.is_empty()) {
        let (Some(place), None) = (job.key("environment"), job.key("resource_group")) else { continue };
        let editor = cx.editors.get(job.place.file as usize).and_then(Option::as_ref);
        let text =
            |path: &[&str]| editor.and_then(|editor| editor.texts(path)).and_then(|texts| texts.into_iter().next());
        let id = job.id.as_str();
        if editor.is_some_and(|editor| editor.has(&[id, "environment", "action"])) {
            continue;
        }
        let message = format!("two pipelines may run `{id}` at the same time, and the older one may end last");
        let Some(finding) = cx.finding(place, message) else { continue };
        let finding = finding.help("write `resource_group` with the name of the environment");
        let name = text(&[id, "environment"]).or_else(|| text(&[id, "environment", "name"]));
        let is_own = editor.is_some_and(|editor| editor.has(&[id, "environment"])) && place.file == job.place.file;
        out.push(match name {
            Some(name) if is_own => {
                let changes = [WorkflowChange::Set(vec![id, "resource_group"], NewValue::scalar(&name))];
                cx.fixed(finding, "let one deployment run at a time", Safety::Safe, &changes)
            }
            _ => finding,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read_from_tags() {
        for (image, expected) in [
            ("docker:27.3-dind", Some(27)),
            ("docker:20-git", Some(20)),
            ("docker:latest", Some(NEWEST)),
            ("docker", Some(NEWEST)),
            ("docker:dind", Some(NEWEST)),
            ("registry.example.com:5000/docker", Some(NEWEST)),
            ("docker:$VERSION", None),
            ("alpine:3.22", None),
            ("acme/docker-build:1", None),
        ] {
            assert_eq!(docker_release(image), expected, "{image}");
        }
    }
}
