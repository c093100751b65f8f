//! The purpose of a command in a RUN, by its program, its verb and its operands. Where the command goes when a stage is
//! split is decided by each rewrite.

use super::toolchain::{self, Language};
use crate::data;
use crate::manifest::Ecosystem;
use crate::shell::program::{self, Files, Kind, Program, State};
use crate::shell::{InputKind, Invocation, Manager, Package, PackageCall, PackageSource, Verb, Word};

/// The purpose of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Sets where or how the commands after it run: `cd`, `set`, `export`.
    Setting,
    /// Runs a text in the same shell: `. file`, `eval`.
    Script,
    /// Does nothing: `true`, `exit`.
    Nothing,
    /// Reads or prints, and writes no file except by a redirect.
    Looks,
    /// Fetches the package lists of the system, or deletes them.
    Lists,
    /// Installs packages of the system.
    SystemInstall,
    /// Upgrades the packages of the system.
    SystemUpgrade,
    /// Removes packages of the system.
    SystemRemoval,
    /// Another call of the system's package manager.
    SystemOther,
    /// Compiles a project's own program.
    Compiles(Language),
    /// Creates an environment for packages of a language: `uv venv`, `python -m venv`.
    Environment,
    /// Installs or removes global programs, including package managers: `npm install -g`, `pip install poetry`.
    Programs,
    /// Installs packages of a language by their names, and writes no manifest: `pip install flask`.
    Packages,
    /// Installs the dependencies of a project, or adds one: `npm ci`, `npm install express`.
    Install,
    /// Downloads data for libraries by name: models, browsers.
    Data,
    /// Sets options of a package manager.
    Configures,
    /// Empties caches.
    Clean,
    /// Another call of a language's package manager.
    Manager(Verb),
    /// Creates or changes accounts.
    Account,
    /// Creates folders and links, or changes owners and modes.
    Entries,
    /// Sets up the system: locales, certificates, libraries.
    SystemSetup,
    /// Deletes files that are not in a cache.
    Deletes,
    /// Copies or moves files.
    Copies,
    /// Changes the content of files.
    Edits,
    /// Downloads a file.
    Fetches,
    /// Generates, checks or shrinks build results.
    Generates,
    /// May read and write anything.
    Unknown,
}

impl Purpose {
    /// The purpose of one program that a RUN starts.
    pub fn of(invocation: &Invocation) -> Self {
        if let Some(language) = toolchain::compiles(invocation) {
            return Self::Compiles(language);
        }
        if let Some(call) = invocation.package_call() {
            return Self::of_call(&call);
        }
        let Some(name) = invocation.program else { return Self::Unknown };
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
        let matching_purpose = purposes.into_iter().find(|(kind, _)| program.is(*kind));
        if let Some((_, purpose)) = matching_purpose {
            return purpose;
        }
        match name {
            "true" | ":" => Self::Nothing,
            "cp" | "mv" => Self::Copies,
            _ if program.is(Kind::Deletes) && !program.is(Kind::Text) => deletion(invocation),
            _ if program.is(Kind::Edits) && program.writes_files() => Self::Edits,
            _ if program.prepares_system() => Self::SystemSetup,
            "find" if invocation.args.iter().any(|word| word.is("-delete")) => Self::Deletes,
            "find" => Self::Looks,
            // A wrapper without a program: `command -v`, `env` alone.
            _ if program.writes_nothing() || program.files == Files::None => Self::Looks,
            _ => Self::of_module(name, program, invocation.args),
        }
    }

    /// The purpose of a command that an interpreter or a tool runs, by its first words.
    fn of_module(name: &str, program: Program, args: &[Word]) -> Self {
        let python = program.language == Some(program::Language::Python);
        let words: Vec<&str> = args.iter().map(Word::text).collect();
        let words = match (name, &words[..]) {
            ("npx", words) => words.to_vec(),
            (_, ["-m", module @ ..]) if python => module.to_vec(),
            (_, [script, verb, ..]) if python && script.ends_with("setup.py") => vec!["setup.py", verb],
            (_, words) => [&[name], words].concat(),
        };
        match words[..] {
            ["venv" | "virtualenv", ..] => Self::Environment,
            ["ensurepip", ..] => Self::Programs,
            // pip installs the model.
            ["spacy", "download", ..] => Self::Packages,
            ["nltk.downloader", ..] | ["playwright", "install", ..] => Self::Data,
            ["setup.py", "install" | "develop"] => Self::Install,
            _ => Self::Unknown,
        }
    }

