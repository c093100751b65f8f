//! What Node programs write below their own folder when they start.

use std::collections::BTreeMap;
use thiserror::Error;

use super::{next, words};
use crate::build::installed;
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, Project};
use crate::optimize::pass_input::PassInput;
use crate::shell::program::{Kind, Program};
use crate::text::path;

/// What a Node program writes when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(in crate::optimize) enum StartWrite {
    #[error("it builds at start-up")]
    Builds,
    #[error("it installs packages at start-up")]
    Installs,
    #[error("Vite writes a copy of its configuration at start-up")]
    ViteConfiguration,
    #[error("Vite's development server stores a cache")]
    ViteCache,
    #[error("Next.js stores rendered pages and images")]
    NextPages,
}

/// Absolute folders that the program writes besides what its sources tell, and what shows it. The project's own folder
/// stands there where it builds at its start.
pub(in crate::optimize) fn writes(input: &PassInput) -> BTreeMap<String, StartWrite> {
    let mut writes = BTreeMap::new();
    let Some(stage) = input.target() else { return writes };
    let codes = input.codes_of(stage, &[Keyword::Entrypoint, Keyword::Cmd]);
    let started = codes.iter().flat_map(|code| code.script.invocations());
    let mut commands: Vec<_> = started.map(|invocation| words::of(&invocation)).collect();
    let services = input.services_of(stage);
    commands.extend(services.filter_map(|service| service.command.as_ref()).flat_map(|text| words::commands(text)));
    let folder = installed::workdir(input.build, stage, usize::MAX);
    let nodes: Vec<&Project> = input.projects_of(Ecosystem::Node).collect();
    let mut waiting: Vec<(Vec<String>, usize)> = commands.into_iter().map(|words| (words, 0)).collect();
    while let Some((command, depth)) = waiting.pop() {
        let words = words::program(&command);
        let Some(first) = words.first() else { continue };
        if let Some(name) = words::script(words) {
            let scripts = nodes.iter().filter_map(|project| project.script(name)).flat_map(words::commands);
            if depth < words::DEEPEST {
                waiting.extend(scripts.map(|script| (script, depth + 1)));
            }
            continue;
        }
        let below = |path: &str| path::join(&folder, path);
        let has = |word: &str| words.iter().any(|other| other == word);
        let mut write = |path: String, sign: StartWrite| _ = writes.insert(path, sign);
        match words::name(first) {
            "vite" if has("build") => write(folder.clone(), StartWrite::Builds),
            "vite" => {
                // Version 6 was the first that keeps its configuration's copy below `node_modules`.
                if nodes.iter().any(|project| is_old_vite(project)) {
                    write(folder.clone(), StartWrite::ViteConfiguration);
                } else {
                    write(below("node_modules/.vite-temp"), StartWrite::ViteConfiguration);
                }
                if !has("preview") {
                    write(below("node_modules/.vite"), StartWrite::ViteCache);
                }
            }
            "node" if has("server.js") && takes_traced(input) => {
                let sign = StartWrite::NextPages;
                let output = path::join(&folder, &next_output(input));
                write(path::child(&output, "cache"), sign);
                if next::project(input).is_some_and(|project| next::route_cache(project).0) {
                    write(path::child(&output, "server/route-cache"), sign);
                }
            }
            "next" | "remix" | "nuxt" | "nuxi" if has("start") => {}
            "astro" | "nuxt" | "nuxi" if has("preview") => {}
            "npm" | "yarn" | "pnpm" if has("install") || has("ci") => write(folder.clone(), StartWrite::Installs),
            name => {
                let program = Program::of(name);
                if program.is(Kind::Bundler) && !program.is(Kind::Several) {
                    write(folder.clone(), StartWrite::Builds);
                }
            }
        }
    }
    writes
}

/// Whether sources tell of pages that Next.js makes when it runs, and stores beside those of the build.
pub(in crate::optimize) fn renews_pages(input: &PassInput) -> bool {
    let shows = |words: &[&str]| input.evidence.holding(words).next().is_some();
    let has_folder = next::project(input).is_some_and(|project| next::route_cache(project).1);
    shows(&["revalidate"]) || !has_folder && shows(&["generateStaticParams", "getStaticPaths"])
}

/// The folder that Next.js builds into, as far as its configuration tells.
fn next_output(input: &PassInput) -> String {
    let folder = next::project(input).and_then(|project| next::output_folder(input, project));
    folder.unwrap_or_else(|| ".next".to_owned())
}

/// Whether the image takes what Next.js traced for its server.
pub(in crate::optimize) fn takes_traced(input: &PassInput) -> bool {
    let Some(stage) = input.target() else { return false };
    let sources = input.build.transfers(stage).iter().flat_map(|transfer| &transfer.sources);
    let traced = path::child(&next_output(input), "standalone");
    sources.filter_map(|source| source.text.as_deref()).any(|text| path::ends_with(text, &traced))
}

fn is_old_vite(project: &Project) -> bool {
    project.dependencies.iter().filter(|dependency| dependency.name == "vite").any(|dependency| {
        let version = dependency.version.as_deref().or(dependency.requirement.as_deref()).unwrap_or_default();
        let number = version.trim_start_matches(|c: char| !c.is_ascii_digit()).split('.').next().unwrap_or_default();
        number.parse::<u32>().is_ok_and(|major| major < 6)
    })
}
