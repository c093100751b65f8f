//! What the results of many items say, for people.

use std::cmp::Reverse;

use super::run::failure_table;
use super::view::FleetView;
use crate::analysis::{SharedBase, SharedLayers};
use crate::fleet::{CostlyLine, FleetChange, ItemChange, ItemState, RuleSum};
use crate::report::comparison::state_cost;
use crate::report::page::{Column, Page, Section, Table, Text, TextKind, Tone, code, note, number, path, plain, toned};
use crate::report::units::{bytes, count, grouped, seconds};

/// Names that are listed in one row.
const NAMES: usize = 5;

/// The report: secrets first, then what changed, what is shared, what costs most.
pub fn fleet_report(view: &FleetView<'_>) -> Page {
    let mut page = Page::new("Fleet report");
    page.push(head(view));
    for notice in view.notices {
        page.push(note(notice));
    }
    page.push_rows(Section::new(toned("Secrets", Tone::Error)), secrets(view));
    if let Some(change) = view.change {
        page.push(changes(view, change));
    }
    if !view.sums.images.is_empty() {
        page.push(sharing(view));
    }
    let about = "what each line costs, of all folders and images";
    page.push_rows(Section { about: plain(about), ..Section::new("Most expensive lines") }, lines(view));
    page.push_rows(Section::new("Rules"), rules(view));
    page.push_rows(Section::new("Largest images"), largest_images(view));
    page.push_rows(Section::new("Failures"), failure_table(&view.sums.failures));
    page.push_rows(Section::new("Problems in files"), problems(view));
    page
}

fn head(view: &FleetView<'_>) -> Text {
    let of_kind = |kind: &str| view.count(|item, _| item == kind);
    let in_outcome = |outcome: &str| view.count(|_, item| item == outcome);
    let builds: usize = view.sums.items.iter().map(|item| item.builds).sum();
    let findings: usize = view.sums.rules.iter().map(|rule| rule.findings).sum();
    let mut parts = vec![
        format!("{} with {}", count(of_kind("folder"), "folder"), count(builds as u64, "build")),
        count(of_kind("image"), "image"),
        count(findings as u64, "finding"),
    ];
    let (failed, missing) = (in_outcome("failure"), in_outcome("missing"));
    parts.extend((failed > 0).then(|| format!("{failed} failed")));
    parts.extend((missing > 0).then(|| format!("{missing} not checked")));
    let tone = if failed + missing > 0 { Tone::Warning } else { Tone::Strong };
    toned(parts.join(", "), tone)
}

/// Where a finding is.
fn place(line: &CostlyLine) -> Text {
    let finding = &line.finding;
    match finding.line {
        Some(number) => path(format!("{}:{number}", finding.file)),
        None if finding.file.is_empty() => code(&line.item),
        None => path(&finding.file),
    }
}

fn message(line: &CostlyLine) -> Text {
    let others = match line.others {
        0 => String::new(),
        1 => " and another finding".to_owned(),
        others => format!(" and {others} other findings"),
    };
    let tone = Tone::of(line.finding.severity());
    toned(&line.finding.message, tone).and_dim(format!(" [{}]{others}", line.finding.rule))
}

fn secrets(view: &FleetView<'_>) -> Table {
    let secrets = &view.sums.secrets;
    let rows = secrets.iter().take(view.top).map(|line| vec![message(line), place(line)]).collect();
    Table::new(&[Column::Wrapped, Column::Path], rows).with_head(&["secret", "place"]).of(secrets.len())
}

fn lines(view: &FleetView<'_>) -> Table {
    let lines = &view.sums.lines;
    let row = |line: &CostlyLine| {
        let cost = line.finding.cost.as_ref().map(state_cost).unwrap_or_default();
        vec![number(cost), place(line), message(line)]
    };
    let rows = lines.iter().take(view.top).map(row).collect();
    let columns = [Column::Left, Column::Path, Column::WrappedOrBelow];
    Table::new(&columns, rows).with_head(&["costs", "line", "finding"]).of(lines.len() + view.sums.hidden_lines)
}

#[allow(clippy::cast_sign_loss, reason = "sums of amounts")]
fn rules(view: &FleetView<'_>) -> Table {
    let rules = &view.sums.rules;
    let row = |rule: &RuleSum| {
        let known = |amount: f64, text: String| if amount > 0.0 { number(text) } else { Text::default() };
        vec![
            plain(grouped(rule.findings as u64)),
            plain(grouped(rule.items as u64)),
            toned(&rule.rule, rule.severity.map_or(Tone::Plain, Tone::of)),
            known(rule.bytes, bytes(rule.bytes as u64)),
            known(rule.seconds, seconds(rule.seconds)),
        ]
    };
    let rows = rules.iter().take(view.top).map(row).collect();
    let columns = [Column::Right, Column::Right, Column::Left, Column::Right, Column::Right];
    Table::new(&columns, rows).with_head(&["findings", "items", "rule", "bytes", "time"]).of(rules.len())
}

