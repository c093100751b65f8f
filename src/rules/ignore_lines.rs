//! Edits of .dockerignore: lines that exclude paths from the context.

use super::Context;
use crate::finding::{FileEdit, Finding, Fix, Safety, Target};
use crate::inputs::IgnoreInput;
use crate::text::Span;

/// The finding with an edit that adds `patterns` to the effective .dockerignore, or creates one; no edit if it is
/// unknown which file that is.
pub(super) fn with_lines(cx: &Context, patterns: &[String], safety: Safety, mut finding: Finding) -> Finding {
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
