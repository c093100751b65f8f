//! Whether a container may start with a dev dependency. The answer is yes if it is not known.

use crate::build::{Build, Reference, Stage, StageBase, service};
use crate::dockerfile::Keyword;
use crate::manifest::{DependencyScope, Ecosystem, FileKind, Project};
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Word, parse};
use crate::text::path;

/// How deep scripts that call other scripts are followed.
const DEEPEST: usize = 4;

/// Whether ENTRYPOINT or CMD may need a dev dependency.
pub(super) fn may_need_dev(build: &Build, target: &Stage, project: &Project) -> bool {
    let starts = [Keyword::Entrypoint, Keyword::Cmd].into_iter().filter_map(|keyword| build.last(target, keyword));
    let mut programs = 0;
    for (index, _) in starts {
        let Some(code) = build.code(index) else { return true };
        for invocation in code.script.invocations() {
            programs += 1;
            if needs(&invocation, project, 0) {
                return true;
            }
        }
    }
    programs == 0 && !has_php_server(build, target)
}

/// Whether the stage starts a server of the official PHP image, which runs as root only to listen.
pub(super) fn serves_php(build: &Build, target: &Stage) -> bool {
    let serves = |program: &str| matches!(program, "apache2-foreground" | "php-fpm");
    if service::is_development(build, target) {
        return false;
    }
    match build.launch(target) {
        Some(launch) => launch.script().invocations().iter().any(|invocation| invocation.program.is_some_and(serves)),
        None => has_php_server(build, target),
    }
}

/// Whether the base image starts PHP's server: `php:8.4-fpm`.
fn has_php_server(build: &Build, target: &Stage) -> bool {
    let StageBase::Image(image) = build.root_base(target) else { return false };
    let reference = Reference::of(image);
    let tag = reference.tag.unwrap_or_default();
    reference.short_name() == "php" && tag.split('-').any(|word| matches!(word, "fpm" | "apache"))
}

fn needs(invocation: &Invocation, project: &Project, depth: usize) -> bool {
    let Some(program) = invocation.program else { return true };
    if names_dev(invocation, program, project) {
        return true;
    }
    match project.ecosystem {
        Ecosystem::Node => node(invocation, program, project, depth),
        // `uv run` and similar programs install what is missing when they start.
        Ecosystem::Python => {
            let known = Program::of(program);
            known.is(Kind::Packages) || known.is_shell() || is_script(program)
        }
        _ => is_script(program),
    }
}

/// Whether a command or one of its words is a dev dependency.
fn names_dev(invocation: &Invocation, program: &str, project: &Project) -> bool {
    let names = |word: &str| {
        let last = path::name(word);
        project.dependencies.iter().any(|dependency| {
            dependency.scope == DependencyScope::Dev
                && (dependency.name == last
                    || dependency.name.ends_with(&format!("/{last}"))
                    // A module of the package: `tsconfig-paths/register`.
                    || path::is_within(word, &dependency.name))
        })
    };
    names(program) || invocation.args.iter().any(|word| names(word.text()))
}

/// Whether a script that the image takes by name calls a dev dependency: tests that run in the container.
pub(super) fn is_called_by_script(build: &Build, target: &Stage, project: &Project) -> bool {
    let Some(texts) = build.input().texts.as_deref() else { return false };
    build.scripts_copied_by_name(target).iter().any(|path| {
        let text = texts.get(path).map(|bytes| String::from_utf8_lossy(bytes)).unwrap_or_default();
        let script = parse(&text);
        let calls =
            |invocation: &Invocation| invocation.program.is_some_and(|program| names_dev(invocation, program, project));
        script.invocations().iter().any(calls)
    })
}

fn is_script(program: &str) -> bool {
    FileKind::of(program).is_shell() || program.contains("entrypoint")
}

/// Whether a command of a Node project may need one: not Node itself, the program of a dependency, or a script of
/// package.json that only runs those.
fn node(invocation: &Invocation, program: &str, project: &Project, depth: usize) -> bool {
    let run = |name: &str| {
        let Some(command) = project.script(name) else { return true };
        if depth >= DEEPEST {
            return true;
        }
        let script = parse(command);
        script.invocations().iter().any(|invocation| needs(invocation, project, depth + 1))
    };
    match program {
        "node" | "nodejs" | "tini" | "dumb-init" | "docker-entrypoint.sh" => false,
        "npm" | "yarn" | "pnpm" | "bun" => {
            let mut words = invocation.args.iter().map(Word::text).filter(|word| !word.starts_with('-'));
            match words.next() {
                Some("run" | "run-script") => words.next().is_none_or(run),
                Some("exec" | "dlx" | "x") | None => true,
                Some(name) => run(name),
            }
        }
        _ => !project
            .dependencies
            .iter()
            .any(|dependency| dependency.scope == DependencyScope::Run && dependency.name == program),
    }
}
