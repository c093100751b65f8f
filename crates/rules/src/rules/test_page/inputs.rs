//! The connection between the page runner and the analysis: an example's files ─► inputs ─► findings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::build::Build;
use crate::compose::project::{Leniency, ProjectFile, ProjectFiles, ProjectNeed, ProjectRequest, Reading, project};
use crate::dockerfile::{self, Keyword};
use crate::finding::{Finding, Findings};
use crate::ignore;
use crate::inputs::context::BuildContext;
use crate::inputs::{
    BuildInput, BuildOptions, CommitChanges, ComposeInput, ComposeReading, ComposeUse, ContextFiles, Date, GitModes,
    IgnoreInput, Inputs, MeasuredImage, Repository, ScriptUse, SettingsFormat, SettingsInput, ShellcheckAnswers,
    StepHistory, WorkflowInput, WorkloadInput, WorkloadProject, checked_sources, committed_files, missing_dockerfiles,
    missing_paths, probe_paths, probed_sources, proxy_configurations,
};
use crate::manifest::{self, FileKind, Project};
use crate::rules::compose_run::check_compose;
use crate::rules::dockerfile_index::DockerfileIndex;
use crate::rules::workflow_run::{check_workflow, join_findings};
use crate::rules::workload_index::{ComposeStacks, WorkloadIndex};
use crate::rules::workload_run::check_workload;
use crate::rules::{Context, Neighbours, Policies, Rule, Subject, compose_breach, run, workflow_breach};
use crate::settings::Choice;
use crate::settings::CommandLinePolicy;
use crate::shellcheck;
use crate::text::path::is_compose;
use crate::text::{FileId, Source, path};
use crate::workflow::{PipelineKind, pipeline_kind};
use crate::workload;

/// The date that is used for all examples.
const TODAY: &str = "2026-11-20";

/// The findings of the rule in an example. `sources` are its files in the order of the page, and those that fixes
/// created; `listing` gives further files of the context with their sizes in bytes.
pub(super) fn findings(rule: &'static Rule, sources: &[Source], listing: &[(u64, &str)]) -> Vec<Finding> {
    let inputs = inputs(sources, listing);
    let choice = Choice { extend: vec![rule.name.to_owned()], ..Choice::default() };
    let (policies, problems) = Policies::read(&inputs, &CommandLinePolicy { choice, ..CommandLinePolicy::default() });
    assert!(problems.is_empty(), "rules/{}.md: {problems:?}", rule.name);
    let builds: Vec<Build> = inputs.builds.iter().map(Build::new).collect();
    if rule.metadata().subject == Subject::Compose {
        let composes = inputs.composes.iter();
        let all = composes.fold(Findings::new(), |out, input| out.chain(check_compose(&inputs, input, &[rule])));
        return all.into_sorted();
    }
    if rule.metadata().subject == Subject::Workflow {
        let workflows = inputs.workflows.iter();
        let dockerfiles = DockerfileIndex::new(&inputs, &builds);
        let all = workflows.map(|input| check_workflow(&inputs, &dockerfiles, input, &[rule]));
        let mut findings = all.fold(Findings::new(), Findings::chain).into_sorted();
        join_findings(&mut findings, &inputs);
        return findings;
    }
    if rule.metadata().subject == Subject::Workload {
        let stacks = ComposeStacks::new(&inputs);
        let index = WorkloadIndex::new(&inputs, &stacks);
        let files = inputs.workloads.files.iter();
        let all = files.fold(Findings::new(), |out, input| out.chain(check_workload(&inputs, &index, input, &[rule])));
        return all.into_sorted();
    }
    if rule.metadata().subject == Subject::Suppressions {
        // Suppressions can be judged only if the other rules ran.
        let mut findings = run(&inputs, &builds, &policies).findings;
        findings.retain(|finding| finding.rule == rule.name);
        return findings;
    }
    let mut out = Findings::new();
    let neighbours = Neighbours::new(&builds);
    for build in &builds {
        let settings = &policies.of(build.input().dockerfile).settings;
        rule.check_build(&Context::new(rule, &inputs, &neighbours, build).under(settings), &mut out);
    }
    out.into_sorted()
}

