//! Traps at the top of a file: directives that one reader or both don't see, and options that are cut.

use crate::dockerfile::check::CheckOptions;
use crate::dockerfile::directive::match_assignment;
use crate::dockerfile::syntax::{DirectiveName, File, LineKind, ProblemKind, SyntaxProblem};
use crate::text::Span;

/// Looks at the comments before the first instruction, and at inline checks.
pub(in crate::dockerfile) fn check_directives(file: &mut File) {
    let mut problems = Vec::new();
    check_indented(file, &mut problems);
    check_comments(file, &mut problems);
    let directives = file.directives.iter().filter(|directive| directive.name == DirectiveName::Check);
    for directive in directives {
        check_cut(directive.value, file.source.slice(directive.value), &mut problems);
    }
    for &comment in file.instructions.iter().flat_map(|instruction| &instruction.comments) {
        let text = file.logical(comment);
        if let Some((name, value)) = match_assignment(text)
            && name.eq_ignore_ascii_case("check")
            && CheckOptions::parse(&text[value.clone()]).is_ok()
        {
            let start = comment.start + value.start as u32;
            let span = file.locate(Span::new(start, start + value.len() as u32));
            check_cut(span, &text[value], &mut problems);
        }
    }
    file.problems.append(&mut problems);
}

/// The separate look-up takes no indented `syntax` and `check`, though the parser does.
fn check_indented(file: &File, problems: &mut Vec<SyntaxProblem>) {
    for directive in &file.directives {
        let line = file.source.line_span(file.source.line(directive.span.start));
        let is_indented = file.source.slice(line).starts_with(|c: char| c.is_whitespace());
        if is_indented && directive.name != DirectiveName::Escape {
            problems.push(SyntaxProblem {
                kind: ProblemKind::DirectiveIndented,
                span: directive.span,
                message: format!("BuildKit ignores an indented `{}` directive", directive.name.as_str()),
                help: Some("remove the whitespace before `#`".into()),
            });
        }
    }
}

fn check_comments(file: &File, problems: &mut Vec<SyntaxProblem>) {
    let mut is_top = true;
    for line in &file.lines {
        match line.kind {
            LineKind::Directive => continue,
            LineKind::Blank => {
                is_top = false;
                continue;
            }
            LineKind::Comment => {}
            _ => break,
        }
        let is_first_other = std::mem::replace(&mut is_top, false);
        let text = file.source.slice(line.span);
        let Some(hash) = text.find('#') else { continue };
        let Some((name, value)) = match_assignment(&text[hash + 1..]) else { continue };
        let at = line.span.start + hash as u32;
        let value_span = Span::new(at + 1 + value.start as u32, at + 1 + value.end as u32);
        let span = Span::new(at, value_span.end);
        let value = &text[hash + 1..][value];
        if is_first_other && let Some(known) = misspelt(name, value) {
            problems.push(SyntaxProblem {
                kind: ProblemKind::DirectiveMisspelt,
                span,
                message: format!("`{name}` is not a directive, so this is a comment"),
                help: Some(format!("did you mean `{known}`?")),
            });
        } else if !is_first_other && is_late(name, value) && !is_found(file, value_span) {
            problems.push(SyntaxProblem {
                kind: ProblemKind::DirectiveLate,
                span,
                message: format!("the `{}` directive comes too late, so this is a comment", name.to_lowercase()),
                help: Some("move it to the top, above comments and blank lines".into()),
            });
        }
    }
}

/// Whether the look-up finds this `syntax` all the same, as below a line that begins with `#!`.
fn is_found(file: &File, value: Span) -> bool {
    file.syntax().and_then(|syntax| syntax.written) == Some(value)
}

fn misspelt(name: &str, value: &str) -> Option<&'static str> {
    // None of them is longer than `syntax`.
    if name.len() > 16 {
        return None;
    }
    let lower = name.to_lowercase();
    let known = [DirectiveName::Syntax, DirectiveName::Escape, DirectiveName::Check].map(DirectiveName::as_str);
    let near = known.into_iter().find(|known| *known != lower && strsim::osa_distance(&lower, known) <= 1)?;
    fits(near, value).then_some(near)
}

fn is_late(name: &str, value: &str) -> bool {
    // A late `check` is an inline comment for the instruction below.
    let lower = name.to_lowercase();
    lower != "check" && fits(&lower, value)
}

/// Whether a value is one that the directive takes.
fn fits(name: &str, value: &str) -> bool {
    match name {
        "escape" => matches!(value, "`" | "\\"),
        "syntax" => !value.contains(char::is_whitespace) && value.contains('/'),
        "check" => value.contains('=') && CheckOptions::parse(value).is_ok(),
        _ => false,
    }
}

/// The value up to its first space counts: a reason may follow, options may not.
fn check_cut(span: Span, value: &str, problems: &mut Vec<SyntaxProblem>) {
    let Some((value_read, lost)) = value.split_once(' ') else { return };
    let is_cut = value_read.ends_with([',', ';', '=']) || lost.trim_start().starts_with([',', ';', '=']);
    if is_cut {
        let start = span.start + value_read.len() as u32;
        problems.push(SyntaxProblem {
            kind: ProblemKind::CheckCut,
            span: Span::new(start, span.end),
            message: format!("BuildKit reads only `{value_read}`, up to the first space"),
            help: Some("write the options without spaces".into()),
        });
    }
}