fn largest_images(view: &FleetView<'_>) -> Table {
    let mut images: Vec<&ItemState> = view.sums.items.iter().filter(|item| item.pull_bytes.is_some()).collect();
    images.sort_by_key(|item| (Reverse(item.pull_bytes), item.name.as_str()));
    let size = |bytes_of: Option<u64>| bytes_of.map_or_else(Text::default, |amount| number(bytes(amount)));
    let row = |item: &&ItemState| {
        vec![size(item.pull_bytes), size(item.only_pull_bytes), size(item.disk_bytes), code(&item.name)]
    };
    let rows = images.iter().take(view.top).map(row).collect();
    Table::new(&[Column::Right, Column::Right, Column::Right, Column::Words], rows)
        .with_head(&["to pull", "only here", "on disk", "image"])
        .of(images.len())
}

fn problems(view: &FleetView<'_>) -> Table {
    let problems = &view.sums.problems;
    let rows = problems.iter().take(view.top).map(|(item, problem)| vec![code(item), plain(problem)]).collect();
    Table::new(&[Column::Path, Column::Words], rows).with_head(&["item", "problem"]).of(problems.len())
}

/// What hosts pull, and what that is made of.
fn sharing(view: &FleetView<'_>) -> Section {
    let shared = &view.sums.shared;
    let images = count(view.sums.images.len() as u64, "image");
    let mut section = Section::new(format!("What {images} share"));
    let row = |what: String, amount: u64, more: String| {
        vec![plain(what), number(bytes(amount)).in_tone(Tone::Strong), plain(more)]
    };
    let layers = count(shared.layer_count as u64, "different layer");
    let mut rows = vec![
        row("to pull on one host".to_owned(), shared.host_bytes, layers),
        row("to pull separately".to_owned(), shared.separate_bytes, String::new()),
    ];
    if let Some(pull) = view.host_pull() {
        let hosts = count(pull.hosts, "host");
        let about = "expected, if each image runs on one of them by chance".to_owned();
        rows.push(row(format!("to pull on {hosts}, each image on one"), pull.spread_bytes, about));
        rows.push(row(format!("to pull on {hosts}, all images on each"), pull.all_bytes, String::new()));
    }
    section.push(Table::new(&[Column::Left, Column::Right, Column::Words], rows));
    section.push_rows(Section::new("Shared layers"), shared_layers(view));
    section.push(bases(view, shared));
    section.push_rows(
        Section {
            about: plain("among the ten largest of each image"),
            ..Section::new("Packages that a common base could hold")
        },
        packages(view),
    );
    section
}

fn shared_layers(view: &FleetView<'_>) -> Table {
    let layers = &view.sums.shared.layers;
    let row = |layer: &crate::analysis::SharedLayer| {
        let what = layer.instruction.as_ref().unwrap_or(&layer.digest);
        vec![number(bytes(layer.bytes)), plain(grouped(layer.images.len() as u64)), code(what)]
    };
    let rows = layers.iter().take(view.top).map(row).collect();
    Table::new(&[Column::Right, Column::Right, Column::Words], rows)
        .with_head(&["to pull", "images", "layer"])
        .of(layers.len())
}

/// The name of a base, else what made it.
fn base_name(base: &SharedBase) -> Text {
    match (&base.name, &base.instruction) {
        (Some(name), _) => code(name),
        (None, Some(instruction)) => toned("unknown: up to ", Tone::Dim).and_code(instruction),
        (None, None) => toned("unknown", Tone::Dim),
    }
}

