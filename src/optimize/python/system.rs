//! Debian packages: which ones build Python dependencies, and which ones these load when they run
//! (`data/python_system_packages.tsv`, `data/debian_libraries.tsv`, `data/full_image_programs.tsv`).

use std::collections::{BTreeMap, BTreeSet};

use super::element::{Class, Element, elements};
use super::evidence;
use crate::build::{Base, PackageLists, Reference, Stage};
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, python_name};
use crate::optimize::scene::Scene;
use crate::rules::is_build_package;
use crate::shell::{Invocation, Manager, PackageSource, Verb, Word, parse};

/// What a distribution wants of Debian.
struct Row {
    dist: &'static str,
    wheel: bool,
    build: Vec<&'static str>,
    run: Vec<&'static str>,
}

/// The rows of a table without its comments and header.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.starts_with('#')).skip(1).map(|line| line.split('\t').collect())
}

fn distributions() -> impl Iterator<Item = Row> {
    let list = |cell: &'static str| cell.split(' ').filter(|one| *one != "-").collect();
    rows(include_str!("../../../data/python_system_packages.tsv")).filter_map(move |cells| match cells.as_slice() {
        [dist, wheel, build, run, ..] => Some(Row { dist, wheel: *wheel == "yes", build: list(build), run: list(run) }),
        _ => None,
    })
}

/// Run-time libraries behind a package of headers, and whether a full Python image has them.
struct Libraries {
    names: Vec<&'static str>,
    full: bool,
    /// Whether a full Python image has the headers too.
    headers: bool,
}

/// `None` where the table does not know the package, or not for the release.
fn libraries(package: &str, suite: &str) -> Option<Libraries> {
    let cells = rows(include_str!("../../../data/debian_libraries.tsv"))
        .find(|cells| cells.first().is_some_and(|name| *name == package))?;
    let &[_, trixie, bookworm, full, ..] = cells.as_slice() else { return None };
    let cell = if suite == "bookworm" { bookworm } else { trixie };
    let names = cell.split(' ').filter(|one| *one != "-").collect();
    let (full, headers) = (full != "none", full == "both");
    (!cell.is_empty()).then_some(Libraries { names, full, headers })
}

/// The run-time libraries behind a Debian package of headers; `None` where the table does not know it for the release.
pub(in crate::optimize) fn libraries_of(package: &str, suite: &str) -> Option<Vec<&'static str>> {
    libraries(package, suite).map(|known| known.names)
}

/// The package that brings a program which only the full Python image has.
fn package_of(program: &str) -> Option<&'static str> {
    let cells = rows(include_str!("../../../data/full_image_programs.tsv"))
        .find(|cells| cells.first().is_some_and(|name| *name == program))?;
    cells.get(1).copied()
}

/// The Debian release under a stage, where its tag or a table tells; `None` for other distributions.
fn suite(scene: &Scene, stage: &Stage) -> Option<&'static str> {
    let Base::Image(image) = scene.build.root_base(stage) else { return None };
    PackageLists::of(image).map(|lists| lists.suite)
}

/// What becomes of a package of an install in one of the stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays.
    Stays,
    /// It is not needed there.
    Goes,
    /// These stand in its place.
    Becomes(String),
}

/// Whether a part installs a package that only serves to build.
pub(super) fn builds(element: &Element) -> bool {
    packages(element).iter().any(|name| only_builds(name))
}

/// The system packages that a part installs.
pub(super) fn packages<'e>(element: &'e Element) -> Vec<&'e str> {
    let calls = element.invocations.iter().filter_map(Invocation::package_call);
    let installs = calls.filter(|call| call.manager.is_system() && call.verb == Verb::Install);
    installs.flat_map(|call| call.packages.into_iter().map(|one| one.name.text)).collect()
}

fn only_builds(name: &str) -> bool {
    is_build_package(name) || name.starts_with("postgresql-server-dev") || matches!(name, "python3-dev" | "libtool-bin")
}

/// Build tools that a full Python image has (buildpack-deps: `dpkg-query -W` in the stand-in of python:3.13, 2026-11-20).
const FULL_TOOLS: [&str; 16] = [
    "build-essential",
    "gcc",
    "g++",
    "make",
    "autoconf",
    "automake",
    "libtool",
    "dpkg-dev",
    "libc6-dev",
    "linux-libc-dev",
    "pkg-config",
    "pkgconf",
    "patch",
    "git",
    "curl",
    "python3-dev",
];

/// Whether the base of a stage brings a package that only builds, so that installing it there does nothing.
pub(super) fn is_in_base(scene: &Scene, stage: &Stage, name: &str) -> bool {
    let headers = || libraries(name, suite(scene, stage).unwrap_or("trixie")).is_some_and(|known| known.headers);
    // Who installs a compiler may know why: it stays where a dependency is not known to come as a wheel.
    is_full(scene, stage) && (FULL_TOOLS.contains(&name) || headers()) && !compiles_any(scene, stage, &told_compiler())
}

