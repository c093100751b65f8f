//! When each step of a build runs, and which of them the build waits for: rows of a picture.

use super::page::TimelineRow;

/// Said where a log has no times of day.
pub(super) const COMPUTED_STARTS: &str = "The log has no start times: each bar begins where what the step needs ends.";

/// A step whose time is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TimelineStep {
    pub name: String,
    pub seconds: f64,
    /// When it began, where a log says it; else it begins as soon as all that it needs is there.
    pub start: Option<f64>,
    /// The steps that it needs, by index.
    pub needs: Vec<usize>,
    /// What is said of it beside its time.
    pub note: String,
}

/// A row per step, in the order of the steps. The critical path leads from the step that ends last to what it needs that
/// ends last, and so on.
pub(super) fn timeline_rows(steps: &[TimelineStep]) -> Vec<TimelineRow> {
    let starts = starts(steps);
    let critical = critical_steps(steps, &starts);
    let rows = steps.iter().enumerate().map(|(at, step)| TimelineRow {
        name: step.name.clone(),
        start: starts[at],
        seconds: step.seconds,
        is_critical: critical[at],
        note: step.note.clone(),
        ..TimelineRow::default()
    });
    rows.collect()
}

/// Seconds of the critical path.
pub(super) fn critical_seconds(rows: &[TimelineRow]) -> f64 {
    rows.iter().filter(|row| row.is_critical).map(|row| row.seconds).sum()
}

fn starts(steps: &[TimelineStep]) -> Vec<f64> {
    let mut starts: Vec<f64> = steps.iter().map(|step| step.start.unwrap_or(0.0)).collect();
    // Steps mostly come behind what they need: one round does. No builder writes circles, and they end here too.
    for _ in 0..steps.len() {
        let mut is_changed = false;
        for (at, step) in steps.iter().enumerate().filter(|(_, step)| step.start.is_none()) {
            let ends = step.needs.iter().filter_map(|need| Some(starts.get(*need)? + steps[*need].seconds));
            let start = ends.fold(0.0, f64::max);
            is_changed |= start > starts[at];
            starts[at] = start;
        }
        if !is_changed {
            break;
        }
    }
    starts
}

fn critical_steps(steps: &[TimelineStep], starts: &[f64]) -> Vec<bool> {
    let end = |at: &usize| starts[*at] + steps[*at].seconds;
    let mut critical = vec![false; steps.len()];
    let mut current = (0..steps.len()).max_by(|a, b| end(a).total_cmp(&end(b)).then(b.cmp(a)));
    while let Some(at) = current.filter(|at| !std::mem::replace(&mut critical[*at], true)) {
        let needs = steps[at].needs.iter().copied().filter(|need| *need < steps.len());
        current = needs.max_by(|a, b| end(a).total_cmp(&end(b)).then(b.cmp(a)));
    }
    critical
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(seconds: f64, needs: &[usize]) -> TimelineStep {
        TimelineStep { seconds, needs: needs.to_vec(), ..TimelineStep::default() }
    }

    fn starts_and_critical(steps: &[TimelineStep]) -> Vec<(f64, bool)> {
        timeline_rows(steps).iter().map(|row| (row.start, row.is_critical)).collect()
    }

    #[test]
    fn stages_run_beside_each_other() {
        let steps = [step(2.0, &[]), step(3.0, &[0]), step(9.0, &[]), step(1.0, &[1, 2])];
        let rows = [(0.0, false), (2.0, false), (0.0, true), (9.0, true)];
        assert_eq!(starts_and_critical(&steps), rows);
        assert!((critical_seconds(&timeline_rows(&steps)) - 10.0).abs() < 1e-9);
    }

    #[test]
    fn a_log_says_when_a_step_began() {
        let late = TimelineStep { start: Some(5.0), ..step(1.0, &[0]) };
        assert_eq!(starts_and_critical(&[step(2.0, &[]), late]), [(0.0, true), (5.0, true)]);
    }

    #[test]
    fn steps_may_come_before_what_they_need() {
        assert_eq!(starts_and_critical(&[step(1.0, &[1]), step(4.0, &[])]), [(4.0, true), (0.0, true)]);
        // What is not there is not waited for, and a circle ends.
        assert_eq!(starts_and_critical(&[step(1.0, &[7])]), [(0.0, true)]);
        assert_eq!(timeline_rows(&[step(1.0, &[1]), step(1.0, &[0])]).len(), 2);
        assert_eq!(timeline_rows(&[]), []);
    }
}