    fn of_call(call: &PackageCall) -> Self {
        let looks = match &*call.verb_text {
            "version" => call.operands.is_empty(),
            "get" => Ecosystem::of_manager(call.manager) == Some(Ecosystem::Node),
            _ => call.only_asks(),
        };
        if looks {
            return Self::Looks;
        }
        if call.manager.is_system() {
            return match call.verb {
                Verb::Update | Verb::Clean => Self::Lists,
                Verb::Install => Self::SystemInstall,
                Verb::Upgrade => Self::SystemUpgrade,
                Verb::Remove => Self::SystemRemoval,
                _ => Self::SystemOther,
            };
        }
        match (call.manager, call.verb, &*call.verb_text) {
            (_, Verb::Clean, _) => Self::Clean,
            // The project's own manifest, unless an option says otherwise.
            (Manager::Composer, Verb::Other, "config") if !call.has(&["-g", "--global"]) => Self::Edits,
            (_, Verb::Other, "pkg") => Self::Edits,
            // `yarn set version` adds another Yarn to the project.
            (Manager::Yarn, Verb::Other, "set") => Self::Programs,
            (Manager::Corepack, Verb::Other, _) | (_, Verb::Other, "config" | "set" | "setup") => Self::Configures,
            (Manager::Uv, _, "venv") => Self::Environment,
            _ if is_for_all(call) => Self::Programs,
            (_, Verb::Install | Verb::Upgrade, _) if is_by_name(call) => Self::Packages,
            (_, Verb::Install, _) => Self::Install,
            (_, verb, _) => Self::Manager(verb),
        }
    }
}

/// Whether it is about global programs, not about a project.
fn is_for_all(call: &PackageCall) -> bool {
    let installs = call.verb == Verb::Install;
    match call.manager {
        Manager::Corepack => true,
        Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun | Manager::Dotnet => {
            call.has(&["-g", "--global", "--location", "--tool-path"]) || call.verb_text.starts_with("global")
        }
        Manager::Composer => call.verb_text.starts_with("global"),
        Manager::Uv if call.verb_text == "tool install" => true,
        Manager::Pip | Manager::Uv => installs && is_by_name(call) && call.packages.iter().all(is_python_tool),
        Manager::Cargo => installs && is_by_name(call),
        // `go get` writes go.mod.
        Manager::Go => call.verb_text == "install" && call.packages.iter().all(|package| package.version.is_some()),
        _ => false,
    }
}

/// Whether it installs packages only by their names, with a package manager that writes no manifest.
fn is_by_name(call: &PackageCall) -> bool {
    let plain = |kind| matches!(kind, InputKind::Folder | InputKind::Constraints);
    let silent = match call.manager {
        Manager::Pip | Manager::Gem | Manager::Conda | Manager::Cargo => true,
        Manager::Uv => call.verb_text == "pip install",
        _ => false,
    };
    silent
        && !call.packages.is_empty()
        && call.packages.iter().all(|package| package.source != PackageSource::Path)
        && call.inputs.iter().all(|input| plain(input.kind))
}

/// Whether a package contains a package manager.
fn is_python_tool(package: &Package) -> bool {
    let name = package.name.text.to_lowercase();
    package.source == PackageSource::Index
        && (data::PYTHON_PACKAGES.has(&name, "tool") || name.starts_with("poetry-plugin"))
}

/// `rm -rf /var/lib/apt/lists/*`, `rm -rf ~/.cache`: files that installs leave, or other files.
fn deletion(invocation: &Invocation) -> Purpose {
    let operands = || invocation.args.iter().map(Word::text).filter(|text| !text.starts_with('-'));
    if operands().all(|path| place_of(path) == Some("lists")) {
        Purpose::Lists
    } else if operands().all(is_cache_path) {
        Purpose::Clean
    } else {
        Purpose::Deletes
    }
}

/// Whether a path is in a folder for files that package managers and other programs leave and no one needs again.
pub fn is_cache_path(path: &str) -> bool {
    place_of(path).is_some() || path.contains("/.cache")
}

/// The content of a path that package managers or other programs fill, according to `data/cache_folders.tsv`.
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
        check("npm install express", P::Install);
        check("npm i --location=global serve", P::Programs);
        check("npm -v", P::Looks);
        check("yarn -v", P::Looks);
        check("npm version", P::Looks);
        check("npm version 1.2.3", P::Manager(Verb::Other));
        check("npm set registry x", P::Configures);
        check("npm pkg delete scripts.prepare", P::Edits);
        check("yarn set version stable", P::Programs);
        check("corepack enable", P::Configures);
        check("corepack prepare pnpm@9 --activate", P::Programs);
        check("composer config x y", P::Edits);
        check("composer config -g x y", P::Configures);
        check("poetry config virtualenvs.create false", P::Configures);
        check("pip install poetry", P::Programs);
        check("pip install -c a.txt poetry uv", P::Programs);
        check("pip install -r a.txt poetry", P::Install);
        check("pip install poetry flask", P::Packages);
        check("pip install .", P::Install);
        check("uv tool install ruff", P::Programs);
        check("uv venv", P::Environment);
        check("uv add flask", P::Install);
        check("go install x/y@latest", P::Programs);
        check("go get x/y@latest", P::Install);
        check("cargo install ripgrep", P::Programs);
        check("gem install rails", P::Packages);
        check("python3.12 -m venv /v", P::Environment);
        check("virtualenv /v", P::Environment);
        check("python setup.py install", P::Install);
        check("python -m spacy download en", P::Packages);
        check("spacy download en", P::Packages);
        check("npx playwright install chromium", P::Data);
        check("python -m nltk.downloader punkt", P::Data);
        check("python manage.py check", P::Unknown);
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
