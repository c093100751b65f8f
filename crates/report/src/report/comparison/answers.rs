//! What results say of services and variables, as blocks: it is shown, and compared with nothing.

use crate::report::compose_graph::word;
use crate::report::page::{
    Block, Chart, Column, Medium, Section, Table, Text, TimelineMark, TimelineRow, Tone, code, number, path, plain,
    toned,
};
use crate::report::units::{count, seconds};
use crate::results::ReportDetails;
use crate::wire::{
    EnvironmentsJson, GraphJson, ReplacementJson, ServiceWaitJson, StartProofJson, StartedServiceJson,
    VariablePlaceJson, VariablesJson,
};

/// Rows of a table.
const MOST: usize = 100;

/// Environments of a table.
const MOST_ENVIRONMENTS: usize = 12;

/// Seconds that no start takes.
const MOST_SECONDS: f64 = 1e9;

/// Whether services can be replaced and start in order, and where their variables are set.
pub(super) fn answers(details: &ReportDetails) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !details.replacements.is_empty() {
        blocks.push(replacements(&details.replacements).into());
    }
    let graphs =
        details.graphs.iter().filter(|graph| !graph.services.is_empty()).map(|graph| graph_section(graph).into());
    // In a comment, how long the start takes is among the figures.
    blocks.push(Block::Only(&[Medium::Html], graphs.collect()));
    blocks.extend(details.starts.iter().map(|proof| Block::Section(start_section(proof))));
    for variables in &details.variables {
        blocks.extend((!variables.findings.is_empty()).then(|| Block::Section(variable_section(variables))));
        blocks.extend(variables.differences.iter().map(|table| Block::Section(environments(table))));
    }
    blocks
}

fn replacements(services: &[ReplacementJson]) -> Section {
    let bad = services.iter().filter(|service| service.replaceable != "yes").count();
    let row = |service: &ReplacementJson| {
        let answer = match service.replaceable.as_str() {
            "yes" => toned("can be replaced without loss", Tone::Good),
            "no" => toned("cannot be replaced without loss", Tone::Error),
            _ => toned("not known", Tone::Info),
        };
        let rules = service.reasons.iter().filter_map(|reason| reason.rule.clone());
        let reasons: Vec<String> = rules.chain(service.unknown.iter().cloned()).collect();
        let place = path(format!("{}:{}", service.file, service.line));
        vec![code(&service.service), place, answer, plain(reasons.join(", "))]
    };
    let rows = services.iter().take(MOST).map(row).collect();
    let columns = [Column::Left, Column::Path, Column::Left, Column::Wrapped];
    let table = Table::new(&columns, rows).with_head(&["service", "place", "replacement", "because of"]);
    let all = count(services.len() as u64, "service");
    Section::folded(format!("{bad} of {all} may lose requests when they are replaced"))
        .with(table.first_of(services.len()))
}

/// `db (healthy), cache (started)`.
fn waits(waits: &[ServiceWaitJson]) -> String {
    let waits: Vec<String> =
        waits.iter().take(MOST).map(|wait| format!("{} ({})", wait.service, word(&wait.condition))).collect();
    waits.join(", ")
}

/// A time that can be right.
fn possible(time: Option<f64>) -> Option<f64> {
    time.filter(|time| (0.0..MOST_SECONDS).contains(time))
}

fn graph_section(graph: &GraphJson) -> Section {
    let row = |service: &StartedServiceJson| {
        let is_critical = graph.critical_path.contains(&service.name);
        let ready = possible(service.check_seconds).map(seconds).unwrap_or_default();
        vec![
            number((service.level.saturating_add(1)).to_string()),
            code(&service.name).in_tone(if is_critical { Tone::Strong } else { Tone::Plain }),
            plain(waits(&service.waits_for)),
            number(ready),
        ]
    };
    let rows = graph.services.iter().take(MOST).map(row).collect();
    let columns = [Column::Right, Column::Left, Column::Wrapped, Column::Right];
    let table = Table::new(&columns, rows).with_head(&["level", "service", "starts after", "healthy within"]);
    let mut section = Section::new(plain("Start order of ").and_code(&graph.file));
    if let Some(time) = possible(graph.seconds).filter(|time| *time > 0.0) {
        let way = graph.critical_path.iter().take(MOST).cloned().collect::<Vec<_>>().join(" → ");
        section.push(plain("All checks have passed after at most ").and(seconds(time)).and(": ").and_code(way));
    }
    section.with(table.first_of(graph.services.len()))
}

