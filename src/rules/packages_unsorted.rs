//! See `rules/packages-unsorted.md`.

use super::Context;
use crate::build::Run;
use crate::finding::{Findings, Safety};
use crate::shell::{PackageCall, Verb};
use crate::text::Span;

super::rule!("packages-unsorted", check);

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        for invocation in run.invocations() {
            let Some(call) =
                invocation.package_call().filter(|call| call.manager.is_system() && call.verb == Verb::Install)
            else {
                continue;
            };
            let Some((places, sorted)) = lines(&run, &call) else { continue };
            let span = places[0].to(places[places.len() - 1]);
            let edits = places.iter().copied().zip(sorted).collect();
            out.push(
                cx.finding(span, "the packages are not sorted: duplicates and diffs are hard to spot")
                    .help("write one package per line, in alphabetical order")
                    .edits("sort the packages", Safety::Safe, edits),
            );
        }
    }
}

/// The places of packages that have a line each, and their sorted texts; empty if they are sorted or not so simple.
fn lines(run: &Run, call: &PackageCall) -> Option<(Vec<Span>, Vec<String>)> {
    let source = run.file().source();
    let places: Vec<Span> = call.packages.iter().map(|package| run.place(package.span)).collect();
    // A comment in between may apply to the package below it or to several of them; which ones is unknown.
    let first = source.line(places.first()?.start);
    let consecutive = places.iter().zip(first..).all(|(place, line)| source.line(place.start) == line);
    if places.len() < 2 || !consecutive {
        return None;
    }
    let written: Vec<&str> = places.iter().map(|place| source.slice(*place)).collect();
    let is_alone = |place: &Span| {
        let line = source.slice(source.line_span(source.line(place.start)));
        line.trim().trim_end_matches(run.file().escape()).trim_end() == source.slice(*place)
    };
    let simple = |text: &&str| !text.contains(['$', '`', '\n', '#']);
    if !places.iter().all(is_alone) || !written.iter().all(simple) {
        return None;
    }
    let key = |text: &str| text.trim_matches(['"', '\'']).to_ascii_lowercase();
    let mut sorted: Vec<String> = written.iter().map(|text| (*text).to_owned()).collect();
    sorted.sort_by_key(|text| key(text));
    let changed = sorted.iter().zip(&written).any(|(a, b)| a != b);
    changed.then_some((places, sorted))
}
