//! Debian packages that gems need (`data/gem_system_packages.tsv`).

use std::collections::BTreeSet;

use crate::build::{Stage, StageBase};
use crate::data;
use crate::manifest::{Ecosystem, LockedPackages, Tool};
use crate::optimize::debian::{libraries, suite};
use crate::optimize::pass_input::PassInput;
use crate::shell::{Manager, Verb};

fn row(gem: &str) -> Option<(&'static str, &'static str)> {
    match data::GEM_SYSTEM_PACKAGES.row(&gem.replace('_', "-"))? {
        &[_, build, run, ..] => Some((build, run)),
        _ => None,
    }
}

/// What Bundler's lock files hold.
fn locks<'a>(input: &PassInput<'a>) -> impl Iterator<Item = &'a LockedPackages> {
    let ruby = input.projects_of(Ecosystem::Ruby);
    let installs = ruby.flat_map(|project| &project.installs).filter(|install| install.tool == Tool::Bundler);
    installs.filter_map(|install| install.locked.as_ref())
}

/// Names of the gems that the lock files name, where there are any.
fn locked(input: &PassInput) -> Option<BTreeSet<String>> {
    let mut all = locks(input).peekable();
    all.peek()?;
    Some(all.flat_map(|locked| locked.packages.keys().cloned()).collect())
}

/// Debian packages that a stage needs on a slim base to install its gems: empty where slim suffices, `None` where that
/// isn't known.
pub(in crate::optimize) fn build_packages(input: &PassInput, stage: usize) -> Option<BTreeSet<String>> {
    let stage = input.build.stages().get(stage)?;
    let mut gems = BTreeSet::new();
    for (index, _) in input.build.instructions(stage) {
        let Some(code) = input.build.code(index) else { continue };
        for call in code.script.invocations().iter().filter_map(crate::shell::Invocation::package_call) {
            match (call.manager, call.verb) {
                (Manager::Gem, Verb::Install) if !call.has_unknown_packages() => {
                    gems.extend(call.packages.iter().map(|package| package.name.text.to_owned()));
                }
                (Manager::Gem, Verb::Install) => return None,
                (Manager::Bundle, Verb::Install) => gems.extend(locked(input)?),
                _ => {}
            }
        }
    }
    // Bundler and its like are Ruby alone; of most others some gem below them is not.
    let plain = ["bundler", "rake", "foreman", "rack"];
    if gems.iter().all(|gem| plain.contains(&&**gem)) {
        return Some(BTreeSet::new());
    }
    let mut all: BTreeSet<String> = ["gcc", "g++", "make", "libc6-dev"].into_iter().map(str::to_owned).collect();
    all.extend(gems.iter().filter_map(|gem| row(gem)).flat_map(|(build, _)| data::words(build)).map(str::to_owned));
    if locks(input).any(|locked| locked.from_git) {
        all.extend(["git", "ca-certificates"].map(str::to_owned));
    }
    Some(all)
}

/// Debian packages that a slim base lacks and the installed gems need at run time.
pub(in crate::optimize) fn run_packages(input: &PassInput) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let Some(target) = input.build.target() else { return all };
    let Some(gems) = locked(input) else { return all };
    if !stands_on_ruby(input, target) {
        return all;
    }
    let suite = suite(input, target).unwrap_or("trixie");
    for (build, run) in gems.iter().filter_map(|gem| row(gem)) {
        let known: Vec<&str> =
            data::words(build).filter_map(|header| libraries(header, suite)).flat_map(|known| known.names).collect();
        let names = data::words(run).filter(|word| !data::SYSTEM_PACKAGES.has(word, "ruby"));
        let names = names.filter(|name| suite == "trixie" || known.is_empty() || !name.contains(char::is_numeric));
        all.extend(names.map(|name| if suite == "trixie" { name } else { name.trim_end_matches("t64") }.to_owned()));
        all.extend(
            known
                .into_iter()
                .filter(|name| suite != "trixie" && !data::SYSTEM_PACKAGES.has(name, "ruby"))
                .map(str::to_owned),
        );
    }
    if gems.contains("tzinfo") && !gems.contains("tzinfo-data") {
        all.insert("tzdata".to_owned());
    }
    all
}

/// Headers that a stage no longer installs, as the libraries that run; `None` where one is not known.
pub(in crate::optimize) fn run_time(input: &PassInput, stage: &Stage, headers: &[&str]) -> Option<BTreeSet<String>> {
    let suite = suite(input, stage).unwrap_or("trixie");
    let mut all = BTreeSet::new();
    for header in headers.iter().filter(|name| name.ends_with("-dev")) {
        all.extend(libraries(header, suite)?.names.into_iter().map(str::to_owned));
    }
    Some(all)
}

fn stands_on_ruby(input: &PassInput, stage: &Stage) -> bool {
    matches!(input.build.root_base(stage), StageBase::Image(image) if crate::build::Reference::of(image).short_name() == "ruby")
}
