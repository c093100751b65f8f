//! `compose env`: what is wrong with the variables of a project, for people and as JSON.

use std::fmt::Write;

use serde_json::json;

use super::grid::{Cell, Column, Grid, cell, plain};
use super::layout::{Layout, Tone, clean, cut, wrap};
use super::units::count;
use crate::variables::{
    EnvironmentRow, EnvironmentTable, EnvironmentValue, VariableFinding, VariableFindingKind, VariablePlace,
    VariableReport,
};
use crate::wire::{
    EnvironmentValueJson, EnvironmentsJson, OnlyWritten, VariableFindingJson, VariablePlaceJson, VariableRowJson, list,
};

/// Rows of one kind that are shown.
const ROWS: usize = 50;

/// Columns that a value takes at most.
const VALUE: usize = 24;

/// What stands for a value that may be a secret.
const HIDDEN: &str = "••••";

/// The variables of projects for people.
pub fn compose_env(report: &VariableReport, layout: Layout) -> String {
    let services = count(report.services as u64, "service");
    let mut out = format!("{services}, {} read, {} set\n", count(report.reads as u64, "variable"), report.definitions);
    for kind in [
        VariableFindingKind::Secret,
        VariableFindingKind::Missing,
        VariableFindingKind::NotPassedOn,
        VariableFindingKind::Unused,
        VariableFindingKind::Undocumented,
    ] {
        let findings: Vec<&VariableFinding> = report.findings.iter().filter(|finding| finding.kind == kind).collect();
        if !findings.is_empty() {
            out.push_str(&section(kind, &findings, layout));
        }
    }
    for table in &report.differences {
        out.push_str(&environments(table, layout));
    }
    if !report.notes.is_empty() {
        out.push('\n');
    }
    for note in &report.notes {
        for (index, line) in wrap(&clean(note), layout.columns().saturating_sub(6)).iter().enumerate() {
            let head = if index == 0 { "note: " } else { "      " };
            let _ = writeln!(out, "{}{line}", layout.paint(Tone::Dim, head));
        }
    }
    out
}

fn title(kind: VariableFindingKind) -> &'static str {
    match kind {
        VariableFindingKind::Secret => "Secrets in files that git tracks",
        VariableFindingKind::Missing => "Missing",
        VariableFindingKind::NotPassedOn => "Set in .env, but no container gets it",
        VariableFindingKind::Unused => "Unused",
        VariableFindingKind::Undocumented => "Not in the example file",
    }
}

fn place(place: &VariablePlace) -> String {
    format!("{}:{}:{}", place.file, place.line, place.column)
}

fn section(kind: VariableFindingKind, findings: &[&VariableFinding], layout: Layout) -> String {
    let mut out = format!("\n{}\n", layout.paint(Tone::Strong, title(kind)));
    let tone = if matches!(kind, VariableFindingKind::Secret | VariableFindingKind::Missing) {
        Tone::Error
    } else {
        Tone::Warning
    };
    let row = |finding: &&VariableFinding| {
        let services = finding.services.join(", ");
        vec![cell(&finding.name, tone), plain(services), cell(place(&finding.place), Tone::Dim)]
    };
    let rows: Vec<Vec<Cell>> = findings.iter().take(ROWS).map(row).collect();
    let columns = [Column::Left, Column::Words, Column::Path];
    out.push_str(&Grid { columns: &columns, head: &[], rows: &rows, indent: 2 }.write(layout));
    if findings.len() > ROWS {
        let _ = writeln!(out, "  … and {} more, all with `--format json`", findings.len() - ROWS);
    }
    // What to do is said once for all that it holds for.
    let mut helps: Vec<(String, Vec<&str>)> = Vec::new();
    for finding in findings.iter().take(ROWS) {
        let text = finding.help.replace(&finding.name, "NAME");
        match helps.iter_mut().find(|(known, _)| *known == text) {
            Some((_, names)) => names.push(&finding.name),
            None => helps.push((text, vec![&finding.name])),
        }
    }
    for (help, names) in helps {
        let text = match names.as_slice() {
            [name] => help.replace("NAME", name),
            _ => help,
        };
        for (index, line) in wrap(&clean(&text), layout.columns().saturating_sub(10)).iter().enumerate() {
            let head = if index == 0 { "  help: " } else { "        " };
            let _ = writeln!(out, "{}{line}", layout.paint(Tone::Info, head));
        }
    }
    out
}

