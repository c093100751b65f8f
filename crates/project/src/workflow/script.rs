//! The text of a script in a file: where each part of it is written, whatever YAML did to its lines.

use std::ops::Range;

use crate::text::Span;

use super::place::WorkflowPlace;

/// A text whose parts are found in the file again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptText {
    /// The text.
    pub text: String,
    /// The same, with each expression of the system (`${{ github.sha }}`) as a variable of the same length.
    shell_text: Option<String>,
    /// Where it is written as a whole.
    pub place: WorkflowPlace,
    /// Runs of the text that stand in the file as they are: where each begins in the text and in the file. Empty where that
    /// is not known.
    runs: Vec<(u32, u32)>,
    /// Values in the text, each with what stands in the file in place of it.
    values: Vec<(Span, Span)>,
}

/// A part of a script that a program puts together before a shell sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ScriptPart<'p> {
    /// A text as it stands in the file from there on.
    Written(&'p str, u32),
    /// A value of what stands there.
    Value(String, Span),
    /// What only a run knows, as it is written from there on.
    Unknown(&'p str, u32),
}

impl ScriptText {
    /// A text that `written`, the file's text at `place`, is read as. Indentation, folding and continued lines are
    /// followed; where the rest differs (escapes), places are those of the whole.
    pub fn new(text: &str, written: &str, place: WorkflowPlace) -> Self {
        let runs = align(text, written, place.span.start).unwrap_or_default();
        Self { text: text.to_owned(), shell_text: without_expressions(text), place, runs, values: Vec::new() }
    }

    /// A text of parts, one behind the other.
    pub(super) fn of_parts(parts: &[ScriptPart], place: WorkflowPlace) -> Self {
        let (mut text, mut shell_text) = (String::new(), String::new());
        let (mut runs, mut values) = (Vec::new(), Vec::new());
        for part in parts {
            let at = text.len() as u32;
            match part {
                ScriptPart::Written(written, from) => {
                    runs.push((at, *from));
                    text.push_str(written);
                    shell_text.push_str(written);
                }
                ScriptPart::Unknown(written, from) => {
                    runs.push((at, *from));
                    text.push_str(written);
                    push_variable(written.len(), &mut shell_text);
                }
                ScriptPart::Value(value, span) if !value.is_empty() => {
                    runs.push((at, span.start));
                    values.push((Span::new(at, at + value.len() as u32), *span));
                    text.push_str(value);
                    shell_text.push_str(value);
                }
                ScriptPart::Value(..) => {}
            }
        }
        Self { text, shell_text: Some(shell_text), place, runs, values }
    }

    /// The text that pieces of this one make, one behind the other, each byte where it is written.
    pub(super) fn of_pieces(&self, pieces: &[Span]) -> Self {
        let pieces: Vec<_> = pieces.iter().map(|piece| (*piece, None)).collect();
        self.of_replaced(&pieces)
    }

    /// The same, where a value may stand in place of a piece.
    pub(super) fn of_replaced(&self, pieces: &[(Span, Option<&str>)]) -> Self {
        let (mut text, mut shell_text) = (String::new(), String::new());
        let (mut runs, mut values) = (Vec::new(), Vec::new());
        for (piece, value) in pieces {
            if let Some(value) = value {
                let (at, place) = (text.len() as u32, self.place_of(*piece).span);
                runs.push((at, place.start));
                values.push((Span::new(at, at + value.len() as u32), place));
                text.push_str(value);
                shell_text.push_str(value);
                continue;
            }
            let mut start = piece.start;
            // A file may have other line ends and indentation between two lines.
            for part in self.slice(piece.range()).split_inclusive('\n') {
                let line = part.strip_suffix('\n').unwrap_or(part);
                for part in [line, &part[line.len()..]].into_iter().filter(|part| !part.is_empty()) {
                    let span = Span::new(start, start + part.len() as u32);
                    start = span.end;
                    let at = text.len() as u32;
                    let place = self.place_of(span).span;
                    runs.push((at, place.start));
                    if self.verbatim(span).is_none() {
                        values.push((Span::new(at, at + span.len()), place));
                    }
                    text.push_str(part);
                    shell_text.push_str(self.for_shell().get(span.range()).unwrap_or(part));
                }
            }
        }
        Self { text, shell_text: Some(shell_text), place: self.place, runs, values }
    }

    /// Whether its parts are found in the file again.
    pub(super) fn is_placed(&self) -> bool {
        !self.runs.is_empty()
    }

    /// A text that is put together of others.
    pub fn unplaced(text: String, place: WorkflowPlace) -> Self {
        Self { shell_text: without_expressions(&text), text, place, runs: Vec::new(), values: Vec::new() }
    }

    /// What a shell is shown.
    pub fn for_shell(&self) -> &str {
        self.shell_text.as_deref().unwrap_or(&self.text)
    }

    /// A part of the text.
    pub fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// Where a part of the text is written, from its first to its last byte; the whole where that is not known.
    pub fn place_of(&self, span: Span) -> WorkflowPlace {
        let last = span.end.saturating_sub(1).max(span.start);
        let known = self.written(span.start).zip(self.written(last));
        let end = |last: Span| if span.is_empty() { last.start } else { last.end };
        let span = known.map_or(self.place.span, |(first, last)| Span::new(first.start, end(last).max(first.start)));
        WorkflowPlace { file: self.place.file, span }
    }

    /// Where a part stands in one piece, so that it can be edited; `None` where the file has another text there.
    pub fn verbatim(&self, span: Span) -> Option<Span> {
        let run = self.run(span.start)?;
        let end = self.runs.get(run + 1).map_or(self.text.len() as u32, |(next, _)| *next);
        let (from, written) = self.runs[run];
        let is_value = self.value_at(span.start).is_some();
        (span.end <= end && !is_value).then(|| Span::new(written + span.start - from, written + span.end - from))
    }

    fn run(&self, at: u32) -> Option<usize> {
        self.runs.partition_point(|(start, _)| *start <= at).checked_sub(1)
    }

    /// What stands in the file in place of the value that a byte belongs to.
    fn value_at(&self, at: u32) -> Option<Span> {
        let number = self.values.partition_point(|(value, _)| value.start <= at).checked_sub(1)?;
        let (value, written) = self.values[number];
        (at < value.end).then_some(written)
    }

    /// Where a byte is written.
    fn written(&self, at: u32) -> Option<Span> {
        if let Some(written) = self.value_at(at) {
            return Some(written);
        }
        let (from, written) = self.runs[self.run(at)?];
        Some(Span::new(written + at - from, written + at - from + 1))
    }
}

/// A variable of so many bytes, for what only a run knows.
fn push_variable(len: usize, out: &mut String) {
    if let 0..=3 = len {
        out.push('$');
        out.extend(std::iter::repeat_n('_', len.saturating_sub(1)));
    } else {
        out.push_str("${");
        // A variable's name has letters of one byte each.
        out.extend(std::iter::repeat_n('_', len - 3));
        out.push('}');
    }
}

/// Where each run of `text` stands in `written`, which lies at `start` of its file; `None` where it differs by more than
/// white space at line ends.
fn align(text: &str, written: &str, start: u32) -> Option<Vec<(u32, u32)>> {
    let (text, written) = (text.as_bytes(), written.as_bytes());
    let mut runs: Vec<(u32, u32)> = Vec::new();
    let (mut at, mut from) = (0, 0);
    let mut is_run = false;
    // A quoted scalar's span holds its quotes.
    if written.first().is_some_and(|byte| b"'\"".contains(byte)) && text.first() != written.first() {
        from = 1;
    }
    // Blank lines at the beginning of a block may lie before its span.
    if !written.trim_ascii_start().is_empty() && !leads_with_line_end(written) {
        at = text.iter().take_while(|byte| **byte == b'\n').count();
    }
    while at < text.len() {
        match written.get(from) {
            Some(byte) if *byte == text[at] => {
                if !is_run {
                    runs.push((at as u32, start + from as u32));
                    is_run = true;
                }
                at += 1;
                from += 1;
                // What follows a line end is indentation first.
                if text[at - 1] == b'\n' {
                    is_run = false;
                    from = skip_indent(written, from, &text[at..]);
                }
            }
            Some(b'\r') if written.get(from + 1) == Some(&b'\n') => {
                is_run = false;
                from += 1;
            }
            // A folded line.
            Some(b'\n') if text[at] == b' ' => {
                is_run = false;
                at += 1;
                from = skip_indent(written, from + 1, &text[at..]);
            }
            Some(b' ' | b'\t' | b'\n') => {
                is_run = false;
                from += 1;
            }
            None if text[at..].iter().all(u8::is_ascii_whitespace) => break,
            _ => return None,
        }
    }
    Some(runs)
}

/// Whether the first line is blank.
fn leads_with_line_end(written: &[u8]) -> bool {
    written.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r')) == Some(&b'\n')
}

/// Behind the indentation of a line, as far as the text has less of it.
fn skip_indent(written: &[u8], from: usize, text: &[u8]) -> usize {
    let spaces = |bytes: &[u8]| bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    from + spaces(&written[from.min(written.len())..]).saturating_sub(spaces(text))
}

/// The text with each expression of GitHub, and each input of GitLab (`$[[ inputs.a ]]`), as a variable of the same length;
/// `None` where it has none.
fn without_expressions(text: &str) -> Option<String> {
    let first = without(text, "${{", "}}");
    without(first.as_deref().unwrap_or(text), "$[[", "]]").or(first)
}

fn without(text: &str, open: &str, close: &str) -> Option<String> {
    if !text.contains(open) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(open) {
        let Some(len) = rest[start..].find(close).map(|len| len + 2) else { break };
        out.push_str(&rest[..start]);
        push_variable(len, &mut out);
        rest = &rest[start + len..];
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn script(text: &str) -> (String, ScriptText) {
        let tree = yaml::read(text);
        let node = tree.root().unwrap().get("run").unwrap();
        let span = node.span();
        (text.to_owned(), ScriptText::new(node.text().unwrap(), &text[span.range()], WorkflowPlace::of(span)))
    }

    #[track_caller]
    fn check(text: &str, part: &str, is_verbatim: bool) {
        let (file, script) = script(text);
        let at = script.text.find(part).unwrap() as u32;
        let span = Span::new(at, at + part.len() as u32);
        let place = script.place_of(span).span;
        // With escapes, only the whole is known.
        let is_whole = place == script.place.span;
        assert!(is_whole || file[place.range()].starts_with(&part[..1]), "{:?}", &file[place.range()]);
        assert_eq!(script.verbatim(span).map(|span| &file[span.range()]), is_verbatim.then_some(part), "{text}");
    }

    #[test]
    fn parts_are_found_in_the_file() {
        check("run: docker build .\n", "build", true);
        check("run: |\n    a b\n      docker build \\\n        --push .\n    c\n", "docker build", true);
        check("run: |\n    a b\n      docker build \\\n        --push .\n    c\n", "build \\\n    --push", false);
        check("run: >-\n  docker build\n  --push .\n", "--push", true);
        check("run: >-\n  docker build\n  --push .\n", "build --push", false);
        check("run: |\r\n  a\r\n  docker build .\r\n", "docker build", true);
        check("run: 'docker build .'\n", "docker build", true);
        check("run: \"docker build \\\"$A\\\"\"\n", "build \"$A\"", false);
        check("run: |\n\n  a\n\n  bcd e\n", "bcd", true);
    }

    #[test]
    fn parts_are_found_behind_values() {
        let file = "a {{x}} b {{y}}c";
        let parts = [
            ScriptPart::Written(&file[..2], 0),
            ScriptPart::Value("a value".to_owned(), Span::new(2, 7)),
            ScriptPart::Written(&file[7..10], 7),
            ScriptPart::Unknown(&file[10..15], 10),
            ScriptPart::Written(&file[15..], 15),
        ];
        let script = ScriptText::of_parts(&parts, WorkflowPlace::of(Span::new(0, file.len() as u32)));
        assert_eq!((&*script.text, script.for_shell()), ("a a value b {{y}}c", "a a value b ${__}c"));
        let place = |part: &str| {
            let at = script.text.find(part).unwrap() as u32;
            let span = Span::new(at, at + part.len() as u32);
            (&file[script.place_of(span).span.range()], script.verbatim(span).map(|span| &file[span.range()]))
        };
        assert_eq!(place("value"), ("{{x}}", None));
        assert_eq!(place("b "), ("b ", Some("b ")));
        assert_eq!(place("value b"), ("{{x}} b", None));
        assert_eq!(place("{{y}}"), ("{{y}}", Some("{{y}}")));
        assert_eq!(place("{{y}}c"), ("{{y}}c", None));
    }

    #[test]
    fn expressions_are_variables_of_the_same_length() {
        let (_, script) = script("run: docker build -t a:${{ github.sha }} ${{ matrix.a\n");
        assert_eq!(script.for_shell(), "docker build -t a:${______________} ${{ matrix.a");
        assert_eq!(script.for_shell().len(), script.text.len());
    }
}
