//! What the results of many items say, for programs, as `schemas/fleet-report.schema.json` describes it.

use serde::Serialize;

use super::view::FleetView;
use crate::analysis::SharedLayers;
use crate::fleet::{CostlyLine, FleetChange, ItemChange, REPORT_SCHEMA};
use crate::report::json;
use crate::settings::image_repository;
use crate::wire::{Head, list, object};

/// Layers, packages and bases that are listed.
const MOST_ROWS: usize = 1_000;

/// The report as JSON. It says nothing of when and in how many shards the items were looked at: the same results give the
/// same bytes.
pub fn fleet_report_json(view: &FleetView<'_>) -> String {
    let sums = view.sums;
    json::pretty(&object! {
        #[serde(flatten)]
        head: Head::new(REPORT_SCHEMA, "."),
        totals: object! {
            folders: view.count(|kind, _| kind == "folder"),
            images: view.count(|kind, _| kind == "image"),
            results: view.count(|_, outcome| outcome == "result"),
            failures: view.count(|_, outcome| outcome == "failure"),
            missing: view.count(|_, outcome| outcome == "missing"),
            builds: sums.items.iter().map(|item| item.builds).sum::<usize>(),
            findings: sums.rules.iter().map(|rule| rule.findings).sum::<usize>(),
        },
        secrets: list(&sums.secrets, finding),
        changes: view.change.map(changes),
        sharing: sharing(view),
        bases: bases(&sums.shared),
        base_families: list(sums.shared.families.iter().take(MOST_ROWS), |family| object! {
            name: &family.name,
            bases: &family.bases,
            saves: family.saves,
        }),
        packages: list(sums.packages.iter().take(MOST_ROWS), |package| object! {
            ecosystem: &package.ecosystem,
            name: &package.name,
            versions: &package.versions,
            images: package.images,
            layers: package.layers,
            saves: package.saves,
        }),
        lines: list(&sums.lines, finding),
        hidden_lines: sums.hidden_lines,
        rules: list(&sums.rules, |rule| object! {
            rule: &rule.rule,
            severity: rule.severity.map(crate::finding::Severity::name),
            findings: rule.findings,
            items: rule.items,
            bytes: rule.bytes,
            seconds: rule.seconds,
        }),
        failures: &sums.failures,
        problems: list(&sums.problems, |(item, message)| object! { item, message }),
        items: &sums.items,
        notices: view.notices,
    })
}

fn sharing(view: &FleetView<'_>) -> impl Serialize {
    let shared = &view.sums.shared;
    object! {
        separate_pull_bytes: shared.separate_bytes,
        host_pull_bytes: shared.host_bytes,
        different_layers: shared.layer_count,
        common_base_saves: shared.common_base_saves,
        hosts: view.host_pull().map(|pull| object! {
            hosts: pull.hosts,
            all_pull_bytes: pull.all_bytes,
            spread_pull_bytes: pull.spread_bytes,
        }),
        layers: list(shared.layers.iter().take(MOST_ROWS), |layer| object! {
            digest: &layer.digest,
            pull_bytes: layer.bytes,
            images: layer.images.len(),
            instruction: layer.instruction.as_deref(),
        }),
    }
}

fn bases(shared: &SharedLayers) -> Vec<impl Serialize> {
    list(shared.bases.iter().take(MOST_ROWS), |base| {
        let name = base.name.as_deref().map(image_repository);
        let version = base.name.as_deref().and_then(|full| full.get(name?.len() + 1..));
        object! {
            name,
            version,
            layers: base.layers,
            pull_bytes: base.bytes,
            other_pull_bytes: base.other_bytes,
            images: base.images.len(),
            instruction: base.instruction.as_deref(),
        }
    })
}

fn finding(line: &CostlyLine) -> impl Serialize {
    let finding = &line.finding;
    object! {
        item: &line.item,
        file: &finding.file,
        line: finding.line,
        rule: &finding.rule,
        severity: &finding.severity,
        message: &finding.message,
        help: finding.help.as_deref(),
        cost: finding.cost.as_ref(),
        other_findings: line.others,
    }
}

fn changes(change: &FleetChange) -> impl Serialize {
    let row = |change: &ItemChange| {
        object! { item: change.item.clone(), rule: change.rule.clone(), before: change.before, after: change.after }
    };
    object! {
        new_items: &change.new_items,
        gone_items: &change.gone_items,
        new_failures: &change.new_failures,
        host_pull_bytes_before: change.host_bytes_before,
        sizes: list(&change.sizes, row),
        more_findings: list(&change.more_findings, row),
        fewer_findings: list(&change.fewer_findings, row),
    }
}
