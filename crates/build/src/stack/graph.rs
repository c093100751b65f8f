//! In which order services start, and how long it takes at most until all are ready.

use std::collections::{BTreeMap, BTreeSet};

use super::check::own_check;
use super::{COMPLETED, HEALTHY, STARTED, ServiceCheck, Stack, StackService};
use crate::build::Build;
use crate::compose::project::{ComposeValue, duration_nanoseconds};
use crate::dockerfile::Keyword;
use crate::inputs::BuildInput;

/// Settings of a check as the engine takes them where none are written (moby, `daemon/health.go`): seconds, and tries.
const DEFAULT: CheckTiming =
    CheckTiming { interval: 30.0, timeout: 30.0, retries: 3.0, start_period: 0.0, start_interval: 5.0 };

/// The services by their start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StartGraph {
    /// In the order of their levels and names.
    pub services: Vec<StartedService>,
    /// Services that are not started, with the profiles that would start them.
    pub inactive: Vec<(String, Vec<String>)>,
    /// What the last service to be ready waits for, where the time of all that is known.
    pub timed_path: Option<StartPath>,
    /// The longest way past services that take a time which is not known.
    pub open_path: Option<StartPath>,
}

/// What must have happened until a service is ready.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StartPath {
    /// Seconds of all checks on the way whose time is known, at most.
    pub seconds: f64,
    /// The services whose time is not known: they do their work and end, or nothing is known of their check.
    pub open: BTreeSet<String>,
    /// The services on the way, the first one first.
    pub services: Vec<String>,
}

/// A service in the order of the start.
#[derive(Clone, Debug, PartialEq)]
pub struct StartedService {
    /// Its name.
    pub name: String,
    /// How many services start before it, one behind the other.
    pub level: usize,
    /// What it waits for: names and conditions.
    pub waits_for: Vec<(String, String)>,
    /// Whether, and for how long, it is asked whether it is ready.
    pub check: CheckTime,
    /// Whether it does its work and ends.
    pub is_job: bool,
    /// Seconds until it is started, at most; `None` where it waits for one whose time is not known.
    pub start_seconds: Option<f64>,
}

/// Whether, and for how long, a service is asked whether it is ready.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CheckTime {
    /// It is not.
    Missing,
    /// Until it is healthy or unhealthy: seconds from its start, at most.
    AtMost(f64),
    /// Its image has a check, with times that are not known.
    Untimed,
    /// Nothing is known of its image.
    Unknown,
}

/// How a check is timed: seconds, and tries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CheckTiming {
    /// Between two checks.
    pub interval: f64,
    /// That a check may take.
    pub timeout: f64,
    /// Failures until it is unhealthy.
    pub retries: f64,
    /// In which failures do not count.
    pub start_period: f64,
    /// Between two checks in the start period (Docker 25 and later).
    pub start_interval: f64,
}

impl Default for CheckTiming {
    fn default() -> Self {
        DEFAULT
    }
}

impl CheckTiming {
    /// That of a service: what its compose file does not set is that of its Dockerfile's HEALTHCHECK, else the engine's.
    pub fn of(service: &StackService) -> Self {
        Self::read(service.value.get("healthcheck"), service.image.as_ref())
    }

    /// That of the HEALTHCHECK in a Dockerfile: what it does not set is the engine's.
    pub fn of_image(image: &BuildInput) -> Self {
        Self::read(None, Some(image))
    }

    fn read(check: Option<&ComposeValue>, image: Option<&BuildInput>) -> Self {
        let written = |key: &str| check?.get(key).map(ComposeValue::display);
        let setting = |key: &str| written(key).or_else(|| image_setting(image?, key));
        let seconds = |key: &str| {
            let nanoseconds = duration_nanoseconds(&setting(key)?)?;
            #[allow(clippy::cast_precision_loss, reason = "seconds that people write")]
            Some(nanoseconds as f64 / 1e9).filter(|seconds| *seconds > 0.0)
        };
        let retries = setting("retries").and_then(|text| text.parse().ok());
        Self {
            interval: seconds("interval").unwrap_or(DEFAULT.interval),
            timeout: seconds("timeout").unwrap_or(DEFAULT.timeout),
            retries: retries.filter(|retries| *retries >= 1.0).unwrap_or(DEFAULT.retries),
            start_period: seconds("start_period").unwrap_or(DEFAULT.start_period),
            start_interval: seconds("start_interval").unwrap_or(DEFAULT.start_interval),
        }
    }

