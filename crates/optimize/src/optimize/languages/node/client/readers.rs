//! Whether anything but its own build reads a site's sources and packages, and whether it reads others'.

use super::blocker::ClientBlocker;
use std::collections::BTreeSet;

use super::site::{Client, mentions};
use super::{need, owners};
use crate::build::{Stage, installed};
use crate::dockerfile::Keyword;
use crate::inputs::context::ContextEntryKind;
use crate::manifest::{ContentKind, Ecosystem, FileKind, Project, parse_jsonc};
use crate::optimize::languages::node::words;
use crate::optimize::pass_input::{PassInput, refuse_if};
use crate::text::path;

/// An error where something does.
pub(super) fn check(
    input: &PassInput,
    stage: &Stage,
    client: &Client,
    builds: &[Vec<String>],
) -> Result<(), ClientBlocker> {
    starts(input, stage, client)?;
    check_other_readers(input, client)?;
    types(input, client)?;
    outward(input, stage, client, builds)
}

/// What containers start must not lie or work in its folder.
fn starts(input: &PassInput, stage: &Stage, client: &Client) -> Result<(), ClientBlocker> {
    let build = input.build;
    let last = stage.instructions.end.max(stage.start + 1);
    let works = installed::workdir(build, stage, last);
    refuse_if(client.holds(&works), ClientBlocker::ContainerRunsThere)?;
    let may = || Err(ClientBlocker::ContainerMayRunThere);
    for keyword in [Keyword::Entrypoint, Keyword::Cmd, Keyword::Healthcheck] {
        let Some((index, _)) = build.last(stage, keyword) else { continue };
        let Some(code) = build.code(index) else {
            if keyword == Keyword::Healthcheck {
                continue;
            }
            return Err(ClientBlocker::UnsupportedShell);
        };
        for invocation in code.script.invocations() {
            let folders = owners::working_folders(input, stage, index, &invocation);
            if folders.is_none_or(|all| all.iter().any(|folder| client.holds(folder))) {
                return may();
            }
            let foreign = |word: &String| {
                let path = path::join(&works, word);
                client.holds(&path) && !client.writes(&path)
            };
            if words::of(&invocation).iter().any(foreign) {
                return may();
            }
        }
    }
    let name = client.name();
    for service in input.services_of(stage) {
        let texts = [&service.entrypoint, &service.command, &service.workdir];
        let named = texts
            .into_iter()
            .flatten()
            .any(|text| mentions(text, name) || text.split_whitespace().any(|word| word == name));
        if named || service.mounts.iter().any(|path| client.holds(path)) {
            return Err(ClientBlocker::ServiceRunsThere { service: service.name.clone() });
        }
    }
    Ok(())
}

/// Sources and settings of others may name of its folder only what its build writes.
fn check_other_readers(input: &PassInput, client: &Client) -> Result<(), ClientBlocker> {
    let root = client.project.root.as_str();
    let name = client.name();
    let prefix = format!("{root}/");
    let outputs: BTreeSet<&str> =
        client.outputs.iter().filter_map(|path| path.strip_prefix(&client.folder)?.split('/').nth(1)).collect();
    let outer = client.outputs.iter().any(|path| !client.holds(path));
    for (path, text) in input.evidence.texts.iter().filter(|(path, _)| !path.starts_with(&prefix)) {
        let file = path::name(path);
        let read = FileKind::of(file).is_read_by_servers();
        let aside = path.starts_with(".github/")
            || path.starts_with(".gitlab")
            || is_compose(file)
            || path.contains("node_modules/");
        // Scripts and settings name folders without quotes.
        let bare = matches!(FileKind::of(file).nature(), ContentKind::Shell | ContentKind::Config);
        let names = |text: &str| mentions(text, name) || bare && mentions_word(text, name);
        if !read || aside || !names(text) {
            continue;
        }
        let loads = |line: &str| ["require(", "import(", "import ", " from "].iter().any(|word| line.contains(word));
        let served = |line: &str| {
            let rest = line.split_once(name).map_or("", |(_, rest)| rest);
            outputs.iter().any(|output| mentions(rest, output)) && !loads(line)
        };
        let ours = text.lines().filter(|line| names(line) && !is_comment(line));
        for line in ours {
            if !(served(line) || outer && line.contains("public")) {
                return Err(ClientBlocker::MayReadSources { path: path.clone() });
            }
        }
    }
    Ok(())
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("//") || line.starts_with('*') || line.starts_with("/*") || line.starts_with('#')
}

