//! Values of Python: strings, names, lists, calls.

use std::ops::Range;

use super::python::{PythonText, PythonToken, PythonTokenKind};

/// How deep brackets around a value and names of values are followed.
const DEEPEST: usize = 8;

/// A string with the places of its parts in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PythonString {
    pub(super) value: String,
    /// Offsets in the value with those in the file, ascending: what follows is written there.
    places: Vec<(usize, usize)>,
}

impl PythonString {
    /// Where in the file an offset of the value is written.
    pub(super) fn place(&self, offset: usize) -> usize {
        let index = self.places.partition_point(|(start, _)| *start <= offset);
        let (start, at) = index.checked_sub(1).map_or((0, 0), |index| self.places[index]);
        at + (offset - start)
    }
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub(super) struct PythonArgument<'t> {
    /// Of `name=value`.
    pub(super) name: Option<&'t str>,
    pub(super) value: Range<usize>,
}

/// The arguments of a call.
#[derive(Clone, Debug, Default)]
pub(super) struct PythonArguments<'t> {
    pub(super) all: Vec<PythonArgument<'t>>,
    /// Whether some come from a list or a mapping: `*args`, `**options`.
    pub(super) is_open: bool,
}

impl PythonArguments<'_> {
    /// The one with a name, or at a position.
    pub(super) fn get(&self, position: usize, name: &str) -> Option<Range<usize>> {
        self.keyword(name).or_else(|| self.positional(position))
    }

    pub(super) fn keyword(&self, name: &str) -> Option<Range<usize>> {
        let argument = self.all.iter().find(|argument| argument.name == Some(name))?;
        Some(argument.value.clone())
    }

    pub(super) fn positional(&self, position: usize) -> Option<Range<usize>> {
        let mut positional = self.all.iter().filter(|argument| argument.name.is_none());
        positional.nth(position).map(|argument| argument.value.clone())
    }
}

/// A value.
#[derive(Clone, Debug)]
pub(super) enum PythonValue<'t> {
    Text(PythonString),
    /// `a.b.c`, also `None`, `True` and `False`.
    Name(String),
    Call {
        callee: Range<usize>,
        arguments: PythonArguments<'t>,
    },
    /// A list, a tuple or a set.
    Items(Vec<Range<usize>>),
    /// Anything else.
    Computed,
}

