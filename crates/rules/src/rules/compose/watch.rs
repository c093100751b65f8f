//! Rules about `develop.watch`: what `docker compose watch` cannot bring into a container.

use super::data::{DataService, data_services};
use super::images::text;
use crate::build::{Build, Transfer, User, installed};
use crate::compose::project::ComposeValue;
use crate::finding::Findings;
use crate::rules::ComposeContext;
use crate::stack::StackService;
use crate::text::path;

crate::rules::family! {
    of_compose
    "compose-watch-path-mounted" => compose_watch_path_mounted;
    "compose-watch-delete-refused" => compose_watch_delete_refused;
    "compose-watch-data-unreadable" => compose_watch_data_unreadable;
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
