//! What the levels of a rewrite save over the last commits.

use std::collections::BTreeMap;

use crate::finding::Mask;
use crate::optimize::Level;
use crate::report::cache_history::{StepComparison, TableComparison};
use crate::report::cut;
use crate::report::units::{count, seconds};

/// Steps that are named for a level.
const NAMED: usize = 4;

/// Columns of a step in a sentence.
const STEP: usize = 50;

/// The commits that were looked at, and what each level changes for them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RewriteHistory {
    /// The last commits, by first parents.
    pub commits: usize,
    /// Those after the first that build.
    pub builds: usize,
    /// Each level that changed something, compared with the one below it.
    pub levels: BTreeMap<Level, TableComparison>,
}

impl RewriteHistory {
    /// Whether a log has the times of the steps.
    pub fn has_seconds(&self) -> bool {
        self.levels.values().any(|compared| compared.saved_seconds.is_some())
    }

    /// What a level saves, a sentence for each step that reruns less or more often.
    pub(super) fn sentences(&self, level: Level, mask: &Mask) -> Vec<String> {
        let Some(compared) = self.levels.get(&level) else { return Vec::new() };
        let mut sentences: Vec<String> = compared.steps.iter().take(NAMED).map(|step| sentence(step, mask)).collect();
        let more = compared.steps.len().saturating_sub(NAMED);
        if more > 0 {
            sentences.push(format!("{} rerun more or less often", count(more as u64, "other step")));
        }
        let commits = count(compared.builds as u64, "commit");
        // What the log rounds away is no saving.
        if let Some(saved) = compared.saved_seconds.filter(|saved| saved.abs() >= 0.1) {
            let verb = if saved < 0.0 { "costs" } else { "saves" };
            let about = compared.precision.as_str();
            sentences.push(format!("{verb} {about}{} in {commits}, by the log", seconds(saved.abs())));
        }
        sentences
    }

    /// Which commits the sentences are about.
    pub(super) fn scope(&self) -> String {
        let what = if self.levels.values().all(|compared| compared.steps.is_empty()) {
            "no step would have run more or less often in the last"
        } else {
            "computed for the last"
        };
        format!(
            "git history: {what} {} that build, each with the Dockerfile as it is now and at each level, on one builder \
             that keeps its cache",
            count(self.builds as u64, "commit"),
        )
    }
}

fn sentence(step: &StepComparison, mask: &Mask) -> String {
    let StepComparison { builds, before, after, .. } = step;
    format!(
        "`{}` reran in {before} of {}, would have been {after}",
        cut(&step_text(step, mask), STEP),
        count(*builds as u64, "commit")
    )
}

/// The instruction of a step, without its number, which is another on each level.
pub(super) fn step_text(step: &StepComparison, mask: &Mask) -> String {
    let text = step.name.split_once("] ").map_or(step.name.as_str(), |(_, text)| text);
    mask.apply(text)
}
