//! See `rules/ignored-copy-source.md`.

use super::Context;
use crate::build::Transfer;
use crate::finding::{FileEdit, Finding, Findings, Fix, Safety, Target};
use crate::ignore::{IgnoreFile, MatchedPatterns, Matcher, clean, has_wildcard};
use crate::inputs::IgnoreInput;
use crate::inputs::context::SourceOutcome;
use crate::text::{FileId, Span};

super::rule!("ignored-copy-source", check);

fn check(cx: &Context, out: &mut Findings) {
    let IgnoreInput::Present(file, ignore) = cx.ignore() else { return };
    if ignore.error().is_some() {
        return;
    }
    let matcher = ignore.matcher();
    for (_, transfer) in cx.build().all_transfers().filter(|(_, transfer)| transfer.from.is_none()) {
        out_of(cx, (*file, ignore, &matcher), transfer, out);
    }
}

fn out_of(cx: &Context, by: (FileId, &IgnoreFile, &Matcher), transfer: &Transfer, out: &mut Findings) {
    let (file, ignore, matcher) = by;
    let selected = cx.context().map(|context| transfer.select(context));
    for (at, source) in transfer.sources.iter().enumerate().filter(|(_, source)| !source.is_remote()) {
        let Some(text) = &source.text else { continue };
        let warned = matcher.warns_of(text).ok().flatten();
        let decided = match selected.as_ref().map(|selected| selected.get(at).and_then(Option::as_ref)) {
            Some(Some(selection)) => match &selection.outcome {
                SourceOutcome::Missing(Some(excluded)) if !comes_back(matcher, text) => Some(excluded.pattern as usize),
                _ => None,
            },
            Some(None) => None,
            None => surely(matcher, text),
        };
        let Some(pattern) = warned.or(decided) else { continue };
        let Some(pattern) = ignore.patterns.get(pattern) else { continue };
        let sources = cx.inputs().source(file);
        let line = sources.line(pattern.span.start);
        let message =
            format!("`{text}` is excluded by {} line {line} (`{}`)", sources.name(), sources.slice(pattern.span));
        let mut finding = cx.finding(source.span, message);
        if warned.is_none() {
            finding = finding.without("CopyIgnoredFile");
        }
        out.push(with_fix(cx, finding, file, text));
    }
}

/// Whether an exception includes a path again: if it is still missing, there is no such file.
fn comes_back(matcher: &Matcher, text: &str) -> bool {
    let path = clean(text);
    let path = path.trim_matches('/');
    let mut above = MatchedPatterns::default();
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    for end in ends {
        let Ok(verdict) = matcher.decide(&path[..end], &above) else { return false };
        if verdict.excluded && (end == path.len() || matcher.prunes(&path[..end])) {
            return false;
        }
        above = verdict.inherited;
    }
    !path.is_empty() && !has_wildcard(path)
}

/// The pattern that excludes a path, whatever is below it.
fn surely(matcher: &Matcher, text: &str) -> Option<usize> {
    let path = clean(text);
    let path = path.trim_matches('/');
    if path == "." || path.is_empty() || has_wildcard(path) {
        return None;
    }
    // Like a walk of the context: everything below a folder that it does not enter is excluded too.
    let mut above = MatchedPatterns::default();
    let ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at).chain([path.len()]).collect();
    for end in ends {
        let verdict = matcher.decide(&path[..end], &above).ok()?;
        let pruned = verdict.excluded && (!matcher.has_exceptions() || matcher.prunes(&path[..end]));
        if pruned {
            return verdict.decided_by;
        }
        above = verdict.inherited;
    }
    None
}

fn with_fix(cx: &Context, finding: Finding, file: FileId, text: &str) -> Finding {
    let path = clean(text);
    let path = path.trim_matches('/');
    if path == "." || path.is_empty() {
        return finding.help("exclude less in .dockerignore");
    }
    let line = format!("!{path}");
    let finding = finding.help(format!("add the exception `{line}` to .dockerignore"));
    let source = cx.inputs().source(file);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
    if !path.bytes().all(plain) || !source.is_exact(Span::new(0, source.text().len() as u32)) {
        return finding;
    }
    let end = super::line_edits::line_end(source);
    let gap = if source.text().is_empty() || source.text().ends_with('\n') { "" } else { end };
    let edit = FileEdit {
        target: Target::File(file),
        span: Span::at(source.text().len() as u32),
        text: format!("{gap}{line}{end}"),
    };
    let why = "what the line excludes may be a secret, or large".to_owned();
    let mut finding = finding;
    finding.fixes.push(Fix { title: format!("add `{line}`"), safety: Safety::Unsafe(why), edits: vec![edit] });
    finding
}
