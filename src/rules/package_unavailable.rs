//! See `rules/package-unavailable.md`.

use std::collections::BTreeMap;

use super::Context;
use crate::build::{Build, Run, Stage, StageBase, releases, stands_on};
use crate::data;
use crate::finding::Findings;
use crate::shell::{Manager, PackageSource, Verb};

super::rule!("package-unavailable", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    // Of each stage that has a RUN, what all of them ask: its suite, unless its packages may come from elsewhere.
    let mut suites: BTreeMap<usize, Option<&str>> = BTreeMap::new();
    for Run { stage, index, code, .. } in cx.build().ordinary_runs() {
        let known = suites.entry(stage.index);
        let known = known.or_insert_with(|| suite(build, stage).filter(|_| !changes_sources(build, stage)));
        let Some(suite) = *known else { continue };
        let text = build.input().file.logical(build.instruction(index).text);
        // An attempt may fail: `apt-get install a || apt-get install b`.
        if text.contains("||") || !code.script.compounds.is_empty() {
            continue;
        }
        for invocation in code.script.invocations() {
            let Some(call) = invocation.package_call() else { continue };
            let installs = call.manager == Manager::Apt && call.verb == Verb::Install;
            if !installs || call.has(&["-t", "--target-release", "--default-release", "--ignore-missing", "-m"]) {
                continue;
            }
            let plain = call
                .packages
                .iter()
                .filter(|package| !package.absent && !package.name.dynamic && package.source == PackageSource::Index);
            for package in plain {
                let Some(cells) = data::ABSENT_PACKAGES.row(package.name.text) else { continue };
                let &[name, suites, instead, date, ..] = cells else { continue };
                if !data::words(suites).any(|known| known == suite) {
                    continue;
                }
                let message =
                    format!("Debian {suite}, on which this stage is based, has no package `{name}`: the install fails");
                let finding = cx.finding(code.place(&build.input().file, package.span), message);
                let finding = finding.help(match instead {
                    "-" => format!("use another package (packages of {date})"),
                    instead => format!("install `{instead}`"),
                });
                out.push(finding);
            }
        }
    }
}

/// The release of Debian that a stage is based on, if its base is Debian's own or an official image on it.
fn suite(build: &Build, stage: &Stage) -> Option<&'static str> {
    let StageBase::Image(image) = build.root_base(stage) else { return None };
    let name = crate::build::Reference::of(image).short_name();
    if name.contains('/') && !name.starts_with("library/") {
        return None;
    }
    let named = releases(image).into_iter().find(|release| release.product == "debian").map(|release| release.name);
    named.or_else(|| stands_on(image))
}

/// Whether a step of the stage may add package sources, or copies files that do.
fn changes_sources(build: &Build, stage: &Stage) -> bool {
    let signs = ["sources.list", "apt-repository", "/etc/apt", "backports", "dpkg"];
    build.chain(stage).any(|stage| {
        build.instructions(stage).any(|(_, instruction)| {
            let text = build.input().file.logical(instruction.text);
            signs.iter().any(|sign| text.contains(sign))
        })
    })
}
