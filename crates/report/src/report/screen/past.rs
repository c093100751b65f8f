//! What commits and a log tell of a build: which steps each commit reran, when the steps run, and what the build waits for.

use crate::audit::{BuildPast, BuildStep, PastStep};
use crate::inputs::StepRun;
use crate::report::page::{
    Block, Chart, Column, MatrixColumn, MatrixRow, Section, StepState, Table, TimelineRow, Tone, number, plain, toned,
};
use crate::report::timeline::{TimelineStep, critical_seconds, timeline_rows};
use crate::report::units::{count, seconds};

/// A section for the commits and one for the times, where they are known.
pub(super) fn sections(past: &BuildPast) -> Vec<Block> {
    [commits(past), times(past)].into_iter().flatten().map(Block::Section).collect()
}

/// The line with its step.
fn name(step: &BuildStep) -> String {
    format!("{}  {}", step.line, step.text)
}

/// Which steps run again at each of the last commits.
fn commits(past: &BuildPast) -> Option<Section> {
    if past.commits.is_empty() {
        return None;
    }
    let state = |run: &Option<StepRun>| match run {
        Some(StepRun::Runs) => StepState::Reruns,
        Some(StepRun::MayRun) => StepState::MayRerun,
        Some(StepRun::Cached) => StepState::Cached,
        None => StepState::Absent,
    };
    let steps = || past.steps.iter().filter(|step| step.runs.iter().any(Option::is_some));
    let rows = steps().map(|step| MatrixRow { name: name(&step.step), cells: step.runs.iter().map(state).collect() });
    let all = past.commits.len();
    let counts = steps().map(|step| {
        let number_of = |run| step.runs.iter().filter(|known| **known == Some(run)).count();
        let may = match number_of(StepRun::MayRun) {
            0 => String::new(),
            may => format!("{may} may"),
        };
        let runs = format!("{} of {all}", number_of(StepRun::Runs));
        vec![number(step.step.line.to_string()), plain(&step.step.text), number(runs), plain(may)]
    });
    let counts = Table::new(&[Column::Right, Column::Words, Column::Right, Column::Left], counts.collect());
    let chart = Chart::Matrix {
        name: "The last commits, the newest on the right".to_owned(),
        columns: past
            .commits
            .iter()
            .map(|name| MatrixColumn { name: name.clone(), ..MatrixColumn::default() })
            .collect(),
        rows: rows.collect(),
    };
    let section = Section::new("What commits rerun").with(chart);
    Some(
        section.with(
            Section::folded("Number of commits that rerun each step")
                .with(counts.with_head(&["line", "step", "reruns", ""])),
        ),
    )
}

/// When each step runs, as soon as what it needs is there.
fn times(past: &BuildPast) -> Option<Section> {
    let source = past.source.as_ref()?;
    let rows = timeline_rows(&past.steps.iter().map(timeline_step).collect::<Vec<_>>());
    let timed: Vec<(&PastStep, &TimelineRow)> =
        past.steps.iter().zip(&rows).filter(|(step, _)| step.seconds.is_some()).collect();
    if timed.is_empty() {
        return None;
    }
    let untimed = past.steps.len() - timed.len();
    let all: f64 = timed.iter().map(|(_, row)| row.seconds).sum();
    let path = critical_seconds(&rows);
    let mut text = format!(
        "Of its own steps, the build waits {} for those on the critical path; all of them together take {}, as the {source} \
         says. What the builder does besides (the build context, the export) is not among them.",
        seconds(path),
        seconds(all)
    );
    if untimed > 0 {
        text.push_str(&format!(
            " Without a time, as what came from the cache: {}.",
            count(untimed as u64, "further step")
        ));
    }
    let cells = timed.iter().map(|(step, row)| {
        let waits = if row.is_critical { toned("the build waits for it", Tone::Strong) } else { plain("") };
        vec![
            number(step.step.line.to_string()),
            plain(&step.step.text),
            number(seconds(row.start)),
            number(seconds(row.seconds)),
            waits,
        ]
    });
    let columns = [Column::Right, Column::Words, Column::Right, Column::Right, Column::Left];
    let table = Table::new(&columns, cells.collect()).with_head(&["line", "step", "begins after", "takes", ""]);
    let chart = Chart::Timeline {
        name: "Steps run as soon as what they need is there; the coloured ones are those that the build waits for"
            .to_owned(),
        rows: timed.iter().map(|(_, row)| (*row).clone()).collect(),
    };
    let section = Section::new("Time of the build").with(plain(text)).with(chart);
    Some(section.with(Section::folded("Times of the steps").with(table)))
}

fn timeline_step(step: &PastStep) -> TimelineStep {
    TimelineStep {
        name: name(&step.step),
        seconds: step.seconds.unwrap_or(0.0),
        needs: step.needs.clone(),
        ..TimelineStep::default()
    }
}
