//! Edits of .dockerignore: the lines that leave something out of the context.

use super::Context;
use crate::finding::{FileEdit, Finding, Fix, Safety, Target};
use crate::inputs::IgnoreInput;
use crate::text::Span;

/// The finding with an edit that adds `patterns` to the .dockerignore in force, or writes one; none where nobody knows
/// which that is.
pub(super) fn with_lines(cx: &Context, patterns: &[String], safety: Safety, mut finding: Finding) -> Finding {
    if patterns.is_empty() {
        return finding;
    }
    let (target, span, text, title) = match cx.ignore() {
        IgnoreInput::Missing(path) => {
            (Target::New(path.clone()), Span::at(0), patterns.join("\n") + "\n", "write a .dockerignore")
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
