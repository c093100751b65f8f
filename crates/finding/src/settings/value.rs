//! Values of a TOML file with their spans; what is of another kind is a problem.

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::{RuleNames, SettingsPattern, SettingsProblem, closest};
use crate::finding::without_namespace;
use crate::text::Span;

/// A key or value where it stands.
pub(super) type SettingsValue<'a> = Spanned<DeValue<'a>>;

/// Reads values and gathers what is wrong with them.
pub(super) struct ValueReader<'a> {
    pub known: &'a RuleNames,
    /// Groups that may be named.
    pub groups: Vec<String>,
    pub problems: Vec<SettingsProblem>,
}

/// A text where it stands.
#[derive(Clone, Debug)]
pub(super) struct SettingsWord {
    pub text: String,
    pub span: Span,
}

/// The place of a key or value.
pub(super) fn span_of<T>(value: &Spanned<T>) -> Span {
    Span::new(value.span().start as u32, value.span().end as u32)
}

impl ValueReader<'_> {
    pub(super) fn error(&mut self, span: Span, message: impl Into<String>, help: Option<String>) {
        self.problems.push(SettingsProblem { span, error: true, message: message.into(), help });
    }

    /// Reports a word that is not one of the known ones.
    pub(super) fn unknown(&mut self, span: Span, what: &str, word: &str, known: &[&str]) {
        let help = match closest(word, known) {
            Some(close) => format!("did you mean `{close}`?"),
            None if known.is_empty() => "remove it".to_owned(),
            None => format!("expected one of {}", known.join(", ")),
        };
        self.error(span, format!("unknown {what} `{word}`"), Some(help));
    }

    fn wrong_kind(&mut self, value: &SettingsValue, wanted: &str) {
        let kind = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.error(span_of(value), format!("expected {wanted}, found {kind}"), None);
    }

    pub(super) fn table<'t, 'a>(&mut self, value: &'t SettingsValue<'a>) -> Option<&'t DeTable<'a>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_kind(value, "a table");
        }
        table
    }

    pub(super) fn flag(&mut self, value: &SettingsValue) -> Option<bool> {
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_kind(value, "true or false");
        }
        flag
    }

    pub(super) fn number(&mut self, value: &SettingsValue) -> Option<u64> {
        let number =
            value.get_ref().as_integer().and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok());
        if number.is_none() {
            self.wrong_kind(value, "a whole number of 0 or more");
        }
        number
    }

    pub(super) fn text(&mut self, value: &SettingsValue) -> Option<SettingsWord> {
        if let Some(text) = value.get_ref().as_str() {
            return Some(SettingsWord { text: text.to_owned(), span: span_of(value) });
        }
        self.wrong_kind(value, "a string");
        None
    }

    /// A list of texts; one text alone is a list of it.
    pub(super) fn texts(&mut self, value: &SettingsValue) -> Vec<SettingsWord> {
        match value.get_ref() {
            DeValue::Array(list) => list.iter().filter_map(|item| self.text(item)).collect(),
            DeValue::String(_) => self.text(value).into_iter().collect(),
            _ => {
                self.wrong_kind(value, "a list of strings");
                Vec::new()
            }
        }
    }

    /// A word out of a closed set.
    pub(super) fn word<T>(
        &mut self,
        value: &SettingsValue,
        what: &str,
        known: &[&str],
        read: fn(&str) -> Option<T>,
    ) -> Option<T> {
        let word = self.text(value)?;
        let value_of_word = read(&word.text);
        if value_of_word.is_none() {
            self.unknown(word.span, what, &word.text, known);
        }
        value_of_word
    }

    /// Rules, categories and groups; a group of the settings' own stays as it is written.
    pub(super) fn selectors(&mut self, words: Vec<SettingsWord>) -> Vec<String> {
        let mut selectors = Vec::new();
        for word in words {
            let known = self.known.hidden(&word.text).is_some() || self.groups.contains(&word.text);
            // A code that only hadolint has selects nothing here.
            if self.is_selector(&word) && known {
                selectors.push(word.text);
            }
        }
        selectors
    }

    /// Whether a word is a rule, category or group; else that is said.
    pub(super) fn is_selector(&mut self, word: &SettingsWord) -> bool {
        if self.known.rules(&word.text).is_some() || self.groups.contains(&word.text) || is_foreign(&word.text) {
            return true;
        }
        let groups: Vec<&str> = self.groups.iter().map(String::as_str).collect();
        let help = match self.known.suggest(&word.text, &groups) {
            Some(close) => format!("did you mean `{close}`? `dockopt rules` lists all rules"),
            None => "`dockopt rules` lists all rules".to_owned(),
        };
        self.error(word.span, format!("unknown rule, category or group `{}`", word.text), Some(help));
        false
    }
}

/// Whether a name is a code that hadolint or tally has and dockopt may not know: `SC2086`, `DL3099`, `tally/max-lines`. Settings that both
/// tools understand name them.
pub(super) fn is_foreign(name: &str) -> bool {
    let name = without_namespace(name);
    if name.starts_with("tally/") {
        return true;
    }
    let digits = name.strip_prefix("DL").or_else(|| name.strip_prefix("SC"));
    digits.is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The members of a table in the order in which they are written.
pub(super) fn sorted<'t, 'a>(table: &'t DeTable<'a>) -> Vec<(&'t Spanned<DeString<'a>>, &'t SettingsValue<'a>)> {
    let mut members: Vec<_> = table.iter().collect();
    members.sort_by_key(|(key, _)| key.span().start);
    members
}

/// Globs.
pub(super) fn patterns(reader: &mut ValueReader, value: &SettingsValue) -> Vec<SettingsPattern> {
    let mut patterns = Vec::new();
    for word in reader.texts(value) {
        match SettingsPattern::new(&word.text) {
            Ok(pattern) => patterns.push(pattern),
            Err(why) => reader.error(word.span, format!("`{}` is not a valid glob: {why}", word.text), None),
        }
    }
    patterns
}
