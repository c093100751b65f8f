//! The plan of a deployment: a pure function of facts. Each number says where it comes from, and a fact that is missing is a
//! question, with what would answer it.

use super::facts::DeploymentFacts;
use super::plan::ReleasePlan;
use super::{changes, checklist, estimate, questions, risk, rollback, steps, summary, watch};

impl ReleasePlan {
    /// Works the plan out.
    pub fn of(facts: &DeploymentFacts) -> Self {
        let risk = risk::risk(facts);
        let steps = steps::steps(facts);
        let rollback = rollback::rollback(facts, &steps);
        let seconds = estimate::total(&steps);
        Self {
            summary: summary::summary(facts, &risk, seconds.as_ref(), &rollback),
            changes: changes::changes(facts),
            checks: checklist::checks(facts),
            questions: questions::questions(facts, &steps),
            watch: watch::watch(facts),
            success: watch::success(facts),
            risk,
            steps,
            rollback,
        }
    }
}
