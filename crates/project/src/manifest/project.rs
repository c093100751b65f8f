//! What is known of a project: the values that all ecosystems share.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::framework::Framework;
use super::locked::{LockedPackages, version_numbers};
use super::python;
use crate::data;
use crate::shell::Manager;

/// Everything that the manifests of a context tell.
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    /// By folder, then ecosystem.
    pub projects: Vec<Project>,
    /// What could not be understood, by path.
    pub problems: Vec<ManifestProblem>,
    /// Files that are there, whose text was not given and would tell more. Sorted.
    pub unread: Vec<String>,
}

/// What can't be understood in a manifest, or contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ManifestProblem {
    /// The file, relative to the context's root.
    pub path: String,
    /// Bytes of the file, when the place is known.
    pub span: Option<crate::text::Span>,
    /// What is wrong, without a full stop.
    pub message: String,
    /// Whether another file is read instead of this one, so that no install reads it.
    pub is_unused: bool,
}

/// The language world of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Ecosystem {
    Python,
    Node,
    Go,
    Rust,
    Java,
    DotNet,
    Ruby,
    Php,
}

impl Ecosystem {
    /// As the tables of `data/` write it.
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "python" => Self::Python,
            "node" => Self::Node,
            "go" => Self::Go,
            "rust" => Self::Rust,
            "java" => Self::Java,
            "dotnet" => Self::DotNet,
            "ruby" => Self::Ruby,
            "php" => Self::Php,
            _ => return None,
        })
    }

    /// What a package manager installs for; `None` for those of the system, and for those of several worlds.
    pub const fn of_manager(manager: Manager) -> Option<Self> {
        Some(match manager {
            Manager::Pip | Manager::Uv | Manager::Poetry | Manager::Pdm | Manager::Pipenv => Self::Python,
            Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun => Self::Node,
            Manager::Go => Self::Go,
            Manager::Cargo => Self::Rust,
            Manager::Maven | Manager::Gradle => Self::Java,
            Manager::Dotnet => Self::DotNet,
            Manager::Bundle | Manager::Gem => Self::Ruby,
            Manager::Composer => Self::Php,
            _ => return None,
        })
    }

    /// As people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::Node => "Node",
            Self::Go => "Go",
            Self::Rust => "Rust",
            Self::Java => "Java",
            Self::DotNet => ".NET",
            Self::Ruby => "Ruby",
            Self::Php => "PHP",
        }
    }
}

/// The program that installs the dependencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Tool {
    Uv,
    Poetry,
    Pdm,
    Pipenv,
    Pip,
    Npm,
    YarnClassic,
    YarnBerry,
    Pnpm,
    Bun,
    Go,
    Cargo,
    Maven,
    Gradle,
    DotNet,
    Bundler,
    Composer,
}

impl Tool {
    /// Whose packages it installs.
    pub const fn ecosystem(self) -> Ecosystem {
        match self {
            Self::Uv | Self::Poetry | Self::Pdm | Self::Pipenv | Self::Pip => Ecosystem::Python,
            Self::Npm | Self::YarnClassic | Self::YarnBerry | Self::Pnpm | Self::Bun => Ecosystem::Node,
            Self::Go => Ecosystem::Go,
            Self::Cargo => Ecosystem::Rust,
            Self::Maven | Self::Gradle => Ecosystem::Java,
            Self::DotNet => Ecosystem::DotNet,
            Self::Bundler => Ecosystem::Ruby,
            Self::Composer => Ecosystem::Php,
        }
    }

    /// The program's name; both yarns are `yarn`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uv => "uv",
            Self::Poetry => "poetry",
            Self::Pdm => "pdm",
            Self::Pipenv => "pipenv",
            Self::Pip => "pip",
            Self::Npm => "npm",
            Self::YarnClassic | Self::YarnBerry => "yarn",
            Self::Pnpm => "pnpm",
            Self::Bun => "bun",
            Self::Go => "go",
            Self::Cargo => "cargo",
            Self::Maven => "mvn",
            Self::Gradle => "gradle",
            Self::DotNet => "dotnet",
            Self::Bundler => "bundle",
            Self::Composer => "composer",
        }
    }
}

/// When a dependency is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DependencyScope {
    /// To run the program (also where the ecosystem tells no difference).
    Run,
    /// To develop and test it.
    Dev,
    /// To build it only.
    Build,
    /// On demand: an extra, an optional or peer dependency.
    Optional,
}

