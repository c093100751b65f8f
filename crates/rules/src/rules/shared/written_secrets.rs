//! Secrets in the texts of YAML files: values under a name that says secret, and what in any other text is one.

use crate::secret::{FoundSecret, Sign, is_address, names_secret, reportable, written_in};
use crate::text::Span;
use crate::yaml::YamlNode;

/// The maximum nesting that is looked at.
const DEEPEST: usize = 64;

/// A secret in a YAML file.
pub(in crate::rules) struct WrittenValue {
    /// The keys above it.
    pub keys: Vec<String>,
    /// Where it stands.
    pub span: Span,
    /// The name that says what it is, where one does.
    pub name: Option<String>,
    /// Whether it is one beyond doubt.
    pub is_sure: bool,
}

impl WrittenValue {
    /// What it is, as the subject of a sentence.
    pub(in crate::rules) fn subject(&self) -> String {
        match &self.name {
            Some(name) => format!("the value of `{name}`"),
            None if self.is_sure => "a password or token".to_owned(),
            None => "what looks like a password or a token".to_owned(),
        }
    }
}

/// The secrets in a tree of a text.
pub(in crate::rules) fn written_values(text: &str, root: YamlNode) -> Vec<WrittenValue> {
    let mut written = Vec::new();
    collect(text, root, &mut Vec::new(), &mut written);
    written
}

/// The secrets in a text that is no YAML.
pub(in crate::rules) fn values_of_text(text: &str) -> Vec<WrittenValue> {
    let written_value = |secret: FoundSecret| {
        let span = Span::new(secret.range.start as u32, secret.range.end as u32);
        let is_sure = secret.by.is_reported();
        let name = if let Sign::Name(name) = secret.by { Some(name.trim_start_matches('-').to_owned()) } else { None };
        WrittenValue { keys: Vec::new(), span, name, is_sure }
    };
    reportable(text).into_iter().map(written_value).collect()
}

fn collect(text: &str, node: YamlNode, keys: &mut Vec<String>, written: &mut Vec<WrittenValue>) {
    if keys.len() > DEEPEST || node.is_alias() {
        return;
    }
    for entry in node.entries() {
        keys.push(entry.key.text().unwrap_or_default().to_owned());
        collect(text, entry.value, keys, written);
        keys.pop();
    }
    for item in node.items() {
        collect(text, item, keys, written);
    }
    let Some(value) = node.text() else { return };
    let name = keys.last().map_or("", String::as_str);
    if names_secret(name) && !is_expression(value) && !written_in(name, value).is_empty() {
        let name = Some(name.to_owned());
        written.push(WrittenValue { keys: keys.clone(), span: node.span(), name, is_sure: true });
        return;
    }
    if is_address(value) {
        return;
    }
    let raw = text.get(node.span().range()).unwrap_or_default();
    for secret in reportable(value) {
        let at = raw.find(&secret.value).map(|at| node.span().start + at as u32);
        let span = at.map_or(node.span(), |start| Span::new(start, start + secret.value.len() as u32));
        written.push(WrittenValue { keys: keys.clone(), span, name: None, is_sure: secret.by.is_reported() });
    }
}

/// Whether a pipeline or Compose fills the value in.
fn is_expression(text: &str) -> bool {
    text.contains("${{") || text.trim().starts_with('$')
}
