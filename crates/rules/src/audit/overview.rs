//! What is known of one build without any rule: stages, context, what a source change reruns, what is wrong as such.

use std::collections::BTreeMap;
use std::ops::Range;

use super::context_problems;
use super::past::{build_step, past};
use super::{
    BuildReport, CommitReruns, ContextListingEntry, ContextReport, Importance, ProblemReport, Rerun, StageReport,
    UselessPart, sort_for_page,
};
use crate::build::{self, Build, StageBase};
use crate::buildlog::{StepSeconds, total_seconds};
use crate::cache;
use crate::finding::{Finding, Mask};
use crate::inputs::context::{Aggregate, BuildContext, Certainty, ClassMatch, ContextEntryKind, summarise};
use crate::inputs::{BuildInput, Folder, IgnoreInput, Inputs, StepHistory, TimedSteps};
use crate::manifest::{Ecosystem, FileKind, Project};
use crate::text::{FileId, Span};

/// Entries that are named as the largest ones.
const LARGEST: usize = 50;

/// Projects that a header names.
const PROJECTS: usize = 3;

/// The overview; `findings` are those of the whole report.
pub(super) fn build(inputs: &Inputs, build: &Build, findings: &[Finding], mask: &Mask) -> BuildReport {
    let input = build.input();
    let stage = |stage: &build::Stage| {
        let from = build.from_of(stage)?;
        Some(StageReport {
            name: stage.title(),
            base: mask.apply(&base_text(build, &stage.base)),
            line: from.start_line,
            needed: build.is_needed(stage),
        })
    };
    let steps = build.needed_stages().map(|stage| build.steps(stage).len());
    let context = input.context.as_deref();
    let rerun = cache::rerun(build, context, input.projects.as_ref().map(|projects| projects.as_slice()));
    let mut indexes: Vec<usize> = files(input).into_iter().flat_map(|file| of_file(findings, file)).collect();
    sort_for_page(&mut indexes, findings);
    BuildReport {
        dockerfile: input.dockerfile,
        importance: Importance::of(build),
        projects: titles(build, input.projects.as_ref().map_or(&[], |all| all.as_slice())),
        stages: build.stages().iter().filter_map(stage).collect(),
        steps: steps.sum::<usize>() as u32,
        context: context.and_then(|context| sent(inputs, build, context)),
        rerun: rerun.map(|rerun| rerun_report(inputs, build, rerun, mask)),
        past: past(inputs, build, mask),
        findings: indexes,
    }
}

/// What is wrong with the Dockerfile, its references and its .dockerignore as such.
pub(super) fn problems<'i>(inputs: &'i Inputs, build: &Build<'i>, mask: &Mask) -> Vec<ProblemReport> {
    let input = build.input();
    let source = inputs.source(input.dockerfile);
    let problem = |code: &'static str, span: Span, error: bool, message: &str, help: Option<&String>| ProblemReport {
        code,
        file: source.name().to_owned(),
        place: Some(source.line_column(span.start)),
        error,
        message: mask.apply(message),
        help: help.map(|help| mask.apply(help)),
        ..ProblemReport::default()
    };
    let mut problems = Vec::new();
    if let Some(at) = source.first_invalid() {
        let help = "save the file as UTF-8; dockopt reads each such byte as `U+FFFD`".to_owned();
        problems.push(problem("invalid-utf8", Span::at(at), false, "this byte is not UTF-8", Some(&help)));
    }
    let open = source.embedding().is_some_and(|embedding| !embedding.open.is_empty());
    if input.template.is_some() || open {
        // Not before it is rendered.
        problems.extend(context_problems::of_build(inputs, build, mask));
        return problems;
    }
    // The other linter stops at the first.
    let mut stopped = false;
    for syntax_problem in input.file.problems() {
        let problem = problem(
            "dockerfile-syntax",
            syntax_problem.span,
            syntax_problem.kind.is_error(),
            &syntax_problem.message,
            syntax_problem.help.as_ref(),
        );
        let code =
            syntax_problem.kind.code().filter(|code| *code != "DL1000" || !std::mem::replace(&mut stopped, true));
        problems.push(ProblemReport { codes: code.into_iter().collect(), ..problem });
    }
    for fault in build.faults() {
        let problem = problem("build-graph", fault.span, fault.kind.is_error(), &fault.message, fault.help.as_ref());
        problems.push(ProblemReport { codes: fault.kind.code().into_iter().collect(), ..problem });
    }
    problems.extend(super::verdict::problem(build, source, &problems, mask));
    if !problems.iter().any(|problem| problem.error) {
        problems.extend(super::verdict::of_checks(inputs, build, source));
    }
    problems.sort_by_key(|problem| problem.place);
    problems.extend(context_problems::of_build(inputs, build, mask));
    if let Some(target) = input.options.target.as_ref()
        && !build.knows_target()
    {
        let help = Some("pass the name of a stage in the Dockerfile to `--target`".to_owned());
        let message = format!("target stage `{target}` could not be found");
        let file = source.name().to_owned();
        let code = "target-not-found";
        problems.push(ProblemReport { code, file, error: true, message, help, ..ProblemReport::default() });
    }
    problems
}

