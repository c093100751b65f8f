//! `compose verify`: the timeline of a start, what is wrong, what the checks notice; for people and as JSON.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::compose_graph::word;
use super::page::{
    Block, Chart, Column, Indent, Listing, Page, Section, Table, Text, TimelineMark, TimelineRow, Tone, note, plain,
    toned,
};
use super::units::{count, seconds};
use crate::startup::{CrashTrial, Outage, ServiceStatus, StartProblem, StartProof, StartResult, StartedContainer};

/// Lines of a check's output that are shown.
const LINES: usize = 6;

/// The result for people.
pub fn compose_verify(proof: &StartProof) -> Page {
    let mut page = Page::new(format!("Start of {}", proof.file));
    let mut section = Section { about: verdict(proof), ..Section::new(toned(&proof.file, Tone::Strong)) };
    let is_bad = |start: &StartResult| !start.problems.is_empty();
    let shown = proof.starts.iter().position(is_bad).or(proof.starts.len().checked_sub(1));
    let number = shown.unwrap_or_default();
    let blocks = shown.map(|shown| timeline(&proof.starts[shown]).to_vec()).unwrap_or_default();
    if proof.starts.len() == 1 {
        section.push(Section { blocks, ..Section::default() });
        page.push(section);
    } else {
        page.push(section);
        page.push(Section { blocks, ..Section::new(format!("start {} of {}", number + 1, proof.starts.len())) });
    }
    if let Some(start) = shown.map(|shown| &proof.starts[shown]) {
        page.blocks.extend(problems(&start.problems));
    }
    if proof.starts.len() > 1 {
        page.push(Section::new("all starts").with(all_starts(proof)));
    }
    if let Some(trials) = &proof.outages {
        page.push_rows(Section::new("stopped servers"), outages(trials));
        page.push_rows(Section::new("killed servers"), crashes(&proof.crashes));
        page.blocks.extend(problems(&proof.outage_problems()));
    }
    page.push_list(remarks(proof).iter().map(note).collect());
    page
}

/// Whether the start order is proved, and under which delays.
fn verdict(proof: &StartProof) -> Text {
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
    toned(verdict, if proof.is_proved() { Tone::Good } else { Tone::Error }).and(delays)
}

/// The containers as a picture and in rows.
fn timeline(start: &StartResult) -> [Block; 2] {
    let time = |time: Option<f64>| plain(time.map(|time| format!("{time:.1} s")).unwrap_or_default());
    let row = |container: &StartedContainer| {
        let waits = container.waits_for.iter().map(|(name, condition)| format!("{name} ({})", word(condition)));
        vec![
            plain(name_of(container)),
            time(container.delay),
            time(container.started),
            time(container.ready),
            toned(status(container.status), tone(container.status)),
            plain(waits.collect::<Vec<_>>().join(", ")),
        ]
    };
    let rows = start.containers.iter().map(row).collect();
    let columns = [Column::Left, Column::Right, Column::Right, Column::Right, Column::Left, Column::Wrapped];
    let head = ["service", "delay", "start", "ready", "state", "waits for"];
    let critical = critical_services(start);
    let bars = start.containers.iter().map(|container| timeline_row(container, &critical)).collect();
    let name = "From the start of each container until it was ready".to_owned();
    [Chart::Timeline { name, rows: bars }.into(), Table::new(&columns, rows).with_head(&head).into()]
}

/// The service that was ready last, of those that it waited for the one that was ready last, and so on.
fn critical_services(start: &StartResult) -> BTreeSet<&str> {
    let mut critical = BTreeSet::new();
    let mut candidates: Vec<&StartedContainer> = start.containers.iter().collect();
    while let Some(last) = last_to_be_ready(&candidates).filter(|last| critical.insert(last.service.as_str())) {
        let is_needed = |other: &&StartedContainer| last.waits_for.iter().any(|(name, _)| *name == other.service);
        candidates = start.containers.iter().filter(is_needed).collect();
    }
    critical
}

fn last_to_be_ready<'s>(containers: &[&'s StartedContainer]) -> Option<&'s StartedContainer> {
    let ready = containers.iter().filter_map(|container| Some((container.ready?, *container)));
    ready.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, container)| container)
}

