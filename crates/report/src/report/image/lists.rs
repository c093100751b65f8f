//! The lists of the screen: lost bytes, useless contents, packages, equal contents.

use std::collections::{BTreeSet, HashMap};

use super::{ImageView, shown_maker, shown_makers, shown_path, waste_words};
use crate::analysis::{AnalysisFinding, ImageAnalysis, rule_of_waste};
use crate::image::packages::{ImagePackages, Package};
use crate::image::{CategoryClass, CategoryUse, LossGroup};
use crate::report::page::{Column, Medium, Table, Text, TextKind, Tone, number, path, plain, toned};
use crate::report::units::{bytes, count};
use crate::results::{is_one_of_many, joined_message};
use crate::rules::{self, ImageFinding};

/// Rows with fewer bytes are not shown.
const WORTH: u64 = 10_000;

/// The name of a rule, which leads to its page.
fn rule_name(name: &str) -> Text {
    let kind = rules::find(name).map_or(TextKind::Words, |rule| TextKind::Link(rule.url()));
    Text::new(name, kind, Tone::Dim)
}

/// Wasted bytes: what, where, who wrote it, who deleted or overwrote it, and the rule about it; in a document what helps,
/// too.
pub(super) fn waste(analysis: &ImageAnalysis, view: &ImageView<'_>, medium: Medium) -> Table {
    let mut rows = Vec::new();
    // Waste of the base image is for its maintainers to fix.
    let worth = |group: &LossGroup| view.all || (group.bytes >= WORTH && !analysis.is_base(group.by as usize));
    for group in analysis.loss_groups.iter().filter(|group| worth(group)).take(view.top) {
        let files = if group.files > 1 { format!(" ({})", count(group.files, "file")) } else { String::new() };
        let mut row = vec![
            number(bytes(group.bytes)),
            plain(waste_words(group.how)),
            path(shown_path(analysis, group.path)).and(files),
            plain(shown_makers(analysis, group.owner as usize, group.by as usize)),
            rule_of_waste(analysis, group).map(rule_name).unwrap_or_default(),
        ];
        if medium != Medium::Terminal {
            row.push(help(analysis, group).map(plain).unwrap_or_default());
        }
        rows.push(row);
    }
    let columns = [Column::Right, Column::Left, Column::Path, Column::Left, Column::Words, Column::Words];
    let head = ["bytes", "", "path", "written, removed by", "rule", "fix"];
    Table::new(&columns, rows).with_quiet_head(&head).of(analysis.loss_groups.len())
}

/// What helps against such waste.
fn help<'a>(analysis: &'a ImageAnalysis, group: &LossGroup) -> Option<&'a str> {
    let story = (group.path, group.owner as usize, Some(group.by as usize));
    let finding = analysis.findings.iter().find(|finding| (finding.path, finding.layer, finding.by) == story)?;
    Some(&finding.help)
}

/// Contents of no use at run time: categories that are findings first.
pub(super) fn categories(analysis: &ImageAnalysis, view: &ImageView<'_>) -> Table {
    let mut all: Vec<&CategoryUse> =
        analysis.categories.iter().filter(|category| category.bytes >= if view.all { 1 } else { WORTH }).collect();
    all.sort_by_key(|category_use| {
        (category_use.category.class == CategoryClass::Optional, std::cmp::Reverse(category_use.bytes))
    });
    let mut rows = Vec::new();
    for category_use in all.iter().take(view.top) {
        let tone = match category_use.category.class {
            CategoryClass::Waste => Tone::Warning,
            CategoryClass::Optional => Tone::Dim,
            CategoryClass::Trim | CategoryClass::Toolchain => Tone::Plain,
        };
        let most = category_use.layers.iter().max_by_key(|layer| layer.bytes);
        let place = category_use.places.first().map(|place| path(shown_path(analysis, place.path)));
        rows.push(vec![
            number(bytes(category_use.bytes)),
            toned(&category_use.category.name, tone),
            plain(count(category_use.files, "file")),
            plain(most.map(|layer| shown_maker(analysis, layer.layer as usize)).unwrap_or_default()),
            place.unwrap_or_default(),
            toned(&category_use.category.fix, Tone::Dim),
        ]);
    }
    let columns = [Column::Right, Column::Left, Column::Right, Column::Left, Column::Path, Column::Words];
    let head = ["bytes", "what", "", "written by", "largest place", "fix"];
    Table::new(&columns, rows).with_quiet_head(&head).of(all.len())
}

