//! Many repositories and images: the list of them, the part of it that a shard looks at, and what all results say together.

mod item;
mod list;
mod newest;
mod outcome;
mod run;
mod shard;

pub use self::item::FleetItem;
pub use self::list::{FleetList, LIST_BYTES, ListProblem, list_text, read_list};
pub use self::newest::newest_tag;
pub use self::outcome::{FailureRecord, OutcomeKind, has_result, is_outcome_file, outcome_file};
pub use self::run::{FleetRun, ItemUse, ProgressLine, RunSummary};
pub use self::shard::{Shard, shard_items};
