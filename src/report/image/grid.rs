//! Columns of text: as wide as what is in them, the flexible ones cut to what is left of the line.

use crate::report::layout::{Layout, Tone, clean, cut, cut_path, width};

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// Numbers: on the right.
    Right,
    /// Words: on the left, whole.
    Left,
    /// Words of any length: their end is cut.
    Words,
    /// Paths of any length: their start is cut.
    Path,
}

/// What stands in a cell.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    text: String,
    tone: Tone,
}

/// A cell with something in it; what would move a cursor is taken out.
pub(super) fn cell(text: impl AsRef<str>, tone: Tone) -> Cell {
    Cell { text: clean(text.as_ref()).into_owned(), tone }
}

/// A cell in the ordinary tone.
pub(super) fn plain(text: impl AsRef<str>) -> Cell {
    cell(text, Tone::Plain)
}

/// Columns that a flexible column has at least.
const LEAST: usize = 10;
/// Blanks between two columns.
const GAP: usize = 2;

/// The rows under each other. Columns with nothing in them are left out.
pub(super) fn grid(columns: &[Column], rows: &[Vec<Cell>], layout: Layout, indent: usize) -> String {
    let mut widths: Vec<usize> = (0..columns.len())
        .map(|at| rows.iter().filter_map(|row| row.get(at)).map(|cell| width(&cell.text)).max().unwrap_or(0))
        .collect();
    let shown = |widths: &[usize]| widths.iter().filter(|width| **width > 0).count();
    let room = layout.columns().saturating_sub(indent + GAP * shown(&widths).saturating_sub(1));
    // The widest flexible column gives first.
    let flexible = |at: &usize| matches!(columns[*at], Column::Words | Column::Path);
    while widths.iter().sum::<usize>() > room {
        let widest = (0..columns.len()).filter(flexible).filter(|at| widths[*at] > LEAST).max_by_key(|at| widths[*at]);
        let Some(widest) = widest else { break };
        widths[widest] -= 1;
    }
    let mut out = String::new();
    for row in rows {
        let mut line = " ".repeat(indent);
        let mut blanks = 0;
        for (at, column) in columns.iter().enumerate().filter(|(at, _)| widths[*at] > 0) {
            let empty = plain("");
            let cell = row.get(at).unwrap_or(&empty);
            let text = match column {
                Column::Right | Column::Left => cell.text.as_str().into(),
                Column::Words => cut(&cell.text, widths[at]),
                Column::Path => cut_path(&cell.text, widths[at]),
            };
            let rest = widths[at].saturating_sub(width(&text));
            let (before, after) = if *column == Column::Right { (rest, 0) } else { (0, rest) };
            if text.is_empty() {
                blanks += widths[at] + GAP;
                continue;
            }
            line.push_str(&" ".repeat(blanks + before));
            line.push_str(&layout.paint(cell.tone, &text));
            blanks = after + GAP;
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fit_the_line() {
        let layout = Layout { width: Some(30), colour: false };
        let columns = [Column::Right, Column::Left, Column::Path, Column::Words];
        let row = |a: &str, c: &str, d: &str| vec![plain(a), plain(""), plain(c), plain(d)];
        let rows = [row("1 MB", "/usr/lib/x/y/z", "deleted later on"), row("12 kB", "", "short\u{1b}[2J")];
        let expected = "  1 MB  …lib/x/y/z  deleted l…\n 12 kB              short␛[2J\n";
        assert_eq!(grid(&columns, &rows, layout, 1), expected);
    }
}
