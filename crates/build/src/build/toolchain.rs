//! Build tools: packages that are only needed to build programs, and the commands that build them.

use super::{BaseImage, Build, Presence, Reference, Stage, StageBase, development, service};
use crate::data;
use crate::dockerfile::{Instruction, Keyword};
use crate::shell::program::{self, Kind, Program};
use crate::shell::{Invocation, Manager, Package, PackageCall, PackageSource, Script, Verb, from_exec};
use crate::text::Span;

/// Whether a system package is only needed to build: a compiler, a build tool, headers.
pub fn is_build_package(name: &str) -> bool {
    let headers = (name.ends_with("-dev") || name.ends_with("-devel")) && !name.starts_with("lib32");
    let versioned = |tool: &str| {
        let rest = name.strip_prefix(tool).and_then(|rest| rest.strip_prefix('-'));
        rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
    };
    headers
        || data::SYSTEM_PACKAGES.has(name, "build")
        || ["gcc", "g++", "clang", "golang", "rustc"].into_iter().any(versioned)
}

/// Whether a package contains a C compiler.
pub fn is_compiler(name: &str) -> bool {
    let exact = ["build-essential", "build-base", "base-devel", "gcc-c++"];
    exact.contains(&name) || ["gcc", "g++", "clang"].iter().any(|tool| name.split('-').next() == Some(tool))
}

/// The build tools among the packages that a call installs, as written.
pub fn build_packages<'s>(call: &PackageCall<'s>) -> Vec<&'s str> {
    if call.verb != Verb::Install || !call.manager.is_system() {
        return Vec::new();
    }
    let named = call
        .packages
        .iter()
        .filter(|package| !package.absent && !package.name.dynamic && package.source == PackageSource::Index);
    named.map(|named| named.name.text).filter(|name| is_build_package(name)).collect()
}

/// The last command of a script that removes packages.
pub fn last_removal(invocations: &[Invocation]) -> Option<usize> {
    let is_system = |invocation: &Invocation| invocation.manager().is_some_and(Manager::is_system);
    let removes = |call: PackageCall| call.verb == Verb::Remove;
    invocations.iter().rposition(|invocation| is_system(invocation) && invocation.package_call().is_some_and(removes))
}

/// The language that is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Go.
    Go,
    /// Rust.
    Rust,
    /// Java, Kotlin, Scala and other languages of a JDK's build tools.
    Java,
    /// C# and other languages of the .NET SDK.
    DotNet,
    /// C and C++.
    C,
}

impl Language {
    /// The language of a compiler.
    const fn of(program: Program) -> Option<Self> {
        match program.language {
            Some(program::Language::Go) => Some(Self::Go),
            Some(program::Language::Rust) => Some(Self::Rust),
            Some(program::Language::Java) => Some(Self::Java),
            Some(program::Language::DotNet) => Some(Self::DotNet),
            Some(program::Language::C) => Some(Self::C),
            _ => None,
        }
    }

    /// The language whose toolchain an image contains; `None` if packages install it, or if nothing is known.
    pub fn of_image(image: &str) -> Option<Self> {
        let name = Reference::of(image).short_name();
        match *data::TOOLCHAIN_IMAGES.row(name)?.get(3)? {
            "go" => Some(Self::Go),
            "rust" => Some(Self::Rust),
            "java" => Some(Self::Java),
            "dotnet" => Some(Self::DotNet),
            _ => None,
        }
    }

    /// Programs that images without its compiler lack.
    pub fn toolchain(self) -> impl Iterator<Item = &'static str> {
        Program::with(Kind::Toolchain).filter(move |name| Self::of(Program::of(name)) == Some(self))
    }

    /// What stays in the image if the program is built there.
    pub const fn leaves(self) -> &'static str {
        match self {
            Self::Go => "the Go toolchain, the module cache and the sources",
            Self::Rust => "the Rust toolchain, the crates and `target`",
            Self::Java => "the JDK, the build tool and its local repository",
            Self::DotNet => "the .NET SDK, the packages and the sources",
            Self::C => "the compiler, the headers and the sources",
        }
    }
}

/// Whether it compiles a project's own program.
pub fn compiles(invocation: &Invocation) -> Option<Language> {
    if invocation.manager().is_some() {
        let compilers = [Manager::Go, Manager::Cargo, Manager::Maven, Manager::Gradle, Manager::Dotnet];
        let call = invocation.call_of(&compilers)?;
        let local = || call.packages.is_empty() || call.packages.iter().any(|p| p.name.text.starts_with('.'));
        return match (call.manager, call.verb) {
            (Manager::Go, Verb::Build) if !matches!(&*call.verb_text, "vet" | "generate") => Some(Language::Go),
            (Manager::Go, Verb::Install) if call.verb_text == "install" && local() => Some(Language::Go),
            (Manager::Cargo, Verb::Build) if !matches!(&*call.verb_text, "check" | "c" | "chef cook") => {
                Some(Language::Rust)
            }
            (Manager::Cargo, Verb::Install) if call.has(&["--path"]) => Some(Language::Rust),
            (Manager::Maven | Manager::Gradle, Verb::Build) => Some(Language::Java),
            (Manager::Dotnet, Verb::Build) => Some(Language::DotNet),
            _ => None,
        };
    }
    let program = Program::of(invocation.program?);
    if program.is(Kind::Compiler) { Language::of(program) } else { None }
}

/// The command that compiles a project's own program in the chain of a target stage: its RUN, its position in the
/// script, the language. `None` if the same RUN removes packages again.
pub fn compiled(build: &Build, target: &Stage) -> Option<(usize, Span, Language)> {
    for stage in build.chain(target) {
        for (index, _, invocations) in runs(build, stage) {
            let place = invocations.iter().find_map(|invocation| Some((invocation.span, compiles(invocation)?)));
            if let Some((span, language)) = place
                && last_removal(&invocations).is_none()
            {
                return Some((index, span, language));
            }
        }
    }
    None
}

