//! How deployments went over time: how often, how many failed, and how long it took until the next good one.

use super::record::{DeploymentRecord, DeploymentRecords};
use crate::text::median;

/// Seconds of a week: less says nothing about weeks.
const WEEK: f64 = 7.0 * 86_400.0;

/// What became of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentOutcome {
    /// The new version came into service.
    Good,
    /// There was nothing to do.
    Idle,
    /// The old version stayed, or came back.
    Failed,
    /// The new version came into service, and the next run was a rollback.
    TakenBack,
}

/// From a failure to the next good deployment of the service.
#[derive(Clone, Debug, PartialEq)]
pub struct DeploymentRecovery {
    /// The first failure, by its place among the runs.
    pub failure: usize,
    /// The next good one; `None` where there is none yet.
    pub good: Option<usize>,
    /// Seconds between their ends; `None` where the clock went back.
    pub seconds: Option<f64>,
}

/// Several runs of the script, the oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeploymentTrend {
    /// The runs with what became of them.
    pub runs: Vec<(DeploymentRecord, DeploymentOutcome)>,
    /// Seconds between the ends of the first and the last run, without intervals over which the clock went back.
    pub span: f64,
    /// Runs per week that had something to do; `None` in less than a week.
    pub per_week: Option<f64>,
    /// From each failure to the next good deployment.
    pub recoveries: Vec<DeploymentRecovery>,
}

impl DeploymentOutcome {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Idle => "nothing to do",
            Self::Failed => "failed",
            Self::TakenBack => "taken back",
        }
    }

    fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::TakenBack)
    }
}

impl DeploymentTrend {
    /// Those of some records, by their places.
    pub(super) fn of(records: &DeploymentRecords, places: &[usize]) -> Self {
        let all = &records.records;
        let runs: Vec<_> = places.iter().map(|place| (all[*place].clone(), outcome(all, *place))).collect();
        let busy: Vec<usize> =
            places.iter().copied().filter(|place| outcome(all, *place) != DeploymentOutcome::Idle).collect();
        let intervals = |places: &[usize]| -> Vec<f64> {
            places.windows(2).filter_map(|pair| records.seconds_between(pair[0], pair[1])).collect()
        };
        let (between, span) = (intervals(&busy), intervals(places).iter().sum());
        let sum: f64 = between.iter().sum();
        let per_week = (sum >= WEEK).then(|| count(between.len()) / sum * WEEK);
        let recoveries = recoveries(&runs, |from, to| records.seconds_between(places[from], places[to]));
        Self { runs, span, per_week, recoveries }
    }

    /// How many runs ended so.
    pub fn count(&self, outcome: DeploymentOutcome) -> usize {
        self.runs.iter().filter(|(_, other)| *other == outcome).count()
    }

    /// Runs that brought a version which did not stay, and all that brought one; a good rollback brings none.
    pub fn failures(&self) -> (usize, usize) {
        let brought = self.runs.iter().filter(|(record, outcome)| match outcome {
            DeploymentOutcome::Idle => false,
            DeploymentOutcome::Good => !record.is_rollback(),
            DeploymentOutcome::Failed | DeploymentOutcome::TakenBack => true,
        });
        (brought.clone().filter(|(_, outcome)| outcome.is_failure()).count(), brought.count())
    }

    /// The median of the seconds until the next good deployment, and of how many failures.
    pub fn recovery_seconds(&self) -> Option<(f64, usize)> {
        let seconds: Vec<f64> = self.recoveries.iter().filter_map(|recovery| recovery.seconds).collect();
        let count = seconds.len();
        median(seconds).map(|median| (median, count))
    }
}

/// A number of lines.
#[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
fn count(number: usize) -> f64 {
    number as f64
}

/// What became of a record, by those that follow.
fn outcome(records: &[DeploymentRecord], place: usize) -> DeploymentOutcome {
    let record = &records[place];
    if !record.is_good() {
        return DeploymentOutcome::Failed;
    }
    if record.is_idle() {
        return DeploymentOutcome::Idle;
    }
    let mut later = records[place + 1..].iter().filter(|later| later.service == record.service && !later.is_idle());
    let is_taken_back = !record.is_rollback() && later.next().is_some_and(|next| next.is_good() && next.is_rollback());
    if is_taken_back { DeploymentOutcome::TakenBack } else { DeploymentOutcome::Good }
}

/// The failures, each until the next good deployment of its service; of several in a row the first.
fn recoveries(
    runs: &[(DeploymentRecord, DeploymentOutcome)],
    seconds_between: impl Fn(usize, usize) -> Option<f64>,
) -> Vec<DeploymentRecovery> {
    let mut recoveries: Vec<DeploymentRecovery> = Vec::new();
    for (number, (record, outcome)) in runs.iter().enumerate() {
        let mut open = recoveries.iter_mut().filter(|recovery| recovery.good.is_none());
        let before = open.find(|recovery| runs[recovery.failure].0.service == record.service);
        match (before, outcome) {
            (_, DeploymentOutcome::Idle) | (None, DeploymentOutcome::Good) => {}
            (None, _) => recoveries.push(DeploymentRecovery { failure: number, good: None, seconds: None }),
            (Some(recovery), DeploymentOutcome::Good) => {
                (recovery.good, recovery.seconds) = (Some(number), seconds_between(recovery.failure, number));
            }
            (Some(_), _) => {}
        }
    }
    recoveries
}
