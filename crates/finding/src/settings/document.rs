//! What one file of settings says, names checked, groups of its own replaced by their members.

use std::collections::BTreeMap;

use super::entry::SettingsEntry;
use super::skip::SkippedPass;
use super::{Budget, BudgetSection, LabelType, SettingsPattern, SettingsProblem};
use crate::finding::Severity;

/// Groups that settings define: a name ─► the rules, categories and groups in it.
pub type Groups = BTreeMap<String, Vec<String>>;

/// The rule of ShellCheck's findings: it runs when it is named.
const SHELLCHECK: &str = "shellcheck";

/// What one file says.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// What holds for every Dockerfile.
    pub layer: SettingsLayer,
    /// What holds for some of them; later sections win.
    pub sections: Vec<Section>,
    /// Entries that hide findings.
    pub entries: Vec<SettingsEntry>,
    /// Passes that rewrites leave out.
    pub skips: Vec<SkippedPass>,
    /// Files and folders that are passed over where a folder is searched.
    pub exclude: Vec<SettingsPattern>,
    /// Groups that it defines or inherits.
    pub groups: Groups,
    /// What images may weigh.
    pub budget: Budget,
    /// What some of them may weigh; later ones win.
    pub budgets: Vec<BudgetSection>,
    /// Whether what it leaves out stays out whatever the command line selects, as hadolint's `ignored` does.
    pub firm: bool,
    /// What is wrong.
    pub problems: Vec<SettingsProblem>,
}

/// A part for some Dockerfiles.
#[derive(Clone, Debug)]
pub struct Section {
    /// Which.
    pub paths: Vec<SettingsPattern>,
    /// What holds for them.
    pub layer: SettingsLayer,
}

/// What holds for a set of Dockerfiles. What it does not say is left to the layer below.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SettingsLayer {
    /// Which rules run.
    pub choice: Choice,
    /// Rules, categories or groups and how bad their findings are; a later one wins.
    pub severities: Vec<(String, Severity)>,
    /// Options of rules; a later one wins.
    pub options: Vec<RuleOption>,
    /// From which severity on the exit code tells.
    pub fail_on: Option<FailOn>,
    /// Whether ShellCheck is asked about the scripts.
    pub shellcheck: Option<bool>,
    /// Whether each suppression says why.
    pub require_reason: Option<bool>,
    /// Whether comments may suppress.
    pub inline: Option<bool>,
    /// Registries that images may come from.
    pub trusted_registries: Option<Vec<String>>,
    /// Values that look like secrets and are none.
    pub public_values: Vec<String>,
    /// Labels that an image has, with the types of their values.
    pub labels: Option<BTreeMap<String, LabelType>>,
    /// Whether it may have no others.
    pub strict_labels: Option<bool>,
}

/// Which rules run: names, aliases, categories and groups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Choice {
    /// Those that run; `None` leaves it to the layer below.
    pub select: Option<Vec<String>>,
    /// Those that run besides.
    pub extend: Vec<String>,
    /// Those that don't.
    pub ignore: Vec<String>,
}

impl Choice {
    /// What a command line says; an empty `select` leaves it to the settings.
    pub fn of(select: &[String], ignore: &[String]) -> Self {
        let select = (!select.is_empty()).then(|| select.to_vec());
        Self { select, extend: Vec::new(), ignore: ignore.to_vec() }
    }

    /// With ShellCheck's findings, or without.
    pub fn ask_shellcheck(&mut self, is_wanted: Option<bool>) {
        match is_wanted {
            Some(true) => self.extend.push(SHELLCHECK.to_owned()),
            Some(false) => self.ignore.push(SHELLCHECK.to_owned()),
            None => {}
        }
    }
}

/// An option of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleOption {
    /// The rule.
    pub rule: &'static str,
    /// The option.
    pub name: String,
    /// What it is set to.
    pub value: OptionValue,
}

/// What an option is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionValue {
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Number(u64),
    /// Texts.
    List(Vec<String>),
}

/// From which severity on findings make the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailOn {
    /// This one.
    Least(Severity),
    /// None does.
    Never,
}

impl Document {
    /// Which sections, entries and passes are for a path: two Dockerfiles with the same answer have the same settings.
    pub fn reaches(&self, path: &str) -> Vec<bool> {
        let matches_any = |paths: &[SettingsPattern]| paths.iter().any(|pattern| pattern.matches(path));
        let sections = self.sections.iter().map(|section| matches_any(&section.paths));
        let entries = self.entries.iter().map(|entry| &entry.paths);
        let listed = entries.chain(self.skips.iter().map(|skip| &skip.paths));
        sections.chain(listed.map(|paths| paths.as_deref().is_none_or(matches_any))).collect()
    }

    /// Puts the members of the file's groups in their place.
    pub(super) fn expand_groups(&mut self) {
        let groups = &self.groups;
        let expand = |words: &mut Vec<String>| {
            let members = words.iter().flat_map(|word| groups.get(word).cloned().unwrap_or_else(|| vec![word.clone()]));
            *words = members.collect();
        };
        for layer in self.sections.iter_mut().map(|section| &mut section.layer).chain([&mut self.layer]) {
            layer.choice.select.iter_mut().for_each(expand);
            expand(&mut layer.choice.extend);
            expand(&mut layer.choice.ignore);
            let severities = layer.severities.iter().flat_map(|(word, severity)| {
                let members = groups.get(word).cloned().unwrap_or_else(|| vec![word.clone()]);
                members.into_iter().map(|member| (member, *severity))
            });
            layer.severities = severities.collect();
        }
    }
}

impl FailOn {
    /// As written in settings and on the command line.
    pub const WORDS: [&str; 5] = ["error", "warning", "info", "style", "none"];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Least(severity) => severity.name(),
            Self::Never => "none",
        }
    }

    /// Reads a word.
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "none" => Self::Never,
            word => Self::Least(severity(word)?),
        })
    }

    /// The one that lets less pass.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        match (self, other) {
            (Self::Least(a), Self::Least(b)) => Self::Least(a.min(b)),
            (Self::Never, other) | (other, Self::Never) => other,
        }
    }

    /// Whether a finding of this severity counts.
    pub fn counts(self, severity: Severity) -> bool {
        matches!(self, Self::Least(least) if severity >= least)
    }
}

impl Default for FailOn {
    fn default() -> Self {
        Self::Least(Severity::Warning)
    }
}

/// A severity as written.
pub(super) fn severity(word: &str) -> Option<Severity> {
    [Severity::Error, Severity::Warning, Severity::Info, Severity::Style]
        .into_iter()
        .find(|severity| severity.name() == word)
}