/// The settings of an example: its `dockopt.toml`.
fn settings(sources: &[Source], dockerfile: &Source) -> Vec<SettingsInput> {
    let file = sources.iter().position(|source| source.name() == SETTINGS).map(|index| FileId(index as u32));
    let path = dockerfile.name().to_owned();
    file.map(|file| SettingsInput { file, format: SettingsFormat::Dockopt, path, whole: true }).into_iter().collect()
}

/// The name of an example's settings.
const SETTINGS: &str = "dockopt.toml";

/// The inputs of an example: every Dockerfile is a build of the whole folder.
fn inputs(sources: &[Source], listing: &[(u64, &str)]) -> Inputs {
    let today = Date::parse(TODAY);
    let mut inputs = Inputs { root: ".".into(), sources: sources.to_vec(), today, ..Inputs::default() };
    for (index, source) in sources.iter().enumerate() {
        if is_dockerfile(source.name()) {
            inputs.builds.push(build(FileId(index as u32), source, sources, listing));
            inputs.settings.insert(FileId(index as u32), settings(sources, source));
        }
    }
    inputs.composes = composes(sources);
    inputs.workflows = workflows(sources, listing);
    inputs.workloads = workloads(sources, &inputs.composes);
    inputs.changes = changes(sources).map(Arc::new);
    inputs.measured = measured(sources);
    for input in &mut inputs.builds {
        input.shellcheck = shellcheck(input, sources).map(Arc::new);
        if let Some(git) = sources.iter().find(|source| source.name() == GIT) {
            let record: GitRecord = serde_json::from_slice(git.bytes()).unwrap();
            input.git = Some(Arc::new(GitModes { executable: record.executable }));
            let (reruns, definition_only) = (BTreeMap::new(), record.definition_only);
            let history = StepHistory { builds: record.commits, reruns, definition_only, ..StepHistory::default() };
            inputs.histories.insert(input.dockerfile, history);
        }
    }
    inputs
}

/// The folder of an example as compose files see it.
const FOLDER: &str = "/page";

/// The compose files of an example, each as a project of its own, with the other files around it.
pub(super) fn composes(sources: &[Source]) -> Vec<ComposeInput> {
    let mut known = ProjectFiles::default();
    for source in sources {
        known.insert(&path::child(FOLDER, source.name()), ProjectFile::Text(source.clone()));
    }
    let is_subject = |(_, source): &(usize, &Source)| is_compose(source.name());
    let subjects: Vec<(usize, &Source)> = sources.iter().enumerate().filter(is_subject).collect();
    let files = subjects.iter().map(|(index, source)| (path::child(FOLDER, source.name()), FileId(*index as u32)));
    let files = Arc::new(files.collect::<BTreeMap<_, _>>());
    subjects.into_iter().map(|(index, source)| compose(index, source, known.clone(), &files, sources)).collect()
}

