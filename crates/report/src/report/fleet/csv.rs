//! A report over many items as a table for spreadsheets.

use std::io::{self, Write};

use crate::fleet::{CostlyLine, FleetSums};
use crate::report::format::escape::{csv, write_row};

/// A table of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FleetTable {
    /// A row per folder and image.
    Items,
    /// A row per line that costs something.
    Lines,
    /// A row per finding about a secret.
    Secrets,
    /// A row per rule.
    Rules,
    /// A row per layer that several images have.
    Layers,
    /// A row per base image.
    Bases,
    /// A row per package that a common base could hold.
    Packages,
}

/// Writes a table, its heads first.
///
/// # Errors
/// When the rows can't be written.
pub fn fleet_csv(sums: &FleetSums, table: FleetTable, out: &mut dyn Write) -> io::Result<()> {
    let (head, rows): (&str, Vec<Vec<String>>) = match table {
        FleetTable::Items => {
            ("name,kind,outcome,reason,builds,pull_bytes,disk_bytes,only_pull_bytes,findings", items(sums))
        }
        FleetTable::Lines => (LINE_HEAD, sums.lines.iter().map(line).collect()),
        FleetTable::Secrets => (LINE_HEAD, sums.secrets.iter().map(line).collect()),
        FleetTable::Rules => ("rule,severity,findings,items,bytes,seconds", rules(sums)),
        FleetTable::Layers => ("digest,pull_bytes,images,instruction", layers(sums)),
        FleetTable::Bases => ("name,layers,pull_bytes,other_pull_bytes,images,instruction", bases(sums)),
        FleetTable::Packages => ("ecosystem,name,versions,images,layers,saved_bytes", packages(sums)),
    };
    write_row(out, &[head.to_owned()])?;
    rows.iter().try_for_each(|row| write_row(out, row))
}

const LINE_HEAD: &str = "item,file,line,rule,severity,saves,kind,per,basis,other_findings,message";

/// A number, or nothing where it is unknown.
fn optional(number: Option<impl ToString>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

fn text(words: Option<&String>) -> String {
    words.map(|words| csv(words)).unwrap_or_default()
}

fn items(sums: &FleetSums) -> Vec<Vec<String>> {
    let row = |item: &crate::fleet::ItemState| {
        vec![
            csv(&item.name),
            item.kind.clone(),
            item.outcome.clone(),
            text(item.reason.as_ref()),
            item.builds.to_string(),
            optional(item.pull_bytes),
            optional(item.disk_bytes),
            optional(item.only_pull_bytes),
            item.findings.values().sum::<usize>().to_string(),
        ]
    };
    sums.items.iter().map(row).collect()
}

fn line(line: &CostlyLine) -> Vec<String> {
    let (finding, cost) = (&line.finding, line.finding.cost.as_ref());
    vec![
        csv(&line.item),
        csv(&finding.file),
        optional(finding.line),
        csv(&finding.rule),
        csv(&finding.severity),
        optional(cost.and_then(|cost| cost.saves)),
        text(cost.map(|cost| &cost.kind)),
        text(cost.map(|cost| &cost.per)),
        text(cost.map(|cost| &cost.basis)),
        line.others.to_string(),
        csv(&finding.message),
    ]
}

fn rules(sums: &FleetSums) -> Vec<Vec<String>> {
    let row = |rule: &crate::fleet::RuleSum| {
        vec![
            csv(&rule.rule),
            optional(rule.severity.map(crate::finding::Severity::name)),
            rule.findings.to_string(),
            rule.items.to_string(),
            rule.bytes.to_string(),
            rule.seconds.to_string(),
        ]
    };
    sums.rules.iter().map(row).collect()
}

fn layers(sums: &FleetSums) -> Vec<Vec<String>> {
    let row = |layer: &crate::analysis::SharedLayer| {
        let images = layer.images.len().to_string();
        vec![csv(&layer.digest), layer.bytes.to_string(), images, text(layer.instruction.as_ref())]
    };
    sums.shared.layers.iter().map(row).collect()
}

fn bases(sums: &FleetSums) -> Vec<Vec<String>> {
    let row = |base: &crate::analysis::SharedBase| {
        vec![
            text(base.name.as_ref()),
            base.layers.to_string(),
            base.bytes.to_string(),
            base.other_bytes.to_string(),
            base.images.len().to_string(),
            text(base.instruction.as_ref()),
        ]
    };
    sums.shared.bases.iter().map(row).collect()
}

fn packages(sums: &FleetSums) -> Vec<Vec<String>> {
    let row = |package: &crate::fleet::RepeatedPackage| {
        let versions: Vec<&str> = package.versions.keys().map(String::as_str).collect();
        vec![
            csv(&package.ecosystem),
            csv(&package.name),
            csv(&versions.join(" ")),
            package.images.to_string(),
            package.layers.to_string(),
            package.saves.to_string(),
        ]
    };
    sums.packages.iter().map(row).collect()
}
