//! Columns of text: as wide as what is in them, the flexible ones cut or wrapped to what is left of the line.

use std::borrow::Cow;

use super::layout::{Layout, TextStyle, clean, cut, cut_path, width, wrap};

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
    /// Words of any length, on as many lines as they take; one column of a grid at most.
    Wrapped,
}

/// What stands in a cell.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) text: String,
    tone: TextStyle,
    /// Bytes at the end of the text that are of little weight.
    tail: usize,
}

/// A cell with something in it; what would move a cursor is taken out.
pub(super) fn cell(text: impl AsRef<str>, tone: TextStyle) -> Cell {
    Cell { text: clean(text.as_ref()).into_owned(), tone, tail: 0 }
}

/// A cell in the ordinary tone.
pub(super) fn plain(text: impl AsRef<str>) -> Cell {
    cell(text, TextStyle::Plain)
}

impl Cell {
    /// With an end of little weight, which has nothing in it that moves a cursor.
    pub(super) fn with_tail(mut self, tail: &str) -> Self {
        self.text.push_str(tail);
        self.tail = tail.len();
        self
    }

    /// What is shown of the text, in its tones.
    pub(super) fn paint(&self, shown_text: &str, layout: Layout) -> String {
        let tail = &self.text[self.text.len() - self.tail..];
        match shown_text.strip_suffix(tail) {
            Some(text) => format!("{}{}", layout.paint(self.tone, text), layout.paint(TextStyle::Dim, tail)),
            None => layout.paint(self.tone, shown_text),
        }
    }
}

/// Columns that a flexible column has at least.
const LEAST: usize = 10;
/// Columns that a wrapped column keeps beside others that are not cut.
const LEAST_WRAPPED: usize = 40;
/// Blanks between two columns.
const GAP: usize = 2;

/// Rows under each other. Columns with nothing in them are left out.
pub(super) struct Grid<'a> {
    pub(super) columns: &'a [Column],
    /// What stands above the columns; nothing where they have no heads.
    pub(super) head: &'a [&'a str],
    pub(super) rows: &'a [Vec<Cell>],
    /// Blanks before each line.
    pub(super) indent: usize,
}

/// Rows without heads.
pub(super) fn grid(columns: &[Column], rows: &[Vec<Cell>], layout: Layout, indent: usize) -> String {
    Grid { columns, head: &[], rows, indent }.write(layout)
}

