//! The buffer of joined lines, and the way back from it to the source. Knows nothing of what the text means.

use crate::text::Span;

/// The address of the buffer's first byte: one behind the source, whose end is a place of its own.
pub(super) fn base(source: &str) -> u32 {
    source.len() as u32 + 1
}

/// Logical texts, one after another, each followed by LF (which no logical text holds).
#[derive(Clone, Debug, Default)]
pub(super) struct JoinedText {
    text: String,
    /// Where each stretch of `text` comes from; ascending in `joined`.
    segments: Vec<Segment>,
}

/// A stretch of the buffer that stands in the source in one piece.
#[derive(Clone, Copy, Debug)]
struct Segment {
    /// Offset in the buffer.
    joined: u32,
    /// Offset in the source.
    source: u32,
    /// Bytes in the source; fewer than in the buffer only where a cut character was replaced.
    len: u32,
}

impl JoinedText {
    /// Bytes so far.
    pub(super) fn len(&self) -> u32 {
        self.text.len() as u32
    }

    /// The text under a span of the buffer.
    pub(super) fn slice(&self, span: Span) -> &str {
        &self.text[span.range()]
    }

    /// Makes room, once, for all texts of a source with that many bytes.
    pub(super) fn reserve(&mut self, bytes: usize) {
        if self.text.capacity() == 0 {
            self.text.reserve(bytes);
            self.segments.reserve(bytes / 64 + 8);
        }
    }

    /// Appends text that stands at `source`.
    pub(super) fn push(&mut self, text: &str, source: u32) {
        self.segments.push(Segment { joined: self.len(), source, len: text.len() as u32 });
        self.text.push_str(text);
    }

    /// Appends a replacement for a cut character that stands at `source` and is `len` bytes long.
    pub(super) fn push_replacement(&mut self, source: u32, len: u32) {
        self.segments.push(Segment { joined: self.len(), source, len });
        self.text.push(char::REPLACEMENT_CHARACTER);
    }

    /// Ends a logical text.
    pub(super) fn close(&mut self) {
        self.text.push('\n');
    }

    /// Appends another buffer.
    pub(super) fn append(&mut self, other: &Self) {
        if other.text.is_empty() {
            return;
        }
        let base = self.len();
        self.text.push_str(&other.text);
        self.segments.extend(other.segments.iter().map(|s| Segment { joined: s.joined + base, ..*s }));
    }

    /// Maps a span of the buffer to the source. An empty span stays behind the text that it follows.
    pub(super) fn locate(&self, span: Span, source: &str) -> Span {
        let bytes = self.text.as_bytes();
        if !span.is_empty() {
            let end = source.ceil_char_boundary(self.place(span.end - 1, 1) as usize);
            let start = source.floor_char_boundary(self.place(span.start, 0) as usize);
            return Span::new(start as u32, end as u32);
        }
        let follows = span.start.checked_sub(1).filter(|&last| bytes[last as usize] != b'\n');
        let at = match follows {
            Some(last) => source.ceil_char_boundary(self.place(last, 1) as usize),
            None => source.floor_char_boundary(self.place(span.start, 0) as usize),
        };
        Span::at(at as u32)
    }

    /// Source offset of the byte at `at`, plus `more`.
    fn place(&self, at: u32, more: u32) -> u32 {
        let next = self.segments.partition_point(|segment| segment.joined <= at);
        match next.checked_sub(1).map(|index| &self.segments[index]) {
            Some(segment) => segment.source + (at - segment.joined + more).min(segment.len),
            None => 0,
        }
    }
}
