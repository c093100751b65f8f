//! Findings in a template: those that hold however it is rendered.

use super::{Category, find};
use crate::build::Build;
use crate::dockerfile::{is_open, is_steered};
use crate::finding::Findings;
use crate::inputs::Inputs;

/// Takes out what rests on an instruction that the template's program writes, and what parts that come and go only seem to
/// do wrong together. Edits are for Dockerfiles.
pub(super) fn limit(inputs: &Inputs, build: &Build, findings: Findings) -> Findings {
    let input = build.input();
    if input.template.is_none() {
        return findings;
    }
    let original = inputs.source(input.dockerfile);
    let steered = is_steered(original);
    let mut held = Findings::new();
    for mut finding in findings.into_sorted() {
        let own = |line: u32| input.file.instructions().iter().find(|instruction| instruction.start_line == line);
        let open = finding.instruction_line.and_then(own).is_some_and(|own| is_open(original, &input.file, own.span));
        let category = find(finding.rule).map(|rule| rule.metadata().category);
        if finding.file != input.dockerfile || !(open || (steered && category == Some(Category::Correctness))) {
            finding.fixes.clear();
            held.push(finding);
        }
    }
    held
}