impl DependencyScope {
    /// That of a group of dependencies, by what it is called.
    pub(super) fn of_group(name: &str) -> Self {
        if data::DEPENDENCY_GROUPS.has(name, "development") { Self::Dev } else { Self::Run }
    }
}

/// A direct dependency.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    /// As the ecosystem compares names (Python: PEP 503).
    pub name: String,
    /// When it is wanted.
    pub scope: DependencyScope,
    /// The version as the manifest asks for it.
    pub requirement: Option<String>,
    /// The version in the lock file, when there is one and it tells.
    pub version: Option<String>,
}

/// A version of the language that a file asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanguageVersion {
    /// As written, e.g. `>=3.12`, `^20`, `1.22`.
    pub requirement: String,
    /// The file that says so.
    pub path: String,
}

/// A named command of a manifest (`scripts` in package.json, `[tool.pdm.scripts]`, …).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestScript {
    /// E.g. `build`.
    pub name: String,
    /// The shell text.
    pub command: String,
}

/// A Python package in a group that installs leave out unless somebody asks for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageGroup {
    /// The package, as [`Dependency::name`] writes it.
    pub package: String,
    /// The name of the group, as the manifest writes it.
    pub name: String,
    /// What the group is.
    pub kind: GroupKind,
}

/// How a group of packages is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupKind {
    /// As an extra: `[project.optional-dependencies]`.
    Extra,
    /// As a group: `[dependency-groups]`, an optional group of Poetry.
    Group,
}

/// A program that installing or building the project makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryPoint {
    /// The program's name.
    pub name: String,
    /// What it runs, as written: `pkg.cli:main`, `bin/cli.js`, `src/main.rs`; empty when the manifest does not say.
    pub target: String,
}

/// One way to install a project's dependencies: a tool and the *closure of files* that it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Install {
    /// The program that does it.
    pub tool: Tool,
    /// The file that it starts from: `package.json`, `requirements/prod.txt`.
    pub manifest: String,
    /// The lock file; for pip the pinned requirements themselves.
    pub lock: Option<String>,
    /// The smallest known set of files that the step needs, sorted; the manifest and the lock are among them.
    pub files: Vec<String>,
    /// Folders that it needs whole (path dependencies that are built, `.yarn/releases`, `vendor`), sorted.
    pub folders: Vec<String>,
    /// Named by a manifest but not in the context, sorted: as path from its root, `../…` when outside of it.
    pub missing: Vec<String>,
    /// Why the step may read more than `files` and `folders`, sorted; empty when the set is closed.
    pub open: Vec<OpenReason>,
    /// Those of `open` that are scripts of Node projects, sorted.
    pub scripts: Vec<InstallScript>,
    /// The tool with its version that the manifest pins: `pnpm@8.6.0` of `packageManager`.
    pub pinned: Option<String>,
    /// pip: the distributions that its file and those that it includes name.
    pub names: BTreeSet<String>,
    /// What the lock file holds; `None` without one, or when it can't be read.
    pub locked: Option<LockedPackages>,
}

/// Why an install may read more files than are known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenReason {
    /// The reason, as a clause.
    pub text: String,
    /// The option of the install that avoids it: `--no-scripts`.
    pub avoided_by: Option<&'static str>,
}

/// A script that an install runs, of which nobody knows all that it reads: `"postinstall": "tsc"`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InstallScript {
    /// Its name.
    pub name: String,
    /// The folder whose sources it compiles, `""` for all; `None` where it is not known to compile any.
    pub sources: Option<String>,
}

