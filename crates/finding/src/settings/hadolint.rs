//! `.hadolint.yaml`, read as hadolint reads it. Keys that hadolint does not know are told, codes that dockopt does not
//! know are not: the file is hadolint's.

use std::collections::BTreeMap;

use super::document::{Document, FailOn, severity};
use super::{LabelType, RuleNames, SettingsProblem, closest};
use crate::finding::Severity;
use crate::text::{Source, Span};
use crate::yaml::{self, NodeKind, YamlNode};

/// Keys that hadolint knows.
const KEYS: [&str; 12] = [
    "disable-ignore-pragma",
    "failure-threshold",
    "format",
    "formats",
    "ignored",
    "label-schema",
    "no-color",
    "no-fail",
    "override",
    "strict-labels",
    "trustedRegistries",
    "verbose",
];

/// hadolint applies its lists in this order: the last one wins.
const OVERRIDES: [Severity; 4] = [Severity::Style, Severity::Info, Severity::Warning, Severity::Error];

/// Reads the file.
pub(super) fn read(source: &Source, known: &RuleNames) -> Document {
    let tree = yaml::read(source.text());
    let mut reader = HadolintReader { known, document: Document { firm: true, ..Document::default() } };
    for problem in tree.problems() {
        reader.error(problem.span, problem.message.clone(), None);
    }
    match tree.root() {
        Some(root) if root.kind() == Some(NodeKind::Mapping) => reader.file(root),
        Some(root) if !root.is_null() => {
            let help = Some("write keys such as `ignored:` with a list of codes".to_owned());
            reader.error(root.span(), "hadolint's settings must be a mapping", help);
        }
        _ => {}
    }
    reader.document
}

struct HadolintReader<'k> {
    known: &'k RuleNames,
    document: Document,
}

impl HadolintReader<'_> {
    fn problem(&mut self, span: Span, error: bool, message: impl Into<String>, help: Option<String>) {
        self.document.problems.push(SettingsProblem { span, error, message: message.into(), help });
    }

    fn error(&mut self, span: Span, message: impl Into<String>, help: Option<String>) {
        self.problem(span, true, message, help);
    }

    /// A key that is not known: a typo, or of a newer hadolint.
    fn note(&mut self, key: YamlNode, known: &[&str]) {
        let name = key.text().unwrap_or_default();
        let help = closest(name, known).map(|close| format!("did you mean `{close}`?"));
        self.problem(key.span(), false, format!("hadolint has no key `{name}`"), help);
    }

    fn file(&mut self, root: YamlNode) {
        let mut threshold = None;
        let mut no_fail = None;
        for entry in root.entries() {
            let value = entry.value;
            match entry.key.text().unwrap_or_default() {
                "ignored" => self.document.layer.choice.ignore = self.codes(value),
                "override" => self.overrides(value),
                "trustedRegistries" => {
                    let texts = self.texts(value);
                    self.document.layer.trusted_registries = (!texts.is_empty()).then_some(texts);
                }
                "label-schema" => self.labels(value),
                "strict-labels" => self.document.layer.strict_labels = self.flag(value),
                "disable-ignore-pragma" => {
                    self.document.layer.inline = self.flag(value).map(|disabled| !disabled);
                }
                "failure-threshold" => threshold = self.threshold(value),
                "no-fail" => no_fail = self.flag(value),
                "format" | "formats" | "no-color" | "verbose" => {}
                _ => self.note(entry.key, &KEYS),
            }
        }
        self.document.layer.fail_on = if no_fail == Some(true) { Some(FailOn::Never) } else { threshold };
    }

    fn flag(&mut self, value: YamlNode) -> Option<bool> {
        let flag = value.as_bool();
        if flag.is_none() && !value.is_null() {
            self.error(value.span(), "expected `true` or `false`", None);
        }
        flag
    }

    /// A list of texts; one alone stands for a list of it.
    fn texts(&mut self, value: YamlNode) -> Vec<String> {
        let items: Vec<YamlNode> = match value.kind() {
            Some(NodeKind::Sequence) => value.items().collect(),
            Some(NodeKind::Scalar(_)) if !value.is_null() => vec![value],
            Some(NodeKind::Scalar(_)) => Vec::new(),
            _ => {
                self.error(value.span(), "expected a list", None);
                Vec::new()
            }
        };
        let mut texts = Vec::new();
        for item in items {
            match item.text() {
                Some(text) => texts.push(text.to_owned()),
                None => self.error(item.span(), "expected a string", None),
            }
        }
        texts
    }

    /// Codes that dockopt knows; the others are another linter's business.
    fn codes(&mut self, value: YamlNode) -> Vec<String> {
        let known = self.known;
        self.texts(value)
            .into_iter()
            .filter(|code| !known.rules_named(code).is_empty() || known.code(code).is_some())
            .collect()
    }

    fn overrides(&mut self, value: YamlNode) {
        for entry in value.entries() {
            let name = entry.key.text().unwrap_or_default();
            if severity(name).is_none() {
                self.note(entry.key, &["error", "warning", "info", "style"]);
            }
        }
        for severity in OVERRIDES {
            let Some(list) = value.entries().find(|entry| entry.key.text() == Some(severity.name())) else { continue };
            for code in self.codes(list.value) {
                // hadolint switches a rule on that is off by default when it is given a severity.
                self.document.layer.choice.extend.push(code.clone());
                self.document.layer.severities.push((code, severity));
            }
        }
    }

    fn labels(&mut self, value: YamlNode) {
        let mut schema = BTreeMap::new();
        for entry in value.entries() {
            let Some(label) = entry.key.text() else { continue };
            let word = entry.value.text().unwrap_or_default();
            // hadolint takes no type for text.
            let kind = if word.is_empty() { "text" } else { word };
            if let Some(kind) = LabelType::ALL.into_iter().find(|known| known.name() == kind) {
                schema.insert(label.to_owned(), kind);
                continue;
            }
            let known = LabelType::ALL.map(LabelType::name);
            let help = match closest(word, &known) {
                Some(close) => format!("did you mean `{close}`?"),
                None => format!("expected one of {}", known.join(", ")),
            };
            self.error(entry.value.span(), format!("unknown type `{word}`"), Some(help));
        }
        self.document.layer.labels = Some(schema);
    }

    fn threshold(&mut self, value: YamlNode) -> Option<FailOn> {
        let word = value.text().unwrap_or_default();
        let value_word = match word {
            // To hadolint both mean: from the least severity on.
            "ignore" | "none" => Some(FailOn::Least(Severity::Style)),
            word => severity(word).map(FailOn::Least),
        };
        if value_word.is_none() {
            let known = ["error", "warning", "info", "style", "ignore", "none"];
            let help = match closest(word, &known) {
                Some(close) => format!("did you mean `{close}`?"),
                None => format!("expected one of {}", known.join(", ")),
            };
            self.error(value.span(), format!("unknown severity `{word}`"), Some(help));
        }
        value_word
    }
}
