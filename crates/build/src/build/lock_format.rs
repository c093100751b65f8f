//! Whether the package manager that a build gets reads the format of a lock file (`data/lock_formats.tsv`): a frozen
//! install fails where it does not.

use super::{Build, Stage, StageBase, releases};
use crate::data;
use crate::dockerfile::Keyword;
use crate::manifest::Install;
use crate::shell::{Invocation, Manager, Verb};
use crate::text::path;

/// The first major version of pnpm that fetches the version which the manifest pins (`manage-package-manager-versions`).
const PNPM_FETCHES_PINNED: u32 = 10;

/// The first major version of Node.js whose npm is 7 or later.
const NODE_WITH_NPM_7: u32 = 15;

/// Whether the manager that a step calls reads the format of the lock file, as far as the build says which one it is.
pub fn reads_lock(build: &Build, place: (&Stage, usize), manager: Manager, install: &Install) -> bool {
    let format = install.locked.as_ref().and_then(|locked| locked.format.as_deref());
    let Some(format) = format.and_then(|format| format.split('.').next()) else { return true };
    let mut rows = data::LOCK_FORMATS.rows().filter(|row| row[0] == manager.name()).peekable();
    if rows.peek().is_none() {
        return true;
    }
    let Some(version) = major_version(build, place, manager, install) else { return false };
    rows.any(|row| {
        let first = row[2].parse().is_ok_and(|first: u32| first <= version);
        row[1] == format && first && row[3].parse().map_or(true, |last: u32| version <= last)
    })
}

/// The major version of the manager that a step calls; the newest one counts as the highest number. `None` where only the
/// build knows it.
fn major_version(build: &Build, place: (&Stage, usize), manager: Manager, install: &Install) -> Option<u32> {
    let pin = install.pinned.as_deref().and_then(|pin| pin.strip_prefix(manager.name())?.strip_prefix('@'));
    let pin = pin.and_then(major);
    let installed = installed_version(build, place, manager);
    match (manager, installed) {
        // It calls the one of the project, whichever is installed.
        (Manager::Yarn, _) => release_of_project(build).or(pin).or(match installed {
            Some(version) => version.number(),
            None => Some(1),
        }),
        (Manager::Pnpm, Some(ManagerVersion::Number(version))) if version < PNPM_FETCHES_PINNED => Some(version),
        (Manager::Pnpm, Some(ManagerVersion::Unknown)) => pin,
        (Manager::Pnpm, _) if pin.is_some() => pin,
        (_, Some(version)) => version.number(),
        (Manager::Npm, None) if has_old_npm(build, place.0) => Some(6),
        (_, None) => Some(u32::MAX),
    }
}

/// The version that the last step above a place installs: `npm install -g pnpm@8`, `corepack prepare pnpm@8 --activate`,
/// `yarn set version 3`. Without a version it is the newest.
fn installed_version(build: &Build, (stage, index): (&Stage, usize), manager: Manager) -> Option<ManagerVersion> {
    let mut last = None;
    let stages: Vec<&Stage> = build.chain(stage).collect();
    for below in stages.into_iter().rev() {
        let runs = build.instructions_of(below, Keyword::Run);
        for (_, code) in runs
            .filter(|(at, _)| below.index != stage.index || *at <= index)
            .filter_map(|(at, _)| Some((at, build.code(at)?)))
        {
            for call in code.script.invocations().iter().filter_map(Invocation::package_call) {
                let is_global = call.manager == Manager::Corepack
                    || call.verb == Verb::Install
                        && (call.has(&["-g", "--global", "--location"]) || call.verb_text.starts_with("global"));
                let package = call.packages.iter().find(|package| package.name.text == manager.name());
                if let (true, Some(package)) = (is_global, package) {
                    let version = package.version.as_ref().map(|version| version.value.text);
                    last = Some(version.map_or(ManagerVersion::Number(u32::MAX), ManagerVersion::of));
                }
                if call.manager == manager && call.verb_text.starts_with("set") {
                    let word = call.operands.last().map_or("", |word| word.text());
                    last = Some(ManagerVersion::of(word));
                }
            }
        }
    }
    last
}

/// The version of a manager that a command installs.
#[derive(Clone, Copy, Debug)]
enum ManagerVersion {
    /// Its first number; the highest number for the newest.
    Number(u32),
    /// Only the build knows it.
    Unknown,
}

impl ManagerVersion {
    /// As commands write it.
    fn of(version: &str) -> Self {
        let number = match version {
            "latest" | "stable" | "berry" | "next" => Some(u32::MAX),
            "classic" => Some(1),
            _ => major(version),
        };
        number.map_or(Self::Unknown, Self::Number)
    }

    const fn number(self) -> Option<u32> {
        match self {
            Self::Number(number) => Some(number),
            Self::Unknown => None,
        }
    }
}