fn is_compose(file: &str) -> bool {
    file.contains("compose") && FileKind::of(file).language() == "YAML"
}

/// A compiler of types that looks at its sources too would miss its packages.
fn types(input: &PassInput, client: &Client) -> Result<(), ClientBlocker> {
    let root = client.project.root.as_str();
    let name = client.name();
    let prefix = format!("{root}/");
    let typed = |path: &&String| path.starts_with(&prefix) && FileKind::of(path).language() == "TypeScript";
    if !input.evidence.texts.keys().any(|path| typed(&path)) {
        return Ok(());
    }
    for (path, text) in input.evidence.texts.iter().filter(|(path, _)| !path.starts_with(&prefix)) {
        let (folder, file) = path::split(path);
        let settings = file.starts_with("tsconfig") && file.ends_with("json");
        let covers = path::is_below(root, folder);
        let named = mentions(text, name);
        let value = if settings { parse_jsonc(text) } else { None };
        let has = |key| value.as_ref().is_some_and(|value| value.get(key).is_some());
        let chosen = has("include") || has("files");
        if settings && (named && (chosen || !has("exclude")) || covers && !named && !chosen) {
            return Err(ClientBlocker::MayImportSources { path: path.clone() });
        }
    }
    Ok(())
}

/// Its build must need nothing that another project installs or makes, nor files above its folder.
fn outward(input: &PassInput, stage: &Stage, client: &Client, builds: &[Vec<String>]) -> Result<(), ClientBlocker> {
    let project = client.project;
    let others = input
        .projects()
        .iter()
        .filter(|project_below| project_below.ecosystem == Ecosystem::Node && project_below.root != project.root);
    let names: Vec<&str> = project.dependencies.iter().map(|dependency| dependency.name.as_str()).collect();
    let foreign: BTreeSet<&str> = others
        .flat_map(|other| &other.dependencies)
        .map(|dependency| dependency.name.as_str())
        .filter(|name| !names.contains(name))
        .collect();
    if let Some((package, path)) = need::imports::first(input, project, &foreign, None) {
        return Err(ClientBlocker::ImportsForeignPackage { path: path.clone(), package: package.clone() });
    }
    let scripts = project.scripts.iter().flat_map(|script| words::commands(&script.command));
    for command in scripts.chain(builds.iter().cloned()) {
        let words = words::program(&command);
        let Some(program) = words.first().map(|first| words::name(first)) else { continue };
        if foreign.contains(words::package_of(program)) && builds_with(project, builds, program) {
            return Err(ClientBlocker::ForeignBuilder { program: program.to_string() });
        }
        if words.iter().any(|word| word == "--ssr" || word.contains("BUILD_PATH")) {
            return Err(ClientBlocker::WritesMoreThanSite);
        }
    }
    let variable = |name: &str| {
        input.build.instructions(stage).any(|(_, instruction)| {
            matches!(instruction.keyword, Keyword::Env | Keyword::Arg)
                && input.source().slice(instruction.span).contains(name)
        })
    };
    refuse_if(variable("BUILD_PATH") || variable("COREPACK"), ClientBlocker::OutputVariable)?;
    let manifest = |root: &str| {
        let path = path::join(root, "package.json");
        let package = input.evidence.texts.get(&path).and_then(|text| parse_jsonc(text));
        package.is_some_and(|package| package.get("packageManager").is_some())
    };
    let above = input.projects().iter().filter(|project_above| path::is_below(&project.root, &project_above.root));
    if !manifest(&project.root) && above.into_iter().any(|project_above| manifest(&project_above.root)) {
        return Err(ClientBlocker::PackageManagerAbove);
    }
    texts(input, client, &foreign)
}

