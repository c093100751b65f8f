//! What a build log or a measurement tells of findings: the seconds of the step that each rebuild runs again.

use crate::buildlog::StepSeconds;
use crate::finding::{Basis, Finding, ImpactKind, Saving};
use crate::inputs::{Inputs, TimedSteps};

/// The rule whose findings point at a step that would be cached without them.
const RERUN: &str = "sources-before-dependencies";

/// Gives findings the prices that a log shows.
pub(super) fn price(findings: &mut [Finding], inputs: &Inputs) {
    for finding in findings.iter_mut().filter(|finding| finding.rule == RERUN) {
        let Some(timed) = inputs.timed.get(&finding.file) else { continue };
        let Some(label) = finding.labels.first() else { continue };
        let line = inputs.source(finding.file).line(label.span.start);
        let build = inputs.builds.iter().find(|build| build.dockerfile == finding.file);
        let instructions = build.into_iter().flat_map(|build| build.file.instructions());
        let first = instructions
            .filter(|instruction| (instruction.start_line..=instruction.end_line).contains(&line))
            .map(|instruction| instruction.start_line)
            .next();
        if let Some(seconds) = first.and_then(|first| timed.seconds.get(&first)) {
            replace(finding, timed, *seconds);
        }
    }
}

fn replace(finding: &mut Finding, timed: &TimedSteps, time: StepSeconds) {
    for impact in finding.impact.iter_mut().filter(|impact| impact.kind == ImpactKind::RebuildSeconds) {
        impact.saves = Some(Saving::Seconds(time.seconds));
        impact.basis = Basis::Measured;
        let bound = if time.is_at_most { ", less where its cache mount is filled" } else { "" };
        impact.evidence = format!("{}{bound}; {}", timed.source, impact.evidence);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn rules_exist() {
        assert!(crate::rules::find(super::RERUN).is_some());
    }
}
