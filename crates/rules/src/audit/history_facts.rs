//! What git history tells of findings: in how many of the last commits the step that is slow ran.

use crate::finding::{Finding, ImpactKind, Saving};
use crate::inputs::Inputs;

/// In which commits a finding costs time.
#[derive(Clone, Copy)]
enum CostlyCommits {
    /// Those that rerun the step that it points at besides its own line.
    OfLabel,
    /// Those that rerun its own step.
    OfLine,
    /// All: the repository's own files are copied.
    All,
}

/// Rules whose findings cost time when a step reruns.
const RERUNS: [(&str, CostlyCommits); 5] = [
    ("sources-before-dependencies", CostlyCommits::OfLabel),
    ("cache-mount-missing", CostlyCommits::OfLine),
    ("cache-mount-unused", CostlyCommits::OfLine),
    ("wide-bind-mount", CostlyCommits::OfLine),
    ("useless-context", CostlyCommits::All),
];

/// Commits from which on a history tells that a step does not run.
const ENOUGH: u32 = 5;

/// The part of the commits, one in so many, below which nobody waits for a step.
const SELDOM: u32 = 30;

/// Takes out the findings about the time of steps that (almost) no commit ran again: nobody waits for them. `optimize` makes
/// their cache mounts all the same, which is said with the rest of its rewrite.
pub(super) fn drop_seldom(findings: &mut Vec<Finding>, inputs: &Inputs) {
    findings.retain(|finding| {
        let history = inputs.histories.get(&finding.file).filter(|history| history.builds >= ENOUGH);
        let Some((history, line)) = history.zip(finding.instruction_line) else { return true };
        let is_seldom = |reruns: u32| reruns.saturating_mul(SELDOM) < history.builds || reruns == 0;
        finding.rule != "cache-mount-missing" || !history.reruns_at(line).is_some_and(is_seldom)
    });
}

/// Gives findings whose time is not known the number of commits that would have paid it.
pub(super) fn price(findings: &mut [Finding], inputs: &Inputs) {
    for finding in findings {
        let Some((_, costly)) = RERUNS.iter().find(|(rule, _)| *rule == finding.rule) else { continue };
        let Some(history) = inputs.histories.get(&finding.file).filter(|history| history.builds > 0) else { continue };
        let builds = history.builds;
        let reruns = match costly {
            CostlyCommits::OfLabel => {
                let line = finding.labels.first().map(|label| inputs.source(finding.file).line(label.span.start));
                line.and_then(|line| history.reruns_at(line))
            }
            CostlyCommits::OfLine => finding.instruction_line.and_then(|line| history.reruns_at(line)),
            CostlyCommits::All => Some(builds),
        };
        let Some(reruns) = reruns else { continue };
        for impact in &mut finding.impact {
            if impact.kind == ImpactKind::RebuildSeconds && impact.saves.is_none() {
                impact.saves = Some(Saving::Reruns { reruns, builds });
                impact.evidence = match costly {
                    CostlyCommits::All => format!("{}: {builds} of the last {builds} commits", impact.evidence),
                    _ => format!(
                        "with this Dockerfile the step reruns in {reruns} of the last {builds} commits, by git history"
                    ),
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::price;
    use crate::finding::{Finding, Impact, Label, Saving, Severity};
    use crate::inputs::{Inputs, StepHistory};
    use crate::text::{FileId, Source, Span};

    #[test]
    fn findings_get_the_commits_of_their_step() {
        let mut inputs = Inputs::default();
        let file = inputs.add(Source::of("Dockerfile", "FROM node:22\nCOPY . .\nRUN true && \\\n npm ci\n"));
        let reruns = [(2, 9), (3, 7)].into_iter().collect();
        inputs.histories.insert(file, StepHistory { builds: 10, reruns, ..StepHistory::default() });
        let install = Span { start: 39, end: 45 };
        let finding = |rule: &'static str, file: FileId| Finding {
            rule,
            codes: Vec::new(),
            severity: Severity::Warning,
            file,
            span: Span { start: 13, end: 17 },
            labels: vec![Label { span: install, text: "this reruns".to_owned() }],
            instruction_line: Some(2),
            stage: None,
            message: String::new(),
            help: None,
            notes: Vec::new(),
            hidden_by: None,
            impact: vec![Impact::slower_rebuild("order")],
            fixes: Vec::new(),
        };
        let mut findings = [
            finding("sources-before-dependencies", file),
            finding("volatile-argument-early", file),
            finding("x", FileId(7)),
            finding("useless-context", file),
        ];
        price(&mut findings, &inputs);
        assert_eq!(findings[0].impact[0].saves, Some(Saving::Reruns { reruns: 7, builds: 10 }));
        assert!(findings[0].impact[0].evidence.contains("7 of the last 10 commits"), "{findings:?}");
        assert!(findings[1..3].iter().all(|finding| finding.impact[0].saves.is_none()));
        assert_eq!(findings[3].impact[0].saves, Some(Saving::Reruns { reruns: 10, builds: 10 }));
    }
}
