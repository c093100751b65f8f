//! A RUN taken apart: what stands between `&&`, `;` and line ends, and what each part is for.

use crate::build::{Build, Purpose};
use crate::manifest::Ecosystem;
use crate::optimize::pass_input::PassInput;
use crate::shell::program::{Kind, Program};
use crate::shell::{Command, Invocation, Package, Verb, Word};
use crate::sources::patterns;
use crate::text::Span;

/// What a part of a RUN is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::optimize) enum PartPurpose {
    /// Lists and caches of system packages: `apt-get update`, `rm -rf /var/lib/apt/lists/*`.
    Lists,
    /// Installs system packages.
    System,
    /// Takes system packages away.
    Removal,
    /// Brings or sets up the program that installs dependencies.
    Tool,
    /// Makes a virtual environment.
    Venv,
    /// Installs dependencies or the project.
    Install,
    /// Users, folders and settings of the system that count when the program runs.
    Account,
    /// Holds for what follows in the same script: `cd`, `set`, `export`.
    Setting,
    /// Removes what the build leaves in caches.
    Cleaning,
    /// Anything else.
    Other,
}

/// A part of a RUN.
#[derive(Debug)]
pub(in crate::optimize) struct RunPart<'b> {
    /// In the source.
    pub span: Span,
    /// What it is for.
    pub purpose: PartPurpose,
    /// The programs that it runs.
    pub invocations: Vec<Invocation<'b>>,
}

/// The parts of a RUN in order; `None` where it can't be taken apart safely.
pub(in crate::optimize) fn parts<'b>(
    input: &PassInput<'b>,
    index: usize,
    setuptools: bool,
) -> Option<Vec<RunPart<'b>>> {
    let build: &'b Build<'b> = input.build;
    let code = build.code(index)?;
    let script = &code.script;
    if !code.is_ordinary() || !script.problems.is_empty() || !build.instruction(index).heredocs.is_empty() {
        return None;
    }
    let file = input.file();
    let mut parts = Vec::new();
    for unit in script.units()? {
        let is_in = |command: &Command| unit.span.contains(command.span) && !command.words.is_empty();
        let is_bare = !script.commands.iter().any(is_in);
        let purpose = if is_bare { PartPurpose::Setting } else { purpose(&unit.invocations, setuptools) };
        parts.push(RunPart { span: code.place(file, unit.span), purpose, invocations: unit.invocations });
    }
    (!parts.is_empty()).then_some(parts)
}

fn purpose(all: &[Invocation], setuptools: bool) -> PartPurpose {
    let purposes: Vec<PartPurpose> = all.iter().map(|invocation| of_one(invocation, setuptools)).collect();
    let has_purpose = |purpose| purposes.contains(&purpose);
    let only = |some: &[PartPurpose]| !purposes.is_empty() && purposes.iter().all(|purpose| some.contains(purpose));
    if has_purpose(PartPurpose::Install) {
        return PartPurpose::Install;
    }
    if is_tool_script(all) {
        return PartPurpose::Tool;
    }
    for (purpose, others) in [
        (PartPurpose::Setting, &[PartPurpose::Setting][..]),
        (PartPurpose::System, &[PartPurpose::System, PartPurpose::Lists]),
        (PartPurpose::Removal, &[PartPurpose::Removal, PartPurpose::Lists]),
        (PartPurpose::Lists, &[PartPurpose::Lists]),
        (PartPurpose::Venv, &[PartPurpose::Venv, PartPurpose::Tool]),
        (PartPurpose::Tool, &[PartPurpose::Tool]),
        (PartPurpose::Cleaning, &[PartPurpose::Cleaning]),
        (PartPurpose::Account, &[PartPurpose::Account]),
    ] {
        if has_purpose(purpose) && only(others) {
            return purpose;
        }
    }
    PartPurpose::Other
}

fn of_one(invocation: &Invocation, setuptools: bool) -> PartPurpose {
    let call = invocation.package_call();
    let python = call.as_ref().is_none_or(|call| Ecosystem::of_manager(call.manager) == Some(Ecosystem::Python));
    // Where sources import setuptools, it is a dependency.
    let is_setuptools = |package: &Package| setuptools && package.name.text.eq_ignore_ascii_case("setuptools");
    match Purpose::of(invocation) {
        Purpose::SystemInstall => PartPurpose::System,
        Purpose::Lists | Purpose::SystemUpgrade => PartPurpose::Lists,
        Purpose::SystemRemoval => PartPurpose::Removal,
        Purpose::Setting | Purpose::Script | Purpose::Nothing => PartPurpose::Setting,
        Purpose::Account => PartPurpose::Account,
        Purpose::Entries if !invocation.is("ln") => PartPurpose::Account,
        Purpose::SystemSetup if invocation.program.is_some_and(|name| Program::of(name).is(Kind::RunTime)) => {
            PartPurpose::Account
        }
        Purpose::Clean if call.is_none() => PartPurpose::Cleaning,
        _ if call.is_none() && sets_up(invocation) => PartPurpose::Account,
        _ if !python => PartPurpose::Other,
        Purpose::Environment => PartPurpose::Venv,
        Purpose::Programs if !call.as_ref().is_some_and(|call| call.packages.iter().any(is_setuptools)) => {
            PartPurpose::Tool
        }
        Purpose::Programs | Purpose::Packages | Purpose::Install | Purpose::Manager(Verb::Upgrade) => {
            PartPurpose::Install
        }
        Purpose::Manager(Verb::Run) => PartPurpose::Other,
        _ if call.is_some() => PartPurpose::Tool,
        _ => PartPurpose::Other,
    }
}

/// Whether it writes the system's settings of locale, time or services.
fn sets_up(invocation: &Invocation) -> bool {
    let redirects = invocation.command.redirects.iter().filter_map(|redirect| redirect.target.as_ref());
    let mut words = invocation.args.iter().chain(redirects).map(Word::text);
    words.any(|word| patterns::words("is a setting of the system").any(|path| word.starts_with(path)))
}

/// The installers that are piped into an interpreter: `curl -sSL https://install.python-poetry.org | python3 -`.
fn is_tool_script(all: &[Invocation]) -> bool {
    let mut words = all.iter().flat_map(|invocation| invocation.args.iter());
    words.any(|word| patterns::shows(word.text(), "fetches a package manager of Python"))
}
