//! How long the steps of a deployment take: from deployments on record, else from the times that the files name.

use super::facts::{CheckFacts, DeploymentFacts, EarlierDeployment, ServiceFacts};
use super::plan::{PlanSeconds, PlanStep};
use super::record::DeploymentPhase;

/// How far a phase may be from those on record.
struct Spread {
    /// The part of the shortest that it takes at least.
    least: f64,
    /// How many times the longest it takes at most.
    most: f64,
    /// Seconds by which it may be off besides: the script and the engine look once a second.
    look: f64,
    /// The same in words.
    words: &'static str,
}

/// Where few deployments are known.
const WIDE: Spread = Spread { least: 0.7, most: 1.4, look: 1.0, words: "-30 % to +40 %, and up to a second" };

/// Where so many are known that the shortest and the longest do not count.
const NARROW: Spread = Spread { least: 0.8, most: 1.25, look: 0.5, words: "-20 % to +25 %, and up to half a second" };

/// From how many deployments on the shortest and the longest do not count.
const MANY: usize = 4;

impl Spread {
    /// The range in which a phase lies that took so long before.
    fn range(&self, least: f64, most: f64) -> (f64, f64) {
        // Of what is shorter than that a part, so that the range stays one.
        let fewer = (least * 0.2).min(self.look);
        let more = (most * 0.25).min(self.look);
        (tenths(least * self.least - fewer), tenths((most * self.most + more).max(0.1)))
    }
}

/// Seconds that the calls of `HAProxy` take for each share of the requests, at most.
const CALLS: f64 = 5.0;

/// Seconds for which the script watches each share where nobody says otherwise (`--watch`).
pub(super) const WATCH: f64 = 10.0;

/// How long some phases of the script take; `None` where nothing says it.
pub(super) fn phase_seconds(
    facts: &DeploymentFacts,
    phases: &[DeploymentPhase],
    is_rollback: bool,
) -> Option<PlanSeconds> {
    let seconds = recorded(facts, phases, is_rollback);
    match phases {
        // What an earlier migration took says nothing about this one.
        [DeploymentPhase::Migrate] => None,
        [DeploymentPhase::Start] => {
            let seconds = at_least(seconds.unwrap_or_else(|| start_seconds(facts)), first_checks(facts));
            Some(within_limit(seconds, start_limit(facts)))
        }
        [DeploymentPhase::Switch] => {
            let least = switch_seconds(facts);
            Some(seconds.map_or(least.clone(), |seconds| at_least(seconds, least.at_least)))
        }
        [DeploymentPhase::Remove] => seconds.map(|seconds| within_limit(seconds, remove_limit(facts))),
        _ => seconds,
    }
}

/// A time that cannot be shorter than a wait that is fixed.
fn at_least(mut seconds: PlanSeconds, least: f64) -> PlanSeconds {
    seconds.at_least = seconds.at_least.max(tenths(least));
    seconds.at_most = seconds.at_most.map(|most| most.max(seconds.at_least));
    seconds
}

/// The first checks of the services, one behind the other: no container is healthy before.
fn first_checks(facts: &DeploymentFacts) -> f64 {
    facts.services.iter().map(first_check).sum()
}

/// What is known of a time, with the limit behind which the script gives up.
fn within_limit(mut seconds: PlanSeconds, limit: f64) -> PlanSeconds {
    seconds.at_least = seconds.at_least.min(limit);
    seconds.at_most = seconds.at_most.map(|most| most.min(limit));
    seconds.limit = Some(limit);
    seconds
}

/// What deployments of before took for some phases together.
fn recorded(facts: &DeploymentFacts, phases: &[DeploymentPhase], is_rollback: bool) -> Option<PlanSeconds> {
    let is_like = |earlier: &&EarlierDeployment| {
        let has_strategy = !phases.contains(&DeploymentPhase::Switch)
            || earlier.strategy.as_ref().is_none_or(|strategy| *strategy == facts.strategy);
        earlier.exit == 0 && has_strategy && phases.iter().any(|phase| earlier.phases.contains_key(phase))
    };
    let sum = |earlier: &EarlierDeployment| phases.iter().filter_map(|phase| earlier.phases.get(phase)).sum::<f64>();
    let all: Vec<&EarlierDeployment> = facts.earlier.iter().filter(is_like).collect();
    let same: Vec<&EarlierDeployment> =
        all.iter().copied().filter(|earlier| earlier.is_rollback == is_rollback).collect();
    // The image of a rollback is there, and a migration is none: what both do is alike.
    let used = if same.is_empty() { all } else { same };
    let times = without_extremes(used.iter().map(|earlier| sum(earlier)).collect());
    let least = times.iter().copied().reduce(f64::min)?;
    let most = times.iter().copied().reduce(f64::max)?;
    let range = if times.len() == 1 { format!("{most:.1} s") } else { format!("{least:.1} s to {most:.1} s") };
    let (cut, spread) =
        if used.len() >= MANY { (" (without the shortest and the longest)", NARROW) } else { ("", WIDE) };
    let count = used.len();
    let plural = if count == 1 { "" } else { "s" };
    let place = match (used.iter().any(|earlier| earlier.is_copy), used.iter().all(|earlier| earlier.is_copy)) {
        (_, true) => "on a copy",
        (true, _) => "on record and on a copy",
        _ => "on record",
    };
    let (at_least, at_most) = spread.range(least, most);
    Some(PlanSeconds {
        at_least,
        at_most: Some(at_most),
        limit: None,
        basis: format!("{count} deployment{plural} {place} took {range}{cut}, {}", spread.words),
    })
}

