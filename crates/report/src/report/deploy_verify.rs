//! `deploy verify`: what became of the requests at each deployment, for people and as JSON.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::grid::{Cell, Column, Grid, cell, plain};
use super::layout::{Layout, Tone, clean};
use super::units::{grouped, seconds};
use crate::deployment::{DeploymentProof, DeploymentStep, RequestKind, StepKind};

/// Lines of a script that are shown.
const LINES: usize = 12;

/// The result for people.
pub fn deploy_verify(proof: &DeploymentProof, layout: Layout) -> String {
    let (all, lost) = proof.totals();
    let verdict = match (proof.is_proved(), lost) {
        (true, _) => format!("no request of {} was lost", grouped(all)),
        (false, 0) => format!("no request of {} was lost, but not all went as it should", grouped(all)),
        (false, lost) => format!("{} of {} requests were lost", grouped(lost), grouped(all)),
    };
    let tone = if proof.is_proved() { Tone::Good } else { Tone::Error };
    let mut out = layout.paint(Tone::Strong, &clean(&proof.file));
    let _ = writeln!(out, "   {}; asked: {}\n", layout.paint(tone, &verdict), clean(&proof.address));
    out.push_str(&table(proof, layout));
    for step in &proof.steps {
        let problems = step.problems();
        for problem in &problems {
            let what = format!("{}: {problem}", title(step));
            let _ = writeln!(out, "\n{}: {}", layout.paint(Tone::Error, "error"), clean(&what));
        }
        // Why a version was refused is of interest also where that is right.
        if !problems.is_empty() || step.kind == StepKind::Unhealthy {
            let _ = writeln!(out, "\n{}, the last lines of the script:", title(step));
            for line in &step.lines[step.lines.len().saturating_sub(LINES)..] {
                let _ = writeln!(out, "    {}", clean(line));
            }
        }
    }
    if !proof.notes.is_empty() {
        out.push('\n');
    }
    for note in &proof.notes {
        let _ = writeln!(out, "note: {}", clean(note));
    }
    out
}

fn title(step: &DeploymentStep) -> String {
    match step.kind {
        StepKind::Next => format!("{} 1 -> 2", step.service),
        StepKind::Unhealthy => format!("{} never healthy", step.service),
        StepKind::Back => format!("{} back to 1", step.service),
    }
}

fn table(proof: &DeploymentProof, layout: Layout) -> String {
    let is_asked = |kind: &RequestKind| proof.steps.iter().any(|step| step.requests.contains_key(kind));
    let kinds: Vec<RequestKind> = RequestKind::ALL.into_iter().filter(is_asked).collect();
    let count = |step: &DeploymentStep, kind: RequestKind| -> Cell {
        let count = step.requests.get(&kind).cloned().unwrap_or_default();
        match (kind, count.lost()) {
            (_, 0) => plain(grouped(count.answered)),
            // A socket that is cut when the old version ends is opened again by its program.
            (RequestKind::WebSocket, cut) => plain(format!("{} cut", grouped(cut))),
            (_, lost) => cell(format!("{} of {} lost", grouped(lost), grouped(lost + count.answered)), Tone::Error),
        }
    };
    let row = |step: &DeploymentStep| {
        let exit = step.exit.map_or("ended".to_owned(), |code| code.to_string());
        let versions = step.versions.iter().map(|(name, count)| format!("{name}: {}", grouped(*count)));
        let mut cells = vec![plain(title(step)), plain(exit), plain(seconds(step.seconds))];
        cells.extend(kinds.iter().map(|kind| count(step, *kind)));
        cells.push(plain(versions.collect::<Vec<_>>().join(", ")));
        cells
    };
    let rows: Vec<Vec<Cell>> = proof.steps.iter().map(row).collect();
    let mut columns = vec![Column::Left, Column::Right, Column::Right];
    let mut head = vec!["deployment", "code", "time"];
    for kind in &kinds {
        columns.push(Column::Right);
        head.push(kind.name());
    }
    columns.push(Column::Wrapped);
    head.push("answers by version");
    Grid { columns: &columns, head: &head, rows: &rows, indent: 2 }.write(layout)
}

/// The result as JSON, as `schemas/deploy-verify.schema.json` describes it.
pub fn deploy_verify_json(proof: &DeploymentProof) -> String {
    let (requests, lost) = proof.totals();
    let result = json!({
        "schema": "dockopt.deploy-verify/1",
        "dockopt": env!("CARGO_PKG_VERSION"),
        "file": proof.file,
        "address": proof.address,
        "is_proved": proof.is_proved(),
        "requests": requests,
        "lost": lost,
        "steps": proof.steps.iter().map(step_json).collect::<Vec<_>>(),
        "notes": proof.notes,
        "leftovers": proof.leftovers,
    });
    format!("{result:#}\n")
}

fn step_json(step: &DeploymentStep) -> Value {
    let requests = step.requests.iter().map(|(kind, count)| {
        let lost = count.lost.iter().map(
            |(what, lost)| json!({"what": what, "count": lost.count, "first_seconds": lost.first, "last_seconds": lost.last}),
        );
        (kind.name().to_owned(), json!({"answered": count.answered, "lost": lost.collect::<Vec<_>>()}))
    });
    let events = step.events.iter().map(|change| {
        json!({
            "seconds": change.seconds,
            "container": change.container,
            "version": change.version,
            "what": change.what,
        })
    });
    json!({
        "service": step.service,
        "version": step.kind.version(),
        "exit_code": step.exit,
        "seconds": step.seconds,
        "requests": requests.collect::<Map<_, _>>(),
        "versions": step.versions,
        "events": events.collect::<Vec<_>>(),
        "problems": step.problems(),
        "log": step.lines,
    })
}
