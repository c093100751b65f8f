//! Comments of a compose file: `# dockopt ignore=rule` above a key is for the key and all below it, at the end of a line
//! for what begins in that line.

use std::collections::BTreeMap;

use super::comment::{Comment, Places, Pragmas};
use super::dockopt;
use crate::settings::RuleNames;
use crate::text::{FileId, Source, Span};
use crate::yaml::{YamlNode, YamlTree};

/// Levels of a file that comments are looked up in.
const DEPTH: usize = 50;

/// Reads the comments of a compose file.
pub fn compose_pragmas(file: FileId, source: &Source, tree: &YamlTree, known: &RuleNames) -> Pragmas {
    let mut pragmas = Pragmas::default();
    let comments: Vec<Comment> = tree.comments().iter().filter_map(|span| comment(source, *span)).collect();
    if !comments.is_empty() {
        dockopt::read(file, &ComposeKeys::of(source, tree), &comments, known, &mut pragmas);
        pragmas.suppressions.sort_by_key(|suppression| suppression.span);
    }
    pragmas
}

fn comment(source: &Source, span: Span) -> Option<Comment<'_>> {
    let text = source.text().get(span.range())?.trim_end_matches(['\n', '\r']).strip_prefix('#')?;
    if !text.contains("dockopt") {
        return None;
    }
    let line = source.line(span.start);
    let whole = source.line_span(line);
    let before = source.text().get(whole.start as usize..span.start as usize)?;
    let is_alone = before.trim().is_empty();
    let removal = if is_alone {
        whole
    } else {
        Span::new(whole.start + before.trim_end().len() as u32, span.start + 1 + text.len() as u32)
    };
    let span = Span::new(span.start, span.start + 1 + text.len() as u32);
    // One at the end of a line is for that line.
    let line = if is_alone { line } else { line.saturating_sub(1) };
    Some(Comment { line, span, text, inner: false, removal })
}

/// The keys and list items of a file by the line that they begin in: the last line of the outermost one.
struct ComposeKeys {
    ends: BTreeMap<u32, u32>,
    /// Lines that hold nothing but a comment.
    comments: Vec<u32>,
}

impl ComposeKeys {
    fn of(source: &Source, tree: &YamlTree) -> Self {
        let mut keys = Self { ends: BTreeMap::new(), comments: Vec::new() };
        for root in tree.documents() {
            keys.add(source, root, DEPTH);
        }
        let is_alone = |line: &u32| source.slice(source.line_span(*line)).trim_start().starts_with('#');
        keys.comments = tree.comments().iter().map(|span| source.line(span.start)).filter(is_alone).collect();
        keys
    }

    fn add(&mut self, source: &Source, node: YamlNode, depth: usize) {
        let (Some(remaining), false) = (depth.checked_sub(1), node.is_alias()) else { return };
        let mut add_line = |start: u32, end: u32| {
            let text = source.text().get(start as usize..end.max(start) as usize).unwrap_or_default();
            let last = source.line(start + (text.trim_end().len() as u32).saturating_sub(1));
            self.ends.entry(source.line(start)).or_insert(last);
        };
        for entry in node.entries() {
            add_line(entry.key.span().start, entry.value.span().end.max(entry.key.span().end));
        }
        for item in node.items() {
            add_line(item.span().start, item.span().end);
        }
        for child in node.entries().map(|entry| entry.value).chain(node.items()) {
            self.add(source, child, remaining);
        }
    }
}

impl Places for ComposeKeys {
    const NAME: &'static str = "key";

    fn first(&self) -> u32 {
        self.ends.keys().next().copied().unwrap_or(u32::MAX)
    }

    fn below(&self, line: u32) -> Option<(u32, u32)> {
        let mut next = line + 1;
        while self.comments.binary_search(&next).is_ok() {
            next += 1;
        }
        self.ends.get(&next).map(|last| (next, *last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::SuppressionReach;
    use crate::yaml;

    fn reaches(text: &str) -> Vec<(u32, u32)> {
        let source = Source::of("compose.yaml", text);
        let mut known = RuleNames::default();
        known.add_rule("toy", &[]);
        let pragmas = compose_pragmas(FileId(0), &source, &yaml::read(text), &known);
        let lines = |reach: &SuppressionReach| match reach {
            SuppressionReach::Lines(_, first, last) => (*first, *last),
            _ => (0, u32::MAX),
        };
        pragmas.suppressions.iter().map(|suppression| lines(&suppression.reach)).collect()
    }

    #[test]
    fn a_comment_is_for_what_stands_below_it() {
        let text =
            "services:\n  # dockopt ignore=toy\n  db:\n    image: a\n    x:\n      - b\n\n  web:\n    image: b\n";
        assert_eq!(reaches(text), [(3, 6)]);
        assert_eq!(reaches("services:\n  db:\n    image: a # dockopt ignore=toy\n    x: 1\n"), [(3, 3)]);
        assert_eq!(reaches("services:\n  db: # dockopt ignore=toy\n    image: a\n    x: 1\n"), [(2, 4)]);
        assert_eq!(reaches("# dockopt ignore=toy\n# more\nservices:\n  db: {}\n"), [(3, 4)]);
        assert_eq!(reaches("# dockopt ignore-file=toy\nservices:\n  db: {}\n"), [(0, u32::MAX)]);
        assert_eq!(reaches("services:\n  db: {}\n  # dockopt ignore=toy\n"), [(0, 0)]);
        assert_eq!(reaches("a:\n  # dockopt ignore=toy\n  - b: 1\n    c: 2\n  - d\n"), [(3, 4)]);
    }
}
