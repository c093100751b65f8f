//! A rule about files that a container has as a single mount, and that a script puts a new file in the place of.

use super::action::Action;
use super::edits::{inserted_behind, risky, written};
use super::flow::{FlowCommand, flows};
use crate::finding::Findings;
use crate::rules::workflow::steps::verbatim;
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::shell::Word;
use crate::text::{Source, Span, path};
use crate::yaml::{self, YamlNode};

crate::rules::family! {
    of_workflow
    "mounted-file-replaced" => mounted_file_replaced;
}

/// A file of the host that a service has in its place.
struct FileMount {
    /// From the top of the repository.
    path: String,
    /// From the folder of the compose file.
    below: String,
    service: String,
    compose: String,
}

/// The container keeps the file that was there when it started.
fn mounted_file_replaced(cx: &WorkflowContext, out: &mut Findings) {
    if !cx.source().text().contains("docker") {
        return;
    }
    let flows = flows(cx);
    let may_replace = |command: &FlowCommand| replaced_file(command).is_some() || is_git_update(command);
    if !flows.iter().flat_map(|flow| &flow.commands).any(may_replace) {
        return;
    }
    let mounts: Vec<FileMount> =
        cx.repository().texts.iter().flat_map(|(file, source)| mounts(cx, file, source)).collect();
    if mounts.is_empty() {
        return;
    }
    let mut places: Vec<Span> = Vec::new();
    for flow in flows {
        for (at, command) in flow.commands.iter().enumerate() {
            let word = replaced_file(command);
            let of_git = || mounts.iter().find(|mount| is_replaced_by_git(cx, &flow.commands[at..], mount));
            let mount = match word {
                Some(word) => mounts.iter().find(|mount| is_same(command, word, mount)),
                None => of_git(),
            };
            let Some(mount) = mount else { continue };
            if !is_reloaded(&flow.commands[at..], mount) {
                continue;
            }
            let place = command.script.text.place_of(command.span());
            if places.contains(&place.span) {
                continue;
            }
            places.push(place.span);
            let message = format!(
                "`{}` is mounted as a single file (`{}` in {}): the container keeps the old one, whatever is reloaded",
                mount.below, mount.service, mount.compose
            );
            let Some(finding) = cx.finding(place, message) else { continue };
            let finding = finding.help("mount its folder, or write into the file that is there: `cat NEW > FILE`");
            let Some(word) = word else {
                out.push(
                    finding
                        .help("mount its folder: `git` writes a new file where a commit, or a script, has changed it"),
                );
                continue;
            };
            out.push(match written_in_place(cx, command, word) {
                Some(changes) => cx.fixed(
                    finding,
                    "write into the file that is there",
                    risky("who reads the file meanwhile sees a part of it"),
                    &changes,
                ),
                None => finding,
            });
        }
    }
}

/// The files of the host that the services of a compose file have as single mounts.
fn mounts(cx: &WorkflowContext, file: &str, source: &Source) -> Vec<FileMount> {
    if !path::is_compose(path::name(file)) {
        return Vec::new();
    }
    let tree = yaml::read(source.text());
    let services = tree.root().and_then(|root| root.get("services"));
    let mut mounts = Vec::new();
    for service in services.into_iter().flat_map(YamlNode::entries) {
        let volumes = service.value.get("volumes").into_iter().flat_map(YamlNode::items);
        for source in volumes.filter_map(host_path) {
            let below = path::normalize(source.trim_start_matches("./"));
            let at = path::normalize(&path::join(path::parent(file), &below));
            // A folder may have a dot in its name, and a file none.
            let is_file = cx.repository().has(&at) || !cx.repository().is_complete && path::name(&at).contains('.');
            if is_file && !below.starts_with("..") {
                let service = service.key.text().unwrap_or_default().to_owned();
                mounts.push(FileMount { path: at, below, service, compose: file.to_owned() });
            }
        }
    }
    mounts
}

/// The path of the host that a volume names.
fn host_path(volume: YamlNode) -> Option<String> {
    let text = match volume.text() {
        Some(text) => text.split(':').next()?,
        None => volume.get("source")?.text()?,
    };
    (text.starts_with("./") && !text.contains('$')).then(|| text.to_owned())
}

