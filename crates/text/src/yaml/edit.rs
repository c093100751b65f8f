//! Changes of a YAML file in place: a value replaced, a key or a member of a list added or removed, everything else byte
//! for byte as it stands. Refuses where the value comes from elsewhere (an anchor, a merge key) or a comment would be lost.
//!
//! A path names keys from the top; in a list a key is the number of a member, from 0.

use std::borrow::Cow;

use super::{NodeKind, Scalar, Style, YamlEntry, YamlNode, YamlTree};
use crate::text::{Edit, Source, Span};
use crate::yaml;

/// A file to be changed.
#[derive(Debug)]
pub struct YamlEditor<'s> {
    source: &'s Source,
    tree: YamlTree,
    is_editable: bool,
}

/// A value to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewValue {
    /// As it stands: a plain scalar, or a list in brackets.
    Inline(String),
    /// As it stands behind the colon, with its lines: for keys as deep as those that it was written for.
    Block(String),
    /// A list of texts in double quotes, one a line.
    List(Vec<String>),
    /// A mapping.
    Mapping(Vec<(String, NewValue)>),
}

impl NewValue {
    /// A text in double quotes, with each `$` as it stands.
    pub fn raw_text(text: &str) -> Self {
        Self::Inline(quoted(text))
    }

    /// A list of texts in brackets and double quotes, with each `$` as it stands.
    pub fn raw_texts(texts: &[String]) -> Self {
        Self::Inline(flow_list(texts))
    }

    /// In braces, on one line.
    fn flow(&self) -> String {
        match self {
            Self::Inline(text) | Self::Block(text) => text.clone(),
            Self::List(texts) => flow_list(texts),
            Self::Mapping(entries) => {
                let entries: Vec<String> =
                    entries.iter().map(|(key, value)| format!("{}: {}", key_text(key), value.flow())).collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    /// A text as a plain scalar where it is read as that text, else in double quotes; each `$` as it stands.
    pub fn scalar(text: &str) -> Self {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._/:+@${}?,=-".contains(c);
        let starts_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || "./$".contains(c));
        let tree = yaml::read(text);
        let is_text = tree.root().is_some_and(|root| root.scalar() == Ok(Some(Scalar::Text(text.into()))));
        let is_word =
            text.chars().all(is_plain) && starts_plain && is_text && !text.ends_with(':') && !is_boolean(text);
        if is_word { Self::Inline(text.to_owned()) } else { Self::raw_text(text) }
    }

    /// Behind `key:`, with the lines below indented.
    pub fn block(&self, indent: usize, unit: usize, end: &str) -> String {
        match self {
            Self::Inline(text) if text.is_empty() => String::new(),
            Self::Inline(text) => format!(" {text}"),
            Self::Block(text) => text.clone(),
            Self::List(texts) => {
                let line = |text: &String| format!("{end}{}- {}", " ".repeat(indent + unit), quoted(text));
                texts.iter().map(line).collect()
            }
            Self::Mapping(entries) => {
                let inner = indent + unit;
                let line = |(key, value): &(String, NewValue)| {
                    format!("{end}{}{}:{}", " ".repeat(inner), key_text(key), value.block(inner, unit, end))
                };
                entries.iter().map(line).collect()
            }
        }
    }
}

fn flow_list(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", quoted.join(", "))
}

/// What is below a node: under a key, or the member of a list with that number.
fn below<'t>(node: YamlNode<'t>, key: &str) -> Option<YamlNode<'t>> {
    if !node.is_alias() && node.kind() == Some(NodeKind::Sequence) {
        return node.items().nth(key.parse().ok()?);
    }
    node.entries().find(|entry| entry.key.text() == Some(key)).map(|entry| entry.value)
}

fn unwritten(path: &[&str]) -> String {
    format!("`{}` is not written in this file, or comes from a merge key (`<<`)", path.join("."))
}

/// Whether no alias takes a value over.
fn check_anchor(path: &[&str], node: YamlNode) -> Result<(), String> {
    if node.has_anchor() {
        let name = path.join(".");
        return Err(format!("`{name}` has an anchor, and would change wherever the anchor is used"));
    }
    Ok(())
}

/// Whether the last key of a path is written no more than once: of several, readers take another one each.
fn check_once(node: YamlNode, path: &[&str]) -> Result<(), String> {
    let is_key = |entry: &YamlEntry| Some(entry.key.text()) == path.last().map(|key| Some(*key));
    if !node.is_alias() && node.entries().filter(is_key).nth(1).is_some() {
        return Err(format!("`{}` is written more than once", path.join(".")));
    }
    Ok(())
}

