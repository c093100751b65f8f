//! The same commits with two Dockerfiles: how often the steps that run the same command ran.

use std::collections::BTreeMap;
use std::fmt;

use super::table::{CommitRow, HistoryTable};
use crate::cache::StepVerdict;

/// What a Dockerfile changes, over the commits that both build.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableComparison {
    /// Those commits.
    pub builds: usize,
    /// The steps that run the same command, but not as often.
    pub steps: Vec<StepComparison>,
    /// Seconds that the second Dockerfile saves in all builds; below 0 if it costs more, `None` if times are not known.
    pub saved_seconds: Option<f64>,
    /// How exactly they are known.
    pub precision: SavingPrecision,
}

/// How exactly a saving is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SavingPrecision {
    /// By the times of a log.
    #[default]
    Exact,
    /// Times of the second Dockerfile are upper bounds: it saves at least as much.
    AtLeast,
    /// Times of the first one are.
    About,
    /// How the time of a step is shared by those that it was split into is not known: it saves at most as much.
    AtMost,
}

impl SavingPrecision {
    /// What stands before the figure.
    pub(in crate::report) const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "",
            Self::AtLeast => "at least ",
            Self::About => "about ",
            Self::AtMost => "at most ",
        }
    }
}

/// A step with both Dockerfiles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepComparison {
    /// As the builder prints it with the first one; a part of a step as with the second one.
    pub name: String,
    /// The commits in which both have it.
    pub builds: usize,
    /// How often it ran with the first.
    pub before: RerunCount,
    /// How often it would have run with the second.
    pub after: RerunCount,
}

/// How often a step ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RerunCount {
    /// Certainly.
    pub reruns: usize,
    /// If a stage that it reads from had another result.
    pub may_rerun: usize,
}

impl RerunCount {
    fn of(verdicts: impl Iterator<Item = StepVerdict>) -> Self {
        let mut count = Self::default();
        for verdict in verdicts {
            match verdict {
                StepVerdict::Hit => {}
                StepVerdict::Unknown => count.may_rerun += 1,
                StepVerdict::Miss => count.reruns += 1,
            }
        }
        count
    }
}

/// `3`, or `3 to 5` where it may have run.
impl fmt::Display for RerunCount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.may_rerun {
            0 => write!(out, "{}", self.reruns),
            may => write!(out, "{} to {}", self.reruns, self.reruns + may),
        }
    }
}

/// Compares the steps of the second table with those of the first that they are the same as.
pub fn compare_tables(before: &HistoryTable, after: &HistoryTable) -> TableComparison {
    let rows: Vec<RowPair> = before.rows.iter().zip(&after.rows).filter_map(built_rows).collect();
    let mut steps = Vec::new();
    for (index, step) in after.steps.iter().enumerate() {
        let Some(same) = step.same_as.or(step.part_of) else { continue };
        let Some(old_step) = before.steps.get(same) else { continue };
        let pairs = rows.iter().filter_map(|(old, new)| Some(((*old.get(same)?)?, (*new.get(index)?)?)));
        let pairs: Vec<(StepVerdict, StepVerdict)> = pairs.collect();
        let old = RerunCount::of(pairs.iter().map(|pair| pair.0));
        let new = RerunCount::of(pairs.iter().map(|pair| pair.1));
        if old != new {
            let name = if step.part_of.is_some() { &step.name } else { &old_step.name }.clone();
            steps.push(StepComparison { name, builds: pairs.len(), before: old, after: new });
        }
    }
    let has_parts = after.steps.iter().any(|step| step.part_of.is_some());
    let saved_seconds = (before.has_seconds() && (after.has_seconds() || has_parts)).then(|| {
        let old: f64 = rows.iter().map(|(old, _)| row_seconds(before, old)).sum();
        let new: f64 = rows.iter().map(|(_, new)| row_seconds(after, new) + whole_seconds(before, after, new)).sum();
        old - new
    });
    let precision = match (before.is_at_most(), after.is_at_most()) {
        (false, false) if has_parts => SavingPrecision::AtMost,
        (false, false) => SavingPrecision::Exact,
        (false, true) if !has_parts && saved_seconds.is_some_and(|saved| saved >= 0.0) => SavingPrecision::AtLeast,
        _ => SavingPrecision::About,
    };
    TableComparison { builds: rows.len(), steps, saved_seconds, precision }
}

/// The verdicts of a commit with its own Dockerfile and with the other one.
type RowPair<'t> = (&'t [Option<StepVerdict>], &'t [Option<StepVerdict>]);

fn built_rows<'t>((before, after): (&'t CommitRow, &'t CommitRow)) -> Option<RowPair<'t>> {
    let (CommitRow::Built(before), CommitRow::Built(after)) = (before, after) else { return None };
    Some((before, after))
}

/// Seconds of the steps that run or may run in a build.
fn row_seconds(table: &HistoryTable, row: &[Option<StepVerdict>]) -> f64 {
    let ran =
        table.steps.iter().zip(row).filter(|(_, verdict)| verdict.is_some_and(|verdict| verdict != StepVerdict::Hit));
    ran.filter_map(|(step, _)| Some(step.seconds?.seconds)).sum()
}

/// Seconds of the steps of the first table all of whose parts run or may run in a build with the second one.
fn whole_seconds(before: &HistoryTable, after: &HistoryTable, row: &[Option<StepVerdict>]) -> f64 {
    let mut wholes: BTreeMap<usize, bool> = BTreeMap::new();
    for (step, verdict) in after.steps.iter().zip(row) {
        if let Some(whole) = step.part_of {
            let runs = verdict.is_some_and(|verdict| verdict != StepVerdict::Hit);
            *wholes.entry(whole).or_insert(true) &= runs;
        }
    }
    let run = wholes.into_iter().filter(|(_, runs)| *runs);
    run.filter_map(|(whole, _)| Some(before.steps.get(whole)?.seconds?.seconds)).sum()
}
