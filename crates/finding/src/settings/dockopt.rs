//! `dockopt.toml`.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::document::{Document, FailOn, Groups, OptionValue, RuleOption, Section, SettingsLayer, severity};
use super::value::{SettingsValue, SettingsWord, ValueReader, patterns, sorted, span_of};
use super::{LabelType, OptionKind, RuleNames, SettingsProblem, budget, closest, entry, skip};
use crate::text::{FileId, Source, Span};

/// Keys of a layer: at the top of the file and in a section.
const LAYER: [&str; 11] = [
    "select",
    "extend-select",
    "ignore",
    "fail-on",
    "shellcheck",
    "require-reason",
    "inline-ignores",
    "public-values",
    "trusted-registries",
    "rules",
    "labels",
];

/// Keys at the top of the file only.
const TOP: [&str; 6] = ["budget", "exclude", "extends", "groups", "optimize", "paths"];

/// The severity of a rule that does not run.
const OFF: &str = "off";

/// How many broken places of one file are told.
const MOST_PROBLEMS: usize = 20;

/// The files that a file extends, as written.
pub fn extends(source: &Source) -> Vec<(String, Span)> {
    let (table, _) = DeTable::parse_recoverable(source.text());
    let Some(value) = table.get_ref().get("extends") else { return Vec::new() };
    let text = |value: &SettingsValue| Some((value.get_ref().as_str()?.to_owned(), span_of(value)));
    match value.get_ref() {
        DeValue::Array(list) => list.iter().filter_map(text).collect(),
        _ => text(value).into_iter().collect(),
    }
}

/// Reads the file.
pub(super) fn read(file: FileId, source: &Source, known: &RuleNames, inherited: &Groups) -> Document {
    let mark = source.mark() as usize;
    let (table, errors) = DeTable::parse_recoverable(source.text());
    let mut document = Document { groups: inherited.clone(), ..Document::default() };
    let mut reader = ValueReader { known, groups: inherited.keys().cloned().collect(), problems: Vec::new() };
    for error in errors {
        let span = error.span().unwrap_or(mark..mark);
        let help = source.text().get(span.clone()).filter(|text| text.contains("ignore"));
        let help = help
            .map(|_| "combine both in one list: `ignore = [\"RULE\", { rule = \"RULE\", reason = \"…\" }]`".to_owned());
        reader.error(Span::new(span.start as u32, span.end as u32), error.message().trim(), help);
    }
    let table = table.into_inner();
    // Groups first: the rest may name them.
    if let Some(groups) = table.get("groups") {
        read_groups(&mut reader, groups, &mut document.groups);
    }
    for (key, value) in sorted(&table) {
        match key.get_ref().as_ref() {
            "groups" => {}
            "extends" => _ = reader.texts(value),
            "exclude" => document.exclude = patterns(&mut reader, value),
            "paths" => read_sections(&mut reader, value, &mut document),
            "optimize" => document.skips = skip::read(&mut reader, file, source, value),
            "budget" => (document.budget, document.budgets) = budget::read(&mut reader, file, value),
            "ignore" => {
                let (words, entries) = entry::split(&mut reader, source, value);
                document.layer.choice.ignore = reader.selectors(words);
                for entry in entries {
                    document.entries.extend(entry::read(&mut reader, file, source, entry));
                }
            }
            _ => read_key(&mut reader, key, value, &mut document.layer, &TOP),
        }
    }
    document.expand_groups();
    let mut problems: Vec<SettingsProblem> = reader.problems;
    problems.sort_by_key(|problem| problem.span);
    problems.truncate(MOST_PROBLEMS);
    document.problems = problems;
    document
}

fn read_groups(reader: &mut ValueReader, value: &SettingsValue, groups: &mut Groups) {
    let Some(table) = reader.table(value) else { return };
    for (key, value) in sorted(table) {
        let name = key.get_ref().as_ref();
        if reader.known.rules(name).is_some() {
            reader.error(span_of(key), format!("`{name}` is already the name of a rule, category or group"), None);
            continue;
        }
        let words = reader.texts(value);
        // A group may name those before it, which are members of it then: no circles.
        let members = reader.selectors(words);
        let flat = members.iter().flat_map(|word| groups.get(word).cloned().unwrap_or_else(|| vec![word.clone()]));
        let flat = flat.collect();
        groups.insert(name.to_owned(), flat);
        reader.groups.push(name.to_owned());
    }
}

