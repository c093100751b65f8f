//! How many jobs there are and what each of them gets, with the reason of each amount.

use super::input::{FleetJobsInput, FleetSystem, ItemCounts};
use super::measured::ItemAmounts;
use super::names::GIBI;
use super::registries::{catalog_note, secrets_note};
use crate::emit::Choice;
use crate::text::bytes;

/// Bytes of a mebibyte.
const MEBI: u64 = 1 << 20;
/// Parts where nobody knows how long the list is.
const UNKNOWN_SHARDS: usize = 8;
/// Items where nobody knows that.
const UNKNOWN_ITEMS: u64 = 2_500;
/// Bytes of memory that a report needs for each item.
const REPORT_ITEM: u64 = 100_000;
/// Minutes that a job gets at least: it installs and logs in, too.
const LEAST_MINUTES: u64 = 15;
/// Minutes of a job of a hosted runner at most (docs.github.com, "Usage limits": six hours).
const MOST_MINUTES: u64 = 360;
/// Bytes for layers at most: what `fleet run` takes by itself, and what a hosted runner has room for, of whose disk 14 GB are
/// free (docs.github.com, "GitHub-hosted runners reference").
const CLUSTER_LAYERS: u64 = 20_000_000_000;
const RUNNER_LAYERS: u64 = 8_000_000_000;
/// Processors of a hosted runner at least (docs.github.com, "GitHub-hosted runners reference": two for private repositories;
/// docs.gitlab.com, "Hosted runners on Linux": two of a small one).
const RUNNER_PROCESSORS: u64 = 2;
/// Pods at a time: each asks a registry for four images at a time.
const PARALLEL: usize = 10;
/// Bytes of memory of dockopt itself, which starts a process for each item.
const PROGRAM_MEMORY: u64 = 256 * MEBI;

/// An amount in a file, and why it is that.
#[derive(Clone, Debug)]
pub(super) struct PlannedAmount {
    pub(super) value: u64,
    pub(super) reason: String,
}

fn amount(value: u64, reason: impl Into<String>) -> PlannedAmount {
    PlannedAmount { value, reason: reason.into() }
}

/// The jobs of a fleet.
#[derive(Clone, Debug)]
pub(super) struct FleetPlan {
    /// Parts of the list.
    pub(super) shards: PlannedAmount,
    /// Jobs of a cluster at a time.
    pub(super) parallelism: PlannedAmount,
    /// Items of a job at a time, in a cluster.
    pub(super) jobs: PlannedAmount,
    /// Minutes after which a job ends.
    pub(super) minutes: PlannedAmount,
    /// Bytes of memory of all items of a job together.
    pub(super) memory: PlannedAmount,
    /// Bytes of memory of a container.
    pub(super) container_memory: PlannedAmount,
    /// Thousandths of a processor that are kept free for a container.
    pub(super) cpu: PlannedAmount,
    /// Bytes for layers.
    pub(super) layers: PlannedAmount,
    /// Bytes on the disk of a node.
    pub(super) disk: PlannedAmount,
    /// Bytes of the volume.
    pub(super) storage: PlannedAmount,
    /// Bytes of memory of the container that joins results.
    pub(super) report_memory: PlannedAmount,
    /// What the user should know of it.
    remarks: Vec<String>,
}

/// A value rounded up to a multiple of a step.
const fn rounded_up(value: u64, step: u64) -> u64 {
    value.div_ceil(step).saturating_mul(step)
}

/// The measured or assumed value with a quarter more.
const fn with_headroom(value: u64) -> u64 {
    value.saturating_add(value / 4)
}

/// Milliseconds in words.
fn span(time: u64) -> String {
    if time < 90_000 { seconds(time) } else { format!("{} min", time.div_ceil(60_000)) }
}

fn seconds(time: u64) -> String {
    format!("{}.{} s", time / 1_000, time % 1_000 / 100)
}