/// Packages, those first that bring most bytes with them.
pub(super) fn packages(analysis: &ImageAnalysis, packages: &ImagePackages, view: &ImageView<'_>) -> Table {
    let weight = |package: &Package| package.closure.unwrap_or(package.size).bytes;
    let mut all: Vec<&Package> =
        packages.packages.iter().filter(|package| package.part_of.is_none() && package.size.bytes > 0).collect();
    all.sort_by_key(|package| (std::cmp::Reverse(package.size.bytes), &package.name));
    let mut rows = Vec::new();
    for package in all.iter().take(view.top) {
        let more = weight(package).saturating_sub(package.size.bytes);
        let needs = if more > 0 { format!("{} with dependencies", bytes(weight(package))) } else { String::new() };
        let why = if package.is_orphan() { "needed by nothing" } else { package.why.name() };
        let name = format!("{} {}", package.name, package.version);
        rows.push(vec![
            number(bytes(package.size.bytes)),
            toned(package.ecosystem.name(), Tone::Dim),
            plain(name.trim()),
            toned(
                if why == "unknown" { "" } else { why },
                if package.is_orphan() { Tone::Warning } else { Tone::Plain },
            ),
            plain(shown_maker(analysis, package.layer as usize)),
            toned(needs, Tone::Dim),
        ]);
    }
    let columns = [Column::Right, Column::Left, Column::Words, Column::Left, Column::Left, Column::Words];
    let head = ["bytes", "", "package", "", "installed by", ""];
    Table::new(&columns, rows).with_quiet_head(&head).of(all.len())
}

/// Equal contents at several places.
pub(super) fn duplicates(analysis: &ImageAnalysis, view: &ImageView<'_>) -> Table {
    let mut rows = Vec::new();
    for equal in analysis.duplicates.iter().take(if view.all { view.top } else { view.top.min(5) }) {
        let mut places = Text::default();
        for (number, (place, _)) in equal.copies.iter().take(2).enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            places = places.and(comma).with(shown_path(analysis, *place), TextKind::Path, Tone::Plain);
        }
        let more = equal.copies.len().saturating_sub(2);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let copies = format!("{} ×", equal.copies.len());
        rows.push(vec![number(bytes(equal.bytes())), plain(copies), places.and(more)]);
    }
    let columns = [Column::Right, Column::Right, Column::Words];
    Table::new(&columns, rows).with_quiet_head(&["bytes", "copies", "paths"]).of(analysis.duplicates.len())
}

/// What rules find in the config and in permissions, counted as a report does; secrets have a list of their own.
pub(super) fn facts(analysis: &ImageAnalysis, view: &ImageView<'_>) -> Table {
    let groups = fact_groups(analysis, view);
    let mut rows = Vec::new();
    for group in groups.iter().take(view.top) {
        let [first, ..] = group[..] else { continue };
        let path = |fact: &&ImageFinding| fact.path.map(|path| shown_path(analysis, path)).unwrap_or_default();
        let paths: Vec<String> = group.iter().map(path).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let makers: BTreeSet<String> =
            group.iter().filter_map(|fact| fact.layer.map(|layer| shown_maker(analysis, layer))).collect();
        let maker = if makers.len() > 1 { count(makers.len() as u64, "layer") } else { makers.into_iter().collect() };
        rows.push(vec![plain(joined_message(&first.message, &paths)), plain(maker), rule_name(first.rule)]);
    }
    let columns = [Column::Words, Column::Left, Column::Left];
    Table::new(&columns, rows).with_quiet_head(&["finding", "written by", "rule"]).of(groups.len())
}

/// Findings that are no secrets, in groups of those that differ in their path alone; with all rows, each path is one.
fn fact_groups<'a>(analysis: &'a ImageAnalysis, view: &ImageView<'_>) -> Vec<Vec<&'a ImageFinding>> {
    let mut groups: Vec<Vec<&ImageFinding>> = Vec::new();
    let mut known = HashMap::new();
    for fact in analysis.facts.iter().filter(|fact| !fact.rule.starts_with("image-secret")) {
        let line = analysis.place_of_fact(fact).map(|(file, place)| (file, place.first_line));
        if view.all || !is_one_of_many(fact.severity, fact.cost.is_some()) {
            groups.push(vec![fact]);
            continue;
        }
        let at = *known.entry((fact.rule, line)).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.push(fact),
            None => groups.push(vec![fact]),
        }
    }
    groups
}

/// Findings on one line each, for formats that have no tables of their own.
pub(in crate::report) fn story(analysis: &ImageAnalysis, finding: &AnalysisFinding) -> String {
    let mut text = format!("{}: {}", bytes(finding.bytes), finding.message);
    let instruction = analysis.instruction(finding.layer).unwrap_or("an unrecorded instruction");
    text.push_str(&format!("; written by {} `{instruction}`", shown_maker(analysis, finding.layer)));
    if let Some(by) = finding.by {
        let instruction = analysis.instruction(by).unwrap_or("an unrecorded instruction");
        text.push_str(&format!(", removed by {} `{instruction}`", shown_maker(analysis, by)));
    }
    text
}
