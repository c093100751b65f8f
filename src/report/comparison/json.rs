//! What changed, for programs, as `schemas/report.schema.json` describes it. `state` is what a later report is compared
//! with.

use serde::Serialize;

use super::words::verdict;
use crate::report::{json, wire};
use crate::results::{
    ChangeCause, Comparison, FigureKind, FigureRow, FindingState, LimitCheck, ProjectState, Rewrite, StateFigure,
};
use crate::settings::Bound;

#[derive(Serialize)]
struct ComparisonJson<'a> {
    #[serde(flatten)]
    head: wire::Head<'a>,
    verdict: VerdictJson,
    baseline: Option<BaselineJson<'a>>,
    figures: Vec<FigureJson<'a>>,
    findings: ChangedFindingsJson<'a>,
    limits: Vec<LimitJson<'a>>,
    rewrites: Vec<RewriteJson<'a>>,
    notices: &'a [String],
    state: &'a ProjectState,
}

#[derive(Serialize)]
struct VerdictJson {
    fails: bool,
    text: String,
}

#[derive(Serialize)]
struct BaselineJson<'a> {
    files: &'a [String],
    commit: Option<&'a str>,
    base_commit: Option<&'a str>,
    commits_before_base: Option<usize>,
}

#[derive(Serialize)]
struct FigureJson<'a> {
    build: &'a str,
    kind: FigureKind,
    before: Option<&'a StateFigure>,
    after: &'a StateFigure,
    direction: &'static str,
    noise_seconds: Option<f64>,
    causes: Vec<CauseJson<'a>>,
}

#[derive(Serialize)]
struct CauseJson<'a> {
    change: f64,
    instruction: &'a str,
    line: Option<u32>,
    how: &'static str,
}

#[derive(Serialize)]
struct ChangedFindingsJson<'a> {
    new: &'a [FindingState],
    fixed: &'a [FindingState],
    unchanged: usize,
    uncompared: &'a [FindingState],
}

#[derive(Serialize)]
struct LimitJson<'a> {
    build: Option<&'a str>,
    limit: &'a str,
    figure: Option<FigureKind>,
    bound: f64,
    value: Option<f64>,
    unit: &'static str,
    met: Option<bool>,
    unknown: Option<&'a str>,
    lifted_by: Option<&'a str>,
    written: Option<&'a str>,
}

#[derive(Serialize)]
struct RewriteJson<'a> {
    file: &'a str,
    passes: &'a [String],
    verdict: Option<&'a str>,
}

/// What changed, as JSON.
pub fn comparison_json(comparison: &Comparison, root: &str, fails: bool) -> String {
    let baseline = comparison.baseline.as_ref().map(|origin| BaselineJson {
        files: &origin.files,
        commit: origin.commit.as_deref(),
        base_commit: origin.nearest.as_ref().map(|(commit, _)| commit.as_str()),
        commits_before_base: origin.nearest.as_ref().map(|(_, distance)| *distance),
    });
    json::pretty(&ComparisonJson {
        head: wire::Head::new("dockopt.report/1", root),
        verdict: VerdictJson { fails, text: verdict(comparison) },
        baseline,
        figures: comparison.rows.iter().map(figure).collect(),
        findings: ChangedFindingsJson {
            new: &comparison.new_findings,
            fixed: &comparison.fixed_findings,
            unchanged: comparison.unchanged_findings,
            uncompared: &comparison.uncompared_findings,
        },
        limits: comparison.limits.iter().map(limit).collect(),
        rewrites: comparison.rewrites.iter().map(rewrite).collect(),
        notices: &comparison.notices,
        state: &comparison.state,
    })
}

fn figure(row: &FigureRow) -> FigureJson<'_> {
    FigureJson {
        build: &row.build,
        kind: row.kind,
        before: row.before.as_ref(),
        after: &row.after,
        direction: row.direction.name(),
        noise_seconds: row.noise,
        causes: row.causes.iter().map(cause).collect(),
    }
}

fn cause(cause: &ChangeCause) -> CauseJson<'_> {
    CauseJson { change: cause.change, instruction: &cause.instruction, line: cause.line, how: cause.how }
}

fn limit(check: &LimitCheck) -> LimitJson<'_> {
    LimitJson {
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

fn rewrite(rewrite: &Rewrite) -> RewriteJson<'_> {
    RewriteJson { file: &rewrite.file, passes: &rewrite.passes, verdict: rewrite.verdict.as_deref() }
}
