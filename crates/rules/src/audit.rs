//! The whole product as one pure function: [`Report`] is everything a command may say, already masked.

mod baseline;
mod deployed;
mod embedded;
#[cfg(test)]
mod growth;
mod ignores;
mod listing;
mod history_facts;
mod log_facts;
mod masking;
mod importance;
mod image_facts;
mod image_findings;
mod offer;
mod overview;
mod past;
mod replacement;
mod report;
mod run_facts;
mod run;
mod shared_steps;
mod stopped;
mod context_problems;
mod verdict;
mod external;
mod workflows;
mod workloads;

pub use self::baseline::{baseline_findings, leave_out};
pub use self::deployed::keep_deployed;
pub use self::embedded::write as write_embedded;
pub use self::ignores::{AddedIgnores, add_ignore, add_ignores};
pub use self::importance::{Importance, is_urgent, page_order, sort_for_page};
pub use self::listing::{ContextListing, CopyTake};
pub use self::masking::project_mask;
pub use self::offer::{Offer, offer};
pub use self::replacement::{
    MigrationReason, Replaceability, ServiceReplacement, has_database_backup, replacement_selectors,
    service_replacements,
};
pub use self::report::{
    BaselineEffect, BuildPast, BuildReport, BuildStep, CommitReruns, ContextListingEntry, ContextReport, Notice,
    PastStep, ProblemReport, Report, Rerun, SkippedInput, StageReport, Threshold, UselessPart,
};
pub use self::run::{FindMore, InputAudit, ReadContexts, check, fix, input_problem};
pub use self::workloads::has_workload_finding;
