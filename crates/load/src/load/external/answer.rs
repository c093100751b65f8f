//! The JSON of other linters ─► findings.

use serde::Deserialize;

use crate::inputs::{ExternalFinding, ExternalSeverity};
use crate::text::{FileId, LineColumn, json_reason};

/// Findings of one file that are read.
const FINDINGS: usize = 2_000;

/// Longest message, in characters.
const LONGEST: usize = 500;

/// A finding of zizmor (`--format json`, version 1).
#[derive(Deserialize)]
struct ZizmorFinding {
    ident: String,
    #[serde(default)]
    desc: String,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    determinations: Determinations,
    #[serde(default)]
    locations: Vec<ZizmorLocation>,
    #[serde(default)]
    ignored: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Determinations {
    severity: String,
}

#[derive(Deserialize)]
struct ZizmorLocation {
    symbolic: Symbolic,
    concrete: Concrete,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Symbolic {
    annotation: String,
    /// `Primary`, `Related` or `Hidden`; a value in other versions.
    kind: serde_json::Value,
}

#[derive(Deserialize)]
struct Concrete {
    location: Range,
}

#[derive(Deserialize)]
struct Range {
    start_point: Point,
    end_point: Point,
}

/// Counted from 0.
#[derive(Deserialize)]
struct Point {
    row: u32,
    column: u32,
}

impl Point {
    const fn place(&self) -> LineColumn {
        LineColumn { line: self.row.saturating_add(1), column: self.column.saturating_add(1) }
    }
}

/// What zizmor prints of a file.
pub(super) fn zizmor_findings(answer: &[u8], file: FileId) -> Result<Vec<ExternalFinding>, String> {
    let findings: Vec<ZizmorFinding> = serde_json::from_slice(answer).map_err(|error| json_reason(&error))?;
    let read = |finding: ZizmorFinding| {
        let is_primary = |location: &&ZizmorLocation| location.symbolic.kind.as_str() == Some("Primary");
        let location = finding.locations.iter().find(is_primary).or_else(|| finding.locations.first())?;
        let annotation = location.symbolic.annotation.trim();
        let message = match annotation {
            "" | "this" => finding.desc.clone(),
            annotation => format!("{}: {annotation}", finding.desc),
        };
        let severity = match &*finding.determinations.severity {
            "High" => ExternalSeverity::Error,
            "Medium" => ExternalSeverity::Warning,
            _ => ExternalSeverity::Info,
        };
        Some(ExternalFinding {
            file,
            start: location.concrete.location.start_point.place(),
            end: location.concrete.location.end_point.place(),
            id: id("zizmor", &finding.ident),
            severity,
            message: one_line(&message),
            url: finding.url.filter(|url| url.starts_with("https://")),
        })
    };
    Ok(findings.into_iter().filter(|finding| !finding.ignored).take(FINDINGS).filter_map(read).collect())
}

/// A finding of actionlint (`-format '{{json .}}'`).
#[derive(Deserialize)]
struct ActionlintFinding {
    message: String,
    line: u32,
    column: u32,
    kind: String,
    #[serde(default)]
    end_column: u32,
}

/// What actionlint prints of a file.
pub(super) fn actionlint_findings(answer: &[u8], file: FileId) -> Result<Vec<ExternalFinding>, String> {
    // A list that is empty may be printed as `null`.
    let findings: Option<Vec<ActionlintFinding>> =
        serde_json::from_slice(answer).map_err(|error| json_reason(&error))?;
    let read = |finding: ActionlintFinding| {
        let start = LineColumn { line: finding.line.max(1), column: finding.column.max(1) };
        // Its end is the last column that belongs to it.
        let end = LineColumn { line: start.line, column: finding.end_column.max(start.column).saturating_add(1) };
        ExternalFinding {
            file,
            start,
            end,
            id: id("actionlint", &finding.kind),
            severity: ExternalSeverity::Error,
            message: one_line(&finding.message),
            url: Some("https://github.com/rhysd/actionlint/blob/main/docs/checks.md".to_owned()),
        }
    };
    Ok(findings.unwrap_or_default().into_iter().take(FINDINGS).map(read).collect())
}

/// A finding of squawk (`--reporter=Json`); lines and columns are counted from 0.
#[derive(Deserialize)]
struct SquawkFinding {
    line: u32,
    column: u32,
    level: String,
    message: String,
    #[serde(default)]
    help: Option<String>,
    rule_name: String,
    line_end: u32,
    column_end: u32,
}

/// What squawk prints of a file.
pub(super) fn squawk_findings(answer: &[u8], file: FileId) -> Result<Vec<ExternalFinding>, String> {
    let findings: Vec<SquawkFinding> = serde_json::from_slice(answer).map_err(|error| json_reason(&error))?;
    let read = |finding: SquawkFinding| {
        let help = finding.help.map(|help| format!(" {help}")).unwrap_or_default();
        ExternalFinding {
            file,
            start: Point { row: finding.line, column: finding.column }.place(),
            end: Point { row: finding.line_end, column: finding.column_end }.place(),
            id: id("squawk", &finding.rule_name),
            severity: if finding.level == "Error" { ExternalSeverity::Error } else { ExternalSeverity::Warning },
            message: one_line(&format!("{}{help}", finding.message)),
            url: Some("https://squawkhq.com/docs/rules".to_owned()),
        }
    };
    Ok(findings.into_iter().take(FINDINGS).map(read).collect())
}

/// An id without what no id has.
fn id(linter: &str, name: &str) -> String {
    let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).take(64).collect();
    format!("{linter}/{}", if name.is_empty() { "other" } else { &name })
}

fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.trim_end_matches('.').chars().take(LONGEST).collect()
}
