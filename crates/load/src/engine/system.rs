//! What an engine says of itself.

use std::time::Duration;

use serde::Deserialize;

use super::api::Engine;
use super::connection::Timeout;
use crate::failure::Failure;

/// For an answer that some engines work out by walking their disk.
const WALK: Duration = Duration::from_secs(20);

/// How an engine keeps its containers apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// `cgroupfs`, `systemd`, `none`.
    pub driver: String,
    /// `1`, `2`.
    pub version: String,
}

/// A record of the build cache.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheRecord {
    /// Its ID.
    pub id: String,
    /// What made it: `[2/5] RUN …`, `cached mount /x from exec … with id "…"`.
    pub description: String,
    /// Bytes of its own.
    pub size: u64,
    /// When it was made, as written (RFC 3339).
    pub created: String,
    /// Whether an image has it too.
    pub shared: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Info {
    cgroup_driver: String,
    cgroup_version: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct DiskUsage {
    build_cache: Option<Vec<Record>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Record {
    #[serde(rename = "ID")]
    id: String,
    description: String,
    size: i64,
    created_at: String,
    shared: bool,
}

impl Engine {
    /// How it keeps its containers apart.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn groups(&self) -> Result<Groups, Failure> {
        let info: Info = self.connection.json(&self.path("/info"), Timeout::Of(WALK))?;
        Ok(Groups { driver: info.cgroup_driver, version: info.cgroup_version })
    }

    /// The records of its own builder's cache.
    ///
    /// # Errors
    /// When the engine fails, or does not answer soon.
    pub fn build_cache(&self) -> Result<Vec<CacheRecord>, Failure> {
        let used: DiskUsage = self.connection.json(&self.path("/system/df?type=build-cache"), Timeout::Of(WALK))?;
        let record = |item: Record| CacheRecord {
            id: item.id,
            description: item.description,
            size: item.size.try_into().unwrap_or_default(),
            created: item.created_at,
            shared: item.shared,
        };
        Ok(used.build_cache.unwrap_or_default().into_iter().map(record).collect())
    }
}
