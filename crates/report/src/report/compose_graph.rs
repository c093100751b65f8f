//! `compose graph`: the start order by levels and as a picture, as Mermaid, as DOT, as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::json;

use super::page::{Block, Chart, Column, Medium, Page, Section, Table, Text, TimelineRow, Tone, code, plain, toned};
use super::units::{count, seconds};
use crate::stack::{COMPLETED, CheckTime, HEALTHY, StartGraph, StartPath, StartedService};
use crate::wire::{GraphJson, InactiveServiceJson, OnlyWritten, ServiceWaitJson, StartedServiceJson, list};

/// Services that are named one by one.
const NAMES: usize = 4;

/// A language in which other programs draw graphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphLanguage {
    /// A flowchart of Mermaid.
    Mermaid,
    /// A graph of Graphviz.
    Dot,
}

/// The graph of a compose file for a program that draws it.
pub fn compose_graph_source(graph: &StartGraph, language: GraphLanguage) -> String {
    match language {
        GraphLanguage::Mermaid => mermaid(graph),
        GraphLanguage::Dot => dot(graph),
    }
}

/// What is waited for, in a word.
pub(super) fn word(condition: &str) -> &'static str {
    match condition {
        HEALTHY => "healthy",
        COMPLETED => "completed",
        _ => "started",
    }
}

/// The graphs of compose files, a section each.
pub fn compose_graph(graphs: &[(String, StartGraph)]) -> Page {
    let mut page = Page::new(match graphs {
        [(name, _)] => format!("Start order of {name}"),
        _ => format!("Start order of {}", count(graphs.len() as u64, "compose file")),
    });
    page.blocks.extend(graphs.iter().map(|(name, graph)| section(name, graph).into()));
    page
}

fn section(name: &str, graph: &StartGraph) -> Section {
    let levels = graph.services.last().map_or(0, |service| service.level + 1);
    let about = format!("{}, {}", count(graph.services.len() as u64, "service"), count(levels as u64, "start level"));
    let mut section = Section { about: about.into(), ..Section::new(toned(name, Tone::Strong)) };
    if !graph.services.is_empty() {
        let starts = known_starts(graph);
        let start = |service: &StartedService| starts.get(service.name.as_str()).copied().unwrap_or_default();
        let rows = graph.services.iter().map(|service| timeline_row(service, start(service), graph)).collect();
        let chart = Chart::Timeline { name: "When each service is started, and ready at most".to_owned(), rows };
        let all = Block::Only(&[Medium::Markdown, Medium::Html], vec![chart.into(), table(graph).into()]);
        let short = Block::Only(&[Medium::Terminal], vec![short_table(graph).into()]);
        section.push(Section::default().with(short).with(all));
    }
    let mut lines = Vec::new();
    if !graph.inactive.is_empty() {
        let services = graph.inactive.iter().map(|(name, profiles)| format!("{name} ({})", profiles.join(", ")));
        lines.push(format!("not started without its profile: {}", services.collect::<Vec<_>>().join(", ")));
    }
    lines.extend(duration(graph));
    lines.extend(unknown_checks(graph));
    section.push(Section::default().with(Block::List(lines.iter().map(plain).collect())));
    section
}

/// The number of the level at its first service.
fn level(graph: &StartGraph, index: usize) -> Text {
    let level = graph.services[index].level;
    let is_first = index == 0 || graph.services[index - 1].level != level;
    plain(if is_first { (level + 1).to_string() } else { String::new() })
}

fn short_table(graph: &StartGraph) -> Table {
    let row = |(index, service): (usize, &StartedService)| {
        let parts = [waits(service), check(service)].into_iter().filter(|part| !part.is_empty());
        vec![level(graph, index), plain(&service.name), plain(parts.collect::<Vec<_>>().join("; "))]
    };
    let rows = graph.services.iter().enumerate().map(row).collect();
    Table::new(&[Column::Right, Column::Left, Column::Wrapped], rows)
}

/// All that the picture shows.
fn table(graph: &StartGraph) -> Table {
    let row = |(index, service): (usize, &StartedService)| {
        let start = match service.start_seconds {
            Some(time) if time > 0.0 => format!("after {}", seconds(time)),
            Some(_) => "at once".to_owned(),
            None => "not known".to_owned(),
        };
        vec![
            level(graph, index),
            code(&service.name),
            plain(waits(service)),
            plain(start),
            plain(check(service)),
            plain(if is_critical(service, graph) { "on the critical path" } else { "" }),
        ]
    };
    let rows = graph.services.iter().enumerate().map(row).collect();
    let columns = [Column::Right, Column::Left, Column::Words, Column::Right, Column::Left, Column::Left];
    Table::new(&columns, rows).with_head(&["level", "service", "waits", "start at most", "ready", ""])
}

