//! A final stage that is based on a toolchain's image and only starts what was compiled before.

use std::collections::BTreeSet;

use crate::build::toolchain::{self, Language};
use crate::build::{SlimImage, Stage, runtime_image, service};
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::manifest::FileKind;
use crate::rules::Context;
use crate::rules::toolchain_price::priced;
use crate::shell::Invocation;
use crate::shell::program::{Kind, Program};
use crate::text::path;

/// Reports the toolchain if no instruction of the final image uses it.
pub(super) fn check_toolchain(cx: &Context, target: &Stage, root: &Stage, image: &str, out: &mut Findings) {
    let build = cx.build();
    let Some(language) = Language::of_image(image) else { return };
    let Some(small) = runtime_image(image, language, true).filter(|small| small != image) else { return };
    // If the image compiles the project itself, another rule reports it.
    if toolchain::compiled(build, target).is_some() || !starts_compiled_program(cx, target, language) {
        return;
    }
    let starts = [Keyword::Run, Keyword::Cmd, Keyword::Entrypoint, Keyword::Healthcheck];
    let all = build.chain(target).flat_map(|stage| build.instructions(stage));
    let mut programs = BTreeSet::new();
    let mut packages = BTreeSet::new();
    for (index, _) in all.filter(|(_, instruction)| starts.contains(&instruction.keyword)) {
        let Some(code) = build.code(index) else { return };
        for invocation in code.script.invocations() {
            if uses_toolchain(&invocation, language) {
                return;
            }
            if let Some(call) = invocation.package_call().filter(|call| call.manager.is_system()) {
                packages.extend(call.packages.iter().map(|package| package.name.text.to_owned()));
            }
            let Some(program) = invocation.program else { continue };
            let missing = SlimImage::packages_of(program).unwrap_or_default();
            programs.extend(missing.first().map(|package| (*package).to_owned()));
        }
    }
    let (contents, what) = match language {
        Language::Go => ("the Go toolchain", "the program is already compiled"),
        Language::Rust => ("the Rust toolchain", "the program is already compiled"),
        Language::C => ("compilers and headers", "the program is already compiled"),
        Language::Java => ("a JDK and build tools", "the program needs only a Java runtime"),
        Language::DotNet => ("the .NET SDK", "the program needs only the .NET runtime"),
    };
    let mut wanted: Vec<String> = programs.difference(&packages).map(|package| format!("`{package}`")).collect();
    if matches!(language, Language::Rust | Language::Go) {
        wanted.push("`ca-certificates` and the libraries that the program loads (see `ldd`)".to_owned());
    }
    let wanted = if wanted.is_empty() { String::new() } else { format!("; install {}", wanted.join(", ")) };
    let message = format!("`{image}` contains {contents}, but {what}");
    let finding = cx.finding(root.base_span, message).help(format!("use `{small}` as the base image{wanted}"));
    out.push(priced(language, finding));
}

/// Whether the container starts a server or another program that was compiled before. A tool that is found by
/// name or is in a system folder may call the toolchain, as linters do, so it does not count.
fn starts_compiled_program(cx: &Context, target: &Stage, language: Language) -> bool {
    let build = cx.build();
    let Some(launch) = build.launch(target) else { return false };
    let invocations = launch.script().invocations();
    let Some(first) = invocations.first() else { return false };
    let path = first.path.value().unwrap_or_default();
    match language {
        Language::Java => invocations.iter().any(|invocation| invocation.is("java")),
        Language::DotNet => invocations.iter().any(|invocation| invocation.is("dotnet") && starts_library(invocation)),
        _ => {
            let listens = [Keyword::Expose, Keyword::Healthcheck].iter().any(|key| build.last(target, *key).is_some());
            let (folder, name) = path::split(path);
            let is_apart = path.contains('/') && path::name(folder) != "bin";
            let is_script = Program::of(name).is(Kind::Shell) || FileKind::of(path).is_shell() || name.contains('.');
            !path.is_empty() && !is_script && (is_apart || listens && service::is_service(build, target))
        }
    }
}

/// Whether `dotnet` is called with a program that is built.
fn starts_library(invocation: &Invocation) -> bool {
    invocation.args.first().is_some_and(|word| matches!(word.text().rsplit_once('.'), Some((_, "dll"))))
}

/// Whether a command belongs to the toolchain, or may need it.
fn uses_toolchain(invocation: &Invocation, language: Language) -> bool {
    let Some(name) = invocation.program else { return false };
    let program = Program::of(name);
    let starts = matches!(language, Language::DotNet) && name == "dotnet" && starts_library(invocation);
    let tool = [Kind::Toolchain, Kind::Compiler, Kind::Compiles, Kind::BuildTool, Kind::Jdk];
    !starts
        && name != "java"
        && (tool.iter().any(|kind| program.is(*kind)) || name == "dotnet" || toolchain::may_compile(invocation))
}