impl<'t> PythonText<'t> {
    /// The value of tokens.
    pub(super) fn value(&self, range: Range<usize>) -> PythonValue<'t> {
        let range = self.without_brackets(range);
        let Some(first) = self.tokens.get(range.clone()).and_then(<[PythonToken]>::first) else {
            return PythonValue::Computed;
        };
        let last = range.end - 1;
        if let Some(text) = self.text_value(range.clone()) {
            return PythonValue::Text(text);
        }
        let is_whole = first.pair == last && last > range.start;
        if is_whole && matches!(first.kind, PythonTokenKind::Mark(b'[' | b'(' | b'{')) {
            return PythonValue::Items(self.split(range.start + 1..last, b','));
        }
        if let Some(name) = self.dotted(range.clone()) {
            return PythonValue::Name(name);
        }
        let open = self.tokens[last].pair;
        if self.is_mark(last, b')') && open > range.start && open < last {
            let arguments = self.arguments(open + 1..last);
            return PythonValue::Call { callee: range.start..open, arguments };
        }
        if self.find(range.clone(), b',').is_some() {
            return PythonValue::Items(self.split(range, b','));
        }
        PythonValue::Computed
    }

    /// A value without the brackets around it that make no tuple.
    fn without_brackets(&self, mut range: Range<usize>) -> Range<usize> {
        for _ in 0..DEEPEST {
            let inside = range.start + 1..range.end.saturating_sub(1);
            let is_whole = self.is_mark(range.start, b'(')
                && self.tokens[range.start].pair == inside.end
                && !inside.is_empty()
                && self.find(inside.clone(), b',').is_none();
            if !is_whole {
                break;
            }
            range = inside;
        }
        range
    }

    /// `a.b.c`
    pub(super) fn dotted(&self, range: Range<usize>) -> Option<String> {
        if range.is_empty() || range.len() > 2 * DEEPEST {
            return None;
        }
        let mut name = String::new();
        for (index, token) in range.clone().zip(self.tokens.get(range)?) {
            let is_expected = match (name.is_empty() || name.ends_with('.'), token.kind) {
                (true, kind) => kind == PythonTokenKind::Word,
                (false, kind) => kind == PythonTokenKind::Mark(b'.'),
            };
            if !is_expected {
                return None;
            }
            name.push_str(self.word(index));
        }
        Some(name)
    }

    pub(super) fn arguments(&self, range: Range<usize>) -> PythonArguments<'t> {
        let mut arguments = PythonArguments::default();
        for part in self.split(range, b',') {
            if part.is_empty() {
                continue;
            }
            arguments.is_open |= self.is_mark(part.start, b'*');
            let is_named = self.tokens[part.start].kind == PythonTokenKind::Word
                && self.is_mark(part.start + 1, b'=')
                && part.len() > 2;
            arguments.all.push(if is_named {
                PythonArgument { name: Some(self.word(part.start)), value: part.start + 2..part.end }
            } else {
                PythonArgument { name: None, value: part }
            });
        }
        arguments
    }

    /// Strings that stand next to each other, or are added.
    fn text_value(&self, range: Range<usize>) -> Option<PythonString> {
        let mut text = PythonString::default();
        let mut wants_more = true;
        for index in range {
            match self.tokens[index].kind {
                PythonTokenKind::Text => {
                    self.append(index, &mut text);
                    wants_more = false;
                }
                PythonTokenKind::Mark(b'+') if !wants_more => wants_more = true,
                _ => return None,
            }
        }
        (!wants_more).then_some(text)
    }

    /// Appends the value of a string, with its escapes replaced.
    fn append(&self, index: usize, out: &mut PythonString) {
        let token = self.tokens[index];
        let text = &self.text[token.start..token.end];
        let prefix = text.find(['"', '\'']).unwrap_or(0);
        let is_raw = text[..prefix].contains(['r', 'R']);
        let quote = &text[prefix..=prefix];
        let width = if text[prefix..].starts_with(&quote.repeat(3)) { 3 } else { 1 };
        let inside = &text[(prefix + width).min(text.len())..];
        let inside = inside.strip_suffix(&quote.repeat(width)).unwrap_or(inside);
        let base = token.start + (prefix + width).min(text.len());
        out.places.push((out.value.len(), base));
        if is_raw || !inside.contains('\\') {
            out.value.push_str(inside);
            return;
        }
        let mut at = 0;
        while let Some(offset) = memchr::memchr(b'\\', &inside.as_bytes()[at..]) {
            out.value.push_str(&inside[at..at + offset]);
            at += offset;
            let rest = &inside[at..];
            let (replacement, length) = match rest.as_bytes().get(1) {
                Some(b'n') => ("\n", 2),
                Some(b't') => ("\t", 2),
                Some(b'"') => ("\"", 2),
                Some(b'\'') => ("'", 2),
                Some(b'\\') => ("\\", 2),
                Some(b'\n') => ("", 2),
                _ => ("\\", 1),
            };
            out.value.push_str(replacement);
            at += length;
            out.places.push((out.value.len(), base + at));
        }
        out.value.push_str(&inside[at..]);
    }

    /// The string that tokens are, through the names of values.
    pub(super) fn string(&self, range: Range<usize>, names: &PythonNames<'t>) -> Option<PythonString> {
        match self.value(names.resolve(self, range)) {
            PythonValue::Text(text) => Some(text),
            // `op.f("name")`, `sa.text("…")`, `textwrap.dedent("…")`
            PythonValue::Call { callee, arguments } => {
                let callee = self.dotted(callee)?;
                let function = callee.rsplit('.').next().unwrap_or_default();
                let hands_on = matches!(function, "f" | "text" | "dedent" | "DDL" | "quoted_name");
                match self.value(names.resolve(self, arguments.positional(0)?)) {
                    PythonValue::Text(text) if hands_on => Some(text),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The strings of a list; none where one is something else.
    pub(super) fn strings(&self, range: Range<usize>, names: &PythonNames<'t>) -> Option<Vec<String>> {
        match self.value(names.resolve(self, range)) {
            PythonValue::Items(items) => {
                items.into_iter().map(|item| self.string(item, names).map(|text| text.value)).collect()
            }
            PythonValue::Text(text) => Some(vec![text.value]),
            _ => None,
        }
    }

    /// Whether tokens are a name such as `None` or `True`.
    pub(super) fn is_name(&self, range: &Range<usize>, name: &str) -> bool {
        range.len() == 1 && self.word(range.start) == name
    }
}

/// Names with the values that they are given once.
#[derive(Clone, Debug, Default)]
pub(super) struct PythonNames<'t> {
    values: std::collections::HashMap<&'t str, Option<Range<usize>>>,
}

impl<'t> PythonNames<'t> {
    /// Remembers a value; a name with several has none.
    pub(super) fn add(&mut self, name: &'t str, value: Range<usize>) {
        self.values.entry(name).and_modify(|value| *value = None).or_insert(Some(value));
    }

    /// The value of a name, or the tokens themselves.
    pub(super) fn resolve(&self, source: &PythonText<'_>, mut range: Range<usize>) -> Range<usize> {
        for _ in 0..DEEPEST {
            if range.len() != 1 {
                break;
            }
            let Some(Some(value)) = self.values.get(source.word(range.start)) else { break };
            range = value.clone();
        }
        range
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_keep_their_places() {
        let text = "x = ('a\\n' \"b'\" + '''c\nd''')";
        let source = PythonText::of(text);
        let (_, value) = source.assignment(&source.lines[0].tokens).unwrap();
        let PythonValue::Text(string) = source.value(value) else { panic!("no text") };
        assert_eq!(string.value, "a\nb'c\nd");
        for (offset, c) in [(0, "a"), (2, "b"), (3, "'"), (4, "c"), (6, "d")] {
            assert!(text[string.place(offset)..].starts_with(c), "{offset}");
        }
    }

    #[test]
    fn values_are_distinguished() {
        let of = |text: &str| {
            let source = PythonText::of(text);
            match source.value(0..source.tokens.len()) {
                PythonValue::Text(text) => format!("text {}", text.value),
                PythonValue::Name(name) => format!("name {name}"),
                PythonValue::Call { callee, arguments } => {
                    format!("call {} {}", source.dotted(callee).unwrap_or_default(), arguments.all.len())
                }
                PythonValue::Items(items) => format!("items {}", items.len()),
                PythonValue::Computed => "computed".to_owned(),
            }
        };
        for (text, expected) in [
            ("sa.Column('a', nullable=False)", "call sa.Column 2"),
            ("op.get_bind().execute('x')", "call  1"),
            ("f'{a}'", "computed"),
            ("f'a'", "text a"),
            ("r'\\a'", "text \\a"),
            ("('a', 'b')", "items 2"),
            ("('a',)", "items 1"),
            ("[]", "items 0"),
            ("()", "items 0"),
            ("a.b", "name a.b"),
            ("'a' % b", "computed"),
            ("a[0]", "computed"),
            ("'a' +", "computed"),
            ("", "computed"),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