/// Programs that fetch or unpack things for a build, by package.
const FETCHERS: [(&str, &str); 8] = [
    ("git", "git"),
    ("curl", "curl"),
    ("wget", "wget"),
    ("unzip", "unzip"),
    ("gnupg", "gpg"),
    ("gnupg2", "gpg"),
    ("xz-utils", "tar"),
    ("mercurial", "hg"),
];

/// Whether a package that the author installs is needed to build. `texts` are the RUNs of the build stage.
pub(super) fn serves_build(scene: &Scene, name: &str, texts: &str) -> bool {
    if only_builds(name) {
        return true;
    }
    match FETCHERS.iter().find(|(package, _)| *package == name) {
        Some(("git", _)) => unread(scene) || uses_git(scene) || mentions(texts, "git"),
        Some((_, program)) => mentions(texts, program),
        None => matches!(name, "ca-certificates" | "lsb-release" | "apt-transport-https") && mentions(texts, "curl"),
    }
}

/// What becomes of a package in the run-time stage. `texts` is what the container and the stage's own RUNs call.
pub(super) fn fate_at_run_time(scene: &Scene, stage: &Stage, name: &str, build: &str, texts: &str) -> Fate {
    let full = is_full(scene, stage);
    if name.ends_with("-dev") && only_builds(name) {
        // Where it is not known what stands behind the headers, they stay.
        let apt = suite(scene, stage).map(|suite| libraries(name, suite));
        return match apt {
            Some(Some(known)) if known.names.is_empty() || (known.full && full) => Fate::Goes,
            Some(Some(known)) => Fate::Becomes(known.names.join(" ")),
            _ if matches!(name, "python3-dev" | "libc6-dev" | "musl-dev" | "linux-headers" | "libffi-dev") => {
                Fate::Goes
            }
            _ if name.starts_with("python3") => Fate::Goes,
            _ => Fate::Stays,
        };
    }
    if only_builds(name) {
        return Fate::Goes;
    }
    if crate::rules::is_debug_tool(name) && !mentions(texts, name.split('-').next().unwrap_or(name)) {
        return Fate::Goes;
    }
    match FETCHERS.iter().find(|(package, _)| *package == name) {
        Some((_, program)) if serves_build(scene, name, build) && !mentions(texts, program) => {
            if unread(scene) || sources_call(scene, program) { Fate::Stays } else { Fate::Goes }
        }
        _ => Fate::Stays,
    }
}

fn is_full(scene: &Scene, stage: &Stage) -> bool {
    let Base::Image(image) = scene.build.root_base(stage) else { return false };
    !["slim", "alpine"].iter().any(|word| image.contains(word))
}

/// Whether a word stands in a text.
fn mentions(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))).any(|one| one == word)
}

/// Whether dependencies or the version come from a repository.
pub(super) fn uses_git(scene: &Scene) -> bool {
    let told = scene.source().text().contains("PRETEND_VERSION");
    let version = ["setuptools_scm", "setuptools-scm", "hatch-vcs", "versioningit", "dunamai", "versioneer"];
    let names: Vec<&str> = version.into_iter().filter(|_| !told).chain(["git+"]).collect();
    let manifests = scene.evidence.texts.iter().filter(|(path, _)| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.ends_with(".txt")
            || name.ends_with(".toml")
            || matches!(name, "setup.py" | "setup.cfg" | "Pipfile" | "uv.lock")
    });
    let from_text = |text: &str| names.iter().any(|word| text.contains(word));
    let in_manifest = manifests.into_iter().any(|(_, text)| from_text(text));
    let requirement =
        |one: &crate::manifest::Dependency| one.requirement.as_ref().is_some_and(|text| text.contains("git+"));
    let in_project = scene.projects().iter().any(|project| project.dependencies.iter().any(requirement));
    in_manifest || in_project
}

/// Whether nobody read the sources, so that nothing is known of what they call.
fn unread(scene: &Scene) -> bool {
    scene.evidence.texts.is_empty() || scene.evidence.texts_cut
}

/// Whether a Python source starts a program: `["git", …]`, `("git …`.
fn sources_call(scene: &Scene, program: &str) -> bool {
    let starts = ["subprocess", "os.system", "popen", "shutil.which", "create_subprocess", "import sh"];
    scene
        .evidence
        .texts
        .iter()
        .filter(|(path, _)| evidence::is_source(path))
        .any(|(_, text)| starts.iter().any(|word| text.contains(word)) && calls(text, program))
}

