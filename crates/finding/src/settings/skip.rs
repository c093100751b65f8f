//! `[optimize]` of dockopt.toml: passes that rewrites leave out, and new entries of that list in a text whose comments and
//! order stay.

use std::fmt::Write;

use toml::de::{DeTable, DeValue};

use super::SettingsPattern;
use super::entry::date;
use super::value::{SettingsValue, ValueReader, patterns, sorted, span_of};
use crate::inputs::Date;
use crate::text::{FileId, Source, Span};

/// Keys of an entry.
const KEYS: [&str; 4] = ["pass", "path", "reason", "date"];

/// A pass that rewrites leave out.
#[derive(Clone, Debug, PartialEq)]
pub struct SkippedPass {
    /// Its name.
    pub pass: String,
    /// Where the name stands.
    pub place: (FileId, Span),
    /// Of which Dockerfiles; `None` for all.
    pub paths: Option<Vec<SettingsPattern>>,
    /// Why.
    pub reason: Option<String>,
    /// Since when.
    pub date: Option<Date>,
}

/// An entry that is to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSkip {
    /// The pass.
    pub pass: String,
    /// The Dockerfile, as a glob; `None` where the settings are for one only.
    pub path: Option<String>,
    /// Why, in one line.
    pub reason: String,
    /// Since when; `None` where nobody knows the day.
    pub date: Option<Date>,
}

/// Reads the table.
pub(super) fn read(reader: &mut ValueReader, file: FileId, source: &Source, value: &SettingsValue) -> Vec<SkippedPass> {
    let Some(table) = reader.table(value) else { return Vec::new() };
    let mut all = Vec::new();
    for (key, value) in sorted(table) {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("skip", DeValue::Array(list)) => {
                for item in list {
                    all.extend(read_skip(reader, file, source, item));
                }
            }
            ("skip", _) => all.extend(reader.texts(value).into_iter().map(|word| SkippedPass {
                pass: word.text,
                place: (file, word.span),
                paths: None,
                reason: None,
                date: None,
            })),
            (other, _) => reader.unknown(span_of(key), "key", other, &["skip"]),
        }
    }
    all
}

fn read_skip(reader: &mut ValueReader, file: FileId, source: &Source, item: &SettingsValue) -> Option<SkippedPass> {
    let mut skip =
        SkippedPass { pass: String::new(), place: (file, span_of(item)), paths: None, reason: None, date: None };
    let DeValue::Table(table) = item.get_ref() else {
        skip.pass = reader.text(item)?.text;
        return Some(skip);
    };
    let mut named = false;
    for (key, value) in sorted(table) {
        match key.get_ref().as_ref() {
            "pass" => {
                named = true;
                let word = reader.text(value)?;
                (skip.pass, skip.place.1) = (word.text, word.span);
            }
            "path" => skip.paths = Some(patterns(reader, value)),
            "reason" => skip.reason = reader.text(value).map(|word| word.text),
            "date" => skip.date = date(reader, source, value),
            other => reader.unknown(span_of(key), "key", other, &KEYS),
        }
    }
    if !named {
        let help = "add `pass = \"…\"`; `dockopt optimize --plan` lists the passes".to_owned();
        reader.error(skip.place.1, "the entry does not name a pass", Some(help));
    }
    named.then_some(skip)
}

/// A text of settings with more entries in `[optimize] skip`; `None` where it is written in a way that is not added to.
pub fn add_skips(text: &str, entries: &[NewSkip]) -> Option<String> {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines: Vec<String> = entries.iter().map(entry).collect();
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return None;
    }
    let list = lines.iter().fold(String::new(), |list, line| format!("{list}    {line},{end}"));
    let Some(optimize) = table.get_ref().get("optimize") else {
        let gap = if text.trim().is_empty() { String::new() } else { blank_line(text, end) };
        return Some(format!("{text}{gap}[optimize]{end}skip = [{end}{list}]{end}"));
    };
    let DeValue::Table(members) = optimize.get_ref() else { return None };
    let Some(skip) = members.get("skip") else {
        // Below the header; an inline table has room for no other key.
        let span = span_of(optimize);
        let header = text.get(span.range())?.starts_with('[');
        let at = text[span.end as usize..].find('\n').map_or(text.len(), |at| span.end as usize + at + 1);
        let gap = if text[..at].ends_with('\n') { "" } else { end };
        return header.then(|| format!("{}{gap}skip = [{end}{list}]{end}{}", &text[..at], &text[at..]));
    };
    let DeValue::Array(items) = skip.get_ref() else { return None };
    let span = span_of(skip);
    let written = text.get(span.range())?;
    if !written.starts_with('[') || written.starts_with("[[") {
        // `[[optimize.skip]]`: one more of them at the end.
        let tables = entries.iter().fold(String::new(), |tables, entry| {
            format!("{tables}{end}[[optimize.skip]]{end}{}", members_of(entry, end))
        });
        let gap = if text.ends_with('\n') { "" } else { end };
        return Some(format!("{text}{gap}{tables}"));
    }
    let close = span.end as usize - 1;
    let Some(items_end) = items.iter().map(|item| span_of(item).end as usize).max() else {
        return Some(format!("{}[{end}{list}]{}", &text[..span.start as usize], &text[span.end as usize..]));
    };
    let tail = &text[items_end..close];
    let comma = if tail.trim_start().starts_with(',') { "" } else { "," };
    if tail.contains('\n') {
        return Some(format!("{}{comma}{tail}{list}{}", &text[..items_end], &text[close..]));
    }
    let more = lines.join(", ");
    Some(format!("{}{comma}{}{}{more}{}", &text[..items_end], tail.trim_end(), " ", &text[close..]))
}

