//! A state and the one before ─► what changed: figures, findings, limits.

use std::collections::HashSet;

use super::cause::{ChangeCause, causes};
use super::figure::{Direction, FigureKind, FigureUnit, tolerance};
use super::group::{groups, joined};
use super::history::{ProjectHistory, Spreads};
use super::limit::{LimitCheck, LimitedValue, check, figure_of, of_image};
use super::pairs::{BuildPairs, build_names, figure_pair};
use super::read::{ReportDetails, Rewrite};
use super::state::{BuildState, FindingState, ProjectState, StateFigure};
use crate::finding::Severity;
use crate::settings::{Budget, Measure};

/// What a comparison needs to know besides the two states.
#[derive(Debug, Default)]
pub struct ComparisonOptions {
    /// The labels of the pull request.
    pub labels: Vec<String>,
    /// The spread of recent runs.
    pub spreads: Spreads,
    /// Whether findings are judged only where there is a baseline, as the first run in CI has none.
    pub needs_baseline: bool,
}

/// Where the state before comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaselineOrigin {
    /// The files that it was read from.
    pub files: Vec<String>,
    /// Its commit.
    pub commit: Option<String>,
    /// The commit that was searched for, and how many commits before it the baseline is.
    pub nearest: Option<(String, usize)>,
}

/// A figure of a build, before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct FigureRow {
    /// The build.
    pub build: String,
    /// The figure.
    pub kind: FigureKind,
    /// The value before, if one can be compared.
    pub before: Option<StateFigure>,
    /// The value.
    pub after: StateFigure,
    /// What the change means.
    pub direction: Direction,
    /// Seconds below which a change is noise; `None` for bytes and steps.
    pub noise: Option<f64>,
    /// What caused it.
    pub causes: Vec<ChangeCause>,
}

/// Said of a run that needs a baseline and has none.
pub const NOT_JUDGED: &str =
    "there is no baseline yet, so nothing is judged: findings are listed, and only limits of the settings count";

/// What changed.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// The state.
    pub state: ProjectState,
    /// Where the earlier state comes from; `None` without a baseline.
    pub baseline: Option<BaselineOrigin>,
    /// The figures.
    pub rows: Vec<FigureRow>,
    /// Findings that the state before does not have; all without a baseline.
    pub new_findings: Vec<FindingState>,
    /// Whether findings were judged: without a baseline, a run that needs one only lists them.
    pub judges_findings: bool,
    /// The least severity of a new finding that fails the check; `None` for none.
    pub least_severity: Option<Severity>,
    /// The new findings that annotations show: all that were judged, until somebody knows which lines were changed.
    pub annotated_findings: Vec<FindingState>,
    /// Findings of the state before that are gone.
    pub fixed_findings: Vec<FindingState>,
    /// Findings that the state before does not have, because nobody looked for them there.
    pub uncompared_findings: Vec<FindingState>,
    /// Findings that both have.
    pub unchanged_findings: usize,
    /// The limits.
    pub limits: Vec<LimitCheck>,
    /// Names of builds that failed.
    pub failed_builds: Vec<String>,
    /// Rewrites that were proposed.
    pub rewrites: Vec<Rewrite>,
    /// What its readers have to know.
    pub notices: Vec<String>,
    /// What is neither a figure nor a finding.
    pub details: ReportDetails,
    /// Earlier runs and this one, where there is a record.
    pub history: ProjectHistory,
}