fn base_text(build: &Build, base: &StageBase) -> String {
    match base {
        StageBase::Scratch => "scratch".to_owned(),
        StageBase::Stage(stage) => build.stages()[*stage].title(),
        StageBase::Image(text) | StageBase::Context(text) | StageBase::Unknown(text) => text.clone(),
    }
}

/// The files of a build, ascending.
fn files(input: &BuildInput) -> Vec<FileId> {
    let mut files = vec![input.dockerfile];
    files.extend(match input.ignore {
        IgnoreInput::Present(file, _) => Some(file),
        _ => None,
    });
    files.sort_unstable();
    files
}

/// The findings in a file: they are sorted by file.
fn of_file(findings: &[Finding], file: FileId) -> Range<usize> {
    findings.partition_point(|finding| finding.file < file)..findings.partition_point(|finding| finding.file <= file)
}

/// The projects of which the build takes a manifest.
fn projects_of_build<'p>(build: &Build, all: &'p [Project]) -> Vec<&'p Project> {
    let context = build.input().context.as_deref();
    let Some((context, fetched)) = context.and_then(|context| Some((context, build.sent_files(context)?))) else {
        return all.iter().collect();
    };
    let is_sent = |path: &String| context.find(path).is_some_and(|id| fetched.files.binary_search(&id).is_ok());
    all.iter().filter(|project| project.manifests.iter().any(is_sent)).collect()
}

/// The language of most sources that are sent, where its projects are none that manifests are read of: `Dart`.
fn other_language(build: &Build) -> Option<&'static str> {
    let context = build.input().context.as_deref()?;
    let mut numbers: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
    for file in &*build.sent_files(context)?.files {
        let kind = FileKind::of(context.entry(*file).name);
        if kind.is_code() {
            let (number, has_projects) = numbers.entry(kind.language()).or_insert((0, kind.ecosystem().is_some()));
            *number += 1;
            *has_projects |= kind.ecosystem().is_some();
        }
    }
    let (language, (_, has_projects)) = numbers.into_iter().max_by_key(|(_, (number, _))| *number)?;
    (!has_projects).then_some(language)
}

/// The ecosystems whose package managers a build runs.
fn installed_ecosystems(build: &Build) -> Vec<Ecosystem> {
    let needed = build.needed_stages();
    let runs = needed.flat_map(|stage| build::toolchain::runs(build, stage));
    let managers = runs.flat_map(|(_, _, invocations)| {
        invocations.iter().filter_map(|invocation| Some(invocation.package_call()?.manager)).collect::<Vec<_>>()
    });
    managers.filter_map(Ecosystem::of_manager).collect()
}

/// What a header names: the projects, and the language that no manifest tells.
fn titles(build: &Build, all: &[Project]) -> Vec<String> {
    let mut sent = projects_of_build(build, all);
    let language = other_language(build);
    if language.is_some() {
        let installed = installed_ecosystems(build);
        sent.retain(|project| installed.contains(&project.ecosystem));
    }
    language.map(str::to_owned).into_iter().chain(projects(&sent)).collect()
}

/// `Python (uv), FastAPI`, the outermost projects first.
fn projects(all: &[&Project]) -> Vec<String> {
    let mut sorted: Vec<&Project> = all.to_vec();
    sorted.sort_by_key(|project| {
        (project.root.matches('/').count() + usize::from(!project.root.is_empty()), &project.root)
    });
    let mut titles: Vec<String> = Vec::new();
    for project in sorted {
        let name = project.ecosystem.name();
        // `Go (go)` would say the same twice.
        let has_one_tool = matches!(project.ecosystem, Ecosystem::Go | Ecosystem::DotNet);
        let install = if has_one_tool { None } else { project.install() };
        let tool = install.map(|install| install.tool.name());
        let title = tool.map_or_else(|| name.to_owned(), |tool| format!("{name} ({tool})"));
        if !titles.contains(&title) {
            titles.push(title);
        }
    }
    let more = titles.len().saturating_sub(PROJECTS);
    titles.truncate(PROJECTS);
    if more > 0 {
        titles.push(format!("{more} more"));
    }
    titles
}

