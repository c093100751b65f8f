//! Inputs ─► report: runs the rules, adds what is known of each build, masks.

use std::borrow::Cow;
use std::sync::Arc;

<<<<<<< HEAD
use super::overview;
use super::{ContextListing, Notice, ProblemReport, Report, Skipped};
use crate::build::Build;
use crate::dockerfile;
use crate::finding::{Finding, Findings, Mask};
use crate::ignore;
use crate::inputs::{BuildInput, IgnoreInput, Inputs, Need, Needs};
use crate::rules::{Context, Rule, Selection};
use crate::text::Source;

/// What rules find in the inputs' builds.
pub fn lint(inputs: &Inputs, selection: &Selection) -> Report {
    let builds: Vec<Build> = inputs.builds.iter().map(Build::new).collect();
    report(inputs, &builds, selection)
}

/// The whole product: what costs what, per build.
pub fn audit(inputs: &Inputs, selection: &Selection) -> Report {
    let builds: Vec<Build> = inputs.builds.iter().map(Build::new).collect();
    let mask = mask_of(&builds);
    let mut report = report(inputs, &builds, selection);
    report.builds = builds.iter().map(|build| overview::build(inputs, build, &report.findings, &mask)).collect();
    report
}

/// What rules find when the inputs' files read so; for fixing to a fixpoint. Files behind those of the inputs are new.
pub fn check(inputs: &Inputs, sources: &[Source], selection: &Selection) -> Vec<Finding> {
    let unchanged = sources.len() == inputs.sources.len()
        && sources.iter().zip(&inputs.sources).all(|(now, then)| now.text() == then.text());
    let inputs = if unchanged { Cow::Borrowed(inputs) } else { Cow::Owned(with_sources(inputs, sources)) };
    let builds: Vec<Build> = inputs.builds.iter().map(Build::new).collect();
    findings(&inputs, &builds, selection)
}

/// What the builder is sent, per build; nothing where the context was not looked at.
pub fn contexts(inputs: &Inputs) -> Vec<ContextListing> {
    inputs.builds.iter().filter_map(|input| overview::listing(inputs, &Build::new(input))).collect()
}

/// The facts that the selected rules ask for; for `audit` also those of its columns.
pub fn needs(selection: &Selection, columns: bool) -> Needs {
    let own = if columns {
        Needs::NONE.with(Need::ContextNames).with(Need::ContextBytes).with(Need::Projects)
    } else {
        Needs::NONE
    };
    let of = |rule: &Rule| rule.metadata().needs.union(rule.metadata().wants);
    selection.rules().iter().fold(own, |needs, rule| needs.union(of(rule)))
}

/// The secret values in the inputs.
pub fn mask(inputs: &Inputs) -> Mask {
    let builds: Vec<Build> = inputs.builds.iter().map(Build::new).collect();
    mask_of(&builds)
}

fn mask_of(builds: &[Build]) -> Mask {
    let mut mask = Mask::default();
    for value in builds.iter().flat_map(Build::secrets).filter_map(|secret| secret.value) {
        mask.add(&value);
    }
    mask
}

