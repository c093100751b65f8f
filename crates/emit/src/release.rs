//! What is known about deployments with the emitted script: the record that it writes, and the report after one. Reads and
//! writes nothing.

mod changes;
mod checklist;
mod command;
mod estimate;
mod facts;
mod plan;
mod questions;
mod record;
mod risk;
mod rollback;
mod services;
mod steps;
mod summary;
#[cfg(test)]
mod tests;
mod watch;

pub use self::facts::{
    CheckFacts, CommitFacts, DeploymentFacts, DeploymentTool, DifferenceFacts, EarlierDeployment, FACTS_SCHEMA,
    ImageFacts, MigrationEffect, MigrationFacts, NewMigration, PlanAnswers, PullFacts, ScriptFacts, ServiceFacts,
    SettingChange, VariableFacts,
};
pub use self::plan::{
    CheckState, OpenQuestion, PLAN_SCHEMA, PlanCheck, PlanFact, PlanRisk, PlanRollback, PlanSeconds, PlanStep,
    ReleasePlan, RiskLevel, RiskReason, RollbackTrigger,
};
pub use self::record::{DeploymentPhase, DeploymentRecord, DeploymentRecords, RecordLimits, WatchedShare};
pub use self::services::{ServiceGroup, service_groups};