/// Whether the time until all are ready depends on it: it is on the longest way, or on one that may be longer.
fn is_critical(service: &StartedService, graph: &StartGraph) -> bool {
    let is_on = |path: &&StartPath| path.services.contains(&service.name);
    longest_known(graph).is_some_and(|path| is_on(&path)) || graph.open_path.as_ref().is_some_and(|path| is_on(&path))
}

/// The way whose time is known, unless one that is not known is longer in any case.
fn longest_known(graph: &StartGraph) -> Option<&StartPath> {
    let open = graph.open_path.as_ref().map_or(0.0, |path| path.seconds);
    graph.timed_path.as_ref().filter(|path| path.seconds > open)
}

/// What is known of its start, and the time of its check.
fn timeline_row(service: &StartedService, start: f64, graph: &StartGraph) -> TimelineRow {
    let (time, is_open) = match service.check {
        CheckTime::AtMost(time) => (time, false),
        CheckTime::Missing => (0.0, service.is_job),
        CheckTime::Untimed | CheckTime::Unknown => (0.0, true),
    };
    let mut notes = vec![match service.check {
        CheckTime::AtMost(_) => String::new(),
        _ => check(service),
    }];
    if service.start_seconds.is_none() {
        notes.push("starts then, or later".to_owned());
    }
    notes.retain(|note| !note.is_empty());
    TimelineRow {
        name: service.name.clone(),
        start,
        seconds: time,
        is_open,
        is_critical: is_critical(service, graph),
        note: notes.join("; "),
        group: format!("level {}", service.level + 1),
        ..TimelineRow::default()
    }
}

/// Seconds of the checks that each service waits for, as far as they are known.
fn known_starts(graph: &StartGraph) -> BTreeMap<&str, f64> {
    let mut ready: BTreeMap<(&str, bool), f64> = BTreeMap::new();
    let mut starts = BTreeMap::new();
    // What a service waits for is on a level above.
    for service in &graph.services {
        let end = |(name, condition): &(String, String)| ready.get(&(name.as_str(), *condition == HEALTHY)).copied();
        let waits = || service.waits_for.iter().filter_map(end).fold(0.0, f64::max);
        let start = service.start_seconds.unwrap_or_else(waits);
        let check = if let CheckTime::AtMost(time) = service.check { time } else { 0.0 };
        ready.extend([((service.name.as_str(), false), start), ((service.name.as_str(), true), start + check)]);
        starts.insert(service.name.as_str(), start);
    }
    starts
}

/// Services whose images may have a check.
fn unknown_checks(graph: &StartGraph) -> Option<String> {
    let unknown = graph.services.iter().filter(|service| service.check == CheckTime::Unknown && !service.is_job);
    let unknown: Vec<&str> = unknown.map(|service| service.name.as_str()).collect();
    Some(match unknown[..] {
        [] => return None,
        [name] => format!("Of the image of {name} nothing is known: it may have a check"),
        _ if unknown.len() <= NAMES => {
            format!("Of the images of {} nothing is known: they may have checks", unknown.join(", "))
        }
        _ => format!("Of the images of {} services nothing is known: they may have checks", unknown.len()),
    })
}

/// How long it takes until all are ready, in lines.
fn duration(graph: &StartGraph) -> Vec<String> {
    let way = |path: &StartPath| path.services.join(" → ");
    // Nothing tells when a service without a check is ready.
    let is_asked =
        |service: &StartedService| service.is_job || matches!(service.check, CheckTime::AtMost(_) | CheckTime::Untimed);
    let what = if graph.services.iter().all(is_asked) { "All are ready" } else { "All checks have passed" };
    let known = longest_known(graph);
    if graph.services.is_empty() {
        return vec!["Nothing is started without a profile: choose one with `--profile`".to_owned()];
    }
    let Some(open) = &graph.open_path else {
        return match known {
            Some(path) => vec![format!("{what} after at most {}: {}", seconds(path.seconds), way(path))],
            None if graph.services.iter().any(|service| service.check == CheckTime::Unknown) => Vec::new(),
            None => vec!["No service is asked whether it is ready".to_owned()],
        };
    };
    let names: Vec<String> = open.open.iter().map(|name| format!("`{name}`")).collect();
    let takes = match &names[..] {
        [name] => format!("the time that {name} takes"),
        _ => format!("the times that {} take", names.join(", ")),
    };
    let after = if open.seconds > 0.0 { format!("{} and {takes}", seconds(open.seconds)) } else { takes };
    let mut lines = Vec::new();
    match known {
        Some(path) => {
            lines.push(format!("{what} after at most {}: {}", seconds(path.seconds), way(path)));
            lines.push(format!("or after {after}, if that is longer: {}", way(open)));
        }
        None => lines.push(format!("{what} after at most {after}: {}", way(open))),
    }
    lines
}

