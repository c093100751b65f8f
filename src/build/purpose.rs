//! What a command of a RUN is for, by its program, its verb and its operands. Where it goes when a stage is split is for
//! each splitter to decide.

use super::toolchain::{self, Language};
use crate::data;
use crate::shell::program::{Files, Kind, Program, State};
use crate::shell::{Invocation, PackageCall, Verb, Word};

/// What a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Sets where or how the commands after it run: `cd`, `set`, `export`.
    Setting,
    /// Runs a text in the same shell: `. file`, `eval`.
    Script,
    /// Does nothing: `true`, `exit`.
    Nothing,
    /// Looks or prints, and writes no file but by a redirect.
    Looks,
    /// Fetches the lists of the system's packages, or deletes them.
    Lists,
    /// Installs packages of the system.
    SystemInstall,
    /// Brings the system's packages up to date.
    SystemUpgrade,
    /// Takes packages of the system away.
    SystemRemoval,
    /// Asks the system's package manager for something else.
    SystemOther,
    /// Compiles a project's own program.
    Compiles(Language),
    /// Installs packages of a language: a project's dependencies, or others by their names.
    Install,
    /// Empties caches.
    Clean,
    /// Asks a language's package manager for something else.
    Manager(Verb),
    /// Makes or changes accounts.
    Account,
    /// Makes folders and links, or changes owners and modes.
    Entries,
    /// Sets up the system: locales, certificates, libraries.
    SystemSetup,
    /// Deletes files that are in no cache.
    Deletes,
    /// Copies or moves files.
    Copies,
    /// Changes the content of files.
    Edits,
    /// Downloads a file.
    Fetches,
    /// Generates, checks or shrinks what a build makes.
    Generates,
    /// May read and write anything.
    Unknown,
}

impl Purpose {
    /// The purpose of one program that a RUN starts.
    pub fn of(one: &Invocation) -> Self {
        if let Some(language) = toolchain::compiles(one) {
            return Self::Compiles(language);
        }
        if let Some(call) = one.package_call() {
            return Self::of_call(&call);
        }
        let Some(name) = one.program else { return Self::Unknown };
        let program = Program::of(name);
        match program.state {
            State::Any => return Self::Script,
            _ if program.sets_shell() => return Self::Setting,
            State::Flow if !program.is(Kind::Wrapper) => return Self::Nothing,
            _ => {}
        }
        let purposes = [
            (Kind::Accounts, Self::Account),
            (Kind::Entries, Self::Entries),
            (Kind::Fetches, Self::Fetches),
            (Kind::Generator, Self::Generates),
        ];
        let found = purposes.into_iter().find(|(kind, _)| program.is(*kind));
        if let Some((_, purpose)) = found {
            return purpose;
        }
        match name {
            "true" | ":" => Self::Nothing,
            "cp" | "mv" => Self::Copies,
            _ if program.is(Kind::Deletes) && !program.is(Kind::Text) => deletion(one),
            _ if program.is(Kind::Edits) && program.writes_files() => Self::Edits,
            _ if program.prepares_system() => Self::SystemSetup,
            "find" if one.args.iter().any(|word| word.is("-delete")) => Self::Deletes,
            "find" => Self::Looks,
            // A wrapper that starts nothing: `command -v`, `env` alone.
            _ if program.writes_nothing() || program.files == Files::None => Self::Looks,
            _ => Self::Unknown,
        }
    }

    fn of_call(call: &PackageCall) -> Self {
        if call.manager.is_system() {
            return match call.verb {
                Verb::Update | Verb::Clean => Self::Lists,
                Verb::Install => Self::SystemInstall,
                Verb::Upgrade => Self::SystemUpgrade,
                Verb::Remove => Self::SystemRemoval,
                _ => Self::SystemOther,
            };
        }
        match call.verb {
            Verb::Install => Self::Install,
            Verb::Clean => Self::Clean,
            verb => Self::Manager(verb),
        }
    }
}

/// `rm -rf /var/lib/apt/lists/*`, `rm -rf ~/.cache`: what installs leave behind, or something else.
fn deletion(one: &Invocation) -> Purpose {
    let operands = || one.args.iter().map(Word::text).filter(|text| !text.starts_with('-'));
    if operands().all(|path| place_of(path) == Some("lists")) {
        Purpose::Lists
    } else if operands().all(is_cache_path) {
        Purpose::Clean
    } else {
        Purpose::Deletes
    }
}

/// Whether a path lies where package managers and other programs leave what nobody needs again.
pub fn is_cache_path(path: &str) -> bool {
    place_of(path).is_some() || path.contains("/.cache")
}

/// What lies at a path that package managers or other programs fill, by `data/cache_folders.tsv`.
fn place_of(path: &str) -> Option<&'static str> {
    data::CACHE_FOLDERS.rows().find_map(|row| match row {
        &[prefix, holds, ..] if path.starts_with(prefix) => Some(holds),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::parse;

    #[test]
    fn purposes() {
        use Purpose as P;
        let check = |command: &str, expected: Purpose| {
            let script = parse(command);
            assert_eq!(Purpose::of(&script.invocations()[0]), expected, "{command}");
        };
        check("cd /app", P::Setting);
        check("set -eux", P::Setting);
        check(". ./env", P::Script);
        check("exit 1", P::Nothing);
        check("exec app", P::Unknown);
        check("echo a", P::Looks);
        check("ls -la", P::Looks);
        check("find . -name x -print", P::Looks);
        check("find . -name x -delete", P::Deletes);
        check("command -v x", P::Looks);
        check("apt-get update", P::Lists);
        check("rm -rf /var/lib/apt/lists/*", P::Lists);
        check("rm -rf /var/lib/apt/lists/* /tmp/x ~/.cache", P::Clean);
        check("rm -rf /home/app/.cache", P::Clean);
        check("rm -rf node_modules", P::Deletes);
        check("apt-get install -y x", P::SystemInstall);
        check("apk upgrade", P::SystemUpgrade);
        check("apt-get purge x", P::SystemRemoval);
        check("go build ./...", P::Compiles(Language::Go));
        check("gcc-12 a.c", P::Compiles(Language::C));
        check("npm ci", P::Install);
        check("npm cache clean --force", P::Clean);
        check("npm run build", P::Manager(Verb::Run));
        check("useradd x", P::Account);
        check("sudo chown -R x /app", P::Entries);
        check("locale-gen", P::SystemSetup);
        check("cp a b", P::Copies);
        check("install -d /x", P::Entries);
        check("sed -i s/a/b/ c", P::Edits);
        check("jq . a", P::Looks);
        check("curl -o a b", P::Fetches);
        check("protoc a", P::Generates);
        check("tee a", P::Unknown);
        check("tar xf a", P::Unknown);
        check("./configure", P::Unknown);
    }
}
