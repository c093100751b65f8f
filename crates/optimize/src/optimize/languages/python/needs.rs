//! What slim bases lack of Debian: packages that build Python dependencies, and packages that these load when they run.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence;
use super::run_parts::{PartPurpose, parts};
use super::system::{call_any, distributions, imports_tk, package_of, packages, starters, uses_git};
use crate::build::toolchain::is_build_package;
use crate::build::{Reference, SlimImage, Stage, StageBase};
use crate::data;
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, python_name, version_numbers};
use crate::optimize::debian::{is_full, libraries, suite};
use crate::optimize::pass_input::PassInput;
use crate::shell::{Invocation, Manager, PackageSource, parse};
use crate::sources::patterns;
use crate::text::path;

/// The distributions that may be installed, by name, with whether they were named in a RUN.
fn dists(input: &PassInput, stage: &Stage) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for project in input.projects_of(Ecosystem::Python) {
        names.extend(project.dependencies.iter().map(|dependency| dependency.name.clone()));
        for locked in project.installs.iter().filter_map(|install| install.locked.as_ref()) {
            names.extend(locked.packages.keys().cloned());
        }
    }
    for run in input.build.scripts(stage) {
        let invocations = run.invocations();
        let calls = invocations.iter().filter_map(Invocation::package_call);
        let calls = calls.filter(|call| matches!(call.manager, Manager::Pip | Manager::Uv));
        names.extend(calls.flat_map(|call| call.packages).map(|package| python_name(package.name.text)));
    }
    // `psycopg[binary]` brings its own libpq, and `psycopg[c]` is compiled; the manifest's reader leaves extras out.
    let has = |extra: &str| input.evidence.holding(&[extra]).next().is_some();
    if names.contains("psycopg") {
        if names.contains("psycopg-binary") || has("psycopg[binary") {
            names.remove("psycopg");
        }
        if has("psycopg[c]") {
            names.insert("psycopg-c".to_owned());
        }
    }
    names
}

/// Packages of a run-time stage with sets for lookups.
type PackageNames = BTreeSet<String>;

/// Debian packages that a build stage needs besides what a slim Python base has; empty: the slim base suffices. `None`
/// where something has to be compiled or that is not known, so the full base has to stay under the stage; also for stages
/// that install nothing of Python.
pub(in crate::optimize) fn build_packages(input: &PassInput, stage: usize) -> Option<BTreeSet<String>> {
    let stage = input.build.stages().get(stage)?;
    let mut installed = PackageNames::new();
    let (mut installs, mut tools) = (false, false);
    let mut programs = BTreeSet::new();
    for (index, _) in input.build.instructions_of(stage, Keyword::Run) {
        let parts = parts(input, index, false)?;
        installs |= parts.iter().any(|part| part.purpose == PartPurpose::Install);
        tools |= parts.iter().any(|part| part.purpose == PartPurpose::Tool);
        for part in &parts {
            installed.extend(packages(part).into_iter().map(str::to_owned));
            for invocation in &part.invocations {
                programs.extend(invocation.program);
                let is_git = |package: &crate::shell::Package| {
                    package.source == PackageSource::Url && package.name.text.starts_with("git+")
                };
                let urls = invocation.package_call().is_some_and(|call| call.packages.iter().any(is_git));
                programs.extend(urls.then_some("git"));
            }
        }
    }
    // A stage that exports a list of dependencies installs a tool alone, and those come as wheels.
    if !(installs || tools) || installs && (compiles_itself(input) || compiles_unknown(input, stage, &installed)) {
        return None;
    }
    programs.extend(uses_git(input).then_some("git"));
    let compilers = if installs { compilers(input, stage) } else { Vec::new() };
    let packages = programs.into_iter().filter_map(package_of).chain(compilers).map(str::to_owned);
    Some(packages.filter(|name| !installed.contains(name)).collect())
}

/// What compiles the dependencies that are known to have no wheels.
fn compilers(input: &PassInput, stage: &Stage) -> Vec<&'static str> {
    let dists = dists(input, stage);
    let late = without_wheels(input, stage, &dists).unwrap_or_default();
    let rows = distributions().filter(|row| if row.wheel { late.contains(row.dist) } else { dists.contains(row.dist) });
    rows.flat_map(|row| row.build).collect()
}

/// Whether a dependency may be compiled, as far as an author tells who installs a compiler.
pub(in crate::optimize) fn may_compile(input: &PassInput, stage: &Stage) -> bool {
    !compilers(input, stage).is_empty() || compiles_unknown(input, stage, &PackageNames::from(["gcc".to_owned()]))
}

