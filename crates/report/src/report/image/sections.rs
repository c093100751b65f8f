//! The page of `image`: what the image is, what it costs, its layers, what of it is wasted, and what to do next.

use super::{
    ImageView, budget, folders, icicle, image_name, image_problem, layers, lists, pull_seconds, secrets, shared,
};
use crate::analysis::{Analysis, AnalysisFinding, ImageAnalysis};
use crate::attribution::BaseHow;
use crate::report::layout::quoted;
use crate::report::page::{Block, Column, Medium, Page, Section, Table, Text, Tone, code, command, plain, toned};
use crate::report::units::{bytes, count, grouped, percent, seconds};

/// All that `image` says. Pictures are worked out only for readers who see them.
pub fn image(analysis: &Analysis, view: &ImageView<'_>, medium: Medium) -> Page {
    let mut page = Page::new(match &analysis.images[..] {
        [image] => format!("Image {}", image_name(image)),
        images => count(images.len() as u64, "image"),
    });
    if view.shared {
        page.push(shared::section(analysis, view.top));
    }
    let images = if view.shared { &[][..] } else { &analysis.images[..] };
    for image in images {
        page.push(image_section(image, view, medium));
    }
    if !analysis.others.is_empty() {
        page.push(others(analysis, view));
    }
    let problems = analysis.problems.iter().map(|problem| toned(image_problem(problem), Tone::Error)).collect();
    push_list(&mut page, &[Medium::Markdown, Medium::Html], problems);
    let mut remarks = analysis.notices.clone();
    remarks.extend(analysis.skipped.iter().map(|skip| {
        let remedy = if skip.remedy.is_empty() { String::new() } else { format!("; {}", skip.remedy) };
        format!("{} skipped: {}{remedy}", skip.what, skip.why)
    }));
    remarks.dedup();
    let remarks = remarks.iter().map(|remark| toned(remark, Tone::Dim)).collect();
    push_list(&mut page, &[Medium::Terminal, Medium::Markdown, Medium::Html], remarks);
    let next = next(analysis, view);
    if !next.rows.is_empty() {
        page.push(Block::Only(&[Medium::Terminal], vec![next.into()]));
    }
    page
}

/// Adds a list for some readers, unless it is empty.
fn push_list(page: &mut Page, media: &'static [Medium], items: Vec<Text>) {
    if !items.is_empty() {
        page.push(Block::Only(media, vec![Block::List(items)]));
    }
}

fn image_section(image: &ImageAnalysis, view: &ImageView<'_>, medium: Medium) -> Section {
    let mut section = Section { about: about(image).into(), ..Section::new(code(image_name(image))) };
    section.push(facts(image, view));
    if medium == Medium::Html {
        section.blocks.extend(icicle::blocks(image));
    }
    section.push(layers::section(image, view));
    let secrets_title = "Secrets that anyone with this image can read";
    section.push_rows(Section::new(secrets_title), secrets::table(image, view));
    section.push_rows(Section::new("Config and permissions"), lists::facts(image, view));
    let groups = image.loss_groups.iter().filter(|group| image.is_base(group.waste_layer as usize));
    let base: u64 = groups.map(|group| group.bytes).sum();
    let of_base = if base > 0 { format!(", {} of it in the base image", bytes(base)) } else { String::new() };
    let title = format!("Wasted: {}{of_base}", bytes(image.totals.waste.sum()));
    section.push_rows(Section::new(title), lists::waste(image, view, medium));
    section.push_rows(Section::new("Not needed at run time"), lists::categories(image, view));
    if let Some(packages) = &image.packages {
        let package_bytes: u64 = packages.packages.iter().map(|package| package.size.bytes).sum();
        let unowned: u64 = packages.unowned.iter().map(|unowned| unowned.size.bytes).sum();
        let number = packages.packages.iter().filter(|package| package.part_of.is_none()).count() as u64;
        let title = format!("{}: {}; {} in no package", count(number, "package"), bytes(package_bytes), bytes(unowned));
        section.push_rows(Section::folded(title), lists::packages(image, packages, view));
    }
    let title = format!("Duplicate files: {} stored more than once", bytes(image.totals.duplicate_content_bytes));
    section.push_rows(Section::folded(title), lists::duplicates(image, view));
    section.push_rows(Section::folded("Largest folders"), folders::table(image, view, medium));
    section.push_rows(Section::new(budget::title(image)), budget::table(image));
    if !image.notices.is_empty() {
        section.push(notices(image, view));
    }
    section
}

/// What is odd about the image.
fn notices(image: &ImageAnalysis, view: &ImageView<'_>) -> Section {
    let limit = if view.all { usize::MAX } else { view.top.max(5) };
    let mut items: Vec<Text> =
        image.notices.iter().take(limit).map(|notice| toned(format!("note: {notice}"), Tone::Dim)).collect();
    let hidden = image.notices.len() - items.len();
    if hidden > 0 {
        items.push(plain(format!("… {} more (--all)", grouped(hidden as u64))));
    }
    Section::default().with(Block::List(items))
}

