//! What a run says of itself: which part of which list it looks at, and what it took.

use serde::{Deserialize, Serialize};

use super::shard::Shard;
use crate::text::json_reason;

/// `run.json`: what the results of a folder are the results of. A folder holds those of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FleetRun {
    /// `dockopt.fleet-run/1`.
    pub schema: String,
    /// The version of dockopt.
    pub dockopt: String,
    /// The digest of the list, sorted and without duplicates.
    pub list: String,
    /// `2/4`.
    pub shard: String,
    /// The date that counts as today.
    #[serde(default)]
    pub today: String,
    /// Options that change results, as they are passed on.
    #[serde(default)]
    pub options: Vec<String>,
}

impl FleetRun {
    /// Its schema.
    pub const SCHEMA: &'static str = "dockopt.fleet-run/1";

    /// The run of a part of a list with this version.
    pub fn new(list: String, shard: Shard, options: Vec<String>) -> Self {
        let (schema, dockopt) = (Self::SCHEMA.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        Self { schema, dockopt, list, shard: shard.to_string(), today: String::new(), options }
    }

    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn read(text: &str) -> Result<Self, String> {
        let run: Self = serde_json::from_str(text).map_err(|error| json_reason(&error))?;
        match run.schema.as_str() {
            Self::SCHEMA => Ok(run),
            schema => Err(format!("its `schema` is `{schema}`, not `{}`", Self::SCHEMA)),
        }
    }

    /// What of another run differs, in words.
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        match () {
            () if self.list != other.list => Some("another list"),
            () if self.shard != other.shard => Some("another shard"),
            () if self.dockopt != other.dockopt => Some("another version of dockopt"),
            () if self.options != other.options => Some("other options"),
            () if self.today != other.today => Some("another day"),
            () => None,
        }
    }

    /// The text of its file.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

/// What an item took: a line of `measurements.jsonl`, which is no result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemUse {
    /// The item.
    pub item: String,
    /// Seconds from start to end.
    pub seconds: f64,
    /// Seconds of processors; `None` where the system does not tell.
    pub cpu_seconds: Option<f64>,
    /// The most memory at a time, in bytes; `None` where the system does not tell.
    pub memory_bytes: Option<u64>,
}

impl ItemUse {
    /// Its line.
    pub fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A line of `--progress json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProgressLine {
    /// Items that have ended, with those of runs before.
    pub done: usize,
    /// Items of the shard.
    pub of: usize,
    /// Items that failed in this run.
    pub failures: usize,
    /// The item that has just ended.
    pub item: String,
    /// Why it has no result.
    pub failure: Option<String>,
    /// Seconds that it took.
    pub seconds: f64,
}

impl ProgressLine {
    /// The line.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// `summary.json`: what a run did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunSummary {
    /// `dockopt.fleet-summary/1`.
    pub schema: String,
    /// `2/4`.
    pub shard: String,
    /// Items of the shard.
    pub items: usize,
    /// Those with a result.
    pub results: usize,
    /// Those that failed.
    pub failures: usize,
    /// Those that were left from a run before.
    pub kept: usize,
    /// Those that were not looked at, as the run was interrupted.
    pub missing: usize,
    /// Seconds that the run took, without runs before.
    pub seconds: f64,
    /// Seconds of processors of all items of this run.
    pub cpu_seconds: f64,
    /// The most memory that an item took, of all runs of the folder.
    pub memory_bytes: Option<u64>,
    /// Items that were looked at at a time.
    pub jobs: usize,
    /// Bytes of layers and configurations that registries sent.
    pub fetched_bytes: u64,
    /// Bytes of layers and configurations that were read from the folder of layers instead.
    pub reused_bytes: u64,
}

impl RunSummary {
    /// Its schema.
    pub const SCHEMA: &'static str = "dockopt.fleet-summary/1";

    /// The text of its file, and of the result.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}