/// `8` of `8.6.0`, `^8`, `v8`.
fn major(version: &str) -> Option<u32> {
    let number = version.trim_start_matches(['^', '~', 'v', '=']);
    number[..number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len())].parse().ok()
}

/// The version of yarn that the project keeps: `.yarn/releases/yarn-3.6.1.cjs`.
fn release_of_project(build: &Build) -> Option<u32> {
    let context = build.input().context.as_deref()?;
    let releases = context.entries().filter(|id| path::parent(&context.path(*id)).ends_with(".yarn/releases"));
    releases.filter_map(|id| major(context.entry(id).name.strip_prefix("yarn-")?)).max()
}

/// Whether the base is a Node.js that came with npm 6 or an older one.
fn has_old_npm(build: &Build, stage: &Stage) -> bool {
    let StageBase::Image(image) = build.root_base(stage) else { return false };
    let mut releases = releases(image).into_iter().filter(|release| release.product == "node");
    releases.any(|release| release.number().is_some_and(|number| number < NODE_WITH_NPM_7))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::{BuildInput, BuildOptions};
    use crate::manifest;
    use crate::text::Source;

    fn reads(dockerfile: &str, manager: Manager, lock: (&str, &str), package: &str) -> bool {
        let input = BuildInput::new(&Source::of("Dockerfile", dockerfile), BuildOptions::default());
        let build = Build::new(&input);
        let projects = manifest::projects(&[("package.json", Some(package)), (lock.0, Some(lock.1))]).projects;
        let stage = build.target().unwrap();
        let last = build.instructions(stage).last().unwrap().0;
        reads_lock(&build, (stage, last), manager, projects[0].install().unwrap())
    }

    #[test]
    fn pnpm_reads_locks_of_its_own_age() {
        let lock = |version: &str| format!("lockfileVersion: {version}\n\npackages:\n");
        let pnpm = |steps: &str, version: &str, package: &str| {
            let dockerfile = format!("FROM node:22\n{steps}RUN pnpm install\n");
            reads(&dockerfile, Manager::Pnpm, ("pnpm-lock.yaml", &lock(version)), package)
        };
        let newest = "RUN npm install -g pnpm\n";
        assert!(pnpm(newest, "'9.0'", "{}"));
        assert!(!pnpm(newest, "5.4", "{}"));
        assert!(!pnpm(newest, "'6.0'", "{}"));
        assert!(!pnpm("RUN corepack enable\n", "'6.0'", "{}"));
        assert!(pnpm("RUN corepack enable\n", "'6.0'", r#"{"packageManager": "pnpm@8.6.0+sha512.abc"}"#));
        assert!(pnpm(newest, "'6.0'", r#"{"packageManager": "pnpm@8.6.0"}"#));
        assert!(!pnpm("RUN npm i -g pnpm@9\n", "'6.0'", r#"{"packageManager": "pnpm@8.6.0"}"#));
        assert!(pnpm("RUN npm i -g pnpm@8\n", "'6.0'", "{}"));
        assert!(!pnpm("RUN npm i -g pnpm@8\n", "'9.0'", "{}"));
        assert!(pnpm("RUN corepack prepare pnpm@7.33.0 --activate\n", "5.4", "{}"));
        assert!(!pnpm("ARG V\nRUN npm i -g pnpm@$V\n", "'9.0'", "{}"));
    }

    #[test]
    fn yarn_reads_locks_of_its_own_age() {
        let classic = ("yarn.lock", "# yarn lockfile v1\n\n");
        let berry = ("yarn.lock", "__metadata:\n  version: 8\n  cacheKey: 10\n");
        let yarn = |steps: &str, lock, package: &str| {
            reads(&format!("FROM node:22\n{steps}RUN yarn install\n"), Manager::Yarn, lock, package)
        };
        let pinned = r#"{"packageManager": "yarn@4.1.0"}"#;
        assert!(yarn("", classic, "{}"));
        assert!(!yarn("RUN corepack enable\n", classic, pinned));
        assert!(yarn("RUN corepack enable\n", berry, pinned));
        assert!(!yarn("RUN corepack enable\n", berry, r#"{"packageManager": "yarn@3.6.0"}"#));
        assert!(!yarn("", berry, "{}"));
        assert!(yarn("RUN yarn set version stable\n", berry, "{}"));
    }

    #[test]
    fn npm_reads_locks_of_older_ones() {
        let lock = |version: u8| format!("{{\"lockfileVersion\": {version}, \"packages\": {{}}}}");
        let npm = |base: &str, version| {
            let lock = lock(version);
            reads(&format!("FROM {base}\nRUN npm install\n"), Manager::Npm, ("package-lock.json", &lock), "{}")
        };
        assert!(npm("node:22", 1) && npm("node:22", 3) && npm("node:14", 2));
        assert!(!npm("node:14", 3));
        assert!(npm("node:14\nRUN npm install -g npm@8", 3));
    }
}