/// The platform, and where the image was read.
fn about(analysis: &ImageAnalysis) -> String {
    let platform = &analysis.image.platform;
    let mut facts = Vec::new();
    if !platform.is_unknown() {
        facts.push(platform.to_string());
    }
    facts.extend(analysis.source.clone());
    facts.join(", ")
}

fn facts(analysis: &ImageAnalysis, view: &ImageView<'_>) -> Table {
    let totals = &analysis.totals;
    let mut rows = vec![shared::sum_row("to pull", bytes(totals.likely_pull_bytes()), pull(analysis, view))];
    if analysis.is_read() {
        let layers = count(analysis.image.layers.len() as u64, "layer");
        let contents = format!("{}, {layers}", count(totals.merged_files, "file"));
        rows.push(shared::sum_row("on disk", bytes(totals.disk_bytes), contents));
        rows.push(shared::sum_row("wasted", bytes(totals.waste.sum()), kinds(analysis)));
        let above = match analysis.origins.base.how {
            BaseHow::Guess => String::new(),
            _ => format!("; {} above the base image", percent(analysis.above.efficiency())),
        };
        let share = format!("of the stored bytes are in the final tree{above}");
        rows.push(shared::sum_row("efficiency", percent(totals.efficiency()), share));
    }
    Table::new(&[Column::Left, Column::Right, Column::Wrapped], rows)
}

/// How long a pull takes, and how its bytes are known.
fn pull(analysis: &ImageAnalysis, view: &ImageView<'_>) -> String {
    let time = |rate: &u64| format!("{} at {}", seconds(pull_seconds(analysis, *rate)), bits(*rate));
    let times = view.bandwidths.iter().map(time).collect::<Vec<_>>().join(", ");
    let totals = &analysis.totals;
    match totals.pull_estimate {
        Some(_) => format!("estimated as gzip, {times} ({} stored uncompressed here)", bytes(totals.pull_bytes)),
        None if totals.pull_is_uncompressed => format!("at most, {times} (the layers are stored uncompressed here)"),
        None => times,
    }
}

/// `8 MB deleted, 600 kB stored again`.
fn kinds(analysis: &ImageAnalysis) -> String {
    let waste = &analysis.totals.waste;
    let kinds = [
        (waste.deleted, "deleted by later layers"),
        (waste.overwritten, "overwritten"),
        (waste.metadata_only, "stored again for a change of owner, mode or time"),
        (waste.same_layer_duplicate, "stored twice in a layer"),
    ];
    let parts = kinds.iter().filter(|kind| kind.0 > 0).map(|(amount, what)| format!("{} {what}", bytes(*amount)));
    parts.collect::<Vec<_>>().join(", ")
}

/// `100 Mbit/s`.
fn bits(rate: u64) -> String {
    bytes(rate).replace(" kB", " kbit/s").replace(" MB", " Mbit/s").replace(" GB", " Gbit/s").replace(" TB", " Tbit/s")
}

fn others(analysis: &Analysis, view: &ImageView<'_>) -> Section {
    let row = |other: &crate::image::OtherImage| {
        let platform = other.platform.as_ref().map(ToString::to_string).unwrap_or_default();
        let manifest = other.manifest.as_ref().map(crate::image::Digest::short).unwrap_or_default();
        vec![code(&other.reference), plain(platform), toned(manifest, Tone::Dim)]
    };
    let rows = analysis.others.iter().take(view.top).map(row).collect();
    let table = Table::new(&[Column::Words, Column::Left, Column::Left], rows).of(analysis.others.len());
    Section::new("Other images").with(table)
}

/// The commands that go on from here.
fn next(analysis: &Analysis, view: &ImageView<'_>) -> Table {
    let [name] = view.names else { return Table::default() };
    let placed = analysis.images.iter().any(|image| image.origins.layers.iter().any(|layer| layer.place.is_some()));
    let worst = analysis.images.iter().flat_map(|image| &image.findings).max_by_key(|finding| finding.bytes);
    let mut commands = Vec::new();
    if view.dockerfile.is_none() && !placed && name != "-" {
        let line = format!("dockopt image {} --file Dockerfile", quoted(name));
        commands.push((line, "shows the Dockerfile line of each layer".to_owned()));
    }
    commands.extend(worst.and_then(|worst| repair(worst, view, placed)));
    let mut rows = Vec::new();
    for (line, why) in commands {
        let title = if rows.is_empty() { "Next:" } else { "" };
        rows.push(vec![toned(title, Tone::Strong), command(line), toned(why, Tone::Dim)]);
    }
    Table::new(&[Column::Left, Column::Left, Column::Words], rows)
}

/// The command that helps against the worst finding, and what it does.
fn repair(worst: &AnalysisFinding, view: &ImageView<'_>, placed: bool) -> Option<(String, String)> {
    match view.dockerfile {
        Some(file) if placed => {
            Some((format!("dockopt audit {}", quoted(file)), "finds the causes and suggests fixes".to_owned()))
        }
        _ => Some((format!("dockopt explain {}", worst.rule?), format!("how to save {}", bytes(worst.bytes)))),
    }
}
