//! A file's text with its line index, and byte spans into it.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::Embedding;

/// Half-open byte range in a [`Source`]'s text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The span from `start` to `end`.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The empty span at `at`.
    pub const fn at(at: u32) -> Self {
        Self::new(at, at)
    }

    /// Length in bytes.
    pub const fn len(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    /// Whether nothing is covered.
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// The smallest span that covers both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self::new(self.start.min(other.start), self.end.max(other.end))
    }

    /// Whether `other` lies inside.
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// As an index for slices.
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Moved towards the end by `by` bytes.
    #[must_use]
    pub const fn shifted(self, by: u32) -> Self {
        Self::new(self.start + by, self.end + by)
    }
}

/// Names a [`Source`] within one run: its index in the list of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A place as people count it: both from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// Line, from 1; lines end at LF only, as in BuildKit.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// A named text. Cheap to clone.
///
/// Invalid UTF-8 is read with U+FFFD in the place of each bad sequence; [`Source::bytes`] still gives the file's own
/// bytes, and [`Source::original`] maps a span of the text back to them.
#[derive(Clone, Debug)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
    /// The file's bytes when they are not the text's.
    raw: Option<Arc<RawBytes>>,
    /// Offset of each line's first byte.
    lines: Arc<[u32]>,
    /// Characters before every [`STEP`]th byte, once a place in a long line was asked for.
    marks: OnceLock<Arc<[u32]>>,
    /// Shared with its copies.
    hidden: Arc<OnceLock<HiddenParts>>,
    /// Where it stands, when it is a part of another file.
    pub(super) embedding: Option<Arc<Embedding>>,
}

/// What of a text must not be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HiddenParts {
    /// Where it stands.
    pub ranges: Vec<Range<usize>>,
    /// What must not be shown elsewhere either.
    pub values: Vec<String>,
}

/// Bytes whose characters are counted one by one.
const STEP: usize = 4096;

