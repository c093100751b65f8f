//! A state and the one before ─► what changed: figures, findings, limits.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::cause::{ChangeCause, causes};
use super::figure::{Direction, FigureKind, FigureUnit, tolerance};
use super::limit::{LimitCheck, LimitedValue, check, figure_of, of_image};
use super::read::Rewrite;
use super::state::{BuildState, FindingState, ProjectState, StateFigure};
use crate::settings::{Budget, Measure, image_repository};
use crate::text::path;

/// What a comparison needs to know besides the two states.
#[derive(Debug, Default)]
pub struct ComparisonOptions {
    /// The labels of the pull request.
    pub labels: Vec<String>,
    /// The spread of recent runs in seconds, by build and figure.
    pub spreads: BTreeMap<(String, FigureKind), f64>,
}

/// Where the state before comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaselineOrigin {
    /// The file that it was read from.
    pub file: Option<String>,
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
    /// Findings of the state before that are gone.
    pub fixed_findings: Vec<FindingState>,
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
    let pairs = before.map(|before| BuildPairs::new(&before.builds));
    let mut known = 0;
    for (build, name) in state.builds.iter().zip(&names) {
        let old = pairs.as_ref().and_then(|pairs| pairs.find(build, state.builds.len()));
        known += usize::from(old.is_some_and(|old| !old.figures.is_empty()));
        comparison.rows.extend(rows(name, build, old, options));
        comparison.limits.extend(limits(name, build, old, &budget_of(Some(build)), options));
        if let Some(failure) = &build.failure {
            comparison.notices.push(format!("the build of `{name}` failed: {failure}"));
            comparison.failed_builds.push(name.clone());
        }
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
    comparison.limits.extend(project_limits(&comparison, &state, before.is_some(), &budget_of(None)));
    comparison.state = state;
    comparison
}

impl Comparison {
    /// Limits that are exceeded.
    pub fn exceeded(&self) -> impl Iterator<Item = &LimitCheck> {
        self.limits.iter().filter(|limit| limit.is_exceeded())
    }
}

/// What each build is called: the Dockerfile, and the image where several have one Dockerfile.
pub(super) fn build_names(builds: &[BuildState]) -> Vec<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for build in builds {
        *counts.entry(build.name()).or_default() += 1;
    }
    let name = |build: &BuildState| match (counts.get(build.name()), build.images.first(), &build.platform) {
        (Some(1) | None, ..) | (_, None, None) => build.name().to_owned(),
        (_, Some(image), None) => format!("{} {image}", build.name()),
        (_, image, Some(platform)) => {
            format!("{} {} {platform}", build.name(), image.map(String::as_str).unwrap_or_default())
        }
    };
    builds.iter().map(name).collect()
}

/// The builds of the state before, by what may identify them.
pub(super) struct BuildPairs<'a> {
    builds: &'a [BuildState],
    by_name: HashMap<String, Vec<&'a BuildState>>,
}

impl<'a> BuildPairs<'a> {
    pub(super) fn new(builds: &'a [BuildState]) -> Self {
        let mut by_name: HashMap<String, Vec<&BuildState>> = HashMap::new();
        for build in builds {
            let names = build.dockerfile.iter().map(|file| path::normalize(file));
            for name in names.chain(build.images.iter().map(|image| image_repository(image).to_owned())) {
                by_name.entry(name).or_default().push(build);
            }
        }
        Self { builds, by_name }
    }

    /// The build before: of the same Dockerfile, else the same image but for its tag, else the only one.
    pub(super) fn find(&self, build: &BuildState, count: usize) -> Option<&'a BuildState> {
        let dockerfile = build.dockerfile.as_deref().map(path::normalize);
        let images = || build.images.iter().map(|image| image_repository(image));
        let is_same = |other: &&&BuildState| {
            other.platform.is_none() || build.platform.is_none() || other.platform == build.platform
        };
        let shares_image = |other: &&&BuildState| {
            images().any(|image| other.images.iter().any(|name| image_repository(name) == image))
        };
        let named = |name: &str| self.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        if let Some(file) = &dockerfile {
            let candidates = || named(file).iter().filter(is_same);
            if let Some(found_build) = candidates().find(shares_image).or_else(|| candidates().next()) {
                return Some(found_build);
            }
        }
        let by_image = images().find_map(|image| named(image).iter().find(is_same)).copied();
        by_image.or(match self.builds {
            [only] if count == 1 => Some(only),
            _ => None,
        })
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
            causes: old.filter(|_| explains).map(|old| causes(kind, old, build)).unwrap_or_default(),
        });
    }
    rows
}

