//! A tree of YAML that is written out as a document of its own.

use crate::yaml::NewValue;

/// Blanks for each level.
const INDENT: usize = 2;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// A number, a truth value, a tag with its value: as it stands.
    Plain(String),
    /// A text.
    Text(String),
    /// The lines of a file, as a block where that keeps them.
    Lines(String),
    /// A list of words on one line.
    Words(Vec<String>),
    /// A list.
    List(Vec<Node>),
    /// Keys with values.
    Map(Vec<(String, Node)>),
}

impl Node {
    pub(super) fn number(number: impl Into<u64>) -> Self {
        Self::Plain(number.into().to_string())
    }

    pub(super) fn truth(value: bool) -> Self {
        Self::Plain(value.to_string())
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Keys with values, in this order.
    pub(super) fn map<const N: usize>(entries: [(&str, Self); N]) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// Names with texts.
    pub(super) fn texts<'t>(entries: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), Self::text(value))).collect())
    }

    /// Whether nothing is in it.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::List(items) => items.is_empty(),
            Self::Map(entries) => entries.is_empty(),
            Self::Words(words) => words.is_empty(),
            _ => false,
        }
    }

    /// The document.
    pub(super) fn document(&self) -> String {
        let mut out = String::new();
        if let Self::Map(entries) = self {
            write_entries(&mut out, entries, 0);
        }
        out
    }
}

fn write_entries(out: &mut String, entries: &[(String, Node)], indent: usize) {
    for (number, (key, value)) in entries.iter().enumerate() {
        if number > 0 {
            out.push_str(&" ".repeat(indent));
        }
        out.push_str(&key_text(key));
        out.push(':');
        write_value(out, value, indent);
    }
}

/// A value behind `key:`, with the end of its last line.
fn write_value(out: &mut String, value: &Node, indent: usize) {
    match value {
        Node::Map(entries) if entries.is_empty() => out.push_str(" {}\n"),
        Node::List(items) if items.is_empty() => out.push_str(" []\n"),
        Node::Map(entries) => {
            out.push('\n');
            out.push_str(&" ".repeat(indent + INDENT));
            write_entries(out, entries, indent + INDENT);
        }
        Node::List(items) => {
            out.push('\n');
            for item in items {
                out.push_str(&" ".repeat(indent + INDENT));
                out.push('-');
                write_item(out, item, indent + INDENT);
            }
        }
        Node::Lines(text) => match block(text, indent + INDENT) {
            Some(block) => out.push_str(&block),
            None => out.push_str(&format!(" {}\n", scalar(text))),
        },
        Node::Text(text) => out.push_str(&format!(" {}\n", scalar(text))),
        Node::Plain(text) => out.push_str(&format!(" {text}\n")),
        Node::Words(words) => out.push_str(&format!(" {}\n", flow(words))),
    }
}

/// The item of a list behind its `-`.
fn write_item(out: &mut String, item: &Node, indent: usize) {
    match item {
        Node::Map(entries) if !entries.is_empty() => {
            out.push(' ');
            write_entries(out, entries, indent + INDENT);
        }
        _ => write_value(out, item, indent),
    }
}

/// A text as a block of lines; `None` where a block would change it.
fn block(text: &str, indent: usize) -> Option<String> {
    let lines: Vec<&str> = text.strip_suffix('\n')?.split('\n').collect();
    let is_plain = |line: &&str| {
        !line.chars().any(|c| c.is_control() && c != '\t' || c == '\u{feff}') && !line.ends_with([' ', '\t'])
    };
    let is_kept = lines.iter().all(is_plain)
        && lines.first().is_some_and(|line| !line.is_empty() && !line.starts_with([' ', '\t']))
        && lines.last().is_some_and(|line| !line.is_empty());
    let pad = " ".repeat(indent);
    let line = |line: &&str| if line.is_empty() { "\n".to_owned() } else { format!("{pad}{line}\n") };
    is_kept.then(|| format!(" |\n{}", lines.iter().map(line).collect::<String>()))
}

/// A text as a scalar. What JSON leaves as it is and YAML does not print is escaped.
fn scalar(text: &str) -> String {
    escaped(NewValue::scalar(text).block(0, INDENT, "\n").trim_start())
}

/// A list on one line.
fn flow(words: &[String]) -> String {
    escaped(NewValue::raw_texts(words).block(0, INDENT, "\n").trim_start())
}

fn escaped(text: &str) -> String {
    let is_unprinted =
        |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    let escape = |c: char| if is_unprinted(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    if text.contains(is_unprinted) { text.chars().map(escape).collect() } else { text.to_owned() }
}

fn key_text(key: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let is_word = key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.chars().all(is_plain);
    if is_word { scalar(key) } else { escaped(&serde_json::Value::from(key).to_string()) }
}

#[cfg(test)]
mod tests {
    use super::Node;

    #[test]
    fn documents_are_read_as_they_were_meant() {
        let words = vec!["sh".to_owned(), "-c".to_owned(), "a: b # \u{7f}\u{e9}".to_owned()];
        let node = Node::map([
            ("a", Node::List(vec![Node::map([("b", Node::text("on")), ("c", Node::Words(words.clone()))])])),
            ("d", Node::Lines("x: y\n\n  # z\n".to_owned())),
            ("e", Node::Lines(" first\n".to_owned())),
            ("f", Node::Map(Vec::new())),
            ("yes", Node::List(vec![Node::text("12:30:45"), Node::List(Vec::new())])),
        ]);
        let text = node.document();
        let tree = crate::yaml::read(&text);
        assert!(tree.problems().is_empty(), "{text}");
        let root = tree.root().unwrap();
        let first = root.get("a").unwrap().items().next().unwrap();
        assert_eq!(first.get("b").unwrap().text(), Some("on"));
        let read: Vec<&str> = first.get("c").unwrap().items().filter_map(crate::yaml::YamlNode::text).collect();
        assert_eq!(read, words);
        assert_eq!(root.get("d").unwrap().text(), Some("x: y\n\n  # z\n"));
        assert_eq!(root.get("e").unwrap().text(), Some(" first\n"));
        assert!(text.contains("b: \"on\"") && text.contains("\"yes\":"), "{text}");
    }
}
