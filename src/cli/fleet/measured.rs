//! What earlier runs measured, from the folders of their results.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::result_folder::{LIST_FILE, MEASUREMENTS, RESULTS, SUMMARY_FILE};
use crate::cli::output::CommandFailure;
use crate::fleet::{FleetItem, ItemUse, RunSummary, read_list};
use crate::fleet_jobs::{ItemCounts, MeasuredFleet, MeasuredItem};

/// Joins what the folders of a run say, with the items of its list; `None` without folders.
///
/// # Errors
/// A folder has no results, or nothing was measured.
pub(super) fn measured_fleet(folders: &[PathBuf]) -> Result<Option<(MeasuredFleet, Vec<FleetItem>)>, CommandFailure> {
    let folders = &measured_folders(folders);
    let Some(first) = folders.first() else { return Ok(None) };
    let list = read_list(&read(first, LIST_FILE)?).items;
    let kinds: BTreeMap<&str, bool> = list.iter().map(|item| (item.name(), item.is_image())).collect();
    let mut items = BTreeMap::new();
    let mut fleet = MeasuredFleet::default();
    let (mut fetched, mut fetched_images) = (0_u64, 0_usize);
    let (mut result_bytes, mut results) = (0_u64, 0_u64);
    for folder in folders {
        let summary = summary(folder)?;
        fleet.jobs = fleet.jobs.max(summary.jobs);
        // A part without items measured nothing.
        let uses = if folder.join(MEASUREMENTS).is_file() { read(folder, MEASUREMENTS)? } else { String::new() };
        let uses = uses.lines().filter_map(|line| serde_json::from_str::<ItemUse>(line).ok());
        // The last line of an item counts: it was tried again.
        let new: BTreeMap<String, MeasuredItem> =
            uses.filter_map(|used| Some((used.item.clone(), measured_item(&used, *kinds.get(&*used.item)?)))).collect();
        // What an interrupted run fetched before is in no summary.
        if summary.kept == 0 {
            fetched = fetched.saturating_add(summary.fetched_bytes);
            fetched_images += new.values().filter(|item| item.is_image).count();
        }
        items.extend(new);
        for entry in fs::read_dir(folder.join(RESULTS)).into_iter().flatten().flatten() {
            result_bytes += entry.metadata().map_or(0, |metadata| metadata.len());
            results += 1;
        }
    }
    if items.is_empty() {
        return Err(unusable(first, "no item of its list was measured"));
    }
    fleet.items = items.into_values().collect();
    fleet.image_bytes = fetched.checked_div(fetched_images as u64).filter(|bytes| *bytes > 0);
    fleet.result_bytes = result_bytes.checked_div(results);
    Ok(Some((fleet, list)))
}

/// The folders that say what a run took: those that are named, or those in them.
fn measured_folders(folders: &[PathBuf]) -> Vec<PathBuf> {
    let has_summary = |folder: &Path| folder.join(SUMMARY_FILE).is_file();
    let mut measured = Vec::new();
    for folder in folders {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut inner: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| has_summary(path)).collect();
        inner.sort();
        if has_summary(folder) || inner.is_empty() { measured.push(folder.clone()) } else { measured.extend(inner) }
    }
    measured
}

fn measured_item(used: &ItemUse, is_image: bool) -> MeasuredItem {
    // Seconds that are negative or not a number count as the longest time.
    let milliseconds = |seconds: f64| {
        let time = Duration::try_from_secs_f64(seconds).map_or(u128::MAX, |time| time.as_millis());
        u64::try_from(time).unwrap_or(u64::MAX)
    };
    MeasuredItem {
        is_image,
        milliseconds: milliseconds(used.seconds),
        cpu_milliseconds: used.cpu_seconds.map(milliseconds),
        memory_bytes: used.memory_bytes,
    }
}

fn summary(folder: &Path) -> Result<RunSummary, CommandFailure> {
    let summary: RunSummary = serde_json::from_str(&read(folder, SUMMARY_FILE)?)
        .map_err(|error| unusable(folder, &format!("{SUMMARY_FILE}: {}", crate::text::json_reason(&error))))?;
    match summary.schema.as_str() {
        RunSummary::SCHEMA => Ok(summary),
        schema => Err(unusable(
            folder,
            &format!("the `schema` of {SUMMARY_FILE} is `{schema}`, not `{}`", RunSummary::SCHEMA),
        )),
    }
}

fn read(folder: &Path, name: &str) -> Result<String, CommandFailure> {
    fs::read_to_string(folder.join(name)).map_err(|error| unusable(folder, &format!("{name}: {error}")))
}

fn unusable(folder: &Path, why: &str) -> CommandFailure {
    CommandFailure::Because {
        what: format!("`{}` is no folder of results: {why}", folder.display()),
        help: Some("pass the folder that `dockopt fleet run --out` wrote, when it has ended".to_owned()),
    }
}

/// How many items there are, by what they are.
pub(super) fn counted<'i>(items: impl Iterator<Item = &'i FleetItem>) -> ItemCounts {
    let mut counts = ItemCounts::default();
    for item in items {
        match item {
            FleetItem::Folder { .. } => counts.folders += 1,
            FleetItem::Image { bytes, .. } => {
                counts.images += 1;
                counts.largest_image = counts.largest_image.max(bytes.unwrap_or(0));
            }
        }
    }
    counts
}
