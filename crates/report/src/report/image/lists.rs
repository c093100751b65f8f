//! The lists of the screen: lost bytes, useless contents, packages, equal contents.

use super::{ImageView, shown_maker, shown_makers, shown_path, waste_words};
use crate::analysis::{AnalysisFinding, ImageAnalysis, rule_of_waste};
use crate::image::packages::{ImagePackages, Package};
use crate::image::{CategoryClass, CategoryUse, LossGroup};
use crate::report::grid::{Cell, Column, cell, grid, plain};
use crate::report::layout::{Layout, Tone};
use crate::report::units::{bytes, count, hidden_rows};

/// Rows with fewer bytes are not shown.
const WORTH: u64 = 10_000;

/// Wasted bytes: what, where, who wrote it, who deleted or overwrote it, and the rule about it.
pub(super) fn waste(analysis: &ImageAnalysis, view: &ImageView<'_>, layout: Layout) -> String {
    let mut rows = Vec::new();
    // Waste of the base image is for its maintainers to fix.
    let worth = |group: &LossGroup| view.all || (group.bytes >= WORTH && !analysis.is_base(group.by as usize));
    for group in analysis.loss_groups.iter().filter(|group| worth(group)).take(view.top) {
        let (owner, by) = (group.owner as usize, group.by as usize);
        let files = if group.files > 1 { format!(" ({})", count(group.files, "file")) } else { String::new() };
        let rule = rule_of_waste(analysis, group);
        rows.push(vec![
            plain(bytes(group.bytes)),
            plain(waste_words(group.how)),
            plain(format!("{}{files}", shown_path(analysis, group.path))),
            plain(shown_makers(analysis, owner, by)),
            cell(rule.unwrap_or(""), Tone::Dim),
        ]);
    }
    if rows.is_empty() {
        return String::new();
    }
    let columns = [Column::Right, Column::Left, Column::Path, Column::Left, Column::Words];
    grid(&columns, &rows, layout, 4) + &hidden_rows(analysis.loss_groups.len(), rows.len(), 4)
}

/// Contents of no use at run time: categories that are findings first.
pub(super) fn categories(analysis: &ImageAnalysis, view: &ImageView<'_>, layout: Layout) -> String {
    let mut all: Vec<&CategoryUse> =
        analysis.categories.iter().filter(|category| category.bytes >= if view.all { 1 } else { WORTH }).collect();
    all.sort_by_key(|category_use| {
        (category_use.category.class == CategoryClass::Optional, std::cmp::Reverse(category_use.bytes))
    });
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for category_use in all.iter().take(view.top) {
        let tone = match category_use.category.class {
            CategoryClass::Waste => Tone::Warning,
            CategoryClass::Optional => Tone::Dim,
            CategoryClass::Trim | CategoryClass::Toolchain => Tone::Plain,
        };
        let most = category_use.layers.iter().max_by_key(|layer| layer.bytes);
        let place = category_use.places.first().map(|place| shown_path(analysis, place.path)).unwrap_or_default();
        rows.push(vec![
            plain(bytes(category_use.bytes)),
            cell(&category_use.category.name, tone),
            plain(count(category_use.files, "file")),
            plain(most.map(|layer| shown_maker(analysis, layer.layer as usize)).unwrap_or_default()),
            plain(place),
            cell(&category_use.category.fix, Tone::Dim),
        ]);
    }
    let columns = [Column::Right, Column::Left, Column::Right, Column::Left, Column::Path, Column::Words];
    grid(&columns, &rows, layout, 4) + &hidden_rows(all.len(), rows.len(), 4)
}

/// Packages, those first that bring most bytes with them.
pub(super) fn packages(
    analysis: &ImageAnalysis,
    packages: &ImagePackages,
    view: &ImageView<'_>,
    layout: Layout,
) -> String {
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
            plain(bytes(package.size.bytes)),
            cell(package.ecosystem.name(), Tone::Dim),
            plain(name.trim()),
            cell(
                if why == "unknown" { "" } else { why },
                if package.is_orphan() { Tone::Warning } else { Tone::Plain },
            ),
            plain(shown_maker(analysis, package.layer as usize)),
            cell(needs, Tone::Dim),
        ]);
    }
    let columns = [Column::Right, Column::Left, Column::Words, Column::Left, Column::Left, Column::Words];
    grid(&columns, &rows, layout, 4) + &hidden_rows(all.len(), rows.len(), 4)
}

/// Equal contents at several places.
pub(super) fn duplicates(analysis: &ImageAnalysis, view: &ImageView<'_>, layout: Layout) -> String {
    let mut rows = Vec::new();
    for equal in analysis.duplicates.iter().take(if view.all { view.top } else { view.top.min(5) }) {
        let places: Vec<String> = equal.copies.iter().take(2).map(|(path, _)| shown_path(analysis, *path)).collect();
        let more = equal.copies.len().saturating_sub(2);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        rows.push(vec![
            plain(bytes(equal.bytes())),
            plain(format!("{} ×", equal.copies.len())),
            plain(format!("{}{more}", places.join(", "))),
        ]);
    }
    let columns = [Column::Right, Column::Right, Column::Words];
    grid(&columns, &rows, layout, 4) + &hidden_rows(analysis.duplicates.len(), rows.len(), 4)
}

/// What rules find in the config and in permissions; secrets have a list of their own.
pub(super) fn facts(analysis: &ImageAnalysis, view: &ImageView<'_>, layout: Layout) -> String {
    let all: Vec<_> = analysis.facts.iter().filter(|fact| !fact.rule.starts_with("image-secret")).collect();
    let mut rows = Vec::new();
    for fact in all.iter().take(view.top) {
        let maker = fact.layer.map(|layer| shown_maker(analysis, layer)).unwrap_or_default();
        rows.push(vec![plain(&fact.message), plain(maker), cell(fact.rule, Tone::Dim)]);
    }
    grid(&[Column::Words, Column::Left, Column::Left], &rows, layout, 4) + &hidden_rows(all.len(), rows.len(), 4)
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
