//! What `dockopt optimize` would change in the builds of an audit.

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::cli::optimize::default_options;
use crate::finding::{Finding, Findings};
use crate::inputs::{IgnoreInput, Inputs};
use crate::load::EvidenceReader;
use crate::optimize::{Optimized, Optimizer, PassInfo, RewriteStep, passes};
use crate::rules::{self, rules_of_pass};
use crate::text::joined;

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

/// The finding of a rewrite: the passes that change something and whose subject no finding of the files of the build names
/// already. `known`: the findings of the run.
fn rewrite_findings(inputs: &Inputs, optimized: &Optimized, known: &[Finding]) -> Findings {
    let mut findings = Findings::new();
    let (Some(build), Some(rule)) = (inputs.builds.get(optimized.build), rules::find(RULE)) else { return findings };
    let mut files = vec![build.dockerfile];
    if let IgnoreInput::Present(file, _) = build.ignore {
        files.push(file);
    }
    let named: BTreeSet<&str> =
        known.iter().filter(|finding| files.contains(&finding.file)).map(|finding| finding.rule).collect();
    let unsaid: Vec<(PassInfo, Vec<&RewriteStep>)> = passes()
        .filter(|pass| !rules_of_pass(pass.id).iter().any(|rule| named.contains(rule)))
        .map(|pass| (pass, unsaid_steps(optimized, &pass, &named)))
        .filter(|(_, steps)| !steps.is_empty())
        .collect();
    let source = build.file.source();
    let first_line = build.file.instructions().first().map_or(1, |instruction| instruction.start_line);
    let all = || unsaid.iter().flat_map(|(_, steps)| steps);
    let Some(line) = all().map(|step| step.line.unwrap_or(first_line)).next() else { return findings };
    let titles: Vec<&str> = unsaid.iter().map(|(pass, _)| pass.title).collect();
    let levels: BTreeSet<u8> = unsaid.iter().map(|(pass, _)| pass.level.number()).collect();
    let levels: Vec<String> = levels.iter().map(u8::to_string).collect();
    let noun = if levels.len() == 1 { "level" } else { "levels" };
    let message = format!("`dockopt optimize` {} ({noun} {})", titles_of(&titles), joined(&levels));
    let mut finding = rule.reporter().finding_in(build.dockerfile, source, source.line_span(line), message);
    finding.notes.extend(all().map(|step| format!("{}: {}", step.what, step.why)));
    findings.push(finding.help("read the whole rewrite with `dockopt optimize --plan`, and the reasons with it"));
    findings
}

/// Titles that a message has room for.
const NAMED: usize = 4;

fn titles_of(titles: &[&str]) -> String {
    match titles.len() {
        0..=NAMED => joined(titles),
        count => format!("{} and makes {} more changes", titles[..NAMED - 1].join(", "), count + 1 - NAMED),
    }
}

/// The steps of a pass that no findings announce.
fn unsaid_steps<'o>(optimized: &'o Optimized, pass: &PassInfo, named: &BTreeSet<&str>) -> Vec<&'o RewriteStep> {
    let steps = optimized.levels.iter().flat_map(|level| &level.steps);
    steps.filter(|step| step.pass == pass.id && !is_said(step, named)).collect()
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
