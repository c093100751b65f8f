//! `compose env`: what is wrong with the variables of a project, for people and as JSON.

use serde_json::json;

use super::layout::cut;
use super::page::{Block, Column, Page, Section, Table, Text, TextKind, Tone, note, path, plain, toned};
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
pub fn compose_env(report: &VariableReport) -> Page {
    let services = count(report.services as u64, "service");
    let mut page = Page::new("Variables of services");
    let variables = count(report.reads as u64, "variable");
    page.push(plain(format!("{services}, {variables} read, {} set", report.definitions)));
    for kind in [
        VariableFindingKind::Secret,
        VariableFindingKind::Missing,
        VariableFindingKind::NotPassedOn,
        VariableFindingKind::Unused,
        VariableFindingKind::Undocumented,
    ] {
        let findings: Vec<&VariableFinding> = report.findings.iter().filter(|finding| finding.kind == kind).collect();
        if !findings.is_empty() {
            page.push(section(kind, &findings));
        }
    }
    for table in &report.differences {
        let section = Section::new("Different between environments").with(environments(table));
        page.push(with_hidden(section, table.rows.len()));
    }
    page.push_list(report.notes.iter().map(note).collect());
    page
}

/// With a line that tells how many rows are not shown.
fn with_hidden(mut section: Section, rows: usize) -> Section {
    if rows > ROWS {
        section.push(plain(format!("… and {} more, all with `--format json`", rows - ROWS)));
    }
    section
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

fn section(kind: VariableFindingKind, findings: &[&VariableFinding]) -> Section {
    let tone = if matches!(kind, VariableFindingKind::Secret | VariableFindingKind::Missing) {
        Tone::Error
    } else {
        Tone::Warning
    };
    let row = |finding: &&VariableFinding| {
        let name = Text::new(&finding.name, TextKind::Code, tone);
        vec![name, plain(finding.services.join(", ")), path(place(&finding.place)).in_tone(Tone::Dim)]
    };
    let rows = findings.iter().take(ROWS).map(row).collect();
    let columns = [Column::Left, Column::Words, Column::Path];
    let table = Table::new(&columns, rows).with_quiet_head(&["variable", "services", "place"]);
    let mut section = with_hidden(Section::new(title(kind)).with(table), findings.len());
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
        let help = match names.as_slice() {
            [name] => help.replace("NAME", name),
            _ => help,
        };
        section.push(toned("help: ", Tone::Info).and(help));
    }
    section
}

fn environments(table: &EnvironmentTable) -> Block {
    let name = |row: &EnvironmentRow| match &row.service {
        Some(service) => format!("{service}: {}", row.name),
        None => row.name.clone(),
    };
    let value = |value: &Option<EnvironmentValue>| match value {
        None => toned("–", Tone::Dim),
        Some(EnvironmentValue { text: None, .. }) => plain(HIDDEN),
        Some(EnvironmentValue { text: Some(text), .. }) if text.is_empty() => toned("(empty)", Tone::Dim),
        Some(EnvironmentValue { text: Some(text), .. }) => plain(cut(text, VALUE)),
    };
    let row = |row: &EnvironmentRow| std::iter::once(plain(name(row))).chain(row.values.iter().map(value)).collect();
    let rows = table.rows.iter().take(ROWS).map(row).collect();
    let mut columns = vec![Column::Words; table.environments.len() + 1];
    columns[0] = Column::Left;
    let head: Vec<&str> = std::iter::once("variable").chain(table.environments.iter().map(String::as_str)).collect();
    Table::new(&columns, rows).with_head(&head).into()
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
