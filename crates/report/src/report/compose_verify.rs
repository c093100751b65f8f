//! `compose verify`: the timeline of a start, what is wrong, what the checks notice; for people and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use super::compose_graph::word;
use super::grid::{Cell, Column, Grid, cell, plain};
use super::layout::{Layout, Tone, clean};
use super::units::{count, seconds};
use crate::startup::{CrashTrial, Outage, ServiceStatus, StartProblem, StartProof, StartResult, StartedContainer};

/// Lines of a check's output that are shown.
const LINES: usize = 6;

/// The result for people.
pub fn compose_verify(proof: &StartProof, layout: Layout) -> String {
    let mut out = layout.paint(Tone::Strong, &clean(&proof.file));
    let good = proof.starts.iter().filter(|start| start.problems.is_empty()).count();
    let verdict = match (proof.is_proved(), proof.starts.len()) {
        (true, 1) => "the start order is proved".to_owned(),
        (true, all) => format!("the start order is proved in {}", count(all as u64, "start")),
        (false, 1) => "the start order is not proved".to_owned(),
        (false, all) => format!("{good} of {all} starts went well"),
    };
    let delays = if proof.most_delay > 0.0 {
        format!("; random delays up to {} (--seed {})", seconds(proof.most_delay), proof.seed)
    } else {
        String::new()
    };
    let tone = if proof.is_proved() { Tone::Good } else { Tone::Error };
    let _ = writeln!(out, "   {}{delays}", layout.paint(tone, &verdict));
    let is_bad = |start: &&StartResult| !start.problems.is_empty();
    let shown = proof.starts.iter().find(is_bad).or(proof.starts.last());
    if let Some(start) = shown {
        let number = proof.starts.iter().position(|other| std::ptr::eq(other, start)).unwrap_or(0) + 1;
        if proof.starts.len() > 1 {
            let _ = writeln!(out, "\nstart {number} of {}", proof.starts.len());
        } else {
            out.push('\n');
        }
        out.push_str(&timeline(start, layout));
        problems(&mut out, &start.problems, layout);
    }
    if proof.starts.len() > 1 {
        out.push_str(&other_starts(proof));
    }
    if let Some(trials) = &proof.outages {
        out.push_str(&outages(trials, layout));
        out.push_str(&crashes(&proof.crashes, layout));
        problems(&mut out, &proof.outage_problems(), layout);
    }
    remarks(&mut out, proof);
    out
}

fn timeline(start: &StartResult, layout: Layout) -> String {
    let time = |time: Option<f64>| time.map(|time| format!("{time:.1} s")).unwrap_or_default();
    let row = |container: &StartedContainer| {
        let waits = container.waits_for.iter().map(|(name, condition)| format!("{name} ({})", word(condition)));
        let tone = match container.status {
            ServiceStatus::Healthy | ServiceStatus::Completed => Tone::Good,
            ServiceStatus::Unchecked => Tone::Plain,
            ServiceStatus::NotStarted => Tone::Dim,
            _ => Tone::Error,
        };
        vec![
            plain(name_of(container)),
            plain(time(container.delay)),
            plain(time(container.started)),
            plain(time(container.ready)),
            cell(status(container.status), tone),
            plain(waits.collect::<Vec<_>>().join(", ")),
        ]
    };
    let rows: Vec<_> = start.containers.iter().map(row).collect();
    let columns = [Column::Left, Column::Right, Column::Right, Column::Right, Column::Left, Column::Wrapped];
    let head = ["service", "delay", "start", "ready", "state", "waits for"];
    Grid { columns: &columns, head: &head, rows: &rows, indent: 2 }.write(layout)
}

fn name_of(container: &StartedContainer) -> String {
    container.number.map_or_else(|| container.service.clone(), |number| format!("{} {number}", container.service))
}

fn status(status: ServiceStatus) -> String {
    match status {
        ServiceStatus::Ended(code) => format!("ended ({code})"),
        ServiceStatus::Unchecked => "runs, no check".to_owned(),
        status => status.name().to_owned(),
    }
}

