//! The purpose of each command of a RUN: to build, to install what the system needs, or to prepare the container.

use super::image_paths;
use super::packages::{self, IsProgramCalled};
use crate::build::toolchain::Language;
use crate::build::{Build, Purpose, Stage};
use crate::shell::{Invocation, Manager, PackageCall, RedirectOperator, SeparatorKind, Verb, Word};
use crate::sources::patterns;
use crate::text::path;

/// What becomes of a command when its stage is split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CommandFate {
    /// It serves the build alone.
    Build,
    /// It compiles the program.
    Compiles(Language),
    /// It installs packages of the system: those that are wanted at run time, as written.
    Packages(Vec<String>),
    /// It keeps the lists and caches of such packages in order.
    Lists,
    /// It prepares what the container runs in.
    Prepares,
    /// It may write any file in the folder that it works in.
    Works,
    /// It writes what nobody knows where.
    Unknown,
}

/// A command of a RUN.
#[derive(Debug)]
pub(super) struct RunCommand {
    /// What becomes of it.
    pub fate: CommandFate,
    /// Its text on one line.
    pub text: String,
}

/// A RUN in its commands.
#[derive(Debug)]
pub(super) struct RunCommands {
    /// Index of the instruction.
    pub index: usize,
    /// Its commands, in order.
    pub commands: Vec<RunCommand>,
    /// Whether each command can be taken out of it.
    pub separable: bool,
    /// Whether it takes packages away again.
    pub removes: bool,
}

impl RunCommands {
    /// Whether it compiles, and what.
    pub(super) fn compiles(&self) -> Option<Language> {
        self.commands.iter().find_map(|command| match command.fate {
            CommandFate::Compiles(language) => Some(language),
            _ => None,
        })
    }

    /// Whether some command has this fate.
    pub(super) fn has(&self, fate: &CommandFate) -> bool {
        self.commands.iter().any(|command| command.fate == *fate)
    }
}

/// Reads a RUN; `None` where no shell of this kind reads it.
pub(super) fn read(build: &Build, stage: &Stage, index: usize, wanted: IsProgramCalled) -> Option<RunCommands> {
    let file = &build.input().file;
    let code = build.code(index)?;
    let invocations = code.script.invocations();
    let mut commands = Vec::new();
    for (at, command) in code.script.commands.iter().enumerate() {
        let inner: Vec<&Invocation> = invocations.iter().filter(|invocation| invocation.outer as usize == at).collect();
        let fate = inner
            .iter()
            .map(|command| decide_fate(build, stage, index, command, wanted))
            .reduce(stronger)
            .unwrap_or(CommandFate::Build);
        let span = code.place(file, command.span);
        let text = join_lines(build.input().file.source().slice(span));
        commands.push(RunCommand { fate, text });
    }
    let plain = |command: &crate::shell::Command| {
        let parted = |kind| matches!(kind, SeparatorKind::And | SeparatorKind::Semicolon | SeparatorKind::Newline);
        let after = command.place.after.is_none_or(|after| parted(after.kind));
        let before = command.place.before.is_none_or(|before| parted(before.kind));
        command.place.scope == 0 && before && after
    };
    let instruction = build.instruction(index);
    let separable = code.script.problems.is_empty()
        && !code.is_exec()
        && instruction.heredocs.is_empty()
        && code.script.compounds.is_empty()
        && code.script.commands.iter().all(plain);
    let removes = invocations.iter().any(|invocation| Purpose::of(invocation) == Purpose::SystemRemoval);
    let mut run = RunCommands { index, commands, separable, removes };
    if run.commands.iter().any(|command| patterns::shows(&command.text, "fetches a toolchain")) {
        for command in
            run.commands.iter_mut().filter(|command| matches!(command.fate, CommandFate::Unknown | CommandFate::Works))
        {
            command.fate = CommandFate::Build;
        }
    }
    Some(run)
}

/// The text on one line.
fn join_lines(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim().trim_end_matches('\\').trim());
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect::<Vec<_>>().join(" ")
}

fn stronger(a: CommandFate, b: CommandFate) -> CommandFate {
    let weight = |command_fate: &CommandFate| match command_fate {
        CommandFate::Build => 0,
        CommandFate::Lists => 1,
        CommandFate::Packages(_) | CommandFate::Prepares => 2,
        CommandFate::Compiles(_) => 3,
        CommandFate::Works => 4,
        CommandFate::Unknown => 5,
    };
    if weight(&b) > weight(&a) { b } else { a }
}

