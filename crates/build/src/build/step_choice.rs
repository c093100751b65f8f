//! Which of several steps of a log one is meant to be: those of its target and platform, where the log has such.

use std::collections::BTreeSet;

use crate::buildlog::{LogStep, LoggedBuild, StepLabel, StepSeconds};

/// What is known of a step besides its text.
#[derive(Clone, Copy, Debug)]
pub struct StepTraits<'t> {
    /// The targets or services that it may be of; empty if that is not known.
    pub targets: &'t BTreeSet<&'t str>,
    /// `--platform`.
    pub platform: Option<&'t str>,
    /// The title of its stage; `None` if the build has one stage only.
    pub stage: Option<&'t str>,
    /// Its number in the stage, and the number of the stage's steps.
    pub number: Option<(u32, u32)>,
}

impl StepTraits<'_> {
    /// The steps of one text that have most in common with it: of the same target, then platform, stage, number. Steps of
    /// other targets count only where its own has none: the builder prints equal steps once.
    pub fn choose<'s>(&self, steps: &[&'s LogStep]) -> Vec<&'s LogStep> {
        let mut chosen = steps.to_vec();
        let mut narrow = |is_meant: &dyn Fn(&StepLabel) -> bool| {
            if chosen.iter().any(|step| is_meant(&step.label)) {
                chosen.retain(|step| is_meant(&step.label));
            }
        };
        narrow(&|label| label.target.as_deref().is_some_and(|target| self.targets.contains(target)));
        narrow(&|label| self.platform.is_some_and(|platform| is_for(label, platform)));
        narrow(&|label| label.stage.as_deref() == self.stage);
        narrow(&|label| self.number.is_some() && label.number == self.number);
        chosen
    }

    /// How long it took: of several steps that it may be the slowest, which is an upper bound. `None` if none of them ran.
    pub fn seconds(&self, steps: &[&LogStep]) -> Option<StepSeconds> {
        let chosen = self.choose(steps);
        let seconds = chosen.iter().filter_map(|step| step.run_seconds()).reduce(f64::max)?;
        Some(StepSeconds { seconds, is_at_most: chosen.len() > 1 })
    }
}

/// Whether a step is for one of these platforms (`linux/amd64,linux/arm64`). Where it runs on another one, its name has both:
/// `linux/amd64->arm64`.
fn is_for(label: &StepLabel, platforms: &str) -> bool {
    let Some(label) = &label.platform else { return false };
    let built_for = label.split_once("->").map_or(label.as_str(), |(_, built_for)| built_for);
    let is_platform = |platform: &str| {
        built_for == platform || platform.split_once('/').is_some_and(|(_, machine)| built_for == machine)
    };
    platforms.split(',').map(str::trim).any(is_platform)
}

/// The targets of a logged build that are among these names. If none is, the one that has more of the steps than each
/// other one, as `is_known` counts them.
pub fn logged_targets<'l>(
    logged: &'l LoggedBuild,
    names: &[String],
    is_known: impl Fn(&LogStep) -> bool,
) -> BTreeSet<&'l str> {
    let targets: BTreeSet<&str> = logged.steps.iter().filter_map(|step| step.label.target.as_deref()).collect();
    let of_services: BTreeSet<&str> =
        targets.iter().copied().filter(|target| names.iter().any(|name| name == target)).collect();
    if !of_services.is_empty() {
        return of_services;
    }
    let count = |target: &&str| {
        let steps = logged.steps.iter().filter(|step| step.label.target.as_deref() == Some(target));
        steps.filter(|step| is_known(step)).count()
    };
    let mut counts: Vec<(usize, &str)> = targets.iter().map(|target| (count(target), *target)).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    match counts.as_slice() {
        [(most, target)] if *most > 0 => BTreeSet::from([*target]),
        [(most, target), (next, _), ..] if most > next => BTreeSet::from([*target]),
        _ => BTreeSet::new(),
    }
}
