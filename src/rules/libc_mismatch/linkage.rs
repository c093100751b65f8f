//! How the program of a stage is linked, as far as its commands show. In doubt it counts as static, and nothing is
//! reported.

use crate::build::{Build, Libc, Lookup, Stage, VariableValue, toolchain, toolchain::Language};
use crate::data;
use crate::manifest::FileRole;
use crate::rules::copied_packages;
use crate::shell::Invocation;
use crate::sources::patterns;
use crate::text::{Span, path};

/// A dynamically linked program or package, and the command that built it.
pub(super) enum LinkedProgram {
    Go(usize, Span),
    Rust(usize, Span),
    C(usize, Span),
    Python,
    Node,
}

impl LinkedProgram {
    /// The RUN that built it, and the command in its script.
    pub(super) fn place(&self) -> Option<(usize, Span)> {
        match *self {
            Self::Go(index, span) | Self::Rust(index, span) | Self::C(index, span) => Some((index, span)),
            Self::Python | Self::Node => None,
        }
    }

    /// Whether a copied path may be the program, or a folder that contains it.
    pub(super) fn may_be(&self, path: &str) -> bool {
        let last = path::name(path);
        let system = ["/etc", "/usr/share", "/tmp", "/var", "/root/.cache"];
        let is_library = last.contains(".so");
        let plain = !last.contains('.') || is_library || matches!(self, Self::Rust(..)) && path.contains("target/");
        plain
            && !data::NAME_WORDS.has(last, "data-folder")
            && FileRole::of_folder(last) != Some(FileRole::Documentation)
            && !path.contains("musl")
            && !system.iter().any(|folder| path.starts_with(folder))
    }

    /// What to do.
    pub(super) fn help(&self, libc: Libc) -> &'static str {
        match (self, libc) {
            (Self::Go(..), _) => "build with `CGO_ENABLED=0`, or on the distribution of this stage",
            (Self::Rust(..), Libc::Glibc(_)) => {
                "build on the distribution of this stage, or for a musl target (`--target x86_64-unknown-linux-musl`)"
            }
            (Self::Python | Self::Node, _) => "install the packages on the distribution of this stage",
            _ => "build on the distribution of this stage, or link with `-static`",
        }
    }
}

/// The first command of a stage's chain that builds a dynamically linked program.
pub(super) fn first_linked_program(build: &Build, stage: &Stage, libc: Libc) -> Option<LinkedProgram> {
    let chain: Vec<&Stage> = build.chain(stage).take(copied_packages::DEEPEST).collect();
    let texts = || chain.iter().flat_map(|stage| build.instructions(stage));
    let says = |words: &[&str]| {
        texts().any(|(_, script_text)| {
            let text = build.input().file.logical(script_text.text);
            words.iter().any(|word| text.contains(word))
        })
    };
    // A stage that lists a program's libraries copies them too.
    if says(&["ldd ", "lddtree", "patchelf", "linuxdeploy"]) {
        return None;
    }
    for stage in &chain {
        for (index, _, invocations) in toolchain::runs(build, stage) {
            for invocation in &invocations {
                let Some(language) = toolchain::compiles(invocation) else { continue };
                let place = (index, invocation.span);
                return match language {
                    Language::Go => is_go_dynamic(build, stage, index, invocation, libc, &says)
                        .then_some(LinkedProgram::Go(place.0, place.1)),
                    Language::Rust => {
                        is_rust_dynamic(build, stage, libc, &says).then_some(LinkedProgram::Rust(place.0, place.1))
                    }
                    Language::C => (!says(&["-static", "musl"])).then_some(LinkedProgram::C(place.0, place.1)),
                    Language::Java | Language::DotNet => None,
                };
            }
        }
    }
    None
}

fn is_go_dynamic(
    build: &Build,
    stage: &Stage,
    index: usize,
    invocation: &Invocation,
    libc: Libc,
    says: &dyn Fn(&[&str]) -> bool,
) -> bool {
    if says(&patterns::words_in("Go", "links without shared libraries")) {
        return false;
    }
    let tool = words(invocation).any(|word| word.contains('@'));
    let switched = match build.scopes().lookup_run(stage.index, "CGO_ENABLED", index) {
        Lookup::Defined(definition) => !matches!(&definition.value, VariableValue::Known(value) if &**value == "1"),
        Lookup::Undefined | Lookup::Unknown => false,
    };
    // Without a C compiler Go builds without cgo, and Alpine's image has none.
    let compiler = libc != Libc::Musl || installs_compiler(build, stage);
    !tool && !switched && compiler
}

fn is_rust_dynamic(build: &Build, stage: &Stage, libc: Libc, says: &dyn Fn(&[&str]) -> bool) -> bool {
    if says(&["linux-musl", "+crt-static", "zigbuild", "cross build"]) {
        return false;
    }
    // rustup's toolchain links statically with musl; the one of Alpine's packages does not.
    libc != Libc::Musl || says(&["-crt-static"]) || installs(build, stage, &["rust", "cargo"])
}

fn installs_compiler(build: &Build, stage: &Stage) -> bool {
    installs(build, stage, &["gcc", "build-base", "g++", "clang", "musl-dev"])
}

fn installs(build: &Build, stage: &Stage, packages: &[&str]) -> bool {
    build.chain(stage).take(copied_packages::DEEPEST).any(|stage| {
        toolchain::runs(build, stage).any(|(_, _, invocations)| {
            let calls = invocations.iter().filter_map(Invocation::package_call);
            calls
                .filter(|call| call.manager.is_system())
                .any(|call| call.packages.iter().any(|package| packages.contains(&package.name.text)))
        })
    })
}

/// The words of a command, to search its options.
pub(super) fn words<'s>(invocation: &Invocation<'s>) -> impl Iterator<Item = &'s str> {
    invocation.args.iter().map(crate::shell::Word::text)
}