/// Whether a character begins with this byte.
const fn is_first(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

#[derive(Debug)]
struct RawBytes {
    bytes: Vec<u8>,
    /// (offset in the text after a replacement, offset in the bytes after it), ascending.
    after: Vec<(u32, u32)>,
}

impl Source {
    /// A source of a file's bytes. `name` is what messages call it: the path as the user would type it.
    ///
    /// # Errors
    /// Gives the length back when it does not fit 32-bit offsets.
    pub fn new(name: impl Into<Arc<str>>, bytes: Vec<u8>) -> Result<Self, usize> {
        // A replacement character is three bytes long and stands for at least one.
        if bytes.len() > (u32::MAX / 3) as usize {
            return Err(bytes.len());
        }
        let (text, raw) = match String::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let (text, raw) = replace_invalid(error.into_bytes());
                (text, Some(Arc::new(raw)))
            }
        };
        let mut lines = Vec::with_capacity(text.len() / 24 + 2);
        lines.push(0);
        lines.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at as u32 + 1));
        Ok(Self {
            name: name.into(),
            text: text.into(),
            raw,
            lines: lines.into(),
            marks: OnceLock::new(),
            hidden: Arc::default(),
            embedding: None,
        })
    }

    /// The source as it may be shown: another text of the same length, and no bytes of its own. Name, lines and
    /// [`Source::original`] stay; of a text with another length only the name does.
    #[must_use]
    pub fn shown_as(&self, text: &str) -> Self {
        if text.len() != self.text.len() {
            return Self::new(self.name(), text.as_bytes().to_vec()).unwrap_or_else(|_| Self::of(self.name(), ""));
        }
        let after = self.raw.as_ref().map(|raw| Arc::new(RawBytes { bytes: Vec::new(), after: raw.after.clone() }));
        Self {
            name: Arc::clone(&self.name),
            text: text.into(),
            raw: after,
            lines: Arc::clone(&self.lines),
            marks: OnceLock::new(),
            hidden: Arc::default(),
            embedding: self.embedding.clone(),
        }
    }

    /// A source of known text, for tests and generated files.
    ///
    /// # Panics
    /// When the text is over 1 GiB.
    pub fn of(name: &str, text: &str) -> Self {
        Self::new(name, text.as_bytes().to_vec()).expect("text under 1 GiB")
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text; valid UTF-8 whatever the file held.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What of it must not be shown; `find` is asked once for all copies.
    pub fn hidden(&self, find: impl FnOnce(&str) -> HiddenParts) -> &HiddenParts {
        self.hidden.get_or_init(|| find(&self.text))
    }

    /// The text, shared.
    pub fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// The bytes as they stand in the file.
    pub fn bytes(&self) -> &[u8] {
        self.raw.as_ref().map_or(self.text.as_bytes(), |raw| &raw.bytes)
    }

    /// The place of the first byte that is not UTF-8, as an offset in the text.
    pub fn first_invalid(&self) -> Option<u32> {
        let (after, _) = self.raw.as_ref()?.after.first()?;
        Some(after - char::REPLACEMENT_CHARACTER.len_utf8() as u32)
    }

    /// Whether the file has under `span` the bytes of the text: no U+FFFD there stands for a byte that is not UTF-8.
    pub fn is_exact(&self, span: Span) -> bool {
        let Some(raw) = &self.raw else { return true };
        let first = raw.after.partition_point(|&(after, _)| after <= span.start);
        let width = char::REPLACEMENT_CHARACTER.len_utf8() as u32;
        raw.after.get(first).is_none_or(|&(after, _)| span.end <= after - width)
    }

    /// The text under `span`.
    ///
    /// # Panics
    /// When the span does not lie on character boundaries inside the text.
    pub fn slice(&self, span: Span) -> &str {
        &self.text[span.range()]
    }

    /// Offset of each line's first byte. The last one is the text's length when the text ends with a line end.
    pub fn line_starts(&self) -> &[u32] {
        &self.lines
    }

    /// Number of lines; a final line end opens no new line.
    pub fn line_count(&self) -> u32 {
        let open = u32::from(self.text.is_empty() || !self.text.ends_with('\n'));
        self.lines.len() as u32 - 1 + open
    }

    /// How a line (from 1) ends: LF or CR LF; of one without an end as the first line does.
    pub fn line_end(&self, line: u32) -> &'static str {
        let rest = |line: u32| &self.text[self.line_span(line).end as usize..];
        let behind = rest(line);
        let end = if behind.is_empty() { rest(1) } else { behind };
        if end.starts_with('\r') { "\r\n" } else { "\n" }
    }

    /// Line number (from 1) of the byte at `at`.
    pub fn line(&self, at: u32) -> u32 {
        self.lines.partition_point(|&start| start <= at) as u32
    }

    /// Bytes at the start that nobody sees and no column counts: the byte order mark, or the lines before an embedded text.
    pub fn mark(&self) -> u32 {
        const MARK: char = '\u{feff}';
        if let Some(embedding) = &self.embedding {
            return embedding.host.line(embedding.span.start) - 1;
        }
        if self.text.starts_with(MARK) { MARK.len_utf8() as u32 } else { 0 }
    }

    /// Line and column of the byte at `at`.
    pub fn line_column(&self, at: u32) -> LineColumn {
        if let Some(embedding) = &self.embedding {
            return self.host_place(embedding, at);
        }
        let line = self.line(at);
        let start = self.lines[line as usize - 1].max(self.mark()) as usize;
        let end = self.text.floor_char_boundary((at as usize).min(self.text.len()));
        let column = self.characters(start.min(end)..end) + 1;
        LineColumn { line, column }
    }

    /// The offset of a line and column; the end of the line if it has fewer columns. Of a text in another file, line
    /// and column are those in the text itself.
    pub fn offset(&self, place: LineColumn) -> u32 {
        let line = self.line_span(place.line);
        let start = line.start.max(self.mark()).min(line.end);
        let text = &self.text[start as usize..line.end as usize];
        let column = place.column.saturating_sub(1);
        // Halves the line until few characters are left to count.
        let (mut low, mut high) = (0, text.len());
        while high - low > STEP {
            let middle = text.floor_char_boundary(usize::midpoint(low, high));
            let before = self.characters(start as usize..start as usize + middle);
            if before <= column { low = middle } else { high = middle }
        }
        let rest = column - self.characters(start as usize..start as usize + low);
        let at = text[low..].char_indices().nth(rest as usize).map_or(text.len(), |(at, _)| low + at);
        start + at as u32
    }

    /// Characters in a range between two boundaries. Many may ask for places in one line of megabytes.
    fn characters(&self, range: Range<usize>) -> u32 {
        let bytes = self.text.as_bytes();
        let count = |range: Range<usize>| bytes[range].iter().filter(|byte| is_first(**byte)).count() as u32;
        if range.len() < STEP {
            return count(range);
        }
        let marks = self.marks.get_or_init(|| {
            let mut before = 0;
            let mut marks = vec![0];
            for chunk in bytes.chunks(STEP) {
                before += chunk.iter().filter(|byte| is_first(**byte)).count() as u32;
                marks.push(before);
            }
            marks.into()
        });
        let before = |at: usize| marks[at / STEP] + count(at / STEP * STEP..at);
        before(range.end) - before(range.start)
    }

    /// The span of a line (from 1) without its line end (LF or CR LF); the empty span at the end for a line that is not there.
    pub fn line_span(&self, line: u32) -> Span {
        let len = self.text.len() as u32;
        let Some(&start) = line.checked_sub(1).and_then(|index| self.lines.get(index as usize)) else {
            return Span::at(len);
        };
        let end = self.lines.get(line as usize).copied().unwrap_or(len);
        let text = self.text[start as usize..end as usize].trim_end_matches('\n').trim_end_matches('\r');
        Span::new(start, start + text.len() as u32)
    }

    /// Maps a span of the text to the file's own bytes.
    #[must_use]
    pub fn original(&self, span: Span) -> Span {
        let Some(raw) = &self.raw else { return span };
        let map = |at: u32| match raw.after.partition_point(|&(text, _)| text <= at) {
            0 => at,
            n => raw.after[n - 1].1 + (at - raw.after[n - 1].0),
        };
        Span::new(map(span.start), map(span.end))
    }
}

