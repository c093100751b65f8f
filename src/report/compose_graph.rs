//! `compose graph`: the start order as a tree for people, as Mermaid, as DOT, as JSON.

use std::fmt::Write;

use serde_json::json;

use super::layout::{Layout, TextStyle, clean, width};
use super::units::{count, seconds};
use crate::stack::{COMPLETED, HEALTHY, StartGraph, StartedService};

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
fn word(condition: &str) -> &'static str {
    match condition {
        HEALTHY => "healthy",
        COMPLETED => "completed",
        _ => "started",
    }
}

fn levels(name: &str, graph: &StartGraph, layout: Layout) -> String {
    let mut out = layout.paint(TextStyle::Strong, &clean(name));
    let levels = graph.services.last().map_or(0, |service| service.level + 1);
    let _ =
        writeln!(out, "   {}, {}", count(graph.services.len() as u64, "service"), count(levels as u64, "start level"));
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
    out.push('\n');
    let path: Vec<_> = graph.critical_path.iter().map(|name| clean(name)).collect();
    match graph.seconds {
        Some(time) if time > 0.0 => {
            let _ = writeln!(out, "  All are ready after at most {}: {}", seconds(time), path.join(" → "));
        }
        Some(_) => out.push_str("  No service is asked whether it is ready\n"),
        None => {
            let _ = writeln!(out, "  How long it takes depends on a service that ends by itself: {}", path.join(" → "));
        }
    }
    out
}

fn details(service: &StartedService) -> String {
    let mut parts = Vec::new();
    let waits: Vec<String> =
        service.waits_for.iter().map(|(name, condition)| format!("{} ({})", clean(name), word(condition))).collect();
    if !waits.is_empty() {
        parts.push(format!("after {}", waits.join(", ")));
    }
    parts.push(match service.check_seconds {
        Some(time) => format!("healthy within {}", seconds(time)),
        None => "no check".to_owned(),
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
        let waits = service.waits_for.iter().map(|(name, condition)| json!({"service": name, "condition": condition}));
        json!({
            "name": service.name,
            "level": service.level,
            "waits_for": waits.collect::<Vec<_>>(),
            "check_seconds": service.check_seconds,
            "start_seconds": service.start_seconds,
        })
    };
    let files = graphs.iter().map(|(name, graph)| {
        json!({
            "file": name,
            "services": graph.services.iter().map(service).collect::<Vec<_>>(),
            "critical_path": graph.critical_path,
            "seconds": graph.seconds,
        })
    });
    let result = json!({
        "schema": "dockopt.compose-graph/1",
        "dockopt": env!("CARGO_PKG_VERSION"),
        "files": files.collect::<Vec<_>>(),
    });
    format!("{result:#}\n")
}