impl Grid<'_> {
    /// Columns that each takes; none where no row has anything in it.
    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for at in 0..self.columns.len() {
            let cells = self.rows.iter().filter_map(|row| row.get(at));
            let widest = cells.map(|cell| width(&cell.text)).max().unwrap_or(0);
            let head = self.head.get(at).map_or(0, |head| width(head));
            widths.push(if widest == 0 { 0 } else { widest.max(head) });
        }
        widths
    }

    /// Columns of a line, with a gap after each column.
    fn line_width(&self, widths: &[usize]) -> usize {
        self.indent + widths.iter().filter(|width| **width > 0).map(|width| width + GAP).sum::<usize>()
    }

    /// Columns that are left for one column beside the others.
    pub(super) fn room_of(&self, at: usize, layout: Layout) -> usize {
        let mut widths = self.widths();
        widths[at] = 0;
        layout.columns().saturating_sub(self.line_width(&widths))
    }

    /// All lines.
    pub(super) fn write(&self, layout: Layout) -> String {
        let mut widths = self.widths();
        // Where nobody sees the rest, nothing is cut, only wrapped.
        let is_whole = layout.width.is_none();
        let flexible = |at: &usize| match self.columns[*at] {
            Column::Words | Column::Path => !is_whole,
            Column::Wrapped => true,
            Column::Left | Column::Right => false,
        };
        let least = if is_whole { LEAST_WRAPPED } else { LEAST };
        // Words give before paths, and the widest column first.
        while self.line_width(&widths) > layout.columns() + GAP {
            let wide = (0..widths.len()).filter(flexible).filter(|at| widths[*at] > least);
            let Some(widest) = wide.max_by_key(|at| (self.columns[*at] == Column::Words, widths[*at])) else { break };
            widths[widest] -= 1;
        }
        if !is_whole && self.line_width(&widths) > layout.columns() + GAP {
            return self.write_blocks(layout);
        }
        let mut out = String::new();
        if !self.head.is_empty() && !self.rows.is_empty() {
            let head: Vec<Cell> = self.head.iter().map(plain).collect();
            let lines = self.lines(&head, &widths, Layout::PLAIN);
            out.push_str(&format!("{}\n", layout.paint(TextStyle::Dim, &lines.join("\n"))));
        }
        for row in self.rows {
            for line in self.lines(row, &widths, layout) {
                out.push_str(&line);
                out.push('\n');
            }
        }
        out
    }

    /// The cells of each row one after the other: a terminal that is too narrow for columns.
    fn write_blocks(&self, layout: Layout) -> String {
        let mut out = String::new();
        for row in self.rows {
            let texts: Vec<&str> = row.iter().map(|cell| cell.text.trim()).filter(|text| !text.is_empty()).collect();
            for (number, line) in wrap(&texts.join("  "), layout.columns() - self.indent - GAP).iter().enumerate() {
                let indent = self.indent + if number == 0 { 0 } else { GAP };
                out.push_str(&format!("{}{}\n", " ".repeat(indent), line.trim()));
            }
        }
        out
    }

    /// The lines of a row; those after the first have only what is wrapped.
    fn lines(&self, row: &[Cell], widths: &[usize], layout: Layout) -> Vec<String> {
        let mut texts = Vec::new();
        for ((column, cell), columns) in self.columns.iter().zip(row).zip(widths) {
            texts.push(match column {
                _ if *columns == 0 => Vec::new(),
                Column::Right | Column::Left => vec![Cow::Borrowed(cell.text.as_str())],
                Column::Words => vec![cut(&cell.text, *columns)],
                Column::Path => vec![cut_path(&cell.text, *columns)],
                Column::Wrapped => wrap(&cell.text, *columns).into_iter().map(Cow::Owned).collect(),
            });
        }
        let count = texts.iter().map(Vec::len).max().unwrap_or(1);
        (0..count).map(|number| self.line(row, &texts, number, widths, layout)).collect()
    }

    fn line(&self, row: &[Cell], texts: &[Vec<Cow<str>>], number: usize, widths: &[usize], layout: Layout) -> String {
        let mut line = " ".repeat(self.indent);
        let mut blanks = 0;
        for (at, column) in self.columns.iter().enumerate().filter(|(at, _)| widths[*at] > 0) {
            let text = texts.get(at).and_then(|lines| lines.get(number)).map_or("", |text| text);
            if text.is_empty() {
                blanks += widths[at] + GAP;
                continue;
            }
            let rest = widths[at].saturating_sub(width(text));
            let (before, after) = if *column == Column::Right { (rest, 0) } else { (0, rest) };
            line.push_str(&" ".repeat(blanks + before));
            line.push_str(&row[at].paint(text, layout));
            blanks = after + GAP;
        }
        line.truncate(line.trim_end().len());
        line
    }
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

    #[test]
    fn nothing_is_cut_where_no_terminal_is() {
        let path = "a/".repeat(90);
        let rows = [vec![plain(&path), plain("words ".repeat(30))]];
        let text = grid(&[Column::Path, Column::Words], &rows, Layout::PLAIN, 1);
        assert!(text.contains(&path) && !text.contains('…') && text.lines().count() == 1, "{text}");
        let text = grid(&[Column::Path, Column::Wrapped], &rows, Layout::PLAIN, 1);
        assert!(text.contains(&path) && !text.contains('…') && text.lines().count() == 5, "{text}");
    }

    #[test]
    fn a_line_that_is_too_narrow_for_columns_has_them_one_after_the_other() {
        let layout = Layout { width: Some(20), colour: false };
        let rows = [vec![plain("12 files"), plain("300 MB on disk"), plain("safe")]];
        assert_eq!(grid(&[Column::Left; 3], &rows, layout, 2), "  12 files  300 MB\n    on disk  safe\n");
    }

    #[test]
    fn wrapped_text_stays_in_its_column() {
        let layout = Layout { width: Some(30), colour: false };
        let rows = [vec![plain("7"), plain("the cache stays ").with_tail("[rule]"), plain("1 MB")]];
        let grid = Grid {
            columns: &[Column::Left, Column::Wrapped, Column::Right],
            head: &["line", "", "costs"],
            rows: &rows,
            indent: 2,
        };
        assert_eq!(grid.room_of(1, layout), 15);
        assert_eq!(
            grid.write(layout),
            "  line                   costs\n  7     the cache stays   1 MB\n        [rule]\n"
        );
        assert!(grid.write(Layout { colour: true, ..layout }).contains("\u{1b}[2m[rule]"), "{}", grid.write(layout));
    }
}
