//! `develop.watch`: which changes of sources `docker compose watch` copies into a container, and which build its image again.

use std::collections::BTreeSet;

use crate::build::{Build, Stage, Transfer, User, absolute, reload_option};
use crate::data;
use crate::dockerfile::{Arguments, Keyword};
use crate::emit::facts::application::Application;
use crate::emit::input::EmitInput;
use crate::manifest::Ecosystem;
use crate::text::path;
use crate::yaml::NewValue;

/// A reason, and where it shows.
type Reason = (String, Option<String>);

/// The command of a program with the option that makes its server start again when a source changes.
pub(in crate::emit) fn reload_command(application: &Application) -> Option<Vec<String>> {
    let build = &application.build;
    let stage = build.target()?;
    if build.last(stage, Keyword::Entrypoint).is_some() {
        return None;
    }
    let (_, instruction) = build.last(stage, Keyword::Cmd)?;
    let words: Vec<String> = match &instruction.arguments {
        Arguments::Json(words) => words.iter().map(|word| word.value.to_string()).collect(),
        Arguments::Raw(word) => {
            let text = application.build.input().file.str(*word);
            let is_plain = |c: char| c.is_ascii_alphanumeric() || " -_./:=".contains(c);
            if !text.chars().all(is_plain) {
                return None;
            }
            text.split_whitespace().map(str::to_owned).collect()
        }
        _ => return None,
    };
    let server = match build.listening(stage) {
        Some(listening) => listening.server,
        None if words.first().is_some_and(|word| word == "node") => "node",
        None => return None,
    };
    let (option, stands_first) = reload_option(server)?;
    if words.iter().any(|word| word == option) {
        return None;
    }
    let mut words = words;
    words.insert(if stands_first { 1 } else { words.len() }, option.to_owned());
    Some(words)
}

/// What is watched, and why.
#[derive(Default)]
struct WatchedPaths {
    /// Folders that containers have of their own.
    ignored: Vec<&'static str>,
    /// The folders of the repository that sources lie in, as the compose file names them.
    folders: BTreeSet<String>,
    items: Vec<String>,
    reasons: Vec<Reason>,
    /// Whose changes build the image again.
    rebuilt: Vec<String>,
    /// Whose changes are copied.
    synced: Vec<String>,
}

impl WatchedPaths {
    fn of(input: &EmitInput, application: &Application, build: &Build) -> Self {
        let is_of = |kind: &str| {
            let mut projects = application.build.input().projects.iter().flat_map(|projects| projects.iter());
            Ecosystem::of(kind).is_some_and(|known| projects.any(|project| project.ecosystem == known))
        };
        let is_taken = |folder: &str| {
            build
                .context_sources()
                .unwrap_or_default()
                .iter()
                .any(|source| source.split('/').any(|part| part == folder.trim_end_matches('/')))
        };
        let rows = data::WATCH_IGNORES.rows().filter(|row| data::words(row[1]).any(is_of));
        let ignored = rows.map(|row| row[0]).filter(|folder| !is_taken(folder)).collect();
        let files = input.files.files.iter().filter_map(|file| path::relative(&file.path, &application.context));
        let mut folders = BTreeSet::from([application.context_text.clone()]);
        for file in files {
            let parents = std::iter::successors(Some(path::parent(file)), |folder| Some(path::parent(folder)));
            for folder in parents.take_while(|folder| !folder.is_empty()) {
                if !folders.insert(path::child(&application.context_text, folder)) {
                    break;
                }
            }
        }
        Self { ignored, folders, ..Self::default() }
    }

    /// The key that leaves folders out, behind the others.
    fn ignore(&self, path: &str) -> String {
        if self.ignored.is_empty() || !self.folders.contains(path) {
            return String::new();
        }
        format!(", ignore: {}", serde_json::Value::from(self.ignored.clone()).to_string().replace(',', ", "))
    }

    fn rebuild(&mut self, path: String, reason: String, place: Option<String>) {
        let ignore = self.ignore(&path);
        self.items.push(format!("{{action: rebuild, path: {}{ignore}}}", quoted(&path)));
        self.reasons.push((reason, place));
        self.rebuilt.push(path);
    }

