//! Which file says what holds for a file.

use super::document::{Document, FailOn, OptionValue, SettingsLayer};
use crate::text::FileId;

/// A setting that holds, and the file that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingOrigin {
    /// Its key, as in dockopt.toml.
    pub key: String,
    /// Its value, as people write it.
    pub value: String,
    /// The file; `None` for a default.
    pub file: Option<FileId>,
}

/// What documents say of the file at a path below each one's folder, the one that counts least first.
pub fn origins<'a>(documents: impl IntoIterator<Item = (FileId, &'a Document, &'a str)>) -> Vec<SettingOrigin> {
    let mut origins = Origins(vec![
        SettingOrigin { key: "select".to_owned(), value: "default".to_owned(), file: None },
        SettingOrigin { key: "fail-on".to_owned(), value: FailOn::default().word().to_owned(), file: None },
    ]);
    for (file, document, path) in documents {
        origins.take(file, &document.layer);
        for section in &document.sections {
            if section.paths.iter().any(|pattern| pattern.matches(path)) {
                origins.take(file, &section.layer);
            }
        }
        let reaches = |paths: &Option<Vec<super::SettingsPattern>>| {
            paths.as_ref().is_none_or(|paths| paths.iter().any(|pattern| pattern.matches(path)))
        };
        for entry in document.entries.iter().filter(|entry| reaches(&entry.paths)) {
            origins.add(
                file,
                "ignore",
                entry.suppression.named.iter().map(|rule| rule.text.as_str()).collect::<Vec<_>>().join(", "),
            );
        }
        for pattern in &document.exclude {
            origins.add(file, "exclude", pattern.text().to_owned());
        }
        for skip in document.skips.iter().filter(|skip| reaches(&skip.paths)) {
            origins.add(file, "optimize.skip", skip.pass.clone());
        }
    }
    origins.0
}

struct Origins(Vec<SettingOrigin>);

impl Origins {
    /// Adds to a list.
    fn add(&mut self, file: FileId, key: &str, value: String) {
        self.0.push(SettingOrigin { key: key.to_owned(), value, file: Some(file) });
    }

    /// Replaces a value.
    fn set(&mut self, file: FileId, key: &str, value: Option<String>) {
        let Some(value) = value else { return };
        self.0.retain(|origin| origin.key != key);
        self.add(file, key, value);
    }

    fn take(&mut self, file: FileId, layer: &SettingsLayer) {
        let flag = |value: Option<bool>| value.map(|value| value.to_string());
        self.set(file, "select", layer.choice.select.as_ref().map(|rules| rules.join(", ")));
        for (key, rules) in [("extend-select", &layer.choice.extend), ("ignore", &layer.choice.ignore)] {
            if !rules.is_empty() {
                self.add(file, key, rules.join(", "));
            }
        }
        self.set(file, "fail-on", layer.fail_on.map(|least| least.word().to_owned()));
        self.set(file, "shellcheck", flag(layer.shellcheck));
        self.set(file, "require-reason", flag(layer.require_reason));
        self.set(file, "inline-ignores", flag(layer.inline));
        self.set(file, "trusted-registries", layer.trusted_registries.as_ref().map(|all| all.join(", ")));
        let labels = layer.labels.as_ref().map(|labels| labels.keys().cloned().collect::<Vec<_>>().join(", "));
        self.set(file, "labels.schema", labels);
        self.set(file, "labels.strict", flag(layer.strict_labels));
        for (rule, severity) in &layer.severities {
            self.set(file, &format!("rules.{rule}.severity"), Some(severity.name().to_owned()));
        }
        for option in &layer.options {
            let value = match &option.value {
                OptionValue::Flag(flag) => flag.to_string(),
                OptionValue::Number(number) => number.to_string(),
                OptionValue::List(words) => words.join(", "),
            };
            self.set(file, &format!("rules.{}.{}", option.rule, option.name), Some(value));
        }
    }
}