/// What becomes of a command of a RUN.
fn decide_fate(
    build: &Build,
    stage: &Stage,
    at: usize,
    invocation: &Invocation,
    wanted: IsProgramCalled,
) -> CommandFate {
    let inside = |redirected| {
        if is_inside(build, stage, at, invocation, redirected) { CommandFate::Works } else { CommandFate::Unknown }
    };
    let purpose = Purpose::of(invocation);
    let redirected =
        invocation.command.redirects.iter().any(|redirect| redirect.target.is_some() && writes(redirect.operator));
    if let Some(call) = invocation.package_call() {
        return match purpose {
            Purpose::Looks if !redirected => CommandFate::Build,
            Purpose::Compiles(language) => CommandFate::Compiles(language),
            Purpose::SystemInstall => CommandFate::Packages(packages::runtime_packages(build, stage, &call, wanted)),
            Purpose::SystemRemoval => CommandFate::Build,
            Purpose::SystemUpgrade => CommandFate::Prepares,
            Purpose::Lists | Purpose::SystemOther => CommandFate::Lists,
            _ => of_manager(&call),
        };
    }
    let names_lists = || invocation.args.iter().any(|word| word.text().contains("/var/lib/apt/lists"));
    let names_path = || invocation.args.iter().any(|word| word.text().contains('/'));
    match purpose {
        Purpose::Compiles(language) => CommandFate::Compiles(language),
        // What an account is made by asks for it.
        _ if invocation.is("getent") || invocation.is("id") => CommandFate::Prepares,
        Purpose::Setting | Purpose::Nothing | Purpose::Looks | Purpose::Generates | Purpose::Edits if !redirected => {
            CommandFate::Build
        }
        _ if invocation.is("java") && !redirected => CommandFate::Build,
        Purpose::Lists | Purpose::Clean | Purpose::Deletes if names_lists() => CommandFate::Lists,
        // Moves of what the build makes are followed; modes travel with the files.
        Purpose::Copies | Purpose::Clean | Purpose::Deletes | Purpose::Lists => CommandFate::Build,
        _ if invocation.is("install") => CommandFate::Build,
        Purpose::Fetches => fate_of_download(invocation),
        Purpose::Account | Purpose::Entries => CommandFate::Prepares,
        Purpose::SystemSetup if invocation.is("ldconfig") || !names_path() => CommandFate::Prepares,
        _ if invocation.program.is_none() => CommandFate::Unknown,
        _ => inside(redirected),
    }
}

/// A call of a language's package manager that compiles no program of the project.
fn of_manager(call: &PackageCall) -> CommandFate {
    match (call.manager, call.verb) {
        (Manager::Go | Manager::Cargo | Manager::Maven | Manager::Gradle | Manager::Dotnet, verb) => match verb {
            Verb::Run if call.verb_text != "test" && call.verb_text != "t" => CommandFate::Works,
            _ => CommandFate::Build,
        },
        (Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun, Verb::Install | Verb::Run) => CommandFate::Works,
        _ => CommandFate::Unknown,
    }
}

/// A download: of a file that the moves are followed from.
fn fate_of_download(invocation: &Invocation) -> CommandFate {
    let written = invocation.flag("-o").or_else(|| invocation.flag("-O")).or_else(|| invocation.flag("--output"));
    if written.is_some() && invocation.command.place.pipe_len <= 1 { CommandFate::Build } else { CommandFate::Unknown }
}

/// Whether the paths that a command names lie in the folder that it works in.
fn is_inside(build: &Build, stage: &Stage, at: usize, invocation: &Invocation, redirected: bool) -> bool {
    let Some(folder) = image_paths::workdir(build, stage, at).filter(|folder| folder != "/") else { return false };
    let inside = |word: &Word| {
        let text = word.text();
        !text.starts_with('~') && (!text.contains('/') || path::is_within(&path::join(&folder, text), &folder))
    };
    let targets = invocation.command.redirects.iter().filter_map(|redirect| redirect.target.as_ref());
    invocation.args.iter().all(inside) && (!redirected || targets.into_iter().all(inside))
}

/// Whether a redirect makes a file.
fn writes(operator: RedirectOperator) -> bool {
    use RedirectOperator as Op;
    matches!(operator, Op::Write | Op::Append | Op::Clobber | Op::ReadWrite | Op::WriteBoth | Op::AppendBoth)
}

/// The commands of a RUN that the stage that ships needs.
pub(super) fn needed_commands(run: &RunCommands) -> Vec<&RunCommand> {
    let packages = run
        .commands
        .iter()
        .any(|command| matches!(&command.fate, CommandFate::Packages(packages) if !packages.is_empty()));
    let keep = |command: &&RunCommand| match &command.fate {
        CommandFate::Prepares | CommandFate::Unknown => true,
        CommandFate::Packages(packages) => !packages.is_empty(),
        CommandFate::Lists => packages,
        _ => false,
    };
    run.commands.iter().filter(keep).collect()
}
