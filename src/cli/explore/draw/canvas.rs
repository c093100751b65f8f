//! Where and in which tones is drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use crate::cli::explore::listing::{ADDED, CHANGED, DELETED_LATER, REMOVED, WASTED};
use crate::report::width;

/// What a stretch of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CellStyle {
    Plain,
    Strong,
    Dim,
    Added,
    Changed,
    Removed,
    Wasted,
    Info,
}

/// Where one paints, and whether with colours.
pub(super) struct Canvas<'a> {
    pub(super) buffer: &'a mut Buffer,
    pub(super) colour: bool,
}

impl Canvas<'_> {
    pub(super) fn style(&self, tone: CellStyle) -> Style {
        let style = Style::new();
        let colour = match tone {
            CellStyle::Plain => return style,
            CellStyle::Strong => return style.add_modifier(Modifier::BOLD),
            CellStyle::Dim => return style.add_modifier(Modifier::DIM),
            CellStyle::Added => Color::Green,
            CellStyle::Changed => Color::Yellow,
            CellStyle::Removed => Color::LightRed,
            CellStyle::Wasted => Color::LightMagenta,
            CellStyle::Info => Color::LightBlue,
        };
        if self.colour { style.fg(colour) } else { style }
    }

    pub(super) fn span(&self, text: impl Into<String>, tone: CellStyle) -> Span<'static> {
        Span::styled(text.into(), self.style(tone))
    }

    pub(super) fn line(&mut self, area: Rect, row: u16, spans: Vec<Span<'static>>) {
        if row < area.height {
            self.buffer.set_line(area.x, area.y + row, &Line::from(spans), area.width);
        }
    }

    /// Marks the row of a cursor, most where keys go.
    pub(super) fn cursor(&mut self, area: Rect, row: u16, focused: bool) {
        if row < area.height {
            let style = match (focused, self.colour) {
                (true, _) => {
                    let style = Style::new().fg(Color::Reset).remove_modifier(Modifier::DIM);
                    style.add_modifier(Modifier::REVERSED)
                }
                (false, true) => Style::new().bg(Color::Indexed(238)),
                (false, false) => Style::new().add_modifier(Modifier::UNDERLINED),
            };
            self.buffer.set_style(Rect { y: area.y + row, height: 1, ..area }, style);
        }
    }

    pub(super) fn across(&mut self, area: Rect, row: u16) {
        let text = "─".repeat(area.width as usize);
        let span = self.span(text, CellStyle::Dim);
        self.line(area, row, vec![span]);
    }
}

/// The letters of marks, so that they are told without colours too.
pub(super) fn letters(marks: u8) -> (&'static str, CellStyle) {
    let (is_deleted, is_wasted) = (marks & DELETED_LATER != 0, marks & WASTED != 0);
    let of =
        |kept: (&'static str, CellStyle), deleted: &'static str, wasted: &'static str| match (is_deleted, is_wasted) {
            (true, _) => (deleted, CellStyle::Wasted),
            (false, true) => (wasted, CellStyle::Wasted),
            (false, false) => kept,
        };
    match marks & (ADDED | CHANGED | REMOVED) {
        REMOVED => ("R ", CellStyle::Removed),
        ADDED => of(("A ", CellStyle::Added), "AD", "AW"),
        0 => of(("  ", CellStyle::Plain), " D", " W"),
        _ => of(("C ", CellStyle::Changed), "CD", "CW"),
    }
}

/// On the right of so many columns.
pub(super) fn align_right(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}
