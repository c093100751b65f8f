//! What an install runs besides installing: `preinstall`, `install`, `postinstall`, `prepare`, and the files that
//! these scripts name.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::manifest::closure::Closure;
use crate::manifest::json;
use crate::manifest::project::{Ecosystem, InstallScript};
use crate::manifest::tree::{ManifestTree, resolve};
use crate::manifest::words::unquote;
use crate::shell::program::{Files, Kind, Program};
use crate::shell::{Verb, parse};
use crate::text::path;

/// Scripts that an install of the package's own folder runs (npm docs: scripts, `npm install`).
pub const INSTALL_SCRIPTS: [&str; 7] =
    ["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"];

/// Takes what the scripts of the package in `folder` need, and says what can't be known.
pub(super) fn take(tree: &ManifestTree, closure: &mut Closure, folder: &str, package: &Map<String, Value>) {
    for name in INSTALL_SCRIPTS {
        if let Some(script) = script_of(package, name) {
            take_script(tree, closure, folder, package, name, script);
        }
    }
    if tree.has(&path::child(folder, "binding.gyp")) {
        closure.open("`binding.gyp` makes the install compile source files");
    }
}

fn script_of<'a>(package: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    json::text(package.get("scripts")?.as_object()?, name)
}

/// Follows `npm run other` inside of the same package; each script once.
fn take_script(
    tree: &ManifestTree,
    closure: &mut Closure,
    folder: &str,
    package: &Map<String, Value>,
    name: &str,
    script: &str,
) {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![script];
    while let Some(script) = waiting.pop() {
        if !seen.insert(script) {
            continue;
        }
        for command in script.split(['&', '|', ';', '(', ')', '\n']) {
            let words = program(command);
            let Some((program, rest)) = words.split_first() else { continue };
            // The build does it again, and a failure is allowed for.
            let allowed = *program == "svelte-kit" && rest.contains(&"sync") && script.contains("||");
            if let Some(other) = script_name(program, rest).and_then(|other| script_of(package, other)) {
                waiting.push(other);
            } else if !allowed && !add_known_needs(tree, closure, (folder, package), program, rest) {
                let mut sources = sources(folder, command, program);
                for word in &words {
                    match resolve(folder, word) {
                        Ok(path) if tree.has(&path) => closure.add(path),
                        Ok(path) if path != folder && tree.has_folder(&path) => sources = sources.or(Some(path)),
                        _ => {}
                    }
                }
                closure.runs(InstallScript { name: name.to_owned(), sources });
                closure.open(format!("script `{name}` runs `{program}`, which may read any file"));
            }
        }
    }
}

/// The folder whose sources a command of a script compiles.
fn sources(folder: &str, command: &str, program: &str) -> Option<String> {
    let known = Program::of(program);
    let is_build_tool =
        [Kind::Bundler, Kind::BuildTool, Kind::Compiler, Kind::Compiles].into_iter().any(|kind| known.is(kind));
    // A script of another package of the workspace.
    let script = parse(command);
    let elsewhere = script.invocations().iter().any(|invocation| {
        let call =
            invocation.package_call().filter(|call| Ecosystem::of_manager(call.manager) == Some(Ecosystem::Node));
        call.is_some_and(|call| call.verb == Verb::Run || call.verb == Verb::Build)
    });
    if elsewhere || known.is(Kind::Several) { Some(String::new()) } else { is_build_tool.then(|| folder.to_owned()) }
}

/// The words of a command, from its program on: without assignments and the runners before it.
fn program(command: &str) -> Vec<&str> {
    let words = command.split_whitespace().map(unquote);
    let before = |word: &&str| {
        let assignment = word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && !name.starts_with('-'));
        let program = Program::of(word);
        let runs = program.is(Kind::Wrapper) || program.is(Kind::Launcher);
        assignment || runs || matches!(*word, "run-s" | "--" | "--yes" | "-y")
    };
    words.skip_while(before).collect()
}

/// The script's name in `npm run x`, `yarn x`, `pnpm run x`.
fn script_name<'t>(program: &str, rest: &[&'t str]) -> Option<&'t str> {
    if !matches!(program, "npm" | "yarn" | "pnpm" | "bun") {
        return None;
    }
    rest.iter().find(|word| !word.starts_with('-') && **word != "run").copied()
}

/// Takes the schema of prisma, which `@prisma/client` reads too when it is installed; whether there is one.
pub(super) fn take_schema(
    tree: &ManifestTree,
    closure: &mut Closure,
    folder: &str,
    package: &Map<String, Value>,
) -> bool {
    let prisma_schema =
        package.get("prisma").and_then(Value::as_object).and_then(|prisma| json::text(prisma, "schema"));
    if let Some(schema) = prisma_schema {
        closure.take(tree, folder, schema);
        return true;
    }
    let files = ["prisma/schema.prisma", "schema.prisma", "prisma/schema", "prisma.config.ts"];
    closure.take_there(tree, folder, &files);
    files.iter().any(|name| tree.has(&path::child(folder, name)) || tree.has_folder(&path::child(folder, name)))
}

/// Whether the program's needs are known; takes them.
fn add_known_needs(
    tree: &ManifestTree,
    closure: &mut Closure,
    (folder, package): (&str, &Map<String, Value>),
    program: &str,
    rest: &[&str],
) -> bool {
    match program {
        // The folder is the program's default.
        "patch-package" => closure.take_there(tree, folder, &["patches"]),
        "prisma" => {
            let mut schema = None;
            for (index, word) in rest.iter().enumerate() {
                let next = rest.get(index + 1).copied();
                schema = schema.or(if *word == "--schema" { next } else { word.strip_prefix("--schema=") });
            }
            match schema {
                Some(schema) => _ = closure.take(tree, folder, schema),
                // Where it is not known, the program would not find it.
                None => return take_schema(tree, closure, folder, package),
            }
        }
        // What it writes is written again by the build; with nothing to read it writes less.
        "nuxt" | "nuxi" if rest.contains(&"prepare") => {}
        "git" if rest.contains(&"config") => {}
        // Whether a file is there is asked for by its name.
        "test" | "[" => {}
        program => {
            let program = Program::of(program);
            return program.is(Kind::NoProject) || program.files == Files::None;
        }
    }
    true
}
