//! The bodies of recipes: lines that a shell gets one by one, or a script of its own.

use std::collections::BTreeSet;

use super::constants::Constants;
use super::tokens::tokens;
use crate::text::Span;
use crate::workflow::place::WorkflowPlace;
use crate::workflow::script::{ScriptPart, ScriptText};

/// Bytes of values that are filled in for one file.
pub(super) const FILLED: usize = 1 << 20;

/// The body of a recipe.
pub(super) struct Body<'b> {
    pub text: &'b str,
    /// The number of the file.
    pub file: u32,
    /// Its lines with their ends.
    pub span: Span,
}

/// What is known where a body stands.
pub(super) struct BodyReader<'b> {
    pub constants: &'b Constants,
    /// The names of the recipe's parameters.
    pub parameters: Vec<&'b str>,
    /// The names that interpolations use.
    pub used: BTreeSet<String>,
    /// Bytes that may still be filled in.
    pub budget: &'b mut usize,
}

/// A line without indentation, and where it starts.
type Line<'b> = (&'b str, usize);

impl<'b> Body<'b> {
    /// Where the body of a recipe ends that starts at `from`.
    pub(super) fn end(text: &str, from: usize) -> usize {
        let mut end = from;
        for line in text[from..].split_inclusive('\n') {
            if !line.starts_with([' ', '\t']) && !line.trim().is_empty() {
                break;
            }
            end += line.len();
        }
        end
    }

    /// Its lines without indentation and line ends, those that are blank at its end left out.
    pub(super) fn lines(&self) -> Vec<Line<'b>> {
        let mut lines: Vec<Line> = Vec::new();
        let mut at = self.span.start as usize;
        let text = &self.text[self.span.range()];
        let indents = text.lines().filter(|line| !line.trim().is_empty());
        let indent = indents.map(|line| line.len() - line.trim_start_matches([' ', '\t']).len()).next().unwrap_or(0);
        for line in text.split_inclusive('\n') {
            let white_space = line.len() - line.trim_start_matches([' ', '\t']).len();
            let cut = white_space.min(indent);
            let content = line[cut..].trim_end_matches(['\n', '\r']);
            lines.push((content, at + cut));
            at += line.len();
        }
        while lines.last().is_some_and(|(line, _)| line.trim().is_empty()) {
            lines.pop();
        }
        lines
    }

    /// The text for the shell of each line, those that `\` continues joined.
    pub(super) fn line_scripts(&self, ignores_comments: bool, reader: &mut BodyReader) -> Vec<ScriptText> {
        let mut scripts = Vec::new();
        let lines = self.lines();
        let mut lines = lines.into_iter();
        while let Some((line, from)) = lines.next() {
            let content = line.trim_start_matches(['@', '-']);
            let start = from + line.len() - content.len();
            let is_comment = ignores_comments && content.starts_with('#');
            let mut parts = Vec::new();
            let mut end = start;
            let mut next = Some((content, start));
            while let Some((line, from)) = next {
                let joined = if is_comment { None } else { line.strip_suffix('\\') };
                reader.add(joined.unwrap_or(line), from, &mut parts);
                end = from + line.len();
                next = joined.and_then(|_| lines.next()).map(|(line, from)| {
                    let trimmed = line.trim_start();
                    (trimmed, from + line.len() - trimmed.len())
                });
            }
            if !content.trim().is_empty() && !is_comment {
                scripts.push(ScriptText::of_parts(&parts, self.place(start, end)));
            }
        }
        scripts
    }

    /// The text of all lines.
    pub(super) fn whole_script(&self, reader: &mut BodyReader) -> ScriptText {
        let mut parts = Vec::new();
        let (mut start, mut end) = (None, self.span.start as usize);
        for (line, from) in self.lines() {
            reader.add(line, from, &mut parts);
            start.get_or_insert(from);
            end = from + line.len();
            let is_last = self.text.len() == end;
            let rest = &self.text[end..];
            if !is_last {
                let at = end + usize::from(rest.starts_with('\r'));
                parts.push(ScriptPart::Written("\n", at as u32));
            }
        }
        ScriptText::of_parts(&parts, self.place(start.unwrap_or(end), end))
    }

    fn place(&self, start: usize, end: usize) -> WorkflowPlace {
        WorkflowPlace { file: self.file, span: Span::new(start as u32, end as u32) }
    }
}

impl BodyReader<'_> {
    /// Adds a line with its interpolations.
    fn add<'l>(&mut self, line: &'l str, from: usize, parts: &mut Vec<ScriptPart<'l>>) {
        let mut at = 0;
        while let Some(len) = line[at..].find("{{") {
            let open = at + len;
            parts.push(ScriptPart::Written(&line[at..open], (from + at) as u32));
            if line[open..].starts_with("{{{{") {
                let span = Span::new((from + open) as u32, (from + open + 4) as u32);
                parts.push(ScriptPart::Value("{{".to_owned(), span));
                at = open + 4;
                continue;
            }
            let Some(len) = line[open..].find("}}") else {
                at = open;
                break;
            };
            let close = open + len + 2;
            let inner = &line[open + 2..close - 2];
            let words = inner.split(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c)));
            self.used.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
            let tokens = tokens(inner, 0).map(|(tokens, _)| tokens);
            let value = tokens.and_then(|tokens| self.constants.value(&tokens, &self.parameters));
            let span = Span::new((from + open) as u32, (from + close) as u32);
            parts.push(match value.filter(|value| value.len() <= *self.budget) {
                Some(value) => {
                    *self.budget -= value.len();
                    ScriptPart::Value(value, span)
                }
                None => ScriptPart::Unknown(&line[open..close], span.start),
            });
            at = close;
        }
        parts.push(ScriptPart::Written(&line[at..], (from + at) as u32));
    }
}
