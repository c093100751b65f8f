//! Columns of text: as wide as what is in them, the flexible ones cut or wrapped to what is left of the line.

use std::borrow::Cow;

use crate::report::layout::{Layout, clean, cut, cut_path, push, width, wrap};
use crate::report::page::{Cards, Column, Table, Text, TextKind, Tone};

/// Columns that a flexible column has at least.
const LEAST: usize = 10;
/// Columns that a wrapped column keeps beside others that are not cut.
const LEAST_WRAPPED: usize = 40;
/// Blanks between two columns.
const GAP: usize = 2;
/// What stands in a cell that has nothing to say.
const NOTHING: &str = "–";

/// A text without what would move a cursor, and its stretches.
pub(super) struct LineText<'t> {
    text: String,
    stretches: Vec<Stretch<'t>>,
}

/// A part of a text in one tone.
struct Stretch<'t> {
    /// Where it ends in the text, in bytes.
    end: usize,
    tone: Tone,
    /// Where it leads.
    url: Option<&'t str>,
}

impl Stretch<'_> {
    fn paint(&self, text: &str, layout: Layout) -> String {
        let painted = layout.paint(self.tone, text);
        match self.url {
            Some(url) => layout.link(url, painted),
            None => painted,
        }
    }
}

impl<'t> LineText<'t> {
    pub(super) fn new(text: &'t Text) -> Self {
        let mut line_text = Self { text: String::new(), stretches: Vec::with_capacity(text.parts.len()) };
        for part in &text.parts {
            line_text.text.push_str(&clean(&part.text));
            let end = line_text.text.len();
            let url = match &part.kind {
                TextKind::Link(url) => Some(url.as_str()),
                _ => None,
            };
            match line_text.stretches.last_mut() {
                Some(last) if last.tone == part.tone && last.url == url => last.end = end,
                _ => line_text.stretches.push(Stretch { end, tone: part.tone, url }),
            }
        }
        line_text
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn paint_all(&self, layout: Layout) -> String {
        self.paint(0, &self.text, layout)
    }

    /// Lines of the text, one after the other, in its tones.
    pub(super) fn paint_lines(&self, lines: &[impl AsRef<str>], layout: Layout) -> Vec<String> {
        let mut end = 0;
        let mut painted = Vec::with_capacity(lines.len());
        for line in lines {
            let line = line.as_ref();
            let start = self.text[end..].find(line).map_or(end, |at| end + at);
            painted.push(self.paint(start, line, layout));
            end = (start + line.len()).min(self.text.len());
        }
        painted
    }

    /// A text whose start or end is cut, in its tones.
    fn paint_cut(&self, visible_text: &str, layout: Layout) -> String {
        let kept_end = visible_text.strip_prefix('…').filter(|end| self.text.ends_with(end));
        match kept_end {
            Some(end) if visible_text.len() != self.text.len() => {
                let start = self.text.len() - end.len();
                format!("{}{}", layout.paint(self.tone_at(start), "…"), self.paint(start, end, layout))
            }
            _ => self.paint(0, visible_text, layout),
        }
    }

    /// `stretch` stands in the text at `start`, but for a mark at its end.
    fn paint(&self, start: usize, stretch: &str, layout: Layout) -> String {
        let mut out = String::new();
        let mut at = 0;
        for (index, style) in self.stretches.iter().enumerate() {
            let is_last = index + 1 == self.stretches.len();
            let to = if is_last { stretch.len() } else { style.end.saturating_sub(start).min(stretch.len()) };
            let to = stretch.floor_char_boundary(to);
            if to > at {
                out.push_str(&style.paint(&stretch[at..to], layout));
                at = to;
            }
        }
        out
    }

    fn tone_at(&self, at: usize) -> Tone {
        self.stretches.iter().find(|stretch| stretch.end > at).map_or(Tone::Plain, |stretch| stretch.tone)
    }
}

/// The rows as lines; `indent` blanks stand before each.
pub(in crate::report) fn table(table: &Table, indent: usize, layout: Layout) -> String {
    let rows: Vec<Vec<LineText<'_>>> = table.rows.iter().map(|row| row.iter().map(LineText::new).collect()).collect();
    let head: &[String] = if table.hides_head { &[] } else { &table.head };
    let mut writer = TableWriter { table, columns: table.columns.clone(), head, rows: &rows, indent };
    writer.place_words(layout);
    let mut out = writer.write(layout);
    if table.hidden > 0 {
        let option = if table.is_final { "" } else { " (--all)" };
        out.push_str(&format!("{:indent$}… {} more{option}\n", "", table.hidden));
    }
    out
}

struct TableWriter<'t> {
    table: &'t Table,
    /// Those of the table; words that may stand beside a row or below it are either.
    columns: Vec<Column>,
    head: &'t [String],
    rows: &'t [Vec<LineText<'t>>],
    indent: usize,
}