/// Of four and more times all but the shortest and the longest: one that a busy host made long says nothing.
fn without_extremes(mut times: Vec<f64>) -> Vec<f64> {
    times.sort_by(f64::total_cmp);
    if times.len() >= MANY { times[1..times.len() - 1].to_vec() } else { times }
}

/// From the start of the new containers until all are healthy: the services one behind the other, the containers of one
/// together.
fn start_seconds(facts: &DeploymentFacts) -> PlanSeconds {
    if facts.services.iter().all(|service| service.ready_seconds.is_some()) && !facts.services.is_empty() {
        let ready: f64 = facts.services.iter().filter_map(|service| service.ready_seconds).sum();
        let (at_least, at_most) = WIDE.range(ready, ready);
        return PlanSeconds {
            at_least,
            at_most: Some(at_most),
            limit: None,
            basis: format!("the containers in service took {ready:.1} s, as the engine says, {}", WIDE.words),
        };
    }
    PlanSeconds {
        at_least: tenths(first_checks(facts)),
        at_most: None,
        limit: None,
        basis: "no container is healthy before its first check; nothing says how long the program takes".to_owned(),
    }
}

/// When the script gives up waiting for new containers.
fn start_limit(facts: &DeploymentFacts) -> f64 {
    let limit: u64 = facts.services.iter().map(|service| service.start_limit).sum();
    #[allow(clippy::cast_precision_loss, reason = "some minutes")]
    let limit = limit as f64;
    limit
}

fn first_check(service: &ServiceFacts) -> f64 {
    service.check.as_ref().map(CheckFacts::first).unwrap_or_default()
}

/// The shares of the requests that the new version gets, one after the other, in percent.
fn shares(facts: &DeploymentFacts) -> Vec<u64> {
    let count = facts.services.first().map_or(1, |service| service.count).clamp(1, 100);
    match facts.strategy.as_str() {
        "canary" => vec![5, 25, 50, 100],
        "blue-green" => vec![100],
        _ => {
            let step = 100 / count;
            let parts = (1..count).map(|part| part * step).filter(|share| *share < 100);
            parts.chain([100]).collect()
        }
    }
}

/// The same in words: `5 %, 25 %, 50 %, 100 %`.
pub(super) fn share_list(facts: &DeploymentFacts) -> String {
    shares(facts).iter().map(|share| format!("{share} %")).collect::<Vec<_>>().join(", ")
}

/// Moves the requests, and watches each share.
fn switch_seconds(facts: &DeploymentFacts) -> PlanSeconds {
    #[allow(clippy::cast_precision_loss, reason = "a few shares")]
    let count = shares(facts).len() as f64;
    PlanSeconds {
        at_least: count * WATCH,
        at_most: Some(count * (WATCH + CALLS)),
        limit: None,
        basis: format!(
            "{WATCH} s at {}, as the script watches; up to {CALLS} s for the calls of HAProxy",
            share_list(facts)
        ),
    }
}

/// When requests that still run are cut: the old containers end one after the other.
fn remove_limit(facts: &DeploymentFacts) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "some minutes")]
    let limit = |service: &ServiceFacts| {
        let drain = if service.ports.is_empty() { 0.0 } else { service.drain_limit as f64 };
        service.count as f64 * (drain + service.grace)
    };
    facts.services.iter().map(limit).sum()
}

/// The whole; `at_most` is missing where that of a step is not known.
pub(super) fn total(steps: &[PlanStep]) -> Option<PlanSeconds> {
    let parts: Vec<&PlanSeconds> = steps.iter().filter_map(|step| step.seconds.as_ref()).collect();
    if parts.is_empty() {
        return None;
    }
    let is_open = steps.iter().any(|step| step.seconds.is_none() && !step.phases.is_empty());
    let sum = |value: fn(&PlanSeconds) -> Option<f64>| parts.iter().map(|part| value(part)).sum::<Option<f64>>();
    let at_least = sum(|part| Some(part.at_least))?;
    Some(PlanSeconds {
        at_least: tenths(at_least),
        at_most: if is_open { None } else { sum(|part| part.at_most).map(tenths) },
        limit: None,
        basis: "the sum of the steps".to_owned(),
    })
}

/// Seconds with one digit, so that the same facts give the same bytes on each machine.
pub(super) fn tenths(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}