fn replace_invalid(bytes: Vec<u8>) -> (String, RawBytes) {
    let mut text = String::with_capacity(bytes.len() + 16);
    let mut after = Vec::new();
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        at += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
            at += chunk.invalid().len();
            after.push((text.len() as u32, at as u32));
        }
    }
    (text, RawBytes { bytes, after })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_in_long_lines_are_counted_in_characters() {
        let text = format!("é\n{}z\nab", "aé".repeat(5_000));
        let source = Source::of("f", &text);
        let place = |at: usize| (source.line_column(at as u32).line, source.line_column(at as u32).column);
        assert_eq!(place(text.find('z').unwrap()), (2, 10_001));
        assert_eq!(place(3 + 3 * 1_400 + 1), (2, 2_802));
        assert_eq!(place(text.len()), (3, 3));
        for (at, _) in text.char_indices().filter(|(at, c)| at % 97 < 4 && *c != '\n') {
            assert_eq!(source.offset(source.line_column(at as u32)), at as u32);
        }
        assert_eq!(source.offset(LineColumn { line: 2, column: 99_999 }), source.line_span(2).end);
        assert_eq!(source.offset(LineColumn { line: 9, column: 1 }), text.len() as u32);
    }

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let source = Source::of("f", "é日x\r\nb");
        assert_eq!(source.line_column(0), LineColumn { line: 1, column: 1 });
        assert_eq!(source.line_column(5), LineColumn { line: 1, column: 3 });
        assert_eq!(source.line_column(8), LineColumn { line: 2, column: 1 });
        assert_eq!(source.line_span(1), Span::new(0, 6));
        assert_eq!(source.line_span(2), Span::new(8, 9));
        assert_eq!(source.line_count(), 2);
        assert_eq!(Source::of("f", "a\n").line_count(), 1);
    }

    #[test]
    fn a_line_without_an_end_ends_as_the_first() {
        for (text, line, end) in [("a\r\nb", 2, "\r\n"), ("a\nb\r\nc", 2, "\r\n"), ("a\nb", 2, "\n"), ("a", 1, "\n")] {
            assert_eq!(Source::of("f", text).line_end(line), end, "{text:?}");
        }
    }

    #[test]
    fn invalid_utf8_keeps_its_bytes() {
        let source = Source::new("f", b"a\xffb\xc3\nc".to_vec()).unwrap();
        assert_eq!(source.text(), "a\u{fffd}b\u{fffd}\nc");
        assert_eq!(source.bytes(), b"a\xffb\xc3\nc");
        assert_eq!(source.first_invalid(), Some(1));
        let text = source.shown_as("*\u{fffd}b\u{fffd}\nc");
        assert_eq!(text.original(Span::new(4, 5)), source.original(Span::new(4, 5)));
        assert!(text.bytes().is_empty());
        let b = source.text().find('b').unwrap() as u32;
        assert_eq!(source.original(Span::new(b, b + 1)), Span::new(2, 3));
        let c = source.text().find('c').unwrap() as u32;
        assert_eq!(source.original(Span::new(c, c + 1)), Span::new(5, 6));
    }
}