/// Whether it may need a compiler or headers: it compiles, or installs packages that may have to be compiled.
pub fn may_compile(invocation: &Invocation) -> bool {
    if let Some(call) = invocation.package_call() {
        let is_manager = |package: &Package| Manager::of(package.name.text).is_some();
        // Package managers come compiled: `pip install uv`, `gem install bundler`.
        if !call.packages.is_empty() && call.packages.iter().all(is_manager) {
            return false;
        }
        return match call.manager {
            Manager::Pip
            | Manager::Uv
            | Manager::Poetry
            | Manager::Pipenv
            | Manager::Pdm
            | Manager::Gem
            | Manager::Bundle
            | Manager::Npm
            | Manager::Yarn
            | Manager::Pnpm
            | Manager::Bun => {
                matches!(call.verb, Verb::Install | Verb::Upgrade | Verb::Download)
            }
            Manager::Go | Manager::Cargo | Manager::Maven | Manager::Gradle => {
                matches!(call.verb, Verb::Install | Verb::Build)
            }
            _ => false,
        };
    }
    let name = invocation.program.unwrap_or_default();
    let script = name.starts_with("python") && invocation.args.iter().any(|word| word.text().ends_with("setup.py"));
    let program = Program::of(name);
    script || program.is(Kind::Compiler) || program.is(Kind::Compiles) || name == "configure"
}

/// The RUNs of a stage with what they run.
pub fn runs<'b, 'a>(
    build: &'b Build<'a>,
    stage: &Stage,
) -> impl Iterator<Item = (usize, &'a Instruction, Vec<Invocation<'b>>)> {
    let runs = build.instructions(stage).filter(|(_, instruction)| instruction.keyword == Keyword::Run);
    runs.filter_map(|(index, instruction)| Some((index, instruction, build.code(index)?.script.invocations())))
}

/// Whether a step installs a package that is only needed to build.
pub fn installs_build_packages(build: &Build) -> bool {
    let mut invocations = build.stages().iter().flat_map(|stage| runs(build, stage)).flat_map(|run| run.2);
    invocations.any(|invocation| invocation.package_call().is_some_and(|call| !build_packages(&call).is_empty()))
}

/// Whether the image runs its own program: something is copied into it, and it starts neither a shell nor a build tool.
pub fn is_application(build: &Build, stage: &Stage) -> bool {
    if build.is_fragment() {
        return false;
    }
    !service::is_development(build, stage) && starts_program(build, stage)
}

/// The same, regardless of the stage's name.
pub fn starts_program(build: &Build, stage: &Stage) -> bool {
    let copies = build.chain(stage).any(|stage| !build.transfers(stage).is_empty());
    let started = [Keyword::Entrypoint, Keyword::Cmd].into_iter().filter_map(|keyword| build.last(stage, keyword));
    let mut starts = false;
    for (index, _) in started {
        let Some(code) = build.code(index) else { continue };
        for invocation in code.script.invocations() {
            let Some(program) = invocation.program else { continue };
            if is_idle(&invocation) || runs_tools(&invocation, program) {
                return false;
            }
            starts = true;
        }
    }
    copies && starts
}

/// The same where a compose file gives the command: at least one service starts a program, none as developers do.
pub fn is_started_by_compose(build: &Build, stage: &Stage) -> bool {
    let copies = build.chain(stage).any(|stage| !build.transfers(stage).is_empty());
    if !copies || build.is_fragment() || service::is_development(build, stage) {
        return false;
    }
    let commands = build.input().options.run.commands.iter();
    let scripts: Vec<Script> =
        commands.map(|words| from_exec(&words.iter().map(|word| (&**word, Span::at(0))).collect::<Vec<_>>())).collect();
    let invocations: Vec<Invocation> = scripts.iter().flat_map(Script::invocations).collect();
    let is_tool = |invocation: &Invocation| {
        invocation.program.is_none_or(|program| is_idle(invocation) || runs_tools(invocation, program))
    };
    invocations.iter().any(|invocation| !is_tool(invocation)) && !invocations.iter().any(development::is_for_developers)
}

/// Whether it only keeps a container open for people, unlike a shell that runs a script.
pub fn is_idle(invocation: &Invocation) -> bool {
    let program = invocation.program.map_or(Program::UNKNOWN, Program::of);
    let is_script = invocation.args.iter().any(|word| !word.text().starts_with(['-', '+']));
    program.is(Kind::Idle) && !(program.is_shell() && is_script)
}

fn runs_tools(invocation: &Invocation, program: &str) -> bool {
    let first = invocation.args.first().map(crate::shell::Word::text).unwrap_or_default();
    let known = Program::of(program);
    match program {
        "dotnet" => matches!(first, "run" | "watch" | "test" | "build"),
        _ => known.is(Kind::BuildTool) || known.is(Kind::Compiler),
    }
}

/// Whether the base image of a stage already has compilers.
pub fn base_compiles(build: &Build, stage: &Stage) -> bool {
    let StageBase::Image(image) = build.root_base(stage) else { return false };
    let name = Reference::of(image).short_name();
    let small = ["slim", "alpine"].iter().any(|word| image.contains(word));
    data::IMAGE_FAMILIES.has(name, "compilers") && !small && BaseImage::of(image).presence("bash") != Presence::Lacks
}

/// Whether a system package is only useful at an interactive terminal (`data/system_packages.tsv`).
pub fn is_debug_tool(name: &str) -> bool {
    data::SYSTEM_PACKAGES.has(name, "debug")
}
