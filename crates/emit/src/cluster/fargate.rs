//! The size of a task on Fargate: the smallest that holds what the compose file says.

use super::resources::Resources;
use crate::data;

/// Bytes of a mebibyte.
const MEBI: u64 = 1 << 20;

/// The size of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FargateSize {
    /// Units, 1024 for a processor.
    pub(super) cpu: u64,
    /// In MiB.
    pub(super) memory: u64,
}

impl FargateSize {
    /// The smallest size; `None` where nothing is said of memory, or none is large enough.
    pub(super) fn of(resources: &Resources) -> Option<Self> {
        let memory = resources.memory_limit.or(resources.memory_request)?.div_ceil(MEBI);
        let cpu = resources.cpu_limit.or(resources.cpu_request).unwrap_or_default() * 1024 / 1000;
        let sizes = data::FARGATE_SIZES.rows().filter_map(|row| {
            let number = |at: usize| row[at].parse::<u64>().ok();
            let (units, from, to, step) = (number(0)?, number(1)?, number(2)?, number(3)?);
            let enough = from + memory.saturating_sub(from).div_ceil(step) * step;
            (units >= cpu && enough <= to).then_some(Self { cpu: units, memory: enough })
        });
        sizes.min_by_key(|size| (size.cpu, size.memory))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_size_is_taken() {
        let size = |memory: Option<u64>, cpu: Option<u64>| {
            let resources =
                Resources { memory_limit: memory.map(|mebi| mebi << 20), cpu_limit: cpu, ..Resources::default() };
            FargateSize::of(&resources).map(|size| (size.cpu, size.memory))
        };
        assert_eq!(size(Some(300), None), Some((256, 512)));
        assert_eq!(size(Some(1100), None), Some((256, 2048)));
        assert_eq!(size(Some(512), Some(500)), Some((512, 1024)));
        assert_eq!(size(Some(3000), Some(1500)), Some((2048, 4096)));
        assert_eq!(size(Some(20_000), None), Some((4096, 20_480)));
        assert_eq!((size(None, Some(500)), size(Some(200_000), None)), (None, None));
    }
}
