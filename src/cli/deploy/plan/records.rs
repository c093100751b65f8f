//! Deployments of the services that are on record.

use std::path::{Path, PathBuf};

use crate::cli::args::DeployPlan;
use crate::cli::deploy::project::ReplaceableProject;
use crate::cli::output::CommandFailure;
use crate::cli::terminal;
use crate::load::{LoadError, read_source};
use crate::release::{DeploymentPhase, DeploymentRecord, DeploymentRecords, EarlierDeployment, ServiceGroup};
use crate::text::json_reason;

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
    let first = group.services.first().map(|service| service.name.as_str()).unwrap_or_default();
    let mut earlier = match &command.verified {
        Some(file) => trials(file, first)?,
        None => Vec::new(),
    };
    let usual = || Path::new(&known.project.folder).join(&command.folder).join("record.jsonl");
    let file: PathBuf = command.record.clone().unwrap_or_else(usual);
    let source = match read_source(&file, LIMIT) {
        Ok(source) => source,
        Err(LoadError::Missing(_)) if command.record.is_none() => return Ok(earlier),
        Err(error) => return Err(error.into()),
    };
    let records = DeploymentRecords::read(source.text());
    for (line, what) in &records.problems {
        terminal::note(&format!("warning: {}:{line}: {what}", file.display()));
    }
    let all: Vec<&DeploymentRecord> = records.records.iter().filter(|record| record.service == first).collect();
    let newest = all.len().saturating_sub(MOST);
    earlier.extend(all[newest..].iter().map(|record| earlier_deployment(record)));
    Ok(earlier)
}

/// The deployments of a service in a copy, as `deploy verify` wrote them.
fn trials(file: &Path, service: &str) -> Result<Vec<EarlierDeployment>, CommandFailure> {
    let because = |what: String| CommandFailure::Because {
        what: format!("`{}` is no result of `deploy verify`: {what}", file.display()),
        help: Some("write it with `dockopt deploy verify --format json`".to_owned()),
    };
    let source = read_source(file, LIMIT)?;
    let document: serde_json::Value =
        serde_json::from_str(source.text()).map_err(|error| because(json_reason(&error)))?;
    if document["schema"] != "dockopt.deploy-verify/1" {
        return Err(because("its schema is another".to_owned()));
    }
    let steps = document["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
    let lines: Vec<String> =
        steps.iter().map(|step| &step["record"]).filter(|record| record.is_object()).map(ToString::to_string).collect();
    let records = DeploymentRecords::read(&lines.join("\n")).records;
    let of_copy = |record: &DeploymentRecord| {
        let mut earlier = EarlierDeployment { is_copy: true, ..earlier_deployment(record) };
        // The copy is watched for a shorter time, under a load of its own.
        earlier.phases.remove(&DeploymentPhase::Switch);
        (earlier.milliseconds, earlier.requests) = (None, None);
        earlier
    };
    // The version that never gets healthy fails on purpose.
    let is_good = |record: &&DeploymentRecord| record.service == service && record.exit == 0;
    Ok(records.iter().filter(is_good).map(of_copy).collect())
}

fn earlier_deployment(record: &DeploymentRecord) -> EarlierDeployment {
    // Where no request came, nothing was counted.
    let last = record.watched.last().filter(|share| share.requests > 0);
    #[allow(clippy::cast_precision_loss, reason = "milliseconds of an answer")]
    EarlierDeployment {
        time: record.time.clone(),
        is_copy: false,
        from: record.from.clone(),
        to: record.to.clone(),
        is_rollback: record.is_rollback(),
        strategy: record.strategy.clone(),
        exit: i64::from(record.exit),
        seconds: record.seconds,
        phases: record.steps.iter().copied().collect(),
        milliseconds: last.map(|share| share.milliseconds as f64),
        requests: last.map(|share| (share.requests, share.errors)),
    }
}