/// The file that a command puts a new one in the place of.
fn replaced_file<'a>(command: &FlowCommand<'a>) -> Option<&'a Word> {
    let invocation = &command.command.invocation;
    let has = |option: &str| invocation.args.iter().any(|word| word.text().starts_with(option));
    let last = invocation.args.last()?;
    match invocation.program? {
        "sed" if has("-i") || has("--in-place") => Some(last),
        "perl" if has("-pi") || has("-i") => Some(last),
        "mv" | "install" => Some(last),
        "ln" if has("-s") || has("-f") => Some(last),
        _ => None,
    }
}

/// Whether the first of these commands lets git put the newest file in the place of one that it tracks, and the proxy that
/// has it reloads behind it.
fn is_replaced_by_git(cx: &WorkflowContext, commands: &[FlowCommand], mount: &FileMount) -> bool {
    let [first, rest @ ..] = commands else { return false };
    let reloads = |command: &FlowCommand| match Action::of(command) {
        Action::Reload(proxy) => proxy.is_none_or(|proxy| proxy == mount.service),
        _ => false,
    };
    is_git_update(first) && cx.repository().has(&mount.path) && rest.iter().any(reloads)
}

/// Whether a command puts newer files of a git repository in the place of those that are there.
fn is_git_update(command: &FlowCommand) -> bool {
    let invocation = &command.command.invocation;
    let has = |text: &str| invocation.args.iter().any(|word| word.is(text));
    invocation.is("git") && (has("pull") || has("reset") && has("--hard") || has("checkout") && has("-f"))
}

/// Whether a word names the file of a mount.
fn is_same(command: &FlowCommand, word: &Word, mount: &FileMount) -> bool {
    let text = word.text();
    let behind = text.rsplit(['}', '$']).next().unwrap_or(text);
    if command.command.path(text).is_some_and(|path| path == mount.path) {
        return true;
    }
    if word.is_dynamic() || text.starts_with(['/', '~']) {
        // A folder that only the host knows, and the file in it.
        let below = behind.split_once('/').map_or("", |(_, below)| below);
        let is_known =
            below == mount.below || text.starts_with(['/', '~']) && below.ends_with(&format!("/{}", mount.below));
        return is_known && word.expansions().len() <= 1;
    }
    // Where the folder is not known, the script runs where its compose file lies.
    command.command.path("x").is_none() && path::normalize(text) == mount.below
}

/// Whether the proxy reloads behind a command, and nothing starts its container again before. The first is the command.
fn is_reloaded(commands: &[FlowCommand], mount: &FileMount) -> bool {
    let [first, rest @ ..] = commands else { return false };
    for command in rest.iter().filter(|command| command.is_beside(first) && command.may_follow(first)) {
        match Action::of(command) {
            Action::Reload(_) => return true,
            Action::Start(containers) | Action::Restart(containers)
                if containers.names.is_empty() || containers.names.contains(&mount.service) =>
            {
                let is_same = |name: &str| command.command.invocation.args.iter().any(|word| word.is(name));
                // `up` leaves a container that its file does not change.
                if is_same("restart") || is_same("--force-recreate") {
                    return false;
                }
            }
            _ => {}
        }
    }
    false
}

/// The same change into the file that is there.
fn written_in_place(cx: &WorkflowContext, command: &FlowCommand, word: &Word) -> Option<Vec<WorkflowChange<'static>>> {
    let invocation = &command.command.invocation;
    let outer = invocation.command;
    let is_plain =
        invocation.via.is_empty() && outer.redirects.is_empty() && outer.place.pipe_len == 1 && !command.is_condition();
    if !is_plain {
        return None;
    }
    let file = written(cx, command.script, word.span)?;
    if invocation.is("mv") {
        let [_, _] = invocation.args else { return None };
        let place = verbatim(command.script, invocation.path.span)?;
        return Some(vec![WorkflowChange::Replace(place, "cp".to_owned())]);
    }
    let option = invocation.args.first().filter(|word| invocation.is("sed") && word.is("-i"))?;
    let next = invocation.args.get(1)?;
    let place = verbatim(command.script, Span::new(option.span.start, next.span.start))?;
    // A name in quotes goes on within them.
    let new = match file.strip_suffix('"') {
        Some(text) => format!("{text}.new\""),
        None => format!("{file}.new"),
    };
    let end = format!(" > {new} && cat {new} > {file}");
    Some(vec![WorkflowChange::Replace(place, String::new()), inserted_behind(command.script, word.span, &end)?])
}