/// Whether scripts that the build comes to call a program.
fn builds_with(project: &Project, builds: &[Vec<String>], program: &str) -> bool {
    let direct =
        builds.iter().any(|words| words::program(words).first().is_some_and(|first| words::name(first) == program));
    let in_scripts = project.scripts.iter().filter(|script| script.name.contains("build") || script.name == "prepare");
    direct
        || in_scripts
            .flat_map(|script| words::commands(&script.command))
            .any(|words| words::program(&words).first().is_some_and(|first| words::name(first) == program))
}

/// Its own texts: nothing of them may point above its folder, but where it writes to.
fn texts(input: &PassInput, client: &Client, foreign: &BTreeSet<&str>) -> Result<(), ClientBlocker> {
    let prefix = format!("{}/", client.project.root);
    let folder = client.folder.strip_suffix(client.project.root.as_str()).unwrap_or("/").to_owned();
    let texts = input.evidence.texts.iter().filter_map(|(path, text)| Some((path.strip_prefix(&prefix)?, text)));
    for (path, text) in texts.filter(|(path, _)| !path.contains("node_modules/") && !is_lock(path)) {
        let up = "../".repeat(path.matches('/').count() + 1);
        let open = |line: &str| {
            let ends = ['\'', '"', '`']
                .into_iter()
                .any(|quote| line.contains(&format!("/..{quote}")) || line.contains(&format!("{quote}..{quote}")));
            let absolute = folder.len() > 1 && line.contains(&folder) && !line.contains(&client.folder);
            ends || absolute || line.contains(&up) && !names_output(path, line)
        };
        refuse_if(text.lines().any(open), ClientBlocker::NamesFilesOutside { path: path.to_string() })?;
        let settings = !path.contains('/') && (path.contains(".config.") || path.starts_with('.'));
        let more = ["rollupOptions", "ssr:", "BUILD_PATH"].into_iter().find(|word| text.contains(word));
        if let Some(word) = more.filter(|word| settings && (*word != "rollupOptions" || text.contains("dir:"))) {
            return Err(ClientBlocker::ChangesOutput { word: word.to_string(), path: path.to_string() });
        }
        if let Some(package) = foreign.iter().find(|name| settings && name.len() > 3 && mentions_word(text, name)) {
            return Err(ClientBlocker::NamesForeignPackage { path: path.to_string(), package: package.to_string() });
        }
    }
    Ok(())
}

fn mentions_word(text: &str, name: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '_' | '-')));
    text.match_indices(name)
        .any(|(at, _)| edge(text[..at].chars().next_back()) && edge(text[at + name.len()..].chars().next()))
}

fn is_lock(path: &str) -> bool {
    ["lock.json", "lock.yaml", "yarn.lock", "shrinkwrap.json"].iter().any(|end| path.ends_with(end))
}

/// Whether a line of a bundler's settings says where it writes.
fn names_output(path: &str, line: &str) -> bool {
    let settings = path.starts_with("vite.config") || path.starts_with("vue.config") || path == "angular.json";
    settings && ["outDir", "outputDir", "outputPath"].iter().any(|key| line.contains(key))
}

/// Whether its build may read files above its folder without a text that says so: style sheets that lie there, links, git.
pub(super) fn may_read_above(input: &PassInput, project: &Project) -> bool {
    let prefix = format!("{}/", project.root);
    let git = input
        .evidence
        .texts
        .iter()
        .any(|(path, text)| path.starts_with(&prefix) && text.contains("git ") && text.contains("exec"));
    let Some(context) = input.context() else { return true };
    git || context.entries().any(|entry| {
        let kind = context.entry(entry).kind;
        let path = context.path(entry);
        let inside = path.starts_with(&prefix);
        let style = || FileKind::of(&path).nature() == ContentKind::Style && !path.contains("public/");
        inside && kind == ContextEntryKind::Symlink || !inside && kind == ContextEntryKind::File && style()
    })
}