/// `after db (healthy), cache (started)`: services with the same condition stand together.
fn waits(service: &StartedService) -> String {
    let of_word = |wanted: &str| {
        let names = service.waits_for.iter().filter(|(_, condition)| word(condition) == wanted);
        let names: Vec<&str> = names.map(|(name, _)| name.as_str()).collect();
        if names.is_empty() { None } else { Some(format!("{} ({wanted})", names.join(", "))) }
    };
    let waits: Vec<String> = ["completed", "healthy", "started"].into_iter().filter_map(of_word).collect();
    if waits.is_empty() { String::new() } else { format!("after {}", waits.join(", ")) }
}

fn check(service: &StartedService) -> String {
    match service.check {
        CheckTime::AtMost(time) => format!("healthy within {}", seconds(time)),
        CheckTime::Missing | CheckTime::Unknown if service.is_job => "ends by itself".to_owned(),
        CheckTime::Missing => "no check".to_owned(),
        CheckTime::Untimed => "check of its image, times unknown".to_owned(),
        CheckTime::Unknown => "check unknown".to_owned(),
    }
}

fn mermaid(graph: &StartGraph) -> String {
    let mut out = "flowchart LR\n".to_owned();
    let number = |name: &str| graph.services.iter().position(|service| service.name == name);
    for (index, service) in graph.services.iter().enumerate() {
        let _ = writeln!(out, "    s{index}[\"{}\"]", bare(&service.name));
    }
    for (index, service) in graph.services.iter().enumerate() {
        for (name, condition) in &service.waits_for {
            let Some(target) = number(name) else { continue };
            let arrow = if *condition == HEALTHY { "-->" } else { "-.->" };
            let _ = writeln!(out, "    s{target} {arrow}|{}| s{index}", word(condition));
        }
    }
    out
}

fn dot(graph: &StartGraph) -> String {
    let mut out = "digraph start {\n    rankdir=LR\n".to_owned();
    for service in &graph.services {
        let _ = writeln!(out, "    \"{}\"", bare(&service.name));
    }
    for service in &graph.services {
        for (name, condition) in &service.waits_for {
            let style = if *condition == HEALTHY { "solid" } else { "dashed" };
            let (from, to) = (bare(name), bare(&service.name));
            let _ = writeln!(out, "    \"{from}\" -> \"{to}\" [label={}, style={style}]", word(condition));
        }
    }
    out.push_str("}\n");
    out
}

/// A name without what ends a text in quotes; Compose allows none of it.
fn bare(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).collect()
}

/// The graphs of several compose files as JSON.
pub fn compose_graph_json(graphs: &[(String, StartGraph)]) -> String {
    let service = |service: &StartedService| {
        let (check, check_seconds) = match service.check {
            CheckTime::Missing => ("none", None),
            CheckTime::AtMost(time) => ("timed", Some(time)),
            CheckTime::Untimed => ("untimed", None),
            CheckTime::Unknown => ("unknown", None),
        };
        StartedServiceJson {
            name: service.name.clone(),
            level: service.level,
            waits_for: list(&service.waits_for, |(name, condition)| ServiceWaitJson {
                service: name.clone(),
                condition: condition.clone(),
            }),
            check: OnlyWritten(check),
            check_seconds,
            start_seconds: service.start_seconds,
        }
    };
    let files = list(graphs, |(name, graph)| {
        let path = graph.critical_path();
        let inactive = list(&graph.inactive, |(name, profiles)| InactiveServiceJson {
            name: name.clone(),
            profiles: profiles.clone(),
        });
        GraphJson {
            file: name.clone(),
            services: list(&graph.services, service),
            inactive: OnlyWritten(inactive),
            critical_path: path.map(|path| path.services.clone()).unwrap_or_default(),
            untimed: OnlyWritten(path.map(|path| path.open.iter().cloned().collect()).unwrap_or_default()),
            seconds: graph.seconds(),
        }
    });
    let result = json!({ "schema": "dockopt.compose-graph/1", "dockopt": env!("CARGO_PKG_VERSION"), "files": files });
    format!("{result:#}\n")
}
