//! Where findings arrive.

use super::Finding;

/// Collects findings and hands them out in one order: file, place, rule.
#[derive(Debug, Default)]
pub struct Findings {
    findings: Vec<Finding>,
    /// How many of the last ones are of one rule in one file.
    run: usize,
}

/// Findings of one rule in one file; nobody reads more, and a hostile file has millions.
const MOST: usize = 1_000;

impl Findings {
    /// An empty sink.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one finding. Of many of one rule in one file that come in a row, the last one that is kept says that there are
    /// more.
    pub fn push(&mut self, finding: Finding) {
        let last = self.findings.last_mut();
        match last.filter(|last| (last.file, last.rule) == (finding.file, finding.rule)) {
            Some(last) if self.run >= MOST => {
                if self.run == MOST {
                    last.notes.push("further findings of this rule in this file are left out".to_owned());
                }
                self.run += 1;
            }
            Some(_) => {
                self.run += 1;
                self.findings.push(finding);
            }
            None => {
                self.run = 1;
                self.findings.push(finding);
            }
        }
    }

    /// What arrived so far.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter()
    }

    /// What arrived so far, to change it.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Finding> {
        self.findings.iter_mut()
    }

    /// Keeps those for which `keep` holds.
    pub fn retain(&mut self, keep: impl FnMut(&Finding) -> bool) {
        self.findings.retain(keep);
        // What is removed no longer counts for the limit of the last rule.
        let last = self.findings.last().map(|last| (last.file, last.rule));
        let is_same = |finding: &&Finding| Some((finding.file, finding.rule)) == last;
        self.run = self.findings.iter().rev().take_while(is_same).count();
    }

    /// Those of another sink behind its own.
    #[must_use]
    pub fn chain(mut self, other: Self) -> Self {
        for finding in other.findings {
            self.push(finding);
        }
        self
    }

    /// All findings, sorted by file, place and rule; equal ones once.
    pub fn into_sorted(self) -> Vec<Finding> {
        let mut findings = self.findings;
        findings.sort_by(|a, b| (a.file, a.span, a.rule, &a.message).cmp(&(b.file, b.span, b.rule, &b.message)));
        findings.dedup_by(|a, b| (a.file, a.span, a.rule, &a.message) == (b.file, b.span, b.rule, &b.message));
        findings
    }
}
