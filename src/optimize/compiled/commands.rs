//! What each command of a RUN is for: to build, to install what the system needs, or to prepare the container.

use super::place;
use crate::build::{Build, Stage};
use crate::rules::toolchain::{self, Language};
use crate::shell::{Invocation, Manager, RedirectOperator, SeparatorKind, Verb, Word};

/// What a command is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
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
pub(super) struct Command {
    /// What it is for.
    pub purpose: Purpose,
    /// Its text on one line.
    pub text: String,
}

/// A RUN in its commands.
#[derive(Debug)]
pub(super) struct Run {
    /// Index of the instruction.
    pub index: usize,
    /// Its commands, in order.
    pub commands: Vec<Command>,
    /// Whether each command can be taken out of it.
    pub separable: bool,
    /// Whether it takes packages away again.
    pub removes: bool,
}

impl Run {
    /// Whether it compiles, and what.
    pub(super) fn compiles(&self) -> Option<Language> {
        self.commands.iter().find_map(|one| match one.purpose {
            Purpose::Compiles(language) => Some(language),
            _ => None,
        })
    }

    /// Whether some command has the purpose.
    pub(super) fn has(&self, purpose: &Purpose) -> bool {
        self.commands.iter().any(|one| one.purpose == *purpose)
    }
}

/// Whether the container calls a program of the system.
pub(super) type Wanted<'w> = &'w dyn Fn(&str) -> bool;

/// Reads a RUN; `None` where no shell of this kind reads it.
pub(super) fn read(build: &Build, stage: &Stage, index: usize, wanted: Wanted) -> Option<Run> {
    let file = &build.input().file;
    let code = build.code(index)?;
    let invocations = code.script.invocations();
    let mut commands = Vec::new();
    for (at, command) in code.script.commands.iter().enumerate() {
        let own: Vec<&Invocation> = invocations.iter().filter(|one| one.outer as usize == at).collect();
        let purpose =
            own.iter().map(|one| purpose(build, stage, index, one, wanted)).reduce(stronger).unwrap_or(Purpose::Build);
        let span = code.place(file, command.span);
        let text = joined(build.input().file.source().slice(span));
        commands.push(Command { purpose, text });
    }
    let plain = |one: &crate::shell::Command| {
        let parted = |kind| matches!(kind, SeparatorKind::And | SeparatorKind::Semicolon | SeparatorKind::Newline);
        let after = one.place.after.is_none_or(|after| parted(after.kind));
        let before = one.place.before.is_none_or(|before| parted(before.kind));
        one.place.scope == 0 && before && after
    };
    let instruction = build.instruction(index);
    let separable = code.script.problems.is_empty()
        && !code.is_exec()
        && instruction.heredocs.is_empty()
        && code.script.compounds.is_empty()
        && code.script.commands.iter().all(plain);
    let removes = invocations
        .iter()
        .any(|one| one.package_call().is_some_and(|call| call.manager.is_system() && call.verb == Verb::Remove));
    let mut run = Run { index, commands, separable, removes };
    if run.commands.iter().any(|one| installs_toolchain(&one.text)) {
        for one in run.commands.iter_mut().filter(|one| matches!(one.purpose, Purpose::Unknown | Purpose::Works)) {
            one.purpose = Purpose::Build;
        }
    }
    Some(run)
}

/// Whether a command fetches a toolchain from its publisher.
fn installs_toolchain(text: &str) -> bool {
    let places = [
        "sh.rustup.rs",
        "static.rust-lang.org",
        "go.dev/dl",
        "golang.org/dl",
        "dl.google.com/go",
        "storage.googleapis.com/golang",
        "/maven/maven-3",
        "apache-maven",
        "services.gradle.org",
        "dot.net/v1/dotnet-install",
        "dotnet-install.sh",
    ];
    places.iter().any(|place| text.contains(place))
}

/// The text on one line.
fn joined(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim().trim_end_matches('\\').trim());
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect::<Vec<_>>().join(" ")
}

fn stronger(a: Purpose, b: Purpose) -> Purpose {
    let weight = |one: &Purpose| match one {
        Purpose::Build => 0,
        Purpose::Lists => 1,
        Purpose::Packages(_) | Purpose::Prepares => 2,
        Purpose::Compiles(_) => 3,
        Purpose::Works => 4,
        Purpose::Unknown => 5,
    };
    if weight(&b) > weight(&a) { b } else { a }
}

