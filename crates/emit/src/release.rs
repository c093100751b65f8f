//! What is known about deployments with the emitted script: the record that it writes, and the report after one. Reads and
//! writes nothing.

mod bounds;
mod handover;
mod record;
mod report;
#[cfg(test)]
mod tests;
mod trend;

pub use self::bounds::{PlanVerdict, SecondsBounds, read_plan_bounds};
pub use self::handover::{HandedService, ServiceBaseline, ServiceFacts, service_facts};
pub use self::record::{DeploymentPhase, DeploymentRecord, DeploymentRecords, RecordLimits, WatchedShare};
pub use self::report::{DeploymentReport, OpenQuestion, PhaseTime, ReportInput, ThresholdCheck};
pub use self::trend::{DeploymentOutcome, DeploymentRecovery, DeploymentTrend};
