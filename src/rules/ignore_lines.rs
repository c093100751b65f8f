//! Edits of .dockerignore: lines that exclude paths from the context.

use super::Context;
use crate::build::{Build, TakenFile};
use crate::finding::{FileEdit, Finding, Fix, Safety, Target};
use crate::ignore::MatchedPatterns;
use crate::inputs::IgnoreInput;
use crate::text::{Span, path};

/// The most lines of .gitignore that are read; no real file has more that name one thing.
pub(super) const GITIGNORE_LINES: usize = 500;

/// Whether a .gitignore brings back a path, a file of its name, or something in it: then the repository has it on purpose.
pub(super) fn brought_back_by_git(gitignore: &str, file: &str) -> bool {
    let lines = gitignore.lines().take(GITIGNORE_LINES).filter_map(|line| line.trim().strip_prefix('!'));
    lines.map(|line| line.trim_matches('/')).any(|line| path::covers(file, line) || line == path::name(file))
}

/// Whether .dockerignore excludes a path of the context, or all below it but what it brings back (`dist/*`, `!dist/app`);
/// whether it is there or not.
pub(super) fn is_excluded(cx: &Context, path: &str) -> bool {
    let IgnoreInput::Present(_, file) = cx.ignore() else { return false };
    let matcher = file.matcher();
    let excludes = |path: &str| matcher.decide(path, &MatchedPatterns::default()).is_ok_and(|verdict| verdict.excluded);
    // No pattern names this file.
    excludes(path) || excludes(&format!("{path}/\u{e000}"))
}

/// The finding with an edit that adds `patterns` to the effective .dockerignore, or creates one; no edit if it is
/// unknown which file that is. Patterns of files that a later step takes by name are left out, and a note says so.
pub(super) fn with_lines(cx: &Context, patterns: &[String], safety: Safety, mut finding: Finding) -> Finding {
    let mut kept = Vec::with_capacity(patterns.len());
    for pattern in patterns {
        match needed_by(cx, pattern) {
            Some(why) if finding.notes.contains(&why) => {}
            Some(why) => finding.notes.push(why),
            None => kept.push(pattern.clone()),
        }
    }
    let patterns = kept;
    if patterns.is_empty() {
        return finding;
    }
    let (target, span, text, title) = match cx.ignore() {
        IgnoreInput::Missing(path) => {
            (Target::New(path.clone()), Span::at(0), patterns.join("\n") + "\n", "create a .dockerignore")
        }
        IgnoreInput::Present(file, _) => {
            let source = cx.inputs().source(*file);
            let newline = if source.text().contains("\r\n") { "\r\n" } else { "\n" };
            let start = if source.text().is_empty() || source.text().ends_with('\n') { "" } else { newline };
            let text = format!("{start}{}{newline}", patterns.join(newline));
            (Target::File(*file), Span::at(source.text().len() as u32), text, "add the patterns to .dockerignore")
        }
        IgnoreInput::Unknown => return finding,
    };
    let edits = vec![FileEdit { target, span, text }];
    finding.fixes.push(Fix { title: title.to_owned(), safety, edits });
    finding
}

/// Why a pattern may not be added: a step of this build, or of one with the same .dockerignore, takes such a file by name.
fn needed_by(cx: &Context, pattern: &str) -> Option<String> {
    let context = cx.context()?;
    let says = |build: &Build, file: &str| {
        let TakenFile { path, line, keyword } = build.taken_by_name(context, pattern)?;
        let name = build.input().file.source().name();
        let place = if file == name { format!("line {line}") } else { format!("{name}:{line}") };
        let why = format!("not excluded by a fix: the {} of {place} takes `{path}`", keyword.as_str());
        Some(why)
    };
    let file = cx.source().name();
    says(cx.build(), file).or_else(|| cx.ask_neighbours(format!("takes {pattern} by name"), |other| says(other, "")))
}
