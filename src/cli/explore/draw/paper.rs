//! Where and in which tones is drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use crate::cli::explore::listing::{ADDED, CHANGED, REMOVED, WASTED};
use crate::report::width;

/// What a stretch of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
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
pub(super) struct Paper<'a> {
    pub(super) buffer: &'a mut Buffer,
    pub(super) colour: bool,
}

impl Paper<'_> {
    pub(super) fn style(&self, tone: Tone) -> Style {
        let style = Style::new();
        let colour = match tone {
            Tone::Plain => return style,
            Tone::Strong => return style.add_modifier(Modifier::BOLD),
            Tone::Dim => return style.add_modifier(Modifier::DIM),
            Tone::Added => Color::Green,
            Tone::Changed => Color::Yellow,
            Tone::Removed => Color::LightRed,
            Tone::Wasted => Color::LightMagenta,
            Tone::Info => Color::LightBlue,
        };
        if self.colour { style.fg(colour) } else { style }
    }

    pub(super) fn span(&self, text: impl Into<String>, tone: Tone) -> Span<'static> {
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
        let span = self.span(text, Tone::Dim);
        self.line(area, row, vec![span]);
    }
}

/// The letters of marks, so that they are told without colours too.
pub(super) fn letters(marks: u8) -> (&'static str, Tone) {
    let lost = marks & WASTED != 0;
    match marks & (ADDED | CHANGED | REMOVED) {
        REMOVED => ("R ", Tone::Removed),
        ADDED => (if lost { "AW" } else { "A " }, if lost { Tone::Wasted } else { Tone::Added }),
        0 => (if lost { " W" } else { "  " }, if lost { Tone::Wasted } else { Tone::Plain }),
        _ => (if lost { "CW" } else { "C " }, if lost { Tone::Wasted } else { Tone::Changed }),
    }
}

/// On the right of so many columns.
pub(super) fn align_right(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}