    /// When the engine gives up at the earliest, in seconds: where each check fails at once.
    pub fn shortest(self) -> f64 {
        self.start_period + self.retries * self.interval
    }

    /// Seconds until a server that no longer answers is noticed, at most: each check runs until its time limit.
    pub fn notice(self) -> f64 {
        self.retries * (self.interval + self.timeout)
    }

    /// When the engine gives up at the latest: failures count behind the start period, and as many as `retries` make it unhealthy.
    fn longest(self) -> f64 {
        self.start_period + self.retries * (self.interval + self.timeout)
    }
}

/// A setting of the HEALTHCHECK in a Dockerfile.
fn image_setting(input: &BuildInput, key: &str) -> Option<String> {
    let build = Build::new(input);
    let (_, instruction) = build.last(build.target()?, Keyword::Healthcheck)?;
    let name = key.replace('_', "-");
    let mut flags = instruction.flags.iter();
    let flag = flags.find(|flag| input.file.flag_name(flag).eq_ignore_ascii_case(&name))?;
    input.file.flag_value(flag).map(str::to_owned)
}

/// What is known of a service while the order is worked out.
#[derive(Clone, Debug, Default)]
struct ServiceStart {
    level: usize,
    /// The longest way on which all times are known.
    timed: Option<StartPath>,
    /// The longest one on which some are not.
    open: Option<StartPath>,
}

impl StartGraph {
    /// The order in which the services of a stack start, but for those that are not active. Dependencies that form a
    /// circle, which Compose refuses, are left out where they close it.
    pub fn of(stack: &Stack, inactive: &BTreeSet<String>) -> Self {
        let active: Vec<&StackService> =
            stack.services.iter().filter(|service| !inactive.contains(service.name)).collect();
        let is_active = |name: &str| stack.service(name).is_some() && !inactive.contains(name);
        let mut starts: BTreeMap<&str, ServiceStart> = BTreeMap::new();
        // Each round settles the services whose dependencies are settled.
        while starts.len() < active.len() {
            let is_settled = |service: &&&StackService| {
                let known = |name: &str| starts.contains_key(name) || !is_active(name);
                !starts.contains_key(service.name) && service.dependencies.iter().all(|other| known(other.name))
            };
            let mut ready: Vec<&StackService> = active.iter().filter(is_settled).copied().collect();
            if ready.is_empty() {
                ready.extend(active.iter().find(|service| !starts.contains_key(service.name)));
            }
            let settled: Vec<_> = ready.iter().map(|service| (service.name, start(stack, service, &starts))).collect();
            starts.extend(settled);
        }
        let mut graph = Self::default();
        for service in active {
            let start = starts.get(service.name).cloned().unwrap_or_default();
            let check = CheckTime::of(service);
            for end in start.ready(service.name, HEALTHY, check) {
                let slot = if end.open.is_empty() { &mut graph.timed_path } else { &mut graph.open_path };
                keep_longer(slot, end);
            }
            let waits_for = service.dependencies.iter().filter(|known| is_active(known.name));
            let waits_for = waits_for.map(|known| (known.name.to_owned(), known.condition.to_owned()));
            graph.services.push(StartedService {
                name: service.name.to_owned(),
                level: start.level,
                waits_for: waits_for.collect(),
                check,
                is_job: service.is_job,
                start_seconds: match (start.timed, start.open) {
                    (Some(path), None) => Some(path.seconds),
                    _ => None,
                },
            });
        }
        graph.services.sort_by(|a, b| (a.level, &a.name).cmp(&(b.level, &b.name)));
        let off = stack.services.iter().filter(|service| inactive.contains(service.name));
        graph.inactive = off
            .map(|service| (service.name.to_owned(), service.profiles().into_iter().map(str::to_owned).collect()))
            .collect();
        graph
    }

