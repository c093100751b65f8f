//! Many repositories and images: the list of them, the part of it that a shard looks at, and what all results say together.

mod change;
mod facts;
mod item;
mod list;
mod newest;
mod outcome;
mod packages;
mod run;
mod shard;
mod sums;

pub use self::change::{FleetBaseline, FleetChange, ItemChange, REPORT_SCHEMA};
pub use self::facts::{FactsError, ItemFacts, read_facts};
pub use self::item::FleetItem;
pub use self::list::{FleetList, LIST_BYTES, ListProblem, list_text, read_list};
pub use self::newest::newest_tag;
pub use self::outcome::{FailureRecord, OutcomeKind, has_result, is_outcome_file, outcome_file};
pub use self::packages::RepeatedPackage;
pub use self::run::{FleetRun, ItemUse, ProgressLine, RunSummary};
pub use self::shard::{Shard, all_shards, shard_items};
pub use self::sums::{CostlyLine, FleetSums, ItemState, MOST_LINES, RuleSum, SumsBuilder};