fn timeline_row(container: &StartedContainer, critical: &BTreeSet<&str>) -> TimelineRow {
    let began = container.started.unwrap_or_default();
    let is_known = matches!(container.status, ServiceStatus::Healthy | ServiceStatus::Completed);
    let delay = if container.started.is_some() { container.delay.unwrap_or_default() } else { 0.0 };
    let took = container.ready.map_or(delay, |ready| (ready - began).max(delay));
    TimelineRow {
        name: name_of(container),
        start: began,
        seconds: took,
        delay,
        is_open: container.started.is_some() && container.ready.is_none(),
        is_critical: critical.contains(container.service.as_str()),
        mark: match tone(container.status) {
            Tone::Error => TimelineMark::Failed,
            Tone::Dim => TimelineMark::Missing,
            _ => TimelineMark::Usual,
        },
        note: if is_known { String::new() } else { status(container.status) },
        ..TimelineRow::default()
    }
}

const fn tone(status: ServiceStatus) -> Tone {
    match status {
        ServiceStatus::Healthy | ServiceStatus::Completed => Tone::Good,
        ServiceStatus::Unchecked => Tone::Plain,
        ServiceStatus::NotStarted => Tone::Dim,
        _ => Tone::Error,
    }
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

/// What is wrong, each with what was printed.
fn problems(problems: &[StartProblem]) -> Option<Block> {
    let problem_section = |problem: &StartProblem| {
        let title = toned("error", Tone::Error).and(format!(": {}", problem.what));
        let mut section = Section { indent: Indent::Nothing, ..Section::new(title) };
        if let Some(probe) = problem.probes.last() {
            let end = if probe.exit_code < 0 {
                "it gave no exit code".to_owned()
            } else {
                format!("code {}", probe.exit_code)
            };
            push_lines(&mut section, &format!("last failure of its check ({end})"), probe.output.lines());
        }
        if !problem.log.is_empty() {
            push_lines(&mut section, "last lines of its log", problem.log.iter().map(String::as_str));
        }
        section.into()
    };
    let blocks: Vec<Block> = problems.iter().map(problem_section).collect();
    (!blocks.is_empty()).then(|| Section { blocks, ..Section::default() }.into())
}

fn push_lines<'l>(section: &mut Section, what: &str, lines: impl Iterator<Item = &'l str>) {
    let lines: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
    let last: Vec<String> = lines.iter().rev().take(LINES).rev().map(|line| (*line).to_owned()).collect();
    if last.is_empty() {
        section.push(plain(format!("{what}: it printed nothing")));
    } else {
        section.push(Listing { caption: plain(format!("{what}:")), lines: last, is_verbatim: false });
    }
}

/// A row for each start.
fn all_starts(proof: &StartProof) -> Table {
    let row = |(index, start): (usize, &StartResult)| {
        let end = match (start.problems.first(), start.seconds) {
            (Some(problem), _) => problem.what.clone(),
            (None, Some(time)) => format!("all ready after {}", seconds(time)),
            (None, None) => "no problem".to_owned(),
        };
        vec![plain(format!("start {}", index + 1)), plain(end)]
    };
    Table::new(&[Column::Left, Column::Wrapped], proof.starts.iter().enumerate().map(row).collect())
}

/// After how many seconds something was seen, if it was.
fn trial_end(obstacle: Option<&String>, seconds: Option<f64>) -> Text {
    match (obstacle, seconds) {
        (Some(_), _) => toned("not tested", Tone::Dim),
        (None, Some(after)) => toned(format!("after {after:.0} s"), Tone::Good),
        (None, None) => toned("never", Tone::Error),
    }
}

fn outages(trials: &[Outage]) -> Table {
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
    let columns = [Column::Left, Column::Left, Column::Right, Column::Left, Column::Wrapped];
    let head = ["service", "unhealthy", "at most", "healthy again", "not noticed by the check of"];
    Table::new(&columns, trials.iter().map(row).collect()).with_head(&head)
}

