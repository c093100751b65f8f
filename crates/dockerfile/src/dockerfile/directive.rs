//! Parser directives, as the two readers of BuildKit see them: the parser line by line, and the look-up that asks for
//! `syntax` and `check` before the file is parsed. Knows no instruction.

use std::borrow::Cow;
use std::ops::Range;

use super::json::read_member;
use super::syntax::{Directive, DirectiveName, File};
use crate::text::Span;

/// The byte order mark that both readers drop at the very start.
pub(super) const BOM: &str = "\u{feff}";

/// A line of this length or more does not fit the look-up's buffer.
const MAX_LINE: usize = 65_536;

impl DirectiveName {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Escape => "escape",
            Self::Check => "check",
        }
    }

    fn of(name: &str) -> Option<Self> {
        [Self::Syntax, Self::Escape, Self::Check].into_iter().find(|known| name.eq_ignore_ascii_case(known.as_str()))
    }
}

/// What the look-up finds for `syntax` or `check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookUp<'a> {
    /// The value up to its first space: what counts.
    pub value: Cow<'a, str>,
    /// The whole value; `None` in the JSON form.
    pub written: Option<Span>,
}

impl File {
    /// The directives as the separate look-up sees them: other than [`File::directives`], none that is indented.
    pub fn lookup_directives(&self) -> Vec<Directive> {
        let text = self.source.text();
        look_up(text, self.source.mark() as usize, "#")
    }

    /// The front end's image as BuildKit finds it: `# syntax=`, `// syntax=` or a JSON file's member; a first line
    /// that begins with `#!` is skipped.
    pub fn syntax(&self) -> Option<LookUp<'_>> {
        let start = self.lookup_start();
        let text = self.source.text();
        if let Some(directive) = self.look_up(start, "#", DirectiveName::Syntax) {
            return Some(directive);
        }
        if let Some(directive) = self.look_up(start, "//", DirectiveName::Syntax) {
            return Some(directive);
        }
        let value = read_member(&text[start..], DirectiveName::Syntax.as_str())?;
        Some(LookUp { value: Cow::Owned(value), written: None })
    }

    /// The options of `docker build --check` as BuildKit finds them.
    pub fn check(&self) -> Option<LookUp<'_>> {
        self.look_up(self.lookup_start(), "#", DirectiveName::Check)
    }

    fn look_up(&self, start: usize, comment: &str, name: DirectiveName) -> Option<LookUp<'_>> {
        let text = self.source.text();
        let directive = look_up(text, start, comment).into_iter().find(|directive| directive.name == name)?;
        let value = self.source.slice(directive.value);
        let value = value.split_once(' ').map_or(value, |(first, _)| first);
        Some(LookUp { value: Cow::Borrowed(value), written: Some(directive.value) })
    }

    fn lookup_start(&self) -> usize {
        let text = self.source.text();
        let text_start = self.source.mark() as usize;
        if !text[text_start..].starts_with("#!") {
            return text_start;
        }
        text[text_start..].find('\n').map_or(text.len(), |end| text_start + end + 1)
    }
}

/// The directives at the start of `text[start..]`, up to the first line that is none.
fn look_up(text: &str, start: usize, comment: &str) -> Vec<Directive> {
    let mut reader = DirectiveReader::default();
    let mut directives = Vec::new();
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        let content = line.strip_suffix('\n').unwrap_or(line);
        let content = content.strip_suffix('\r').unwrap_or(content);
        if line.len() > MAX_LINE {
            break;
        }
        let DirectiveLine::Directive(name, value) = reader.read(content, comment) else { break };
        let shift = |range: Range<usize>| Span::new((at + range.start) as u32, (at + range.end) as u32);
        directives.push(Directive { name, value: shift(value), span: shift(0..content.len()) });
        at += line.len();
    }
    directives
}

/// BuildKit's directive parser: fed line by line, it gives up for good at the first line that is no directive.
#[derive(Debug, Default)]
pub(super) struct DirectiveReader {
    seen: Vec<DirectiveName>,
    done: bool,
}

/// What a line is to [`DirectiveReader`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum DirectiveLine {
    /// No directive.
    No,
    /// A directive with its value's range in the line.
    Directive(DirectiveName, Range<usize>),
    /// A directive that was there before: an error.
    Repeated(DirectiveName, Range<usize>),
}

impl DirectiveReader {
    /// No further line can be a directive.
    pub(super) fn finish(&mut self) {
        self.done = true;
    }

    /// Whether no further line can be a directive.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Reads the next line, given without its end.
    pub(super) fn read(&mut self, line: &str, comment: &str) -> DirectiveLine {
        let assignment = if self.done { None } else { line.strip_prefix(comment).and_then(match_assignment) };
        let known = assignment.and_then(|(name, value)| DirectiveName::of(name).map(|name| (name, value)));
        let Some((name, value)) = known else {
            self.done = true;
            return DirectiveLine::No;
        };
        let value = comment.len() + value.start..comment.len() + value.end;
        if self.seen.contains(&name) {
            return DirectiveLine::Repeated(name, value);
        }
        self.seen.push(name);
        DirectiveLine::Directive(name, value)
    }
}

/// `name = value`, as BuildKit's regular expression takes it: the name, and the value's range.
pub(super) fn match_assignment(text: &str) -> Option<(&str, Range<usize>)> {
    let line = text.trim_start();
    let name_len = line.bytes().take_while(u8::is_ascii_alphanumeric).count();
    if !line.as_bytes().first()?.is_ascii_alphabetic() {
        return None;
    }
    let after = line[name_len..].trim_start_matches(SPACES).strip_prefix('=')?;
    let value = after.trim_start_matches(SPACES);
    let start = text.len() - value.len();
    // The expression wants one character at least: of blanks alone, it takes the last.
    if value.is_empty() {
        return after.ends_with([' ', '\t', '\r', '\x0c']).then(|| (&line[..name_len], start - 1..start));
    }
    Some((&line[..name_len], start..start + value.trim_end_matches(SPACES).len()))
}

/// `\s` in Go's regular expressions.
const SPACES: [char; 5] = [' ', '\t', '\n', '\r', '\x0c'];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Source;

    fn check(text: &str, expected: Option<(&str, &str)>) {
        let assignment = match_assignment(text).map(|(name, value)| (name, &text[value]));
        assert_eq!(assignment, expected, "{text:?}");
    }

    #[test]
    fn assignments_are_matched() {
        check("  Escape \t= ` \r", Some(("Escape", "`")));
        check("check=skip = a ; b", Some(("check", "skip = a ; b")));
        check("escape=  ", Some(("escape", " ")));
        check("escape=", None);
        check("1a=b", None);
        check("a b=c", None);
        check("a\u{a0}=c", None);
    }

    fn syntax(text: &str) -> Option<String> {
        let file = crate::dockerfile::parse(&Source::of("Dockerfile", text));
        file.syntax().map(|directive| directive.value.into_owned())
    }

    #[test]
    fn the_look_up_knows_other_forms() {
        assert_eq!(syntax("#!/bin/x\n# syntax=a b\n").as_deref(), Some("a"));
        assert_eq!(syntax("\u{feff}// syntax=x\nFROM a\n").as_deref(), Some("x"));
        assert_eq!(syntax("{\"syntax\": \"x y\"}").as_deref(), Some("x y"));
        assert_eq!(syntax(" # syntax=x\nFROM a\n"), None);
        assert_eq!(syntax("#\n# syntax=x\n"), None);
    }
}
