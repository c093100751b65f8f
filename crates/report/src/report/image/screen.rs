//! The first screen: what the image is, what it costs, its layers, what of it is wasted, and what to do next.

use super::{ImageView, budget, folders, image_name, layers, lists, pull_seconds, secrets, shared};
use crate::analysis::{Analysis, ImageAnalysis};
use crate::attribution::BaseHow;
use crate::report::grid::{Column, cell, grid, plain};
use crate::report::layout::{Layout, Tone, clean, push, push_title, quoted};
use crate::report::units::{bytes, count, hidden_rows, seconds};

/// The result of `image`, for people.
pub fn write(analysis: &Analysis, view: &ImageView<'_>, layout: Layout) -> String {
    let mut out = String::new();
    if view.shared {
        out.push_str(&shared::render(analysis, view.top, layout));
        out.push('\n');
    }
    let images = if view.shared { &[][..] } else { &analysis.images[..] };
    for image in images {
        out.push_str(&render_image(image, view, layout));
        out.push('\n');
    }
    if !analysis.others.is_empty() {
        out.push_str(&other_lines(analysis, view, layout));
    }
    let mut remarks: Vec<String> = analysis.notices.clone();
    remarks.extend(analysis.skipped.iter().map(|skip| {
        let remedy = if skip.remedy.is_empty() { String::new() } else { format!("; {}", skip.remedy) };
        format!("{} skipped: {}{remedy}", skip.what, skip.why)
    }));
    remarks.dedup();
    for remark in &remarks {
        push(&mut out, remark, 0, layout, Tone::Dim);
    }
    out.push_str(&next(analysis, view, layout));
    out
}

