//! `deploy verify`: what became of the requests at each deployment, for people and as JSON.

use serde_json::{Map, Value, json};

use super::page::{
    Block, Chart, Column, Listing, Medium, Page, Section, Table, Text, TimelineMark, TimelineRow, Tone, note, plain,
    toned,
};
use super::units::{count, grouped, seconds};
use crate::deployment::{DeploymentProof, DeploymentStep, LostRequests, RequestKind, StepKind};

/// Lines of a script that are shown.
const LINES: usize = 12;

/// The result for people.
pub fn deploy_verify(proof: &DeploymentProof) -> Page {
    let (all, lost) = proof.totals();
    let verdict = match (proof.is_proved(), lost) {
        (true, _) => format!("no request of {} was lost", grouped(all)),
        (false, 0) => format!("no request of {} was lost, but not all went as it should", grouped(all)),
        (false, lost) => format!("{} of {} requests were lost", grouped(lost), grouped(all)),
    };
    let tone = if proof.is_proved() { Tone::Good } else { Tone::Error };
    let about = toned(verdict, tone).and(format!("; asked: {}", proof.address));
    let mut page = Page::new(format!("Deployments of {}", proof.file));
    let section = Section { about, ..Section::new(toned(&proof.file, Tone::Strong)) };
    page.push(section.with(Section::default().with(table(proof))));
    page.push(Block::Only(&[Medium::Markdown, Medium::Html], proof.steps.iter().map(timeline).collect()));
    for step in &proof.steps {
        let problems = step.problems();
        for problem in &problems {
            let what = format!(": {}: {problem}", title(step));
            page.push(Section::default().with(toned("error", Tone::Error).and(what)));
        }
        // Why a version was refused is of interest also where that is right.
        if !problems.is_empty() || step.kind == StepKind::Unhealthy {
            let lines = &step.lines[step.lines.len().saturating_sub(LINES)..];
            let caption = plain(format!("{}, the last lines of the script:", title(step)));
            page.push(Listing { caption, lines: lines.to_vec(), is_verbatim: false });
        }
    }
    page.push_list(proof.notes.iter().map(note).collect());
    page
}

/// A deployment as a picture and in rows: its script, its containers, and when requests were lost.
fn timeline(step: &DeploymentStep) -> Block {
    let script = TimelineRow { name: "script".to_owned(), seconds: step.seconds, ..TimelineRow::default() };
    let lost = lost_requests(step);
    let of_lost = |(what, lost): &(String, &LostRequests)| TimelineRow {
        name: what.clone(),
        start: lost.first,
        seconds: lost.last - lost.first,
        mark: TimelineMark::Failed,
        note: format!("with {}", count(lost.count, "lost request")),
        ..TimelineRow::default()
    };
    let bars = std::iter::once(script).chain(container_rows(step)).chain(lost.iter().map(of_lost)).collect();
    let name = "The script, the containers, and lost requests".to_owned();
    let mut rows = Vec::new();
    for event in &step.events {
        let what = format!("{} (version {}) {}", event.container, event.version, event.what);
        rows.push((event.seconds, vec![at(event.seconds), Text::default(), plain(what)]));
    }
    for (what, lost) in &lost {
        let text = format!("{} lost: {what}", grouped(lost.count));
        rows.push((lost.first, vec![at(lost.first), at(lost.last), toned(text, Tone::Error)]));
    }
    rows.sort_by(|(first, _), (second, _)| first.total_cmp(second));
    let rows = rows.into_iter().map(|(_, row)| row).collect();
    let columns = [Column::Right, Column::Right, Column::Wrapped];
    let table = Table::new(&columns, rows).with_head(&["at", "until", "what happened"]);
    Section::new(title(step)).with(Chart::Timeline { name, rows: bars }).with(table).into()
}

fn at(time: f64) -> Text {
    plain(format!("{time:.1} s"))
}

/// Requests of each kind that were lost, by what came instead of an answer.
fn lost_requests(step: &DeploymentStep) -> Vec<(String, &LostRequests)> {
    let of_kind = step.requests.iter().flat_map(|(kind, count)| count.lost.iter().map(move |lost| (kind, lost)));
    of_kind.map(|(kind, (what, lost))| (format!("{}: {what}", kind.name()), lost)).collect()
}

