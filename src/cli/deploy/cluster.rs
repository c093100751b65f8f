//! `dockopt deploy emit --for kubernetes` and `--for ecs`.

use std::collections::BTreeMap;
use std::path::Path;

use super::project::{ReplaceableProject, ServiceSelection};
use crate::cli::args::{DeployEmit, DeployStrategy, Global};
use crate::cli::output::CommandFailure;
use crate::cluster::ClusterInput;
use crate::compose::project::{ComposeMap, ComposeProject, ComposeValue};
use crate::emit::{Emission, is_written_by_deploy_emit};
use crate::load::{DOCKERFILE_LIMIT, read_bytes};
use crate::settings::closest;

/// Bytes of a file that a `ConfigMap` takes, all in all.
const LARGEST_FILE: u64 = 1 << 20;
/// Files of a folder that are looked at.
const MOST_FILES: usize = 32;

/// Writes the files of a cluster.
pub(super) type Writer = fn(&ClusterInput) -> Result<Emission, Vec<String>>;

/// The project with the services that are written; `None` where there are none, and the reasons are printed.
pub(super) fn read(
    global: &Global,
    command: &DeployEmit,
) -> Result<Option<(ReplaceableProject, Vec<String>)>, CommandFailure> {
    if !matches!(command.strategy, DeployStrategy::Rolling) {
        return Err(CommandFailure::Because {
            what: "a cluster replaces containers one after the other: it takes no other `--strategy` than rolling"
                .to_owned(),
            help: Some("shares of requests need a controller of their own, such as Argo Rollouts".to_owned()),
        });
    }
    let wanted = ServiceSelection { services: &[], needs_replaceable: false, is_quiet: false };
    let Some(known) = ReplaceableProject::read(global, &command.path, &wanted)? else { return Ok(None) };
    let proxies = known.compose.proxies.iter().filter(|(_, files)| !files.is_empty()).map(|(name, _)| name.clone());
    let is_there = |name: &String| known.project.services().any(|(service, _)| service == name);
    let mut services: Vec<String> = known.services.iter().cloned().chain(proxies.filter(is_there)).collect();
    services.sort();
    services.dedup();
    for name in &command.services {
        if services.contains(name) {
            continue;
        }
        let names: Vec<&str> = services.iter().map(String::as_str).collect();
        return Err(if is_there(name) {
            let what = format!(
                "`{name}` is not written: it is no application of the project, is in a profile, or ends by itself"
            );
            CommandFailure::Because { what, help: None }
        } else {
            CommandFailure::Because {
                what: format!("no service is called `{name}`"),
                help: closest(name, &names).map(|near| format!("did you mean `{near}`?")),
            }
        });
    }
    services.retain(|name| command.services.is_empty() || command.services.contains(name));
    Ok(Some((known, services)))
}

/// The files below the folder `to`, or why they cannot be written; `subfolder`: that of the tool.
pub(super) fn emission(
    write: Writer,
    to: &str,
    subfolder: &str,
    (known, services): &(ReplaceableProject, Vec<String>),
) -> Result<Emission, Vec<String>> {
    let folder = Path::new(&known.project.folder);
    write(&ClusterInput {
        compose: &known.compose,
        project: &known.project,
        services,
        folder: to,
        files: &mounted_files(&known.project),
        existing: &existing(folder, &format!("{to}/{subfolder}")),
    })
}

/// The files of the folder that are there, by their paths as seen from the project's folder.
fn existing(folder: &Path, to: &str) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir(folder.join(to)) else { return texts };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = format!("{to}/{name}");
        let Ok(bytes) = read_bytes(&entry.path(), DOCKERFILE_LIMIT) else { continue };
        texts.insert(path, String::from_utf8_lossy(&bytes).into_owned());
    }
    texts
}

/// Fails where a file of others would be written over.
pub(super) fn check_files(emission: &Emission, folder: &Path) -> Result<(), CommandFailure> {
    for file in &emission.files {
        let Ok(bytes) = read_bytes(&folder.join(&file.path), DOCKERFILE_LIMIT) else { continue };
        if !is_written_by_deploy_emit(&String::from_utf8_lossy(&bytes)) {
            return Err(CommandFailure::Because {
                what: format!("`{}` is there and was not written by dockopt", file.path),
                help: Some("name another folder with `--to`".to_owned()),
            });
        }
    }
    Ok(())
}

/// The small texts that services mount: files, and those that lie in a folder.
fn mounted_files(project: &ComposeProject) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    let volumes = project
        .services()
        .flat_map(|(_, service)| service.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default().iter());
    let binds = volumes.filter(|volume| volume.get("type").and_then(ComposeValue::as_text) == Some("bind"));
    let sources = binds.filter_map(|volume| volume.get("source")?.as_text());
    let configs = project.model.get("configs").and_then(ComposeValue::as_map);
    let configs =
        configs.into_iter().flat_map(ComposeMap::iter).filter_map(|(_, entry)| entry.value.get("file")?.as_text());
    for source in sources.chain(configs) {
        let place = Path::new(source);
        if place.is_dir() {
            let Ok(entries) = std::fs::read_dir(place) else { continue };
            for entry in entries.flatten().take(MOST_FILES) {
                add_text(&mut texts, &entry.path());
            }
        } else {
            add_text(&mut texts, place);
        }
    }
    texts
}

/// Adds the text of a small file.
fn add_text(texts: &mut BTreeMap<String, String>, place: &Path) {
    let Ok(bytes) = read_bytes(place, LARGEST_FILE) else { return };
    let (Ok(text), Some(path)) = (String::from_utf8(bytes), place.to_str()) else { return };
    if !text.contains('\0') {
        texts.insert(path.to_owned(), text);
    }
}