/// One project: a folder with the manifests of one ecosystem.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its folder, `""` for the context's root; without a slash at the end.
    pub root: String,
    /// Its language world.
    pub ecosystem: Ecosystem,
    /// Its own name.
    pub name: Option<String>,
    /// The files that describe it, sorted.
    pub manifests: Vec<String>,
    /// Frameworks, told by dependencies and file names, sorted.
    pub frameworks: Vec<Framework>,
    /// What the files say of the language's version; they may disagree.
    pub language: Vec<LanguageVersion>,
    /// Direct dependencies, sorted by name.
    pub dependencies: Vec<Dependency>,
    /// Python: the extras that it asks for, each with its package: `sqlalchemy` and `asyncio` of `sqlalchemy[asyncio]`.
    pub extras: BTreeSet<(String, String)>,
    /// Python: the packages that its tool installs only when their group is asked for.
    pub groups: BTreeSet<PackageGroup>,
    /// Named commands, by name.
    pub scripts: Vec<ManifestScript>,
    /// Programs that it provides.
    pub entry_points: Vec<EntryPoint>,
    /// The ways to install, the preferred one first; of a workspace member, those of the workspace.
    pub installs: Vec<Arc<Install>>,
    /// The folder of the workspace that it is a member of.
    pub workspace: Option<String>,
    /// Folders of the workspace's members, when it is one's root; sorted.
    pub members: Vec<String>,
    /// Python: whether `uv sync`, `poetry install` and `pdm install` build and install the project itself.
    pub is_package: bool,
    /// First parts of module names that the project's own sources provide.
    pub(super) modules: BTreeSet<String>,
}

impl Project {
    /// A project of which only folder and ecosystem are known.
    pub(super) fn new(root: &str, ecosystem: Ecosystem) -> Self {
        Self {
            root: root.into(),
            ecosystem,
            name: None,
            manifests: Vec::new(),
            frameworks: Vec::new(),
            language: Vec::new(),
            dependencies: Vec::new(),
            extras: BTreeSet::new(),
            groups: BTreeSet::new(),
            scripts: Vec::new(),
            entry_points: Vec::new(),
            installs: Vec::new(),
            workspace: None,
            members: Vec::new(),
            is_package: false,
            modules: BTreeSet::new(),
        }
    }

    /// The preferred way to install.
    pub fn install(&self) -> Option<&Install> {
        self.installs.first().map(|install| &**install)
    }

    /// The way to install by a program's name (`uv`, `yarn`, `pip`).
    pub fn install_with(&self, program: &str) -> Option<&Install> {
        self.installs.iter().find(|install| install.tool.name() == program).map(|install| &**install)
    }

    /// Whether the lock file was written for the very dependencies that the manifest names; `None` when it doesn't tell.
    pub fn is_in_sync(&self, install: &Install) -> Option<bool> {
        let locked = install.locked.as_ref()?;
        if locked.fits.is_some() {
            return locked.fits;
        }
        let Some(demands) = locked.demands.as_ref() else {
            // npm's first format does not say what it was written for; a package that it lacks it does not fit.
            let is_missing = |dependency: &Dependency| {
                dependency.scope != DependencyScope::Optional && !locked.packages.contains_key(&dependency.name)
            };
            let lacks = self.ecosystem == Ecosystem::Node && self.dependencies.iter().any(is_missing);
            return lacks.then_some(false);
        };
        let names: BTreeSet<&str> = self.dependencies.iter().map(|dependency| dependency.name.as_str()).collect();
        let parts = |text: &str| match self.ecosystem {
            Ecosystem::Python => python::specifiers(text),
            _ => vec![text.to_owned()],
        };
        let same = |dependency: &Dependency| {
            let wanted = dependency.requirement.as_deref().unwrap_or_default();
            demands.get(&dependency.name).is_some_and(|demand| parts(demand) == parts(wanted))
        };
        Some(names.len() == demands.len() && self.dependencies.iter().all(same))
    }

    /// Whether it has a package when it runs.
    pub fn runs_with(&self, package: &str) -> bool {
        let is_run = |scope| matches!(scope, DependencyScope::Run | DependencyScope::Build);
        self.dependencies.iter().any(|known| known.name.eq_ignore_ascii_case(package) && is_run(known.scope))
    }

    /// The version of a package in its lock files.
    pub fn locked_version(&self, package: &str) -> Option<&str> {
        let locked = self.installs.iter().filter_map(|install| install.locked.as_ref());
        let mut packages =
            locked.flat_map(|locked| &locked.packages).filter(|(name, _)| name.eq_ignore_ascii_case(package));
        packages.find_map(|(_, known)| known.version.as_deref())
    }

    /// The major version of a package that it runs with: the locked one, else that which its requirement keeps to.
    pub fn major_version(&self, package: &str) -> Option<u64> {
        let major = |version: &str| version_numbers(version.split(['.', 'x']).next()?).first().copied();
        if let Some(version) = self.locked_version(package) {
            return major(version);
        }
        let dependency = self.dependencies.iter().find(|known| known.name.eq_ignore_ascii_case(package))?;
        let requirement = dependency.requirement.as_deref()?.trim();
        // What has only a lower end, or several parts, may be any later one.
        let is_one = !requirement.contains([' ', ',', '|', '<', '>', '!']);
        if is_one { major(requirement.trim_start_matches(['^', '~', '=', 'v'])) } else { None }
    }