fn compose(
    index: usize,
    source: &Source,
    mut known: ProjectFiles,
    files: &Arc<BTreeMap<String, FileId>>,
    sources: &[Source],
) -> ComposeInput {
    let (request, folder) = (vec![source.name().to_owned()], FOLDER.to_owned());
    let request = ProjectRequest { files: request, folder, leniency: Leniency::Gaps, ..ProjectRequest::default() };
    answer_needs(&request, &mut known);
    let mut reading = ComposeReading::of(&request, &known, files, source.name());
    let mut files = (**files).clone();
    let parts = cut_files(&reading, sources);
    files.extend(parts.iter().map(|part| (path::child(FOLDER, sources[part.0 as usize].name()), *part)));
    reading.set_files(&files);
    let dockerfiles = dockerfiles_of(&reading, sources);
    let read = |wanted: &str| {
        let is_it =
            |source: &&Source| path::relative(wanted, FOLDER).is_some_and(|path| path::is_within(source.name(), path));
        sources.iter().filter(is_it).cloned().collect()
    };
    let proxies = reading.project.as_ref().map(|project| proxy_configurations(project, &dockerfiles, &read));
    let list = |folder: &str| {
        let below = |source: &Source| path::relative(source.name(), path::relative(folder, FOLDER)?).map(str::to_owned);
        let first = |path: String| path.split('/').next().map(str::to_owned);
        Some(sources.iter().filter_map(below).filter_map(first).collect())
    };
    let missing = reading.project.as_ref().map(|project| missing_dockerfiles(project, &list));
    let find = |wanted: &str| {
        let path = path::relative(wanted, FOLDER).filter(|path| !path.is_empty())?;
        let is_there = sources.iter().any(|source| path::is_within(source.name(), path));
        (!is_there)
            .then(|| sources.iter().any(|source| source.name().starts_with(".git") && source.text().contains(path)))
    };
    let paths = reading.project.as_ref().map(|project| missing_paths(project, &find));
    let has = |wanted: &str| is_committed(sources, wanted);
    let committed = reading.project.as_ref().map(|project| committed_files(project, &has));
    let read = |context: &str| {
        let below = |source: &Source| Some(path::relative(source.name(), path::relative(context, FOLDER)?)?.to_owned());
        let texts: Vec<_> = sources.iter().filter_map(|source| Some((below(source)?, source))).collect();
        let named: Vec<_> = texts.iter().map(|(path, source)| (path.as_str(), Some(source.text()))).collect();
        let projects = manifest::projects(&named).projects;
        let code = |(path, source): &(String, &Source)| {
            (path.clone(), FileKind::of(path).is_code().then(|| source.text().to_owned()))
        };
        Some(Arc::new(ContextFiles { projects, files: texts.iter().map(code).collect() }))
    };
    let checked = reading.project.as_ref().map(|project| checked_sources(project, &read));
    let others = sources.iter().filter(|other| other.name() != source.name() && !is_compose(other.name()));
    let scripts: Vec<ScriptUse> = others.map(|other| ScriptUse::of(other.name(), other.text())).collect();
    let compose_use = ComposeUse::of(source.name(), &scripts);
    ComposeInput {
        file: FileId(index as u32),
        request,
        known: Arc::new(known),
        files: Arc::new(files),
        parts,
        dockerfiles: Arc::new(dockerfiles),
        proxies: Arc::new(proxies.unwrap_or_default()),
        missing_dockerfiles: Arc::new(missing.unwrap_or_default()),
        missing_paths: Arc::new(paths.unwrap_or_default()),
        committed_files: Arc::new(committed.unwrap_or_default()),
        checked_sources: Arc::new(checked.unwrap_or_default()),
        compose_use,
        reading,
    }
}

/// What Compose asks about files that an example does not have.
fn answer_needs(request: &ProjectRequest, known: &mut ProjectFiles) {
    while let Reading::Needs(needs) = project(request, known) {
        for need in needs {
            match need {
                ProjectNeed::File(path) => known.insert(&path, ProjectFile::Missing),
                ProjectNeed::Link(path) => known.insert_link(&path, path.clone()),
            }
        }
    }
}

/// The Dockerfiles of the services, by service.
fn dockerfiles_of(reading: &ComposeReading, sources: &[Source]) -> BTreeMap<String, Source> {
    let mut dockerfiles = BTreeMap::new();
    for (name, service) in reading.project.iter().flat_map(|project| project.services()) {
        let text = |key: &str| service.get("build")?.get(key)?.as_text();
        let Some(context) = text("context").and_then(|context| path::relative(context, FOLDER)) else { continue };
        let wanted = path::join(context, text("dockerfile").unwrap_or("Dockerfile"));
        let dockerfile = sources.iter().find(|source| source.name() == wanted);
        dockerfiles.extend(dockerfile.map(|source| (name.to_owned(), source.clone())));
    }
    dockerfiles
}