fn environments(table: &EnvironmentTable, layout: Layout) -> String {
    let mut out = format!("\n{}\n", layout.paint(Tone::Strong, "Different between environments"));
    let name = |row: &EnvironmentRow| match &row.service {
        Some(service) => format!("{service}: {}", row.name),
        None => row.name.clone(),
    };
    let value = |value: &Option<EnvironmentValue>| match value {
        None => cell("–", Tone::Dim),
        Some(EnvironmentValue { text: None, .. }) => plain(HIDDEN),
        Some(EnvironmentValue { text: Some(text), .. }) if text.is_empty() => cell("(empty)", Tone::Dim),
        Some(EnvironmentValue { text: Some(text), .. }) => plain(cut(&clean(text), VALUE)),
    };
    let rows: Vec<Vec<Cell>> = table
        .rows
        .iter()
        .take(ROWS)
        .map(|row| std::iter::once(plain(name(row))).chain(row.values.iter().map(value)).collect())
        .collect();
    let mut columns = vec![Column::Words; table.environments.len() + 1];
    columns[0] = Column::Left;
    let head: Vec<String> = std::iter::once("variable".to_owned()).chain(table.environments.iter().cloned()).collect();
    let head: Vec<String> = head.iter().map(|name| clean(name).into_owned()).collect();
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    out.push_str(&Grid { columns: &columns, head: &head, rows: &rows, indent: 2 }.write(layout));
    if table.rows.len() > ROWS {
        let _ = writeln!(out, "  … and {} more, all with `--format json`", table.rows.len() - ROWS);
    }
    out
}

/// The variables of projects as JSON.
pub fn compose_env_json(report: &VariableReport) -> String {
    let place = |place: &VariablePlace| VariablePlaceJson {
        file: place.file.clone(),
        line: place.line,
        column: OnlyWritten(place.column),
    };
    let kind = |kind: VariableFindingKind| match kind {
        VariableFindingKind::Secret => "secret",
        VariableFindingKind::Missing => "missing",
        VariableFindingKind::NotPassedOn => "not-passed-on",
        VariableFindingKind::Unused => "unused",
        VariableFindingKind::Undocumented => "undocumented",
    };
    let findings = list(&report.findings, |finding| VariableFindingJson {
        kind: kind(finding.kind).to_owned(),
        name: finding.name.clone(),
        services: finding.services.clone(),
        place: place(&finding.place),
        message: finding.message.clone(),
        help: OnlyWritten(finding.help.clone()),
    });
    let value = |value: &EnvironmentValue| EnvironmentValueJson {
        value: OnlyWritten(value.text.clone()),
        hidden: OnlyWritten(value.text.is_none()),
        place: place(&value.place),
    };
    let row = |row: &EnvironmentRow| VariableRowJson {
        service: row.service.clone(),
        name: row.name.clone(),
        values: list(&row.values, |item| item.as_ref().map(value)),
    };
    let tables = list(&report.differences, |table| EnvironmentsJson {
        environments: table.environments.clone(),
        variables: list(&table.rows, row),
    });
    let result = json!({
        "schema": "dockopt.compose-env/1",
        "dockopt": env!("CARGO_PKG_VERSION"),
        "services": report.services,
        "read": report.reads,
        "set": report.definitions,
        "findings": findings,
        "differences": tables,
        "notes": report.notes,
    });
    format!("{result:#}\n")
}
