//! `dockopt fleet emit`.

use std::collections::BTreeSet;
use std::path::Path;

use super::measured::{counted, measured_fleet};
use crate::cli::args::{FleetEmit, Global};
use crate::cli::compose::EmissionShow;
use crate::cli::exit::{CLEAN, FOUND};
use crate::cli::init::gitlab_stage;
use crate::cli::output::CommandFailure;
use crate::finding::Mask;
use crate::fleet::{FleetItem, LIST_BYTES, all_shards, read_list};
use crate::fleet_jobs::{FleetJobsInput, fleet_jobs};
use crate::load::{DOCKERFILE_LIMIT, read_bytes, read_source};
use crate::report::count;

/// The list where none and no registry is named.
const DEFAULT_LIST: &str = "fleet.jsonl";

/// The image of this version.
const IMAGE: &str = concat!("ghcr.io/dockopt/dockopt:", env!("CARGO_PKG_VERSION"));

pub(super) fn run(global: &Global, command: &FleetEmit) -> Result<u8, CommandFailure> {
    let folder = command.path.as_path();
    if !folder.is_dir() {
        return Err(CommandFailure::Because {
            what: format!("`{}` is not a folder", folder.display()),
            help: Some("pass the folder that the files are written below".to_owned()),
        });
    }
    let default = command.registry.is_empty().then_some(DEFAULT_LIST);
    let list = command.list.as_deref().or(default);
    let listed = list.map(|list| listed_items(&folder.join(list))).transpose()?;
    let run = measured_fleet(&command.size.run)?;
    let all_items = listed.as_ref().or_else(|| run.as_ref().map(|(_, items)| items));
    let items = all_items.map(|items| counted(items.iter()));
    let fullest_part = |count: usize| {
        let parts = all_shards(all_items?, count);
        parts.into_iter().max_by_key(Vec::len).map(|part| counted(part.into_iter()))
    };
    let registries: BTreeSet<String> = command.registry.iter().map(|host| host.to_ascii_lowercase()).collect();
    let registries: Vec<String> = registries.into_iter().collect();
    let text_of = |file: &str| {
        Some(String::from_utf8_lossy(&read_bytes(&folder.join(file), DOCKERFILE_LIMIT).ok()?).into_owned())
    };
    let input = FleetJobsInput {
        system: command.system.into(),
        list,
        items,
        shards: command.size.shards.map(usize::from),
        minutes: command.size.minutes,
        run: run.as_ref().map(|(measured, _)| measured),
        fullest_part: &fullest_part,
        registries: &registries,
        image: command.cluster.image.as_deref().unwrap_or(IMAGE),
        namespace: command.cluster.namespace.as_deref(),
        storage: command.cluster.storage,
        storage_class: command.cluster.storage_class.as_deref(),
        stage: &gitlab_stage(folder),
        has_submodules: folder.join(".gitmodules").is_file(),
        text_of: &text_of,
    };
    let mut emission = fleet_jobs(&input);
    if let Some(what) = emission.failure {
        let help =
            "move a changed file away to get a new one; of other names and numbers the help says what they may be"
                .to_owned();
        return Err(CommandFailure::Because { what, help: Some(help) });
    }
    let show = EmissionShow { write: command.write, check: command.check, explain: command.explain };
    let files = show.run(global, folder, &mut emission, &Mask::default())?;
    Ok(if command.check && files > 0 { FOUND } else { CLEAN })
}

/// The items of a list.
fn listed_items(path: &Path) -> Result<Vec<FleetItem>, CommandFailure> {
    let source = read_source(path, LIST_BYTES).map_err(|error| CommandFailure::Because {
        what: error.to_string(),
        help: Some(
            "write the list with `dockopt fleet list --output fleet.jsonl`, or name a registry with `--registry`, which a job lists"
                .to_owned(),
        ),
    })?;
    let list = read_list(source.text());
    if let Some(problem) = list.problems.first() {
        let lines = count(list.problems.len() as u64, "line");
        return Err(CommandFailure::Because {
            what: format!("`{}` has {lines} without an item: line {} {}", source.name(), problem.line, problem.message),
            help: Some("write the list with `dockopt fleet list`".to_owned()),
        });
    }
    Ok(list.items)
}