/// Whether a file of variables is committed: the example has it, and its .gitignore does not name it.
fn is_committed(sources: &[Source], wanted: &str) -> bool {
    let is_listed =
        |path: &str| sources.iter().any(|source| source.name() == ".gitignore" && source.text().contains(path));
    let path = path::relative(wanted, FOLDER);
    path.is_some_and(|path| sources.iter().any(|source| source.name() == path) && !is_listed(path))
}

/// The files of variables of which something is said.
fn cut_files(reading: &ComposeReading, sources: &[Source]) -> Vec<FileId> {
    let Some(project) = &reading.project else { return Vec::new() };
    let cut = project.cut_values.iter().filter_map(|value| project.sources.get(value.place.file.0 as usize));
    let numbers = cut.filter_map(|cut| sources.iter().position(|source| source.name() == cut.name()));
    let numbers: BTreeSet<u32> = numbers.map(|number| number as u32).collect();
    numbers.into_iter().map(FileId).collect()
}

/// The manifests of an example, with what its files say of their probes.
fn workloads(sources: &[Source], composes: &[ComposeInput]) -> WorkloadProject {
    let read = |(index, source): (usize, &Source)| {
        let is_meant = !is_compose(source.name()) && workload::may_have_workloads(source.name(), source.text());
        let content = is_meant.then(|| workload::read(source.name(), source)).filter(|content| !content.is_empty())?;
        let (file, place) = (FileId(index as u32), source.name().to_owned());
        Some(WorkloadInput { file, place, is_applied: true, content: Arc::new(content) })
    };
    let files: Vec<WorkloadInput> = sources.iter().enumerate().filter_map(read).collect();
    let paths = probe_paths(&files);
    let code = |source: &Source| FileKind::of(source.name()).is_code().then(|| source.text().to_owned());
    let texts = sources.iter().map(|source| (source.name().to_owned(), code(source))).collect();
    let context = ContextFiles { projects: Vec::new(), files: texts };
    let folders = composes.iter().map(|_| FOLDER.to_owned()).chain([path::normalize(".")]);
    let probed = folders.map(|folder| (folder, probed_sources(&context, &paths))).collect();
    let image_changes = sources.iter().flat_map(|source| workload::image_changes(source.name(), source.text()));
    WorkloadProject {
        files,
        probed_sources: Arc::new(probed),
        image_changes: Arc::new(image_changes.collect()),
        ..WorkloadProject::default()
    }
}

/// The pipelines of an example, in a repository that holds its files.
fn workflows(sources: &[Source], listing: &[(u64, &str)]) -> Vec<WorkflowInput> {
    let texts: BTreeMap<String, Source> =
        sources.iter().map(|source| (source.name().to_owned(), source.clone())).collect();
    let listed = listing.iter().map(|(_, path)| (*path).to_owned());
    let files = texts.keys().cloned().chain(listed).collect();
    let repository = Arc::new(Repository { folder: String::new(), files, is_complete: true, texts });
    let read = |(index, source): (usize, &Source)| {
        let name = source.name().to_owned();
        pipeline_kind(&name)?;
        let text = |path: &str| repository.texts.get(path).cloned();
        WorkflowInput::read(FileId(index as u32), name, source, &text, Arc::clone(&repository))
    };
    let mut workflows: Vec<WorkflowInput> = sources.iter().enumerate().filter_map(read).collect();
    for workflow in workflows.iter_mut().filter(|input| input.workflow.kind == PipelineKind::Gitlab) {
        workflow.set_parts(&|path| {
            sources.iter().position(|source| source.name() == path).map(|index| FileId(index as u32))
        });
    }
    workflows
}

