//! Compares the images' configurations field by field (image-spec, config.md).

use super::difference::ImageDifference;
use super::explanation::Explanation;
use std::collections::BTreeSet;

use super::check::{Check, Observation};
use super::command::{arguments, command, handed_on};
use super::declared_config::DeclaredConfig;
use super::image_side::ImageSide;
use crate::build::CERTIFICATES;
use crate::data;
use crate::image::Config;
use crate::secret;

/// Compares the configs.
pub(super) fn check(before: &ImageSide, after: &ImageSide, declared: &DeclaredConfig) -> Check {
    let mut seen = Observation::default();
    let (old, new) = (before.config(), after.config());
    commands(old, new, declared, &mut seen);
    variables(before, after, declared, &mut seen);
    lists(old, new, declared, &mut seen);
    settings(old, new, declared, &mut seen);
    seen.check("config")
}

fn commands(old: &Config, new: &Config, declared: &DeclaredConfig, seen: &mut Observation) {
    let (first, other) = (command(old, &declared.scripts), command(new, &declared.scripts));
    let quoted = |words: &[String]| format!("`{}`", words.join(" "));
    if first != other {
        let compiled = declared.compiles_start && handed_on(&first).is_some_and(|words| words == arguments(&other));
        let traced = declared.traces_files && other == ["node", "server.js"];
        let why = match (declared.replaces_server, compiled) {
            _ if traced => Some(Explanation::NextServer),
            (true, _) => Some(Explanation::ReplacedServer),
            (_, true) => Some(Explanation::CompiledStart),
            _ => None,
        };
        seen.judge(why, &ImageDifference::Command { after: quoted(&other), before: quoted(&first) });
    } else if (&old.entrypoint, &old.cmd) != (&new.entrypoint, &new.cmd) {
        seen.explain(ImageDifference::CommandForm { command: quoted(&first) });
    }
}

fn variables(before: &ImageSide, after: &ImageSide, declared: &DeclaredConfig, seen: &mut Observation) {
    for (name, value) in &before.config().env {
        match after.variable(name) {
            Some(now) if now == value => {}
            _ if name == "PATH" => path(value, before, after, seen),
            Some(_) if is_version(name) && !declared.own_variables.contains(name) => {
                seen.explain(ImageDifference::BaseVariable { name: name.clone() });
            }
            // Values may be secrets.
            Some(_) => {
                let why = data::VARIABLES
                    .with("build-prefix")
                    .any(|start| name.starts_with(start))
                    .then_some(Explanation::BuildVariable);
                seen.judge(why, &ImageDifference::VariableValue { name: name.clone() });
            }
            None => {
                // Programs find the file without being told.
                let usual =
                    (value == CERTIFICATES && after.find(value).is_some()).then_some(Explanation::DefaultCertificates);
                seen.judge(
                    why_gone(name, declared).or(usual),
                    &ImageDifference::VariableMissing { name: name.clone() },
                );
            }
        }
    }
    let old: BTreeSet<&str> = before.config().env.iter().map(|(name, _)| name.as_str()).collect();
    for (name, _) in after.config().env.iter().filter(|(name, _)| !old.contains(name.as_str())) {
        seen.explain(ImageDifference::VariableNew { name: name.clone() });
    }
}

fn why_gone(name: &str, declared: &DeclaredConfig) -> Option<Explanation> {
    if declared.replaces_server && !declared.own_variables.contains(name) {
        return Some(Explanation::ServerBaseVariable);
    }
    if declared.serves_files {
        return Some(Explanation::WebServerVariable);
    }
    if secret::names_secret(name) && declared.names(name) {
        return Some(Explanation::Secret);
    }
    if data::VARIABLES.with("build-prefix").any(|start| name.starts_with(start)) {
        return Some(Explanation::BuildVariable);
    }
    let of_base = !declared.own_variables.contains(name) && !data::VARIABLES.has(name, "of-base");
    of_base.then_some(Explanation::OriginalBaseVariable)
}

/// Whether a variable of an official image tells its own version and how it was checked.
fn is_version(name: &str) -> bool {
    data::VARIABLES.with("version-end").any(|end| name.ends_with(end))
}

/// Folders of PATH may come to the front; those that are gone must have nothing in them any more.
fn path(old: &str, before: &ImageSide, after: &ImageSide, seen: &mut Observation) {
    let now: Vec<&str> = after.variable("PATH").unwrap_or_default().split(':').collect();
    let gone = old.split(':').filter(|folder| !folder.is_empty() && !now.contains(folder));
    for folder in gone {
        let holds =
            |side: &ImageSide| side.find(folder).is_some_and(|folder| side.tree.children(folder).next().is_some());
        let started = || {
            let members = after.find(folder).into_iter().flat_map(|folder| after.tree.children(folder));
            let config = after.config();
            let words: Vec<&String> = config.entrypoint.iter().chain(&config.cmd).flatten().collect();
            members.map(|path| after.text(path)).all(|path| words.contains(&&path))
        };
        let why = match (holds(before), holds(after)) {
            (false, _) => Some(Explanation::EmptyFolder),
            (true, false) => Some(Explanation::RemovedFolder),
            (true, true) if started() => Some(Explanation::StartedByPath),
            (true, true) => None,
        };
        seen.judge(why, &ImageDifference::PathFolderMissing { folder: folder.to_string() });
    }
    let kept_folders: Vec<&str> =
        now.iter().copied().filter(|folder| old.split(':').any(|part| part == *folder)).collect();
    let order: Vec<&str> = old.split(':').filter(|folder| kept_folders.contains(folder)).collect();
    if kept_folders != order && BTreeSet::from_iter(&kept_folders).len() == kept_folders.len() {
        seen.fail(ImageDifference::PathOrder);
    } else {
        seen.explain(ImageDifference::PathFolders);
    }
}

