//! What a command of a RUN reads and writes, as far as it affects the order.

use super::install_inputs;
use super::state::{InstallNeeds, Walk};
use crate::build::{Purpose, asks_history};
use crate::manifest::Ecosystem;
use crate::shell::program::{Kind, Language, Network, Program};
use crate::shell::{InputKind, Invocation, Manager, PackageCall, PackageSource, Verb, Word};
use crate::text::path;

/// The kind of a command, as far as it affects the order.
#[derive(Clone, Debug)]
pub(super) enum CommandKind<'i> {
    /// Sets where or how the commands after it run: `cd`, `set`, `export`.
    State,
    /// Deletes files that a command before it left.
    Tidy,
    /// Installs packages by their names, and reads nothing from the context.
    Packages(String),
    /// Downloads or compiles something, and reads nothing from the context.
    Free(String),
    /// Reads nothing from the context, and is fast: accounts, folders elsewhere.
    Cheap,
    /// Installs a project's dependencies.
    Install(InstallNeeds<'i>),
    /// Builds the project; its dependencies can be downloaded before by a separate command.
    Build(InstallNeeds<'i>, &'static str),
    /// Changes names and modes of files of the context.
    Light,
    /// Runs a program of the project or its tools, which does not write manifests of another ecosystem.
    Program(Ecosystem),
    /// May read and write anything.
    Unknown,
}

/// Whether a program is not part of the dependencies, so that no copy has to provide it.
pub(super) fn is_plain(program: &str) -> bool {
    Program::of(program).keeps_to_arguments()
}

/// The kind of a program that a RUN starts.
pub(super) fn of<'i>(walk: &Walk<'_, 'i>, at: usize, invocation: &Invocation) -> CommandKind<'i> {
    let Some(program) = invocation.program else { return CommandKind::Unknown };
    let known = Program::of(program);
    let purpose = Purpose::of(invocation);
    if let Some(call) = invocation.package_call() {
        return of_call(walk, at, invocation, &call, purpose);
    }
    if asks_history(invocation) && has_history(walk, at, invocation) {
        return CommandKind::Unknown;
    }
    match purpose {
        // It is made of the interpreter alone; what is installed into it follows.
        Purpose::Environment if names_nothing(walk, at, invocation) => return CommandKind::Cheap,
        Purpose::Setting => return CommandKind::State,
        Purpose::Lists | Purpose::Clean => return CommandKind::Tidy,
        Purpose::Data | Purpose::Packages if !names_nothing(walk, at, invocation) => return CommandKind::Unknown,
        Purpose::Data | Purpose::Packages => {
            let words: Vec<&str> = invocation.args.iter().take(2).map(Word::text).collect();
            return CommandKind::Free(format!("{program} {}", words.join(" ")));
        }
        _ => {}
    }
    if known.keeps_to_arguments() || reads_its_input(known, invocation.args) {
        return plain(walk, at, invocation, known);
    }
    match known.language {
        Some(Language::Python) => CommandKind::Program(Ecosystem::Python),
        Some(Language::Node) => CommandKind::Program(Ecosystem::Node),
        Some(Language::Php) => CommandKind::Program(Ecosystem::Php),
        Some(Language::Ruby) => CommandKind::Program(Ecosystem::Ruby),
        _ => CommandKind::Unknown,
    }
}

fn plain<'i>(walk: &Walk, at: usize, invocation: &Invocation, known: Program) -> CommandKind<'i> {
    let nothing = names_nothing(walk, at, invocation);
    if nothing && known.network == Network::Yes && !invocation.args.iter().any(|word| word.is("--version")) {
        CommandKind::Free(invocation.program.unwrap_or_default().to_owned())
    } else if nothing {
        CommandKind::Cheap
    } else if known.handles_files() {
        CommandKind::Light
    } else {
        CommandKind::Unknown
    }
}

/// A shell or interpreter that reads its commands from a pipe: `curl … | bash -`.
fn reads_its_input(program: Program, args: &[Word]) -> bool {
    (program.is_shell() || program.is(Kind::Interpreter))
        && args.iter().all(|word| word.text().starts_with('-') && !matches!(word.text(), "-c" | "-m"))
}

/// Whether a copy of sources contains the repository that git finds from its folder upwards.
fn has_history(walk: &Walk, at: usize, invocation: &Invocation) -> bool {
    let Some(mut folder) = walk.folder(at, invocation) else { return true };
    for pair in invocation.args.windows(2).filter(|pair| pair[0].is("-C")) {
        folder = path::join(&folder, pair[1].text());
    }
    let above = folder.match_indices('/').map(|(end, _)| &folder[..end]);
    above.chain([folder.as_str()]).any(|folder| walk.has(&path::join(folder, ".git")))
}

