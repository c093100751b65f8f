//! What items take: as an earlier run measured them, else as it is assumed.

use crate::text::bytes;

/// What an item took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeasuredItem {
    /// Whether it is an image.
    pub is_image: bool,
    /// Milliseconds from start to end.
    pub milliseconds: u64,
    /// Milliseconds of processors.
    pub cpu_milliseconds: Option<u64>,
    /// The most memory at a time, in bytes.
    pub memory_bytes: Option<u64>,
}

/// What an earlier run measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeasuredFleet {
    /// What items took, each once.
    pub items: Vec<MeasuredItem>,
    /// Items that were looked at at a time.
    pub jobs: usize,
    /// Bytes that registries sent for each image; `None` where no image was read.
    pub image_bytes: Option<u64>,
    /// Bytes of a result.
    pub result_bytes: Option<u64>,
}

/// Milliseconds of an item at most, a week as `fleet run --timeout` takes it, and bytes, a tebibyte: a damaged measurement counts for
/// no more.
const MOST_TIME: u64 = 604_800_000;
const MOST_BYTES: u64 = 1 << 40;

/// An amount that jobs are planned with, and what it rests on.
#[derive(Clone, Debug)]
pub(super) struct ItemAmount<T> {
    pub(super) value: T,
    pub(super) is_measured: bool,
}

impl<T> ItemAmount<T> {
    fn or(measured: Option<T>, assumed: T) -> Self {
        let is_measured = measured.is_some();
        Self { value: measured.unwrap_or(assumed), is_measured }
    }

    /// `measured` or `assumed`.
    pub(super) const fn basis(&self) -> &'static str {
        if self.is_measured { "measured" } else { "assumed" }
    }
}

/// What items take. What no run measured is assumed, and generous: a run over 40 small images and 12 public repositories took
/// less than a third of each amount (3.0 s, 1.7 s, 83 MB, 105 MB; 2026-11-30, two processors).
#[derive(Clone, Debug)]
pub(super) struct ItemAmounts {
    /// Items at a time.
    pub(super) jobs: ItemAmount<u64>,
    /// Milliseconds of an image, and of a folder, on average.
    pub(super) image_time: ItemAmount<u64>,
    pub(super) folder_time: ItemAmount<u64>,
    /// Milliseconds of the item that took longest.
    pub(super) longest_time: ItemAmount<u64>,
    /// Bytes of memory of an item in the middle, and of the largest.
    pub(super) typical_memory: ItemAmount<u64>,
    pub(super) largest_memory: ItemAmount<u64>,
    /// Thousandths of a processor that an item keeps busy.
    pub(super) cpu: ItemAmount<u64>,
    /// Bytes that registries send for an image, without layers that other images brought.
    pub(super) image_bytes: ItemAmount<u64>,
    /// Bytes of a result.
    pub(super) result_bytes: ItemAmount<u64>,
}

impl ItemAmounts {
    pub(super) fn of(run: Option<&MeasuredFleet>) -> Self {
        let items: &[MeasuredItem] = run.map_or(&[], |run| &run.items);
        let time = |item: &MeasuredItem| item.milliseconds.min(MOST_TIME);
        let mean = |is_image: bool| {
            let of_kind: Vec<u64> = items.iter().filter(|item| item.is_image == is_image).map(time).collect();
            of_kind.iter().sum::<u64>().checked_div(of_kind.len() as u64)
        };
        let mut memory: Vec<u64> =
            items.iter().filter_map(|item| item.memory_bytes).map(|bytes| bytes.min(MOST_BYTES)).collect();
        memory.sort_unstable();
        let jobs = run.map(|run| run.jobs as u64).filter(|jobs| *jobs > 0);
        let most_bytes = |bytes: Option<u64>| bytes.map(|bytes| bytes.min(MOST_BYTES));
        Self {
            jobs: ItemAmount::or(jobs.map(|jobs| jobs.min(64)), 2),
            image_time: ItemAmount::or(mean(true), 10_000),
            folder_time: ItemAmount::or(mean(false), 5_000),
            longest_time: ItemAmount::or(items.iter().map(time).max(), 120_000),
            largest_memory: ItemAmount::or(memory.last().copied(), 1 << 30),
            typical_memory: ItemAmount::or(memory.get(memory.len() / 2).copied(), 256 << 20),
            cpu: ItemAmount::or(busy(items), 1_000),
            image_bytes: ItemAmount::or(most_bytes(run.and_then(|run| run.image_bytes)), 100_000_000),
            result_bytes: ItemAmount::or(most_bytes(run.and_then(|run| run.result_bytes)), 500_000),
        }
    }

    /// What memory rests on, in words.
    pub(super) fn memory_words(&self) -> String {
        let (typical, largest) = (bytes(self.typical_memory.value), bytes(self.largest_memory.value));
        format!("{typical} of a typical item and {largest} of the largest, {}", self.largest_memory.basis())
    }
}

/// Thousandths of a processor that an item kept busy on average; `None` where nobody counted.
fn busy(items: &[MeasuredItem]) -> Option<u64> {
    let counted = items.iter().filter_map(|item| Some((item.cpu_milliseconds?, item.milliseconds)));
    let (cpu, wall) =
        counted.fold((0_u64, 0_u64), |(cpu, wall), item| (cpu + item.0.min(MOST_TIME), wall + item.1.min(MOST_TIME)));
    (cpu * 1_000).checked_div(wall).filter(|share| *share > 0)
}
