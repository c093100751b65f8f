//! Debian packages that packages of the registry need to compile, or to run.

use std::collections::BTreeSet;

use super::stage_parts;
use crate::build::Stage;
use crate::data;
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, LockedPackages, Project};
use crate::optimize::pass_input::PassInput;
use crate::shell::{Package, PackageCall, PackageSource, Verb};

/// What node-gyp calls.
const COMPILER: [&str; 3] = ["g++", "make", "python3"];

/// By which npm and its like fetch from repositories.
pub(in crate::optimize) const GIT: [&str; 2] = ["git", "ca-certificates"];

/// Debian packages that a stage needs on a slim base to install its Node dependencies: empty where slim suffices, `None`
/// where that isn't known.
pub(in crate::optimize) fn build_packages(input: &PassInput, stage: usize) -> Option<BTreeSet<String>> {
    let stage = input.build.stages().get(stage)?;
    let mut packages = BTreeSet::new();
    if let Some(named) = named_alone(input, stage) {
        if named.iter().any(|name| data::NODE_PACKAGES.has(name, "compiles")) {
            packages.extend(COMPILER.map(str::to_owned));
        }
        return Some(packages);
    }
    let (compiles, from_git) = if let Ok(Some(parts)) = stage_parts::read(input, stage) {
        let locked = parts.way.and_then(|way| way.locked.as_ref());
        let compiles = locked.map_or_else(|| parts.project.names_compiled(), |locked| locked.compiles(!parts.omits));
        (compiles, is_from_git(parts.project, locked))
    } else {
        // Several installs, or one that can't be taken apart: all that is known of the context counts.
        let mut projects = input.projects_of(Ecosystem::Node);
        (
            projects
                .clone()
                .any(|project| locks_of(project).any(|locked| locked.compiles(true)) || project.names_compiled()),
            projects.any(|project| {
                locks_of(project).any(|locked| is_from_git(project, Some(locked))) || is_from_git(project, None)
            }),
        )
    };
    packages.extend(compiles.then_some(COMPILER).into_iter().flatten().map(str::to_owned));
    packages.extend(from_git.then_some(GIT).into_iter().flatten().map(str::to_owned));
    packages.extend(prisma(input));
    Some(packages)
}

/// The lock files of a project.
fn locks_of(project: &Project) -> impl Iterator<Item = &LockedPackages> {
    project.installs.iter().filter_map(|way| way.locked.as_ref())
}

/// The packages of the registry that a stage's installs name, where each names some: `npm install -g http-server`. What the
/// project depends on is installed elsewhere then.
fn named_alone(input: &PassInput, stage: &Stage) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let runs = input.build.instructions_of(stage, Keyword::Run);
    for (index, _) in runs {
        for invocation in input.build.code(index)?.script.invocations() {
            let installs = |call: &PackageCall| {
                Ecosystem::of_manager(call.manager) == Some(Ecosystem::Node)
                    && matches!(call.verb, Verb::Install | Verb::Upgrade | Verb::Download)
            };
            let Some(call) = invocation.package_call().filter(installs) else { continue };
            let plain = |package: &Package| package.source == PackageSource::Index;
            if call.packages.is_empty() || call.has_unknown_packages() || !call.packages.iter().all(plain) {
                return None;
            }
            names.extend(call.packages.iter().map(|package| package.name.text.to_owned()));
        }
    }
    (!names.is_empty()).then_some(names)
}

/// Whether a package comes from a repository, and not as an archive.
fn is_from_git(project: &Project, locked: Option<&LockedPackages>) -> bool {
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
        || project.dependencies.iter().filter_map(|dependency| dependency.requirement.as_deref()).any(asks)
}

/// Prisma's engines load the system's OpenSSL up to version 6, and slim images lack it
/// (`prisma.io/docs/orm/reference/system-requirements`).
fn prisma(input: &PassInput) -> Option<String> {
    let nodes = input.projects_of(Ecosystem::Node);
    let mut ours = nodes
        .flat_map(|project| &project.dependencies)
        .filter(|dependency| matches!(dependency.name.as_str(), "prisma" | "@prisma/client"));
    let old = |version: &str| {
        let number: String = version
            .trim_start_matches(|c: char| !c.is_ascii_digit())
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        number.parse::<u32>().is_ok_and(|major| major < 7)
    };
    ours.any(|our| our.version.as_deref().or(our.requirement.as_deref()).is_none_or(old)).then(|| "openssl".to_owned())
}

/// Debian packages that a slim base lacks and the installed dependencies need at run time.
pub(in crate::optimize) fn run_packages(input: &PassInput) -> BTreeSet<String> {
    prisma(input).into_iter().collect()
}
