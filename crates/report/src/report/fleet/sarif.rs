//! The findings of one item in SARIF, with paths below its folder: each repository gets the log of its own files.

use crate::fleet::{FleetItem, ItemFacts};
use crate::report::format::{PathBase, comparison_sarif};
use crate::results::{Comparison, ProjectState};
use crate::text::path;

/// The findings of an item as a SARIF log.
pub fn fleet_sarif(item: &FleetItem, facts: &ItemFacts) -> String {
    let prefix = path::normalize(item.name());
    let mut findings = facts.findings().to_vec();
    for finding in &mut findings {
        let file = path::normalize(&finding.file);
        if let Some(below) = path::relative(&file, &prefix) {
            below.clone_into(&mut finding.file);
        }
    }
    let state = ProjectState { findings, ..ProjectState::default() };
    let comparison = Comparison { state, notices: facts.problems().to_vec(), ..Comparison::default() };
    comparison_sarif(&comparison, 0, &PathBase::new("", ""))
}