/// Whether a quoted text that begins with the program stands behind `[`, `(` or `=`.
fn calls(text: &str, program: &str) -> bool {
    text.match_indices(program).any(|(at, _)| {
        let Some(before) = text[..at].strip_suffix(['"', '\'']) else { return false };
        let after = text[at + program.len()..].starts_with(['"', '\'', ' ']);
        after && before.trim_end_matches(['f', 'r', ' ', '\n']).ends_with(['[', '(', '='])
    })
}

/// The distributions that may be installed, by name, with whether they were named in a RUN.
fn dists(scene: &Scene, stage: &Stage) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for project in scene.projects().iter().filter(|one| one.ecosystem == Ecosystem::Python) {
        names.extend(project.dependencies.iter().map(|one| one.name.clone()));
        for locked in project.installs.iter().filter_map(|install| install.locked.as_ref()) {
            names.extend(locked.packages.keys().cloned());
        }
    }
    for index in stage.instructions.clone() {
        let Some(code) = scene.build.code(index) else { continue };
        for call in code.script.invocations().iter().filter_map(Invocation::package_call) {
            if matches!(call.manager, Manager::Pip | Manager::Uv) {
                names.extend(call.packages.iter().map(|package| python_name(package.name.text)));
            }
        }
    }
    // `psycopg[binary]` brings its own libpq, and `psycopg[c]` is compiled; the manifest's reader leaves extras out.
    let has = |extra: &str| scene.evidence.texts.values().any(|text| text.contains(extra));
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
type Names = BTreeSet<String>;

/// Debian packages that a build stage needs besides what a slim Python base has; empty: the slim base suffices. `None`
/// where something has to be compiled or that is not known, so the full base has to stay under the stage; also for stages
/// that install nothing of Python.
pub(in crate::optimize) fn build_packages(scene: &Scene, stage: usize) -> Option<BTreeSet<String>> {
    let stage = scene.build.stages().get(stage)?;
    let mut there = Names::new();
    let mut installs = false;
    let mut programs = BTreeSet::new();
    for (index, _) in scene.build.instructions(stage).filter(|(_, one)| one.keyword == Keyword::Run) {
        let elements = elements(scene, index, false)?;
        installs |= elements.iter().any(|one| one.class == Class::Install);
        for element in &elements {
            there.extend(packages(element).into_iter().map(str::to_owned));
            for one in &element.invocations {
                programs.extend(one.program);
                let is_git = |package: &crate::shell::Package| {
                    package.source == PackageSource::Url && package.name.text.starts_with("git+")
                };
                let urls = one.package_call().is_some_and(|call| call.packages.iter().any(is_git));
                programs.extend(urls.then_some("git"));
            }
        }
    }
    if !installs || compiles_itself(scene) || compiles_any(scene, stage, &there) {
        return None;
    }
    programs.extend(uses_git(scene).then_some("git"));
    let found = programs.into_iter().filter_map(package_of).map(str::to_owned);
    Some(found.filter(|name| !there.contains(name)).collect())
}

/// As if the author installed a compiler.
fn told_compiler() -> Names {
    Names::from(["gcc".to_owned()])
}

/// Whether a dependency is compiled when it is installed, or may be: it has no wheels, none for this Python, or the author
/// installs a compiler and it is not known that nothing needs it.
fn compiles_any(scene: &Scene, stage: &Stage, there: &Names) -> bool {
    let dists = dists(scene, stage);
    let without: Vec<&str> = distributions().filter(|row| !row.wheel).map(|row| row.dist).collect();
    let known =
        |name: &String| crate::manifest::has_wheels(name) || distributions().any(|row| row.wheel && row.dist == name);
    let compiler = there.iter().any(|name| is_build_package(name));
    dists.iter().any(|name| without.contains(&name.as_str()))
        || older_than_wheels(scene, stage)
        || (compiler && !dists.iter().all(known))
}

/// Whether a pinned version is older than the first one with a wheel for the stage's Python.
fn older_than_wheels(scene: &Scene, stage: &Stage) -> bool {
    let Base::Image(image) = scene.build.root_base(stage) else { return true };
    let tag = Reference::of(image).tag.unwrap_or_default().trim_start_matches("python");
    let minor = tag.split(['-', '.']).nth(1).and_then(|text| text.parse::<usize>().ok());
    let column = match minor {
        Some(minor @ 10..=14) => minor - 9,
        Some(_) => return false,
        None => 5,
    };
    let firsts: BTreeMap<&str, &str> = rows(include_str!("../../../data/python_wheels.tsv"))
        .filter_map(|cells| Some((*cells.first()?, *cells.get(column)?)))
        .collect();
    let older = |name: &str, version: &str| firsts.get(name).is_some_and(|first| numbers(version) < numbers(first));
    let projects = scene.projects().iter().filter(|one| one.ecosystem == Ecosystem::Python);
    projects.into_iter().any(|project| {
        let pins = project.dependencies.iter().filter_map(|one| {
            let pinned = one.requirement.as_deref().and_then(|text| text.trim().strip_prefix("=="));
            Some((one.name.as_str(), one.version.as_deref().or(pinned)?))
        });
        let locked = project.installs.iter().filter_map(|install| install.locked.as_ref());
        let locked = locked.flat_map(|locked| &locked.packages);
        let locked = locked.filter_map(|(name, package)| Some((name.as_str(), package.version.as_deref()?)));
        pins.chain(locked).any(|(name, version)| older(name, version))
    })
}

