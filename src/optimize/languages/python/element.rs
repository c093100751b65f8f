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
pub(in crate::optimize) enum Class {
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
pub(in crate::optimize) struct Element<'b> {
    /// In the source.
    pub span: Span,
    /// What it is for.
    pub class: Class,
    /// The programs that it runs.
    pub invocations: Vec<Invocation<'b>>,
}

/// The parts of a RUN in order; `None` where it can't be taken apart safely.
pub(in crate::optimize) fn elements<'b>(
    input: &PassInput<'b>,
    index: usize,
    setuptools: bool,
) -> Option<Vec<Element<'b>>> {
    let build: &'b Build<'b> = input.build;
    let code = build.code(index)?;
    let script = &code.script;
    if !code.is_ordinary() || !script.problems.is_empty() || !build.instruction(index).heredocs.is_empty() {
        return None;
    }
    let file = input.file();
    let mut elements = Vec::new();
    for unit in script.units()? {
        let is_in = |command: &Command| unit.span.contains(command.span) && !command.words.is_empty();
        let is_bare = !script.commands.iter().any(is_in);
        let class = if is_bare { Class::Setting } else { class(&unit.invocations, setuptools) };
        elements.push(Element { span: code.place(file, unit.span), class, invocations: unit.invocations });
    }
    (!elements.is_empty()).then_some(elements)
}

fn class(all: &[Invocation], setuptools: bool) -> Class {
    let classes: Vec<Class> = all.iter().map(|invocation| of_one(invocation, setuptools)).collect();
    let has_class = |class| classes.contains(&class);
    let only = |some: &[Class]| !classes.is_empty() && classes.iter().all(|class| some.contains(class));
    if has_class(Class::Install) {
        return Class::Install;
    }
    if is_tool_script(all) {
        return Class::Tool;
    }
    for (class, others) in [
        (Class::Setting, &[Class::Setting][..]),
        (Class::System, &[Class::System, Class::Lists]),
        (Class::Removal, &[Class::Removal, Class::Lists]),
        (Class::Lists, &[Class::Lists]),
        (Class::Venv, &[Class::Venv, Class::Tool]),
        (Class::Tool, &[Class::Tool]),
        (Class::Cleaning, &[Class::Cleaning]),
        (Class::Account, &[Class::Account]),
    ] {
        if has_class(class) && only(others) {
            return class;
        }
    }
    Class::Other
}

fn of_one(invocation: &Invocation, setuptools: bool) -> Class {
    let call = invocation.package_call();
    let python = call.as_ref().is_none_or(|call| Ecosystem::of_manager(call.manager) == Some(Ecosystem::Python));
    // Where sources import setuptools, it is a dependency.
    let is_setuptools = |package: &Package| setuptools && package.name.text.eq_ignore_ascii_case("setuptools");
    match Purpose::of(invocation) {
        Purpose::SystemInstall => Class::System,
        Purpose::Lists | Purpose::SystemUpgrade => Class::Lists,
        Purpose::SystemRemoval => Class::Removal,
        Purpose::Setting | Purpose::Script | Purpose::Nothing => Class::Setting,
        Purpose::Account => Class::Account,
        Purpose::Entries if !invocation.is("ln") => Class::Account,
        Purpose::SystemSetup if invocation.program.is_some_and(|name| Program::of(name).is(Kind::RunTime)) => {
            Class::Account
        }
        Purpose::Clean if call.is_none() => Class::Cleaning,
        _ if call.is_none() && sets_up(invocation) => Class::Account,
        _ if !python => Class::Other,
        Purpose::Environment => Class::Venv,
        Purpose::Programs if !call.as_ref().is_some_and(|call| call.packages.iter().any(is_setuptools)) => Class::Tool,
        Purpose::Programs | Purpose::Packages | Purpose::Install | Purpose::Manager(Verb::Upgrade) => Class::Install,
        Purpose::Manager(Verb::Run) => Class::Other,
        _ if call.is_some() => Class::Tool,
        _ => Class::Other,
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
