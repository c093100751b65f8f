//! Rules about .dockerignore: where it lies, and what its patterns match.

use std::collections::{HashMap, HashSet};

use crate::build::Build;
use crate::finding::{FileEdit, Finding, Findings, Fix, Safety, Severity, Target};
use crate::ignore::{MatchedPatterns, parse};
use crate::inputs::context::{BuildContext, ClassKind, ClassMatch, ContextEntryKind, EntryId, classify};
use crate::inputs::{IgnoreInput, Inputs};
use crate::rules::Context;
use crate::rules::files::context_files::{TakingStep, taking_steps};
use crate::rules::files::context_waste::first_copy;
use crate::text::{Source, Span, path};

crate::rules::family! {
    "ignore-file-unread" => ignore_file_unread;
    "ignore-pattern-at-top" => ignore_pattern_at_top;
}

const NAME: &str = ".dockerignore";

fn ignore_file_unread(cx: &Context, out: &mut Findings) {
    let Some(span) = cx.context().and(first_copy(cx.build())) else { return };
    if let Some((message, help)) = unread_ignore_file(cx.inputs(), cx.build()) {
        out.push(cx.finding(span, message).help(help));
    }
}

/// What is said of an ignore file that no build reads, and what to do.
pub(crate) fn unread_ignore_file(inputs: &Inputs, build: &Build) -> Option<(String, String)> {
    let context = build.input().context.as_deref()?;
    let root = path::normalize(context.root());
    let place = path::normalize(build.input().file.source().name());
    let dockerfile = path::relative(&place, &root).unwrap_or(&place);
    let beside = path::child(path::split(dockerfile).0, NAME);
    let named_after = format!("{dockerfile}{NAME}");
    let unread = unread_file(inputs, build, context, &root, &beside)?;
    let shown = if root.is_empty() { "." } else { &root };
    let (read, help) = match &build.input().ignore {
        IgnoreInput::Present(file, _) => {
            let name = inputs.source(*file).name();
            (format!("the builder reads `{name}`"), format!("move its lines to `{name}`"))
        }
        _ => (
            format!("the builder reads `{named_after}`, or else `{NAME}` at the top of the context `{shown}`"),
            format!("move it to `{NAME}` at the top of the context, or to `{named_after}`"),
        ),
    };
    Some((format!("nothing reads `{unread}`, so what it lists is sent: {read}"), help))
}

/// An ignore file that no build reads: next to a Dockerfile whose context is another folder, or with a wrong name at the
/// top of the context.
fn unread_file(inputs: &Inputs, build: &Build, context: &BuildContext, root: &str, beside: &str) -> Option<String> {
    let is_file = |id: &EntryId| {
        let entry = context.entry(*id);
        entry.kind == ContextEntryKind::File && entry.amount.bytes > 0
    };
    let folder = path::join(root, path::split(beside).0);
    let is_context = |other: &crate::inputs::BuildInput| {
        other.context_root.as_ref().is_some_and(|other| path::normalize(other) == folder)
    };
    if beside != NAME && context.find(beside).is_some_and(|id| is_file(&id)) {
        return (!inputs.builds.iter().any(is_context)).then(|| beside.to_owned());
    }
    if !matches!(build.input().ignore, IgnoreInput::Missing(_)) {
        return None;
    }
    let is_misnamed = |id: &EntryId| {
        let name = context.entry(*id).name.to_ascii_lowercase();
        is_file(id)
            && matches!(
                &*name,
                ".dockerignore" | "dockerignore" | ".dockerignore.txt" | ".docker-ignore" | ".dockerignores"
            )
    };
    context.children(None).find(is_misnamed).map(|id| context.path(id))
}

/// The most patterns that are checked; no real file has more.
const MOST: usize = 200;

/// A pattern that excludes a name at the top alone.
struct TopPattern<'p> {
    span: Span,
    text: &'p str,
    /// What it does not exclude: a path that a step takes.
    missed: Option<String>,
    /// A folder where tools make such files.
    likely: Option<String>,
}

fn ignore_pattern_at_top(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let IgnoreInput::Present(file, ignore) = cx.ignore() else { return };
    let Some(context) = cx.context() else { return };
    if ignore.error().is_some() || first_copy(build).is_none() {
        return;
    }
    let source = cx.inputs().source(*file);
    let is_everywhere =
        |name: &str| ignore.patterns.iter().any(|other| !other.negated && other.text == format!("**/{name}"));
    let mut patterns: Vec<TopPattern> = ignore
        .patterns
        .iter()
        .filter(|pattern| !pattern.negated && is_plain_name(&pattern.text))
        .filter(|pattern| !source.slice(pattern.span).starts_with('/') && !is_everywhere(&pattern.text))
        .map(|pattern| TopPattern { span: pattern.span, text: &pattern.text, missed: None, likely: None })
        .take(MOST)
        .collect();
    let steps: Vec<TakingStep> = build.needed_stages().flat_map(|stage| taking_steps(build, stage, context)).collect();
    find_missed(context, &steps, &mut patterns);
    let has_modules = context.entries().any(|id| makes("*.pyc", context.entry(id).name));
    let folder = if has_modules { None } else { module_folder(build) };
    for pattern in patterns.iter_mut().filter(|pattern| makes(pattern.text, "x.py") && folder.is_some()) {
        pattern.likely.clone_from(&folder);
    }
    patterns.retain(|pattern| pattern.missed.is_some() || pattern.likely.is_some());
    let first = patterns.iter().find(|pattern| pattern.missed.is_some()).or_else(|| patterns.first());
    let Some(first) = first else { return };
    let line = source.line(first.span.start);
    let lines = patterns.iter().map(|pattern| source.line(pattern.span.start)).filter(|other| *other != line);
    let others: Vec<String> = lines.map(|line| line.to_string()).collect();
    let finding = cx.finding_in(*file, first.span, message(first, &others));
    let help = format!("write `**/{}`: a pattern starts at the top of the context, unlike one of git", first.text);
    let finding = finding.help(help).when(first.missed.is_none(), |finding| finding.lowered(Severity::Info));
    out.push(with_edits(*file, source, &patterns, finding));
}

