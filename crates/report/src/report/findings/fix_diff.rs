//! What a fix changes, as a diff of a few lines.

use crate::audit::Report;
use crate::finding::{FileEdit, Fix, Mask, Target};
use crate::fix::Change;
use crate::report::layout::Layout;
use crate::report::patch;
use crate::text::{Source, Span};

/// Lines that are shown around those that a fix changes.
const AROUND: u32 = 2;

/// Lines from the first to the last that a fix changes.
const MOST_LINES: u32 = 60;

/// Bytes of the diff of a fix.
const LONGEST_DIFF: usize = 4_000;

/// The lines that a fix changes, file by file; none where they are many.
pub(super) fn fix_diff(report: &Report, fix: &Fix) -> Option<String> {
    let mut diff = String::new();
    for edits in fix.edits.chunk_by(|a, b| a.target == b.target) {
        let first = edits.first()?;
        let (name, before, after) = match &first.target {
            Target::File(file) => {
                let source = report.sources.get(file.0 as usize)?;
                let window = edited_lines(source, edits)?;
                let text = source.slice(window).to_owned();
                let mut after = text.clone();
                let mut edits: Vec<&FileEdit> = edits.iter().collect();
                edits.sort_by_key(|edit| std::cmp::Reverse((edit.span.start, edit.span.end)));
                for edit in edits {
                    let range = edit.span.start.checked_sub(window.start)?..edit.span.end.checked_sub(window.start)?;
                    after.get(range.start as usize..range.end as usize)?;
                    after.replace_range(range.start as usize..range.end as usize, &edit.text);
                }
                (format!("{}:{}", source.name(), source.line(window.start)), Some(text.into_bytes()), after)
            }
            Target::New(name) => (name.clone(), None, edits.iter().map(|edit| edit.text.as_str()).collect()),
        };
        let change = Change { name: name.clone(), target: first.target.clone(), before, after: after.into_bytes() };
        let bytes = patch::diff_of_file(&change, &Mask::default(), Layout::PLAIN);
        // Its head has names and numbers of a file that begins with these lines.
        let text = String::from_utf8_lossy(&bytes);
        diff.push_str(&format!("@@ {name} @@\n"));
        diff.extend(text.lines().filter(|line| !line.starts_with("@@")).skip(2).map(|line| format!("{line}\n")));
    }
    (!diff.is_empty() && diff.len() <= LONGEST_DIFF).then_some(diff)
}

/// The lines of edits with some around them.
fn edited_lines(source: &Source, edits: &[FileEdit]) -> Option<Span> {
    let first = edits.iter().map(|edit| source.line(edit.span.start)).min()?;
    let last = edits.iter().map(|edit| source.line(edit.span.end)).max()?;
    let end = source.line_span((last + AROUND).min(source.line(source.text().len() as u32)));
    let start = source.line_span(first.saturating_sub(AROUND).max(1)).start;
    (last - first <= MOST_LINES).then_some(Span::new(start, end.end))
}
