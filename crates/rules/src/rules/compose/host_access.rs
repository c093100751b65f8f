//! What gives a container more of its host than others have.

use crate::build::Reference;
use crate::compose::project::{ComposePlace, ComposeValue};
use crate::data;
use crate::finding::{Finding, Findings, Severity};
use crate::rules::ComposeContext;
use crate::rules::compose::images::text;
use crate::stack::StackService;
use crate::text::path;

crate::rules::family! {
    of_compose
    "compose-host-access" => compose_host_access;
}

/// Something of the host that a service gets.
struct HostAccess {
    /// What images are made for that need it.
    work: &'static str,
    /// What a program in the container can do.
    effect: &'static str,
    /// The folder of the host that has the socket.
    folder: Option<String>,
    place: ComposePlace,
}

fn compose_host_access(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let volumes = service.value.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default();
        let mounted = volumes.iter().filter_map(|volume| access_of_mount(cx, volume));
        for access in settings(service).into_iter().chain(mounted) {
            if let Some(finding) = finding(cx, service, &access) {
                out.push(finding);
            }
        }
    }
}

fn finding(cx: &ComposeContext, service: &StackService, access: &HostAccess) -> Option<Finding> {
    let is_folder = access.folder.is_some();
    let is_needed = is_made_for(service, access.work) || is_folder && is_made_for(service, "files");
    let needs = if is_needed { ", which its work needs" } else { "" };
    let folder = access.folder.as_ref().map(|folder| format!(": the socket lies in `{folder}`")).unwrap_or_default();
    let message = format!("`{}` {}{folder}{needs}", service.name, access.effect);
    let finding = cx.finding(Some(access.place), message)?;
    if is_needed {
        return Some(finding.lowered(Severity::Info));
    }
    // Who starts a development container may do all this anyway.
    let is_light = cx.is_for_developers(access.place) || ["memory", "network"].contains(&access.work);
    let finding = if is_light { finding.lowered(Severity::Info) } else { finding };
    Some(finding.help(match access.work {
        "socket" if is_folder => "mount the files that it needs, not the folder with the socket; `:ro` does not keep requests out",
        "socket" => "let a proxy of the socket pass only the requests that it needs; `:ro` protects the file, not the engine",
        "files" => "mount only the folders that it needs, and `:ro` where it only reads",
        "network" => "leave out `network_mode`, and publish the ports that others need with `ports`",
        "memory" => "write `shm_size` where it needs more shared memory, or `ipc: service:NAME` to share it with another service",
        _ => "give it only what it needs: single capabilities, `devices`, or nothing",
    }))
}

/// What the settings of a service give, but its volumes.
fn settings(service: &StackService) -> Vec<HostAccess> {
    let mut all = Vec::new();
    for row in data::HOST_ACCESS.rows() {
        let &[key, value, work, effect, ..] = row else { continue };
        let written = if key == "volumes" { None } else { service.value.get(key) };
        let Some(written) = written else { continue };
        let items = written.as_list().unwrap_or_else(|| std::slice::from_ref(written));
        let settings = items.iter().filter(|item| is_setting(item, key, value));
        all.extend(settings.filter_map(|item| Some(HostAccess { work, effect, folder: None, place: item.place? })));
    }
    all
}

/// Whether a setting is the one of a row.
fn is_setting(item: &ComposeValue, key: &str, value: &str) -> bool {
    let written = item.display();
    match key {
        "cap_add" => {
            let name = written.to_ascii_uppercase();
            name.strip_prefix("CAP_").unwrap_or(&name) == value
        }
        "security_opt" => written.replacen('=', ":", 1) == value,
        "devices" => text(item, "source").is_some_and(|source| is_path(&path::normalize(source), value)),
        _ => written == value,
    }
}

/// A path of the host that a service gets.
struct MountedPath {
    path: String,
    is_read_only: bool,
}

/// What a mount gives; requests go through a socket that is only read too.
fn access_of_mount(cx: &ComposeContext, volume: &ComposeValue) -> Option<HostAccess> {
    let place = volume.place?;
    let mounted = mounted_path(cx, volume)?;
    let rows = || data::HOST_ACCESS.rows().filter(|row| row[0] == "volumes");
    let is_given = |row: &data::Row| is_path(&mounted.path, row[1]) && (row[2] == "socket" || !mounted.is_read_only);
    if let Some(row) = rows().find(is_given) {
        return Some(HostAccess { work: row[2], effect: row[3], folder: None, place });
    }
    let holds = |row: &data::Row| row[2] == "socket" && holds_path(&mounted.path, row[1]);
    let row = rows().find(holds)?;
    Some(HostAccess { work: row[2], effect: row[3], folder: Some(mounted.path), place })
}

/// The path of the host behind a mount: that of a bind mount, or of a volume whose options bind one.
fn mounted_path(cx: &ComposeContext, volume: &ComposeValue) -> Option<MountedPath> {
    let is_read_only = volume.get("read_only").and_then(ComposeValue::as_bool) == Some(true);
    let source = text(volume, "source")?;
    if text(volume, "type") != Some("volume") {
        let is_bind = matches!(text(volume, "type"), Some("bind" | "npipe"));
        return is_bind.then(|| MountedPath { path: real_path(source), is_read_only });
    }
    let options = cx.project().model.get("volumes")?.get(source)?.get("driver_opts")?;
    let flags: Vec<&str> = text(options, "o")?.split(',').map(str::trim).collect();
    let is_bind = flags.iter().any(|flag| ["bind", "rbind"].contains(flag));
    let device = if is_bind { text(options, "device")? } else { return None };
    Some(MountedPath { path: real_path(device), is_read_only: is_read_only || flags.contains(&"ro") })
}

/// A path without `..` and without the link that `/var/run` is.
fn real_path(path: &str) -> String {
    let whole = path::join("/", path);
    match path::relative(&whole, "/var/run") {
        Some(rest) => path::join("/run", rest),
        None => whole,
    }
}

/// Whether a path is the one of a row, in which `*` stands for the rest of a name.
fn is_path(path: &str, pattern: &str) -> bool {
    path.split('/').count() == pattern.split('/').count() && begins_like(path, pattern)
}

/// Whether the path of a row lies below a folder.
fn holds_path(folder: &str, pattern: &str) -> bool {
    folder == "/" || folder.split('/').count() < pattern.split('/').count() && begins_like(folder, pattern)
}

/// Whether the names of a path are the first ones of a row's.
fn begins_like(path: &str, pattern: &str) -> bool {
    let is_like = |(name, pattern): (&str, &str)| match pattern.split_once('*') {
        Some((start, end)) => name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end),
        None => name == pattern,
    };
    path.split('/').zip(pattern.split('/')).all(is_like)
}

/// Whether the image of a service is made for that.
fn is_made_for(service: &StackService, work: &str) -> bool {
    let Some(image) = service.base_name() else { return false };
    let row = data::HOST_TOOLS.row(Reference::of(&image).short_name());
    row.is_some_and(|row| data::words(row[1]).any(|known| known == work))
}
