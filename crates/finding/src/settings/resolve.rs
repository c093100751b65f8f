//! Documents ─► what holds for one Dockerfile.

use std::collections::BTreeMap;

use super::document::{Choice, Document, FailOn, OptionValue, SettingsLayer};
use super::skip::SkippedPass;
use super::{LabelType, SettingsPattern};
use crate::finding::{Severity, Suppression};

/// What holds for one Dockerfile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResolvedSettings {
    /// Which rules run, the layer that counts least first.
    pub choices: Vec<Choice>,
    /// Rules that stay out whatever is selected.
    pub firm: Vec<String>,
    /// Rules, categories and groups and how bad their findings are; a later one wins.
    pub severities: Vec<(String, Severity)>,
    /// Options by rule and name.
    pub options: BTreeMap<(&'static str, String), OptionValue>,
    /// From which severity on the exit code tells.
    pub fail_on: FailOn,
    /// Whether each suppression says why.
    pub require_reason: bool,
    /// Whether comments may not suppress.
    pub no_inline: bool,
    /// Registries that images may come from; `None` for any.
    pub trusted_registries: Option<Vec<String>>,
    /// Values that look like secrets and are none.
    pub public_values: Vec<String>,
    /// Labels that an image has, with the types of their values.
    pub labels: Option<BTreeMap<String, LabelType>>,
    /// Whether it may have no others.
    pub strict_labels: bool,
    /// Entries that hide findings of this Dockerfile.
    pub suppressions: Vec<Suppression>,
    /// Passes that rewrites of this Dockerfile leave out.
    pub skips: Vec<SkippedPass>,
}

/// What the documents say of the Dockerfile at a path below each one's folder; the one that counts least first.
pub fn resolve<'a>(documents: impl IntoIterator<Item = (&'a Document, &'a str)>) -> ResolvedSettings {
    let mut settings = ResolvedSettings::default();
    for (document, path) in documents {
        settings.take(&document.layer, document.firm);
        for section in &document.sections {
            if section.paths.iter().any(|pattern| pattern.matches(path)) {
                settings.take(&section.layer, document.firm);
            }
        }
        let reaches = |paths: &Vec<SettingsPattern>| paths.iter().any(|pattern| pattern.matches(path));
        for entry in &document.entries {
            if entry.paths.as_ref().is_none_or(reaches) {
                settings.suppressions.push(entry.suppression.clone());
            }
        }
        let skips = document.skips.iter().filter(|skip| skip.paths.as_ref().is_none_or(reaches));
        settings.skips.extend(skips.cloned());
    }
    settings
}

impl ResolvedSettings {
    fn take(&mut self, layer: &SettingsLayer, firm: bool) {
        let mut choice = layer.choice.clone();
        choice.ask_shellcheck(layer.shellcheck);
        if firm {
            self.firm.append(&mut choice.ignore);
        }
        self.choices.push(choice);
        self.severities.extend(layer.severities.iter().cloned());
        for option in &layer.options {
            self.options.insert((option.rule, option.name.clone()), option.value.clone());
        }
        self.fail_on = layer.fail_on.unwrap_or(self.fail_on);
        self.require_reason = layer.require_reason.unwrap_or(self.require_reason);
        self.no_inline = layer.inline.map_or(self.no_inline, |inline| !inline);
        self.public_values.extend(layer.public_values.iter().cloned());
        if layer.trusted_registries.is_some() {
            self.trusted_registries.clone_from(&layer.trusted_registries);
        }
        if layer.labels.is_some() {
            self.labels.clone_from(&layer.labels);
        }
        self.strict_labels = layer.strict_labels.unwrap_or(self.strict_labels);
    }
}
