//! Findings in a template: those that are true however it is rendered.

use super::{Category, find};
use crate::build::Build;
use crate::dockerfile::{is_open, is_steered};
use crate::finding::Findings;
use crate::inputs::{BuildInput, Inputs};
use crate::text::Embedding;

/// Removes findings that depend on an instruction which the template generates, and findings about a combination of
/// optional parts. Fixes are for Dockerfiles only.
pub(super) fn limit(inputs: &Inputs, build: &Build, findings: Findings) -> Findings {
    let input = build.input();
    let original = inputs.source(input.dockerfile);
    if let Some(embedding) = original.embedding().filter(|embedding| !embedding.is_writable()) {
        return limit_embedded(input, embedding, findings);
    }
    if input.template.is_none() {
        return findings;
    }
    let steered = is_steered(original);
    let mut findings_of_host = Findings::new();
    for mut finding in findings.into_sorted() {
        let instruction_at =
            |line: u32| input.file.instructions().iter().find(|instruction| instruction.start_line == line);
        let open = finding
            .instruction_line
            .and_then(instruction_at)
            .is_some_and(|instruction| is_open(original, &input.file, instruction.span));
        let category = find(finding.rule).map(|rule| rule.metadata().category);
        if finding.file != input.dockerfile || !(open || (steered && category == Some(Category::Correctness))) {
            finding.fixes.clear();
            findings_of_host.push(finding);
        }
    }
    findings_of_host
}

/// The same for a Dockerfile that is embedded in another file, which inserts text into it or in which it can't be
/// edited.
fn limit_embedded(input: &BuildInput, embedding: &Embedding, findings: Findings) -> Findings {
    let mut findings_of_host = Findings::new();
    for mut finding in findings.into_sorted() {
        if finding.file == input.dockerfile {
            let line = finding.instruction_line.unwrap_or_else(|| input.file.source().line(finding.span.start));
            let instruction = input.file.instructions().iter().find(|instruction| instruction.start_line == line);
            let end = instruction.map_or(line, |instruction| instruction.end_line);
            if embedding.open.iter().any(|open| (line..=end).contains(open)) {
                continue;
            }
        }
        finding.fixes.clear();
        findings_of_host.push(finding);
    }
    findings_of_host
}