impl FleetPlan {
    pub(super) fn of(input: &FleetJobsInput) -> Self {
        let mut amounts = ItemAmounts::of(input.run);
        if input.system != FleetSystem::Kubernetes {
            amounts.jobs.value = amounts.jobs.value.min(RUNNER_PROCESSORS);
        }
        let mut remarks = Vec::new();
        let (shards, shard_time) = shards(input, &amounts, &mut remarks);
        let count = shards.value.max(1);
        let parallel = count.min(PARALLEL as u64);
        let parallelism = amount(
            parallel,
            format!("at most {PARALLEL} pods at a time (assumed: each asks a registry for up to 4 images at a time)"),
        );
        let jobs = jobs(input, &amounts);
        let (memory, container_memory) = memory(&amounts);
        let cpu = rounded_up(jobs.value * amounts.cpu.value.min(1_000), 50).max(100);
        let cpu_reason = format!(
            "an item keeps {} thousandths of a processor busy ({}), {} at a time; at most one processor for each",
            amounts.cpu.value,
            amounts.cpu.basis(),
            jobs.value
        );
        let layers = layers(input, &amounts, count);
        let disk = disk(input, &layers, jobs.value);
        let report = results(input, &amounts);
        Self {
            minutes: minutes(input, &amounts, shard_time, count),
            storage: storage(input, &amounts, report),
            report_memory: report_memory(input),
            cpu: amount(cpu, cpu_reason),
            shards,
            parallelism,
            jobs,
            memory,
            container_memory,
            layers,
            disk,
            remarks,
        }
    }

    /// How many parts there are, in words.
    pub(super) fn parts(&self) -> String {
        if self.shards.value == 1 { "one part".to_owned() } else { format!("{} parts", self.shards.value) }
    }

    /// Minutes that the jobs of a cluster get together.
    pub(super) fn all_minutes(&self) -> u64 {
        self.shards.value.div_ceil(self.parallelism.value.max(1)).saturating_mul(self.minutes.value)
    }

    /// The reasons, for people who want to know them.
    pub(super) fn choices(&self, input: &FleetJobsInput) -> Vec<Choice> {
        let mut rows =
            vec![("shards", &self.shards), ("timeout", &self.minutes), ("layers", &self.layers), ("jobs", &self.jobs)];
        if input.system == FleetSystem::Kubernetes {
            rows.extend([("parallelism", &self.parallelism), ("memory", &self.memory)]);
            rows.extend([("resources.memory", &self.container_memory), ("resources.cpu", &self.cpu)]);
            rows.extend([("ephemeral-storage", &self.disk), ("storage", &self.storage)]);
            rows.push(("report.memory", &self.report_memory));
        }
        let choice = |(key, amount): (&str, &PlannedAmount)| Choice {
            service: "fleet".to_owned(),
            key: key.to_owned(),
            reason: amount.reason.clone(),
            place: None,
        };
        rows.into_iter().map(choice).collect()
    }

    /// What is left to the user.
    pub(super) fn notes(&self, input: &FleetJobsInput) -> Vec<String> {
        let mut notes = self.remarks.clone();
        if input.run.is_none() {
            notes.push(
                "times, memory and space are assumed: run a part of the list with `dockopt fleet run`, and pass its folder as \
                 `--run`"
                    .to_owned(),
            );
        }
        notes.extend(secrets_note(input));
        notes.extend(catalog_note(input));
        if input.has_folders() && input.system != FleetSystem::Kubernetes && !input.has_submodules {
            notes.push(
                "the folders of the list are read from the checkout: the repository has to have them, for example as submodules"
                    .to_owned(),
            );
        }
        match input.system {
            FleetSystem::Github => {}
            FleetSystem::Gitlab => notes.push(
                "include the file in .gitlab-ci.yml (`include: [{local: .gitlab/dockopt-fleet.yml}]`), and make a schedule with the \
                 variable DOCKOPT_FLEET=true: a file cannot make one"
                    .to_owned(),
            ),
            FleetSystem::Kubernetes => notes.push(
                "the volume is written from several nodes (ReadWriteMany): NFS, CephFS, EFS, Filestore or Azure Files; a cluster of \
                 one node takes ReadWriteOnce, too"
                    .to_owned(),
            ),
        }
        notes
    }
}

