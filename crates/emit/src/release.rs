//! What is known about deployments with the emitted script: the record that it writes, and the report after one. Reads and
//! writes nothing.

mod bounds;
mod changes;
mod checklist;
mod command;
mod draft;
mod estimate;
mod facts;
mod handover;
mod plan;
mod questions;
mod record;
mod report;
mod risk;
mod rollback;
mod services;
mod steps;
mod summary;
#[cfg(test)]
mod report_tests;
#[cfg(test)]
mod tests;
mod trend;
mod watch;

pub use self::bounds::{PhaseBounds, PlanBounds, PlanVerdict, SecondsBounds, read_plan_bounds};
pub use self::facts::{
    CheckFacts, CommitFacts, DeploymentFacts, DeploymentTool, DifferenceFacts, EarlierDeployment, FACTS_SCHEMA,
    ImageFacts, MigrationEffect, MigrationFacts, NewMigration, PlanAnswers, PullFacts, ScriptFacts, ServiceFacts,
    SettingChange, VariableFacts,
};
pub use self::handover::{HandedService, ServiceBaseline};
pub use self::plan::{
    CheckState, OpenQuestion, PLAN_SCHEMA, PlanCheck, PlanFact, PlanRisk, PlanRollback, PlanSeconds, PlanStep,
    ReleasePlan, RiskLevel, RiskReason, RollbackTrigger,
};
pub use self::record::{DeploymentPhase, DeploymentRecord, DeploymentRecords, RecordLimits, WatchedShare};
pub use self::report::{DeploymentReport, PhaseTime, ReportInput, ThresholdCheck};
pub use self::services::{ServiceGroup, service_facts, service_groups};
pub use self::trend::{DeploymentOutcome, DeploymentRecovery, DeploymentTrend};
