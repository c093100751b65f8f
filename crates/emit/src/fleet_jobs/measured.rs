//! What items take: as an earlier run measured them, else as it is assumed.

use crate::text::{bytes, median};

/// What an item took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MeasuredItem {
    /// Whether it is an image.
    pub is_image: bool,
    /// Seconds from start to end.
    pub seconds: f64,
    /// Seconds of processors.
    pub cpu_seconds: Option<f64>,
    /// The most memory at a time, in bytes.
    pub memory_bytes: Option<u64>,
}

/// What an earlier run measured.
#[derive(Clone, Debug, Default, PartialEq)]
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

/// Seconds of an item at most: what `fleet run --timeout` takes at most, so that a damaged measurement counts for no more.
const MOST_SECONDS: f64 = 604_800.0;
/// Bytes of an item at most, for the same reason: a tebibyte.
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
    /// Seconds of an image, and of a folder, on average.
    pub(super) image_seconds: ItemAmount<f64>,
    pub(super) folder_seconds: ItemAmount<f64>,
    /// Seconds of the item that took longest.
    pub(super) longest_seconds: ItemAmount<f64>,
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
        let seconds = |item: &MeasuredItem| item.seconds.clamp(0.0, MOST_SECONDS);
        let mean = |is_image: bool| {
            let of_kind: Vec<f64> = items.iter().filter(|item| item.is_image == is_image).map(seconds).collect();
            (!of_kind.is_empty()).then(|| of_kind.iter().sum::<f64>() / of_kind.len() as f64)
        };
        let memory: Vec<f64> =
            items.iter().filter_map(|item| item.memory_bytes).map(|bytes| bytes.min(MOST_BYTES) as f64).collect();
        let jobs = run.map(|run| run.jobs as u64).filter(|jobs| *jobs > 0);
        Self {
            jobs: ItemAmount::or(jobs.map(|jobs| jobs.min(64)), 2),
            image_seconds: ItemAmount::or(mean(true), 10.0),
            folder_seconds: ItemAmount::or(mean(false), 5.0),
            longest_seconds: ItemAmount::or(items.iter().map(seconds).max_by(f64::total_cmp), 120.0),
            largest_memory: ItemAmount::or(
                memory.iter().copied().max_by(f64::total_cmp).map(|most| most as u64),
                1 << 30,
            ),
            typical_memory: ItemAmount::or(median(memory).map(|middle| middle as u64), 256 << 20),
            cpu: ItemAmount::or(busy(items), 1_000),
            image_bytes: ItemAmount::or(
                run.and_then(|run| run.image_bytes).map(|bytes| bytes.min(MOST_BYTES)),
                100_000_000,
            ),
            result_bytes: ItemAmount::or(
                run.and_then(|run| run.result_bytes).map(|bytes| bytes.min(MOST_BYTES)),
                500_000,
            ),
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
    let counted: Vec<(f64, f64)> = items.iter().filter_map(|item| Some((item.cpu_seconds?, item.seconds))).collect();
    let (cpu, wall) =
        counted.iter().fold((0.0, 0.0), |(cpu, wall), item| (cpu + item.0.max(0.0), wall + item.1.max(0.0)));
    let share = cpu / wall;
    (share.is_finite() && share > 0.0).then(|| (share * 1_000.0).ceil() as u64)
}