/// Compares a state with the one before. `budget_of` gives the limits for a build, or those of the project, and the place
/// where each is set.
pub fn compare(
    state: ProjectState,
    before: Option<&ProjectState>,
    budget_of: impl Fn(Option<&BuildState>) -> (Budget, Vec<Option<String>>),
    options: &ComparisonOptions,
) -> Comparison {
    let mut comparison = Comparison::default();
    let names = build_names(&state.builds);
    let pairs = before.map(|before| BuildPairs::new(&before.builds, &state.builds));
    let mut known = 0;
    for (build, name) in state.builds.iter().zip(&names) {
        let old = pairs.as_ref().and_then(|pairs| pairs.find(build));
        known += usize::from(old.is_some_and(|old| !old.figures.is_empty()));
        comparison.rows.extend(rows(name, build, old, options));
        comparison.limits.extend(limits(name, build, old, &budget_of(Some(build)), options));
        if let Some(failure) = &build.failure {
            comparison.notices.push(format!("the build of `{name}` failed: {failure}"));
            comparison.failed_builds.push(name.clone());
        }
        comparison.notices.extend(old.into_iter().flat_map(|old| missing_figures(name, build, old)));
        if before.is_some() && old.is_none() && !build.figures.is_empty() {
            comparison.notices.push(format!("the baseline has no build of `{name}`"));
        }
    }
    let count = before.map_or(0, |before| before.builds.iter().filter(|build| !build.figures.is_empty()).count());
    if count > known {
        let what = match count - known {
            1 => "1 build of the baseline is not in these results".to_owned(),
            missing => format!("{missing} builds of the baseline are not in these results"),
        };
        comparison.notices.push(what);
    }
    compare_findings(&mut comparison, &state, before);
    comparison.judges_findings = before.is_some() || !options.needs_baseline;
    if comparison.judges_findings {
        comparison.annotated_findings.clone_from(&comparison.new_findings);
    } else {
        comparison.notices.push(NOT_JUDGED.to_owned());
    }
    let has_checks = before.is_some_and(|before| !before.checks.is_empty());
    comparison.limits.extend(project_limits(&comparison, &state, has_checks, &budget_of(None)));
    comparison.state = state;
    comparison
}

impl Comparison {
    /// What its builds are called, in their order.
    pub fn build_names(&self) -> Vec<String> {
        build_names(&self.state.builds)
    }

    /// New findings that are severe enough to fail the check.
    pub fn failing_findings(&self) -> impl Iterator<Item = &FindingState> {
        let least = self.least_severity.filter(|_| self.judges_findings);
        let is_failing = move |finding: &&FindingState| least.is_some_and(|least| finding.severity() >= least);
        self.new_findings.iter().filter(is_failing)
    }

    /// Limits that are exceeded.
    pub fn exceeded(&self) -> impl Iterator<Item = &LimitCheck> {
        self.limits.iter().filter(|limit| limit.is_exceeded())
    }
}

fn rows(name: &str, build: &BuildState, old: Option<&BuildState>, options: &ComparisonOptions) -> Vec<FigureRow> {
    let mut rows = Vec::new();
    for kind in FigureKind::ALL {
        let Some((after, before)) = figure_pair(kind, build, old) else { continue };
        let spread = spread(name, kind, after, before, options);
        let noise = |old: &StateFigure| (kind.unit() == FigureUnit::Seconds).then(|| tolerance(old.value, spread));
        let noise = before.and_then(noise);
        let direction = match before {
            Some(old) if kind.is_judged() => kind.direction(old.value, after.value, noise.unwrap_or_default()),
            _ => Direction::Unknown,
        };
        let changed = matches!(direction, Direction::Better | Direction::Worse);
        // Both sizes have the same causes.
        let explains = changed && kind != FigureKind::PullSize;
        rows.push(FigureRow {
            build: name.to_owned(),
            kind,
            before: before.cloned(),
            after: after.clone(),
            direction,
            noise,
            causes: match old {
                Some(old) if explains => causes(kind, old, build, spread),
                _ => Vec::new(),
            },
        });
    }
    rows
}

/// Figures of the build before that are in no row, because no result has them from the same command.
fn missing_figures(name: &str, build: &BuildState, old: &BuildState) -> Vec<String> {
    let judged = old.figures.iter().filter(|figure| figure.kind.is_judged());
    let missing = judged.filter(|before| {
        let is_paired = figure_pair(before.kind, build, Some(old)).is_some_and(|(_, before)| before.is_some());
        !is_paired && !build.figures_of(before.kind).any(|after| after.command == before.command)
    });
    let sentence = |figure: &StateFigure| {
        let (title, command) = (figure.kind.title(), &figure.command);
        format!("the baseline has the {title} of `{name}` from `dockopt {command}`, which these results lack")
    };
    missing.map(sentence).collect()
}

fn spread(
    name: &str,
    kind: FigureKind,
    after: &StateFigure,
    before: Option<&StateFigure>,
    options: &ComparisonOptions,
) -> f64 {
    let recent = options.spreads.get(&(name.to_owned(), kind, after.command.clone())).copied();
    let all = [recent, after.spread, before.and_then(|before| before.spread)];
    all.into_iter().flatten().fold(0.0, f64::max)
}

