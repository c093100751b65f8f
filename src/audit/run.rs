//! Inputs ─► report.

use std::borrow::Cow;
use std::sync::Arc;

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
    Report {
        root: inputs.root.clone(),
        sources: inputs.sources.iter().map(|source| mask.source(source)).collect(),
        findings,
        problems: problems(inputs, &mask),
        notices: notices.collect(),
        ..Report::default()
    }
}

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
        }
    }
    out.into_sorted()
}

/// What the builder is sent, per build; nothing where the context was not looked at.
pub fn contexts(_inputs: &Inputs) -> Vec<ContextListing> {
    Vec::new()
}

/// The facts that the selected rules ask for; for `audit` also those of its columns.
pub fn needs(selection: &Selection, _columns: bool) -> Needs {
    selection.rules().iter().fold(Needs::NONE, |needs, rule| needs.union(rule.metadata().needs))
}

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
    for label in &mut finding.labels {
        label.text = mask.apply(&label.text);
    }
    for impact in &mut finding.impact {
        impact.evidence = mask.apply(&impact.evidence);
    }
    for fix in &mut finding.fixes {
        fix.title = mask.apply(&fix.title);
        for edit in &mut fix.edits {
            edit.text = mask.apply(&edit.text);
        }
    }
}
