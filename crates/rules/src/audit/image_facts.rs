//! What an image tells of findings: their prices are then its bytes and not a table's.

use std::collections::BTreeMap;

use crate::finding::{Basis, CostFrequency, Finding, Impact, ImpactKind, Saving};
use crate::inputs::{CategoryBytes, Inputs, MeasuredBytes, MeasuredImage};
use crate::rules::contents_of;
use crate::text::{FileId, Source};

/// Rules whose findings cost what the instruction deleted, moved or changed of layers below it. Those of others cost
/// what it wrote of [their contents](contents_of), also of what is deleted later.
pub(super) const SPOILED: [(&str, &str); 2] =
    [("deleted-in-later-layer", "deleted"), ("recursive-chown", "metadata_only")];

/// Rules whose findings are about [their contents](contents_of) in the whole image, whichever line or base image brought
/// them.
const WHOLE_IMAGE: [&str; 1] = ["single-stage-build"];

/// A file, a rule, the line of the finding, and the one that it points at.
type FindingLines = (FileId, &'static str, Option<u32>, Option<u32>);

/// Gives findings the prices that images show. Where several of a rule share their lines, whose bytes are whose is not
/// known: they keep their own.
pub(super) fn price(findings: &mut [Finding], inputs: &Inputs) {
    if inputs.measured.is_empty() {
        return;
    }
    let mut shared: BTreeMap<FindingLines, usize> = BTreeMap::new();
    let key = |finding: &Finding| -> FindingLines {
        (finding.file, finding.rule, finding.instruction_line, label(finding, inputs.source(finding.file)))
    };
    for finding in &*findings {
        *shared.entry(key(finding)).or_default() += 1;
    }
    for finding in findings {
        let Some(image) = inputs.measured.get(&finding.file) else { continue };
        if WHOLE_IMAGE.contains(&finding.rule) {
            price_by_tree(finding, image);
            continue;
        }
        let is_alone = shared.get(&key(finding)) == Some(&1);
        let (Some(line), true) = (finding.instruction_line, is_alone) else { continue };
        let origin_line = label(finding, inputs.source(finding.file));
        let spoiled = SPOILED.iter().find(|(rule, _)| *rule == finding.rule);
        let is_own = |bytes: &&MeasuredBytes| {
            if let Some((_, how)) = spoiled {
                return bytes.by == Some(line)
                    && bytes.lost.as_deref() == Some(how)
                    && origin_line.is_none_or(|line| line == bytes.line);
            }
            let category = bytes.category.as_deref();
            bytes.line == line && contents_of(finding.rule).any(|content| Some(content) == category)
        };
        let measured_bytes: Vec<&MeasuredBytes> = image.bytes.iter().filter(is_own).collect();
        replace(finding, image, &measured_bytes);
    }
}

/// Gives a finding the bytes of its contents in the final tree. Those that layers only store are other findings'; where
/// the tree has none, a table's bytes would be wrong.
fn price_by_tree(finding: &mut Finding, image: &MeasuredImage) {
    let is_about = |known: &&CategoryBytes| contents_of(finding.rule).any(|content| content == known.category);
    let parts: Vec<MeasuredBytes> = (image.categories.iter().filter(is_about))
        .map(|known| MeasuredBytes { bytes: known.bytes, compressed: known.compressed, ..MeasuredBytes::default() })
        .collect();
    finding.impact.retain(|impact| !BYTES_OF_IMAGES.contains(&impact.kind));
    replace(finding, image, &parts.iter().collect::<Vec<_>>());
}

/// The line that a finding points at beside its own.
fn label(finding: &Finding, source: &Source) -> Option<u32> {
    finding.labels.first().map(|label| source.line(label.span.start))
}

const BYTES_OF_IMAGES: [ImpactKind; 2] = [ImpactKind::DiskBytes, ImpactKind::PullBytes];

fn replace(finding: &mut Finding, image: &MeasuredImage, measured_bytes: &[&MeasuredBytes]) {
    let bytes: u64 = measured_bytes.iter().map(|bytes| bytes.bytes).sum();
    if bytes == 0 {
        return;
    }
    finding.impact.retain(|impact| !BYTES_OF_IMAGES.contains(&impact.kind));
    finding.impact.extend(measured_impact(image, measured_bytes));
}

/// What bytes of an image cost: on disk, and if their share of the compressed layers is known, in each pull.
pub(super) fn measured_impact(image: &MeasuredImage, parts: &[&MeasuredBytes]) -> Vec<Impact> {
    let disk_bytes: u64 = parts.iter().map(|bytes| bytes.bytes).sum();
    let compressed: Option<u64> = parts.iter().map(|bytes| bytes.compressed).sum();
    let kinds = [(ImpactKind::DiskBytes, Some(disk_bytes)), (ImpactKind::PullBytes, compressed)];
    let impact = |(kind, bytes): (ImpactKind, Option<u64>)| {
        Some(Impact {
            kind,
            saves: Some(Saving::Bytes(bytes?)),
            per: CostFrequency::Pull,
            basis: Basis::Measured,
            is_least: false,
            evidence: format!("image `{}`", image.name),
        })
    };
    kinds.into_iter().filter_map(impact).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;
    use crate::text::{Source, Span};

    #[test]
    fn rules_exist() {
        assert!(SPOILED.iter().all(|(rule, _)| crate::rules::find(rule).is_some()));
    }

    fn finding(rule: &'static str, line: u32, label: Option<u32>) -> Finding {
        let labels = label.map(|at| crate::finding::Label { span: Span::at(2 * (at - 1)), text: String::new() });
        let typical = |kind| Impact {
            kind,
            saves: None,
            per: CostFrequency::Pull,
            basis: Basis::Typical,
            is_least: false,
            evidence: "table".into(),
        };
        Finding {
            rule,
            codes: Vec::new(),
            severity: Severity::Warning,
            file: FileId(0),
            span: Span::at(0),
            labels: labels.into_iter().collect(),
            instruction_line: Some(line),
            stage: None,
            message: String::new(),
            help: None,
            notes: Vec::new(),
            hidden_by: None,
            impact: vec![typical(ImpactKind::DiskBytes), typical(ImpactKind::ContextBytes)],
            fixes: Vec::new(),
        }
    }

    #[track_caller]
    fn check(findings: &[Finding], expected: &[&str]) {
        let bytes = |line, by: Option<u32>, category: Option<&str>, lost: Option<&str>, bytes: u64| MeasuredBytes {
            line,
            by,
            category: category.map(str::to_owned),
            lost: lost.map(str::to_owned),
            bytes,
            compressed: Some(bytes / 2),
        };
        let image = MeasuredImage {
            name: "app".to_owned(),
            lines: [3, 4, 5, 6].into(),
            doubtful_lines: std::collections::BTreeSet::new(),
            bytes: vec![
                bytes(3, None, Some("apt-lists"), None, 100),
                bytes(3, Some(5), Some("apt-lists"), Some("deleted"), 20),
                bytes(3, None, Some("pip-cache"), None, 7),
                bytes(4, Some(5), None, Some("deleted"), 1000),
                bytes(4, Some(6), None, Some("metadata_only"), 4000),
            ],
            categories: ["compilers", "headers", "docs"]
                .map(|category| CategoryBytes { category: category.to_owned(), bytes: 300, compressed: Some(150) })
                .to_vec(),
            blob_bytes: 0,
        };
        let mut inputs = Inputs::default();
        let file = inputs.add(Source::of("Dockerfile", &"x\n".repeat(9)));
        inputs.measured.insert(file, image);
        let mut findings = findings.to_vec();
        price(&mut findings, &inputs);
        let texts: Vec<String> = findings
            .iter()
            .map(|finding| {
                let impacts = finding.impact.iter().map(|impact| match impact.saves {
                    Some(Saving::Bytes(bytes)) => format!("{} {bytes} {}", impact.kind.name(), impact.basis.name()),
                    _ => format!("{} ?", impact.kind.name()),
                });
                impacts.collect::<Vec<_>>().join(", ")
            })
            .collect();
        assert_eq!(texts, expected);
    }

    #[test]
    fn the_bytes_of_a_line_are_its_findings() {
        let measured =
            |disk: u64| format!("context_bytes ?, disk_bytes {disk} measured, pull_bytes {} measured", disk / 2);
        let unpriced = "disk_bytes ?, context_bytes ?";
        check(&[finding("apt-lists-kept", 3, None)], &[&measured(120)]);
        check(&[finding("apt-lists-kept", 4, None), finding("root-user", 3, None)], &[unpriced, unpriced]);
        check(&[finding("recursive-chown", 6, None)], &[&measured(4000)]);
        check(&[finding("deleted-in-later-layer", 5, None)], &[&measured(1020)]);
        let findings_of_two_lines =
            [finding("deleted-in-later-layer", 5, Some(3)), finding("deleted-in-later-layer", 5, Some(4))];
        check(&findings_of_two_lines, &[&measured(20), &measured(1000)]);
        check(&[finding("single-stage-build", 4, None)], &[&measured(600)]);
        let same = [finding("apt-lists-kept", 3, None), finding("apt-lists-kept", 3, None)];
        check(&same, &[unpriced, unpriced]);
    }
}
