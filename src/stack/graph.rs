//! In which order services start, and how long it takes at most until all are ready.

use std::collections::BTreeMap;

use super::{COMPLETED, HEALTHY, ServiceCheck, Stack, StackService};
use crate::build::Build;
use crate::compose::project::{ComposeValue, duration_nanoseconds};
use crate::dockerfile::Keyword;

/// Settings of a check as the engine takes them where none are written (moby, `daemon/health.go`): seconds, and tries.
const DEFAULT: CheckTiming =
    CheckTiming { interval: 30.0, timeout: 30.0, retries: 3.0, start_period: 0.0, start_interval: 5.0 };

/// The services by their start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StartGraph {
    /// In the order of their levels and names.
    pub services: Vec<StartedService>,
    /// The services that the last one to be ready waited for, the first one first.
    pub critical_path: Vec<String>,
    /// Seconds until all that is waited for is ready, at most; `None` where a service ends by itself on the way.
    pub seconds: Option<f64>,
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
    /// Whether it is asked whether it is ready.
    pub is_checked: bool,
    /// Seconds from its start until its check has succeeded, at most: else it is unhealthy. `None` without a check.
    pub check_seconds: Option<f64>,
    /// Seconds until it is started, at most; `None` where it waits for one that ends by itself.
    pub start_seconds: Option<f64>,
}

/// How a check is timed: seconds, and tries.
#[derive(Clone, Copy, Debug)]
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

impl CheckTiming {
    /// That of a service: what its compose file does not set is that of its Dockerfile's HEALTHCHECK, else the engine's.
    pub fn of(service: &StackService) -> Self {
        let written = |key: &str| service.value.get("healthcheck")?.get(key).map(ComposeValue::display);
        let setting = |key: &str| written(key).or_else(|| image_setting(service, key));
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

    /// When the engine gives up: failures count behind the start period, and as many as `retries` make it unhealthy.
    fn longest(self) -> f64 {
        self.start_period + self.retries * (self.interval + self.timeout)
    }
}

/// A setting of the HEALTHCHECK in the Dockerfile that a service is built from.
fn image_setting(service: &StackService, key: &str) -> Option<String> {
    let input = service.image.as_ref()?;
    let build = Build::new(input);
    let (_, instruction) = build.last(build.target()?, Keyword::Healthcheck)?;
    let name = key.replace('_', "-");
    let mut flags = instruction.flags.iter();
    let flag = flags.find(|flag| input.file.flag_name(flag).eq_ignore_ascii_case(&name))?;
    input.file.flag_value(flag).map(str::to_owned)
}

/// What is known of a service while the order is worked out.
#[derive(Clone, Copy, Default)]
struct ServiceStart<'s> {
    level: usize,
    seconds: Option<f64>,
    /// The service that it waited for longest.
    last: Option<&'s str>,
}

impl StartGraph {
    /// The order in which the services of a stack start. Dependencies that form a circle, which Compose refuses, are left
    /// out where they close it.
    pub fn of(stack: &Stack) -> Self {
        let mut starts: BTreeMap<&str, ServiceStart> = BTreeMap::new();
        // Each round settles the services whose dependencies are settled.
        while starts.len() < stack.services.len() {
            let is_settled = |service: &&StackService| {
                let known = |name: &str| starts.contains_key(name) || stack.service(name).is_none();
                !starts.contains_key(service.name) && service.dependencies.iter().all(|other| known(other.name))
            };
            let mut ready: Vec<&StackService> = stack.services.iter().filter(is_settled).collect();
            if ready.is_empty() {
                ready.extend(stack.services.iter().find(|service| !starts.contains_key(service.name)));
            }
            let settled: Vec<_> = ready.iter().map(|service| (service.name, start(stack, service, &starts))).collect();
            starts.extend(settled);
        }
        let mut services: Vec<StartedService> =
            stack.services.iter().map(|service| started(service, &starts)).collect();
        services.sort_by(|a, b| (a.level, &a.name).cmp(&(b.level, &b.name)));
        let is_known = services.iter().all(|service| service.start_seconds.is_some());
        let done =
            |service: &StartedService| service.start_seconds.unwrap_or(0.0) + service.check_seconds.unwrap_or(0.0);
        let last = services
            .iter()
            .max_by(|a, b| done(a).total_cmp(&done(b)).then(a.level.cmp(&b.level)).then(b.name.cmp(&a.name)));
        let seconds = if is_known { last.map(done) } else { None };
        let critical_path = last.map(|last| path(&last.name, &starts)).unwrap_or_default();
        Self { services, critical_path, seconds }
    }
}

fn start<'s>(
    stack: &'s Stack,
    service: &'s StackService,
    starts: &BTreeMap<&str, ServiceStart<'s>>,
) -> ServiceStart<'s> {
    let mut start = ServiceStart { seconds: Some(0.0), ..ServiceStart::default() };
    for dependency in &service.dependencies {
        let (Some(known), Some(target)) = (starts.get(dependency.name), stack.service(dependency.name)) else {
            continue;
        };
        start.level = start.level.max(known.level + 1);
        let ready = match dependency.condition {
            HEALTHY => known.seconds.map(|seconds| seconds + check_seconds(target).unwrap_or(0.0)),
            COMPLETED => None,
            _ => known.seconds,
        };
        if ready.is_none() || ready > start.seconds {
            start.last = Some(dependency.name);
        }
        start.seconds = start.seconds.zip(ready).map(|(known, ready)| known.max(ready));
    }
    start
}

fn started(service: &StackService, starts: &BTreeMap<&str, ServiceStart>) -> StartedService {
    let start = starts.get(service.name).copied().unwrap_or_default();
    let waits_for = service.dependencies.iter().map(|known| (known.name.to_owned(), known.condition.to_owned()));
    StartedService {
        name: service.name.to_owned(),
        level: start.level,
        waits_for: waits_for.collect(),
        is_checked: matches!(service.check, ServiceCheck::Written(_) | ServiceCheck::OfImage),
        check_seconds: check_seconds(service),
        start_seconds: start.seconds,
    }
}

fn check_seconds(service: &StackService) -> Option<f64> {
    matches!(service.check, ServiceCheck::Written(_) | ServiceCheck::OfImage)
        .then(|| CheckTiming::of(service).longest())
}

fn path(last: &str, starts: &BTreeMap<&str, ServiceStart>) -> Vec<String> {
    let next = |name: &&str| starts.get(*name).and_then(|start| start.last);
    let mut names: Vec<String> =
        std::iter::successors(Some(last), next).take(starts.len()).map(str::to_owned).collect();
    names.reverse();
    names
}
