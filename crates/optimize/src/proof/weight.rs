//! Whether a rewrite is larger than the original, or slower to rebuild.

use super::check::Check;
use super::figures::{Figures, Scenario};
use crate::text::bytes;

/// Bytes that a user and a health check may add to any image, and at most: a twentieth of it in between.
const GROWTH: (u64, u64) = (1_000_000, 4_000_000);

/// Seconds by which a rebuild differs from one time to the next.
const NOISE: f64 = 3.0;

/// The factor by which it does.
const NOISY: f64 = 1.25;

/// Whether the image on disk does not grow.
pub fn compare_sizes(before: u64, after: u64) -> Check {
    let text = format!("{} instead of {}", bytes(after), bytes(before));
    let allowed = (before / 20).clamp(GROWTH.0, GROWTH.1);
    if after > before + allowed {
        Check::of("size", Err(format!("larger: {text}")))
    } else {
        Check::of("size", Ok(text))
    }
}

/// Whether a rebuild after a change of a source takes no longer; `None` where one of both was not measured.
pub fn compare_rebuilds(before: &Figures, after: &Figures) -> Option<Check> {
    let took = |figures: &Figures| figures.median(Scenario::Source, |run| Some(run.seconds));
    let (was, is) = (took(before)?, took(after)?);
    let text = format!("{is:.1} s instead of {was:.1} s after a source change");
    let slower = is > was * NOISY && is > was + NOISE;
    Some(Check::of("rebuild", if slower { Err(format!("slower: {text}")) } else { Ok(text) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::{BuildRun, CheckOutcome};

    #[test]
    fn growth_is_not_a_gain() {
        let outcome = |before, after| compare_sizes(before, after).outcome;
        assert_eq!(outcome(100_000_000, 60_000_000), CheckOutcome::Passed);
        assert_eq!(outcome(100_000_000, 103_000_000), CheckOutcome::Passed);
        assert_eq!(outcome(100_000_000, 105_000_000), CheckOutcome::Failed);
        assert_eq!(outcome(2_000_000, 2_900_000), CheckOutcome::Passed);
        assert_eq!(outcome(2_000_000, 3_100_000), CheckOutcome::Failed);
        assert_eq!(outcome(1_000_000_000, 1_005_000_000), CheckOutcome::Failed);
    }

    #[test]
    fn slower_rebuilds_are_not_a_gain() {
        let figures = |seconds: f64| {
            let run = BuildRun { seconds, ..BuildRun::default() };
            Figures { runs: vec![(Scenario::Source, run)], ..Figures::default() }
        };
        let outcome = |was, is| compare_rebuilds(&figures(was), &figures(is)).map(|check| check.outcome);
        assert_eq!(outcome(60.0, 10.0), Some(CheckOutcome::Passed));
        assert_eq!(outcome(1.0, 3.5), Some(CheckOutcome::Passed));
        assert_eq!(outcome(60.0, 70.0), Some(CheckOutcome::Passed));
        assert_eq!(outcome(10.0, 20.0), Some(CheckOutcome::Failed));
        assert_eq!(compare_rebuilds(&Figures::default(), &figures(1.0)), None);
    }
}
