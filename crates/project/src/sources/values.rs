//! Evaluates expressions for paths: constants, joined parts, defaults of variables. Nothing is executed, and an
//! expression that is not understood has no value. The functions that join paths, name folders or read variables are in
//! `data/source_patterns.tsv`.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, BTreeSet};

use super::code;
use super::comments::blank_comments;
use super::definitions::{self, CodePlace, GivenValues, NameBinding, Parameter, PassedValue};
use super::patterns;
use super::text_filter::{TripleFilter, filters_of, triples};
use crate::manifest::{Ecosystem, FileKind};
use crate::text::path;

/// The maximum number of expressions that are evaluated for an answer.
const STEPS: usize = 2_000;

/// The maximum length of a chain of names.
const DEEPEST: usize = 16;

/// A possible value of an expression.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceValue {
    /// This text.
    Text(String),
    /// A text with this prefix.
    Start(String),
    /// Not a file: a stream, a buffer in memory.
    Stream,
}

/// All possible values of an expression; `None` if they are unknown.
type Values = Option<BTreeSet<SourceValue>>;

/// Evaluates expressions of some source files.
pub struct Evaluator<'e> {
    texts: BTreeMap<&'e str, (&'e str, OnceCell<Cow<'e, str>>)>,
    filters: OnceCell<Vec<TripleFilter>>,
    /// The values that the image and the container's settings give a variable.
    variables: &'e dyn Fn(&str) -> Vec<String>,
    /// The folder of the image that a source file is in; `None` if it is somewhere below the working directory.
    folder: &'e dyn Fn(&str) -> Option<String>,
    steps: Cell<usize>,
}

#[expect(clippy::unnecessary_wraps, reason = "`None` stands for values that are not known")]
fn single(value: SourceValue) -> Values {
    Some(BTreeSet::from([value]))
}

fn text(text: &str) -> Values {
    single(SourceValue::Text(text.to_owned()))
}

impl<'e> Evaluator<'e> {
    /// Creates an evaluator for source files by their paths.
    pub fn new(
        texts: impl Iterator<Item = (&'e str, &'e str)>,
        variables: &'e dyn Fn(&str) -> Vec<String>,
        folder: &'e dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let texts = texts.map(|(path, text)| (path, (text, OnceCell::new()))).collect();
        Self { texts, filters: OnceCell::new(), variables, folder, steps: Cell::new(0) }
    }

    /// The text of a source file, with comments blanked out.
    pub fn source(&self, file: &str) -> &str {
        let Some((&file, (text, blank))) = self.texts.get_key_value(file) else { return "" };
        blank.get_or_init(|| without_comments(file, text))
    }

    /// The values of an expression at a position of a source file.
    pub fn value(&self, file: &str, at: usize, expression: &str) -> Values {
        self.steps.set(0);
        let (&file, _) = self.texts.get_key_value(file)?;
        self.of(CodePlace { file, text: self.source(file), at }, expression, 0)
    }

    /// The values of the members and keys of this name that are set in a source file, or else in any file.
    pub fn member_of(&self, file: &str, name: &str) -> Values {
        self.steps.set(0);
        let (&file, _) = self.texts.get_key_value(file)?;
        let members = definitions::members(CodePlace { file, text: self.source(file), at: 0 }, name);
        if members.is_empty() { self.member(name, 0) } else { self.union_of(&members, 0) }
    }

    fn of(&self, place: CodePlace, expression: &str, depth: usize) -> Values {
        self.steps.set(self.steps.get() + 1);
        let expression = trimmed(expression);
        if depth > DEEPEST || self.steps.get() > STEPS || expression.is_empty() {
            return None;
        }
        if code::bracketed(expression)
            .is_some_and(|inside| expression.starts_with('(') && inside.len() + 2 == expression.len())
        {
            return self.of(place, &expression[1..expression.len() - 1], depth);
        }
        let is_python = FileKind::of(place.file).ecosystem() == Some(Ecosystem::Python);
        let choice = if is_python { python_choice(expression) } else { choice(expression) };
        if let Some((condition, yes, no)) = choice {
            return match (self.of(place, yes, depth + 1), self.of(place, no, depth + 1)) {
                // The variable is not set.
                (None, no) if is_variable(trimmed(condition)) => no,
                (yes, no) => combine(yes, no),
            };
        }
        for separator in ["||", "??", " or "] {
            let parts = code::split(expression, separator);
            if parts.len() > 1 {
                return self.first_of(place, &parts, depth);
            }
        }
        let sum = code::split(expression, "+");
        if sum.len() > 1 {
            return folded(PartSeparator::Text, sum.into_iter().map(|part| self.of(place, part, depth + 1)));
        }
        let quotient = if is_python { code::split(expression, "/") } else { Vec::new() };
        if quotient.len() > 1 {
            return folded(PartSeparator::Path, quotient.into_iter().map(|part| self.of(place, part, depth + 1)));
        }
        self.single(place, expression, depth)
    }