/// Whether a dependency may be compiled by nobody knows what: it has no wheels for this Python, or the author installs a
/// compiler and it is not known that nothing needs it.
fn compiles_unknown(input: &PassInput, stage: &Stage, installed: &PackageNames) -> bool {
    let dists = dists(input, stage);
    let locks = input.projects().iter().filter_map(|project| project.install()?.locked.as_ref());
    let comes_built: BTreeSet<&str> = locks
        .flat_map(|locked| &locked.packages)
        .filter(|(_, package)| package.scripts == Some(false))
        .map(|(name, _)| name.as_str())
        .collect();
    let base_packages: PackageNames =
        input.projects().iter().filter_map(|project| Some(python_name(project.name.as_deref()?))).collect();
    let is_known = |name: &String| {
        comes_built.contains(name.as_str())
            || base_packages.contains(name)
            || crate::manifest::has_wheels(name)
            || distributions().any(|row| (row.wheel || !row.build.is_empty()) && row.dist == name)
    };
    let compiler = installed.iter().any(|name| is_build_package(name));
    let unbuilt = |name: &String| distributions().any(|row| !row.wheel && row.build.is_empty() && row.dist == name);
    dists.iter().any(unbuilt) || older_than_wheels(input, stage, &dists) || (compiler && !dists.iter().all(is_known))
}

/// Whether a stage compiles dependencies of which it is not known what they load when they run: they have no wheel for its
/// Python, or none at all.
pub(in crate::optimize) fn links_unknown(input: &PassInput) -> bool {
    let installs = |stage: &Stage| {
        let mut runs = input.build.instructions_of(stage, Keyword::Run);
        runs.any(|(index, _)| {
            parts(input, index, false).into_iter().flatten().any(|part| part.purpose == PartPurpose::Install)
        })
    };
    let mut stages = input.build.needed_stages().filter(|stage| installs(stage));
    stages.any(|stage| older_than_wheels(input, stage, &dists(input, stage)))
}

/// Whether something has no wheel for the stage's Python, or none yet in the version that is pinned, and what it is
/// compiled with is not known.
fn older_than_wheels(input: &PassInput, stage: &Stage, dists: &PackageNames) -> bool {
    let compilable: BTreeSet<&str> = distributions().filter(|row| !row.build.is_empty()).map(|row| row.dist).collect();
    let names = without_wheels(input, stage, dists);
    names.is_none_or(|names| names.iter().any(|name| !compilable.contains(name.as_str())))
}

/// What has no wheel for the stage's Python, or none yet in the version that is pinned; `None` where nobody knows the Python.
fn without_wheels(input: &PassInput, stage: &Stage, dists: &PackageNames) -> Option<PackageNames> {
    let StageBase::Image(image) = input.build.root_base(stage) else { return None };
    let tag = Reference::of(image).tag.unwrap_or_default().trim_start_matches("python");
    let minor = tag.split(['-', '.']).nth(1).and_then(|text| text.parse::<usize>().ok());
    let column = match minor {
        Some(minor @ 8..=14) => minor - 7,
        Some(_) => return Some(PackageNames::new()),
        None => 7,
    };
    let firsts: BTreeMap<&str, &str> =
        data::PYTHON_WHEELS.rows().filter_map(|cells| Some((*cells.first()?, *cells.get(column)?))).collect();
    let first = |name: &str| firsts.get(name).copied();
    let mut late: PackageNames = dists.iter().filter(|name| first(name) == Some("-")).cloned().collect();
    let older =
        |name: &str, version: &str| first(name).is_some_and(|first| version_numbers(version) < version_numbers(first));
    for project in input.projects_of(Ecosystem::Python) {
        let pins = project.dependencies.iter().filter_map(|dependency| {
            let pinned = dependency.requirement.as_deref().and_then(|text| text.trim().strip_prefix("=="));
            Some((dependency.name.as_str(), dependency.version.as_deref().or(pinned)?))
        });
        let locked = project.installs.iter().filter_map(|install| install.locked.as_ref());
        let locked = locked.flat_map(|locked| &locked.packages);
        let locked = locked.filter_map(|(name, package)| Some((name.as_str(), package.version.as_deref()?)));
        let names = pins.chain(locked).filter(|(name, version)| older(name, version)).map(|(name, _)| name.to_owned());
        late.extend(names);
    }
    Some(late)
}

