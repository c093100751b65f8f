//! What is known about deployments with the emitted script: the record that it writes, and the report after one. Reads and
//! writes nothing.

mod record;

pub use self::record::{DeploymentPhase, DeploymentRecord, DeploymentRecords, RecordLimits, WatchedShare};