    /// `a || b`: the first part counts unless it is an unset variable.
    fn first_of(&self, place: CodePlace, parts: &[&str], depth: usize) -> Values {
        let mut all = BTreeSet::new();
        for (index, part) in parts.iter().enumerate() {
            match self.of(place, part, depth + 1) {
                Some(values) => all.extend(values),
                None if index + 1 < parts.len() && is_variable(trimmed(part)) => continue,
                None => return None,
            }
            if is_variable(trimmed(part)) {
                break;
            }
        }
        Some(all)
    }

    /// A text, a call, a member or a name.
    fn single(&self, place: CodePlace, expression: &str, depth: usize) -> Values {
        if let Some(value) = self.quoted(place, expression, depth) {
            return value;
        }
        if let Some((callee, list)) = code::call(expression) {
            return self.call(place, callee, list, depth);
        }
        if let Some((of, key)) = code::subscript(expression) {
            let name = literal(key)?;
            return if is_variable(of) { self.variable(name) } else { self.member(name, depth) };
        }
        if is_named(expression, "is no file") {
            return single(SourceValue::Stream);
        }
        let (of, name) = code::member(expression);
        if !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$')) {
            return None;
        }
        if let Some(known) = self.known_name(place, expression) {
            return known;
        }
        match of {
            Some(of) if is_variable(of) => self.variable(name),
            Some(of) if is_named(expression, "the folder of a path") => self.of(place, of, depth + 1).map(parents),
            Some(of) => {
                // The name of a temporary file.
                let temporary = |values: &BTreeSet<SourceValue>| {
                    values.iter().all(|value| *value == SourceValue::Start("/tmp/".to_owned()))
                };
                let known = if matches!(of, "self" | "this") { None } else { self.of(place, of, depth + 1) };
                let temporary_values = known.filter(temporary).filter(|values| !values.is_empty());
                temporary_values.or_else(|| self.member(name, depth))
            }
            None => self.name(place, name, depth),
        }
    }

    /// A quoted string, with its inner expressions inserted.
    fn quoted(&self, place: CodePlace, expression: &str, depth: usize) -> Option<Values> {
        let start = expression.find(['"', '\'', '`']).filter(|at| *at <= 2)?;
        let (prefix, rest) = expression.split_at(start);
        if !prefix.chars().all(|c| c.is_ascii_alphabetic() || c == '@' || c == '$') {
            return None;
        }
        let quote = rest.chars().next()?;
        let inside = rest[1..].strip_suffix(quote)?;
        if inside.contains(quote) || inside.contains('\n') {
            return None;
        }
        let open = match quote {
            '`' => "${",
            _ if prefix.contains(['f', 'F', '$']) => "{",
            _ => return Some(if inside.contains('\\') { None } else { text(inside) }),
        };
        let (mut parts, mut rest) = (Vec::new(), inside);
        while let Some((before, after)) = rest.split_once(open) {
            parts.push(text(before));
            let Some((inner, behind)) = after.split_once('}') else { return Some(None) };
            parts.push(self.of(place, inner.split(':').next().unwrap_or(inner), depth + 1));
            rest = behind;
        }
        parts.push(text(rest));
        Some(folded(PartSeparator::Text, parts.into_iter()))
    }

    fn call(&self, place: CodePlace, callee: &str, list: &str, depth: usize) -> Values {
        let callee = callee.trim_start_matches("new ").trim();
        let list = code::arguments(list);
        if is_named(callee, "is no file") {
            return single(SourceValue::Stream);
        }
        if let Some(known) = self.known_name(place, callee) {
            return known;
        }
        let (of, name) = code::member(callee);
        let inner = |index: usize| list.get(index).map(|part| keyword(part));
        if is_variable(callee) || name.to_ascii_lowercase().contains("env") {
            let name = inner(0).and_then(literal).filter(|name| name.chars().all(|c| !c.is_ascii_lowercase()))?;
            return self.variable(name).or_else(|| self.of(place, inner(1)?, depth + 1));
        }
        let receiver = of.filter(|of| patterns::words("has functions for paths").all(|word| word != *of));
        if is_named(callee, "joins paths") {
            // `", ".join(names)` is a text, not a path.
            let parts = receiver.filter(|of| !of.starts_with(['"', '\''])).into_iter().chain(list.iter().copied());
            let values = parts.map(|part| self.of(place, keyword(part), depth + 1));
            return if literal(of.unwrap_or_default()).is_none() { folded(PartSeparator::Path, values) } else { None };
        }
        if is_named(callee, "the folder of a path") {
            return self.of(place, receiver.or(inner(0))?, depth + 1).map(parents);
        }
        if is_named(callee, "the same path") {
            return self.of(place, receiver.or(inner(0))?, depth + 1);
        }
        if list.is_empty() && of.is_none() { self.value_of_call(place, name, depth) } else { None }
    }

    /// What a function without parameters returns, in the file itself or in the only one that defines it.
    fn value_of_call(&self, place: CodePlace, function: &str, depth: usize) -> Values {
        let here = definitions::returned_values(place, function);
        let all = || self.holding(function).map(|other| definitions::returned_values(other, function));
        let definitions: Vec<GivenValues> =
            if here.is_empty() { all().filter(|values| !values.is_empty()).collect() } else { vec![here] };
        match &definitions[..] {
            [only] => self.union_of(only, depth),
            _ => None,
        }
    }

    /// Well-known folders: of the source file, the working directory, for temporary files, of the user.
    fn known_name(&self, place: CodePlace, name: &str) -> Option<Values> {
        let folder_of_file = || (self.folder)(place.file);
        if is_named(name, "folder of the source") {
            return Some(
                folder_of_file().map_or_else(|| single(SourceValue::Start("./".to_owned())), |folder| text(&folder)),
            );
        }
        if is_named(name, "file of the source") {
            let file = |folder: String| text(&path::child(&folder, path::name(place.file)));
            return Some(folder_of_file().map_or_else(|| single(SourceValue::Start("./".to_owned())), file));
        }
        if is_named(name, "folder for temporary files") {
            return Some(single(SourceValue::Start("/tmp/".to_owned())));
        }
        if is_named(name, "folder of the user") {
            return Some(text("/home/user"));
        }
        is_named(name, "working folder").then(|| text("."))
    }

    /// The values that the image and the container's settings give a variable.
    fn variable(&self, name: &str) -> Values {
        let values = (self.variables)(name);
        (!values.is_empty()).then(|| values.into_iter().map(SourceValue::Text).collect())
    }

    fn name(&self, place: CodePlace, name: &str, depth: usize) -> Values {
        match definitions::bound(place, name) {
            NameBinding::Given(definitions) => self.union_of(&definitions, depth),
            NameBinding::Parameter(parameter) => self.passed_values(place, parameter, depth),
            NameBinding::Inner => None,
            NameBinding::Nothing => {
                let definitions: GivenValues =
                    self.holding(name).flat_map(|place| definitions::exported(place, name)).collect();
                // `const { name } = require("./config")` takes a member.
                if definitions.is_empty() { self.member(name, depth) } else { self.union_of(&definitions, depth) }
            }
        }
    }

    fn member(&self, name: &str, depth: usize) -> Values {
        // Settings are named like variables.
        let set = self.variable(&name.to_ascii_uppercase());
        let definitions: GivenValues = self.holding(name).flat_map(|place| definitions::members(place, name)).collect();
        match (set, self.union_of(&definitions, depth)) {
            (Some(mut set), definitions) => {
                set.extend(definitions.into_iter().flatten());
                Some(set)
            }
            (None, definitions) => definitions,
        }
    }

    /// The arguments that callers pass for a parameter.
    fn passed_values(&self, place: CodePlace, parameter: Parameter, depth: usize) -> Values {
        let function = parameter.function?;
        let ecosystem = FileKind::of(place.file).ecosystem();
        let mut all: BTreeSet<SourceValue> = BTreeSet::new();
        if let Some(default) = parameter.default {
            all.extend(self.of(place, default, depth + 1)?);
        }
        for caller in self.holding(function).filter(|caller| FileKind::of(caller.file).ecosystem() == ecosystem) {
            for at in code::words(caller.text, function) {
                let caller = CodePlace { at, ..caller };
                match definitions::passed_values(caller, function, &parameter) {
                    PassedValue::Argument(part) => all.extend(self.of(caller, keyword(part), depth + 1)?),
                    PassedValue::Nothing => {}
                    PassedValue::Anything => return None,
                }
            }
        }
        Some(all).filter(|all| !all.is_empty())
    }

    /// The union of several values, if each is known.
    fn union_of(&self, definitions: &GivenValues, depth: usize) -> Values {
        let mut all = BTreeSet::new();
        for (place, expression) in definitions {
            // A placeholder for a value that is set later.
            let empty = literal(expression) == Some("");
            if empty || patterns::words("stands for no value").any(|word| word == *expression) {
                continue;
            }
            all.extend(self.of(*place, expression, depth + 1)?);
        }
        Some(all).filter(|all| !all.is_empty())
    }

    /// The source files that contain a word.
    fn holding<'s>(&'s self, word: &'s str) -> impl Iterator<Item = CodePlace<'s>> + 's {
        let filters = self.filters.get_or_init(|| filters_of(self.texts.values().map(|(text, _)| *text)));
        let triples: Vec<u64> = triples(word.as_bytes()).collect();
        let texts = self
            .texts
            .iter()
            .zip(filters)
            .filter(move |((_, (text, _)), filter)| filter.may_hold(&triples) && text.contains(word));
        texts.map(|((&file, _), _)| CodePlace { file, text: self.source(file), at: 0 })
    }
}