/// Whether no operand names a file of the context, or a destination of a copy.
fn names_nothing(walk: &Walk, at: usize, invocation: &Invocation) -> bool {
    let folder = walk.folder(at, invocation);
    // `mkdir -p` creates parent folders; other commands need them to exist.
    let makes = invocation.is("mkdir") && invocation.args.iter().any(|word| matches!(word.text(), "-p" | "--parents"));
    let lacks = |path: &str| !makes && walk.lacks_above(at, path);
    if folder.as_deref().is_some_and(|folder| lacks(&format!("{}/.", folder.trim_end_matches('/')))) {
        return false;
    }
    // Without an operand it works on the current folder.
    let looks_here = invocation.is("find") && invocation.args.first().is_none_or(|word| word.text().starts_with('-'));
    if looks_here && folder.as_deref().is_none_or(|folder| walk.has(folder)) {
        return false;
    }
    let redirects = invocation.command.redirects.iter().filter_map(|redirect| redirect.target.as_ref());
    invocation.args.iter().chain(redirects).all(|word| {
        let text = word.text();
        let text = match text.split_once('=') {
            Some((_, value)) if text.starts_with('-') => value,
            _ => text,
        };
        if text.starts_with('-') || text.contains("://") || text.is_empty() {
            return true;
        }
        if text.starts_with(['/', '~', '$']) {
            return !(walk.is_target(text) || text.starts_with('/') && lacks(text));
        }
        let Some(folder) = &folder else { return false };
        let plain = !word.is_pattern() || text.contains("://");
        let path = path::join(folder, text);
        plain && !walk.has(&path) && !lacks(&path)
    })
}

fn of_call<'i>(
    walk: &Walk<'_, 'i>,
    at: usize,
    invocation: &Invocation,
    call: &PackageCall,
    purpose: Purpose,
) -> CommandKind<'i> {
    if matches!(purpose, Purpose::Compiles(_))
        && !call.manager.is_system()
        && let Some((needs, command)) = install_inputs::download(walk, at, invocation, call)
    {
        return CommandKind::Build(needs, command);
    }
    let local = call.packages.iter().any(|package| package.source == PackageSource::Path);
    match purpose {
        Purpose::Environment if names_nothing(walk, at, invocation) => CommandKind::Cheap,
        Purpose::Looks | Purpose::Configures => CommandKind::Cheap,
        _ if call.manager.is_system() => {
            if local && !names_nothing(walk, at, invocation) {
                CommandKind::Unknown
            } else {
                CommandKind::Packages(call.title())
            }
        }
        Purpose::Clean => CommandKind::Tidy,
        _ if matches!(call.verb, Verb::Install | Verb::Download) && call.is_from_manifest() => {
            install(walk, at, invocation, call)
        }
        // It reads the same files as an install, and writes the lock file next to them.
        _ if call.verb_text == "lock" && matches!(call.manager, Manager::Uv | Manager::Poetry | Manager::Pdm) => {
            match install(walk, at, invocation, call) {
                CommandKind::Install(needs) => CommandKind::Install(InstallNeeds {
                    key: format!("lock {}", needs.key),
                    without_project: None,
                    ..needs
                }),
                other => other,
            }
        }
        _ if !local && is_by_name(walk, at, invocation, call, purpose) && names_nothing(walk, at, invocation) => {
            CommandKind::Packages(call.title())
        }
        _ => of_project(call.manager),
    }
}

fn install<'i>(walk: &Walk<'_, 'i>, at: usize, invocation: &Invocation, call: &PackageCall) -> CommandKind<'i> {
    match install_inputs::needs(walk, at, invocation, call) {
        Ok(Some(needs)) => CommandKind::Install(needs),
        Ok(None) => of_project(call.manager),
        Err(reason) => {
            walk.add_obstacle(call.title(), reason);
            CommandKind::Unknown
        }
    }
}

/// Whether a call installs packages only by their names. npm does so in a folder to which no copy of sources adds a
/// manifest or packages.
fn is_by_name(walk: &Walk, at: usize, invocation: &Invocation, call: &PackageCall, purpose: Purpose) -> bool {
    let brings = |folder: &str| {
        let names = ["package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc", "node_modules"];
        names.iter().any(|name| walk.has(&path::join(folder, name)))
    };
    let apart = || walk.folder(at, invocation).is_some_and(|folder| !folder.starts_with("/?") && !brings(&folder));
    let installs = matches!(call.verb, Verb::Install | Verb::Upgrade) && !call.packages.is_empty();
    installs
        && match purpose {
            Purpose::Programs | Purpose::Packages => call.inputs.iter().all(|input| input.kind == InputKind::Folder),
            _ => call.manager == Manager::Npm && apart(),
        }
}

/// Runs a program of the project.
fn of_project<'i>(manager: Manager) -> CommandKind<'i> {
    Ecosystem::of_manager(manager).map_or(CommandKind::Unknown, CommandKind::Program)
}
