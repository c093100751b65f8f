//! What an engine records of containers: its events, and what `docker inspect` shows.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::buildlog::timestamp;
use crate::stack::CheckTiming;

/// The label of Compose that names the service of a container.
const SERVICE: &str = "com.docker.compose.service";

/// The label of Compose with the number of a container of a service.
const NUMBER: &str = "com.docker.compose.container-number";

/// Something that happened to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerEvent {
    /// ID of the container.
    pub container: String,
    /// What happened.
    pub kind: EventKind,
    /// When: nanoseconds since 1970, by the engine's clock.
    pub at: i64,
}

/// What happens to containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It was created.
    Created,
    /// Its process was started.
    Started,
    /// Its check says that it is healthy.
    Healthy,
    /// Its check says that it is not.
    Unhealthy,
    /// Its process ended with this code.
    Ended(i64),
}

/// How a container is, as `docker inspect` shows it.
#[derive(Clone, Debug, Default)]
pub struct ContainerRecord {
    /// Its ID.
    pub id: String,
    /// Its service.
    pub service: String,
    /// Which of the containers of its service it is, from 1.
    pub number: u32,
    /// Whether it runs.
    pub is_running: bool,
    /// Its first process, by its number on the engine's machine; 0 where it does not run.
    pub process: i32,
    /// When it was started last, in nanoseconds since 1970; `None` where it never was.
    pub started_at: Option<i64>,
    /// What its process ended with; `None` while it runs, or where it was never started.
    pub exit_code: Option<i64>,
    /// Why it could not be started; empty where it could.
    pub error: String,
    /// Whether it was ended for want of memory.
    pub is_out_of_memory: bool,
    /// How often the engine restarted it.
    pub restarts: u64,
    /// `starting`, `healthy`, `unhealthy`; `None` without a check.
    pub health: Option<String>,
    /// The last runs of its check, at most five, the last one last.
    pub probes: Vec<ProbeRun>,
    /// How its check is timed; `None` without a check.
    pub check: Option<CheckTiming>,
    /// Whether it has a terminal.
    pub has_terminal: bool,
    /// The last lines that it printed.
    pub log: Vec<String>,
}

/// A run of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeRun {
    /// When it began, in nanoseconds since 1970.
    pub began: Option<i64>,
    /// What its program ended with; -1 where it was stopped at its time limit.
    pub exit_code: i64,
    /// What it printed.
    pub output: String,
}

#[derive(Deserialize)]
struct EventJson {
    #[serde(rename = "Type")]
    object: String,
    #[serde(rename = "Action")]
    action: String,
    #[serde(rename = "Actor")]
    actor: ActorJson,
    #[serde(rename = "timeNano")]
    time: i64,
}

#[derive(Deserialize)]
struct ActorJson {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "Attributes", default)]
    attributes: BTreeMap<String, String>,
}

/// Reads a line of an engine's events; `None` of what does not matter here.
pub fn read_event(line: &str) -> Option<ContainerEvent> {
    let event: EventJson = serde_json::from_str(line).ok()?;
    if event.object != "container" {
        return None;
    }
    let kind = match event.action.as_str() {
        "create" => EventKind::Created,
        "start" => EventKind::Started,
        "health_status: healthy" => EventKind::Healthy,
        "health_status: unhealthy" => EventKind::Unhealthy,
        "die" => EventKind::Ended(event.actor.attributes.get("exitCode")?.parse().ok()?),
        _ => return None,
    };
    Some(ContainerEvent { container: event.actor.id, kind, at: event.time })
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ContainerJson {
    id: String,
    restart_count: u64,
    state: StateJson,
    config: ConfigJson,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct StateJson {
    status: String,
    running: bool,
    exit_code: i64,
    error: String,
    #[serde(rename = "OOMKilled")]
    out_of_memory: bool,
    pid: i32,
    started_at: String,
    health: Option<HealthJson>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct HealthJson {
    status: String,
    log: Option<Vec<ProbeJson>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ProbeJson {
    start: String,
    exit_code: i64,
    output: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ConfigJson {
    labels: Option<BTreeMap<String, String>>,
    healthcheck: Option<CheckJson>,
    tty: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct CheckJson {
    test: Option<Vec<String>>,
    interval: i64,
    timeout: i64,
    start_period: i64,
    start_interval: i64,
    retries: i64,
}

/// Reads what `docker inspect` shows of a container.
///
/// # Errors
/// When it is no container.
pub fn read_container(text: &str) -> Result<ContainerRecord, serde_json::Error> {
    let ContainerJson { id, restart_count, state, config } = serde_json::from_str(text)?;
    let labels = config.labels.unwrap_or_default();
    let has_ended = ["exited", "dead"].contains(&state.status.as_str());
    let health = state.health.filter(|health| health.status != "none" && !health.status.is_empty());
    let (health, probes) = health.map_or((None, None), |health| (Some(health.status), health.log));
    let nanoseconds = |text: &str| timestamp(text).and_then(|at| i64::try_from(at.as_nanosecond()).ok());
    let probe = |probe: ProbeJson| ProbeRun {
        began: nanoseconds(&probe.start),
        exit_code: probe.exit_code,
        output: probe.output,
    };
    Ok(ContainerRecord {
        id,
        service: labels.get(SERVICE).cloned().unwrap_or_default(),
        number: labels.get(NUMBER).and_then(|number| number.parse().ok()).unwrap_or(1),
        is_running: state.running,
        process: state.pid,
        // A container that was never started has the first day of the calendar.
        started_at: nanoseconds(&state.started_at).filter(|at| *at > 0),
        exit_code: has_ended.then_some(state.exit_code),
        error: state.error,
        is_out_of_memory: state.out_of_memory,
        restarts: restart_count,
        health,
        probes: probes.unwrap_or_default().into_iter().map(probe).collect(),
        check: config.healthcheck.and_then(|check| check_timing(&check)),
        has_terminal: config.tty,
        log: Vec::new(),
    })
}

/// How a check is timed; `None` where it is off. What is zero is the engine's own.
fn check_timing(check: &CheckJson) -> Option<CheckTiming> {
    let test = check.test.as_ref().filter(|test| !test.is_empty() && test[0] != "NONE");
    test?;
    let default = CheckTiming::default();
    #[allow(clippy::cast_precision_loss, reason = "seconds that people write")]
    let seconds = |nanoseconds: i64, otherwise: f64| {
        if nanoseconds > 0 { nanoseconds as f64 / 1e9 } else { otherwise }
    };
    #[allow(clippy::cast_precision_loss, reason = "tries that people write")]
    let retries = if check.retries > 0 { check.retries as f64 } else { default.retries };
    Some(CheckTiming {
        interval: seconds(check.interval, default.interval),
        timeout: seconds(check.timeout, default.timeout),
        retries,
        start_period: seconds(check.start_period, default.start_period),
        start_interval: seconds(check.start_interval, default.start_interval),
    })
}