/// A text without comments that fill whole lines; for JavaScript and TypeScript without any comments.
pub fn without_comments<'t>(file: &str, text: &'t str) -> Cow<'t, str> {
    let kind = FileKind::of(file);
    if kind.ecosystem() == Some(Ecosystem::Node) && kind.is_code() {
        return Cow::Owned(blank_comments(text));
    }
    if kind.ecosystem() == Some(Ecosystem::Python) && (text.contains("\"\"\"") || text.contains("'''")) {
        return Cow::Owned(without_docstrings(text));
    }
    let mark = kind.comment().unwrap_or("#");
    // In Python `**` hands over a mapping.
    let marks = [mark, if mark == "#" { mark } else { "*" }];
    let is_comment = |line: &str| marks.iter().any(|mark| line.trim_start().starts_with(mark));
    if !text.lines().any(is_comment) {
        return Cow::Borrowed(text);
    }
    let lines = text.split_inclusive('\n').map(|line| {
        let end = line.len() - line.trim_end_matches(['\n', '\r']).len();
        if is_comment(line) { " ".repeat(line.len() - end) + &line[line.len() - end..] } else { line.to_owned() }
    });
    Cow::Owned(lines.collect())
}

/// A text of Python without comments and without the texts that are statements of their own.
fn without_docstrings(text: &str) -> String {
    let mut blank = text.as_bytes().to_vec();
    let bytes = text.as_bytes();
    // The last byte that is not white space, and whether a line ended after it.
    let (mut at, mut last, mut begins_line) = (0, b'\n', true);
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let quotes = [&b"\"\"\""[..], b"'''"].into_iter().find(|quotes| rest.starts_with(quotes));
        let (length, is_blank) = match (byte, quotes) {
            (b'#', _) => (memchr::memchr(b'\n', rest).unwrap_or(rest.len()), true),
            (_, Some(quotes)) => {
                let end = memchr::memmem::find(&rest[3..], quotes).map_or(rest.len(), |length| length + 6);
                (end, begins_line && !b"(,=[{+%\\".contains(&last))
            }
            (b'"' | b'\'', None) => (super::comments::quoted_length(rest, byte), false),
            _ => (1, false),
        };
        if is_blank {
            blank[at..at + length].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        } else if byte == b'\n' {
            begins_line = true;
        } else if !byte.is_ascii_whitespace() {
            (last, begins_line) = (byte, false);
        }
        at += length;
    }
    String::from_utf8(blank).unwrap_or_else(|_| text.to_owned())
}