/// Whether YAML 1.1, which Compose and others read too, takes a word for a truth value.
fn is_boolean(text: &str) -> bool {
    matches!(&*text.to_lowercase(), "true" | "y" | "yes" | "on" | "false" | "n" | "no" | "off")
}

/// A text in double quotes, as YAML and JSON both read it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A key as it is written: in double quotes where it would be read as something else.
fn key_text(key: &str) -> Cow<'_, str> {
    let flow = format!("{{{key}: a}}");
    let tree = yaml::read(&flow);
    let first = tree.root().and_then(|root| root.entries().next());
    let is_text = first.is_some_and(|entry| {
        entry.key.scalar() == Ok(Some(Scalar::Text(key.into()))) && entry.value.text() == Some("a")
    });
    if is_text && tree.problems().is_empty() { Cow::Borrowed(key) } else { Cow::Owned(quoted(key)) }
}

impl<'s> YamlEditor<'s> {
    /// Reads a file.
    pub fn new(source: &'s Source) -> Self {
        let tree = yaml::read(source.text());
        // CR alone ends a line of YAML, but none of a source.
        let has_lone_return = source.text().split('\r').skip(1).any(|rest| !rest.starts_with('\n'));
        Self { source, is_editable: tree.problems().is_empty() && !has_lone_return, tree }
    }