/// Items of a job at a time.
fn jobs(input: &FleetJobsInput, amounts: &ItemAmounts) -> PlannedAmount {
    let reason = match (input.system, amounts.jobs.is_measured) {
        (FleetSystem::Kubernetes, true) => "as many items at a time as in the measured run",
        (FleetSystem::Kubernetes, false) => "two items at a time (assumed)",
        _ => "as many items at a time as the runner has processors: hosted ones have two or more",
    };
    amount(amounts.jobs.value, reason)
}

/// The parts of the list, and the milliseconds that one takes.
fn shards(input: &FleetJobsInput, amounts: &ItemAmounts, remarks: &mut Vec<String>) -> (PlannedAmount, u64) {
    let target = input.minutes * 60_000;
    let Some(items) = input.items else {
        let count = input.shards.unwrap_or(UNKNOWN_SHARDS);
        let reason = match input.shards {
            Some(_) => "as `--shards` says",
            None => "assumed: how long the list is, is not known before it is made",
        };
        return (amount(count as u64, reason), target);
    };
    let (images, folders) = (&amounts.image_time, &amounts.folder_time);
    let mut kinds = Vec::new();
    for (count, time, word) in [(items.images, images, "images"), (items.folders, folders, "folders")] {
        if count > 0 {
            kinds.push(format!("{count} {word} of {} ({})", seconds(time.value), time.basis()));
        }
    }
    let all = (items.images as u64 * images.value).saturating_add(items.folders as u64 * folders.value);
    let work = all / amounts.jobs.value.max(1);
    let most = input.system.most_shards().min(items.all().max(1));
    let fitting = usize::try_from(work.div_ceil(target)).unwrap_or(usize::MAX).max(1);
    let count = input.shards.unwrap_or_else(|| fitting.min(most)).max(1);
    let time = (work / count as u64).max(amounts.longest_time.value.min(all));
    if input.shards.is_none() && fitting > most {
        let title = input.system.title();
        let limit = if most < items.all() {
            format!("{title} runs at most {most} jobs")
        } else {
            "an item is not cut".to_owned()
        };
        remarks.push(format!("a part takes about {}, more than {} min: {limit}", span(time), input.minutes));
    }
    let goal = match input.shards {
        Some(_) => "as `--shards` says".to_owned(),
        None => format!("so that a part takes about {} min or less", input.minutes),
    };
    let kinds = kinds.join(" and ");
    let reason = format!(
        "{kinds}, {} at a time, are {}: {goal}; this cut takes about {} each",
        amounts.jobs.value,
        span(work),
        span(time)
    );
    (amount(count as u64, reason), time)
}

/// Bytes on the disk of a node: a layer is kept whole before it is known to be too much.
fn disk(input: &FleetJobsInput, layers: &PlannedAmount, jobs: u64) -> PlannedAmount {
    let largest = input.items.map_or(0, |items| items.largest_image).saturating_mul(jobs).max(2 * GIBI);
    let reason = match input.items {
        Some(items) if items.largest_image > 0 => {
            format!(
                "the layers, and {jobs} times the largest image of the list, {}, at least 2 GiB",
                bytes(items.largest_image)
            )
        }
        _ => "the layers, and 2 GiB for those that are just being fetched (assumed)".to_owned(),
    };
    amount(rounded_up(layers.value.saturating_add(largest), GIBI), reason)
}

/// Bytes of memory of the container that joins results: a report over 2,000 images took 38 MB, one over 150 repositories and 300
/// images 53 MB.
fn report_memory(input: &FleetJobsInput) -> PlannedAmount {
    let items = input.items.map_or(UNKNOWN_ITEMS, |items| items.all() as u64);
    let needed = PROGRAM_MEMORY.saturating_add(items.saturating_mul(REPORT_ITEM));
    let reason = format!("256 MiB, and {} for each item (measured: 53 MB for 450)", bytes(REPORT_ITEM));
    amount(rounded_up(needed, 64 * MEBI), reason)
}