/// Whether the project itself may be compiled when it is installed.
fn compiles_itself(input: &PassInput) -> bool {
    let mut texts = input.evidence.texts.iter();
    texts.any(|(path, text)| {
        matches!(path::name(path), "setup.py" | "pyproject.toml")
            && patterns::shows(text, "is compiled when it is installed")
    })
}

/// Debian packages that the final stage needs on a slim base and that only the full one had: libraries of dependencies,
/// and programs that the sources start.
pub(in crate::optimize) fn run_packages(input: &PassInput) -> BTreeSet<String> {
    let mut needed = PackageNames::new();
    let Some(target) = input.build.target() else { return needed };
    if let Some(observed) = &input.evidence.observed {
        needed.extend(observed.packages.iter().cloned());
        needed.extend(observed.programs.iter().filter_map(|name| package_of(name)).map(str::to_owned));
    }
    let suite = suite(input, target).unwrap_or("trixie");
    let mut installed: PackageNames = PackageNames::new();
    for stage in input.build.needed_stages() {
        let ships = input.build.ships(stage);
        let mut dists = dists(input, stage);
        let mut headers: Vec<&str> = Vec::new();
        for (index, _) in input.build.instructions_of(stage, Keyword::Run) {
            for part in parts(input, index, false).into_iter().flatten() {
                let names = packages(&part).into_iter().map(str::to_owned);
                if ships {
                    installed.extend(names);
                } else if input.evidence.observed.is_none() {
                    let binary = dists.contains("psycopg2-binary") || dists.contains("psycopg-binary");
                    let linked = ["psycopg2", "psycopg", "psycopg-c"].iter().any(|name| dists.contains(*name));
                    let names = names.filter(|name| name != "libpq-dev" || linked || !binary);
                    let known = names.filter_map(|name| libraries(&name, suite)).filter(|known| known.full);
                    needed.extend(known.flat_map(|known| known.names).map(str::to_owned));
                }
            }
        }
        for row in distributions().filter(|row| dists.remove(row.dist)) {
            needed.extend(row.run.iter().map(|name| (*name).to_owned()));
            headers.extend(&row.build);
        }
        let known = headers.into_iter().filter_map(|name| libraries(name, suite));
        needed.extend(known.flat_map(|known| known.names).map(str::to_owned));
    }
    needed.extend(programs(input, target).into_iter().filter_map(|name| package_of(&name)).map(str::to_owned));
    needed.extend(imports_tk(input).then(|| "libtk8.6".to_owned()));
    needed.retain(|name| !installed.contains(name));
    needed
}

/// Programs that a container or the RUNs of the shipped stages call.
fn programs(input: &PassInput, target: &Stage) -> BTreeSet<String> {
    let mut packages = BTreeSet::new();
    let mut texts: Vec<String> =
        evidence::scripts(input, target).into_iter().map(|(_, text)| text.to_owned()).collect();
    let services = input.evidence.services.iter();
    texts.extend(services.flat_map(|service| service.command.iter().chain(&service.healthcheck)).cloned());
    for text in &texts {
        packages
            .extend(parse(text).invocations().iter().filter_map(|invocation| invocation.program.map(str::to_owned)));
    }
    for stage in input.build.chain(target) {
        // What HEALTHCHECK calls is the slim base's question: it may say the check in the base's own language.
        let calls = |index: &usize| input.build.instruction(*index).keyword != Keyword::Healthcheck;
        for index in stage.instructions.clone().filter(calls) {
            let Some(code) = input.build.code(index) else { continue };
            for invocation in code.script.invocations() {
                packages.extend(invocation.program.map(str::to_owned));
                if invocation.is("command") || invocation.is("which") {
                    packages.extend(invocation.args.iter().map(|word| word.text().to_owned()));
                }
            }
        }
    }
    let starters = starters(input);
    packages.extend(SlimImage::called_by_name().filter(|name| call_any(&starters, name)).map(str::to_owned));
    packages
}

/// Whether the base of a stage brings a package that only builds, so that installing it there does nothing.
pub(in crate::optimize) fn is_in_base(input: &PassInput, stage: &Stage, name: &str) -> bool {
    let headers = || libraries(name, suite(input, stage).unwrap_or("trixie")).is_some_and(|known| known.headers);
    // Who installs a compiler may know why: it stays where a dependency is not known to come as a wheel.
    is_full(input, stage) && (data::SYSTEM_PACKAGES.has(name, "full-python") || headers()) && !may_compile(input, stage)
}
