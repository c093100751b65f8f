//! The list of a fleet: a line of JSON for each item, sorted.

use std::fmt::Write;

use serde_json::Value;

use super::item::FleetItem;
use crate::text::json_reason;

/// Bytes of a list: about a million items.
pub const LIST_BYTES: u64 = 256 << 20;

/// A list that was read.
#[derive(Clone, Debug, Default)]
pub struct FleetList {
    /// The items, sorted, each once.
    pub items: Vec<FleetItem>,
    /// Lines with an item that another line has.
    pub duplicates: usize,
    /// Lines that are no item.
    pub problems: Vec<ListProblem>,
}

/// What is wrong with a line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListProblem {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1; 0 where the line as a whole is meant.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// Reads a list; empty lines count as none.
pub fn read_list(text: &str) -> FleetList {
    let mut list = FleetList::default();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match read_line(line) {
            Ok(item) => list.items.push(item),
            Err((column, message)) => list.problems.push(ListProblem { line: index + 1, column, message }),
        }
    }
    let count = list.items.len();
    sort(&mut list.items);
    list.duplicates = count - list.items.len();
    list
}

/// Sorts items and keeps each once: of two the one of which more is known.
fn sort(items: &mut Vec<FleetItem>) {
    let facts = |item: &FleetItem| match item {
        FleetItem::Image { base, bytes, .. } => (base.clone(), *bytes),
        FleetItem::Folder { .. } => (None, None),
    };
    items.sort_by(|a, b| a.cmp(b).then_with(|| facts(b).cmp(&facts(a))));
    items.dedup();
}

/// The item of a line; else the column and what is wrong.
fn read_line(line: &str) -> Result<FleetItem, (usize, String)> {
    let value: Value = serde_json::from_str(line)
        .map_err(|error| (error.column(), format!("is not valid JSON: {}", json_reason(&error))))?;
    let no_item = || (0, "is not an item: expected `{\"folder\": \"PATH\"}` or `{\"image\": \"NAME\"}`".to_owned());
    if value.get("folder").is_some() && value.get("image").is_some() {
        return Err(no_item());
    }
    let item: FleetItem = serde_json::from_value(value).map_err(|_| no_item())?;
    item.problem().map_or(Ok(item), |message| Err((0, message)))
}

/// The text of a list, and how many items were twice in it.
pub fn list_text(mut items: Vec<FleetItem>) -> (String, usize) {
    let count = items.len();
    sort(&mut items);
    let duplicates = count - items.len();
    let mut text = String::new();
    for item in &items {
        // Neither a map with keys that are no texts nor anything else that JSON does not have.
        if let Ok(line) = serde_json::to_string(item) {
            let _ = writeln!(text, "{line}");
        }
    }
    (text, duplicates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let image = |image: &str, base: Option<&str>| FleetItem::Image {
            image: image.to_owned(),
            base: base.map(str::to_owned),
            bytes: None,
        };
        let folder = |folder: &str| FleetItem::Folder { folder: folder.to_owned() };
        let items =
            vec![image("registry:a/b", None), folder("web"), image("registry:a/b", Some("sha256:0")), folder("api")];
        let (text, duplicates) = list_text(items);
        let expected =
            "{\"folder\":\"api\"}\n{\"folder\":\"web\"}\n{\"image\":\"registry:a/b\",\"base\":\"sha256:0\"}\n";
        assert_eq!((text.as_str(), duplicates), (expected, 1));
        let list = read_list(&format!("\n{text}{text}"));
        assert_eq!((list_text(list.items).0.as_str(), list.duplicates), (expected, 3));
        assert!(list.problems.is_empty());
    }

    #[test]
    fn wrong_lines_have_their_place() {
        let text = "{\"folder\": \"a\"}\n{\"folder\": }\n[]\n{\"host\": \"x\"}\n{\"folder\": \"a\", \"image\": \"b\"}\n{\"image\": \"-\"}\n{\"image\": \"a\\u0007\"}\n{\"folder\": 3}\n";
        let list = read_list(text);
        assert_eq!(list.items.len(), 1);
        let places: Vec<(usize, usize)> = list.problems.iter().map(|problem| (problem.line, problem.column)).collect();
        assert_eq!(places, [(2, 12), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0)]);
    }
}