impl TableWriter<'_> {
    /// Columns that each takes; none where no row has anything in it.
    fn widths(&self, layout: Layout) -> Vec<usize> {
        let columns = layout.columns();
        let mut widths = Vec::new();
        for at in 0..self.columns.len() {
            let is_spare = self.table.spare.iter().any(|(column, least)| *column == at && columns < *least);
            if is_spare || self.columns[at] == Column::Below {
                widths.push(0);
                continue;
            }
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

    /// Puts words that may stand beside a row or below it where there is room for them.
    fn place_words(&mut self, layout: Layout) {
        let Some(at) = self.columns.iter().position(|column| *column == Column::WrappedOrBelow) else { return };
        let is_beside = layout.width.is_none() || self.room_of(at, layout) >= LEAST_WRAPPED + GAP;
        self.columns[at] = if is_beside { Column::Wrapped } else { Column::Below };
    }

    /// Columns that are left for one column beside the others.
    fn room_of(&self, at: usize, layout: Layout) -> usize {
        let mut widths = self.widths(layout);
        widths[at] = 0;
        layout.columns().saturating_sub(self.line_width(&widths))
    }

    /// All lines.
    fn write(&self, layout: Layout) -> String {
        if let Some(cards) = self.table.cards
            && self.room_of(cards.main, layout) < cards.least
        {
            return self.write_cards(cards, layout);
        }
        let mut widths = self.widths(layout);
        // Where nobody sees the rest, nothing is cut, only wrapped.
        let is_whole = layout.width.is_none();
        let flexible = |at: &usize| match self.columns[*at] {
            Column::Words | Column::Path => !is_whole,
            Column::Wrapped | Column::WrappedOrBelow => true,
            Column::Left | Column::Right | Column::Below => false,
        };
        let least = if is_whole { LEAST_WRAPPED } else { LEAST };
        // Words give before paths, and the widest column first.
        while self.line_width(&widths) > layout.columns() + GAP {
            let wide = (0..widths.len()).filter(flexible).filter(|at| widths[*at] > least);
            let widest = wide.max_by_key(|at| (self.columns[*at] == Column::Words, widths[*at]));
            let Some(widest) = widest else { break };
            widths[widest] -= 1;
        }
        if !is_whole && self.line_width(&widths) > layout.columns() + GAP {
            return self.write_blocks(layout);
        }
        let mut out = String::new();
        if !self.head.is_empty() && !self.rows.is_empty() {
            let columns = self.head.iter().zip(&self.columns);
            let is_above = |column: &Column| *column != Column::Below;
            let head = columns.map(|(head, column)| if is_above(column) { head.as_str() } else { "" });
            let head: Vec<Text> = head.map(Text::from).collect();
            let head: Vec<LineText> = head.iter().map(LineText::new).collect();
            let lines = self.lines(&head, &widths, Layout::PLAIN);
            out.push_str(&format!("{}\n", layout.paint(Tone::Dim, &lines.join("\n"))));
        }
        for (number, row) in self.rows.iter().enumerate() {
            for (_, heading) in self.table.groups.iter().filter(|(at, _)| *at == number) {
                push(&mut out, heading, self.indent.saturating_sub(1), layout, Tone::Dim);
            }
            for line in self.lines(row, &widths, layout) {
                out.push_str(&line);
                out.push('\n');
            }
        }
        out
    }

    /// Each row as a block: what stands before the main cell and the cell, below it the others.
    fn write_cards(&self, cards: Cards, layout: Layout) -> String {
        let indent = " ".repeat(self.indent);
        let room = layout.columns().saturating_sub(self.indent + GAP);
        let mut out = String::new();
        for row in self.rows {
            let text = |at: usize| self.card_text(cards, row, at);
            let mut main = LineText { text: String::new(), stretches: Vec::new() };
            for before in (0..cards.main).map(text).filter(|before| !before.is_empty()) {
                main.text.push_str(&format!("{before}: "));
            }
            let start = main.text.len();
            if let Some(cell) = row.get(cards.main) {
                main.text.push_str(&cell.text);
                main.stretches.extend(cell.stretches.iter().map(|part| Stretch { end: start + part.end, ..*part }));
            }
            for (number, line) in main.paint_lines(&wrap(&main.text, room), layout).iter().enumerate() {
                out.push_str(&format!("{indent}{:1$}{line}\n", "", if number == 0 { 0 } else { GAP }));
            }
            let facts: Vec<String> = (cards.main + 1..row.len()).map(text).filter(|fact| !fact.is_empty()).collect();
            if facts.is_empty() {
                continue;
            }
            for line in wrap(&facts.join(", "), room) {
                out.push_str(&format!("{indent}{:GAP$}{}\n", "", layout.paint(Tone::Dim, &line)));
            }
        }
        out
    }

    /// A cell beside the main one, with its head where that is needed to understand it.
    fn card_text(&self, cards: Cards, row: &[LineText], at: usize) -> String {
        let text = row.get(at).map_or("", |cell| cell.text.as_str());
        if text.is_empty() || text == NOTHING {
            return String::new();
        }
        let colon = if at < cards.main { "" } else { ":" };
        match self.head.get(at) {
            Some(head) if cards.labels.contains(&at) => format!("{head}{colon} {text}"),
            _ => text.to_owned(),
        }
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
    fn lines(&self, row: &[LineText], widths: &[usize], layout: Layout) -> Vec<String> {
        let mut cells = Vec::new();
        for ((column, cell), columns) in self.columns.iter().zip(row).zip(widths) {
            let texts: Vec<Cow<str>> = match column {
                _ if *columns == 0 || cell.text.is_empty() => Vec::new(),
                Column::Right | Column::Left => vec![Cow::Borrowed(cell.text.as_str())],
                Column::Words => vec![cut(&cell.text, *columns)],
                Column::Path => vec![cut_path(&cell.text, *columns)],
                Column::Wrapped | Column::WrappedOrBelow => {
                    wrap(&cell.text, *columns).into_iter().map(Cow::Owned).collect()
                }
                Column::Below => Vec::new(),
            };
            let painted = if *column == Column::Wrapped {
                cell.paint_lines(&texts, layout)
            } else {
                texts.iter().map(|text| cell.paint_cut(text, layout)).collect()
            };
            cells.push(texts.iter().map(|text| width(text)).zip(painted).collect());
        }
        let count = cells.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let lines = (0..count).map(|number| self.line(&cells, number, widths));
        lines.chain(self.lines_below(row, widths, layout)).collect()
    }

    /// What stands below a row.
    fn lines_below(&self, row: &[LineText], widths: &[usize], layout: Layout) -> Vec<String> {
        let mut visible = self.columns.iter().zip(widths).filter(|(_, width)| **width > 0);
        let indent = match visible.next() {
            // A long first column is a name, and no number or place before it.
            Some((Column::Words | Column::Wrapped, _)) | None => self.indent + GAP,
            Some((_, width)) => self.indent + width + GAP,
        };
        let mut lines = Vec::new();
        for (column, cell) in self.columns.iter().zip(row) {
            if *column == Column::Below && !cell.text.is_empty() {
                let texts = wrap(&cell.text, layout.columns().saturating_sub(indent));
                lines.extend(cell.paint_lines(&texts, layout).iter().map(|line| format!("{:indent$}{line}", "")));
            }
        }
        lines
    }

    /// A line of a row: of each cell the width and the painted text.
    fn line(&self, cells: &[Vec<(usize, String)>], number: usize, widths: &[usize]) -> String {
        let mut line = " ".repeat(self.indent);
        let mut blanks = 0;
        for (at, column) in self.columns.iter().enumerate().filter(|(at, _)| widths[*at] > 0) {
            let Some((columns, text)) = cells.get(at).and_then(|lines| lines.get(number)) else {
                blanks += widths[at] + GAP;
                continue;
            };
            let rest = widths[at].saturating_sub(*columns);
            let (before, after) = if *column == Column::Right { (rest, 0) } else { (0, rest) };
            line.push_str(&" ".repeat(blanks + before));
            line.push_str(text);
            blanks = after + GAP;
        }
        line.truncate(line.trim_end().len());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::plain;

    fn grid(columns: &[Column], rows: &[Vec<Text>], layout: Layout, indent: usize) -> String {
        table(&Table::new(columns, rows.to_vec()), indent, layout)
    }

    #[test]
    fn columns_fit_the_line() {
        let layout = Layout { width: Some(30), colour: false, links: false };
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
    fn words_about_a_row_stand_below_it() {
        let layout = Layout { width: Some(30), colour: false, links: false };
        let rows = vec![vec![plain("7"), plain("a name of a step that is long"), plain("the cause of what it does")]];
        let block =
            Table::new(&[Column::Right, Column::Words, Column::Below], rows).with_head(&["line", "step", "why"]);
        let expected = "  line  step\n     7  a name of a step that…\n        the cause of what it\n        does\n";
        assert_eq!(table(&block, 2, layout), expected);
    }

    #[test]
    fn a_line_that_is_too_narrow_for_columns_has_them_one_after_the_other() {
        let layout = Layout { width: Some(20), colour: false, links: false };
        let rows = [vec![plain("12 files"), plain("300 MB on disk"), plain("safe")]];
        assert_eq!(grid(&[Column::Left; 3], &rows, layout, 2), "  12 files  300 MB\n    on disk  safe\n");
    }

    #[test]
    fn wrapped_text_stays_in_its_column() {
        let layout = Layout { width: Some(30), colour: false, links: false };
        let rows = vec![vec![plain("7"), plain("the cache stays ").and_dim("[rule]"), plain("1 MB")]];
        let columns = [Column::Left, Column::Wrapped, Column::Right];
        let block = Table::new(&columns, rows).with_head(&["line", "", "costs"]);
        assert_eq!(
            table(&block, 2, layout),
            "  line                   costs\n  7     the cache stays   1 MB\n        [rule]\n"
        );
        let painted = table(&block, 2, Layout { colour: true, ..layout });
        assert!(painted.contains("\u{1b}[2m[rule]"), "{painted}");
    }
}