/// From the start of each container until it was stopped; what was there before, or stays, has no start or end.
fn container_rows(step: &DeploymentStep) -> Vec<TimelineRow> {
    let mut rows: Vec<TimelineRow> = Vec::new();
    for event in &step.events {
        let name = format!("{} (version {})", event.container, event.version);
        let is_stop = event.what != "started";
        match rows.iter_mut().rfind(|row| row.name == name && row.is_open) {
            Some(row) if is_stop => (row.seconds, row.is_open) = (event.seconds - row.start, false),
            _ => {
                let (start, seconds) = if is_stop { (0.0, event.seconds) } else { (event.seconds, 0.0) };
                let note = format!("then {}", event.what);
                rows.push(TimelineRow { name, start, seconds, is_open: !is_stop, note, ..TimelineRow::default() });
            }
        }
    }
    for row in rows.iter_mut().filter(|row| row.is_open) {
        (row.seconds, row.note) = ((step.seconds - row.start).max(0.0), "and stays".to_owned());
    }
    rows
}

fn title(step: &DeploymentStep) -> String {
    match step.kind {
        StepKind::Next => format!("{} 1 -> 2", step.service),
        StepKind::Unhealthy => format!("{} never healthy", step.service),
        StepKind::Back => format!("{} back to 1", step.service),
    }
}

fn table(proof: &DeploymentProof) -> Table {
    let is_asked = |kind: &RequestKind| proof.steps.iter().any(|step| step.requests.contains_key(kind));
    let kinds: Vec<RequestKind> = RequestKind::ALL.into_iter().filter(is_asked).collect();
    let count = |step: &DeploymentStep, kind: RequestKind| {
        let count = step.requests.get(&kind).cloned().unwrap_or_default();
        match (kind, count.lost()) {
            (_, 0) => plain(grouped(count.answered)),
            // A socket that is cut when the old version ends is opened again by its program.
            (RequestKind::WebSocket, cut) => plain(format!("{} cut", grouped(cut))),
            (_, lost) => toned(format!("{} of {} lost", grouped(lost), grouped(lost + count.answered)), Tone::Error),
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
    let rows = proof.steps.iter().map(row).collect();
    let mut columns = vec![Column::Left, Column::Right, Column::Right];
    let mut head = vec!["deployment", "code", "time"];
    for kind in &kinds {
        columns.push(Column::Right);
        head.push(kind.name());
    }
    columns.push(Column::Wrapped);
    head.push("answers by version");
    Table::new(&columns, rows).with_head(&head)
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
        "record": step.record.as_ref().and_then(|line| serde_json::from_str::<Value>(line).ok()),
        "log": step.lines,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::{ContainerChange, RequestCount};
    use crate::report::{Layout, Medium};

    fn proof() -> DeploymentProof {
        let change = |seconds: f64, container: &str, version: &str, what: &'static str| ContainerChange {
            seconds,
            container: container.to_owned(),
            version: version.to_owned(),
            what,
        };
        let mut count = RequestCount { answered: 900, ..RequestCount::default() };
        count.lose("refused connections".to_owned(), 8.0);
        count.lose("refused connections".to_owned(), 9.5);
        let next = DeploymentStep {
            service: "api".to_owned(),
            exit: Some(0),
            seconds: 12.0,
            lines: vec!["+ docker compose up".to_owned()],
            requests: [(RequestKind::New, count)].into(),
            versions: [("1".to_owned(), 500), ("2".to_owned(), 400)].into(),
            events: vec![change(2.0, "api-2", "2", "started"), change(8.0, "api-1", "1", "stopped")],
            ..DeploymentStep::default()
        };
        let address = "http://127.0.0.1:80/".to_owned();
        DeploymentProof { file: "compose.yaml".to_owned(), address, steps: vec![next], ..DeploymentProof::default() }
    }

    #[test]
    fn containers_and_lost_requests_are_a_picture_and_rows() {
        let page = deploy_verify(&proof());
        let text = page.write(Medium::Terminal, Layout::PLAIN);
        let start =
            "compose.yaml   2 of 902 requests were lost; asked: http://127.0.0.1:80/\n\n  deployment  code  time";
        assert!(
            text.starts_with(start) && text.contains("\n\nerror: api 1 -> 2: 2 of 902 requests were lost"),
            "{text}"
        );
        assert!(text.ends_with("\n\n  api 1 -> 2, the last lines of the script:\n    + docker compose up\n"), "{text}");
        let text = page.write(Medium::Markdown, Layout::PLAIN);
        for part in ["| 2.0 s |  | api-2 (version 2) started |", "| 8.0 s | 9.5 s | 2 lost: new: refused connections |"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        let text = page.write(Medium::Html, Layout::PLAIN);
        assert!(text.contains("class=\"failed\"") && text.contains("and stays"), "{text}");
    }
}