fn problems(out: &mut String, problems: &[StartProblem], layout: Layout) {
    for problem in problems {
        let _ = writeln!(out, "\n{}: {}", layout.paint(Tone::Error, "error"), clean(&problem.what));
        if let Some(probe) = problem.probes.last() {
            let end = if probe.exit_code < 0 {
                "it gave no exit code".to_owned()
            } else {
                format!("code {}", probe.exit_code)
            };
            let _ = writeln!(out, "  last failure of its check ({end}):");
            lines(out, probe.output.lines());
        }
        if !problem.log.is_empty() {
            let _ = writeln!(out, "  last lines of its log:");
            lines(out, problem.log.iter().map(String::as_str));
        }
    }
}

fn lines<'l>(out: &mut String, lines: impl Iterator<Item = &'l str>) {
    let lines: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
    for line in &lines[lines.len().saturating_sub(LINES)..] {
        let _ = writeln!(out, "    {}", clean(line));
    }
    if lines.is_empty() {
        let _ = writeln!(out, "    (it printed nothing)");
    }
}

/// One line for each start that is not shown.
fn other_starts(proof: &StartProof) -> String {
    let mut out = "\n".to_owned();
    for (index, start) in proof.starts.iter().enumerate() {
        let end = match (start.problems.first(), start.seconds) {
            (Some(problem), _) => clean(&problem.what).into_owned(),
            (None, Some(time)) => format!("all ready after {}", seconds(time)),
            (None, None) => "no problem".to_owned(),
        };
        let _ = writeln!(out, "  start {:>2}: {end}", index + 1);
    }
    out
}

/// After how many seconds something was seen, if it was.
fn trial_end(obstacle: Option<&String>, seconds: Option<f64>) -> Cell {
    match (obstacle, seconds) {
        (Some(_), _) => cell("not tested", Tone::Dim),
        (None, Some(after)) => cell(format!("after {after:.0} s"), Tone::Good),
        (None, None) => cell("never", Tone::Error),
    }
}

fn outages(trials: &[Outage], layout: Layout) -> String {
    let row = |outage: &Outage| {
        let trial = &outage.trial;
        let recovered = trial.unhealthy_after.and(trial.recovered_after);
        vec![
            plain(&trial.service),
            trial_end(trial.obstacle.as_ref(), trial.unhealthy_after),
            plain(format!("{:.0} s", trial.limit)),
            plain(recovered.map(|after| format!("after {after:.0} s")).unwrap_or_default()),
            plain(outage.blind_dependents.join(", ")),
        ]
    };
    let rows: Vec<_> = trials.iter().map(row).collect();
    let columns = [Column::Left, Column::Left, Column::Right, Column::Left, Column::Wrapped];
    let head = ["server stopped", "unhealthy", "at most", "healthy again", "not noticed by the check of"];
    format!("\n{}", Grid { columns: &columns, head: &head, rows: &rows, indent: 2 }.write(layout))
}

fn crashes(trials: &[CrashTrial], layout: Layout) -> String {
    let row = |trial: &CrashTrial| {
        let end = trial_end(trial.obstacle.as_ref(), trial.recovered_after);
        vec![plain(&trial.service), end, plain(format!("{:.0} s", trial.limit))]
    };
    let rows: Vec<_> = trials.iter().map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    let columns = [Column::Left, Column::Left, Column::Right];
    let head = ["server killed", "ready again", "at most"];
    format!("\n{}", Grid { columns: &columns, head: &head, rows: &rows, indent: 2 }.write(layout))
}