fn bases(view: &FleetView<'_>, shared: &SharedLayers) -> Section {
    let mut section = Section::new("Base images");
    let row = |base: &SharedBase| {
        let images = grouped(base.images.len() as u64);
        vec![number(bytes(base.bytes)), plain(images), number(bytes(base.other_bytes)), base_name(base)]
    };
    let rows = shared.bases.iter().take(view.top).map(row).collect();
    let columns = [Column::Right, Column::Right, Column::Right, Column::Words];
    let head = ["to pull", "images", "not in the largest", "base"];
    section.push(Table::new(&columns, rows).with_head(&head).of(shared.bases.len()));
    section.push(plain(match (shared.bases.len(), shared.common_base_saves) {
        (0 | 1, _) => "All images have the same base.".to_owned(),
        (_, 0) => "The bases have all layers in common with the largest.".to_owned(),
        (_, saves) => format!("If all images had the largest base, a host would pull {} less.", bytes(saves)),
    }));
    let rows = shared.families.iter().take(view.top).map(|family| {
        let names = family.bases.iter().filter_map(|index| shared.bases.get(*index)?.name.clone());
        let versions: Vec<String> =
            names.map(|name| name[family.name.len().min(name.len())..].trim_start_matches(':').to_owned()).collect();
        let images: usize = family.bases.iter().filter_map(|index| Some(shared.bases.get(*index)?.images.len())).sum();
        vec![number(bytes(family.saves)), plain(grouped(images as u64)), code(&family.name), plain(versions.join(", "))]
    });
    let columns = [Column::Right, Column::Right, Column::Left, Column::Words];
    let table = Table::new(&columns, rows.collect()).with_head(&["saves", "images", "base", "versions"]);
    section.push_rows(Section::new("One version of each base"), table.of(shared.families.len()));
    section
}

fn packages(view: &FleetView<'_>) -> Table {
    let packages = &view.sums.packages;
    let row = |package: &crate::fleet::RepeatedPackage| {
        let mut versions: Vec<(&String, &usize)> = package.versions.iter().collect();
        versions.sort_by_key(|(version, images)| (Reverse(**images), version.as_str()));
        let more = versions.len().saturating_sub(NAMES);
        let mut text: Vec<String> =
            versions.iter().take(NAMES).map(|(version, images)| format!("{version} × {images}")).collect();
        text.extend((more > 0).then(|| format!("{more} more")));
        vec![
            number(bytes(package.saves)),
            plain(grouped(package.images as u64)),
            plain(grouped(package.layers as u64)),
            code(format!("{} ({})", package.name, package.ecosystem)),
            plain(text.join(", ")),
        ]
    };
    let rows = packages.iter().take(view.top).map(row).collect();
    Table::new(&[Column::Right, Column::Right, Column::Right, Column::Left, Column::Words], rows)
        .with_head(&["saves", "images", "layers", "package", "versions"])
        .of(packages.len())
}

/// The start of a list of names.
fn names(names: &[String]) -> Text {
    let mut text = Text::join(names.iter().take(NAMES).map(code).collect(), ", ");
    if names.len() > NAMES {
        text = text.and(format!(" and {} more", names.len() - NAMES));
    }
    text
}

fn changes(view: &FleetView<'_>, change: &FleetChange) -> Section {
    let mut section = Section::new("Since the last report");
    let mut rows = Vec::new();
    for (what, list) in
        [("new", &change.new_items), ("no longer listed", &change.gone_items), ("newly failed", &change.new_failures)]
    {
        if !list.is_empty() {
            rows.push(vec![plain(what), plain(grouped(list.len() as u64)), names(list)]);
        }
    }
    if let Some(before) = change.host_bytes_before.filter(|before| *before != view.sums.shared.host_bytes) {
        let after = bytes(view.sums.shared.host_bytes);
        rows.push(vec![plain("one host pulls"), Text::default(), number(format!("{} → {after}", bytes(before)))]);
    }
    section.push_rows(Section::default(), Table::new(&[Column::Left, Column::Right, Column::Words], rows));
    let size = |change: &ItemChange| {
        let tone = if change.after > change.before { Tone::Warning } else { Tone::Good };
        let sizes = format!("{} → {}", bytes(change.before), bytes(change.after));
        vec![Text::new(sizes, TextKind::Number(None), tone), code(&change.item)]
    };
    let table = Table::new(&[Column::Right, Column::Words], change.sizes.iter().take(view.top).map(size).collect());
    section.push_rows(Section::new("Sizes"), table.with_head(&["to pull", "image"]).of(change.sizes.len()));
    for (title, list) in [("More findings", &change.more_findings), ("Fewer findings", &change.fewer_findings)] {
        let row = |change: &ItemChange| {
            let rule = change.rule.as_deref().unwrap_or_default();
            vec![number(format!("{} → {}", change.before, change.after)), code(rule), code(&change.item)]
        };
        let rows = list.iter().take(view.top).map(row).collect();
        let table =
            Table::new(&[Column::Right, Column::Left, Column::Words], rows).with_head(&["findings", "rule", "item"]);
        section.push_rows(Section::new(title), table.of(list.len()));
    }
    if section.blocks.is_empty() {
        section.push(plain("Nothing changed."));
    }
    section
}
