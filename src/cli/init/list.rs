//! Adds an item to a list in a YAML file of the user: every other byte stays as it is.

use crate::yaml::{self, NodeKind, YamlNode};

/// A text with an item at the end of the list under a key of its top level; `None` if the list is written in a way that
/// nothing can be added to, such as in brackets. `item` has the lines of a block mapping; a missing list or an empty text
/// gets one.
pub(super) fn with_item(text: &str, key: &str, item: &[String]) -> Option<String> {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let tree = yaml::read(text);
    if !tree.problems().is_empty() || tree.documents().count() > 1 {
        return None;
    }
    let root = tree.root().filter(|root| !root.is_null());
    let list = match root {
        None => None,
        Some(root) if root.kind() == Some(NodeKind::Mapping) && !root.is_flow() && !root.is_alias() => {
            root.entries().find(|entry| entry.key.text() == Some(key)).map(|entry| entry.value)
        }
        Some(_) => return None,
    };
    let added = match list {
        None => {
            // What ends a document is not continued.
            if text.lines().any(|line| line.starts_with("...")) {
                return None;
            }
            let separator = if text.is_empty() || text.ends_with('\n') { "" } else { end };
            let head = format!("{separator}{}{key}:{end}", if root.is_some() { end } else { "" });
            (text.len(), format!("{head}{}", lines(item, "  ", end)))
        }
        Some(list) => {
            let (at, indent) = end_of_list(text, list)?;
            let separator = if text[..at].ends_with('\n') { "" } else { end };
            (at, format!("{separator}{}", lines(item, &indent, end)))
        }
    };
    let new = format!("{}{}{}", &text[..added.0], added.1, &text[added.0..]);
    reads_as_added(text, &new, key).then_some(new)
}

/// Where the next item of a list in block form begins, and its indentation.
fn end_of_list(text: &str, list: YamlNode) -> Option<(usize, String)> {
    if list.kind() != Some(NodeKind::Sequence) || list.is_flow() || list.is_alias() {
        return None;
    }
    let first = list.items().next()?.span().start as usize;
    let start = text.get(..first)?.rfind('\n').map_or(0, |at| at + 1);
    let before = &text[start..first];
    let indent = before.trim_end().strip_suffix('-').filter(|indent| indent.bytes().all(|byte| byte == b' '))?;
    let contents = text.get(..list.span().end as usize)?.trim_end().len();
    let at = text[contents..].find('\n').map_or(text.len(), |line_end| contents + line_end + 1);
    Some((at, indent.to_owned()))
}

fn lines(item: &[String], indent: &str, end: &str) -> String {
    let line = |(index, line): (usize, &String)| {
        let mark = if index == 0 { "- " } else { "  " };
        format!("{indent}{mark}{line}{end}")
    };
    item.iter().enumerate().map(line).collect()
}

/// Whether the new text is the old one with one more item in that list.
fn reads_as_added(old: &str, new: &str, key: &str) -> bool {
    let (old, new) = (yaml::read(old), yaml::read(new));
    let items = |root: Option<YamlNode>| root.and_then(|root| root.get(key)).map_or(0, |list| list.items().count());
    let entries = |root: Option<YamlNode>| {
        let other = |root: YamlNode| root.entries().filter(|entry| entry.key.text() != Some(key)).count();
        root.map_or(0, other)
    };
    new.problems().is_empty()
        && new.documents().count() == 1
        && items(new.root()) == items(old.root()) + 1
        && entries(new.root()) == entries(old.root())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dockopt_testing::Random;

    fn item() -> Vec<String> {
        ["repo: x", "hooks:", "  - id: y"].map(str::to_owned).to_vec()
    }

    #[test]
    fn the_item_is_added_where_the_list_ends() {
        for (text, expected) in [
            ("", "repos:\n  - repo: x\n    hooks:\n      - id: y\n"),
            ("# only this", "# only this\nrepos:\n  - repo: x\n    hooks:\n      - id: y\n"),
            ("ci: {}\n", "ci: {}\n\nrepos:\n  - repo: x\n    hooks:\n      - id: y\n"),
            (
                "repos:\n- repo: a\n  hooks: [b] # c\n\nci:\n  d: e\n",
                "repos:\n- repo: a\n  hooks: [b] # c\n- repo: x\n  hooks:\n    - id: y\n\nci:\n  d: e\n",
            ),
            (
                "repos:\r\n    -   repo: a\r\n        rev: b",
                "repos:\r\n    -   repo: a\r\n        rev: b\r\n    - repo: x\r\n      hooks:\r\n        - id: y\r\n",
            ),
        ] {
            assert_eq!(with_item(text, "repos", &item()).as_deref(), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_continued_is_left_alone() {
        let texts =
            ["repos: []\n", "repos: [a]\n", "repos: x\n", "- a\n", "{repos: [a]}\n", "a: [\n", "a: 1\n---\nb: 2\n"];
        for text in texts.into_iter().chain(["repos:\n", "a: &x [b]\nrepos: *x\n", "a: 1\n...\n"]) {
            assert_eq!(with_item(text, "repos", &item()), None, "{text:?}");
        }
    }

    #[test]
    fn other_bytes_stay_and_nothing_panics() {
        let mut random = Random::new(29);
        let text = "# é\nrepos:\n  - repo: a # b\n    args: |\n      x\n\n  - repo: c\nci: &d\n  e: [f]\n";
        for _ in 0..3_000 {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..=random.below(3) {
                let at = random.below(bytes.len());
                bytes[at] = b" -:\n\r#|[]{}&*a"[random.below(14)];
            }
            let Ok(text) = String::from_utf8(bytes) else { continue };
            if let Some(new) = with_item(&text, "repos", &item()) {
                let added = new.len() - text.len();
                let at = (0..=text.len()).find(|at| {
                    new.starts_with(&text[..text.floor_char_boundary(*at)])
                        && new.ends_with(&text[text.floor_char_boundary(*at)..])
                });
                assert!(added > 0 && at.is_some(), "{text:?} {new:?}");
            }
        }
    }
}