fn start_section(proof: &StartProofJson) -> Section {
    let (tone, verdict) = if proof.is_proved { (Tone::Good, "is proved") } else { (Tone::Error, "is not proved") };
    let mut section = Section::folded(plain("The start order of ").and_code(&proof.file).and(" ").and(verdict));
    let failed = proof.starts.iter().position(|start| !start.is_proved);
    let Some((at, start)) = failed.or(proof.starts.len().checked_sub(1)).map(|at| (at, &proof.starts[at])) else {
        return section;
    };
    let containers = &start.containers[..start.containers.len().min(MOST)];
    let name = |service: &str, number: Option<u64>| match number {
        Some(number) => format!("{service} {number}"),
        None => service.to_owned(),
    };
    let time = |time| possible(time).map(|time| format!("{time:.1} s")).unwrap_or_default();
    let rows = containers.iter().map(|container| {
        vec![
            code(name(&container.service, container.number)),
            number(time(container.started)),
            number(time(container.ready)),
            plain(&container.state),
            plain(waits(&container.waits_for)),
        ]
    });
    let columns = [Column::Left, Column::Right, Column::Right, Column::Left, Column::Wrapped];
    let table = Table::new(&columns, rows.collect()).with_head(&["service", "started", "ready", "state", "waits for"]);
    section.push(toned(format!("Start {} of {}", at + 1, proof.starts.len()), tone));
    let bars = containers.iter().map(|container| {
        let (began, ready) = (possible(container.started), possible(container.ready));
        let start = began.unwrap_or_default();
        TimelineRow {
            name: name(&container.service, container.number),
            start,
            seconds: ready.map_or(0.0, |ready| (ready - start).max(0.0)),
            is_open: began.is_some() && ready.is_none(),
            mark: match container.state.as_str() {
                "healthy" | "completed" | "running" => TimelineMark::Usual,
                _ if began.is_none() => TimelineMark::Missing,
                _ => TimelineMark::Failed,
            },
            note: container.state.clone(),
            ..TimelineRow::default()
        }
    });
    let rows: Vec<TimelineRow> = bars.collect();
    if !rows.is_empty() {
        section.push(Chart::Timeline { name: "From the start of each service until it was ready".to_owned(), rows });
    }
    section.with(table.first_of(start.containers.len()))
}

fn place(place: &VariablePlaceJson) -> Text {
    path(format!("{}:{}", place.file, place.line))
}

fn variable_section(variables: &VariablesJson) -> Section {
    let all = &variables.findings;
    let rows = all.iter().take(MOST).map(|finding| {
        let tone = if matches!(finding.kind.as_str(), "secret" | "missing") { Tone::Error } else { Tone::Warning };
        vec![
            toned(finding.kind.replace('-', " "), tone),
            code(&finding.name),
            plain(finding.services.join(", ")),
            place(&finding.place),
            plain(&finding.message),
        ]
    });
    let columns = [Column::Left, Column::Left, Column::Words, Column::Path, Column::Wrapped];
    let table = Table::new(&columns, rows.collect()).with_head(&["what", "variable", "services", "place", "finding"]);
    let title = format!("{} in the variables of services", count(all.len() as u64, "problem"));
    Section::folded(title).with(table.first_of(all.len()))
}

/// Where each environment sets a variable; no value.
fn environments(table: &EnvironmentsJson) -> Section {
    let names = &table.environments[..table.environments.len().min(MOST_ENVIRONMENTS)];
    let rows = table.variables.iter().take(MOST).map(|row| {
        let name = row.service.as_ref().map_or_else(|| row.name.clone(), |service| format!("{service}: {}", row.name));
        let values = row.values.iter().take(names.len());
        let places =
            values.map(|value| value.as_ref().map_or_else(|| toned("–", Tone::Dim), |value| place(&value.place)));
        [code(name)].into_iter().chain(places).collect()
    });
    let mut columns = vec![Column::Path; names.len() + 1];
    columns[0] = Column::Left;
    let head: Vec<&str> = ["variable"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let places = Table::new(&columns, rows.collect()).with_head(&head).first_of(table.variables.len());
    let differing = count(table.variables.len() as u64, "variable");
    let of = match table.environments.len().saturating_sub(names.len()) {
        0 => String::new(),
        more => format!(", {} of which are not shown", count(more as u64, "environment")),
    };
    Section::folded(format!("{differing} that environments set differently{of}")).with(places)
}
