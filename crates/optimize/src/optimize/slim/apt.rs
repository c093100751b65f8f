//! Debian packages of a stage: what its RUNs install, and where further packages are added.

use super::reason::FullBaseReason;
use std::collections::BTreeMap;

use crate::build::{Age, Stage};
use crate::data;
use crate::finding::FileEdit;
use crate::optimize::new_stage::apt_install;
use crate::optimize::pass_input::PassInput;
use crate::shell::{Invocation, Manager, PackageCall, PackageSource, Verb};
use crate::text::Span;

/// Packages and the instruction that needs each first; `usize::MAX` where only the container does.
pub(super) type WantedPackages = BTreeMap<String, usize>;

/// Takes a package, or moves it to an earlier user.
pub(super) fn want(wanted: &mut WantedPackages, package: &str, at: usize) {
    let known = wanted.entry(package.to_owned()).or_insert(at);
    *known = at.min(*known);
}

/// The calls of apt that install in a stage, with their instructions.
fn each<T>(input: &PassInput, stage: &Stage, mut look: impl FnMut(usize, &PackageCall) -> Option<T>) -> Option<T> {
    input.build.own_runs(stage).find_map(|run| {
        let invocations = run.invocations();
        let calls = invocations.iter().filter_map(Invocation::package_call);
        let mut installs = calls.filter(|call| call.manager == Manager::Apt && call.verb == Verb::Install);
        installs.find_map(|call| look(run.index, &call))
    })
}

/// The instruction of a stage's chain that installs a package, no later than `at`.
pub(super) fn installs(input: &PassInput, stage: &Stage, package: &str, at: usize) -> bool {
    input.build.chain(stage).any(|below| {
        let named = |index: usize, call: &PackageCall| {
            let has = call.packages.iter().any(|listed| !listed.absent && listed.name.text == package);
            (has && index <= at).then_some(())
        };
        each(input, below, named).is_some()
    })
}

/// Edits that install packages in a stage, before the instructions that need them: with the author's own, where that is
/// early enough, else right behind FROM.
pub(super) fn install(input: &PassInput, stage: &Stage, wanted: &WantedPackages) -> Vec<FileEdit> {
    let missing: WantedPackages = wanted
        .iter()
        .filter(|(package, at)| !installs(input, stage, package, **at))
        .map(|(package, at)| (package.clone(), *at))
        .collect();
    let Some(first) = missing.values().min() else { return Vec::new() };
    let names: Vec<&str> = missing.keys().map(String::as_str).collect();
    if let Some(edits) = each(input, stage, |index, call| add_to_list(input, (index, call), *first, &names)) {
        return edits;
    }
    let newline = input.newline();
    let text = apt_install(&names.join(" ")).replace('\n', newline);
    let at = input.instruction_span(stage.start).end;
    let open = if input.source().slice(input.instruction_span(stage.start)).ends_with('\n') { "" } else { newline };
    vec![input.edit(Span::at(at), format!("{open}{text}{newline}"))]
}

/// Edits that add packages to the author's list as it is written: each on a line of its own where the last one has such a
/// line, and in its place where the list is sorted. `None` where the list comes too late.
fn add_to_list(
    input: &PassInput,
    (index, call): (usize, &PackageCall),
    first: usize,
    names: &[&str],
) -> Option<Vec<FileEdit>> {
    let code = input.build.code(index).filter(|code| index < first && !code.is_exec())?;
    let plain = call.packages.iter().all(|package| package.source == PackageSource::Index && !package.absent);
    if !plain {
        return None;
    }
    let words: Vec<(Span, &str)> =
        call.packages.iter().map(|package| (code.place(input.file(), package.span), package.name.text)).collect();
    let (last, _) = *words.last()?;
    let between = between_packages(input, last);
    let is_sorted = words.len() > 1 && words.is_sorted_by(|(_, name), (_, next)| name < next);
    let mut texts: BTreeMap<u32, String> = BTreeMap::new();
    for name in names {
        // The last package before it. What comes before all of them is written where the first one stands.
        let before = words.iter().rev().find(|(_, known)| !is_sorted || known < name);
        match before {
            Some((word, _)) => texts.entry(word.end).or_default().push_str(&format!("{between}{name}")),
            None => texts.entry(words[0].0.start).or_default().push_str(&format!("{name}{between}")),
        }
    }
    Some(texts.into_iter().map(|(place, text)| input.edit(Span::at(place), text)).collect())
}

/// What stands between two packages of a list: a line break where the last one is the first word of its line.
fn between_packages(input: &PassInput, last: Span) -> String {
    let source = input.source();
    let line = source.line_span(source.line(last.start));
    let indent = source.slice(Span::new(line.start, last.start));
    if !indent.trim().is_empty() {
        return " ".to_owned();
    }
    format!(" {}{}{indent}", input.file().escape(), input.newline())
}

/// Gives packages that are to be installed the names of the image's release; an error where that cannot be.
pub(super) fn fit(image: &str, lacking: &[String], wanted: &mut WantedPackages) -> Result<(), FullBaseReason> {
    let Some(first) = lacking.first() else { return Ok(()) };
    match Age::of(image) {
        Age::Known => Ok(()),
        Age::Archived => Err(FullBaseReason::ArchivedRelease { package: first.clone() }),
        Age::Old => {
            if let Some(name) = lacking.iter().find(|name| differs(name)) {
                return Err(FullBaseReason::UnknownPackageName { name: name.clone() });
            }
            for name in lacking.iter().filter_map(|name| name.strip_suffix("t64")) {
                if let Some(at) = wanted.remove(&format!("{name}t64")) {
                    wanted.insert(name.to_owned(), at);
                }
            }
            Ok(())
        }
    }
}

/// Whether a library has other names from one release to the next, `t64` aside.
fn differs(name: &str) -> bool {
    let plain = |name: &str| name.trim_end_matches("t64").to_owned();
    let name = plain(name);
    data::LIBRARY_PACKAGES.rows().any(|cells| {
        let &[_, old, new, ..] = cells else { return false };
        let has = |cell| data::words(cell).any(|library| plain(library) == name);
        has(old) != has(new)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_between_releases() {
        assert!(differs("libavcodec61") && differs("libavcodec59"));
        assert!(!differs("libpq5") && !differs("libasound2t64"));
    }
}