fn limits(
    name: &str,
    build: &BuildState,
    old: Option<&BuildState>,
    (budget, places): &(Budget, Vec<Option<String>>),
    options: &ComparisonOptions,
) -> Vec<LimitCheck> {
    let mut checks = Vec::new();
    for (limit, place) in budget.limits.iter().zip(places) {
        let Some(kind) = figure_of(&limit.measure) else { continue };
        let figures = figure_pair(kind, build, old);
        // A build of which only findings are known has no figures to limit.
        if build.figures.is_empty() {
            continue;
        }
        let value = LimitedValue {
            before: figures.and_then(|(_, before)| before).map(|before| before.value),
            after: figures.map(|(after, _)| after.value),
            spread: figures.map_or(0.0, |(after, before)| spread(name, kind, after, before, options)),
        };
        let mut check = check(name, limit, value, place.clone());
        if limit.measure == Measure::Growth {
            check.lifted_by = options.labels.iter().find(|label| **label == budget.growth_label()).cloned();
        }
        checks.push(check);
    }
    // What `image` judged by the contents of the image is not judged again; what is judged here is not said twice.
    let is_new = |limit: &&crate::results::ImageLimit| {
        let same = |check: &LimitCheck| check.name == limit.measure;
        !checks.iter().any(same) && limit.measure != Measure::Growth.key()
    };
    let of_images: Vec<LimitCheck> = build.limits.iter().filter(is_new).map(|limit| of_image(name, limit)).collect();
    checks.extend(of_images);
    checks
}

fn project_limits(
    comparison: &Comparison,
    state: &ProjectState,
    has_checks: bool,
    (budget, places): &(Budget, Vec<Option<String>>),
) -> Vec<LimitCheck> {
    let mut checks = Vec::new();
    let count = |count: usize| Some(super::read::number(count as u64));
    for (limit, place) in budget.limits.iter().zip(places) {
        let looked = !state.checks.is_empty();
        let value = match limit.measure {
            Measure::Findings if looked => count(state.finding_count()),
            Measure::NewFindings if looked && has_checks => count(comparison.new_findings.len()),
            Measure::Findings | Measure::NewFindings => None,
            _ => continue,
        };
        let value = LimitedValue { before: None, after: value, spread: 0.0 };
        checks.push(check("", limit, value, place.clone()));
    }
    checks
}

fn prints(findings: &[FindingState]) -> HashSet<&str> {
    findings.iter().flat_map(FindingState::fingerprints).collect()
}

/// A group is new if a part of it is, and fixed if all of it is gone: what is counted on one side is not on the other.
fn compare_findings(comparison: &mut Comparison, state: &ProjectState, before: Option<&ProjectState>) {
    let old = before.map(|before| prints(&before.findings)).unwrap_or_default();
    for group in groups(&state.findings) {
        let is_known = |finding: &&FindingState| finding.fingerprints().any(|print| old.contains(print));
        let unknown: Vec<&FindingState> = group.into_iter().filter(|finding| !is_known(finding)).collect();
        let Some(finding) = joined(&unknown) else {
            comparison.unchanged_findings += 1;
            continue;
        };
        let is_compared = before.is_none_or(|before| before.looks_for(&finding));
        let list = if is_compared { &mut comparison.new_findings } else { &mut comparison.uncompared_findings };
        list.push(finding);
    }
    let present = prints(&state.findings);
    let is_gone = |finding: &FindingState| !finding.fingerprints().any(|print| present.contains(print));
    let older = before.map(|before| groups(&before.findings)).unwrap_or_default();
    let gone = older.iter().filter(|group| group.iter().all(|finding| is_gone(finding)));
    let gone = gone.filter_map(|group| joined(group));
    let (fixed, unknown): (Vec<FindingState>, Vec<FindingState>) = gone.partition(|finding| state.looks_for(finding));
    comparison.fixed_findings = fixed;
    if !unknown.is_empty() {
        let what = match unknown.len() {
            1 => "1 finding of the baseline was not looked for".to_owned(),
            count => format!("{count} findings of the baseline were not looked for"),
        };
        comparison.notices.push(format!("{what}: the command, the rule or the file is not in these results"));
    }
    let lists = [&mut comparison.new_findings, &mut comparison.fixed_findings, &mut comparison.uncompared_findings];
    for findings in lists {
        findings.sort_by(|finding, other| {
            let key = |finding: &FindingState| std::cmp::Reverse(finding.severity());
            key(finding).cmp(&key(other)).then_with(|| (&finding.file, finding.line).cmp(&(&other.file, other.line)))
        });
    }
}
