//! Where a text stands inside of a file that is something else.

use std::sync::Arc;

use super::{LineColumn, Source, Span};

/// The place of a text in another one.
///
/// The [`Source`] of such a text begins with an empty line for each line of the host that stands before it, so that lines
/// have the host's numbers wherever they are counted.
#[derive(Clone, Debug)]
pub struct Embedding {
    /// The whole file.
    pub host: Source,
    /// Where in the host the text is written.
    pub span: Span,
    /// Bytes before each line that are no part of the text. `None`: the text is not written as it reads, only its start is
    /// known, and nothing of it can be changed.
    pub indent: Option<u32>,
    /// Whether `$$` is written for each `$`.
    pub doubled: bool,
    /// Whether someone knows how to write another text there.
    pub writable: bool,
    /// Lines (the host's, from 1) in which something else is put before the text is used.
    pub open: Vec<u32>,
}

impl Embedding {
    /// Whether the text may be changed where it stands.
    pub fn is_writable(&self) -> bool {
        self.writable && self.indent.is_some() && self.open.is_empty()
    }
}

impl Source {
    /// The source of a text inside of a file; what messages call it is the file's name.
    ///
    /// # Errors
    /// Gives the length back when it does not fit 32-bit offsets.
    pub fn embedded(text: &str, embedding: Embedding) -> Result<Self, usize> {
        let lead = embedding.host.line(embedding.span.start) - 1;
        let padded = "\n".repeat(lead as usize) + text;
        let mut source = Self::new(embedding.host.name(), padded.into_bytes())?;
        source.embedding = Some(Arc::new(embedding));
        Ok(source)
    }

    /// The file that it stands in, and where.
    pub fn embedding(&self) -> Option<&Embedding> {
        self.embedding.as_deref()
    }

    /// The file to show for it: the one that it stands in, or itself.
    pub fn host(&self) -> &Source {
        self.embedding().map_or(self, |embedding| &embedding.host)
    }

    /// Another text at the same place under the same name.
    ///
    /// # Errors
    /// Gives the length back when it does not fit 32-bit offsets.
    pub fn with_bytes(&self, bytes: Vec<u8>) -> Result<Self, usize> {
        let mut source = Self::new(self.name(), bytes)?;
        source.embedding.clone_from(&self.embedding);
        Ok(source)
    }

    /// A span as it lies in [`Source::host`].
    #[must_use]
    pub fn in_host(&self, span: Span) -> Span {
        let Some(embedding) = self.embedding() else { return span };
        let Some(indent) = embedding.indent else { return Span::at(embedding.span.start) };
        let start = self.place(embedding, indent, span.start);
        Span::new(start, self.place(embedding, indent, span.end).max(start))
    }

    /// An offset as it lies in the host.
    fn place(&self, embedding: &Embedding, indent: u32, at: u32) -> u32 {
        let host = &embedding.host;
        let at = self.text().floor_char_boundary(at as usize);
        let line = self.line(at as u32);
        let start = self.line_starts()[line as usize - 1] as usize;
        if at == self.text().len() && at == start && line > 1 {
            // Behind the last line end: what stands there in the host is no part of the text.
            return host.line_span(line - 1).end;
        }
        let before = &self.text()[start..at];
        let twice = if embedding.doubled { memchr::memchr_iter(b'$', before.as_bytes()).count() } else { 0 };
        let range = host.line_span(line);
        let place = (range.start as usize + indent as usize + before.len() + twice).min(range.end as usize);
        host.text().floor_char_boundary(place) as u32
    }

    /// Line and column of an offset in the host.
    pub(super) fn host_place(&self, embedding: &Embedding, at: u32) -> LineColumn {
        embedding.host.line_column(self.in_host(Span::at(at)).start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embedded(host: &str, at: u32, indent: Option<u32>, text: &str) -> Source {
        let host = Source::of("c.yaml", host);
        let span = Span::new(at, at + 1);
        Source::embedded(text, Embedding { host, span, indent, doubled: true, writable: true, open: Vec::new() })
            .unwrap()
    }

    #[test]
    fn places_are_those_of_the_host() {
        let source = embedded("é:\r\n  - |\r\n    ä $$b c\r\n    x\r\nend: 1\r\n", 16, Some(4), "ä $b c\nx\n");
        assert_eq!((source.text(), source.name(), source.mark()), ("\n\nä $b c\nx\n", "c.yaml", 2));
        let at = |needle: &str| source.text().find(needle).unwrap() as u32;
        let place = |at: u32| (source.line_column(at).line, source.line_column(at).column);
        assert_eq!([place(at("ä")), place(at("b")), place(at("x"))], [(3, 5), (3, 9), (4, 5)]);
        assert_eq!(source.host().slice(source.in_host(Span::new(at("b"), at("b") + 3))), "b c");
        let end = source.text().len() as u32;
        assert_eq!(source.in_host(Span::new(at("x"), end)).range(), 30..31);
    }

    #[test]
    fn escaped_text_has_one_place() {
        let source = embedded("a:\n b: \"x\\ny\"\n", 7, None, "x\ny");
        assert_eq!(source.line_column(3), LineColumn { line: 2, column: 5 });
        assert_eq!(source.in_host(Span::new(1, 4)), Span::at(7));
        assert!(!source.embedding().unwrap().is_writable());
    }
}
