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
    if let Some((place, between)) = each(input, stage, |index, call| own_list(input, index, call, *first)) {
        let text: String = names.iter().flat_map(|name| [between.as_str(), *name]).collect();
        return vec![input.edit(Span::at(place), text)];
    }
    let newline = input.newline();
    let text = apt_install(&names.join(" ")).replace('\n', newline);
    let at = input.instruction_span(stage.start).end;
    let open = if input.source().slice(input.instruction_span(stage.start)).ends_with('\n') { "" } else { newline };
    vec![input.edit(Span::at(at), format!("{open}{text}{newline}"))]
}

/// Where the author's list of packages ends, and what stands between its words; `None` where it comes too late.
fn own_list(input: &PassInput, index: usize, call: &PackageCall, first: usize) -> Option<(u32, String)> {
    let code = input.build.code(index).filter(|code| index < first && !code.is_exec())?;
    let place = |span: Span| code.place(input.file(), span);
    let words: Vec<Span> = call.packages.iter().map(|package| place(package.span)).collect();
    let plain = call.packages.iter().all(|package| package.source == PackageSource::Index && !package.absent);
    if !plain {
        return None;
    }
    let last = words.last()?;
    let source = input.source();
    let between = match words.as_slice() {
        [.., before, last] if before.end < last.start => source.slice(Span::new(before.end, last.start)),
        _ => " ",
    };
    // Comments between the words are not repeated.
    let blank = between.chars().all(|c| c.is_whitespace() || c == input.file().escape());
    Some((last.end, if blank { between.to_owned() } else { " ".to_owned() }))
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
