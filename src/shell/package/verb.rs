//! What a package manager is told to do.

use super::Manager;

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Fetches the lists of what there is.
    Update,
    /// Installs packages, named ones or a manifest's.
    Install,
    /// Installs newer versions.
    Upgrade,
    /// Removes packages.
    Remove,
    /// Removes caches or lists.
    Clean,
    /// Fetches packages without installing them.
    Download,
    /// Compiles or bundles the project, fetching what it needs.
    Build,
    /// Runs a script, tool or test of the project.
    Run,
    /// Anything else.
    Other,
}

/// A verb's meaning.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) verb: Verb,
    /// Whether its operands are packages.
    pub(super) packages: bool,
}

/// Verbs with packages for operands, then those without; two words where the program has them.
type Rows = &'static [(&'static [&'static str], Verb, bool)];

/// The entry of one or two words; none when the manager has no such verb.
pub(super) fn entry(manager: Manager, words: &str) -> Option<Entry> {
    let row = rows(manager).iter().find(|(names, ..)| names.contains(&words))?;
    Some(Entry { verb: row.1, packages: row.2 })
}

/// What the manager does without a verb.
pub(super) fn without_verb(manager: Manager) -> Entry {
    let verb = match manager {
        // `yarn` alone installs, and so does `bundle`.
        Manager::Yarn | Manager::Bundle => Verb::Install,
        _ => Verb::Other,
    };
    Entry { verb, packages: false }
}

/// Whether the words of `first` may be continued by a second one.
pub(super) fn has_second(manager: Manager, first: &str) -> bool {
    let is_prefix = |name: &&str| name.strip_prefix(first).is_some_and(|rest| rest.starts_with(' '));
    rows(manager).iter().any(|(names, ..)| names.iter().any(is_prefix))
}

fn rows(manager: Manager) -> Rows {
    match manager {
        Manager::Apt => APT,
        Manager::Apk => APK,
        Manager::Dnf | Manager::Yum | Manager::Microdnf => DNF,
        Manager::Zypper => ZYPPER,
        Manager::Pip => PIP,
        Manager::Uv => UV,
        Manager::Poetry => POETRY,
        Manager::Pipenv => PIPENV,
        Manager::Pdm => PDM,
        Manager::Conda => CONDA,
        Manager::Npm => NPM,
        Manager::Yarn => YARN,
        Manager::Pnpm => PNPM,
        Manager::Bun => BUN,
        Manager::Gem => GEM,
        Manager::Bundle => BUNDLE,
        Manager::Go => GO,
        Manager::Cargo => CARGO,
        Manager::Composer => COMPOSER,
        Manager::Dotnet => DOTNET,
        Manager::Corepack => COREPACK,
        Manager::Pacman | Manager::Maven | Manager::Gradle => &[],
    }
}

const APT: Rows = &[
    (&["update"], Verb::Update, false),
    (&["install", "reinstall", "build-dep", "satisfy"], Verb::Install, true),
    (&["upgrade", "dist-upgrade", "full-upgrade", "safe-upgrade", "dselect-upgrade"], Verb::Upgrade, true),
    (&["remove", "purge", "autoremove", "auto-remove", "autopurge"], Verb::Remove, true),
    (&["clean", "autoclean", "auto-clean", "distclean", "dist-clean"], Verb::Clean, false),
    (&["download", "source"], Verb::Download, true),
];

const APK: Rows = &[
    (&["update"], Verb::Update, false),
    (&["add"], Verb::Install, true),
    (&["upgrade"], Verb::Upgrade, true),
    (&["fix"], Verb::Install, true),
    (&["del"], Verb::Remove, true),
    (&["fetch"], Verb::Download, true),
    (&["cache clean", "cache purge"], Verb::Clean, false),
];

const DNF: Rows = &[
    (&["makecache", "check-update"], Verb::Update, false),
    (&["install", "in", "localinstall", "groupinstall", "reinstall", "rei", "builddep", "swap"], Verb::Install, true),
    (&["group install", "module install", "groups install"], Verb::Install, true),
    (&["upgrade", "update", "up", "distro-sync", "dsync"], Verb::Upgrade, true),
    (&["upgrade-minimal", "update-minimal", "up-min"], Verb::Upgrade, true),
    (&["remove", "rm", "erase", "autoremove", "groupremove", "group remove", "module remove"], Verb::Remove, true),
    (&["clean"], Verb::Clean, false),
    (&["download"], Verb::Download, true),
];

const ZYPPER: Rows = &[
    (&["refresh", "ref"], Verb::Update, false),
    (&["install", "in", "source-install", "si"], Verb::Install, true),
    (&["update", "up", "patch", "dist-upgrade", "dup"], Verb::Upgrade, true),
    (&["remove", "rm"], Verb::Remove, true),
    (&["clean", "cc"], Verb::Clean, false),
    (&["download"], Verb::Download, true),
];

const PIP: Rows = &[
    (&["install"], Verb::Install, true),
    (&["download", "wheel"], Verb::Download, true),
    (&["uninstall"], Verb::Remove, true),
    (&["cache purge", "cache remove"], Verb::Clean, false),
];

const UV: Rows = &[
    (&["pip install"], Verb::Install, true),
    (&["pip uninstall"], Verb::Remove, true),
    (&["pip sync", "sync", "venv"], Verb::Install, false),
    (&["add", "tool install"], Verb::Install, true),
    (&["remove", "tool uninstall"], Verb::Remove, true),
    (&["python install"], Verb::Other, false),
    (&["pip compile", "pip list", "pip freeze", "pip show", "pip check", "pip tree"], Verb::Other, false),
    (&["cache clean", "cache prune"], Verb::Clean, false),
    (&["build"], Verb::Build, false),
    (&["run", "tool run"], Verb::Run, false),
];

const POETRY: Rows = &[
    (&["install", "sync"], Verb::Install, false),
    (&["add"], Verb::Install, true),
    (&["update"], Verb::Upgrade, true),
    (&["remove"], Verb::Remove, true),
    (&["cache clear"], Verb::Clean, false),
    (&["build"], Verb::Build, false),
    (&["run"], Verb::Run, false),
];

const PIPENV: Rows = &[
    (&["install"], Verb::Install, true),
    (&["sync"], Verb::Install, false),
    (&["upgrade", "update"], Verb::Upgrade, true),
    (&["uninstall"], Verb::Remove, true),
    (&["run"], Verb::Run, false),
];

const PDM: Rows = POETRY;

const CONDA: Rows = &[
    (&["install", "create"], Verb::Install, true),
    (&["env create", "env update"], Verb::Install, false),
    (&["update", "upgrade"], Verb::Upgrade, true),
    (&["remove", "uninstall"], Verb::Remove, true),
    (&["env remove"], Verb::Remove, false),
    (&["clean"], Verb::Clean, false),
    (&["run"], Verb::Run, false),
];

const NPM: Rows = &[
    (
        &["install", "i", "in", "ins", "inst", "insta", "instal", "isnt", "isnta", "isntal", "isntall", "add"],
        Verb::Install,
        true,
    ),
    (&["ci", "clean-install", "ic", "install-clean", "isntall-clean"], Verb::Install, false),
    (&["install-test", "it", "install-ci-test", "cit"], Verb::Install, false),
    (&["update", "up", "upgrade", "udpate"], Verb::Upgrade, true),
    (&["uninstall", "un", "unlink", "remove", "rm", "r"], Verb::Remove, true),
    (&["prune"], Verb::Remove, false),
    (&["cache clean", "cache clear", "cache rm"], Verb::Clean, false),
    (&["pack"], Verb::Build, false),
    (&["run", "run-script", "rum", "urn", "exec", "x", "start", "test", "t"], Verb::Run, false),
];

const YARN: Rows = &[
    (&["install", "workspaces focus"], Verb::Install, false),
    (&["add", "global add"], Verb::Install, true),
    (&["upgrade", "up", "upgrade-interactive"], Verb::Upgrade, true),
    (&["remove", "global remove"], Verb::Remove, true),
    (&["cache clean", "cache clear", "autoclean"], Verb::Clean, false),
    (&["run", "exec", "dlx", "start", "test", "build", "node"], Verb::Run, false),
];

const PNPM: Rows = &[
    (&["install", "i"], Verb::Install, true),
    (&["ci", "clean-install", "ic", "install-clean"], Verb::Install, false),
    (&["add"], Verb::Install, true),
    (&["fetch"], Verb::Download, false),
    (&["deploy"], Verb::Install, false),
    (&["update", "up", "upgrade"], Verb::Upgrade, true),
    (&["remove", "rm", "uninstall", "un"], Verb::Remove, true),
    (&["prune"], Verb::Remove, false),
    (&["store prune"], Verb::Clean, false),
    (&["run", "run-script", "exec", "dlx", "start", "test", "t", "build"], Verb::Run, false),
];

const BUN: Rows = &[
    (&["install", "i", "add", "a"], Verb::Install, true),
    (&["ci"], Verb::Install, false),
    (&["update"], Verb::Upgrade, true),
    (&["remove", "rm", "r"], Verb::Remove, true),
    (&["pm cache"], Verb::Clean, false),
    (&["build"], Verb::Build, false),
    (&["run", "x", "test", "start"], Verb::Run, false),
];

const GEM: Rows = &[
    (&["install", "i"], Verb::Install, true),
    (&["update"], Verb::Upgrade, true),
    (&["uninstall"], Verb::Remove, true),
    (&["cleanup", "clean"], Verb::Clean, false),
    (&["fetch"], Verb::Download, true),
    (&["build"], Verb::Build, false),
];

const BUNDLE: Rows = &[
    (&["install", "i"], Verb::Install, false),
    (&["add"], Verb::Install, true),
    (&["update"], Verb::Upgrade, true),
    (&["remove"], Verb::Remove, true),
    (&["clean"], Verb::Clean, false),
    (&["package", "pack", "cache"], Verb::Download, false),
    (&["exec", "e"], Verb::Run, false),
];

const GO: Rows = &[
    (&["install", "get"], Verb::Install, true),
    (&["mod download", "mod vendor"], Verb::Download, false),
    (&["mod tidy", "mod verify", "mod init", "mod edit"], Verb::Other, false),
    (&["clean"], Verb::Clean, false),
    (&["build", "vet", "generate"], Verb::Build, false),
    (&["run", "test", "tool"], Verb::Run, false),
];

const CARGO: Rows = &[
    (&["install", "binstall"], Verb::Install, true),
    (&["add"], Verb::Other, true),
    (&["fetch", "vendor"], Verb::Download, false),
    (&["update"], Verb::Upgrade, false),
    (&["uninstall"], Verb::Remove, true),
    (&["clean"], Verb::Clean, false),
    (&["build", "b", "check", "c", "rustc", "auditable", "zigbuild", "chef cook", "leptos"], Verb::Build, false),
    (&["chef prepare"], Verb::Other, false),
    (&["run", "r", "test", "t", "bench"], Verb::Run, false),
];

const COMPOSER: Rows = &[
    (&["install", "i"], Verb::Install, false),
    (&["require", "global require", "create-project"], Verb::Install, true),
    (&["update", "u", "upgrade"], Verb::Upgrade, true),
    (&["remove"], Verb::Remove, true),
    (&["clear-cache", "clearcache", "cc"], Verb::Clean, false),
    (&["run-script", "run", "exec"], Verb::Run, false),
];

const DOTNET: Rows = &[
    (&["restore", "workload restore", "tool restore"], Verb::Install, false),
    (&["tool install", "workload install"], Verb::Install, true),
    (&["build", "publish", "pack", "msbuild"], Verb::Build, false),
    (&["clean"], Verb::Clean, false),
    (&["run", "test", "exec"], Verb::Run, false),
];

const COREPACK: Rows =
    &[(&["prepare", "install", "use", "up"], Verb::Install, true), (&["enable"], Verb::Other, false)];
