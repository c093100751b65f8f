//! What is wrong with the inputs, and what else a reader should know.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::{ProblemReport, Report};
use crate::report::layout::{Layout, Tone, push};
use crate::report::text;
use crate::report::units::count;
use crate::text::Source;

/// Places of a problem that are named.
const PLACES: usize = 3;

/// Errors with the lines that they are about: they come before all results. What may be wrong comes after them, each once.
pub(super) fn problems(report: &Report, errors: bool, layout: Layout) -> String {
    let problems = report.read_problems().filter(|problem| problem.error == errors);
    if errors {
        return problems.map(|problem| text::problem(&report.sources, problem, layout)).collect();
    }
    let mut groups: Vec<(&ProblemReport, Vec<String>)> = Vec::new();
    let mut known = BTreeMap::new();
    for problem in problems {
        let place = problem.place.map(|place| format!(":{}", place.line)).unwrap_or_default();
        let place = format!("{}{place}", problem.file);
        let at = *known.entry((&problem.message, &problem.help)).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, places)) => places.push(place),
            None => groups.push((problem, vec![place])),
        }
    }
    let mut out = String::new();
    for (problem, mut places) in groups {
        let more = places.len().saturating_sub(PLACES);
        places.truncate(PLACES);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        let line = format!("warning: {} ({}{more}){help}", problem.message, places.join(", "));
        push(&mut out, text::clip(&line).as_ref(), 0, layout, Tone::Warning);
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// The notices. Of several builds, how each was found is told with `all` only.
pub(super) fn notes(report: &Report, layout: Layout, all: bool) -> String {
    let names: BTreeSet<&str> = report
        .builds
        .iter()
        .filter_map(|build| report.sources.get(build.dockerfile.0 as usize))
        .map(Source::name)
        .collect();
    let is_of_build = |text: &str| text.split_once(": ").is_some_and(|(name, _)| names.contains(name));
    let (mut out, mut hidden) = (String::new(), 0);
    for notice in &report.notices {
        if !all && report.builds.len() > 1 && is_of_build(&notice.text) {
            hidden += 1;
            continue;
        }
        push(&mut out, &notice.text, 0, layout, Tone::Dim);
    }
    if hidden > 0 {
        let text = format!("… {} on how the builds were found (--all)", count(hidden, "note"));
        push(&mut out, &text, 0, layout, Tone::Dim);
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}
