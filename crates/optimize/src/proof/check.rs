//! One comparison of the original and the rewrite.

use std::fmt;

use super::difference::ImageDifference;
use super::explanation::Explanation;

/// What a comparison came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckOutcome {
    /// Equal, or different in declared ways only.
    Passed,
    /// Different in a way that nothing explains.
    Failed,
    /// It could not be made.
    Skipped,
    /// It was made and shows nothing: both sides fail alike.
    Unproved,
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name: `config`, `files`, `packages`, `linkage`, `system`, `size`, `start`, `health`, `imports`, `probe`,
    /// `writes`, `tests`, `test target`, `rebuild`.
    pub name: &'static str,
    /// What it came to.
    pub outcome: CheckOutcome,
    /// What was seen, one line each: differences with their explanations, or why it was left out.
    pub details: Vec<String>,
}

/// Lines of one sort that a check tells; more are counted.
const TOLD: usize = 12;

impl Check {
    /// A check that could not be made.
    pub fn skipped(name: &'static str, why: impl Into<String>) -> Self {
        Self { name, outcome: CheckOutcome::Skipped, details: vec![why.into()] }
    }

    /// A check that shows nothing.
    pub fn unproved(name: &'static str, why: impl Into<String>) -> Self {
        Self { name, outcome: CheckOutcome::Unproved, details: vec![why.into()] }
    }

    /// A check that found nothing, or one thing that is wrong.
    pub fn of(name: &'static str, wrong: Result<String, String>) -> Self {
        match wrong {
            Ok(detail) => Self { name, outcome: CheckOutcome::Passed, details: vec![detail] },
            Err(wrong) => Self { name, outcome: CheckOutcome::Failed, details: vec![wrong] },
        }
    }
}

/// What a comparison sees while it goes on.
#[derive(Debug, Default)]
pub struct Observation {
    explained: Vec<String>,
    doubtful: Vec<String>,
    wrong: Vec<String>,
}

impl Observation {
    /// A difference, or a fact, that is as it should be.
    pub fn explain(&mut self, explanation: impl fmt::Display) {
        self.explained.push(explanation.to_string());
    }

    /// A difference that nothing explains.
    pub fn fail(&mut self, wrong: impl fmt::Display) {
        self.wrong.push(wrong.to_string());
    }

    /// What is alike and proves nothing: both sides fail.
    pub fn doubt(&mut self, why: impl fmt::Display) {
        self.doubtful.push(why.to_string());
    }

    /// A difference without an explanation, or one with.
    pub(super) fn judge(&mut self, explanation: Option<Explanation>, what: &ImageDifference) {
        match explanation {
            Some(why) => self.explain(format!("{what}: {why}")),
            None => self.fail(what),
        }
    }

    /// Whether nothing was seen.
    pub(super) fn is_empty(&self) -> bool {
        self.wrong.is_empty() && self.doubtful.is_empty() && self.explained.is_empty()
    }

    /// The check; what is wrong stands first, then what proves nothing.
    pub fn check(self, name: &'static str) -> Check {
        let outcome = match () {
            () if !self.wrong.is_empty() => CheckOutcome::Failed,
            () if !self.doubtful.is_empty() => CheckOutcome::Unproved,
            () => CheckOutcome::Passed,
        };
        let mut details = Vec::new();
        for mut lines in [self.wrong, self.doubtful, self.explained] {
            let more = lines.len().saturating_sub(TOLD);
            lines.truncate(TOLD);
            details.extend(lines);
            if more > 0 {
                details.push(format!("{more} more"));
            }
        }
        Check { name, outcome, details }
    }
}
