//! The states that results tell ─► one state: what is about the same build goes together.

use std::collections::{BTreeSet, HashMap};

use super::figure::FigureKind;
use super::state::{BuildState, FindingState, ProjectState};
use super::waste::join_waste;
use crate::text::path;

/// Builds of one Dockerfile that are compared before one is taken for another build.
const MOST_CANDIDATES: usize = 50;

/// Joins states of one project at one commit.
pub fn join(states: impl IntoIterator<Item = ProjectState>) -> ProjectState {
    let mut joined = ProjectState::default();
    let mut findings = KnownFindings::default();
    let mut builds: HashMap<String, Vec<usize>> = HashMap::new();
    let mut without_dockerfile = Vec::new();
    for state in states {
        joined.commit = joined.commit.or(state.commit);
        for check in state.checks {
            // The same result may be given as a file of its own and as part of a report.
            if !joined.checks.contains(&check) {
                joined.checks.push(check);
            }
        }
        findings.add(&mut joined.findings, state.findings);
        for mut build in state.builds {
            build.dockerfile = build.dockerfile.as_deref().map(path::normalize);
            match build.dockerfile.clone() {
                Some(dockerfile) => add_build(&mut joined.builds, builds.entry(dockerfile).or_default(), build),
                None => without_dockerfile.push(build),
            }
        }
    }
    join_by_image(&mut joined.builds, without_dockerfile);
    join_waste(&mut joined.findings);
    joined.builds.iter_mut().for_each(place_steps);
    joined
}

/// Adds builds of which no Dockerfile is known: to the build of the same image, or the only build that has no image yet.
fn join_by_image(builds: &mut Vec<BuildState>, more: Vec<BuildState>) {
    let mut by_image: HashMap<String, usize> = HashMap::new();
    for (index, build) in builds.iter().enumerate() {
        by_image.extend(build.images.iter().map(|image| (image.clone(), index)));
    }
    let only = match builds.as_slice() {
        [build] if build.images.is_empty() && more.len() == 1 => Some(0),
        _ => None,
    };
    for build in more {
        let same = build.images.iter().find_map(|image| by_image.get(image).copied()).or(only);
        match same.and_then(|index| builds.get_mut(index)) {
            Some(known) if known.platform.is_none() || build.platform.is_none() || known.platform == build.platform => {
                known.absorb(build);
            }
            _ => {
                by_image.extend(build.images.iter().map(|image| (image.clone(), builds.len())));
                builds.push(build);
            }
        }
    }
}

/// Where a finding is: the rule, the file, the line and the column.
type FindingPlace = (String, String, Option<u32>, Option<u32>);

/// The findings of the results so far, by index.
#[derive(Default)]
struct KnownFindings {
    by_fingerprint: HashMap<String, Vec<usize>>,
    by_place: HashMap<FindingPlace, Vec<usize>>,
}

impl KnownFindings {
    /// Adds the findings of one result. One that `lint` and `audit` both report is one, also where they name their file from
    /// different folders, which changes its fingerprint; the price is taken from who knows it.
    fn add(&mut self, findings: &mut Vec<FindingState>, more: Vec<FindingState>) {
        let mut paired: BTreeSet<usize> = BTreeSet::new();
        let mut new = Vec::new();
        for finding in more {
            let same = self.find(findings, &finding).into_iter().find(|index| !paired.contains(index));
            match same {
                Some(index) => {
                    paired.insert(index);
                    self.by_fingerprint.entry(finding.fingerprint.clone()).or_default().push(index);
                    let same = &mut findings[index];
                    same.cost = same.cost.take().or(finding.cost);
                    same.fix = same.fix.take().or(finding.fix);
                    same.last_line = same.last_line.or(finding.last_line);
                    same.also.extend(finding.also);
                }
                None => new.push(finding),
            }
        }
        // Within one result two findings are never the same.
        for finding in new {
            self.by_fingerprint.entry(finding.fingerprint.clone()).or_default().push(findings.len());
            self.by_place.entry(place(&finding)).or_default().push(findings.len());
            findings.push(finding);
        }
    }

