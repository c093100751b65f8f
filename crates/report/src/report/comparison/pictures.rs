//! Pictures of a build from results: its image, its steps, its cache over commits. A result may hold anything, so all of
//! them are bounded.

use crate::report::page::{Block, Chart, IcicleNode, MatrixColumn, MatrixRow, StepState, TimelineRow, Tone, toned};
use crate::report::timeline::COMPUTED_STARTS;
use crate::report::units::{count, grouped};
use crate::results::{BuildState, FigureKind, LayerState};
use crate::text::short_commit;
use crate::wire::LayerPartJson;

/// Layers of an image, and parts of all of them.
const MOST_LAYERS: usize = 200;
const MOST_PARTS: usize = 2_000;

/// Levels of folders.
const LEVELS: usize = 24;

/// Bars of a timeline.
const MOST_BARS: usize = 30;

/// Seconds that a step takes at least to have a bar.
const LEAST_SECONDS: f64 = 0.05;

/// Steps and commits of a matrix.
const MOST_STEPS: usize = 60;
const MOST_COMMITS: usize = 30;

/// All pictures of a build.
pub(super) fn pictures(build: &BuildState) -> Vec<Block> {
    let mut blocks = image(build);
    for kind in [FigureKind::ColdBuild, FigureKind::Rebuild, FigureKind::LoggedBuild] {
        blocks.extend(timeline(build, kind));
    }
    blocks.extend(commits(build));
    blocks
}

fn image(build: &BuildState) -> Vec<Block> {
    let mut room = MOST_PARTS;
    let layers = build.layers.iter().enumerate().take(MOST_LAYERS);
    let layers: Vec<IcicleNode> = layers.filter_map(|(at, state)| layer(at, state, &mut room)).collect();
    if layers.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![Chart::Icicle { name: "What the image consists of".to_owned(), layers }.into()];
    if let Some(more) = build.layers.len().checked_sub(MOST_LAYERS).filter(|more| *more > 0) {
        blocks.push(not_shown(more, "further layer"));
    }
    blocks
}

fn layer(at: usize, state: &LayerState, room: &mut usize) -> Option<IcicleNode> {
    let tree = state.tree.as_ref().filter(|tree| tree.bytes > 0)?;
    let parts = &tree.parts[..tree.parts.len().min(*room)];
    *room -= parts.len();
    let mut parts = parts.iter().peekable();
    let line = state.file.as_ref().zip(state.line).map(|(file, line)| format!("{file}:{line}"));
    Some(IcicleNode {
        name: format!("layer {}", at + 1),
        bytes: tree.bytes,
        about: state.instruction.clone().unwrap_or_default(),
        line: line.unwrap_or_else(|| if state.in_base { "base".to_owned() } else { String::new() }),
        mark: tree.mark,
        parts: nodes(&mut parts, 1),
    })
}

/// The parts of a level with what is in them. What is below no part of its level is one of it; what is too deep is left out.
fn nodes<'a>(
    parts: &mut std::iter::Peekable<impl Iterator<Item = &'a LayerPartJson>>,
    level: usize,
) -> Vec<IcicleNode> {
    let mut nodes = Vec::new();
    // No part of a layer is above its first level.
    while let Some(part) = parts.next_if(|part| part.level.max(1) >= level) {
        let parts = if level < LEVELS { self::nodes(parts, level + 1) } else { Vec::new() };
        let (name, bytes, mark) = (part.name.clone(), part.bytes, part.mark);
        if part.level <= LEVELS {
            nodes.push(IcicleNode { name, bytes, mark, parts, ..IcicleNode::default() });
        }
    }
    nodes
}

/// How long the longest steps of a build took; when, if that is known of all.
fn timeline(build: &BuildState, kind: FigureKind) -> Vec<Block> {
    let all = build.steps.iter().filter(|step| step.build == kind && step.seconds >= LEAST_SECONDS);
    let mut steps: Vec<_> = all.enumerate().collect();
    let number = steps.len();
    steps.sort_by(|(_, step), (_, other)| other.seconds.total_cmp(&step.seconds));
    steps.truncate(MOST_BARS);
    steps.sort_by_key(|(at, _)| *at);
    if steps.is_empty() {
        return Vec::new();
    }
    let starts: Option<Vec<f64>> = steps.iter().map(|(_, step)| step.start).collect();
    let first = starts.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let rows = steps.iter().map(|(_, step)| TimelineRow {
        name: step.name.clone(),
        start: if starts.is_some() { step.start.map_or(0.0, |start| start - first) } else { 0.0 },
        seconds: step.seconds,
        is_critical: step.is_critical,
        note: step.line.map(|line| format!("line {line}")).unwrap_or_default(),
        ..TimelineRow::default()
    });
    let mut blocks =
        vec![Chart::Timeline { name: format!("Steps of the {}", kind.title()), rows: rows.collect() }.into()];
    if number > MOST_BARS {
        blocks.push(not_shown(number - MOST_BARS, "shorter step"));
    }
    let note = match starts {
        None => Some("The result has no start times: all bars begin at the left."),
        Some(_) if steps.iter().any(|(_, step)| !step.has_logged_start) => Some(COMPUTED_STARTS),
        Some(_) => None,
    };
    blocks.extend(note.map(|note| toned(note, Tone::Dim).into()));
    blocks
}

fn not_shown(number: usize, noun: &str) -> Block {
    toned(format!("{} not shown.", count(number as u64, noun)), Tone::Dim).into()
}

/// What became of each step at the last commits, the newest on the right.
fn commits(build: &BuildState) -> Vec<Block> {
    let Some(commits) = &build.commits else { return Vec::new() };
    let all = commits.ids.iter().zip(&commits.table.rows).filter(|(_, row)| row.steps.is_some());
    let mut newest: Vec<(&str, Vec<char>)> = all
        .take(MOST_COMMITS)
        .map(|(id, row)| {
            (short_commit(id), row.steps.iter().flat_map(|steps| steps.chars()).take(MOST_STEPS).collect())
        })
        .collect();
    newest.reverse();
    let state = |letters: &[char], at: usize| match letters.get(at) {
        Some('.') => StepState::Cached,
        Some('#') => StepState::Reruns,
        Some('?') => StepState::MayRerun,
        _ => StepState::Absent,
    };
    let rows = commits.table.steps.iter().enumerate().take(MOST_STEPS).map(|(at, step)| MatrixRow {
        name: format!("line {}: {} ({} of {})", step.line, step.name, step.reruns, step.builds),
        cells: newest.iter().map(|(_, letters)| state(letters, at)).collect(),
    });
    let rows: Vec<MatrixRow> = rows.collect();
    let columns: Vec<MatrixColumn> =
        newest.iter().map(|(id, _)| MatrixColumn { name: (*id).to_owned(), ..MatrixColumn::default() }).collect();
    let all = commits.table.rows.iter().filter(|row| row.steps.is_some()).count();
    let of = if all > columns.len() { format!(" of {}", grouped(all as u64)) } else { String::new() };
    let name = format!("Steps at the newest {}{of} commits, the newest on the right", columns.len());
    if rows.is_empty() || columns.is_empty() {
        return Vec::new();
    }
    let more = commits.table.steps.len().saturating_sub(rows.len());
    let mut blocks = vec![Chart::Matrix { name, columns, rows }.into()];
    if more > 0 {
        blocks.push(not_shown(more, "further step"));
    }
    blocks
}
