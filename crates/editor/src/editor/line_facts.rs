//! What a line of a Dockerfile costs and when it runs again. Each figure says how it is known.

use super::Analysis;
use crate::build::{
    BaseImage, Build, PackageSize, SlimImage, StageBase, UnmaintainedImage, User, ended_releases, releases,
};
use crate::cache;
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::Finding;
use crate::inputs::{BuildInput, Inputs};
use crate::report::{bytes, count, impact_line};
use crate::shell::Invocation;
use crate::text::FileId;

/// What is known of one instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LineFacts {
    /// What it puts into the image, or takes from the context, with the basis.
    pub(super) price: Option<String>,
    /// What its findings cost, dearest first.
    pub(super) findings: Vec<String>,
    /// When it runs again.
    pub(super) rerun: Option<String>,
}

/// The builds of a document, with the source of each.
pub(super) fn builds_of<'a>(analysis: &'a Analysis, name: &'a str) -> impl Iterator<Item = &'a BuildInput> {
    let files: Vec<FileId> = analysis.files(name).collect();
    analysis.inputs.builds.iter().filter(move |input| files.contains(&input.dockerfile))
}

/// In how many of the last commits the step ran that a source change reruns first; `None` without a history.
fn commits(analysis: &Analysis, file: FileId) -> Option<String> {
    let report = analysis.report.builds.iter().find(|report| report.dockerfile == file)?;
    let commits = report.rerun.as_ref()?.commits?;
    Some(format!("it ran in {} of the last {} commits", commits.first, commits.of))
}

/// The steps that a source change reruns.
#[derive(Default)]
pub(super) struct Reruns {
    sure: Vec<usize>,
    maybe: Vec<usize>,
    first: Option<usize>,
    example: Option<String>,
    /// In how many of the last commits the first ran, as words.
    commits: Option<String>,
}

impl Reruns {
    pub(super) fn of(analysis: &Analysis, build: &Build) -> Self {
        let input = build.input();
        let projects = input.projects.as_ref().map(|projects| projects.as_slice());
        let Some(rerun) = cache::rerun(build, input.context.as_deref(), projects) else {
            return Self::default();
        };
        Self {
            sure: rerun.steps.iter().map(|step| step.index).collect(),
            maybe: rerun.copies.iter().map(|step| step.index).collect(),
            first: Some(rerun.first.index),
            example: rerun.example,
            commits: commits(analysis, build.input().dockerfile),
        }
    }

    /// When an instruction runs again, if a source change makes it.
    fn of_instruction(&self, index: usize) -> Option<String> {
        if self.first == Some(index) {
            let steps = count(self.sure.len() as u64, "step");
            let example = self.example.as_ref().map(|file| format!(" (`{file}`)")).unwrap_or_default();
            let commits = self.commits.as_ref().map(|commits| format!("; {commits}")).unwrap_or_default();
            return Some(format!("a source change{example} reruns {steps} from here on{commits}"));
        }
        if self.sure.contains(&index) {
            return Some("reruns after a source change".to_owned());
        }
        self.maybe.contains(&index).then(|| "may rerun after a source change".to_owned())
    }
}

/// What is known of an instruction of a build.
pub(super) fn line_facts(analysis: &Analysis, build: &Build, index: usize, reruns: &Reruns) -> LineFacts {
    let instruction = build.instruction(index);
    let findings = findings_of(analysis, build.input().dockerfile, instruction);
    LineFacts {
        price: price(build, index, instruction),
        findings: findings.iter().flat_map(|finding| &finding.impact).map(impact_line).collect(),
        rerun: reruns.of_instruction(index),
    }
}

/// The findings of an instruction.
pub(super) fn findings_of<'a>(analysis: &'a Analysis, file: FileId, instruction: &Instruction) -> Vec<&'a Finding> {
    let lines = instruction.start_line..=instruction.end_line;
    let source = analysis.report.sources.get(file.0 as usize);
    let line =
        |finding: &Finding| finding.instruction_line.or_else(|| source.map(|source| source.line(finding.span.start)));
    let is_here = |finding: &&Finding| finding.file == file && line(finding).is_some_and(|line| lines.contains(&line));
    analysis.report.findings.iter().filter(is_here).collect()
}

fn price(build: &Build, index: usize, instruction: &Instruction) -> Option<String> {
    let stage = build.stage_of(index)?;
    match instruction.keyword {
        Keyword::From => match &stage.base {
            StageBase::Image(image) => pull_price(image),
            _ => None,
        },
        Keyword::Copy | Keyword::Add => {
            let context = build.input().context.as_deref()?;
            let transfer = build.transfer_at(stage, index)?;
            let selections: Option<Vec<_>> = transfer.select(context).into_iter().collect();
            let amounts = selections?.into_iter().map(|selection| selection.amount);
            let (size, files) =
                amounts.fold((0, 0), |(size, files), amount| (size + amount.bytes, files + amount.files));
            Some(format!("{} in {} (computed: the build context)", bytes(size), count(files, "file")))
        }
        Keyword::Run => {
            let StageBase::Image(image) = build.root_base(stage) else { return None };
            let run = build.runs(stage).find(|run| run.index == index)?;
            let invocations = run.invocations();
            let calls = invocations.iter().filter_map(Invocation::package_call);
            let calls: Vec<_> = calls.collect();
            let packages = calls.iter().flat_map(|call| &call.packages);
            let names: Vec<&str> = packages.map(|package| package.name.text).collect();
            let size = PackageSize::heaviest(&names, image)?;
            Some(format!("at least ~{} on disk (typical: {})", bytes(size.disk_bytes), size.evidence()))
        }
        _ => None,
    }
}

/// What an image costs to pull.
fn pull_price(image: &str) -> Option<String> {
    let pull = SlimImage::pull_of(image, false)?;
    Some(format!("~{} to pull (typical: looked up in the registry)", bytes(pull)))
}

/// What is known of a base image on a day, in sentences.
pub(super) fn image_facts(inputs: &Inputs, image: &str) -> Vec<String> {
    let mut facts: Vec<String> = pull_price(image).into_iter().collect();
    if let Some(slim) = SlimImage::of_any(image)
        && let Some((full, less)) = slim.pull
    {
        let saved = bytes(full.saturating_sub(less));
        facts.push(format!("`{}` pulls ~{saved} less (typical: looked up on {})", slim.tag, slim.date));
    }
    let ended = inputs.today.map(|today| ended_releases(image, today)).unwrap_or_default();
    for release in releases(image) {
        let title = release.title();
        facts.push(match (release.end, ended.contains(&release)) {
            (Some(end), true) => format!("{title}: no security fixes since {end}"),
            (Some(end), false) => format!("{title}: security fixes until {end}"),
            (None, _) => title,
        });
    }
    if let Some(old) = inputs.today.and_then(|today| UnmaintainedImage::of(image, today)) {
        let instead = old.instead.map(|instead| format!("; use `{instead}`")).unwrap_or_default();
        facts.push(format!("{} is not maintained since {}{instead}", old.subject, old.end));
    }
    let base = BaseImage::of(image);
    facts.extend(base.has_shell().filter(|has| !has).map(|_| "has no shell".to_owned()));
    facts.extend(base.user().map(|user| format!("runs as {}", user_words(&user))));
    facts
}

fn user_words(user: &User) -> &str {
    match user {
        User::Root => "root",
        User::Other(name) => name,
        User::StepsDown => "root until its entrypoint steps down",
        User::Unknown => "a user that only the build knows",
    }
}
