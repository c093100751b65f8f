//! Which programs are package managers.

use crate::shell::program::options::ProgramOptions;
use crate::shell::program::{Kind, Program};
use crate::shell::word::Word;
use crate::text::path;

/// A package manager or build tool that fetches packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the programs' own names")]
pub enum Manager {
    Apt,
    Apk,
    Dnf,
    Yum,
    Microdnf,
    Zypper,
    Pacman,
    Pip,
    Uv,
    Poetry,
    Pipenv,
    Pdm,
    Conda,
    Npm,
    Yarn,
    Pnpm,
    Bun,
    Corepack,
    Gem,
    Bundle,
    Go,
    Cargo,
    Composer,
    Maven,
    Gradle,
    Dotnet,
}

impl Manager {
    /// The manager that a program is.
    pub fn of(program: &str) -> Option<Self> {
        manager_of(program, &[]).map(|(manager, _)| manager)
    }

    /// The name that tables have for it; dnf's small sister goes by dnf's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Apt => "apt",
            Self::Apk => "apk",
            Self::Dnf | Self::Microdnf => "dnf",
            Self::Yum => "yum",
            Self::Zypper => "zypper",
            Self::Pacman => "pacman",
            Self::Pip => "pip",
            Self::Uv => "uv",
            Self::Poetry => "poetry",
            Self::Pipenv => "pipenv",
            Self::Pdm => "pdm",
            Self::Conda => "conda",
            Self::Npm => "npm",
            Self::Yarn => "yarn",
            Self::Pnpm => "pnpm",
            Self::Bun => "bun",
            Self::Corepack => "corepack",
            Self::Gem => "gem",
            Self::Bundle => "bundle",
            Self::Go => "go",
            Self::Cargo => "cargo",
            Self::Composer => "composer",
            Self::Maven => "maven",
            Self::Gradle => "gradle",
            Self::Dotnet => "dotnet",
        }
    }

    /// Whether it installs the distribution's packages.
    pub fn is_system(self) -> bool {
        use Manager::{Apk, Apt, Dnf, Microdnf, Pacman, Yum, Zypper};
        matches!(self, Apt | Apk | Dnf | Yum | Microdnf | Zypper | Pacman)
    }

    /// Its options and commands, or those of the program that has the same.
    pub(super) fn options(self) -> &'static ProgramOptions {
        ProgramOptions::of(match self {
            Self::Yum => "dnf",
            Self::Maven => "mvn",
            manager => manager.name(),
        })
    }
}

/// The manager that `program` is, with its own arguments: those after `-m pip` for Python.
pub(super) fn manager_of<'s>(program: &str, args: &'s [Word]) -> Option<(Manager, &'s [Word])> {
    let manager = match program {
        "apt-get" | "apt" | "aptitude" => Manager::Apt,
        "apk" => Manager::Apk,
        "dnf" | "dnf5" | "dnf-3" | "tdnf" => Manager::Dnf,
        "yum" => Manager::Yum,
        "microdnf" => Manager::Microdnf,
        "zypper" => Manager::Zypper,
        "pacman" => Manager::Pacman,
        "uv" => Manager::Uv,
        "poetry" => Manager::Poetry,
        "pipenv" => Manager::Pipenv,
        "pdm" => Manager::Pdm,
        "conda" | "mamba" | "micromamba" => Manager::Conda,
        "npm" => Manager::Npm,
        "yarn" | "yarnpkg" => Manager::Yarn,
        "pnpm" => Manager::Pnpm,
        "bun" => Manager::Bun,
        "corepack" => Manager::Corepack,
        "gem" => Manager::Gem,
        "bundle" | "bundler" => Manager::Bundle,
        "go" => Manager::Go,
        "cargo" => Manager::Cargo,
        "composer" | "composer.phar" => Manager::Composer,
        "mvn" | "mvnw" | "mvnd" => Manager::Maven,
        "gradle" | "gradlew" => Manager::Gradle,
        "dotnet" => Manager::Dotnet,
        "php" => return php(args),
        name if Program::of(name).is(Kind::LikeCargo) => Manager::Cargo,
        name if Program::of(name).is(Kind::LikeGo) => Manager::Go,
        _ if is_versioned(program, "pip") => Manager::Pip,
        _ if is_versioned(program, "python") || is_versioned(program, "pypy") => return module(args),
        _ => return None,
    };
    Some((manager, args))
}

/// `pip`, `pip3`, `pip3.11`
fn is_versioned(program: &str, name: &str) -> bool {
    let version = program.strip_prefix(name);
    version.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// `python -m pip …`, options without a value in front.
fn module(args: &[Word]) -> Option<(Manager, &[Word])> {
    let mut at = 0;
    while let Some(text) = args.get(at).map(Word::text) {
        let (name, from) = match text {
            "-m" => (args.get(at + 1)?.text(), at + 2),
            "-W" | "-X" => {
                at += 2;
                continue;
            }
            _ if text.starts_with("-c") || !text.starts_with('-') => return None,
            // `-Im pip`: letters without a value, then `m`.
            _ if text.len() > 2 && text.ends_with('m') && !text.starts_with("--") => (args.get(at + 1)?.text(), at + 2),
            _ => {
                at += 1;
                continue;
            }
        };
        let managers = [Manager::Pip, Manager::Uv, Manager::Poetry, Manager::Pipenv, Manager::Pdm];
        let manager = managers.into_iter().find(|manager| manager.name() == name);
        return manager.map(|manager| (manager, &args[from..]));
    }
    None
}

/// `php composer.phar …`
fn php(args: &[Word]) -> Option<(Manager, &[Word])> {
    let is_composer = |word: &Word| matches!(path::name(word.text()), "composer.phar" | "composer");
    let at = args.iter().position(is_composer)?;
    Some((Manager::Composer, &args[at + 1..]))
}