/// A figure and the one before by the same command, if there is one.
pub(super) fn figure_pair<'a>(
    kind: FigureKind,
    build: &'a BuildState,
    old: Option<&'a BuildState>,
) -> Option<(&'a StateFigure, Option<&'a StateFigure>)> {
    let before = |after: &StateFigure| old?.figures_of(kind).find(|before| before.command == after.command);
    let paired = build.figures_of(kind).find_map(|after| before(after).map(|before| (after, Some(before))));
    paired.or_else(|| build.figures_of(kind).next().map(|after| (after, None)))
}

fn spread(
    name: &str,
    kind: FigureKind,
    after: &StateFigure,
    before: Option<&StateFigure>,
    options: &ComparisonOptions,
) -> f64 {
    let recent = options.spreads.get(&(name.to_owned(), kind)).copied();
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
    has_baseline: bool,
    (budget, places): &(Budget, Vec<Option<String>>),
) -> Vec<LimitCheck> {
    let mut checks = Vec::new();
    let count = |count: usize| Some(super::read::number(count as u64));
    for (limit, place) in budget.limits.iter().zip(places) {
        let looked = !state.commands.is_empty();
        let value = match limit.measure {
            Measure::Findings => count(state.findings.len()).filter(|_| looked),
            Measure::NewFindings => count(comparison.new_findings.len()).filter(|_| looked && has_baseline),
            _ => continue,
        };
        let value = LimitedValue { before: None, after: value, spread: 0.0 };
        checks.push(check("", limit, value, place.clone()));
    }
    checks
}

fn compare_findings(comparison: &mut Comparison, state: &ProjectState, before: Option<&ProjectState>) {
    let old: HashSet<&str> =
        before.into_iter().flat_map(|before| &before.findings).map(|finding| finding.fingerprint.as_str()).collect();
    let (known, new): (Vec<&FindingState>, Vec<&FindingState>) =
        state.findings.iter().partition(|finding| old.contains(finding.fingerprint.as_str()));
    comparison.unchanged_findings = known.len();
    comparison.new_findings = new.into_iter().cloned().collect();
    let present: HashSet<&str> = state.findings.iter().map(|finding| finding.fingerprint.as_str()).collect();
    // What was not looked for is not fixed.
    let mut unknown = 0;
    for finding in before.into_iter().flat_map(|before| &before.findings) {
        if present.contains(finding.fingerprint.as_str()) {
            continue;
        }
        // An audit checks all that lint does.
        let is_covered = finding.command == "lint" && state.commands.contains("audit");
        let is_checked = (is_covered || state.commands.contains(&finding.command))
            && !state.skipped_rules.contains(&finding.rule)
            && !state.broken_files.contains(&finding.file);
        if is_checked {
            comparison.fixed_findings.push(finding.clone());
        } else {
            unknown += 1;
        }
    }
    if unknown > 0 {
        comparison.notices.push(format!(
            "{unknown} findings of the baseline were not looked for: the command, the rule or the file is not in these results"
        ));
    }
    if before.is_some_and(|before| before.commands.is_empty()) && !state.commands.is_empty() {
        comparison.notices.push("the baseline has no findings: all count as new".to_owned());
    }
    for findings in [&mut comparison.new_findings, &mut comparison.fixed_findings] {
        findings.sort_by(|finding, other| {
            let key = |finding: &FindingState| std::cmp::Reverse(finding.severity());
            key(finding).cmp(&key(other)).then_with(|| (&finding.file, finding.line).cmp(&(&other.file, other.line)))
        });
    }
}
