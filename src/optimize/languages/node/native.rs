//! Debian packages that packages of the registry need to compile, or to run.

use std::collections::BTreeSet;

use super::pieces;
use crate::data;
use crate::manifest::{Ecosystem, Locked, LockedPackage, Project};
use crate::optimize::scene::Scene;

/// What node-gyp calls.
const COMPILER: [&str; 3] = ["g++", "make", "python3"];

/// By which npm and its like fetch from repositories.
pub(in crate::optimize) const GIT: [&str; 2] = ["git", "ca-certificates"];

/// Debian packages that a stage needs on a slim base to install its Node dependencies: empty where slim suffices, `None`
/// where that isn't known.
pub(in crate::optimize) fn build_packages(scene: &Scene, stage: usize) -> Option<BTreeSet<String>> {
    let stage = scene.build.stages().get(stage)?;
    let mut packages = BTreeSet::new();
    if let Ok(Some(pieces)) = pieces::read(scene, stage) {
        let locked = pieces.way.and_then(|way| way.locked.as_ref());
        let compiles = match locked {
            Some(locked) => {
                compiles(locked.packages.iter().filter(|(_, one)| !pieces.omits || one.dev_only != Some(true)))
            }
            None => named(pieces.project),
        };
        if compiles {
            packages.extend(COMPILER.map(str::to_owned));
        }
        if from_git(pieces.project, locked) {
            packages.extend(GIT.map(str::to_owned));
        }
        packages.extend(prisma(scene));
    } else {
        // Several installs, or one that can't be taken apart: all that is known of the context counts.
        let nodes = scene.projects().iter().filter(|project| project.ecosystem == Ecosystem::Node);
        for project in nodes {
            let mut locked = project.installs.iter().filter_map(|way| way.locked.as_ref());
            if locked.clone().any(|locked| from_git(project, Some(locked))) || from_git(project, None) {
                packages.extend(GIT.map(str::to_owned));
            }
            if locked.any(|locked| compiles(locked.packages.iter())) || named(project) {
                packages.extend(COMPILER.map(str::to_owned));
            }
        }
        packages.extend(prisma(scene));
    }
    Some(packages)
}

/// Whether one of the packages may be compiled when it is installed.
fn compiles<'l>(packages: impl Iterator<Item = (&'l String, &'l LockedPackage)>) -> bool {
    let packages: Vec<_> = packages.collect();
    // The one for macOS alone is passed on other systems, and what only it depends on may stand here all the same.
    let old_macos = packages.iter().any(|(name, one)| {
        *name == "fsevents" && one.version.as_deref().is_some_and(|version| version.starts_with("1."))
    });
    let sign = packages.iter().any(|(name, _)| {
        data::NODE_PACKAGES.has(name.as_str(), "native") && !(old_macos && matches!(name.as_str(), "nan" | "bindings"))
    });
    let told = packages.iter().any(|(_, one)| one.scripts.is_some());
    let scripts = packages.iter().any(|(name, one)| *name != "fsevents" && one.scripts == Some(true));
    sign && (scripts || !told)
}

/// Whether a package comes from a repository, and not as an archive.
fn from_git(project: &Project, locked: Option<&Locked>) -> bool {
    let asks = |text: &str| {
        let scheme = ["git+", "git:", "git@", "ssh:", "github:", "gitlab:", "bitbucket:", "gist:"];
        let short = text.split_once('/').is_some_and(|(user, name)| {
            let word =
                |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
            !user.starts_with('.') && word(user) && word(name.split('#').next().unwrap_or_default())
        });
        short
            || scheme.iter().any(|start| text.starts_with(start))
            || text.split('#').next().is_some_and(|url| url.strip_suffix(".git").is_some())
    };
    locked.is_some_and(|locked| locked.from_git)
        || project.dependencies.iter().filter_map(|one| one.requirement.as_deref()).any(asks)
}

/// Without a lock file: whether a direct dependency is known to compile where it finds no binary. Their `install` scripts
/// say so: bcrypt 5.1.1, sqlite3 6.0.1, canvas 3.2.3, cpu-features 0.0.10 (registry, 2026-11-20).
fn named(project: &Project) -> bool {
    project
        .dependencies
        .iter()
        .any(|one| matches!(one.name.as_str(), "bcrypt" | "sqlite3" | "canvas" | "cpu-features" | "better-sqlite3"))
}

/// Prisma's engines load the system's OpenSSL up to version 6, and slim images lack it
/// (`prisma.io/docs/orm/reference/system-requirements`).
fn prisma(scene: &Scene) -> Option<String> {
    let nodes = scene.projects().iter().filter(|project| project.ecosystem == Ecosystem::Node);
    let mut ours = nodes
        .flat_map(|project| &project.dependencies)
        .filter(|one| matches!(one.name.as_str(), "prisma" | "@prisma/client"));
    let old = |version: &str| {
        let number: String = version
            .trim_start_matches(|c: char| !c.is_ascii_digit())
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        number.parse::<u32>().is_ok_and(|major| major < 7)
    };
    ours.any(|one| one.version.as_deref().or(one.requirement.as_deref()).is_none_or(old)).then(|| "openssl".to_owned())
}

/// Debian packages that a slim base lacks and the installed dependencies need at run time.
pub(in crate::optimize) fn run_packages(scene: &Scene) -> BTreeSet<String> {
    prisma(scene).into_iter().collect()
}
