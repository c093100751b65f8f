//! Findings that a project lives with for now: those are known, and only what comes on top counts. Owns the file's
//! text and the comparison; where files lie, others know.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;

use crate::text::json_reason;

/// The schema that is read and written.
pub const BASELINE_SCHEMA: &str = "dockopt.baseline/1";

/// Pairs of a file that is gone and a new one that are compared: nobody renames so many.
const MOST_PAIRS: usize = 100_000;

/// A finding as a baseline knows it: not by its place, and equal ones by their number only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BaselineFinding {
    /// The file, below the baseline's folder, with `/` between its parts.
    pub file: String,
    /// The rule.
    pub rule: String,
    /// What [`text_fingerprints`](super::text_fingerprints) says.
    pub fingerprint: String,
}

/// The findings that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The command whose findings they are: another one looks at more or less.
    pub command: String,
    /// How many there are of each.
    pub findings: BTreeMap<BaselineFinding, u64>,
}

/// Why a text is no baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaselineError {
    /// It is no JSON, or not of the shape; line, column and what was expected.
    Shape(usize, usize, String),
    /// Another schema.
    Schema(String),
    /// What one of its findings says; its number, from 1.
    Finding(usize, &'static str),
}

impl fmt::Display for BaselineError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(line, column, why) => write!(out, "line {line}, column {column}: {why}"),
            Self::Schema(schema) => write!(out, "its schema is `{schema}`, not `{BASELINE_SCHEMA}`"),
            Self::Finding(number, why) => write!(out, "finding {number}: {why}"),
        }
    }
}

impl std::error::Error for BaselineError {}

#[derive(Deserialize)]
struct BaselineFile {
    schema: String,
    command: String,
    findings: Vec<BaselineEntry>,
}

#[derive(Deserialize)]
struct BaselineEntry {
    file: String,
    rule: String,
    fingerprint: String,
    count: u64,
}

/// What a run looked at: of nothing else it knows whether it is fixed.
#[derive(Clone, Debug, Default)]
pub struct RunScope {
    /// Files that were read whole.
    pub files: BTreeSet<String>,
    /// Files of the baseline that are there no more.
    pub gone: BTreeSet<String>,
    /// Rules that ran.
    pub rules: BTreeSet<String>,
}

impl RunScope {
    fn covers(&self, known: &BaselineFinding) -> bool {
        self.gone.contains(&known.file) || (self.files.contains(&known.file) && self.rules.contains(&known.rule))
    }
}

/// Findings against a baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// For each finding, whether it is known.
    pub is_known: Vec<bool>,
    /// How many of the baseline are there no more.
    pub fixed: u64,
    /// The baseline without those.
    pub pruned: Baseline,
}

impl Baseline {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn read(text: &str) -> Result<Self, BaselineError> {
        let shape = |error: &serde_json::Error| BaselineError::Shape(error.line(), error.column(), json_reason(error));
        let file: BaselineFile = serde_json::from_str(text).map_err(|error| shape(&error))?;
        if file.schema != BASELINE_SCHEMA {
            return Err(BaselineError::Schema(file.schema));
        }
        let mut findings = BTreeMap::new();
        for (index, BaselineEntry { file, rule, fingerprint, count }) in file.findings.into_iter().enumerate() {
            let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            if fingerprint.len() != 16 || !fingerprint.bytes().all(is_digit) {
                return Err(BaselineError::Finding(index + 1, "a fingerprint is 16 hexadecimal digits"));
            }
            if count == 0 {
                return Err(BaselineError::Finding(index + 1, "a count is at least 1"));
            }
            let known: &mut u64 = findings.entry(BaselineFinding { file, rule, fingerprint }).or_default();
            *known = known.saturating_add(count);
        }
        Ok(Self { command: file.command, findings })
    }

    /// Which findings are known. Of equal ones as many as the baseline has; those of a file that was renamed stay known.
    pub fn compare(&self, findings: &[BaselineFinding], scope: &RunScope) -> Comparison {
        let renamed = self.renamed(findings, scope);
        let mut remaining: BTreeMap<BaselineFinding, u64> = BTreeMap::new();
        for (known, count) in &self.findings {
            let file = renamed.get(&*known.file).copied().unwrap_or(&known.file);
            let all = remaining.entry(BaselineFinding { file: file.to_owned(), ..known.clone() }).or_default();
            *all = all.saturating_add(*count);
        }
        let mut pruned = remaining.clone();
        let mut is_known = Vec::with_capacity(findings.len());
        for finding in findings {
            let count = remaining.get_mut(finding).filter(|count| **count > 0);
            is_known.push(count.is_some());
            if let Some(count) = count {
                *count -= 1;
            }
        }
        let mut fixed = 0_u64;
        for (known, count) in remaining.into_iter().filter(|(known, count)| *count > 0 && scope.covers(known)) {
            fixed = fixed.saturating_add(count);
            if let Some(kept_count) = pruned.get_mut(&known) {
                *kept_count -= count;
            }
        }
        pruned.retain(|_, count| *count > 0);
        Comparison { is_known, fixed, pruned: Self { command: self.command.clone(), findings: pruned } }
    }

    /// The new name of each file that is gone and of whose findings at least half are in a file that is not known yet.
    fn renamed<'a>(&'a self, findings: &'a [BaselineFinding], scope: &RunScope) -> BTreeMap<&'a str, &'a str> {
        let mut gone: BTreeMap<&str, BTreeMap<(&str, &str), u64>> = BTreeMap::new();
        let mut known_files = BTreeSet::new();
        for (known, count) in &self.findings {
            known_files.insert(&*known.file);
            if scope.gone.contains(&known.file) {
                gone.entry(&known.file).or_default().insert((&known.rule, &known.fingerprint), *count);
            }
        }
        let mut new: BTreeMap<&str, BTreeMap<(&str, &str), u64>> = BTreeMap::new();
        for finding in findings.iter().filter(|finding| !gone.is_empty() && !known_files.contains(&*finding.file)) {
            *new.entry(&finding.file).or_default().entry((&finding.rule, &finding.fingerprint)).or_default() += 1;
        }
        if gone.len().saturating_mul(new.len()) > MOST_PAIRS {
            return BTreeMap::new();
        }
        let mut pairs = Vec::new();
        for (old, before) in &gone {
            let all = before.values().fold(0_u64, |all, count| all.saturating_add(*count));
            for (file, now) in &new {
                let shared: u64 =
                    before.iter().map(|(key, count)| now.get(key).map_or(0, |current| *current.min(count))).sum();
                if shared >= all.div_ceil(2) {
                    pairs.push((std::cmp::Reverse(shared), *old, *file));
                }
            }
        }
        pairs.sort_unstable();
        let mut renamed = BTreeMap::new();
        let mut used_files = BTreeSet::new();
        for (_, old, file) in pairs {
            if !renamed.contains_key(old) && used_files.insert(file) {
                renamed.insert(old, file);
            }
        }
        renamed
    }

    /// The baseline with what a run found in the place of what it looked at.
    #[must_use]
    pub fn with(&self, command: &str, new_findings: Vec<BaselineFinding>, scope: &RunScope) -> Self {
        let mut findings = self.findings.clone();
        findings.retain(|known, _| !scope.covers(known));
        // What is written is what is there, also of a file that could not be read whole.
        for finding in &new_findings {
            findings.remove(finding);
        }
        for finding in new_findings {
            *findings.entry(finding).or_default() += 1;
        }
        Self { command: command.to_owned(), findings }
    }
}

#[cfg(test)]
mod tests;
