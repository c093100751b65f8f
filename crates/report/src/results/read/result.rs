//! What one result says, and how it is read.

use serde::de::DeserializeOwned;

use crate::results::state::{ProjectState, is_possible};
use crate::wire::{ExcerptJson, GraphJson, ReplacementJson, StartProofJson, VariablesJson};

/// What one result says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadResult {
    /// The state that it compares with, if it compares two.
    pub before: Option<ProjectState>,
    /// The state that it is about.
    pub after: ProjectState,
    /// Rewrites that it proposes.
    pub rewrites: Vec<Rewrite>,
    /// What its readers have to know.
    pub notices: Vec<String>,
    /// What is neither a figure nor a finding.
    pub details: ReportDetails,
}

/// What results say besides figures and findings: it is shown, and compared with nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReportDetails {
    /// Lines that findings are about.
    pub(crate) excerpts: Vec<ExcerptJson>,
    /// In which order services start.
    pub(crate) graphs: Vec<GraphJson>,
    /// How starts of services went.
    pub(crate) starts: Vec<StartProofJson>,
    /// The variables of services.
    pub(crate) variables: Vec<VariablesJson>,
    /// Which services can be replaced.
    pub(crate) replacements: Vec<ReplacementJson>,
}

impl ReportDetails {
    /// Adds those of another result.
    pub fn extend(&mut self, other: Self) {
        self.excerpts.extend(other.excerpts);
        self.graphs.extend(other.graphs);
        self.starts.extend(other.starts);
        self.variables.extend(other.variables);
        self.replacements.extend(other.replacements);
    }
}

/// A rewrite of a Dockerfile that was proposed, and perhaps proved.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rewrite {
    /// The file.
    pub file: String,
    /// What it does, pass by pass.
    pub passes: Vec<String>,
    /// The change as a unified diff.
    pub diff: Option<String>,
    /// What the comparison of the images says: `proved`.
    pub verdict: Option<String>,
}

/// Steps that are kept of each build; more explain nothing to anybody.
pub(super) const MOST_STEPS: usize = 1_000;

/// Says that a build has more steps than are kept.
pub(super) fn surplus(count: usize, most: usize, what: &str, build: &str) -> Option<String> {
    let surplus = count.checked_sub(most).filter(|surplus| *surplus > 0)?;
    Some(format!("{surplus} of the {count} {what} of `{build}` are left out of the report"))
}

/// A document of a kind.
pub(super) fn document<T: DeserializeOwned>(text: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(text)
}

/// A number of bytes, seconds or steps that can be compared; `None` for what no result has.
pub(super) fn amount(value: f64) -> Option<f64> {
    is_possible(value).then_some(value)
}

#[allow(clippy::cast_precision_loss, reason = "figures for people")]
pub(in crate::results) const fn number(value: u64) -> f64 {
    value as f64
}