fn report<'i>(inputs: &'i Inputs, builds: &[Build<'i>], selection: &Selection) -> Report {
    let mask = mask_of(builds);
    let mut problems: Vec<ProblemReport> = Vec::new();
    for problem in &inputs.problems {
        problems.push(ProblemReport {
            file: problem.file.clone(),
            place: problem.place,
            error: problem.fatal,
            message: mask.apply(&problem.message),
            help: problem.help.clone(),
        });
    }
    for build in builds {
        problems.extend(overview::problems(inputs, build, &mask));
    }
    let findings = findings(inputs, builds, selection).into_iter().map(|finding| masked(finding, &mask)).collect();
=======
use super::{ContextListing, Notice, ProblemReport, Report};
use crate::build::Build;
use crate::finding::{Finding, Findings, Mask};
use crate::inputs::{BuildInput, IgnoreInput, Inputs, Needs};
use crate::rules::{Context, Metadata, Rule, Selection};
use crate::text::{FileId, Source};

/// What rules find in the inputs' builds.
pub fn lint(inputs: &Inputs, selection: &Selection) -> Report {
    let mask = mask(inputs);
    let mut findings = check(inputs, &inputs.sources, selection);
    for finding in &mut findings {
        hide(finding, &mask);
    }
    let notices = inputs.notices.iter().map(|text| Notice { text: mask.apply(text) });
>>>>>>> report
    Report {
        root: inputs.root.clone(),
        sources: inputs.sources.iter().map(|source| mask.source(source)).collect(),
        findings,
<<<<<<< HEAD
        skipped: skipped(inputs, selection),
        problems,
        notices: inputs.notices.iter().map(|text| Notice { text: mask.apply(text) }).collect(),
=======
        problems: problems(inputs, &mask),
        notices: notices.collect(),
>>>>>>> report
        ..Report::default()
    }
}

<<<<<<< HEAD
fn findings<'i>(inputs: &'i Inputs, builds: &[Build<'i>], selection: &Selection) -> Vec<Finding> {
    let mut out = Findings::new();
    for rule in selection.rules() {
        let metadata = rule.metadata();
        for build in builds.iter().filter(|build| metadata.needs.iter().all(|need| is_there(build.input(), need))) {
            (rule.check)(&Context::new(rule, &metadata, inputs, build), &mut out);
=======
/// The whole product: what costs what, per build.
pub fn audit(inputs: &Inputs, selection: &Selection) -> Report {
    lint(inputs, selection)
}

/// What rules find when the inputs' files read so; for fixing to a fixpoint. Files behind those of the inputs are new.
pub fn check(inputs: &Inputs, sources: &[Source], selection: &Selection) -> Vec<Finding> {
    let inputs = &*with_sources(inputs, sources);
    let rules: Vec<(&'static Rule, Metadata)> =
        selection.rules().into_iter().map(|rule| (rule, rule.metadata())).collect();
    let mut out = Findings::new();
    for input in &inputs.builds {
        let build = Build::new(input);
        for (rule, metadata) in &rules {
            (rule.check)(&Context::new(rule, metadata, inputs, &build), &mut out);
>>>>>>> report
        }
    }
    out.into_sorted()
}

/// Whether a fact was gathered for a build. A context that no COPY takes from is no lack.
fn is_there(input: &BuildInput, need: Need) -> bool {
    match need {
        Need::ContextNames | Need::ContextBytes => input.context.is_some(),
        Need::Projects => input.projects.is_some(),
        Need::BaseImage => !input.base_images.is_empty(),
        Need::Git | Need::Image | Need::Buildlog => false,
    }
}

fn skipped(inputs: &Inputs, selection: &Selection) -> Vec<Skipped> {
    let mut skipped = Vec::new();
    for rule in selection.rules() {
        let missing = |input: &BuildInput| {
            let wanted = Build::new(input).uses_context();
            rule.metadata().needs.iter().find(|need| wanted && !is_there(input, *need))
        };
        let Some(need) = inputs.builds.iter().find_map(missing) else { continue };
        let (why, remedy) = match need {
            Need::ContextNames | Need::ContextBytes => ("it needs the build context", "run `dockopt audit`"),
            Need::Projects => ("it needs the project's manifests", "run `dockopt audit`"),
            Need::Git => ("it needs git history", "run it in a repository"),
            Need::Image => ("it needs a built image", "build it first"),
            Need::BaseImage => ("it needs the base image", "pull the base image first"),
            Need::Buildlog => ("it needs a build log", "build with `--progress=plain` and keep the log"),
        };
        skipped.push(Skipped { what: rule.name.to_owned(), why: why.to_owned(), remedy: remedy.to_owned() });
    }
    skipped
}

<<<<<<< HEAD
fn masked(mut finding: Finding, mask: &Mask) -> Finding {
    if mask.is_empty() {
        return finding;
    }
    finding.message = mask.apply(&finding.message);
    finding.help = finding.help.map(|help| mask.apply(&help));
=======
/// The secret values in the inputs.
pub fn mask(inputs: &Inputs) -> Mask {
    let mut mask = Mask::default();
    for input in &inputs.builds {
        for secret in Build::new(input).secrets() {
            if let Some(value) = &secret.value {
                mask.add(value);
            }
        }
    }
    mask
}

/// The same inputs with other texts. What was gathered from the disk stays as it was.
fn with_sources<'a>(inputs: &'a Inputs, sources: &[Source]) -> Cow<'a, Inputs> {
    let same =
        |index: usize, source: &Source| inputs.sources.get(index).is_some_and(|own| own.bytes() == source.bytes());
    if sources.len() == inputs.sources.len() && sources.iter().enumerate().all(|(index, own)| same(index, own)) {
        return Cow::Borrowed(inputs);
    }
    let mut now = inputs.clone();
    now.sources = sources.to_vec();
    for build in &mut now.builds {
        reread(build, sources);
    }
    Cow::Owned(now)
}

fn reread(build: &mut BuildInput, sources: &[Source]) {
    if let Some(source) = sources.get(build.dockerfile.0 as usize) {
        build.file = crate::dockerfile::parse(source);
    }
    let present = match &build.ignore {
        IgnoreInput::Unknown => None,
        IgnoreInput::Present(file, _) => Some(*file),
        IgnoreInput::Missing(path) => {
            let made = sources.iter().position(|source| source.name() == path);
            made.map(|index| FileId(index as u32))
        }
    };
    if let Some((file, source)) = present.and_then(|file| Some((file, sources.get(file.0 as usize)?))) {
        build.ignore = IgnoreInput::Present(file, Arc::new(crate::ignore::parse(source)));
    }
}

/// What could not be read, and what the builder refuses.
fn problems(inputs: &Inputs, mask: &Mask) -> Vec<ProblemReport> {
    let mut problems = Vec::new();
    for problem in &inputs.problems {
        problems.push(ProblemReport {
            file: problem.file.clone(),
            place: problem.place,
            error: problem.fatal,
            message: mask.apply(&problem.message),
            help: problem.help.clone(),
        });
    }
    for build in &inputs.builds {
        let source = build.file.source();
        if let Some(at) = source.first_invalid() {
            problems.push(ProblemReport {
                file: source.name().into(),
                place: Some(source.line_column(at)),
                error: false,
                message: "the file is not UTF-8; bad bytes are read as `\u{fffd}`".into(),
                help: Some("save it as UTF-8".into()),
            });
        }
        let known = build.file.problems();
        for problem in known {
            problems.push(ProblemReport {
                file: source.name().into(),
                place: Some(source.line_column(problem.span.start)),
                error: problem.kind == crate::dockerfile::ProblemKind::Error,
                message: mask.apply(&problem.message),
                help: problem.help.as_deref().map(|help| mask.apply(help)),
            });
        }
        if let Some(verdict) = build.file.verdict().filter(|_| known.is_empty()) {
            problems.push(ProblemReport {
                file: source.name().into(),
                place: None,
                error: true,
                message: mask.apply(&verdict.message),
                help: None,
            });
        }
    }
    problems
}

/// Takes secret values out of all that a finding says and shows.
fn hide(finding: &mut Finding, mask: &Mask) {
    if mask.is_empty() {
        return;
    }
    finding.message = mask.apply(&finding.message);
    finding.help = finding.help.as_deref().map(|help| mask.apply(help));
>>>>>>> report
    for label in &mut finding.labels {
        label.text = mask.apply(&label.text);
    }
    for impact in &mut finding.impact {
        impact.evidence = mask.apply(&impact.evidence);
    }
<<<<<<< HEAD
    for edit in finding.fixes.iter_mut().flat_map(|fix| &mut fix.edits) {
        edit.text = mask.apply(&edit.text);
    }
    finding
}

/// The inputs with other texts: files are read again, and a changed or new .dockerignore is applied to the context.
fn with_sources(inputs: &Inputs, sources: &[Source]) -> Inputs {
    let builds = inputs.builds.iter().map(|input| with_texts(input, inputs, sources)).collect();
    Inputs {
        root: inputs.root.clone(),
        sources: sources.to_vec(),
        builds,
        today: inputs.today,
        problems: Vec::new(),
        notices: Vec::new(),
    }
}

fn with_texts(input: &BuildInput, before: &Inputs, sources: &[Source]) -> BuildInput {
    let dockerfile = &sources[input.dockerfile.0 as usize];
    let file = match dockerfile.text() == input.file.source().text() {
        true => input.file.clone(),
        false => dockerfile::parse(dockerfile),
    };
    let (ignore, changed) = ignore_now(&input.ignore, before, sources);
    let context = match (&input.context, &ignore) {
        (Some(context), IgnoreInput::Present(_, ignore)) if changed => {
            Some(Arc::new(context.without(&ignore.matcher())))
        }
        (context, _) => context.clone(),
    };
    BuildInput {
        dockerfile: input.dockerfile,
        file,
        options: input.options.clone(),
        context_root: input.context_root.clone(),
        ignore,
        context,
        projects: input.projects.clone(),
        base_images: input.base_images.clone(),
    }
}

/// The .dockerignore as it now is, and whether that is new.
fn ignore_now(ignore: &IgnoreInput, before: &Inputs, sources: &[Source]) -> (IgnoreInput, bool) {
    let read = |index: usize| Arc::new(ignore::parse(&sources[index]));
    match ignore {
        IgnoreInput::Unknown => (IgnoreInput::Unknown, false),
        IgnoreInput::Present(file, _) => {
            let changed = sources[file.0 as usize].text() != before.source(*file).text();
            (IgnoreInput::Present(*file, read(file.0 as usize)), changed)
        }
        IgnoreInput::Missing(path) => {
            let made = sources.iter().enumerate().skip(before.sources.len()).find(|(_, source)| source.name() == path);
            match made {
                Some((index, _)) => (IgnoreInput::Present(crate::text::FileId(index as u32), read(index)), true),
                None => (ignore.clone(), false),
            }
=======
    for fix in &mut finding.fixes {
        fix.title = mask.apply(&fix.title);
        for edit in &mut fix.edits {
            edit.text = mask.apply(&edit.text);
>>>>>>> report
        }
    }
}