/// An expression without parts that do not change its value.
fn trimmed(expression: &str) -> &str {
    let mut text = expression.trim().trim_end_matches([';', '!']);
    for word in ["await ", "return ", "&", "*"] {
        text = text.strip_prefix(word).unwrap_or(text).trim_start();
    }
    text.split(" as ").next().unwrap_or(text).trim_end()
}

/// The value of `name=value` in a list of arguments.
fn keyword(argument: &str) -> &str {
    let named = argument.split_once('=').filter(|(name, value)| {
        name.trim().chars().all(|c| c.is_alphanumeric() || c == '_') && !value.starts_with(['=', '>'])
    });
    named.map_or(argument, |(_, value)| value.trim())
}

/// A plain quoted string.
pub(super) fn literal(expression: &str) -> Option<&str> {
    let expression = expression.trim();
    let quote = expression.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    expression.get(1..)?.strip_suffix(quote).filter(|inside| !inside.contains([quote, '\\', '$']))
}

/// Whether a name, or its part after the last dot, has a meaning.
fn is_named(name: &str, meaning: &str) -> bool {
    patterns::words(meaning)
        .any(|word| name.strip_suffix(word).is_some_and(|rest| rest.is_empty() || rest.ends_with(['.', ':'])))
}

/// Whether it reads environment variables.
fn is_variable(expression: &str) -> bool {
    let name = |text: &str| is_named(text, "variables of the environment");
    let called = code::call(expression).map(|(callee, _)| callee);
    let keyed = code::subscript(expression).map(|(of, _)| of);
    name(expression) || called.into_iter().chain(keyed).chain(code::member(expression).0).any(name)
}

