//! Build tools: the packages that only serve to make programs, the commands that make them, and where in a stage. What
//! rules on size share.

use super::service;
use crate::build::{Base, BaseImage, Build, Presence, Stage};
use crate::dockerfile::{Instruction, Keyword};
use crate::shell::{Invocation, Manager, PackageCall, PackageSource, Verb};
use crate::text::Span;

/// Packages of distributions that only serve to build, beside all headers.
const PACKAGES: [&str; 42] = [
    "build-essential",
    "build-base",
    "base-devel",
    "dpkg-dev",
    "gcc",
    "g++",
    "gcc-c++",
    "cpp",
    "clang",
    "make",
    "cmake",
    "ninja-build",
    "meson",
    "autoconf",
    "automake",
    "libtool",
    "bison",
    "flex",
    "nasm",
    "yasm",
    "m4",
    "pkg-config",
    "pkgconf",
    "pkgconfig",
    "gfortran",
    "rustc",
    "cargo",
    "rust",
    "golang",
    "golang-go",
    "go",
    "maven",
    "gradle",
    "linux-headers",
    "kernel-headers",
    "linux-libc-dev",
    "binutils",
    "patchelf",
    "node-gyp",
    "ccache",
    "swig",
    "rpm-build",
];

/// Programs that compile, whoever calls them.
const COMPILERS: [&str; 14] = [
    "gcc", "g++", "cc", "c++", "clang", "clang++", "rustc", "javac", "cmake", "ninja", "meson", "gfortran", "nasm",
    "ld",
];

/// Whether a system package only serves to build: a compiler, a build tool, headers.
pub fn is_build_package(name: &str) -> bool {
    let headers = (name.ends_with("-dev") || name.ends_with("-devel")) && !name.starts_with("lib32");
    let versioned = |tool: &str| {
        let rest = name.strip_prefix(tool).and_then(|rest| rest.strip_prefix('-'));
        rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
    };
    headers || PACKAGES.contains(&name) || ["gcc", "g++", "clang", "golang", "rustc"].into_iter().any(versioned)
}

/// Whether a package brings a C compiler.
pub(super) fn is_compiler(name: &str) -> bool {
    let exact = ["build-essential", "build-base", "base-devel", "gcc-c++"];
    exact.contains(&name) || ["gcc", "g++", "clang"].iter().any(|tool| name.split('-').next() == Some(tool))
}

/// The build tools among what a call installs, as written.
pub(super) fn build_packages<'s>(call: &PackageCall<'s>) -> Vec<&'s str> {
    if call.verb != Verb::Install || !call.manager.is_system() {
        return Vec::new();
    }
    let named =
        call.packages.iter().filter(|one| !one.absent && !one.name.dynamic && one.source == PackageSource::Index);
    named.map(|one| one.name.text).filter(|name| is_build_package(name)).collect()
}

/// The last command of a script that takes packages away.
pub(super) fn last_removal(invocations: &[Invocation]) -> Option<usize> {
    let system = |call: PackageCall| call.manager.is_system() && call.verb == Verb::Remove;
    invocations.iter().rposition(|one| one.package_call().is_some_and(system))
}

/// What is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Go,
    Rust,
    Java,
    DotNet,
    C,
}

impl Language {
    /// What stays in the image when the program is made there.
    pub(crate) const fn leaves(self) -> &'static str {
        match self {
            Self::Go => "the Go toolchain, the module cache and the sources",
            Self::Rust => "the Rust toolchain, the crates and `target`",
            Self::Java => "the JDK, the build tool and its repository of artefacts",
            Self::DotNet => "the .NET SDK, the packages and the sources",
            Self::C => "the compiler, the headers and the sources",
        }
    }
}