fn render_image(image: &ImageAnalysis, view: &ImageView<'_>, layout: Layout) -> String {
    let mut out = header(image, view, layout);
    out.push('\n');
    out.push_str(&layers::table(image, view, layout));
    let mut section = |title: String, body: String| {
        if !body.is_empty() {
            out.push('\n');
            push(&mut out, &title, 2, layout, Tone::Strong);
            out.push_str(&body);
        }
    };
    section("Secrets that anyone with this image can read".to_owned(), secrets::render(image, view, layout));
    section("Config and permissions".to_owned(), lists::facts(image, view, layout));
    let waste = image.totals.waste.sum();
    let base: u64 = image
        .loss_groups
        .iter()
        .filter(|group| image.is_base(group.waste_layer as usize))
        .map(|group| group.bytes)
        .sum();
    let of_base = if base > 0 { format!(", {} of it in the base image", bytes(base)) } else { String::new() };
    section(format!("Wasted: {}{of_base}", bytes(waste)), lists::waste(image, view, layout));
    section("Not needed at run time".to_owned(), lists::categories(image, view, layout));
    if let Some(packages) = image.packages.as_ref().filter(|packages| !packages.packages.is_empty()) {
        let package_bytes: u64 = packages.packages.iter().map(|package| package.size.bytes).sum();
        let unowned: u64 = packages.unowned.iter().map(|unowned| unowned.size.bytes).sum();
        let number = packages.packages.iter().filter(|package| package.part_of.is_none()).count() as u64;
        let title = format!(
            "{}: {}; {} in no package",
            capital(&count(number, "package")),
            bytes(package_bytes),
            bytes(unowned)
        );
        section(title, lists::packages(image, packages, view, layout));
    }
    let copies = image.totals.duplicate_content_bytes;
    section(
        format!("Duplicate files: {} stored more than once", bytes(copies)),
        lists::duplicates(image, view, layout),
    );
    section("Largest folders".to_owned(), folders::render(image, view, layout));
    section(budget::title(image), budget::list(image, layout));
    if !image.notices.is_empty() {
        out.push('\n');
        let limit = if view.all { usize::MAX } else { view.top.max(5) };
        for notice in image.notices.iter().take(limit) {
            push(&mut out, &format!("note: {notice}"), 2, layout, Tone::Dim);
        }
        out.push_str(&hidden_rows(image.notices.len(), image.notices.len().min(limit), 4));
    }
    out
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn header(analysis: &ImageAnalysis, view: &ImageView<'_>, layout: Layout) -> String {
    let image = &analysis.image;
    let totals = &analysis.totals;
    let mut out = String::new();
    let mut facts = Vec::new();
    if !image.platform.is_unknown() {
        facts.push(clean(&image.platform.to_string()).into_owned());
    }
    facts.extend(analysis.source.as_deref().map(|source| clean(source).into_owned()));
    push_title(&mut out, &clean(&image_name(analysis)), &facts.join(", "), 3, layout);
    let mut rows = Vec::new();
    let mut row = |what: &str, amount: String, more: String| {
        rows.push(vec![plain(what), cell(amount, Tone::Strong), cell(more, Tone::Plain)]);
    };
    let times: Vec<String> = view
        .bandwidths
        .iter()
        .map(|rate| {
            let time = seconds(pull_seconds(analysis, *rate));
            format!("{time} at {}", bits(*rate))
        })
        .collect();
    let mut pull = times.join(", ");
    match totals.pull_estimate {
        Some(_) => pull = format!("estimated as gzip, {pull} ({} stored uncompressed here)", bytes(totals.pull_bytes)),
        None if totals.pull_is_uncompressed => {
            pull = format!("at most, {pull} (the layers are stored uncompressed here)");
        }
        None => {}
    }
    row("to pull", bytes(totals.likely_pull_bytes()), pull);
    if analysis.is_read() {
        let links = count(totals.merged_files, "file");
        row("on disk", bytes(totals.disk_bytes), format!("{links}, {}", count(image.layers.len() as u64, "layer")));
        let waste = kinds(analysis);
        row("wasted", bytes(totals.waste.sum()), waste);
        let base_row = match analysis.origins.base.how {
            BaseHow::Guess => String::new(),
            _ => format!("; {} above the base image", percent(analysis.above.efficiency())),
        };
        row("efficiency", percent(totals.efficiency()), format!("of the stored bytes are in the final tree{base_row}"));
    }
    out.push_str(&grid(&[Column::Left, Column::Right, Column::Words], &rows, layout, 2));
    out
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

/// `94.3 %`; only all is 100 %.
fn percent(share: f64) -> String {
    let tenths = (share * 1_000.0).floor() / 10.0;
    format!("{tenths} %")
}

/// `100 Mbit/s`.
fn bits(rate: u64) -> String {
    bytes(rate).replace(" kB", " kbit/s").replace(" MB", " Mbit/s").replace(" GB", " Gbit/s").replace(" TB", " Tbit/s")
}

fn other_lines(analysis: &Analysis, view: &ImageView<'_>, layout: Layout) -> String {
    let mut out = layout.paint(Tone::Strong, "Other images");
    out.push('\n');
    let mut rows = Vec::new();
    for other in analysis.others.iter().take(view.top) {
        rows.push(vec![
            plain(&other.reference),
            plain(other.platform.as_ref().map(ToString::to_string).unwrap_or_default()),
            cell(other.manifest.as_ref().map(crate::image::Digest::short).unwrap_or_default(), Tone::Dim),
        ]);
    }
    out.push_str(&grid(&[Column::Words, Column::Left, Column::Left], &rows, layout, 2));
    out.push_str(&hidden_rows(analysis.others.len(), rows.len(), 4));
    out.push('\n');
    out
}

/// The commands that go on from here.
fn next(analysis: &Analysis, view: &ImageView<'_>, layout: Layout) -> String {
    let mut commands = Vec::new();
    let [name] = view.names else { return String::new() };
    let placed = analysis.images.iter().any(|image| image.origins.layers.iter().any(|layer| layer.place.is_some()));
    let worst = analysis.images.iter().flat_map(|image| &image.findings).max_by_key(|finding| finding.bytes);
    if view.dockerfile.is_none() && !placed && name != "-" {
        commands.push((
            format!("dockopt image {} --file Dockerfile", quoted(name)),
            "shows the Dockerfile line of each layer".to_owned(),
        ));
    }
    if let Some(file) = view.dockerfile
        && worst.is_some()
        && placed
    {
        commands.push((format!("dockopt audit {}", quoted(file)), "finds the causes and suggests fixes".to_owned()));
    } else if let Some(rule) = worst.and_then(|finding| finding.rule) {
        let what = worst.map(|finding| bytes(finding.bytes)).unwrap_or_default();
        commands.push((format!("dockopt explain {rule}"), format!("how to save {what}")));
    }
    let mut rows = Vec::new();
    for (index, (command, why)) in commands.into_iter().enumerate() {
        let title = if index == 0 { "Next:" } else { "" };
        rows.push(vec![cell(title, Tone::Strong), plain(command), cell(why, Tone::Dim)]);
    }
    grid(&[Column::Left, Column::Left, Column::Words], &rows, layout, 0)
}