    /// The way that decides when all are ready; one with an unknown time where that may be the longest.
    pub fn critical_path(&self) -> Option<&StartPath> {
        self.open_path.as_ref().or(self.timed_path.as_ref())
    }

    /// Seconds until all are ready, at most; `None` where that depends on an unknown time.
    pub fn seconds(&self) -> Option<f64> {
        if self.open_path.is_some() { None } else { self.timed_path.as_ref().map(|path| path.seconds) }
    }
}

impl CheckTime {
    fn of(service: &StackService) -> Self {
        match service.check {
            ServiceCheck::Missing | ServiceCheck::Off(_) => Self::Missing,
            // Of an image of others the times are not known.
            ServiceCheck::OfImage if !has_healthcheck(service) => Self::Untimed,
            ServiceCheck::Written(_) | ServiceCheck::OfImage => Self::AtMost(CheckTiming::of(service).longest()),
            ServiceCheck::Unknown => Self::Unknown,
        }
    }
}

/// Whether a service is built from a Dockerfile with a HEALTHCHECK.
fn has_healthcheck(service: &StackService) -> bool {
    service.image.as_ref().and_then(own_check).is_some()
}

/// Keeps the longer one of two ways, and all services of both whose time is not known.
fn keep_longer(slot: &mut Option<StartPath>, path: StartPath) {
    let Some(known) = slot else {
        *slot = Some(path);
        return;
    };
    let open: BTreeSet<String> = known.open.union(&path.open).cloned().collect();
    let order = |path: &StartPath| (path.open.len(), path.services.len());
    let by_time = path.seconds.total_cmp(&known.seconds);
    let is_longer = if open.is_empty() {
        by_time.then(order(&path).cmp(&order(known)))
    } else {
        order(&path).cmp(&order(known)).then(by_time)
    };
    let seconds = path.seconds.max(known.seconds);
    if is_longer.is_gt() {
        *known = path;
    }
    known.seconds = seconds;
    known.open = open;
}

impl ServiceStart {
    /// The ways until a service, which starts so, has come as far as a condition says.
    fn ready(&self, name: &str, condition: &str, check: CheckTime) -> Vec<StartPath> {
        let paths = [&self.timed, &self.open].into_iter().flatten();
        let to_end = paths.map(|path| {
            let mut path = path.clone();
            // What is only started, and waited for nothing, takes no time.
            if condition != STARTED || !path.services.is_empty() {
                path.services.push(name.to_owned());
            }
            match (condition, check) {
                (HEALTHY, CheckTime::AtMost(seconds)) => path.seconds += seconds,
                (COMPLETED, _) | (HEALTHY, CheckTime::Untimed) => {
                    path.open.insert(name.to_owned());
                }
                _ => {}
            }
            path
        });
        to_end.collect()
    }
}

fn start(stack: &Stack, service: &StackService, starts: &BTreeMap<&str, ServiceStart>) -> ServiceStart {
    let mut start = ServiceStart::default();
    for dependency in &service.dependencies {
        let (Some(known), Some(target)) = (starts.get(dependency.name), stack.service(dependency.name)) else {
            continue;
        };
        start.level = start.level.max(known.level + 1);
        // Who waits for a check knows that there is one.
        let check = match CheckTime::of(target) {
            CheckTime::Unknown if dependency.condition == HEALTHY => CheckTime::Untimed,
            check => check,
        };
        for path in known.ready(target.name, dependency.condition, check) {
            let slot = if path.open.is_empty() { &mut start.timed } else { &mut start.open };
            keep_longer(slot, path);
        }
    }
    if start.level == 0 {
        start.timed = Some(StartPath::default());
    }
    start
}