    /// The file.
    pub fn source(&self) -> &'s Source {
        self.source
    }

    /// Whether a key is written at this place itself, and not by an alias or a merge key.
    pub fn has(&self, path: &[&str]) -> bool {
        let Some(mut node) = self.tree.root() else { return false };
        for key in path {
            let Some(below) = below(node, key) else { return false };
            node = below;
        }
        true
    }

    /// The keys of a mapping that is written at a path, each with the place of it and its value.
    pub fn keys(&self, path: &[&str]) -> Vec<(&str, Span)> {
        let Some(root) = self.tree.root() else { return Vec::new() };
        let node = path.iter().try_fold(root, |node, key| below(node, key));
        let entries = node.into_iter().filter(|node| !node.is_alias()).flat_map(YamlNode::entries);
        let named =
            entries.filter_map(|entry| Some((entry.key.text()?, Span::new(entry.key.span().start, self.end(entry)))));
        named.collect()
    }

    /// The texts of the list at a path, or the one that stands there; `None` where that is written elsewhere.
    pub fn texts(&self, path: &[&str]) -> Option<Vec<String>> {
        let node = self.entry(path).ok()?.value;
        if node.is_alias() {
            return None;
        }
        let text = |node: YamlNode| if node.is_alias() { None } else { node.text().map(str::to_owned) };
        match node.kind()? {
            NodeKind::Scalar(_) => Some(vec![text(node)?]),
            NodeKind::Sequence => node.items().map(text).collect(),
            NodeKind::Mapping => None,
        }
    }

    /// The edit that gives a key a value: the one that it has is replaced, or the key is added behind the last one.
    ///
    /// # Errors
    /// Why the file is left as it is, in one sentence without a full stop.
    pub fn set(&self, path: &[&str], value: &NewValue) -> Result<Edit, String> {
        let Some((key, parents)) = path.split_last() else { return Err("no key is named".to_owned()) };
        let parent = self.mapping(parents)?;
        check_once(parent, path)?;
        match parent.entries().find(|entry| entry.key.text() == Some(key)) {
            Some(entry) => self.replace(parent, entry, key, value),
            None => self.add(parent, key, value),
        }
    }

    /// The edit that removes a key with its value and its lines.
    ///
    /// # Errors
    /// Why the file is left as it is.
    pub fn remove(&self, path: &[&str]) -> Result<Edit, String> {
        let entry = self.entry(path)?;
        let (first, last) = (self.source.line(entry.key.span().start), self.source.line(self.end(entry)));
        let whole = |line: u32| Span::new(self.source.line_span(line).start, self.source.line_span(line + 1).start);
        let span = whole(first).to(whole(last));
        let before = self.slice(self.source.line_span(first).start, entry.key.span().start);
        let is_alone = before.chars().all(|c| c == ' ') && !self.has_comment(span);
        if !is_alone || self.slice(self.end(entry), span.end).trim() != "" {
            return Err(format!("`{}` shares its lines with something else", path.join(".")));
        }
        // At the top of a file the blank line below goes too.
        let next = last + 1;
        let is_blank = next <= self.source.line_count() && self.source.slice(whole(next)).trim().is_empty();
        let above = first.checked_sub(1).filter(|line| *line > 0).map(|line| self.source.line_span(line));
        let is_top = above.is_none_or(|above| self.source.slice(above).trim().is_empty());
        let span = if is_blank && is_top { span.to(whole(next)) } else { span };
        Ok(Edit { span, text: String::new() })
    }

    /// The mapping at a path, written there.
    fn mapping(&self, path: &[&str]) -> Result<YamlNode<'_>, String> {
        let node = self.written(path)?;
        let name = path.join(".");
        if node.kind() != Some(NodeKind::Mapping) || node.entries().next().is_none() {
            return Err(format!("`{name}` is not a mapping with keys"));
        }
        Ok(node)
    }

    /// The entry at a path, each key being written where it is looked for.
    fn entry(&self, path: &[&str]) -> Result<YamlEntry<'_>, String> {
        let (last, above) = path.split_last().ok_or("no key is named")?;
        let node = self.written(above)?;
        check_once(node, path)?;
        let entry = node.entries().find(|entry| entry.key.text() == Some(last)).ok_or_else(|| unwritten(path))?;
        check_anchor(path, entry.value)?;
        Ok(entry)
    }

    /// The value at a path, each key being written where it is looked for, and used nowhere else.
    fn written(&self, path: &[&str]) -> Result<YamlNode<'_>, String> {
        if !self.is_editable {
            return Err("the file is no valid YAML, or has line breaks of CR alone".to_owned());
        }
        let mut node = self.tree.root().ok_or("the file is empty")?;
        for (depth, key) in path.iter().enumerate() {
            check_once(node, &path[..=depth])?;
            node = below(node, key).ok_or_else(|| unwritten(&path[..=depth]))?;
            if node.is_alias() {
                return Err(self.elsewhere(&path[..=depth].join("."), node));
            }
            check_anchor(&path[..=depth], node)?;
        }
        Ok(node)
    }

    /// The edit that adds a member to a list before the one with this number; `text`: its lines, without indentation.
    ///
    /// # Errors
    /// Why the file is left as it is.
    pub fn insert(&self, path: &[&str], number: usize, text: &str) -> Result<Edit, String> {
        let name = path.join(".");
        let list = self.written(path)?;
        let member = list.items().nth(number).ok_or_else(|| format!("`{name}` has no member {number}"))?;
        if list.is_flow() {
            return Err(format!("`{name}` is written on one line"));
        }
        let line = self.source.line_span(self.source.line(member.span().start));
        let before = self.slice(line.start, member.span().start);
        let indent = before.strip_suffix("- ").map(str::trim_end).filter(|indent| indent.is_empty());
        if indent.is_none() {
            return Err(format!("member {number} of `{name}` shares its line with something else"));
        }
        let indent = &before[..before.len() - before.trim_start().len()];
        let end = self.line_end();
        let line_of = |(at, line): (usize, &str)| match (at, line) {
            (0, line) => format!("{indent}- {line}{end}"),
            (_, "") => end.to_owned(),
            (_, line) => format!("{indent}  {line}{end}"),
        };
        Ok(Edit { span: Span::at(line.start), text: text.lines().enumerate().map(line_of).collect() })
    }

    /// The edit that removes a member of a list with its lines.
    ///
    /// # Errors
    /// Why the file is left as it is.
    pub fn remove_member(&self, path: &[&str], number: usize) -> Result<Edit, String> {
        let name = path.join(".");
        let list = self.written(path)?;
        let member = list.items().nth(number).ok_or_else(|| format!("`{name}` has no member {number}"))?;
        if member.is_alias() || member.has_anchor() || list.is_flow() || list.items().nth(1).is_none() {
            return Err(format!("member {number} of `{name}` cannot go by itself"));
        }
        let member_end = member.entries().last().map_or(member.span().end, |entry| self.end(entry));
        let whole = |line: u32| Span::new(self.source.line_span(line).start, self.source.line_span(line + 1).start);
        let first = self.source.line(member.span().start);
        let span = whole(first).to(whole(self.source.line(member_end.max(member.span().start + 1) - 1)));
        let is_alone = self.slice(span.start, member.span().start).trim() == "-";
        if !is_alone || self.has_comment(span) || !self.slice(member_end, span.end).trim().is_empty() {
            return Err(format!("member {number} of `{name}` shares its lines with something else"));
        }
        // A blank line between members goes with the one below it.
        let above = first.checked_sub(1).filter(|line| number > 0 && *line > 0).map(whole);
        let blank = above.filter(|above| self.source.slice(*above).trim().is_empty());
        Ok(Edit { span: blank.map_or(span, |blank| blank.to(span)), text: String::new() })
    }

    /// Why a value that an alias brings in is not edited.
    fn elsewhere(&self, name: &str, alias: YamlNode) -> String {
        let text = self.source.text().get(alias.span().range()).unwrap_or_default().trim();
        let anchor = text.trim_start_matches('*');
        match alias.target() {
            Some(target) => {
                let line = self.source.line(target.span().start);
                format!("the value of `{name}` comes from the anchor `&{anchor}` (line {line}): change it there")
            }
            None => format!("the value of `{name}` is the alias `{text}` of an anchor that does not exist"),
        }
    }

    fn replace(&self, parent: YamlNode, entry: YamlEntry, key: &str, value: &NewValue) -> Result<Edit, String> {
        if entry.value.is_alias() {
            return Err(self.elsewhere(key, entry.value));
        }
        if entry.value.has_anchor() || entry.value.tag().is_some() {
            return Err(format!("the value of `{key}` has an anchor or a tag"));
        }
        let key_end = entry.key.span().end;
        let colon = self.source.text()[key_end as usize..].find(':').ok_or("the key has no colon")?;
        let span = Span::new(key_end + colon as u32 + 1, self.end(entry).max(key_end + colon as u32 + 1));
        if self.has_comment(span) {
            return Err(format!("a comment stands in the value of `{key}`"));
        }
        let text = if parent.is_flow() {
            format!(" {}", value.flow())
        } else {
            let indent = self.column(entry.key);
            value.block(indent, self.unit(indent), self.line_end())
        };
        Ok(Edit { span, text })
    }

    fn add(&self, parent: YamlNode, key: &str, value: &NewValue) -> Result<Edit, String> {
        let last = parent.entries().last().ok_or("the mapping is empty")?;
        let at = self.end(last);
        if parent.is_flow() {
            return Ok(Edit { span: Span::at(at), text: format!(", {}: {}", key_text(key), value.flow()) });
        }
        if self.keeps_newlines(last) {
            return Err("the text above keeps the blank lines at its end (`|+`)".to_owned());
        }
        let first = parent.entries().next().ok_or("the mapping is empty")?;
        let indent = self.column(first.key);
        let line = self.source.line_span(self.source.line(at));
        let content = self.source.slice(line).trim_end_matches(['\n', '\r']);
        let at = line.start + content.len() as u32;
        let end = self.line_end();
        let text =
            format!("{end}{}{}:{}", " ".repeat(indent), key_text(key), value.block(indent, self.unit(indent), end));
        Ok(Edit { span: Span::at(at), text })
    }

    /// Where an entry ends, without the white space after it.
    fn end(&self, entry: YamlEntry) -> u32 {
        let start = entry.key.span().start;
        let end = entry.value.span().end.max(entry.key.span().end);
        let text = self.slice(start, end);
        let mut end = start + text.trim_end().len() as u32;
        if entry.value.kind() == Some(NodeKind::Scalar(Style::Plain)) && entry.value.text() == Some("") {
            // Nothing but the colon.
            end = entry.key.span().end
                + self
                    .slice(entry.key.span().end, self.source.text().len() as u32)
                    .find(':')
                    .map_or(0, |at| at as u32 + 1);
        }
        end
    }

    fn keeps_newlines(&self, entry: YamlEntry) -> bool {
        let mut node = entry.value;
        while let Some(last) = node.items().last().or_else(|| node.entries().last().map(|entry| entry.value)) {
            if last.is_alias() {
                return false;
            }
            node = last;
        }
        let is_block = matches!(node.kind(), Some(NodeKind::Scalar(Style::Literal | Style::Folded)));
        let header = self.source.line(node.span().start).saturating_sub(1).max(1);
        let line = self.source.slice(self.source.line_span(header));
        is_block && line.rsplit([':', '-']).next().is_some_and(|header| header.contains('+'))
    }

    fn has_comment(&self, span: Span) -> bool {
        self.tree.comments().iter().any(|comment| comment.start >= span.start && comment.start < span.end)
    }

    /// The spaces before a key; dashes of a list count as such.
    fn column(&self, key: YamlNode) -> usize {
        let line = self.source.line_span(self.source.line(key.span().start));
        self.slice(line.start, key.span().start).chars().count()
    }

    /// The spaces by which the file indents, seen from a key at this column.
    fn unit(&self, column: usize) -> usize {
        let root = self.tree.root().into_iter().flat_map(YamlNode::entries);
        let inner = root.filter(|entry| !entry.value.is_alias() && !entry.value.is_flow()).find_map(|entry| {
            let first = entry.value.entries().next()?;
            self.column(first.key).checked_sub(self.column(entry.key)).filter(|unit| (1..=8).contains(unit))
        });
        inner.unwrap_or(if column == 4 { 4 } else { 2 })
    }

    fn line_end(&self) -> &'static str {
        if self.source.text().contains("\r\n") { "\r\n" } else { "\n" }
    }

    fn slice(&self, start: u32, end: u32) -> &'s str {
        self.source.text().get(start as usize..end as usize).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::apply;

    fn set(text: &str, path: &[&str], value: &NewValue) -> Result<String, String> {
        let source = Source::of("compose.yaml", text);
        let edit = YamlEditor::new(&source).set(path, value)?;
        Ok(String::from_utf8(apply(&source, &[edit]).unwrap()).unwrap())
    }

    #[track_caller]
    fn check(text: &str, path: &[&str], value: &NewValue, expected: &str) {
        assert_eq!(set(text, path, value).as_deref(), Ok(expected));
    }

    fn inline(text: &str) -> NewValue {
        NewValue::Inline(text.to_owned())
    }

    const CHECK: &str = "services:\n  db:\n    image: postgres # the database\n";

    #[test]
    fn keys_are_added_behind_the_last_one() {
        let value = NewValue::Mapping(vec![
            ("test".to_owned(), NewValue::raw_texts(&["CMD".to_owned(), "a $$B".to_owned()])),
            ("retries".to_owned(), inline("5")),
        ]);
        let path = ["services", "db", "healthcheck"];
        let added = "    healthcheck:\n      test: [\"CMD\", \"a $$B\"]\n      retries: 5";
        check(CHECK, &path, &value, &format!("{CHECK}{added}\n"));
        check(&format!("{CHECK}\n# end\n"), &path, &value, &format!("{CHECK}{added}\n\n# end\n"));
        check(CHECK.trim_end(), &path, &value, &format!("{CHECK}{added}"));
        let crlf = CHECK.replace('\n', "\r\n");
        check(&crlf, &path, &value, &format!("{crlf}{}\r\n", added.replace('\n', "\r\n")));
        let wide = "services:\n    db:\n        image: a\n";
        check(
            wide,
            &["services", "db", "init"],
            &inline("true"),
            "services:\n    db:\n        image: a\n        init: true\n",
        );
        check(
            "services: {db: {image: a}}\n",
            &["services", "db", "init"],
            &inline("true"),
            "services: {db: {image: a, init: true}}\n",
        );
        let text = "services:\n  db:\n    command: |\n      a\n\n  x:\n    image: b\n";
        check(
            text,
            &["services", "db", "init"],
            &inline("true"),
            "services:\n  db:\n    command: |\n      a\n    init: true\n\n  x:\n    image: b\n",
        );
    }

    #[test]
    fn keys_are_quoted_where_they_would_be_others() {
        for (key, expected) in [
            ("a.b-c_1", "a.b-c_1"),
            ("two words", "two words"),
            ("true", "\"true\""),
            ("1", "\"1\""),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("", "\"\""),
            ("a, b", "\"a, b\""),
            ("*a", "\"*a\""),
            ("a\nb", "\"a\\nb\""),
        ] {
            assert_eq!(key_text(key), expected);
        }
    }

    #[test]
    fn values_are_replaced_whatever_their_form() {
        let path = ["services", "db", "test"];
        let expected = "services:\n  db:\n    test: [\"a\"]\n    x: 1\n";
        for value in [
            "exit 0",
            "'exit 0'",
            "[\"CMD\", \"b\"]",
            "\n      - CMD\n      - b",
            "\n    - b",
            ">-\n      a\n      b",
            "|\n      a",
            "",
        ] {
            let separator = if value.starts_with('\n') || value.is_empty() { "" } else { " " };
            let text = format!("services:\n  db:\n    test:{separator}{value}\n    x: 1\n");
            check(&text, &path, &NewValue::raw_texts(&["a".to_owned()]), expected);
        }
        check("services:\n  db:\n    test: a # why\n", &path, &inline("b"), "services:\n  db:\n    test: b # why\n");
        check("services:\n  db: {test: a, x: 1}\n", &path, &inline("b"), "services:\n  db: {test: b, x: 1}\n");
    }

    #[test]
    fn what_stands_elsewhere_is_left_alone() {
        let path = ["services", "db", "test"];
        for text in [
            "x: &x {test: a}\nservices:\n  db: *x\n",
            "x: &x [a]\nservices:\n  db:\n    test: *x\n",
            "services:\n  db:\n    test: &x [a]\n",
            "services:\n  db:\n    test:\n      # why\n      - a\n",
            "services:\n  db:\n",
            "services: !reset null\n",
            "",
            "services:\r  db:\n    test: a\n",
            "services:\n  db:\n    a: c\nservices:\n  db:\n    a: d\n",
        ] {
            assert!(set(text, &path, &inline("b")).is_err(), "{text}");
        }
        assert!(set("services:\n  db:\n    a: |+\n      b\n\n", &path, &inline("b")).is_err());
    }

    #[test]
    fn keys_are_removed_with_their_lines() {
        let remove = |text: &str| {
            let source = Source::of("compose.yaml", text);
            let edit = YamlEditor::new(&source).remove(&["version"])?;
            Ok::<_, String>(String::from_utf8(apply(&source, &[edit]).unwrap()).unwrap())
        };
        assert_eq!(remove("version: '3'\n\nservices: {}\n").as_deref(), Ok("services: {}\n"));
        assert_eq!(remove("# a\nversion: \"3\"\nservices: {}\n").as_deref(), Ok("# a\nservices: {}\n"));
        assert_eq!(remove("services: {}\nversion: '3'").as_deref(), Ok("services: {}\n"));
        assert!(remove("version: '3' # old\nservices: {}\n").is_err());
        assert!(remove("{version: '3', services: {}}\n").is_err());
    }

    #[test]
    fn no_text_makes_it_panic() {
        let text = "services:\n  db: &a\n    test: [\"CMD\", 'x']\n    <<: *b\n    a: |+\n      c\r\n  e: {f: g}\n";
        for cut in 0..text.len() {
            for insertion in ["", "\n", ": ", "- ", "&x ", "*a", "{", "]", "#", "\t", "é"] {
                let broken = format!("{}{insertion}{}", &text[..cut], &text[cut..]);
                let source = Source::of("compose.yaml", &broken);
                let editor = YamlEditor::new(&source);
                for path in [&["services", "db", "test"][..], &["services", "e", "h"], &["services"]] {
                    for edit in [editor.set(path, &inline("1")), editor.remove(path)].into_iter().flatten() {
                        assert!(apply(&source, &[edit]).is_ok(), "{broken}");
                    }
                }
            }
        }
    }

    #[test]
    fn members_of_lists_are_added_and_removed() {
        let text =
            "a:\n  steps:\n    - uses: x # one\n\n    - run: |\n        b\n      with:\n        c: d\n    - uses: y\n";
        let source = Source::of("ci.yml", text);
        let editor = YamlEditor::new(&source);
        let applied = |edit: Edit| String::from_utf8(apply(&source, &[edit]).unwrap()).unwrap();
        let added = applied(editor.insert(&["a", "steps"], 1, "uses: z\nwith:\n  e: f").unwrap());
        assert_eq!(added, text.replace("    - run", "    - uses: z\n      with:\n        e: f\n    - run"));
        let removed = applied(editor.remove_member(&["a", "steps"], 1).unwrap());
        assert_eq!(removed, "a:\n  steps:\n    - uses: x # one\n    - uses: y\n");
        assert_eq!(applied(editor.remove_member(&["a", "steps"], 2).unwrap()), text.replace("    - uses: y\n", ""));
        assert!(editor.remove_member(&["a", "steps"], 0).is_err());
        let set = editor.set(&["a", "steps", "1", "with", "c"], &inline("e")).unwrap();
        assert_eq!(applied(set), text.replace("c: d", "c: e"));
        assert!(editor.has(&["a", "steps", "2", "uses"]) && !editor.has(&["a", "steps", "3"]));
    }
}