    fn sync(&mut self, path: &str, target: &str, is_reloaded: bool, place: Option<String>) {
        let action = if is_reloaded { "sync" } else { "sync+restart" };
        let (path_text, target, ignore) = (quoted(path), quoted(target), self.ignore(path));
        self.items.push(format!("{{action: {action}, path: {path_text}, target: {target}{ignore}}}"));
        let what = if is_reloaded { "its server starts again by itself" } else { "its server is started again" };
        self.synced.push(path.to_owned());
        self.reasons.push((format!("changes of `{path}` are copied into the container, and {what}"), place));
    }
}

/// The value of `develop`, with the reasons. `is_reloaded`: whether its server starts again by itself.
///
/// # Errors
/// Why nothing can be watched, in a sentence without a full stop.
pub(in crate::emit) fn watch(
    input: &EmitInput,
    application: &Application,
    is_reloaded: bool,
) -> Result<(NewValue, Vec<Reason>), String> {
    let build = &application.build;
    let stage = build.target().ok_or("its Dockerfile has no stage")?;
    if ignores_everything(input, application) {
        let why = "its .dockerignore begins with `*`, and `docker compose watch` does not look into folders that match";
        return Err(why.to_owned());
    }
    let mut watched = WatchedPaths::of(input, application, build);
    for stage_of_image in build.chain(stage) {
        for transfer in build.transfers(stage_of_image).iter().filter(|transfer| transfer.from.is_none()) {
            add_transfer(input, application, (build, stage_of_image, stage), transfer, is_reloaded, &mut watched);
        }
    }
    add_other_stages(application, (build, stage), &mut watched);
    if watched.items.is_empty() {
        // What is compiled in another stage.
        let reason = "its image has only what other stages make of the sources".to_owned();
        watched.rebuild(application.context_text.clone(), reason, Some(application.place.clone()));
    }
    for manifest in manifests(application) {
        let path = path::child(&application.context_text, &manifest);
        if !watched.rebuilt.iter().any(|folder| path::is_within(&path, folder)) {
            let reason = format!("`{path}` says which packages the image has");
            watched.rebuild(path, reason, None);
        }
    }
    let list: Vec<String> = watched.items.iter().map(|item| format!("\n        - {item}")).collect();
    Ok((NewValue::Mapping(vec![("watch".to_owned(), NewValue::Block(list.concat()))]), watched.reasons))
}

/// Adds the sources of stages whose files the image takes.
fn add_other_stages(application: &Application, (build, stage): (&Build, &Stage), watched: &mut WatchedPaths) {
    let chain: Vec<usize> = build.chain(stage).map(|known| known.index).collect();
    let others = build.stages().iter().filter(|other| !chain.contains(&other.index) && build.is_needed(other));
    for other in others {
        for transfer in build.transfers(other).iter().filter(|transfer| transfer.from.is_none()) {
            for source in transfer.sources.iter().filter(|source| !source.is_remote()) {
                let Some(text) = source.text.as_deref() else { continue };
                let whole = path::normalize(text.trim_start_matches('/'));
                let below = if source.is_everything() { String::new() } else { whole };
                let context = &application.context_text;
                let from = if below.is_empty() { context.clone() } else { path::child(context, &below) };
                let is_watched = watched.rebuilt.iter().any(|known| path::is_within(&from, known))
                    || (below.is_empty() && !watched.synced.is_empty());
                if !below.contains(['*', '?', '[']) && !is_watched {
                    let stage = other.name.as_deref().map_or_else(|| other.index.to_string(), str::to_owned);
                    let reason =
                        format!("changes of `{from}` build the image again: stage `{stage}` makes something of it");
                    watched.rebuild(from, reason, None);
                }
            }
        }
    }
}