    /// The findings that may be the same. A fingerprint is that of a path from the folder that a run was given: those of
    /// equal Dockerfiles in two folders are equal.
    fn find(&self, findings: &[FindingState], finding: &FindingState) -> Vec<usize> {
        let file = path::normalize(&finding.file);
        let is_same_file = |index: &usize| {
            let other = path::normalize(&findings[*index].file);
            path::ends_with(&other, &file) || path::ends_with(&file, &other)
        };
        let same = self.by_fingerprint.get(&finding.fingerprint).into_iter().flatten().copied().filter(is_same_file);
        same.chain(self.by_place.get(&place(finding)).into_iter().flatten().copied()).collect()
    }
}

fn place(finding: &FindingState) -> FindingPlace {
    (finding.rule.clone(), path::normalize(&finding.file), finding.line, finding.column)
}

fn add_build(builds: &mut Vec<BuildState>, candidates: &mut Vec<usize>, build: BuildState) {
    let mut same = candidates.iter().take(MOST_CANDIDATES).copied();
    if let Some(index) = same.find(|index| !builds[*index].conflicts_with(&build)) {
        builds[index].absorb(build);
    } else {
        candidates.push(builds.len());
        builds.push(build);
    }
}

impl BuildState {
    /// Whether both say the same thing of different builds: two images of one Dockerfile, by target or platform.
    fn conflicts_with(&self, other: &Self) -> bool {
        let is_other_image = !self.images.is_empty() && !other.images.is_empty() && self.images != other.images;
        let is_other_platform = self.platform.is_some() && other.platform.is_some() && self.platform != other.platform;
        is_other_image || is_other_platform
    }

    /// Adds what another result says of the same build. Of two values for one figure the first stays.
    fn absorb(&mut self, other: Self) {
        self.dockerfile = self.dockerfile.take().or(other.dockerfile);
        self.platform = self.platform.take().or(other.platform);
        self.failure = self.failure.take().or(other.failure);
        // The audit names the base as the Dockerfile writes it, and knows its line.
        if other.base_line.is_some() || self.base.is_none() {
            self.base = other.base.or(self.base.take());
            self.base_line = other.base_line.or(self.base_line);
        }
        if self.images.is_empty() {
            self.images = other.images;
        }
        if self.layers.is_empty() {
            self.layers = other.layers;
        } else if self.layers.iter().map(|layer| layer.bytes).eq(other.layers.iter().map(|layer| layer.bytes)) {
            // An earlier report about the same image has no pictures.
            for (layer, other) in self.layers.iter_mut().zip(other.layers) {
                layer.tree = layer.tree.take().or(other.tree);
            }
        }
        // Two results of the same builds have the same steps; those of the figure that stays are kept.
        let known_kinds: BTreeSet<FigureKind> = self.steps.iter().map(|step| step.build).collect();
        for figure in other.figures {
            let same = |known: &&super::StateFigure| known.kind == figure.kind && known.command == figure.command;
            if self.figures.iter().find(same).is_none() {
                self.figures.push(figure);
            }
        }
        self.steps.extend(other.steps.into_iter().filter(|step| !known_kinds.contains(&step.build)));
        if self.misses.is_empty() {
            self.misses = other.misses;
        }
        if self.limits.is_empty() {
            self.limits = other.limits;
        }
        self.commits = self.commits.take().or(other.commits);
    }
}

/// A step's name without its number and its layout: what identifies it in another build.
pub(super) fn step_text(name: &str) -> String {
    let text = match name.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((_, text)) => text,
        None => name,
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lines of steps that only another result knows.
fn place_steps(build: &mut BuildState) {
    let mut lines: HashMap<String, u32> = HashMap::new();
    let layers = build.layers.iter().filter_map(|layer| Some((step_text(layer.instruction.as_deref()?), layer.line?)));
    let steps = build.steps.iter().filter_map(|step| Some((step_text(&step.name), step.line?)));
    let misses = build.misses.iter().filter_map(|miss| Some((step_text(&miss.name), miss.line?)));
    for (text, line) in layers.chain(steps).chain(misses) {
        lines.entry(text).or_insert(line);
    }
    for step in &mut build.steps {
        step.line = step.line.or_else(|| lines.get(&step_text(&step.name)).copied());
    }
}