/// What an edit of a pipeline did beside what is announced, and which announced words it shows.
pub(super) fn workflow_breaches(
    before: &Source,
    after: &Source,
    announced: &[&'static str],
) -> (Option<String>, Vec<&'static str>) {
    let without = |word: &str| announced.iter().copied().filter(|other| *other != word).collect::<Vec<_>>();
    let breach = workflow_breach(before, after, announced);
    let used = announced.iter().copied().filter(|word| workflow_breach(before, after, &without(word)).is_some());
    (breach, used.collect())
}

/// Whether a path names a pipeline.
pub(super) fn is_pipeline(path: &str) -> bool {
    pipeline_kind(path).is_some()
}

/// What an edit of a compose file did beside what is announced, and which announced words it shows.
pub(super) fn compose_breaches(
    before: &Source,
    after: &Source,
    announced: &[&'static str],
) -> (Option<String>, Vec<&'static str>) {
    let read = |source: &Source| composes(std::slice::from_ref(source)).remove(0);
    let (before, after) = (read(before), read(after));
    let without = |word: &str| announced.iter().copied().filter(|other| *other != word).collect::<Vec<_>>();
    let breach = compose_breach(&before, &after, announced);
    let used = announced.iter().copied().filter(|word| compose_breach(&before, &after, &without(word)).is_some());
    (breach, used.collect())
}

fn build(dockerfile: FileId, source: &Source, sources: &[Source], listing: &[(u64, &str)]) -> BuildInput {
    let index_of = |name: &str| sources.iter().position(|source| source.name() == name);
    let ignore = match index_of(&format!("{}.dockerignore", source.name())).or_else(|| index_of(".dockerignore")) {
        Some(index) => IgnoreInput::Present(FileId(index as u32), Arc::new(ignore::parse(&sources[index]))),
        None => IgnoreInput::Missing(".dockerignore".into()),
    };
    // An example without further files has no known context.
    let known = !listing.is_empty() || sources.iter().any(|source| !is_special(source.name()));
    let context = known.then(|| context(sources, listing, &ignore));
    let projects = context.as_ref().map(|context| projects(context, sources));
    let texts = context.as_ref().map(|_| Arc::new(texts(sources)));
    BuildInput {
        dockerfile,
        context_root: Some(".".into()),
        ignore,
        context: context.map(Arc::new),
        projects: projects.map(Arc::new),
        texts,
        ..BuildInput::new(source, BuildOptions::default())
    }
}

/// The example's own files, with their contents.
fn texts(sources: &[Source]) -> BTreeMap<String, Vec<u8>> {
    sources.iter().map(|source| (source.name().to_owned(), source.bytes().to_vec())).collect()
}

fn is_special(path: &str) -> bool {
    is_dockerfile(path) || path.ends_with(".dockerignore") || [SETTINGS, SHELLCHECK, GIT, IMAGES].contains(&path)
}

/// What git records, as given in an example.
const GIT: &str = "git.json";

#[derive(serde::Deserialize)]
struct GitRecord {
    /// Files with another executable bit than git records, and whether git records it.
    #[serde(default)]
    executable: BTreeMap<String, bool>,
    /// Commits that were looked at.
    #[serde(default)]
    commits: u32,
    /// Those in which the step of a line reran for the Dockerfile or .dockerignore only.
    #[serde(default)]
    definition_only: BTreeMap<u32, u32>,
    /// What commits changed, and how many changed the same.
    #[serde(default)]
    changes: Vec<(usize, Vec<String>)>,
}

/// Images that were built from the Dockerfiles of an example: bytes of their layers by the Dockerfile's path.
const IMAGES: &str = "images.json";

fn measured(sources: &[Source]) -> BTreeMap<FileId, MeasuredImage> {
    let Some(images) = sources.iter().find(|source| source.name() == IMAGES) else { return BTreeMap::new() };
    let images: BTreeMap<String, u64> = serde_json::from_slice(images.bytes()).unwrap();
    let measured = |(dockerfile, blob_bytes): (String, u64)| {
        let file = FileId(sources.iter().position(|source| source.name() == dockerfile)? as u32);
        Some((file, MeasuredImage { name: "example/app".to_owned(), blob_bytes, ..MeasuredImage::default() }))
    };
    images.into_iter().filter_map(measured).collect()
}

fn changes(sources: &[Source]) -> Option<CommitChanges> {
    let git = sources.iter().find(|source| source.name() == GIT)?;
    let record: GitRecord = serde_json::from_slice(git.bytes()).unwrap();
    let commits = record.changes.into_iter().flat_map(|(count, paths)| std::iter::repeat_n(paths, count));
    Some(CommitChanges { commits: commits.collect() })
}

/// ShellCheck's output as given in an example: its files are the numbers of the example's scripts, from 0.
const SHELLCHECK: &str = "shellcheck.json";

fn shellcheck(input: &BuildInput, sources: &[Source]) -> Option<ShellcheckAnswers> {
    let answer = sources.iter().find(|source| source.name() == SHELLCHECK)?;
    let mut comments = shellcheck::read_answers(answer.bytes()).unwrap();
    let build = Build::new(input);
    let texts = shellcheck::scripts(&build).into_iter().map(|script| script.text).enumerate();
    Some(texts.map(|(index, text)| (text, comments.remove(&index.to_string()).unwrap_or_default())).collect())
}

/// The example's files and its listing, under its ignore file.
fn context(sources: &[Source], listing: &[(u64, &str)], ignore: &IgnoreInput) -> BuildContext {
    let sizes = sources.iter().map(|source| (source.name(), source.bytes().len() as u64));
    let files: Vec<(&str, u64)> = sizes.chain(listing.iter().map(|(size, path)| (*path, *size))).collect();
    let context = BuildContext::of(&files);
    match ignore {
        IgnoreInput::Present(_, ignore) => context.without(&ignore.matcher()),
        _ => context,
    }
}

fn projects(context: &BuildContext, sources: &[Source]) -> Vec<Project> {
    let paths: Vec<String> = context.entries().map(|id| context.path(id)).collect();
    let text = |path: &str| sources.iter().find(|source| source.name() == path).map(Source::text);
    let files: Vec<(&str, Option<&str>)> = paths.iter().map(|path| (path.as_str(), text(path))).collect();
    manifest::projects(&files).projects
}

/// The problems of a file's text, one line each, without positions.
pub(super) fn problems(source: &Source) -> Vec<String> {
    if is_compose(source.name()) {
        let composes = composes(std::slice::from_ref(source));
        return composes
            .iter()
            .flat_map(|input| &input.reading.problems)
            .map(|problem| problem.message.clone())
            .collect();
    }
    if !is_dockerfile(source.name()) {
        return Vec::new();
    }
    let file = dockerfile::parse(source);
    file.problems().iter().map(|problem| problem.message.clone()).collect()
}

/// The instructions of a Dockerfile, each as its logical text.
pub(super) fn instructions(text: &str) -> Vec<String> {
    let file = dockerfile::parse(&Source::of("Dockerfile", text));
    file.instructions().iter().map(|instruction| file.logical(instruction.text).trim().to_owned()).collect()
}

/// The text with a continuation after its last instruction, if that ends the file and has no heredoc.
pub(super) fn dangling(text: &str) -> Option<String> {
    let file = dockerfile::parse(&Source::of("Dockerfile", text));
    // A file of another kind is not continued like that.
    let last = file.instructions().last().filter(|last| last.keyword != Keyword::Unknown)?;
    let end = text.trim_end().len();
    let open = last.span.end as usize == end && last.heredocs.is_empty() && !text[..end].ends_with(file.escape());
    open.then(|| format!("{} {}\n", &text[..end], file.escape()))
}

/// Whether a path names a Dockerfile.
pub(super) fn is_dockerfile(path: &str) -> bool {
    let name = path::name(path);
    let named = name == "Dockerfile" || name.starts_with("Dockerfile.") || name.ends_with(".Dockerfile");
    named && !name.ends_with(".dockerignore")
}