fn remarks(out: &mut String, proof: &StartProof) {
    let mut remarks = Vec::new();
    let unchecked: Vec<_> = proof.unchecked().into_iter().map(clean).collect();
    if !unchecked.is_empty() {
        remarks.push(format!("without a check, so that it is not known when they are ready: {}", unchecked.join(", ")));
    }
    if !proof.undelayed.is_empty() {
        remarks.push(format!("not delayed, as their images have no shell: {}", clean(&proof.undelayed.join(", "))));
    }
    for outage in proof.outages.iter().flatten() {
        if let Some(obstacle) = &outage.trial.obstacle {
            remarks.push(format!(
                "the server of {} was not stopped: {}",
                clean(&outage.trial.service),
                clean(obstacle)
            ));
        }
        for dependent in &outage.blind_dependents {
            let service = clean(&outage.trial.service);
            remarks.push(format!(
                "the check of {} does not notice an outage of {service}, for which it waits",
                clean(dependent)
            ));
        }
    }
    for crash in &proof.crashes {
        if let Some(obstacle) = &crash.obstacle {
            remarks.push(format!("the server of {} was not killed: {}", clean(&crash.service), clean(obstacle)));
        }
    }
    remarks.extend(proof.notes.iter().map(|note| clean(note).into_owned()));
    if !remarks.is_empty() {
        out.push('\n');
    }
    for remark in remarks {
        let _ = writeln!(out, "note: {remark}");
    }
}

/// The result as JSON.
pub fn compose_verify_json(proof: &StartProof) -> String {
    let starts = proof.starts.iter().map(|start| {
        json!({
            "is_proved": start.problems.is_empty(),
            "seconds": start.seconds,
            "containers": start.containers.iter().map(container_json).collect::<Vec<_>>(),
            "problems": start.problems.iter().map(problem_json).collect::<Vec<_>>(),
        })
    });
    let outages = proof.outages.as_ref().map(|outages| outages.iter().map(outage_json).collect::<Vec<_>>());
    let result = json!({
        "schema": "dockopt.compose-verify/1",
        "dockopt": env!("CARGO_PKG_VERSION"),
        "file": proof.file,
        "is_proved": proof.is_proved(),
        "most_delay": proof.most_delay,
        "seed": proof.seed,
        "starts": starts.collect::<Vec<_>>(),
        "outages": outages,
        "crashes": proof.crashes.iter().map(crash_json).collect::<Vec<_>>(),
        "outage_problems": proof.outage_problems().iter().map(problem_json).collect::<Vec<_>>(),
        "unchecked": proof.unchecked(),
        "undelayed": proof.undelayed,
        "notes": proof.notes,
        "leftovers": proof.leftovers,
    });
    format!("{result:#}\n")
}

fn container_json(container: &StartedContainer) -> Value {
    let waits = container.waits_for.iter().map(|(name, condition)| json!({"service": name, "condition": condition}));
    let code = match container.status {
        ServiceStatus::Ended(code) => Some(code),
        ServiceStatus::Completed => Some(0),
        _ => None,
    };
    json!({
        "service": container.service,
        "number": container.number,
        "waits_for": waits.collect::<Vec<_>>(),
        "delay": container.delay,
        "started": container.started,
        "ready": container.ready,
        "state": container.status.name(),
        "exit_code": code,
    })
}

fn problem_json(problem: &StartProblem) -> Value {
    let probes = problem.probes.iter().map(|probe| json!({"exit_code": probe.exit_code, "output": probe.output}));
    json!({
        "service": problem.service,
        "kind": problem.kind.name(),
        "message": problem.what,
        "probes": probes.collect::<Vec<_>>(),
        "log": problem.log,
    })
}

fn crash_json(trial: &CrashTrial) -> Value {
    json!({
        "service": trial.service,
        "obstacle": trial.obstacle,
        "limit": trial.limit,
        "recovered_after": trial.recovered_after,
    })
}

fn outage_json(outage: &Outage) -> Value {
    let trial = &outage.trial;
    json!({
        "service": trial.service,
        "obstacle": trial.obstacle,
        "limit": trial.limit,
        "unhealthy_after": trial.unhealthy_after,
        "recovered_after": trial.recovered_after,
        "blind_dependents": outage.blind_dependents,
    })
}
