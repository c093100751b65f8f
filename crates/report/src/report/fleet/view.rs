//! What of a report over many items is shown.

use crate::fleet::{FleetChange, FleetSums};

/// A report over many items, and how much of it is shown.
#[derive(Debug)]
pub struct FleetView<'a> {
    /// What the results say together.
    pub sums: &'a FleetSums,
    /// What changed since an earlier report; `None` without one.
    pub change: Option<&'a FleetChange>,
    /// Hosts that pull the images, if a number was given.
    pub hosts: Option<u64>,
    /// Rows of each list.
    pub top: usize,
    /// What is said of the runs: shards that are missing, other versions.
    pub notices: &'a [String],
}

/// What a number of hosts pulls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct HostPull {
    pub hosts: u64,
    /// Each host runs all images.
    pub all_bytes: u64,
    /// Each image runs on one host that is chosen by chance: what is expected.
    pub spread_bytes: u64,
}

impl FleetView<'_> {
    /// How many items are of a kind, and in an outcome.
    pub(super) fn count(&self, is_counted: impl Fn(&str, &str) -> bool) -> u64 {
        self.sums.items.iter().filter(|item| is_counted(&item.kind, &item.outcome)).count() as u64
    }

    /// What the hosts pull: of a layer that `k` images have, `n` hosts need `n × (1 − (1 − 1/n)^k)` copies on average.
    #[allow(clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "an expected value")]
    pub(super) fn host_pull(&self) -> Option<HostPull> {
        let hosts = self.hosts?;
        let shared = &self.sums.shared;
        let count = hosts as f64;
        let copies = |images: usize| count * (1.0 - (1.0 - 1.0 / count).powf(images as f64));
        let of_shared: f64 = shared.layers.iter().map(|layer| layer.bytes as f64 * copies(layer.images.len())).sum();
        let of_others = shared.only_bytes.iter().copied().fold(0, u64::saturating_add);
        let spread_bytes = (of_shared.round() as u64).saturating_add(of_others);
        Some(HostPull { hosts, all_bytes: shared.host_bytes.saturating_mul(hosts), spread_bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{SharedLayer, SharedLayers};

    #[test]
    fn copies_of_shared_layers_depend_on_the_hosts() {
        let layer = SharedLayer { bytes: 100, images: vec![0, 1], ..SharedLayer::default() };
        let shared =
            SharedLayers { host_bytes: 130, only_bytes: vec![10, 20], layers: vec![layer], ..SharedLayers::default() };
        let sums = FleetSums { shared, ..FleetSums::default() };
        let view = |hosts| FleetView { sums: &sums, change: None, hosts: Some(hosts), top: 1, notices: &[] };
        assert_eq!(view(1).host_pull(), Some(HostPull { hosts: 1, all_bytes: 130, spread_bytes: 130 }));
        // Both on one host, or each on its own: 1.5 copies.
        assert_eq!(view(2).host_pull(), Some(HostPull { hosts: 2, all_bytes: 260, spread_bytes: 180 }));
    }
}