/// Whether it compiles a project's own program.
pub(crate) fn compiles(one: &Invocation) -> Option<Language> {
    if let Some(call) = one.package_call() {
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
    match one.program? {
        "gcc" | "g++" | "cc" | "c++" | "clang" | "clang++" | "cmake" => Some(Language::C),
        "javac" => Some(Language::Java),
        "rustc" => Some(Language::Rust),
        _ => None,
    }
}

/// The command that compiles a project's own program in the stages that a target stands on, itself among them: its RUN,
/// its place in the script, the language. `None` where the same RUN takes packages away again.
pub(super) fn compiled(build: &Build, target: &Stage) -> Option<(usize, Span, Language)> {
    for stage in build.chain(target) {
        for (index, _, invocations) in runs(build, stage) {
            let found = invocations.iter().find_map(|one| Some((one.span, compiles(one)?)));
            if let Some((span, language)) = found.filter(|_| last_removal(&invocations).is_none()) {
                return Some((index, span, language));
            }
        }
    }
    None
}

/// Whether it may need a compiler or headers: it compiles, or installs packages that may have to be compiled.
pub(super) fn may_compile(one: &Invocation) -> bool {
    if let Some(call) = one.package_call() {
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
    let name = one.program.unwrap_or_default();
    let script = name.starts_with("python") && one.args.iter().any(|word| word.text().ends_with("setup.py"));
    script
        || COMPILERS.contains(&name)
        || matches!(
            name,
            "make" | "gmake" | "docker-php-ext-install" | "docker-php-ext-configure" | "pecl" | "cpanm" | "luarocks"
        )
        || name == "configure"
}

/// The RUNs of a stage with what they run.
pub(crate) fn runs<'b, 'a>(
    build: &'b Build<'a>,
    stage: &Stage,
) -> impl Iterator<Item = (usize, &'a Instruction, Vec<Invocation<'b>>)> {
    let runs = build.instructions(stage).filter(|(_, instruction)| instruction.keyword == Keyword::Run);
    runs.filter_map(|(index, instruction)| Some((index, instruction, build.code(index)?.script.invocations())))
}

/// Whether the image is for running a program of its own: something is copied into it, and what it starts is no shell
/// and no build tool.
pub(crate) fn is_application(build: &Build, stage: &Stage) -> bool {
    !service::is_development(build, stage) && starts_program(build, stage)
}

/// The same, whatever the stage is called.
pub(crate) fn starts_program(build: &Build, stage: &Stage) -> bool {
    let copies = build.chain(stage).any(|stage| !build.transfers(stage).is_empty());
    let started = [Keyword::Entrypoint, Keyword::Cmd].into_iter().filter_map(|keyword| build.last(stage, keyword));
    let mut starts = false;
    for (index, _) in started {
        let Some(code) = build.code(index) else { continue };
        for one in code.script.invocations() {
            let Some(program) = one.program else { continue };
            if IDLE.contains(&program) || runs_tools(&one, program) {
                return false;
            }
            starts = true;
        }
    }
    copies && starts
}

/// Programs that only keep a container open for people.
const IDLE: [&str; 8] = ["bash", "zsh", "ash", "fish", "sleep", "tail", "true", "cat"];

fn runs_tools(one: &Invocation, program: &str) -> bool {
    let first = one.args.first().map(crate::shell::Word::text).unwrap_or_default();
    match program {
        "go" | "cargo" | "mvn" | "mvnw" | "gradle" | "gradlew" | "make" | "air" | "reflex" | "CompileDaemon"
        | "sbt" | "lein" | "bazel" | "cmake" | "rustup" | "watchexec" => true,
        "dotnet" => matches!(first, "run" | "watch" | "test" | "build"),
        _ => COMPILERS.contains(&program),
    }
}

/// Whether what a stage stands on has compilers already.
pub(super) fn base_compiles(build: &Build, stage: &Stage) -> bool {
    let Base::Image(image) = build.root_base(stage) else { return false };
    let full = ["python", "pypy", "node", "ruby", "perl", "php", "golang", "rust", "gcc", "buildpack-deps"];
    let name = crate::build::Reference::of(image).short_name();
    let small = ["slim", "alpine"].iter().any(|word| image.contains(word));
    full.contains(&name) && !small && BaseImage::of(image).presence("bash") != Presence::Lacks
}
