//! What `dockopt optimize` would change in the builds of an audit.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::offers::is_too_large;
use crate::cli::optimize::default_options;
use crate::finding::{Finding, Findings};
use crate::inputs::{IgnoreInput, Inputs};
use crate::load::EvidenceReader;
use crate::optimize::{Level, LevelOutcome, Optimized, Optimizer, passes};
use crate::rules::{self, Reporter, rules_of_pass};
use crate::text::{Source, Span};

/// The rule that these findings are of.
const RULE: &str = "rewrite-possible";

/// The findings of the rewrites of all builds: their indexes, and what no finding of the rules announces.
pub(super) fn find(inputs: &Inputs, known: &[Finding]) -> Vec<(usize, Findings)> {
    if inputs.unsettled || is_too_large(inputs) {
        return Vec::new();
    }
    let options = default_options(inputs);
    let (reader, optimizer) = (EvidenceReader::new(inputs), Optimizer::new(inputs));
    let find = |index: usize| {
        let optimized = optimizer.optimize(index, &reader.evidence(index), &options[index]);
        (index, rewrite_findings(inputs, &optimized, known))
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
    let reporter = Reporter::new(rule);
    for pass in passes() {
        if rules_of_pass(pass.id).iter().any(|rule| named.contains(rule)) {
            continue;
        }
        let changes = optimized.levels.iter().filter_map(|level| describe_changes(level, pass.id));
        for (level, text, line) in changes {
            let message = format!("`dockopt optimize` {text} (level {})", level.number());
            let at = span_of_line(source, line);
            let finding = reporter.finding_in(build.dockerfile, source, at, message);
            findings
                .push(finding.help("read the whole rewrite with `dockopt optimize --plan`, and the reasons with it"));
        }
    }
    findings
}

/// What a pass does in a level, and in which line first.
fn describe_changes(outcome: &LevelOutcome, pass: &str) -> Option<(Level, String, Option<u32>)> {
    let mut steps = outcome.steps.iter().filter(|step| step.pass == pass);
    let first = steps.next()?;
    let text = match steps.count() {
        0 => first.what.clone(),
        1 => format!("{}, and 1 change more", first.what),
        more => format!("{}, and {more} changes more", first.what),
    };
    Some((outcome.level, text, first.line))
}

/// A line without its end; the first instruction where it is not known.
fn span_of_line(source: &Source, line: Option<u32>) -> Span {
    let mut start = 0;
    for (index, text) in source.text().split_inclusive('\n').enumerate() {
        let is_wanted = match line {
            Some(line) => index as u32 + 1 == line,
            None => !text.trim().is_empty() && !text.trim_start().starts_with('#'),
        };
        if is_wanted {
            return Span::new(start, start + text.trim_end().len() as u32);
        }
        start += text.len() as u32;
    }
    Span::at(0)
}