/// `a ? b : c`, as these three.
fn choice(expression: &str) -> Option<(&str, &str, &str)> {
    let parts = code::split(expression, " ? ");
    let [condition, rest] = parts.as_slice() else { return None };
    let parts = code::split(rest, " : ");
    (parts.len() == 2).then(|| (*condition, parts[0], parts[1]))
}

/// `b if a else c`, as `a`, `b`, `c`.
fn python_choice(expression: &str) -> Option<(&str, &str, &str)> {
    let parts = code::split(expression, " if ");
    let [yes, rest] = parts.as_slice() else { return None };
    let parts = code::split(rest, " else ");
    (parts.len() == 2).then(|| (parts[0], *yes, parts[1]))
}

fn combine(first: Values, other: Values) -> Values {
    let mut first = first?;
    first.extend(other?);
    Some(first)
}

/// How parts are joined.
#[derive(Clone, Copy)]
enum PartSeparator {
    /// By concatenation.
    Text,
    /// As parts of a path; an absolute part replaces the previous ones.
    Path,
}

impl PartSeparator {
    fn put(self, before: &str, after: &str) -> String {
        match self {
            Self::Text => before.to_owned() + after,
            Self::Path if before.is_empty() => after.to_owned(),
            Self::Path => match path::join(before, after) {
                text if text.is_empty() => ".".to_owned(),
                text => text,
            },
        }
    }

    /// Like [`Self::put`], for a second part whose end is unknown.
    fn start(self, before: &str, after: &str) -> String {
        match self {
            Self::Path if after.starts_with('/') => after.to_owned(),
            Self::Path if before.is_empty() => format!("./{after}"),
            Self::Path => path::child(before, after),
            Self::Text => before.to_owned() + after,
        }
    }
}

/// The value of several parts. Everything after an unknown part is unknown; the parts before it are known.
fn folded(joint: PartSeparator, mut parts: impl Iterator<Item = Values>) -> Values {
    let mut all = parts.next()??;
    for part in parts {
        let mut next = BTreeSet::new();
        for value in all {
            let SourceValue::Text(before) = value else {
                next.insert(value);
                continue;
            };
            match &part {
                None => _ = next.insert(SourceValue::Start(joint.start(&before, ""))),
                Some(part) => next.extend(part.iter().map(|after| match after {
                    SourceValue::Text(after) => SourceValue::Text(joint.put(&before, after)),
                    SourceValue::Start(after) => SourceValue::Start(joint.start(&before, after)),
                    SourceValue::Stream => SourceValue::Stream,
                })),
            }
        }
        all = next;
    }
    // A text with an unknown beginning is unknown.
    Some(all).filter(|all| !all.contains(&SourceValue::Start(String::new())))
}

/// The parent folders of some paths.
fn parents(values: BTreeSet<SourceValue>) -> BTreeSet<SourceValue> {
    let parent = |value: SourceValue| match value {
        SourceValue::Text(text) => SourceValue::Text(match path::normalize(&text).as_str() {
            "" => "..".to_owned(),
            text => match path::parent(text) {
                "" => ".".to_owned(),
                parent => parent.to_owned(),
            },
        }),
        other => other,
    };
    values.into_iter().map(parent).collect()
}

#[cfg(test)]
mod tests;
