//! Deployments of the services that are on record.

use std::path::{Path, PathBuf};

use crate::cli::args::DeployPlan;
use crate::cli::deploy::project::ReplaceableProject;
use crate::cli::output::CommandFailure;
use crate::cli::terminal;
use crate::load::{LoadError, read_source};
use crate::release::{DeploymentRecord, DeploymentRecords, EarlierDeployment, ServiceGroup};

/// Bytes of a record.
const LIMIT: u64 = 64 << 20;

/// The newest deployments that are compared with.
const MOST: usize = 20;

/// The deployments of a group on record, the oldest first.
pub(super) fn earlier_deployments(
    command: &DeployPlan,
    known: &ReplaceableProject,
    group: &ServiceGroup,
) -> Result<Vec<EarlierDeployment>, CommandFailure> {
    let usual = || Path::new(&known.project.folder).join(&command.folder).join("record.jsonl");
    let file: PathBuf = command.record.clone().unwrap_or_else(usual);
    let source = match read_source(&file, LIMIT) {
        Ok(source) => source,
        Err(LoadError::Missing(_)) if command.record.is_none() => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let records = DeploymentRecords::read(source.text());
    for (line, what) in &records.problems {
        terminal::note(&format!("warning: {}:{line}: {what}", file.display()));
    }
    let first = group.services.first().map(|service| service.name.as_str()).unwrap_or_default();
    let all: Vec<&DeploymentRecord> = records.records.iter().filter(|record| record.service == first).collect();
    let newest = all.len().saturating_sub(MOST);
    Ok(all[newest..].iter().map(|record| earlier(record)).collect())
}

fn earlier(record: &DeploymentRecord) -> EarlierDeployment {
    let last = record.watched.last();
    #[allow(clippy::cast_precision_loss, reason = "milliseconds of an answer")]
    EarlierDeployment {
        time: record.time.clone(),
        is_rollback: record.command.as_deref() == Some("rollback"),
        strategy: record.strategy.clone(),
        exit: i64::from(record.exit),
        seconds: record.seconds,
        phases: record.steps.iter().copied().collect(),
        milliseconds: last.map(|share| share.milliseconds as f64),
        requests: last.map(|share| (share.requests, share.errors)),
    }
}
