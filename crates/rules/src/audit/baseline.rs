//! A report against a baseline: what it would be known by, and what is left of it.

use super::{BaselineEffect, Report};
use crate::finding::{BaselineFinding, text_fingerprints};

/// The findings of a report as a baseline knows them. `place` says where a file lies below the baseline's folder.
pub fn baseline_findings(report: &Report, place: impl Fn(&str) -> String) -> Vec<BaselineFinding> {
    let files: Vec<String> = report.sources.iter().map(|source| place(source.name())).collect();
    let prints = text_fingerprints(&report.findings, &report.sources);
    let baseline_finding = |(finding, fingerprint): (&crate::finding::Finding, String)| BaselineFinding {
        file: files.get(finding.file.0 as usize).cloned().unwrap_or_default(),
        rule: finding.rule.to_owned(),
        fingerprint,
    };
    report.findings.iter().zip(prints).map(baseline_finding).collect()
}

/// Takes known findings out of a report, and says how many.
pub fn leave_out(report: &mut Report, is_known: &[bool], fixed: u64) {
    let mut kept_count = 0;
    let places: Vec<Option<usize>> = (0..report.findings.len())
        .map(|index| {
            let stays = !is_known.get(index).copied().unwrap_or(false);
            kept_count += usize::from(stays);
            stays.then(|| kept_count - 1)
        })
        .collect();
    let known = report.findings.len() - kept_count;
    let mut stays = places.iter();
    report.findings.retain(|_| stays.next().is_some_and(Option::is_some));
    for build in &mut report.builds {
        build.findings = build.findings.iter().filter_map(|index| places.get(*index).copied().flatten()).collect();
    }
    report.baselined = Some(BaselineEffect { known: known as u64, fixed });
}