/// What is sent; `None` when it is not known.
pub(super) fn sent(inputs: &Inputs, build: &Build, context: &BuildContext) -> Option<ContextReport> {
    let fetched = build.sent_files(context)?;
    let useless = build.useless(context, &fetched);
    let mut secrets = fetched.doubtful(context);
    secrets.retain(|class_match| build.is_secret_file(context, class_match));
    Some(ContextReport {
        root: context.root().to_owned(),
        ignore_file: match build.input().ignore {
            IgnoreInput::Present(file, _) => Some(inputs.source(file).name().to_owned()),
            _ => None,
        },
        bytes: fetched.amount.bytes,
        files: fetched.amount.files,
        useless_bytes: useless.iter().map(|class_match| class_match.amount.bytes).sum(),
        secrets: secrets.iter().map(|class_match| entry(context, class_match)).collect(),
        largest: entries(fetched.largest(context, LARGEST)),
        useless: parts(context, &useless),
    })
}

/// A folder that no Dockerfile takes anything from: what a COPY of all of it would send.
pub(super) fn plain(folder: &Folder) -> ContextReport {
    let context = &folder.context;
    let summary = summarise(context, LARGEST);
    ContextReport {
        root: context.root().to_owned(),
        ignore_file: folder.ignore_file.clone(),
        bytes: summary.total.bytes,
        files: summary.total.files,
        useless_bytes: summary.useless_amount.bytes,
        secrets: likely_secrets(context, &summary.secrets),
        largest: entries(summary.largest),
        useless: parts(context, &summary.useless),
    }
}

fn likely_secrets(context: &BuildContext, class_matches: &[ClassMatch]) -> Vec<ContextListingEntry> {
    let likely = class_matches.iter().filter(|class_match| class_match.class.certainty != Certainty::Possible);
    likely.map(|class_match| entry(context, class_match)).collect()
}

fn parts(context: &BuildContext, class_matches: &[ClassMatch]) -> Vec<UselessPart> {
    let part = |class_match: &ClassMatch| UselessPart {
        entry: entry(context, class_match),
        why: class_match.class.reason,
        pattern: class_match.pattern.clone(),
    };
    class_matches.iter().map(part).collect()
}

fn entry(context: &BuildContext, class_match: &ClassMatch) -> ContextListingEntry {
    let slash = if context.entry(class_match.entry).kind == ContextEntryKind::Directory { "/" } else { "" };
    let path = context.path(class_match.entry) + slash;
    ContextListingEntry { path, bytes: class_match.amount.bytes, files: class_match.amount.files }
}

fn entries(largest: Vec<Aggregate>) -> Vec<ContextListingEntry> {
    let entry = |aggregate: Aggregate| ContextListingEntry {
        path: aggregate.path,
        bytes: aggregate.amount.bytes,
        files: aggregate.amount.files,
    };
    largest.into_iter().map(entry).collect()
}

fn rerun_report(inputs: &Inputs, build: &Build, rerun: cache::Rerun, mask: &Mask) -> Rerun {
    let dockerfile = &build.input().dockerfile;
    let history: Option<&StepHistory> = inputs.histories.get(dockerfile);
    let timed: Option<&TimedSteps> = inputs.timed.get(dockerfile);
    let line = rerun.first.instruction.start_line;
    let step = |step: &build::LayerStep| build_step(build, step, mask);
    let time = |step: &build::LayerStep| timed?.seconds.get(&step.instruction.start_line).copied();
    let known: Vec<StepSeconds> = rerun.steps.iter().filter_map(time).collect();
    let total = total_seconds(known.iter().copied());
    Rerun {
        seconds: total.map(|total| total.seconds),
        is_at_most: total.is_some_and(|total| total.is_at_most),
        is_partly_timed: known.len() < rerun.steps.len(),
        first: step(&rerun.first),
        steps: rerun.steps.iter().map(step).collect(),
        copies: rerun.copies.iter().map(step).collect(),
        example: rerun.example,
        commits: history.and_then(|history| commit_reruns(history, line, &rerun.steps)),
    }
}

/// How often the steps ran in the last commits; `line` is that of the first.
fn commit_reruns(history: &StepHistory, line: u32, steps: &[build::LayerStep]) -> Option<CommitReruns> {
    let first = history.reruns_at(line)?;
    let lines = steps.iter().map(|step| step.instruction.start_line);
    let later = lines.filter_map(|line| Some((line, *history.reruns.get(&line)?)));
    // Of the steps that ran most often the first: the others stand below it.
    let later = later.reduce(|most, next| if next.1 > most.1 { next } else { most });
    let later = later.filter(|(_, reruns)| *reruns > 0 && *reruns >= first.saturating_mul(2));
    Some(CommitReruns { first, of: history.builds, later })
}