/// The leading numbers of a version.
fn numbers(version: &str) -> Vec<u64> {
    version.trim().split('.').map_while(|part| part.parse().ok()).collect()
}

/// Whether the project itself may be compiled when it is installed.
fn compiles_itself(scene: &Scene) -> bool {
    let words = ["ext_modules", "cythonize", "maturin", "setuptools-rust", "scikit-build", "mesonpy", "pybind11"];
    let manifests = scene.evidence.texts.iter().filter(|(path, _)| {
        let name = path.rsplit('/').next().unwrap_or(path);
        matches!(name, "setup.py" | "pyproject.toml")
    });
    manifests.into_iter().any(|(_, text)| words.iter().any(|word| text.contains(word)))
}

/// Debian packages that the final stage needs on a slim base and that only the full one had: libraries of dependencies,
/// and programs that the sources start.
pub(in crate::optimize) fn run_packages(scene: &Scene) -> BTreeSet<String> {
    let mut found = Names::new();
    let Some(target) = scene.build.target() else { return found };
    if let Some(observed) = &scene.evidence.observed {
        found.extend(observed.packages.iter().cloned());
        found.extend(observed.programs.iter().filter_map(|name| package_of(name)).map(str::to_owned));
    }
    let suite = suite(scene, target).unwrap_or("trixie");
    let mut there: Names = Names::new();
    for stage in scene.build.stages().iter().filter(|stage| scene.build.is_needed(stage)) {
        let ships = scene.build.ships(stage);
        let mut dists = dists(scene, stage);
        let mut headers: Vec<&str> = Vec::new();
        for (index, _) in scene.build.instructions(stage).filter(|(_, one)| one.keyword == Keyword::Run) {
            for element in elements(scene, index, false).into_iter().flatten() {
                let own = packages(&element).into_iter().map(str::to_owned);
                if ships {
                    there.extend(own);
                } else if scene.evidence.observed.is_none() {
                    let binary = dists.contains("psycopg2-binary") || dists.contains("psycopg-binary");
                    let linked = ["psycopg2", "psycopg", "psycopg-c"].iter().any(|name| dists.contains(*name));
                    let own = own.filter(|name| name != "libpq-dev" || linked || !binary);
                    let known = own.filter_map(|name| libraries(&name, suite)).filter(|known| known.full);
                    found.extend(known.flat_map(|known| known.names).map(str::to_owned));
                }
            }
        }
        for row in distributions().filter(|row| dists.remove(row.dist)) {
            found.extend(row.run.iter().map(|name| (*name).to_owned()));
            headers.extend(&row.build);
        }
        let known = headers.into_iter().filter_map(|name| libraries(name, suite));
        found.extend(known.flat_map(|known| known.names).map(str::to_owned));
    }
    found.extend(programs(scene, target).into_iter().filter_map(|name| package_of(&name)).map(str::to_owned));
    found.retain(|name| !there.contains(name));
    found
}

/// Programs that a container or the RUNs of the shipped stages call.
fn programs(scene: &Scene, target: &Stage) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut texts: Vec<String> =
        evidence::scripts(scene, target).into_iter().map(|(_, text)| text.to_owned()).collect();
    let services = scene.evidence.services.iter();
    texts.extend(services.flat_map(|one| one.command.iter().chain(&one.healthcheck)).cloned());
    for text in &texts {
        found.extend(parse(text).invocations().iter().filter_map(|one| one.program.map(str::to_owned)));
    }
    for stage in scene.build.chain(target) {
        // What HEALTHCHECK calls is the slim base's question: it may say the check in the base's own language.
        let calls = |index: &usize| scene.build.instruction(*index).keyword != Keyword::Healthcheck;
        for index in stage.instructions.clone().filter(calls) {
            let Some(code) = scene.build.code(index) else { continue };
            for one in code.script.invocations() {
                found.extend(one.program.map(str::to_owned));
                let words = one.args.iter().map(Word::text).filter(|_| one.is("command") || one.is("which"));
                found.extend(words.map(str::to_owned));
            }
        }
    }
    let known: BTreeMap<&str, &str> = rows(include_str!("../../../data/full_image_programs.tsv"))
        .filter_map(|cells| Some((*cells.first()?, *cells.get(1)?)))
        .collect();
    found.extend(known.keys().filter(|name| sources_call(scene, name)).map(|name| (*name).to_owned()));
    found
}
