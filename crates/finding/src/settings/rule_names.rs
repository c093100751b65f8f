//! The names that settings may use. The rules' pages give them; this room stands above the rules.

use std::collections::BTreeMap;

use crate::finding::{Code, without_namespace};

/// What an option of a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OptionKind {
    /// `true` or `false`.
    Flag,
    /// A whole number from 0 on.
    Number,
    /// A list of texts.
    List,
}

impl OptionKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Flag, Self::Number, Self::List];

    /// As written in pages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Number => "number",
            Self::List => "list",
        }
    }
}

/// All names of rules, and the words that stand for several of them.
#[derive(Clone, Debug, Default)]
pub struct RuleNames {
    /// Lower-case name or alias ─► the rules' names: several share a foreign code.
    names: BTreeMap<String, Vec<&'static str>>,
    /// Lower-case category or group, `all`, `default` ─► the rules that it stands for.
    words: BTreeMap<String, Vec<&'static str>>,
    /// Every name and word as its page writes it, for suggestions.
    written: Vec<&'static str>,
    /// Rule and option ─► what it holds.
    options: BTreeMap<(&'static str, &'static str), OptionKind>,
    /// Rules that stand for a check of the builder's own.
    checks: Vec<&'static str>,
    /// The rule of ShellCheck's findings.
    shellcheck: Option<&'static str>,
}

impl RuleNames {
    /// With a rule; `aliases` are its names elsewhere.
    pub fn add_rule(&mut self, name: &'static str, aliases: &[&'static str]) {
        for alias in aliases {
            self.names.entry(alias.to_ascii_lowercase()).or_default().push(name);
            self.written.push(alias);
        }
        self.names.insert(name.to_ascii_lowercase(), vec![name]);
        self.written.push(name);
        if aliases.iter().any(|alias| is_check(alias)) {
            self.checks.push(name);
        }
    }

    /// With the rule of ShellCheck's findings, each of which has a code of its own.
    pub fn add_shellcheck(&mut self, rule: &'static str) {
        self.shellcheck = Some(rule);
    }

    /// The code of ShellCheck that a word names and that no rule has as an alias, with the rule of ShellCheck's findings.
    pub fn code(&self, word: &str) -> Option<(&'static str, &'static str)> {
        if !self.rules_named(word).is_empty() {
            return None;
        }
        let code = Code::shellcheck(without_namespace(word))?;
        Some((code.name, self.shellcheck?))
    }

    /// A name in a list of what a suppression hides; `None` where nothing is called so.
    pub fn hidden(&self, text: &str) -> Option<(Vec<&'static str>, Option<&'static str>)> {
        match self.code(text) {
            Some((code, rule)) => Some((vec![rule], Some(code))),
            None => Some((self.rules(text)?, None)),
        }
    }

    /// With a word that stands for several rules.
    pub fn add_word(&mut self, word: &'static str, rules: Vec<&'static str>) {
        self.words.insert(word.to_ascii_lowercase(), rules);
        self.written.push(word);
    }

    /// With an option of a rule.
    pub fn add_option(&mut self, rule: &'static str, option: &'static str, kind: OptionKind) {
        self.options.insert((rule, option), kind);
    }

    /// The one rule with this name or alias, in any case.
    pub fn rule(&self, name: &str) -> Option<&'static str> {
        match self.rules_named(name) {
            [rule] => Some(rule),
            _ => None,
        }
    }

    /// The rules with this name or alias, in any case.
    pub fn rules_named(&self, name: &str) -> &[&'static str] {
        self.names.get(without_namespace(&name.trim().to_ascii_lowercase())).map_or(&[], Vec::as_slice)
    }

    /// The rules that a name, alias, category or group stands for.
    pub fn rules(&self, word: &str) -> Option<Vec<&'static str>> {
        let word = word.trim().to_ascii_lowercase();
        self.names.get(without_namespace(&word)).or_else(|| self.words.get(&word)).cloned()
    }

    /// Rules that stand for a check of the builder's own.
    pub fn checks(&self) -> &[&'static str] {
        &self.checks
    }

    /// The rules that have this check of the builder as an alias.
    pub fn check(&self, name: &str) -> &[&'static str] {
        if is_check(name) { self.rules_named(name) } else { &[] }
    }

    /// What an option of a rule holds.
    pub fn option(&self, rule: &str, option: &str) -> Option<OptionKind> {
        self.options.iter().find(|(key, _)| **key == (rule, option)).map(|(_, kind)| *kind)
    }

    /// The options of a rule.
    pub fn options(&self, rule: &str) -> Vec<&'static str> {
        self.options.keys().filter(|key| key.0 == rule).map(|key| key.1).collect()
    }

    /// The name or word that is closest to a mistyped one.
    pub fn suggest(&self, word: &str, more: &[&str]) -> Option<String> {
        let all: Vec<&str> = self.written.iter().copied().chain(more.iter().copied()).collect();
        closest(word, &all)
    }
}

/// Whether a name is one of BuildKit's checks: those are in camel case, hadolint's codes end with digits.
fn is_check(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_alphabetic())
        && name.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// Of known words the one that is close to a mistyped one.
pub fn closest(word: &str, known: &[&str]) -> Option<String> {
    let word = word.to_ascii_lowercase();
    // Longer than any name: the distance would be dear and the answer useless.
    if word.len() > 64 {
        return None;
    }
    let scored = known.iter().map(|name| (strsim::jaro_winkler(&word, &name.to_ascii_lowercase()), *name));
    let best = scored.filter(|(score, _)| *score >= 0.8).max_by(|a, b| a.0.total_cmp(&b.0));
    best.map(|(_, name)| name.to_owned())
}