    /// The dependencies that the manifest names and the lock file lacks, as far as its reader tells. Those of a workspace
    /// or an address are not compared.
    pub fn missing_in_lock(&self, install: &Install) -> Vec<&str> {
        let Some(locked) = install.locked.as_ref().filter(|locked| !locked.packages.is_empty()) else {
            return Vec::new();
        };
        if !matches!(self.ecosystem, Ecosystem::Node | Ecosystem::Python) {
            return Vec::new();
        }
        let is_plain = |dependency: &&Dependency| {
            dependency.scope != DependencyScope::Optional
                && !dependency.requirement.as_deref().is_some_and(|wanted| wanted.contains([':', '/']))
        };
        let is_missing = |dependency: &&Dependency| {
            let is_locked = locked.packages.contains_key(&dependency.name);
            !is_locked && locked.demands.as_ref().is_none_or(|demands| !demands.contains_key(&dependency.name))
        };
        let missing = self.dependencies.iter().filter(is_plain).filter(is_missing);
        missing.map(|dependency| dependency.name.as_str()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether its own sources provide a module: `tests`.
    pub fn provides_module(&self, name: &str) -> bool {
        self.modules.contains(name)
    }

    /// The command of a script.
    pub fn script(&self, name: &str) -> Option<&str> {
        self.scripts.iter().find(|script| script.name == name).map(|script| script.command.as_str())
    }

    /// Adds a dependency.
    pub(super) fn depend(&mut self, name: &str, scope: DependencyScope, requirement: Option<&str>) {
        let requirement = requirement.map(str::trim).filter(|text| !text.is_empty()).map(Into::into);
        self.dependencies.push(Dependency { name: name.into(), scope, requirement, version: None });
    }

    /// Adds what a file says of the language's version.
    pub(super) fn speaks(&mut self, requirement: &str, path: &str) {
        let requirement = requirement.trim();
        if !requirement.is_empty() {
            self.language.push(LanguageVersion { requirement: requirement.into(), path: path.into() });
        }
    }

    /// Sorts, drops doubles, takes versions from the preferred lock and the frameworks from the dependencies.
    pub(super) fn normalise(mut self) -> Self {
        self.dependencies.sort();
        self.dependencies.dedup_by(|b, a| a.name == b.name && a.scope == b.scope);
        if let Some(locked) = self.installs.first().and_then(|install| install.locked.as_ref()) {
            for dependency in &mut self.dependencies {
                dependency.version = locked.packages.get(&dependency.name).and_then(|package| package.version.clone());
            }
        }
        self.frameworks.extend(Framework::of(self.ecosystem, &self.dependencies));
        self.frameworks.sort();
        self.frameworks.dedup();
        self.scripts.sort_by(|a, b| a.name.cmp(&b.name));
        self.manifests.sort();
        self.manifests.dedup();
        self.members.sort();
        self.members.dedup();
        self
    }
}

/// Gives each member of a workspace the workspace's ways to install, before its own.
pub(super) fn join_workspaces(projects: &mut [Project]) {
    let mut shared = std::collections::BTreeMap::new();
    for root in projects.iter().filter(|project| !project.members.is_empty()) {
        for member in &root.members {
            // The innermost workspace wins: its root comes later in path order.
            shared.insert(member.clone(), (root.root.clone(), root.installs.clone()));
        }
    }
    for project in projects {
        let Some((root, installs)) = shared.remove(&project.root).filter(|(root, _)| *root != project.root) else {
            continue;
        };
        project.workspace = Some(root);
        let known_installs = std::mem::take(&mut project.installs);
        project.installs = installs;
        project.installs.extend(known_installs.into_iter().filter(|install| install.lock.is_some()));
        for dependency in &mut project.dependencies {
            let locked = project.installs.first().and_then(|install| install.locked.as_ref());
            let package = locked.and_then(|locked| locked.packages.get(&dependency.name));
            dependency.version = dependency.version.take().or_else(|| package?.version.clone());
        }
    }
}
