//! The order of findings: what costs most comes first.

use super::{Finding, ImpactKind, Saving, Severity};

impl Finding {
    /// Sorts findings, the highest first: an error before all others, seconds of every rebuild before bytes.
    pub fn rank(&self) -> f64 {
        let rank = match self.severity {
            Severity::Error => 1e15,
            Severity::Warning => 1e3,
            Severity::Info => 1e2,
            Severity::Style => 0.0,
        };
        // The largest one, which is what a table shows.
        let mut largest: f64 = 0.0;
        for impact in &self.impact {
            // A second of waiting weighs as much as a megabyte.
            #[allow(clippy::cast_precision_loss)] // An order needs no more digits.
            let amount = match (impact.saves, impact.kind) {
                (Some(Saving::Bytes(bytes)), _) => bytes as f64,
                (Some(Saving::Seconds(seconds)), _) => seconds * 1e6,
                (Some(Saving::Reruns { reruns, builds }), _) => 2e8 * f64::from(reruns) / f64::from(builds.max(1)),
                // Known to cost, not how much: the install of all dependencies is no small thing.
                (None, ImpactKind::RebuildSeconds | ImpactKind::ColdSeconds) => 1e8,
                (None, _) => 1e4,
            };
            largest = largest.max(amount);
        }
        rank + largest
    }
}
