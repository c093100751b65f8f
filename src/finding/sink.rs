//! Where findings arrive.

use super::Finding;

/// Collects findings and hands them out in one order: file, place, rule.
#[derive(Debug, Default)]
pub struct Findings {
    findings: Vec<Finding>,
}

impl Findings {
    /// An empty sink.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one finding.
    pub fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
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
    }

    /// Those of another sink behind its own.
    #[must_use]
    pub fn chain(mut self, other: Self) -> Self {
        self.findings.extend(other.findings);
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
