//! `compose graph`: the start order as a tree for people, as Mermaid, as DOT, as JSON.

use std::fmt::Write;

use serde_json::json;

use super::layout::{Layout, Tone, clean, push, push_title, width};
use super::units::{count, seconds};
use crate::stack::{COMPLETED, CheckTime, HEALTHY, StartGraph, StartPath, StartedService};
use crate::wire::{GraphJson, InactiveServiceJson, OnlyWritten, ServiceWaitJson, StartedServiceJson, list};

/// Services that are named one by one.
const NAMES: usize = 4;

/// How a graph is written for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphStyle {
    /// Levels, one below the other.
    Levels,
    /// A flowchart of Mermaid.
    Mermaid,
    /// A graph of Graphviz.
    Dot,
}

/// The graph of a compose file for people.
pub fn compose_graph(name: &str, graph: &StartGraph, style: GraphStyle, layout: Layout) -> String {
    match style {
        GraphStyle::Levels => levels(name, graph, layout),
        GraphStyle::Mermaid => mermaid(graph),
        GraphStyle::Dot => dot(graph),
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

fn levels(name: &str, graph: &StartGraph, layout: Layout) -> String {
    let mut out = String::new();
    let levels = graph.services.last().map_or(0, |service| service.level + 1);
    let about = format!("{}, {}", count(graph.services.len() as u64, "service"), count(levels as u64, "start level"));
    push_title(&mut out, &clean(name), &about, 3, layout);
    let names = graph.services.iter().map(|service| width(&clean(&service.name))).max().unwrap_or(0);
    for (index, service) in graph.services.iter().enumerate() {
        let is_first = index == 0 || graph.services[index - 1].level != service.level;
        let level = if is_first { (service.level + 1).to_string() } else { String::new() };
        if is_first {
            out.push('\n');
        }
        let name = clean(&service.name);
        let line = format!("{level:>4}  {name}{}  {}", " ".repeat(names - width(&name)), details(service));
        let _ = writeln!(out, "{}", line.trim_end());
    }
    if !graph.inactive.is_empty() {
        let profiles = |names: &[String]| names.iter().map(|name| clean(name)).collect::<Vec<_>>().join(", ");
        let services = graph.inactive.iter().map(|(name, names)| format!("{} ({})", clean(name), profiles(names)));
        let services: Vec<String> = services.collect();
        out.push('\n');
        let text = format!("–  not started without its profile: {}", services.join(", "));
        push(&mut out, &text, 3, layout, Tone::Plain);
    }
    out.push('\n');
    let mut lines = duration(graph);
    let unknown = graph.services.iter().filter(|service| service.check == CheckTime::Unknown && !service.is_job);
    let unknown: Vec<_> = unknown.map(|service| clean(&service.name)).collect();
    match unknown.len() {
        0 => {}
        1 => lines.push(format!("Of the image of {} nothing is known: it may have a check", unknown[0])),
        2..=NAMES => {
            lines.push(format!("Of the images of {} nothing is known: they may have checks", unknown.join(", ")));
        }
        count => lines.push(format!("Of the images of {count} services nothing is known: they may have checks")),
    }
    for line in lines {
        push(&mut out, &line, 2, layout, Tone::Plain);
    }
    out
}

/// How long it takes until all are ready, in lines.
fn duration(graph: &StartGraph) -> Vec<String> {
    let way = |path: &StartPath| path.services.iter().map(|name| clean(name)).collect::<Vec<_>>().join(" → ");
    // Nothing tells when a service without a check is ready.
    let is_asked =
        |service: &StartedService| service.is_job || matches!(service.check, CheckTime::AtMost(_) | CheckTime::Untimed);
    let what = if graph.services.iter().all(is_asked) { "All are ready" } else { "All checks have passed" };
    let known = graph.timed_path.as_ref().filter(|path| path.seconds > 0.0);
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
    let names: Vec<String> = open.open.iter().map(|name| format!("`{}`", clean(name))).collect();
    let takes = match &names[..] {
        [name] => format!("the time that {name} takes"),
        _ => format!("the times that {} take", names.join(", ")),
    };
    let after = if open.seconds > 0.0 { format!("{} and {takes}", seconds(open.seconds)) } else { takes };
    let mut lines = Vec::new();
    match known.filter(|path| path.seconds > open.seconds) {
        Some(path) => {
            lines.push(format!("{what} after at most {}: {}", seconds(path.seconds), way(path)));
            lines.push(format!("or after {after}, if that is longer: {}", way(open)));
        }
        None => lines.push(format!("{what} after at most {after}: {}", way(open))),
    }
    lines
}

fn details(service: &StartedService) -> String {
    let mut parts = Vec::new();
    // Services with the same condition stand together.
    let of_word = |wanted: &str| {
        let names = service.waits_for.iter().filter(|(_, condition)| word(condition) == wanted);
        let names: Vec<_> = names.map(|(name, _)| clean(name)).collect();
        if names.is_empty() { None } else { Some(format!("{} ({wanted})", names.join(", "))) }
    };
    let waits: Vec<String> = ["completed", "healthy", "started"].into_iter().filter_map(of_word).collect();
    if !waits.is_empty() {
        parts.push(format!("after {}", waits.join(", ")));
    }
    parts.push(match service.check {
        CheckTime::AtMost(time) => format!("healthy within {}", seconds(time)),
        CheckTime::Missing | CheckTime::Unknown if service.is_job => "ends by itself".to_owned(),
        CheckTime::Missing => "no check".to_owned(),
        CheckTime::Untimed => "check of its image, times unknown".to_owned(),
        CheckTime::Unknown => "check unknown".to_owned(),
    });
    parts.join("; ")
}

fn mermaid(graph: &StartGraph) -> String {
    let mut out = "flowchart LR\n".to_owned();
    let number = |name: &str| graph.services.iter().position(|service| service.name == name);
    for (index, service) in graph.services.iter().enumerate() {
        let _ = writeln!(out, "    s{index}[\"{}\"]", plain(&service.name));
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
        let _ = writeln!(out, "    \"{}\"", plain(&service.name));
    }
    for service in &graph.services {
        for (name, condition) in &service.waits_for {
            let style = if *condition == HEALTHY { "solid" } else { "dashed" };
            let (from, to) = (plain(name), plain(&service.name));
            let _ = writeln!(out, "    \"{from}\" -> \"{to}\" [label={}, style={style}]", word(condition));
        }
    }
    out.push_str("}\n");
    out
}

/// A name without what ends a text in quotes; Compose allows none of it.
fn plain(name: &str) -> String {
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
