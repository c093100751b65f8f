//! What git history tells of findings: in how many of the last commits the step that is slow ran.

use crate::finding::{Finding, ImpactKind, Saving};
use crate::inputs::Inputs;

/// Rules whose findings cost time when a step reruns, and whether the step is the one that the finding points at beside
/// its own line.
const RERUNS: [(&str, bool); 4] = [
    ("sources-before-dependencies", true),
    ("cache-mount-missing", false),
    ("cache-mount-unused", false),
    ("wide-bind-mount", false),
];

/// Gives findings whose time is not known the number of commits that would have paid it.
pub(super) fn price(findings: &mut [Finding], inputs: &Inputs) {
    for finding in findings {
        let Some((_, is_labelled)) = RERUNS.iter().find(|(rule, _)| *rule == finding.rule) else { continue };
        let Some(history) = inputs.histories.get(&finding.file).filter(|history| history.builds > 0) else { continue };
        let line = if *is_labelled {
            finding.labels.first().map(|label| inputs.source(finding.file).line(label.span.start))
        } else {
            finding.instruction_line
        };
        let Some(reruns) = line.and_then(|line| history.reruns_at(line)) else { continue };
        for impact in &mut finding.impact {
            if impact.kind == ImpactKind::RebuildSeconds && impact.saves.is_none() {
                impact.saves = Some(Saving::Reruns { reruns, builds: history.builds });
                impact.evidence =
                    format!("the step reran in {reruns} of the last {} commits, by git history", history.builds);
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
        ];
        price(&mut findings, &inputs);
        assert_eq!(findings[0].impact[0].saves, Some(Saving::Reruns { reruns: 7, builds: 10 }));
        assert!(findings[0].impact[0].evidence.contains("7 of the last 10 commits"), "{findings:?}");
        assert!(findings[1..].iter().all(|finding| finding.impact[0].saves.is_none()));
    }
}
