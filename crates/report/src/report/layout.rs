//! Width, colour, wrapping, and what of the input must not reach a terminal.

use std::borrow::Cow;

use annotate_snippets::renderer::{AnsiColor, Effects, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub(super) use super::page::Tone;

/// How text is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Columns of the terminal; `None` where the text is not for one.
    pub width: Option<usize>,
    /// Whether colours are written.
    pub colour: bool,
    /// Whether an address stands behind words that lead there, as the terminal opens it (OSC 8).
    pub links: bool,
}

impl Layout {
    /// Neither colour nor a width.
    pub const PLAIN: Self = Self { width: None, colour: false, links: false };

    /// Columns to lay tables out in; never too few to hold anything.
    pub(super) fn columns(self) -> usize {
        self.width.unwrap_or(110).clamp(20, 160)
    }

    /// The text in a tone.
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        let style = match tone {
            Tone::Plain => Style::new(),
            Tone::Strong => Style::new().effects(Effects::BOLD),
            Tone::Dim => Style::new().effects(Effects::DIMMED),
            Tone::Error => AnsiColor::BrightRed.on_default(),
            Tone::Warning => AnsiColor::Yellow.on_default(),
            Tone::Info => AnsiColor::BrightBlue.on_default(),
            Tone::Good => AnsiColor::Green.on_default(),
        };
        if self.colour && tone != Tone::Plain && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.into()
        }
    }

    /// The text, which leads to an address of ours.
    pub(super) fn link(self, url: &str, text: String) -> String {
        if self.links { format!("\u{1b}]8;;{}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\", clean(url)) } else { text }
    }
}

/// The text on one line with nothing in it that moves a cursor, changes colours or turns the direction of reading.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| substitute(c).is_none()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| substitute(c).unwrap_or(c)).collect())
}

/// Bytes as [`clean`] text: those that are no UTF-8 as `\xff`.
pub fn clean_bytes(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(&clean(chunk.valid()));
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    text
}

/// What is shown in the place of a character that must not be written.
pub(super) fn substitute(c: char) -> Option<char> {
    match c {
        '\n' | '\t' => Some(' '),
        '\0'..='\u{1f}' => char::from_u32(c as u32 + 0x2400),
        '\u{7f}' => Some('␡'),
        // C1 controls (a terminal may take U+009B for ESC [), bidirectional and invisible ones, tags.
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => Some(char::REPLACEMENT_CHARACTER),
        _ => None,
    }
}

/// Bytes of a message that are shown: it may quote a name of megabytes.
const LONGEST: usize = 4_000;

pub(super) fn clip(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST {
        return text.into();
    }
    format!("{}…", &text[..text.floor_char_boundary(LONGEST)]).into()
}

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Filled up with blanks on the right.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// At most `columns` wide, the end cut.
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut kept_text = take(text.chars(), columns.saturating_sub(1));
    kept_text.push('…');
    Cow::Owned(kept_text)
}

/// At most `columns` wide, the start cut: of a path the end tells most.
pub fn cut_path(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let tail: Vec<char> = take(text.chars().rev(), columns.saturating_sub(1)).chars().collect();
    Cow::Owned(std::iter::once('…').chain(tail.into_iter().rev()).collect())
}

fn take(chars: impl Iterator<Item = char>, columns: usize) -> String {
    let mut columns_left = columns;
    let mut kept_text = String::new();
    for c in chars {
        let width = c.width().unwrap_or(0);
        if width > columns_left {
            break;
        }
        columns_left -= width;
        kept_text.push(c);
    }
    kept_text
}

/// Lines of at most `columns`, broken at blanks; a longer word is broken anywhere.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(8);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let gap = usize::from(!line.is_empty());
        if width(&line) + gap + width(word) <= columns {
            line.push_str(&" ".repeat(gap));
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        let mut rest = word;
        while width(rest) > columns {
            let head = take(rest.chars(), columns);
            rest = &rest[head.len()..];
            lines.push(head);
        }
        line.push_str(rest);
    }
    lines.push(line);
    lines
}

/// As it is typed into a shell.
pub(super) fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./@+:,=".contains(c);
    let path_text = clean(path);
    if path.is_empty() {
        return ".".into();
    }
    if path.chars().all(plain) { path_text.into_owned() } else { format!("'{}'", path_text.replace('\'', r"'\''")) }
}

/// A text that is wrapped, its further lines indented.
pub(super) fn push(out: &mut String, text: &str, indent: usize, layout: Layout, tone: Tone) {
    let blanks = " ".repeat(indent);
    for (index, line) in wrap(&clean(text), layout.columns() - indent - 2).into_iter().enumerate() {
        let hang = if index == 0 { "" } else { "  " };
        out.push_str(&format!("{blanks}{hang}{}\n", layout.paint(tone, &line)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_input_moves_the_cursor() {
        assert_eq!(clean("a\x1b[31mb\u{9b}c\u{202e}d\r\ne\u{7f}"), "a␛[31mb�c�d␍ e␡");
        assert!(matches!(clean("plain é 日"), Cow::Borrowed(_)));
    }

    #[test]
    fn texts_fit_their_columns() {
        assert_eq!(cut("sources are copied", 8), "sources…");
        assert_eq!(cut_path("a/very/long/path/Dockerfile", 12), "…/Dockerfile");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghijklm no", 8), ["abcdefgh", "ijklm no"]);
        assert_eq!(wrap("", 8), [""]);
        assert_eq!(pad("é", 3), "é  ");
    }

    #[test]
    fn colour_is_off_unless_asked_for() {
        assert_eq!(Layout::PLAIN.paint(Tone::Error, "x"), "x");
        assert_eq!(Layout { colour: true, ..Layout::PLAIN }.paint(Tone::Strong, "x"), "\u{1b}[1mx\u{1b}[0m");
    }
}
