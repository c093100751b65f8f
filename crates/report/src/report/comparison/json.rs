//! What changed, for programs, as `schemas/report.schema.json` describes it. `state` is what a later report is compared
//! with.

use serde::Serialize;

use super::words::verdict;
use crate::report::json;
use crate::results::{ChangeCause, Comparison, FigureRow, LimitCheck, Rewrite};
use crate::settings::Bound;
use crate::wire::{Head, list, object};

/// What changed, as JSON.
pub fn comparison_json(comparison: &Comparison, root: &str, fails: bool) -> String {
    let baseline = comparison.baseline.as_ref().map(|origin| {
        object! {
            files: &origin.files,
            commit: origin.commit.as_deref(),
            base_commit: origin.nearest.as_ref().map(|(commit, _)| commit.as_str()),
            commits_before_base: origin.nearest.as_ref().map(|(_, distance)| *distance),
        }
    });
    json::pretty(&object! {
        #[serde(flatten)]
        head: Head::new("dockopt.report/1", root),
        verdict: object! { fails, text: verdict(comparison) },
        baseline,
        figures: list(&comparison.rows, figure),
        findings: object! {
            new: &comparison.new_findings,
            fixed: &comparison.fixed_findings,
            unchanged: comparison.unchanged_findings,
            uncompared: &comparison.uncompared_findings,
        },
        limits: list(&comparison.limits, limit),
        rewrites: list(&comparison.rewrites, rewrite),
        notices: &comparison.notices,
        state: &comparison.state,
    })
}

fn figure(row: &FigureRow) -> impl Serialize {
    object! {
        build: &row.build,
        kind: row.kind,
        before: row.before.as_ref(),
        after: &row.after,
        direction: row.direction.name(),
        noise_seconds: row.noise,
        causes: list(&row.causes, cause),
    }
}

fn cause(cause: &ChangeCause) -> impl Serialize {
    let edit = cause.edit.as_ref();
    object! {
        change: cause.change,
        instruction: &cause.instruction,
        line: cause.line,
        how: cause.how,
        added: edit.map(|edit| &edit.added),
        removed: edit.map(|edit| &edit.removed),
    }
}

fn limit(check: &LimitCheck) -> impl Serialize {
    object! {
        build: Some(check.build.as_str()).filter(|build| !build.is_empty()),
        limit: &check.name,
        figure: check.figure,
        bound: check.limit.value(),
        value: check.value.map(Bound::value),
        unit: match check.limit {
            Bound::Bytes(_) => "bytes",
            Bound::Count(_) => "count",
            Bound::Ratio(_) => "ratio",
            Bound::Seconds(_) => "seconds",
        },
        met: check.is_met,
        unknown: check.unknown.as_deref(),
        lifted_by: check.lifted_by.as_deref(),
        written: check.written.as_deref(),
    }
}

fn rewrite(rewrite: &Rewrite) -> impl Serialize {
    object! { file: &rewrite.file, passes: &rewrite.passes, verdict: rewrite.verdict.as_deref() }
}