fn lists(old: &Config, new: &Config, declared: &DeclaredConfig, seen: &mut Observation) {
    let server = declared.replaces_server.then_some(Explanation::ReplacedServer);
    for port in old.exposed_ports.iter().filter(|port| !new.exposed_ports.contains(port)) {
        seen.judge(server, &ImageDifference::PortMissing { port: port.clone() });
    }
    for port in new.exposed_ports.iter().filter(|port| !old.exposed_ports.contains(port)) {
        seen.explain(ImageDifference::PortNew { port: port.clone() });
    }
    let volumes = |config: &Config| config.volumes.iter().cloned().collect::<BTreeSet<_>>();
    if volumes(old) != volumes(new) {
        let all = |config: &Config| volumes(config).into_iter().collect::<Vec<_>>().join(" ");
        seen.fail(ImageDifference::Volumes { after: all(new), before: all(old) });
    }
    for (name, value) in &old.labels {
        match new.labels.get(name) {
            Some(now) if now == value => {}
            Some(_) => seen.fail(ImageDifference::LabelValue { name: name.clone() }),
            None => seen.judge(server, &ImageDifference::LabelMissing { name: name.clone() }),
        }
    }
}

fn settings(old: &Config, new: &Config, declared: &DeclaredConfig, seen: &mut Observation) {
    let server = declared.replaces_server.then_some(Explanation::OtherServerSetting);
    let folder =
        |config: &Config| config.working_directory.clone().filter(|folder| !folder.is_empty()).unwrap_or("/".into());
    if folder(old) != folder(new) {
        let moved = declared.moved.as_ref().filter(|moved| **moved == folder(new));
        let server = server.or(moved.map(|_| Explanation::MovedFolder));
        seen.judge(server, &ImageDifference::WorkingFolder { after: folder(new), before: folder(old) });
    }
    if old.stop_signal != new.stop_signal {
        let stop_signal = |config: &Config| config.stop_signal.clone().unwrap_or_else(|| "SIGTERM".to_owned());
        if stop_signal(old) != stop_signal(new) {
            seen.judge(server, &ImageDifference::StopSignal { after: stop_signal(new), before: stop_signal(old) });
        }
    }
    users(old, new, declared, seen);
    let shell = |config: &Config| config.shell.clone().unwrap_or_else(|| ["/bin/sh", "-c"].map(str::to_owned).to_vec());
    if shell(old) != shell(new) {
        let server = declared.serves_files.then_some(Explanation::UnusedShell);
        seen.judge(server, &ImageDifference::Shell { after: shell(new).join(" "), before: shell(old).join(" ") });
    }
    if old.on_build != new.on_build {
        seen.fail("ONBUILD differs");
    }
    healthchecks(old, new, seen);
}

fn users(old: &Config, new: &Config, declared: &DeclaredConfig, seen: &mut Observation) {
    let user = |config: &Config| config.user.clone().unwrap_or_default();
    let is_root = |user: &str| matches!(user.split(':').next().unwrap_or_default(), "" | "0" | "root");
    let (first, other) = (user(old), user(new));
    match (is_root(&first), is_root(&other)) {
        (true, true) => {}
        _ if first == other => {}
        (true, false) => seen.explain(ImageDifference::UserNotRoot { after: other.clone() }),
        (false, false) if declared.serves_files => {
            seen.explain(ImageDifference::WebServerUser { after: other.clone(), before: first.clone() });
        }
        (false, _) => {
            seen.fail(ImageDifference::User {
                after: if other.is_empty() { "root".to_owned() } else { other.clone() },
                before: first.clone(),
            });
        }
    }
}

fn healthchecks(old: &Config, new: &Config, seen: &mut Observation) {
    let off = |check: &Option<Vec<String>>| {
        check.as_ref().is_none_or(|words| words.first().is_some_and(|word| word == "NONE"))
    };
    match (off(&old.healthcheck), off(&new.healthcheck)) {
        (true, true) => {}
        (true, false) => seen.explain(ImageDifference::HealthcheckNew),
        (false, true) => seen.fail(ImageDifference::HealthcheckMissing),
        (false, false) if old.healthcheck == new.healthcheck => {}
        (false, false) => seen.explain(ImageDifference::HealthcheckCommand),
    }
}

#[cfg(test)]
mod tests;