/// Programs that only look, or set the shell up.
const QUIET: [&str; 38] = [
    "cd",
    "set",
    "export",
    "true",
    "test",
    "[",
    "ls",
    "pwd",
    "which",
    "command",
    "java",
    "unset",
    "umask",
    "sleep",
    "date",
    "uname",
    "file",
    "find",
    "du",
    "df",
    "env",
    "rustup",
    "ldd",
    "strip",
    "swag",
    "templ",
    "sqlc",
    "protoc",
    "buf",
    "wire",
    "mockgen",
    "gqlgen",
    "oapi-codegen",
    "golangci-lint",
    "upx",
    "dos2unix",
    "javac",
    "sed",
];

/// Programs that prepare the file system or accounts.
const PREPARES: [&str; 21] = [
    "mkdir",
    "chown",
    "chgrp",
    "touch",
    "useradd",
    "adduser",
    "groupadd",
    "addgroup",
    "usermod",
    "passwd",
    "ldconfig",
    "update-ca-certificates",
    "locale-gen",
    "update-locale",
    "dpkg-reconfigure",
    "setcap",
    "chpasswd",
    "getent",
    "id",
    "chmod",
    "ln",
];

/// What a command of a RUN is for.
fn purpose(build: &Build, stage: &Stage, at: usize, one: &Invocation, wanted: Wanted) -> Purpose {
    if let Some(language) = toolchain::compiles(one) {
        return Purpose::Compiles(language);
    }
    if let Some(call) = one.package_call() {
        if call.manager.is_system() {
            return match call.verb {
                Verb::Install => Purpose::Packages(super::packages::kept(build, stage, &call, wanted)),
                Verb::Remove => Purpose::Build,
                Verb::Upgrade => Purpose::Prepares,
                _ => Purpose::Lists,
            };
        }
        return match (call.manager, call.verb) {
            (Manager::Go | Manager::Cargo | Manager::Maven | Manager::Gradle | Manager::Dotnet, _) => match call.verb {
                Verb::Run if call.verb_text != "test" && call.verb_text != "t" => Purpose::Works,
                _ => Purpose::Build,
            },
            (Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun, Verb::Install | Verb::Run) => Purpose::Works,
            _ => Purpose::Unknown,
        };
    }
    let Some(program) = one.program else { return Purpose::Unknown };
    let redirected = one.command.redirects.iter().any(|one| one.target.is_some() && writes(one.operator));
    if QUIET.contains(&program) && !redirected {
        return Purpose::Build;
    }
    match program {
        "echo" | "printf" | "cat" if !redirected => Purpose::Build,
        "rm" if one.args.iter().any(|word| word.text().contains("/var/lib/apt/lists")) => Purpose::Lists,
        // Moves of what the build makes are followed; modes travel with the files.
        "cp" | "mv" | "install" | "rm" => Purpose::Build,
        "curl" | "wget" => fetched(one),
        _ if PREPARES.contains(&program) => Purpose::Prepares,
        _ if is_inside(build, stage, at, one, redirected) => Purpose::Works,
        _ => Purpose::Unknown,
    }
}

/// A download: of a file that the moves are followed from.
fn fetched(one: &Invocation) -> Purpose {
    let written = one.flag("-o").or_else(|| one.flag("-O")).or_else(|| one.flag("--output"));
    if written.is_some() && one.command.place.pipe_len <= 1 { Purpose::Build } else { Purpose::Unknown }
}

/// Whether the paths that a command names lie in the folder that it works in.
fn is_inside(build: &Build, stage: &Stage, at: usize, one: &Invocation, redirected: bool) -> bool {
    let Some(folder) = place::workdir(build, stage, at).filter(|folder| folder != "/") else { return false };
    let inside = |word: &Word| {
        let text = word.text();
        !text.starts_with('~') && (!text.contains('/') || place::is_in(&place::absolute(&folder, text), &folder))
    };
    let targets = one.command.redirects.iter().filter_map(|redirect| redirect.target.as_ref());
    one.args.iter().all(inside) && (!redirected || targets.into_iter().all(inside))
}

/// Whether a redirect makes a file.
fn writes(operator: RedirectOperator) -> bool {
    use RedirectOperator as Op;
    matches!(operator, Op::Write | Op::Append | Op::Clobber | Op::ReadWrite | Op::WriteBoth | Op::AppendBoth)
}

/// The commands of a RUN that the stage that ships needs.
pub(super) fn kept(run: &Run) -> Vec<&Command> {
    let packages = run.commands.iter().any(|one| matches!(&one.purpose, Purpose::Packages(kept) if !kept.is_empty()));
    let keep = |one: &&Command| match &one.purpose {
        Purpose::Prepares | Purpose::Unknown => true,
        Purpose::Packages(kept) => !kept.is_empty(),
        Purpose::Lists => packages,
        _ => false,
    };
    run.commands.iter().filter(keep).collect()
}
