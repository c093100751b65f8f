//! What is wrong with what a build takes of its context.

use super::ProblemReport;
use crate::build::{Build, IgnoredName, Stage, Transfer};
use crate::finding::Mask;
use crate::ignore::ProblemKind;
use crate::inputs::context::{BuildContext, ClassKind, ExcludedEntry, ReadProblem, SourceOutcome, TroubleKind};
use crate::inputs::{IgnoreInput, Inputs};
use crate::rules::{COMMON_OUTPUTS, unread_ignore_file};
use crate::text::path;

/// Everything of a build: its .dockerignore, what can't be read, what a COPY or ADD names in vain.
pub(super) fn of_build(inputs: &Inputs, build: &Build, mask: &Mask) -> Vec<ProblemReport> {
    let mut problems = of_ignore_file(inputs, build);
    let Some(context) = build.input().context.as_deref() else { return problems };
    let is_read = |transfer: &Transfer| transfer.from.is_none() && !transfer.has_shell_syntax();
    for (stage, transfer) in build.all_transfers().filter(|(_, transfer)| is_read(transfer)) {
        missing(inputs, build, context, (stage, transfer), mask, &mut problems);
    }
    let named = build.named_paths(false);
    let is_read = |path: &str| named.whole || named.unknown || named.at_or_below(path) || named.above(path);
    let troubles = context.troubles().iter().filter(|trouble| trouble.path.is_empty() || is_read(&trouble.path));
    problems.extend(troubles.map(|trouble| of_context(context, trouble)));
    problems
}

/// What could not be read of a folder that is a context.
pub(super) fn of_context(context: &BuildContext, trouble: &ReadProblem) -> ProblemReport {
    let error = matches!(trouble.kind, TroubleKind::UnreadableDirectory(_));
    ProblemReport {
        code: "context-unreadable",
        file: join_paths(context.root(), &trouble.path),
        error,
        message: trouble.to_string(),
        help: error.then(|| "make it readable, or exclude it in .dockerignore".to_owned()),
        ..ProblemReport::default()
    }
}

/// What is wrong with the .dockerignore of a build.
fn of_ignore_file(inputs: &Inputs, build: &Build) -> Vec<ProblemReport> {
    let IgnoreInput::Present(file, ignore) = &build.input().ignore else { return Vec::new() };
    let source = inputs.source(*file);
    // After a pattern that excludes everything, the builder does not evaluate the others.
    let tried = build.uses_context()
        && build.input().context.is_none()
        && !ignore
            .patterns
            .first()
            .is_some_and(|pattern| !pattern.negated && matches!(pattern.text.as_str(), "*" | "**"));
    let report = |problem: &crate::ignore::IgnoreProblem| ProblemReport {
        code: "ignore-file",
        file: source.name().to_owned(),
        place: Some(source.line_column(problem.span.start)),
        error: problem.kind.is_refusal() || (tried && problem.kind == ProblemKind::Uncompilable),
        message: problem.message.clone(),
        ..ProblemReport::default()
    };
    ignore.problems.iter().map(report).collect()
}

/// An ignore file that no build reads, as `ignore-file-unread` says it.
pub(super) fn of_unread_ignore_file(inputs: &Inputs, build: &Build) -> Option<ProblemReport> {
    let (message, help) = unread_ignore_file(inputs, build)?;
    let source = build.input().file.source();
    let file = source.name().to_owned();
    Some(ProblemReport { code: "ignore-file-unread", file, message, help: Some(help), ..ProblemReport::default() })
}

/// Sources of COPY and ADD that are not in the context. A missing file may be created before the build.
fn missing(
    inputs: &Inputs,
    build: &Build,
    context: &BuildContext,
    (stage, transfer): (&Stage, &Transfer),
    mask: &Mask,
    out: &mut Vec<ProblemReport>,
) {
    let source = inputs.source(build.input().dockerfile);
    for (copy_source, selection) in transfer.sources.iter().zip(transfer.select(context)) {
        let (Some(text), Some(selection)) = (&copy_source.text, selection) else { continue };
        let SourceOutcome::Missing(excluded) = selection.outcome else { continue };
        let exclusion = excluded.and_then(|excluded| describe_exclusion(inputs, build, &excluded));
        let is_excluded = exclusion.is_some();
        let (message, help) = match exclusion {
            Some(by) => (
                format!("`{text}` is excluded by {by}"),
                format!("add the line `!{}` to include it again", relative(text)),
            ),
            None => (
                format!("`{text}` is not in the build context `{}`", context.root()),
                "fix the path, or create the file before the build".to_owned(),
            ),
        };
        out.push(ProblemReport {
            code: if is_excluded { "source-excluded" } else { "source-missing" },
            codes: if is_excluded { vec!["CopyIgnoredFile"] } else { Vec::new() },
            file: source.name().to_owned(),
            place: Some(source.line_column(copy_source.span.start)),
            error: is_excluded && build.is_needed(stage),
            fails: build.is_needed(stage) && !is_made_before_builds(build, context, text),
            message: mask.apply(&message),
            help: Some(mask.apply(&help)),
            ..ProblemReport::default()
        });
    }
}

/// Whether a path that is not in the context looks like one that something makes before the build: an output folder, an archive
/// that a compiler writes, or what .gitignore lists.
fn is_made_before_builds(build: &Build, context: &BuildContext, text: &str) -> bool {
    let texts = build.input().texts.as_ref();
    let ignored = texts.and_then(|texts| texts.get(".gitignore")).map(|text| String::from_utf8_lossy(text));
    let ignored = ignored.as_deref().unwrap_or_default();
    let is_output = |part: &str| {
        let name = IgnoredName { name: part, is_anchored: false };
        COMMON_OUTPUTS.contains(&part)
            || name.kind(context) == Some(ClassKind::BuildOutput)
            || IgnoredName::all(ignored).any(|known| known.name == part)
    };
    let has_pattern =
        |line: &str| line.trim().strip_prefix('*').is_some_and(|end| !end.is_empty() && text.ends_with(end));
    text.contains(['*', '?', '[', '$']) || text.split('/').any(is_output) || ignored.lines().any(has_pattern)
}

/// `.dockerignore` line 3 (`*.txt`).
fn describe_exclusion(inputs: &Inputs, build: &Build, excluded: &ExcludedEntry) -> Option<String> {
    let IgnoreInput::Present(file, ignore) = &build.input().ignore else { return None };
    let pattern = ignore.patterns.get(excluded.pattern as usize)?;
    let source = inputs.source(*file);
    Some(format!("{} line {} (`{}`)", source.name(), source.line(pattern.span.start), source.slice(pattern.span)))
}

fn relative(text: &str) -> &str {
    text.trim_start_matches("./").trim_matches('/')
}

fn join_paths(root: &str, path: &str) -> String {
    if path.is_empty() { root.to_owned() } else { path::join(root, path) }
}
