//! Places as a client counts them (LSP 3.17, "Text Documents"): lines from 0, and characters in units of an encoding.

use gen_lsp_types::{Position, PositionEncodingKind, Range};

use crate::text::Span;

/// In which units a client counts the characters of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PositionEncoding {
    /// Bytes.
    Utf8,
    /// Units of two bytes, the default of the protocol.
    #[default]
    Utf16,
    /// Characters.
    Utf32,
}

impl PositionEncoding {
    /// The first that a client can, of those that cost least; UTF-16 where it names none.
    pub fn choose(offered: &[PositionEncodingKind]) -> Self {
        let has = |kind: &PositionEncodingKind| offered.contains(kind);
        if has(&PositionEncodingKind::UTF8) {
            Self::Utf8
        } else if has(&PositionEncodingKind::UTF32) && !has(&PositionEncodingKind::UTF16) {
            Self::Utf32
        } else {
            Self::Utf16
        }
    }

    /// As the protocol calls it.
    pub const fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    const fn width(self, character: char) -> u32 {
        match self {
            Self::Utf8 => character.len_utf8() as u32,
            Self::Utf16 => character.len_utf16() as u32,
            Self::Utf32 => 1,
        }
    }
}

/// Where the lines of a text begin. Lines end with LF, CR LF or CR, as the protocol has it; for the builder a CR alone ends none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextLines {
    starts: Vec<u32>,
    encoding: PositionEncoding,
}

impl TextLines {
    /// The lines of a text of at most 4 GiB.
    pub fn new(text: &str, encoding: PositionEncoding) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (at, byte) in bytes.iter().enumerate() {
            let is_end = *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
            if is_end {
                starts.push(at as u32 + 1);
            }
        }
        Self { starts, encoding }
    }

    /// The place of a byte. One inside of a character counts as its first.
    pub fn position(&self, text: &str, at: u32) -> Position {
        let at = text.floor_char_boundary((at as usize).min(text.len()));
        let line = self.starts.partition_point(|start| *start as usize <= at) - 1;
        let before = &text[self.starts[line] as usize..at];
        let character = match self.encoding {
            PositionEncoding::Utf8 => before.len() as u32,
            encoding => before.chars().map(|character| encoding.width(character)).sum(),
        };
        Position { line: line as u32, character }
    }

    /// The places of a span.
    pub fn range(&self, text: &str, span: Span) -> Range {
        Range { start: self.position(text, span.start), end: self.position(text, span.end.max(span.start)) }
    }

    /// The byte at a place. A place inside of a character counts as its start, one behind a line as the line's end, one behind
    /// the last line as the end of the text.
    pub fn offset(&self, text: &str, position: Position) -> u32 {
        let Some(&start) = self.starts.get(position.line as usize) else { return text.len() as u32 };
        let end = self.starts.get(position.line as usize + 1).map_or(text.len(), |end| *end as usize);
        let line = text[start as usize..end].trim_end_matches(['\n', '\r']);
        let mut units = 0;
        for (at, character) in line.char_indices() {
            units += self.encoding.width(character);
            if units > position.character {
                return start + at as u32;
            }
        }
        start + line.len() as u32
    }

    /// The span of two places, in whichever order.
    pub fn span(&self, text: &str, range: Range) -> Span {
        let (start, end) = (self.offset(text, range.start), self.offset(text, range.end));
        Span::new(start.min(end), start.max(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text, offset, and its line with its character in UTF-8, UTF-16 and UTF-32.
    const PLACES: [(&str, u32, [u32; 4]); 14] = [
        ("", 0, [0, 0, 0, 0]),
        ("RUN a", 4, [0, 4, 4, 4]),
        ("é日x", 2, [0, 2, 1, 1]),
        ("é日x", 5, [0, 5, 2, 2]),
        ("😀x", 4, [0, 4, 2, 1]),
        ("👩\u{200d}🚀x", 11, [0, 11, 5, 3]),
        ("\tRUN\t😀", 5, [0, 5, 5, 5]),
        ("\tRUN\t😀", 9, [0, 9, 7, 6]),
        ("a\r\nb", 3, [1, 0, 0, 0]),
        ("a\r\nb", 4, [1, 1, 1, 1]),
        ("a\r\n\r\n😀b", 9, [2, 4, 2, 1]),
        ("a\rb", 2, [1, 0, 0, 0]),
        ("a\n", 2, [1, 0, 0, 0]),
        ("\u{feff}FROM a", 3, [0, 3, 1, 1]),
    ];

    #[test]
    fn places_are_those_of_each_encoding() {
        for (text, at, [line, utf8, utf16, utf32]) in PLACES {
            for (encoding, character) in
                [(PositionEncoding::Utf8, utf8), (PositionEncoding::Utf16, utf16), (PositionEncoding::Utf32, utf32)]
            {
                let lines = TextLines::new(text, encoding);
                let position = Position { line, character };
                assert_eq!(lines.position(text, at), position, "{text:?} {at} {encoding:?}");
                assert_eq!(lines.offset(text, position), at, "{text:?} {at} {encoding:?}");
            }
        }
    }

    #[test]
    fn impossible_places_are_the_nearest_possible() {
        let text = "😀b\r\nc";
        let lines = TextLines::new(text, PositionEncoding::Utf16);
        let offset = |line, character| lines.offset(text, Position { line, character });
        assert_eq!(offset(0, 1), 0, "in the middle of a pair");
        assert_eq!(offset(0, 99), 5, "behind a line, before its end");
        assert_eq!(offset(7, 0), 8, "behind the last line");
        assert_eq!(offset(1, u32::MAX), 8);
        let range = Range { start: Position { line: 1, character: 1 }, end: Position { line: 0, character: 0 } };
        assert_eq!(lines.span(text, range), Span::new(0, 8), "the wrong way round");
        assert_eq!(lines.position(text, 2), Position { line: 0, character: 0 }, "inside of a character");
    }

    #[test]
    fn what_costs_least_is_chosen() {
        use PositionEncodingKind as K;
        assert_eq!(PositionEncoding::choose(&[K::UTF16, K::UTF8]), PositionEncoding::Utf8);
        assert_eq!(PositionEncoding::choose(&[K::UTF32]), PositionEncoding::Utf32);
        assert_eq!(PositionEncoding::choose(&[]), PositionEncoding::Utf16);
    }
}
