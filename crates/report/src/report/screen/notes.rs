//! What is wrong with the inputs, and what else a reader should know.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::{ProblemReport, Report};
use crate::report::layout::clip;
use crate::report::page::{Block, Section, Tone, toned};
use crate::report::units::count;
use crate::text::Source;

/// Places of a problem that are named.
const PLACES: usize = 3;

/// What may be wrong with the inputs, each once with its places: that for which builds fail, or the rest. Errors come before all
/// results, with their lines.
pub(super) fn warnings(report: &Report, failing: bool) -> Vec<Block> {
    let mut groups: Vec<(&ProblemReport, Vec<String>)> = Vec::new();
    let mut known = BTreeMap::new();
    for problem in report.read_problems().filter(|problem| !problem.error && problem.fails == failing) {
        let place = problem.place.map(|place| format!(":{}", place.line)).unwrap_or_default();
        let place = format!("{}{place}", problem.file);
        let at = *known.entry((&problem.message, &problem.help)).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, places)) => places.push(place),
            None => groups.push((problem, vec![place])),
        }
    }
    let text = |(problem, mut places): (&ProblemReport, Vec<String>)| {
        let more = places.len().saturating_sub(PLACES);
        places.truncate(PLACES);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        let word = if failing { "" } else { "warning: " };
        let line = format!("{word}{} ({}{more}){help}", problem.message, places.join(", "));
        toned(clip(&line), Tone::Warning).into()
    };
    groups.into_iter().map(text).collect()
}

/// The notices. Of several builds, how each was found is told with `all` only.
pub(super) fn notes(report: &Report, all: bool) -> Section {
    let names: BTreeSet<&str> = report
        .builds
        .iter()
        .filter_map(|build| report.sources.get(build.dockerfile.0 as usize))
        .map(Source::name)
        .collect();
    let is_of_build = |text: &str| text.split_once(": ").is_some_and(|(name, _)| names.contains(name));
    let is_hidden = |text: &str| !all && report.builds.len() > 1 && is_of_build(text);
    let mut section = Section::untitled(Vec::new());
    for notice in report.notices.iter().filter(|notice| !is_hidden(&notice.text)) {
        section.push(toned(&notice.text, Tone::Dim));
    }
    let hidden = report.notices.len() - section.blocks.len();
    if hidden > 0 {
        section
            .push(toned(format!("… {} on how the builds were found (--all)", count(hidden as u64, "note")), Tone::Dim));
    }
    section
}