fn minutes(input: &FleetJobsInput, amounts: &ItemAmounts, shard_time: u64, shards: u64) -> PlannedAmount {
    // Parts are cut by bytes: one of many small images has more of them.
    let fullest = usize::try_from(shards).ok().and_then(|shards| (input.fullest_part)(shards));
    let time_of = |part: ItemCounts| {
        let all = (part.images as u64 * amounts.image_time.value)
            .saturating_add(part.folders as u64 * amounts.folder_time.value);
        all / amounts.jobs.value.max(1)
    };
    let shard_time = fullest.map_or(0, time_of).max(shard_time);
    let wanted = (3 * shard_time).div_ceil(60_000).max(LEAST_MINUTES);
    let most = if input.system == FleetSystem::Kubernetes { u64::from(u32::MAX / 60) } else { MOST_MINUTES };
    let reason = format!(
        "three times the {} that the fullest part takes ({}), at least {LEAST_MINUTES} min{}",
        span(shard_time),
        if input.items.is_some() { amounts.longest_time.basis() } else { "assumed" },
        if wanted > most {
            format!(", at most the {MOST_MINUTES} min that hosted runners allow")
        } else {
            String::new()
        }
    );
    amount(wanted.min(most), reason)
}

/// Memory of the items of a job, and of its container.
fn memory(amounts: &ItemAmounts) -> (PlannedAmount, PlannedAmount) {
    let jobs = amounts.jobs.value.max(1);
    let (typical, largest) = (amounts.typical_memory.value, amounts.largest_memory.value);
    let needed = with_headroom(typical.saturating_mul(jobs - 1).saturating_add(largest));
    let items = rounded_up(needed.max(256 * MEBI), 64 * MEBI).min(1 << 50);
    let reason = format!(
        "{jobs} items at a time: {}; a quarter more, at least 256 MiB. An item that needs more fails by itself",
        amounts.memory_words()
    );
    let container = amount(
        items + PROGRAM_MEMORY,
        "what the items may take together, and 256 MiB for dockopt itself (assumed); request and limit are the same, so that a node never takes it back",
    );
    (amount(items, reason), container)
}

fn layers(input: &FleetJobsInput, amounts: &ItemAmounts, shards: u64) -> PlannedAmount {
    let most = if input.system == FleetSystem::Kubernetes { CLUSTER_LAYERS } else { RUNNER_LAYERS };
    let limit = match input.system {
        FleetSystem::Kubernetes => "(as `fleet run` by itself)",
        _ => "of the 14 GB that a hosted runner has free",
    };
    let Some(items) = input.items else {
        return amount(most, format!("{} {limit}: how many images a part has, is not known (assumed)", bytes(most)));
    };
    let fullest = usize::try_from(shards).ok().and_then(|shards| (input.fullest_part)(shards));
    let images = fullest.map_or((items.images as u64).div_ceil(shards), |part| part.images as u64);
    let wanted = rounded_up(with_headroom(images.saturating_mul(amounts.image_bytes.value)).max(1), 1_000_000_000);
    let each = bytes(amounts.image_bytes.value);
    let basis = amounts.image_bytes.basis();
    let reason = format!(
        "{images} images of {each} that others do not share ({basis}), and a quarter more; at most {} {limit}",
        bytes(most)
    );
    amount(wanted.min(most), reason)
}

/// Bytes of all results.
fn results(input: &FleetJobsInput, amounts: &ItemAmounts) -> u64 {
    let items = input.items.map_or(UNKNOWN_ITEMS, |items| items.all() as u64);
    items.saturating_mul(amounts.result_bytes.value)
}

fn storage(input: &FleetJobsInput, amounts: &ItemAmounts, results: u64) -> PlannedAmount {
    if let Some(size) = input.storage {
        return amount(rounded_up(size, GIBI), "as `--storage` says");
    }
    let each = bytes(amounts.result_bytes.value);
    let unknown = if input.items.is_none() { " for 2,500 items (assumed)" } else { "" };
    let folders = if input.has_folders() { "; the repositories come on top: say so with `--storage`" } else { "" };
    let reason = format!(
        "twice the results of {each} each ({}){unknown}, and 1 GiB for the list and the report{folders}",
        amounts.result_bytes.basis()
    );
    amount(rounded_up(results.saturating_mul(2).saturating_add(GIBI), GIBI).min(1 << 50), reason)
}