fn read_sections(reader: &mut ValueReader, value: &SettingsValue, document: &mut Document) {
    let DeValue::Array(list) = value.get_ref() else {
        let help = "write each section as `[[paths]]` with `match = [\"folder/**\"]`".to_owned();
        return reader.error(span_of(value), "`paths` must be a list of tables", Some(help));
    };
    for item in list {
        let Some(table) = reader.table(item) else { continue };
        let mut section = Section { paths: Vec::new(), layer: SettingsLayer::default() };
        let mut named = false;
        for (key, value) in sorted(table) {
            match key.get_ref().as_ref() {
                "match" => {
                    named = true;
                    section.paths = patterns(reader, value);
                }
                "ignore" => {
                    let words = reader.texts(value);
                    section.layer.choice.ignore = reader.selectors(words);
                }
                _ => read_key(reader, key, value, &mut section.layer, &["match"]),
            }
        }
        if !named {
            let help = Some("add `match = [\"folder/**\"]`".to_owned());
            reader.error(span_of(item), "the section does not select any paths", help);
        }
        document.sections.push(section);
    }
}

fn read_key(
    reader: &mut ValueReader,
    key: &Spanned<DeString>,
    value: &SettingsValue,
    layer: &mut SettingsLayer,
    more: &[&str],
) {
    match key.get_ref().as_ref() {
        "select" => {
            let words = reader.texts(value);
            layer.choice.select = Some(reader.selectors(words));
        }
        "extend-select" => {
            let words = reader.texts(value);
            layer.choice.extend = reader.selectors(words);
        }
        "shellcheck" => layer.shellcheck = reader.flag(value),
        "fail-on" => layer.fail_on = reader.word(value, "severity", &FailOn::WORDS, FailOn::of),
        "require-reason" => layer.require_reason = reader.flag(value),
        "inline-ignores" => layer.inline = reader.flag(value),
        "public-values" => layer.public_values = texts(reader, value),
        "trusted-registries" => layer.trusted_registries = Some(texts(reader, value)),
        "rules" => read_rules(reader, value, layer),
        "labels" => read_labels(reader, value, layer),
        other => {
            let known: Vec<&str> = LAYER.iter().chain(more).copied().collect();
            reader.unknown(span_of(key), "key", other, &known);
        }
    }
}

fn texts(reader: &mut ValueReader, value: &SettingsValue) -> Vec<String> {
    reader.texts(value).into_iter().map(|word| word.text).collect()
}

fn read_rules(reader: &mut ValueReader, value: &SettingsValue, layer: &mut SettingsLayer) {
    let Some(table) = reader.table(value) else { return };
    for (name, value) in sorted(table) {
        let word = SettingsWord { text: name.get_ref().to_string(), span: span_of(name) };
        if !reader.is_selector(&word) {
            continue;
        }
        let Some(table) = reader.table(value) else { continue };
        let rule = reader.known.rule(&word.text);
        for (key, value) in sorted(table) {
            let option = key.get_ref().as_ref();
            if option == "severity" && value.get_ref().as_str() == Some(OFF) {
                layer.choice.ignore.push(word.text.clone());
                continue;
            }
            if option == "severity" {
                let known = ["error", "warning", "info", "style", OFF];
                let severity_word = reader.word(value, "severity", &known, severity);
                layer.severities.extend(severity_word.map(|severity| (word.text.clone(), severity)));
                continue;
            }
            let kind = rule.and_then(|rule| reader.known.option(rule, option));
            let (Some(rule), Some(kind)) = (rule, kind) else {
                let mut known = vec!["severity"];
                known.extend(rule.map(|rule| reader.known.options(rule)).unwrap_or_default());
                let help = match closest(option, &known) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => format!("expected one of {}", known.join(", ")),
                };
                reader.error(span_of(key), format!("`{}` has no option `{option}`", word.text), Some(help));
                continue;
            };
            let value = match kind {
                OptionKind::Flag => reader.flag(value).map(OptionValue::Flag),
                OptionKind::Number => reader.number(value).map(OptionValue::Number),
                OptionKind::List => Some(OptionValue::List(texts(reader, value))),
            };
            layer.options.extend(value.map(|value| RuleOption { rule, name: option.to_owned(), value }));
        }
    }
}

fn read_labels(reader: &mut ValueReader, value: &SettingsValue, layer: &mut SettingsLayer) {
    let Some(table) = reader.table(value) else { return };
    for (key, value) in sorted(table) {
        match key.get_ref().as_ref() {
            "strict" => layer.strict_labels = reader.flag(value),
            "schema" => {
                let Some(table) = reader.table(value) else { continue };
                let mut schema = BTreeMap::new();
                for (label, value) in sorted(table) {
                    let known = LabelType::ALL.map(LabelType::name);
                    let read = |word: &str| LabelType::ALL.into_iter().find(|kind| kind.name() == word);
                    let kind = reader.word(value, "type", &known, read);
                    schema.extend(kind.map(|kind| (label.get_ref().to_string(), kind)));
                }
                layer.labels = Some(schema);
            }
            other => reader.unknown(span_of(key), "key", other, &["schema", "strict"]),
        }
    }
}
