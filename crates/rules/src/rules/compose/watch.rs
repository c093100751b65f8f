//! Rules about `develop.watch`: what `docker compose watch` cannot bring into a container.

use super::data::{DataService, data_services};
use super::images::text;
use crate::build::{Build, Transfer, User, installed, reload_option};
use crate::compose::project::{ComposeMap, ComposeValue};
use crate::data;
use crate::finding::{Findings, Safety};
use crate::rules::ComposeContext;
use crate::stack::StackService;
use crate::text::path;

crate::rules::family! {
    of_compose
    "compose-watch-path-mounted" => compose_watch_path_mounted;
    "compose-watch-delete-refused" => compose_watch_delete_refused;
    "compose-watch-data-unreadable" => compose_watch_data_unreadable;
    "compose-watch-without-reload" => compose_watch_without_reload;
    "compose-watch-lock-unwatched" => compose_watch_lock_unwatched;
}

/// A rule of `develop.watch` that copies files into the container.
struct SyncRule<'p> {
    value: &'p ComposeValue,
    /// The path of the host.
    path: &'p str,
    /// The path in the container.
    target: &'p str,
}

/// The rules of a service that copy files.
fn sync_rules<'p>(service: &StackService<'p>) -> Vec<SyncRule<'p>> {
    let watch = service.value.get("develop").and_then(|develop| develop.get("watch"));
    let rules = watch.and_then(ComposeValue::as_list).unwrap_or_default().iter();
    let rules = rules.filter(|rule| text(rule, "action").is_some_and(|action| action.starts_with("sync")));
    rules
        .filter_map(|rule| Some(SyncRule { value: rule, path: text(rule, "path")?, target: text(rule, "target")? }))
        .collect()
}

/// A path that is mounted is not watched, and nothing can be written below a mount that is read-only (Compose 2.40.3).
fn compose_watch_path_mounted(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let volumes = service.value.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default();
        for rule in sync_rules(service) {
            let is_watched = |volume: &&ComposeValue| {
                text(volume, "type") == Some("bind")
                    && text(volume, "source").is_some_and(|source| path::is_within(rule.path, source))
            };
            let is_closed = |volume: &&ComposeValue| {
                volume.get("read_only").and_then(ComposeValue::as_bool) == Some(true)
                    && text(volume, "target").is_some_and(|target| path::is_within(rule.target, target))
            };
            let written = |key: &str| {
                let place = rule.value.get(key).and_then(|value| value.place);
                let text = cx.text_at(place).unwrap_or_default().trim().trim_matches(['"', '\'']);
                (place, text)
            };
            let (place, message) = if volumes.iter().any(|volume| is_watched(&volume)) {
                let (place, name) = written("path");
                (place, format!("`{name}` is mounted too: Compose warns and does not watch it"))
            } else if volumes.iter().any(|volume| is_closed(&volume)) {
                let (place, name) = written("target");
                (place, format!("`{name}` lies in a read-only mount: no change can be copied there"))
            } else {
                continue;
            };
            let Some(finding) = cx.finding(place, message) else { continue };
            out.push(finding.help("keep one of the two: the mount shows changes by itself, `watch` copies them"));
        }
    }
}

/// The folders of the host in which databases of the project keep their data.
fn data_folders_of_host<'p>(cx: &ComposeContext<'p>) -> Vec<&'p str> {
    let mut folders = Vec::new();
    for DataService { service, declared, folder, .. } in data_services(cx) {
        for volume in service.value.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default() {
            let target = text(volume, "target").unwrap_or_default().trim_end_matches('/');
            if text(volume, "type") == Some("bind")
                && (path::is_within(declared, target) || path::is_within(folder, target))
            {
                folders.extend(text(volume, "source"));
            }
        }
    }
    folders
}

/// The watcher goes into each folder below a path, those that are ignored among them, and gives up where it may not read
/// (docker/compose#13750; Compose 2.40.3).
fn compose_watch_data_unreadable(cx: &ComposeContext, out: &mut Findings) {
    let folders = data_folders_of_host(cx);
    if folders.is_empty() {
        return;
    }
    for service in cx.services() {
        let watch = service.value.get("develop").and_then(|develop| develop.get("watch"));
        for rule in watch.and_then(ComposeValue::as_list).unwrap_or_default() {
            let Some(watched) = text(rule, "path") else { continue };
            let Some(folder) = folders.iter().find(|folder| path::is_within(folder, watched)) else { continue };
            let name = path::relative(folder, &cx.project().folder).unwrap_or(folder);
            let message = format!(
                "`{name}` belongs to the database's user once it has run: `docker compose watch` ends with \"permission \
                 denied\", also where it is ignored"
            );
            let Some(finding) = cx.finding(rule.get("path").and_then(|value| value.place), message) else { continue };
            out.push(finding.help("watch the folder of the sources, or keep the data in a named volume"));
        }
    }
}

/// Files that are deleted on the host are deleted by `rm` as the container's user (Compose 2.40.3).
fn compose_watch_delete_refused(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services().filter(|service| service.is_built && service.value.get("user").is_none()) {
        let rules = sync_rules(service);
        let (Some(input), false) = (&service.image, rules.is_empty()) else { continue };
        let build = Build::new(input);
        let Some(user) = root_folders_of(&build) else { continue };
        let volumes = service.value.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default();
        for rule in rules {
            let mut mounts = volumes.iter().filter_map(|volume| text(volume, "target"));
            if mounts.any(|mount| path::is_within(rule.target, mount)) || !belongs_to_root(&build, rule.target) {
                continue;
            }
            let place = rule.value.get("target").and_then(|value| value.place);
            let message = format!(
                "`{}` belongs to root in the image, which runs as `{user}`: files that are deleted here stay there",
                rule.target
            );
            let Some(finding) = cx.finding(place, message) else { continue };
            out.push(finding.help(format!("copy the files with `COPY --chown={user}`")));
        }
    }
}