fn message(first: &TopPattern, others: &[String]) -> String {
    let more = match others {
        [] => String::new(),
        [line] => format!("; the pattern in line {line} is like it"),
        lines => format!("; the patterns in lines {} are like it", lines.join(", ")),
    };
    let lead = format!("`{}` matches at the top alone", first.text);
    match (&first.missed, &first.likely) {
        (Some(missed), _) => format!("{lead}: `{missed}` is copied{more}"),
        (None, Some(likely)) => format!("{lead}, not in folders such as `{likely}`{more}"),
        (None, None) => lead,
    }
}

/// Whether a pattern is the name of a file or folder, maybe with wildcards.
fn is_plain_name(text: &str) -> bool {
    let letters = text.trim_matches(['*', '?', '.']);
    !text.contains('/') && !text.contains("**") && !letters.is_empty()
}

/// Looks for entries below the top that steps take and that have such a name, and for folders where tools make some.
fn find_missed(context: &BuildContext, steps: &[TakingStep], patterns: &mut [TopPattern]) {
    let lines: Vec<&str> = patterns.iter().map(|pattern| pattern.text).collect();
    let every_level = parse(&Source::of(NAME, &lines.join("\n")));
    let matcher = every_level.matcher();
    // A name such as `docs` may be meant at the top alone, what tools leave behind and secrets hardly.
    let is_meant_everywhere =
        |known: &&ClassMatch| !matches!(known.class.kind, ClassKind::BuildOutput | ClassKind::Pipeline);
    let classes: HashSet<EntryId> =
        classify(context).iter().filter(is_meant_everywhere).map(|known| known.entry).collect();
    let mut known: HashMap<&str, Option<usize>> = HashMap::new();
    for id in context.entries() {
        let entry = context.entry(id);
        let Some(above) = context.parent(id) else { continue };
        let decided = *known.entry(entry.name).or_insert_with(|| {
            matcher.decide(entry.name, &MatchedPatterns::default()).ok().and_then(|verdict| verdict.decided_by)
        });
        let pattern = decided.and_then(|at| patterns.get_mut(at)).filter(|pattern| pattern.missed.is_none());
        if let Some(pattern) = pattern
            && classes.contains(&id)
            && steps.iter().any(|step| step.takes(id))
        {
            pattern.missed = Some(context.path(id));
        }
        for pattern in patterns.iter_mut().filter(|pattern| pattern.likely.is_none()) {
            if makes(pattern.text, entry.name) && steps.iter().any(|step| step.takes(id)) {
                pattern.likely = Some(context.path(above));
            }
        }
    }
}

/// Whether tools make what a pattern matches next to a file of that name: bytecode next to a module, packages next to a
/// manifest.
fn makes(pattern: &str, name: &str) -> bool {
    match pattern {
        "__pycache__" | "*.pyc" | "*.py[cod]" | "*.pyo" => name.rsplit_once('.').is_some_and(|(_, end)| end == "py"),
        "node_modules" => name == "package.json",
        _ => false,
    }
}

/// The folder of the module that a container starts, `app` of `uvicorn app.main:app`, where the whole context is copied: the
/// sources may come into the context later.
fn module_folder(build: &Build) -> Option<String> {
    let stage = build.target()?;
    let mut transfers = build.chain(stage).flat_map(|below| build.transfers(below));
    transfers.find(|transfer| transfer.is_of_whole_context())?;
    let launch = build.launch(stage)?;
    let is_name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let module = |word: &str| {
        let (module, object) = word.split_once(':')?;
        let parts: Vec<&str> = module.split('.').collect();
        let is_module = parts.len() > 1 && parts.iter().all(|part| is_name(part)) && is_name(object);
        (is_module && !parts[0].starts_with(|c: char| c.is_ascii_digit())).then(|| parts[0].to_owned())
    };
    launch.script().invocations().iter().flat_map(|call| call.args).find_map(|word| module(word.text()))
}

/// Adds the edits that make the patterns match at every level.
fn with_edits(file: crate::text::FileId, source: &Source, patterns: &[TopPattern], mut finding: Finding) -> Finding {
    let is_exact = |pattern: &&TopPattern| source.is_exact(pattern.span);
    let edits: Vec<FileEdit> = patterns
        .iter()
        .filter(is_exact)
        .map(|pattern| FileEdit {
            target: Target::File(file),
            span: Span::at(pattern.span.start),
            text: "**/".to_owned(),
        })
        .collect();
    if !edits.is_empty() {
        let why = "a file of that name below the top may be needed".to_owned();
        finding.fixes.push(Fix { title: "match at every level".to_owned(), safety: Safety::Unsafe(why), edits });
    }
    finding
}