/// What stands between the last line and a new table.
fn blank_line(text: &str, end: &str) -> String {
    if text.ends_with('\n') { end.to_owned() } else { end.repeat(2) }
}

fn entry(skip: &NewSkip) -> String {
    let mut all = format!("pass = {}", quoted(&skip.pass));
    // Writing to a text does not fail.
    if let Some(path) = &skip.path {
        let _ = write!(all, ", path = {}", quoted(path));
    }
    let _ = write!(all, ", reason = {}", quoted(&skip.reason));
    if let Some(date) = skip.date {
        let _ = write!(all, ", date = {date}");
    }
    format!("{{ {all} }}")
}

fn members_of(skip: &NewSkip, end: &str) -> String {
    let path = skip.path.iter().map(|path| format!("path = {}{end}", quoted(path)));
    let date = skip.date.iter().map(|date| format!("date = {date}{end}"));
    let first = [format!("pass = {}{end}", quoted(&skip.pass))].into_iter().chain(path);
    first.chain([format!("reason = {}{end}", quoted(&skip.reason))]).chain(date).collect()
}

/// A text in TOML's double quotes.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let entry = NewSkip {
            pass: "slim-runtime".to_owned(),
            path: None,
            reason: "probe: \"/\" is 500".to_owned(),
            date: Date::parse("2026-11-21"),
        };
        let after = add_skips(text, &[entry]).unwrap();
        assert_eq!(after.replace(ENTRY, "NEW"), expected, "{text}");
        let (_, errors) = DeTable::parse_recoverable(&after);
        assert!(errors.is_empty(), "{after}: {errors:?}");
    }

    const ENTRY: &str = r#"{ pass = "slim-runtime", reason = "probe: \"/\" is 500", date = 2026-11-21 }"#;

    #[test]
    fn entries_are_added_and_the_rest_stays() {
        check("", "[optimize]\nskip = [\n    NEW,\n]\n");
        check("# ours\nfail-on = \"none\"", "# ours\nfail-on = \"none\"\n\n[optimize]\nskip = [\n    NEW,\n]\n");
        check("a = 1\r\n", "a = 1\r\n\r\n[optimize]\r\nskip = [\r\n    NEW,\r\n]\r\n");
        check("[optimize] # x\n\n[groups]\n", "[optimize] # x\nskip = [\n    NEW,\n]\n\n[groups]\n");
        check("[optimize]", "[optimize]\nskip = [\n    NEW,\n]\n");
        check("[optimize]\nskip = []\n[groups]\n", "[optimize]\nskip = [\n    NEW,\n]\n[groups]\n");
        check("[optimize]\nskip = [\"a\"] # x\n", "[optimize]\nskip = [\"a\", NEW] # x\n");
        check("optimize.skip = [\"a\", ]\n", "optimize.skip = [\"a\", NEW]\n");
        check("optimize = { skip = [ \"a\" ] }\n", "optimize = { skip = [ \"a\", NEW] }\n");
        check("[optimize]\nskip = [\n    \"a\", # why\n]\n", "[optimize]\nskip = [\n    \"a\", # why\n    NEW,\n]\n");
        check("[optimize]\nskip = [\n    \"a\" # why\n]\n", "[optimize]\nskip = [\n    \"a\", # why\n    NEW,\n]\n");
        let tables = "[[optimize.skip]]\npass = \"a\"\n";
        let expected =
            "\n[[optimize.skip]]\npass = \"slim-runtime\"\nreason = \"probe: \\\"/\\\" is 500\"\ndate = 2026-11-21\n";
        check(tables, &format!("{tables}{expected}"));
    }

    #[test]
    fn broken_files_are_not_changed() {
        let entry = NewSkip { pass: "a".into(), path: Some("b/Dockerfile".into()), reason: "c".into(), date: None };
        assert_eq!(add_skips("[optimize\n", std::slice::from_ref(&entry)), None);
        assert_eq!(add_skips("optimize = {}\n", std::slice::from_ref(&entry)), None);
        let text = add_skips("", &[entry]).unwrap();
        assert!(text.contains(r#"{ pass = "a", path = "b/Dockerfile", reason = "c" }"#), "{text}");
    }
}
