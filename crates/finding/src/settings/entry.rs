//! Entries `[[ignore]]` of dockopt.toml.

use toml::de::{DeTable, DeValue};

use super::SettingsPattern;
use super::value::{SettingsValue, SettingsWord, ValueReader, patterns, span_of};
use crate::finding::{Form, SuppressedRule, Suppression, SuppressionReach};
use crate::inputs::Date;
use crate::text::{FileId, Source, Span};

/// Keys of an entry.
const KEYS: [&str; 5] = ["rule", "rules", "path", "until", "reason"];

/// An entry of the settings.
#[derive(Clone, Debug)]
pub struct SettingsEntry {
    /// What it hides.
    pub suppression: Suppression,
    /// Of which Dockerfiles; `None` for all.
    pub paths: Option<Vec<SettingsPattern>>,
}

/// The names that stand alone in the list, and its tables with what is deleted to take one out; of one under a header
/// those are its lines.
pub(super) fn split<'t, 'a>(
    reader: &mut ValueReader,
    source: &Source,
    value: &'t SettingsValue<'a>,
) -> (Vec<SettingsWord>, Vec<(&'t SettingsValue<'a>, Option<Span>)>) {
    let DeValue::Array(list) = value.get_ref() else { return (reader.texts(value), Vec::new()) };
    let spans: Vec<Span> = list.iter().map(span_of).collect();
    let mut words = Vec::new();
    let mut entries = Vec::new();
    for (index, item) in list.iter().enumerate() {
        let span = spans[index];
        match item.get_ref() {
            DeValue::Table(_) if source.slice(span).starts_with('{') => {
                entries.push((item, Some(listed(&spans, index).unwrap_or(span))));
            }
            DeValue::Table(_) => entries.push((item, None)),
            _ => words.extend(reader.text(item)),
        }
    }
    (words, entries)
}

/// Reads an entry; `None` when it can't hide anything for what is wrong with it.
pub(super) fn read(
    reader: &mut ValueReader,
    file: FileId,
    source: &Source,
    (item, removal): (&SettingsValue, Option<Span>),
) -> Option<SettingsEntry> {
    let table = reader.table(item)?;
    let before = reader.problems.len();
    let mut named = Vec::new();
    let mut paths = None;
    let (mut until, mut reasoned) = (None, false);
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "rule" | "rules" => named = names(reader, value),
            "path" => paths = Some(patterns(reader, value)),
            "until" => until = date(reader, source, value),
            "reason" => reasoned = reader.text(value).is_some_and(|reason| !reason.text.trim().is_empty()),
            other => reader.unknown(span_of(key), "key", other, &KEYS),
        }
    }
    let span = whole(item, table);
    if named.is_empty() && reader.problems.len() == before {
        reader.error(span, "the entry does not name a rule", Some("add `rule = \"…\"`".to_owned()));
    }
    let removal = removal.unwrap_or_else(|| lines(source, span));
    let form = Form::Settings;
    let exact =
        paths.as_deref().is_some_and(|paths: &[SettingsPattern]| matches!(paths, [pattern] if pattern.is_plain()));
    let suppression =
        Suppression { file, span, form, reach: SuppressionReach::Everything, named, until, reasoned, removal, exact };
    (reader.problems.len() == before).then_some(SettingsEntry { suppression, paths })
}

fn names(reader: &mut ValueReader, value: &SettingsValue) -> Vec<SuppressedRule> {
    let words = reader.texts(value);
    let spans: Vec<Span> = words.iter().map(|word| word.span).collect();
    let mut named = Vec::new();
    for (index, word) in words.into_iter().enumerate() {
        if reader.is_selector(&word) {
            let (rules, code) = reader.known.hidden(&word.text).unwrap_or_default();
            named.push(SuppressedRule {
                span: word.span,
                text: word.text,
                rules,
                code,
                removal: listed(&spans, index),
            });
        }
    }
    named
}

/// What is deleted to take one out of a list: up to the next one, or from the one before.
pub(super) fn listed(spans: &[Span], index: usize) -> Option<Span> {
    let span = spans[index];
    match (spans.get(index + 1), index.checked_sub(1)) {
        (Some(next), _) => Some(Span::new(span.start, next.start)),
        (None, Some(before)) => Some(Span::new(spans[before].end, span.end)),
        (None, None) => None,
    }
}

/// A day, quoted or not.
pub(super) fn date(reader: &mut ValueReader, source: &Source, value: &SettingsValue) -> Option<Date> {
    // TOML has dates of its own, and people quote them all the same.
    let span = span_of(value);
    let text = value.get_ref().as_str().unwrap_or_else(|| source.slice(span));
    let date = Date::parse(text.trim());
    if date.is_none() {
        reader.error(span, format!("`{text}` is not a date"), Some("write it as `YYYY-MM-DD`".to_owned()));
    }
    date
}

/// The entry from its header or brace to its last value.
fn whole(item: &SettingsValue, table: &DeTable) -> Span {
    let last = table.iter().map(|(_, value)| span_of(value).end).max().unwrap_or_default();
    let span = span_of(item);
    Span::new(span.start, span.end.max(last))
}

/// The lines of a span with their ends.
fn lines(source: &Source, span: Span) -> Span {
    let first = source.line_span(source.line(span.start)).start;
    let rest = &source.text()[span.end as usize..];
    let end = rest.find('\n').map_or(source.text().len(), |at| span.end as usize + at + 1);
    Span::new(first, end as u32)
}