/// Adds the sources of a COPY or ADD of a stage that the image of another one stands on.
fn add_transfer(
    input: &EmitInput,
    application: &Application,
    (build, stage, last): (&Build, &Stage, &Stage),
    transfer: &Transfer,
    is_reloaded: bool,
    watched: &mut WatchedPaths,
) {
    let file = input.inputs.source(application.build.input().dockerfile);
    let place = Some(format!("{}:{}", file.name(), file.line(transfer.instruction.span.start)));
    let why = why_rebuild(build, stage, last, transfer);
    let manifests = manifests(application);
    let folder = build.workdir(stage, transfer.index).value().cloned();
    let to = transfer.destination.as_deref().and_then(|to| absolute(to, folder.as_deref()));
    for source in transfer.sources.iter().filter(|source| !source.is_remote()) {
        let Some(text) = source.text.as_deref() else { continue };
        let whole = path::normalize(text.trim_start_matches('/'));
        let below = if source.is_everything() { String::new() } else { whole };
        // Changes of manifests build the image again.
        if below.contains(['*', '?', '[']) || manifests.contains(&below) {
            continue;
        }
        let context = &application.context_text;
        let from = if below.is_empty() { context.clone() } else { path::child(context, &below) };
        match (&why, &to) {
            (None, Some(to)) => {
                let into = text.ends_with('/') || transfer.destination.as_deref().is_some_and(|to| to.ends_with('/'));
                watched.sync(&from, &target(input, application, &below, to, into), is_reloaded, place.clone());
            }
            (Some(why), _) => {
                let reason = format!("changes of `{from}` build the image again: {why}");
                watched.rebuild(from, reason, place.clone());
            }
            (None, None) => {}
        }
    }
}

/// Where a source lands: a folder's contents in the destination, a file below it or in its place.
fn target(input: &EmitInput, application: &Application, below: &str, to: &str, into: bool) -> String {
    let whole = path::child(&application.context, below);
    let is_in_repository = |path: &str| input.files.files.iter().any(|file| file.path == path);
    let has_files = || input.files.files.iter().any(|file| path::is_within(&file.path, &whole));
    // What tools write is in no repository: `target/app.jar`.
    let is_file = is_in_repository(&whole) || (path::name(below).contains('.') && !has_files());
    let folder = to.trim_end_matches('/');
    // A name with a dot is that of a file: `COPY conf /etc/nginx/conf.d/default.conf`.
    let is_folder = !path::name(folder).contains('.') && path::name(folder) != path::name(below);
    if is_file && (into || is_folder) { path::child(folder, path::name(below)) } else { folder.to_owned() }
}

/// Why a change must build the image again: a step makes something of it, or the user of the container may not write there.
fn why_rebuild(build: &Build, stage: &Stage, target: &Stage, transfer: &Transfer) -> Option<String> {
    let file = &build.input().file;
    let has_owner = transfer.instruction.flags.iter().any(|flag| file.flag_name(flag).eq_ignore_ascii_case("chown"));
    if matches!(build.user(target).value(), Some(User::Other(_))) && !has_owner {
        return Some("the container's user does not own the files".to_owned());
    }
    let makes = build.instructions(stage).filter(|(at, _)| *at > transfer.index).find_map(|(at, instruction)| {
        let code = (instruction.keyword == Keyword::Run).then(|| build.code(at))??;
        let calls = code.script.invocations();
        let call = calls.iter().find(|call| {
            call.package_call().is_none()
                && call.program.is_some_and(|program| !["rm", "mkdir", "chmod", "chown", "cd"].contains(&program))
        });
        let runs = calls.iter().find(|call| {
            call.package_call()
                .is_some_and(|call| ["run", "exec", "build"].iter().any(|verb| call.verb_text.contains(verb)))
        });
        call.or(runs).and_then(|call| call.program).map(str::to_owned)
    });
    makes.map(|program| format!("a later step runs `{program}`"))
}

/// Whether the ignore file of the build begins with everything.
fn ignores_everything(input: &EmitInput, application: &Application) -> bool {
    let place = path::child(&application.context, ".dockerignore");
    let file = input.files.files.iter().find(|file| file.path == place);
    file.is_some_and(|file| file.source.text().lines().any(|line| ["*", "**"].contains(&line.trim())))
}

/// The manifests and lock files that the packages of a program come from.
fn manifests(application: &Application) -> Vec<String> {
    let installs = application.projects().filter_map(|project| Some((project, project.install()?)));
    let paths = installs.flat_map(|(project, install)| {
        let files = install.lock.iter().chain([&install.manifest]);
        files.map(|file| path::join(&project.root, file)).collect::<Vec<_>>()
    });
    // What the image takes no part of, it is not built of.
    let text = application.build.input().file.source().text();
    let is_taken =
        |path: &String| !path.contains('/') || text.contains(path.as_str()) || text.contains(path::parent(path));
    paths.filter(is_taken).collect()
}

fn quoted(text: &str) -> String {
    match NewValue::scalar(text) {
        NewValue::Inline(text) if !text.contains([',', '{', '}', '[', ']']) => text,
        _ => serde_json::Value::from(text).to_string(),
    }
}