fn crashes(trials: &[CrashTrial]) -> Table {
    let row = |trial: &CrashTrial| {
        let end = trial_end(trial.obstacle.as_ref(), trial.recovered_after);
        vec![plain(&trial.service), end, plain(format!("{:.0} s", trial.limit))]
    };
    let columns = [Column::Left, Column::Left, Column::Right];
    Table::new(&columns, trials.iter().map(row).collect()).with_head(&["service", "ready again", "at most"])
}

fn remarks(proof: &StartProof) -> Vec<String> {
    let mut remarks = Vec::new();
    let unchecked: Vec<&str> = proof.unchecked().into_iter().collect();
    if !unchecked.is_empty() {
        remarks.push(format!("without a check, so that it is not known when they are ready: {}", unchecked.join(", ")));
    }
    if !proof.undelayed.is_empty() {
        remarks.push(format!("not delayed, as their images have no shell: {}", proof.undelayed.join(", ")));
    }
    for Outage { trial, blind_dependents, .. } in proof.outages.iter().flatten() {
        let service = &trial.service;
        remarks.extend(trial.obstacle.iter().map(|why| format!("the server of {service} was not stopped: {why}")));
        remarks.extend(blind_dependents.iter().map(|dependent| {
            format!("the check of {dependent} does not notice an outage of {service}, for which it waits")
        }));
    }
    for CrashTrial { service, obstacle, .. } in &proof.crashes {
        remarks.extend(obstacle.iter().map(|why| format!("the server of {service} was not killed: {why}")));
    }
    remarks.extend(proof.notes.iter().cloned());
    remarks
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Layout, Medium};
    use crate::startup::{ProbeRun, StartProblemKind};

    fn container(service: &str, times: [Option<f64>; 3], status: ServiceStatus) -> StartedContainer {
        let [delay, started, ready] = times;
        let waits_for = vec![("db".to_owned(), "service_healthy".to_owned())];
        StartedContainer { service: service.to_owned(), number: None, waits_for, delay, started, ready, status }
    }

    fn proof() -> StartProof {
        let sick = StartProblem {
            service: "sick".to_owned(),
            kind: StartProblemKind::Unhealthy,
            what: "`sick` became unhealthy".to_owned(),
            probes: vec![ProbeRun { exit_code: 7, output: "no such <table>\n\n".to_owned(), ..ProbeRun::default() }],
            log: vec!["starting".to_owned(), " ".to_owned()],
            is_silent: false,
        };
        let containers = vec![
            container("db", [Some(1.5), Some(0.0), Some(4.2)], ServiceStatus::Healthy),
            container("sick", [None, Some(4.5), None], ServiceStatus::Unhealthy),
            container("job", [Some(0.5), Some(4.6), Some(6.0)], ServiceStatus::Completed),
            container("web", [None, Some(4.8), None], ServiceStatus::Unchecked),
            container("after", [None, None, None], ServiceStatus::NotStarted),
        ];
        let bad = StartResult { containers, problems: vec![sick], seconds: None };
        let good = StartResult { seconds: Some(3.5), ..StartResult::default() };
        let notes = vec!["the network `edge` is replaced".to_owned()];
        StartProof { file: "compose.yaml".to_owned(), starts: vec![good, bad], notes, ..StartProof::default() }
    }

    #[test]
    fn the_failed_start_is_shown_of_several() {
        let text = compose_verify(&proof()).write(Medium::Terminal, Layout::PLAIN);
        for part in [
            "compose.yaml   1 of 2 starts went well\n\nstart 2 of 2\n  service  delay  start  ready  state",
            "\n\nerror: `sick` became unhealthy\n  last failure of its check (code 7):\n    no such <table>\n\n  last lines of its \
             log:\n    starting\n\nall starts\n  start 1  all ready after 3.5 s\n  start 2  `sick` became unhealthy\n\nnote: ",
            "note: the network `edge` is replaced\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_start_is_a_picture_for_browsers() {
        let text = compose_verify(&proof()).write(Medium::Html, Layout::PLAIN);
        for part in
            ["class=\"failed\"", "class=\"span open\"", "class=\"delay\"", "not started", "no such &lt;table&gt;"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(text.matches("class=\"what\"").count(), 5, "{text}");
    }
}