/// A server that has read its sources does not see what is copied over them.
fn compose_watch_without_reload(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let is_of_program = |rule: &SyncRule| {
            let is_data = |part: &str| data::NAME_WORDS.has(part, "data-folder");
            text(rule.value, "action") == Some("sync") && !is_data(path::name(rule.target))
        };
        let Some(rule) = sync_rules(service).into_iter().find(is_of_program) else { continue };
        let Some((server, option)) = keeping_server(service) else { continue };
        let message = format!(
            "`{server}` of `{}` has no `{option}`: it runs on with the old code after changes are copied to `{}`",
            service.name, rule.target
        );
        let place = rule.value.get("action").and_then(|value| value.place);
        let Some(finding) = cx.finding(place, message) else { continue };
        let finding = finding.help(format!("write `action: sync+restart`, or start it with `{option}`"));
        let why = Safety::Unsafe("each change restarts the container".to_owned());
        out.push(cx.replaced(finding, "restart it after each change", why, place, "sync+restart"));
    }
}

/// The server that a service starts and that keeps the code which it has read, with the option that changes this.
fn keeping_server(service: &StackService) -> Option<(String, &'static str)> {
    let variables = service.value.get("environment").and_then(ComposeValue::as_map);
    let may_reload =
        |name: &str| ["RELOAD", "DEBUG", "CMD_ARGS", "NODE_OPTIONS"].iter().any(|word| name.contains(word));
    if variables.into_iter().flat_map(ComposeMap::iter).any(|(name, _)| may_reload(name)) {
        return None;
    }
    let started = service.started()?;
    let build = Build::new(&started);
    let stage = build.target()?;
    if build.development_server(stage).is_some() {
        return None;
    }
    let launch = build.launch(stage)?;
    let invocations = launch.script().invocations();
    let server = match build.listening(stage) {
        Some(listening) => listening.server.to_owned(),
        None => invocations.iter().find(|call| call.is("node"))?.program?.to_owned(),
    };
    let of_node = || data::DEVELOPMENT_SERVERS.rows().find(|row| row[0] == server && row[1].starts_with("--"));
    let option = reload_option(&server).map(|(option, _)| option).or_else(|| of_node().map(|row| row[1]))?;
    let is_given = invocations.iter().flat_map(|call| call.args).any(|word| word.text().starts_with(option));
    (!is_given).then_some((server, option))
}

/// What is installed follows from the lock file: where only the manifest is watched, other changes rebuild nothing.
fn compose_watch_lock_unwatched(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let watch = service.value.get("develop").and_then(|develop| develop.get("watch"));
        let rules = watch.and_then(ComposeValue::as_list).unwrap_or_default();
        let paths: Vec<&str> = rules.iter().filter_map(|rule| text(rule, "path")).collect();
        let Some(input) = &service.image else { continue };
        let dockerfile = input.file.source().text();
        for rule in rules.iter().filter(|rule| text(rule, "action") == Some("rebuild")) {
            let Some(manifest) = text(rule, "path") else { continue };
            let (folder, name) = path::split(manifest);
            let Some(row) = data::MANIFEST_LOCKS.row(name) else { continue };
            let names = |by_pattern: bool| data::words(row[1]).find(|lock| copies(dockerfile, lock, by_pattern));
            let Some(lock) = names(false).or_else(|| names(true)) else { continue };
            let lock_path = path::child(folder, lock);
            if paths.iter().any(|path| path::is_within(&lock_path, path)) {
                continue;
            }
            let message = format!(
                "a changed `{lock}` does not rebuild `{}`: `{name}` is watched, and the lock file, which says what is installed, is not",
                service.name
            );
            let Some(finding) = cx.finding(rule.get("path").and_then(|value| value.place), message) else { continue };
            out.push(finding.help(format!("watch `{lock}` too, with `action: rebuild`")));
            break;
        }
    }
}

/// Whether a Dockerfile names a lock file, or else has a pattern for it and its manifest.
fn copies(dockerfile: &str, lock: &str, by_pattern: bool) -> bool {
    let fits = |word: &str| match word.split_once('*') {
        Some((start, end)) => {
            by_pattern && start.len() + end.len() > 2 && lock.starts_with(start) && lock.ends_with(end)
        }
        None => !by_pattern && word == lock,
    };
    let words = dockerfile.split(|c: char| c.is_whitespace() || "\"',[]=".contains(c)).map(path::name);
    words.into_iter().any(fits)
}

/// The user of an image, where it is not root and no RUN changes owners.
fn root_folders_of(build: &Build) -> Option<String> {
    let stage = build.target()?;
    let Some(User::Other(user)) = build.user(stage).value().cloned() else { return None };
    let mut runs = build.chain(stage).flat_map(|stage| build.own_runs(stage));
    let changes = runs.any(|run| {
        let text = build.input().file.str(build.instruction(run.index).rest);
        text.contains("chown") || text.contains("install ")
    });
    (!changes).then_some(user)
}

/// Whether the last COPY that makes a folder leaves it to root.
fn belongs_to_root(build: &Build, target: &str) -> bool {
    let Some(stage) = build.target() else { return false };
    let transfers = build.transfers(stage).iter().rev().filter(|transfer| transfer.from.is_none());
    let makes = |transfer: &&Transfer| {
        let place = installed::destination(build, stage, transfer);
        place.is_some_and(|place| path::is_within(target, &place))
    };
    let copy = transfers.into_iter().find(makes).and_then(|copy| build.input().file.transfer(copy.instruction));
    copy.is_some_and(|parts| parts.chown.is_none())
}
