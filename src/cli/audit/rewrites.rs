//! What `dockopt optimize` would change in the builds of an audit.

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::cli::optimize::default_options;
use crate::finding::{Finding, Findings};
use crate::inputs::{IgnoreInput, Inputs};
use crate::load::EvidenceReader;
use crate::optimize::{Optimized, Optimizer, RewriteStep, passes};
use crate::rules::{self, rules_of_pass};

/// The rule that these findings are of.
pub(super) const RULE: &str = "rewrite-possible";

/// The findings of the rewrites of all builds: their indexes, and what no finding of the rules announces.
pub(super) fn find(inputs: &Inputs, known: &[Finding]) -> Vec<(usize, Findings)> {
    if inputs.unsettled || is_too_large(inputs) {
        return Vec::new();
    }
    let options = default_options(inputs);
    let (reader, optimizer) = (EvidenceReader::new(inputs), Optimizer::new(inputs));
    let find = |index: usize| {
        let rewrite = optimizer.optimize(index, &reader.evidence(index), &options[index]);
        (index, rewrite_findings(inputs, &rewrite, known))
    };
    (0..inputs.builds.len()).into_par_iter().map(find).collect()
}

/// The findings of a rewrite, one for each pass that changes something and whose subject no finding of the files of the build
/// names already. `known`: the findings of the run.
fn rewrite_findings(inputs: &Inputs, optimized: &Optimized, known: &[Finding]) -> Findings {
    let mut findings = Findings::new();
    let (Some(build), Some(rule)) = (inputs.builds.get(optimized.build), rules::find(RULE)) else { return findings };
    let mut files = vec![build.dockerfile];
    if let IgnoreInput::Present(file, _) = build.ignore {
        files.push(file);
    }
    let named: BTreeSet<&str> =
        known.iter().filter(|finding| files.contains(&finding.file)).map(|finding| finding.rule).collect();
    let source = build.file.source();
    let first_line = build.file.instructions().first().map_or(1, |instruction| instruction.start_line);
    for pass in passes() {
        if rules_of_pass(pass.id).iter().any(|rule| named.contains(rule)) {
            continue;
        }
        let steps = optimized.levels.iter().flat_map(|level| &level.steps);
        let steps: Vec<&RewriteStep> = steps.filter(|step| step.pass == pass.id && !is_said(step, &named)).collect();
        let Some(first) = steps.first() else { continue };
        let message = format!("`dockopt optimize` {} (level {})", pass.title, pass.level.number());
        let line = first.line.unwrap_or(first_line);
        let place = source.line_span(line);
        let mut finding = rule.reporter().finding_in(build.dockerfile, source, place, message);
        finding.notes.extend(steps.iter().map(|step| format!("{}: {}", step.what, step.why)));
        findings.push(finding.help("read the whole rewrite with `dockopt optimize --plan`, and the reasons with it"));
    }
    findings
}

/// Whether findings name all that a step fixes.
fn is_said(step: &RewriteStep, named: &BTreeSet<&str>) -> bool {
    !step.rules.is_empty() && step.rules.iter().all(|rule| named.contains(rule))
}

/// Instructions of all files that are fixed to count; each fix looks at them all again, and no real project has as many.
const INSTRUCTIONS: usize = 20_000;

pub(super) fn is_too_large(inputs: &Inputs) -> bool {
    inputs.builds.iter().map(|build| build.file.instructions().len()).sum::<usize>() > INSTRUCTIONS
}
