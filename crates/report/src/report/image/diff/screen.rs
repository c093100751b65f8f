//! The difference of two images on a screen.

use super::{ImageDiff, package, setting, signed};
use crate::analysis::{FileChange, LayerPair, PackageHow, PathChangeKind, StepReuse};
use crate::report::grid::{Cell, Column, cell, grid, plain};
use crate::report::image::image_name;
use crate::report::layout::{Layout, Tone, clean, push};
use crate::report::units::{bytes, count, hidden_rows};

/// The result of `image diff`, for people.
pub fn write(diff: &ImageDiff<'_>, layout: Layout) -> String {
    let names = format!("{} → {}", image_name(diff.before), image_name(diff.after));
    let mut out = layout.paint(Tone::Strong, &clean(&names));
    out.push('\n');
    push(&mut out, &diff.sentence(), 2, layout, Tone::Strong);
    out.push('\n');
    out.push_str(&sums(diff, layout));
    let mut section = |title: String, body: String| {
        if !body.is_empty() {
            out.push('\n');
            push(&mut out, &title, 2, layout, Tone::Strong);
            out.push_str(&body);
        }
    };
    let difference = diff.difference;
    section(format!("Layers: {} shared", difference.shared_layers), layers(diff, layout));
    section("Packages".to_owned(), packages(diff, layout));
    section("Categories".to_owned(), categories(diff, layout));
    section("Folders".to_owned(), folders(diff, layout));
    let count_of = |how: PathChangeKind| difference.files.iter().filter(|file| file.how == how).count();
    let title = format!(
        "Files: {} added, {} removed, {} changed",
        count_of(PathChangeKind::Added),
        count_of(PathChangeKind::Removed),
        count_of(PathChangeKind::Changed)
    );
    section(title, files(diff, &difference.files, layout));
    let title =
        format!("Only owner, mode, attributes or time changed: {}", count(difference.metadata.len() as u64, "path"));
    section(title, files(diff, &difference.metadata[..difference.metadata.len().min(diff.top)], layout));
    section("Config".to_owned(), config(diff, layout));
    for notice in diff.notices {
        push(&mut out, notice, 0, layout, Tone::Dim);
    }
    out
}

const fn tone_of(amount: i64) -> Tone {
    match amount {
        0 => Tone::Plain,
        1.. => Tone::Warning,
        _ => Tone::Good,
    }
}

fn sums(diff: &ImageDiff<'_>, layout: Layout) -> String {
    let (before, after) = (&diff.difference.before, &diff.difference.after);
    let mut rows = Vec::new();
    let mut row = |what: &str, before: Option<u64>, after: Option<u64>, more: String| {
        let (Some(before), Some(after)) = (before, after) else { return };
        let delta = crate::analysis::delta(before, after);
        rows.push(vec![
            plain(what),
            plain(bytes(before)),
            plain("→"),
            plain(bytes(after)),
            cell(signed(delta), tone_of(delta)),
            cell(more, Tone::Dim),
        ]);
    };
    let new = bytes(diff.difference.new_likely_pull_bytes);
    let doubt = diff.pull_doubt().map(|doubt| format!("{doubt}, ")).unwrap_or_default();
    let new = format!("{doubt}{new} to download for anyone who already has the first image");
    row("on disk", before.disk_bytes, after.disk_bytes, String::new());
    row("to pull", Some(before.likely_pull_bytes()), Some(after.likely_pull_bytes()), new);
    row("wasted", before.waste_bytes, after.waste_bytes, String::new());
    if let (Some(old), Some(new)) = (before.files, after.files) {
        let number = |files: u64| count(files, "").trim_end_matches(['s', ' ']).to_owned();
        rows.push(vec![plain("files"), plain(number(old)), plain("→"), plain(number(new))]);
    }
    rows.push(vec![plain("layers"), plain(before.layers.to_string()), plain("→"), plain(after.layers.to_string())]);
    let columns = [Column::Left, Column::Right, Column::Left, Column::Right, Column::Right, Column::Words];
    grid(&columns, &rows, layout, 2)
}

fn layers(diff: &ImageDiff<'_>, layout: Layout) -> String {
    let is_shared = |pair: &&LayerPair| pair.same && pair.reuse == StepReuse::Reused;
    let layers: Vec<_> = diff.difference.layers.iter().skip_while(is_shared).collect();
    let mut out = String::new();
    if let Some(sentence) = diff.cache_sentence() {
        push(&mut out, &sentence, 4, layout, Tone::Plain);
    }
    let mut rows = Vec::new();
    for pair in layers.iter().take(diff.top.max(20)) {
        let [before, after] = diff.layer_bytes(pair);
        let delta = before.zip(after).map(|(before, after)| crate::analysis::delta(before, after));
        let (mark, mark_tone) = match (pair.before, pair.after) {
            _ if pair.same => ("=", Tone::Dim),
            (Some(_), None) => ("−", Tone::Good),
            (None, _) => ("+", Tone::Warning),
            (Some(_), Some(_)) => ("~", Tone::Plain),
        };
        rows.push(vec![
            cell(mark, mark_tone),
            cell(delta.map_or_else(|| "?".to_owned(), signed), tone_of(delta.unwrap_or_default())),
            plain(diff.reuse(pair)),
            plain(diff.line(pair)),
            plain(diff.instruction(pair).unwrap_or_default()),
        ]);
    }
    out.push_str(&grid(&[Column::Left, Column::Right, Column::Left, Column::Left, Column::Words], &rows, layout, 4));
    out + &hidden_rows(layers.len(), rows.len(), 4)
}

fn packages(diff: &ImageDiff<'_>, layout: Layout) -> String {
    let all = &diff.difference.packages;
    let row = |change: &crate::analysis::PackageChange| -> Vec<Cell> {
        let mark = match change.how {
            PackageHow::Added => "+",
            PackageHow::Removed => "−",
            _ => "~",
        };
        vec![
            plain(mark),
            cell(signed(change.bytes), tone_of(change.bytes)),
            cell(change.ecosystem.name(), Tone::Dim),
            plain(package(change)),
            cell(change.how.name(), Tone::Dim),
        ]
    };
    let rows: Vec<_> = all.iter().take(diff.top).map(row).collect();
    let columns = [Column::Left, Column::Right, Column::Left, Column::Words, Column::Left];
    grid(&columns, &rows, layout, 4) + &hidden_rows(all.len(), rows.len(), 4)
}

fn categories(diff: &ImageDiff<'_>, layout: Layout) -> String {
    let all = &diff.difference.categories;
    let mut rows = Vec::new();
    for change in all.iter().take(diff.top) {
        rows.push(vec![
            cell(signed(change.bytes()), tone_of(change.bytes())),
            plain(&change.category.name),
            cell(format!("{} → {}", bytes(change.before), bytes(change.after)), Tone::Dim),
        ]);
    }
    grid(&[Column::Right, Column::Left, Column::Words], &rows, layout, 4) + &hidden_rows(all.len(), rows.len(), 4)
}

fn folders(diff: &ImageDiff<'_>, layout: Layout) -> String {
    let all: Vec<_> = diff.difference.folders.iter().filter(|folder| folder.depth <= diff.depth).collect();
    let mut rows = Vec::new();
    for folder in all.iter().take(diff.top) {
        rows.push(vec![
            cell(signed(folder.bytes), tone_of(folder.bytes)),
            plain(format!("{}/", diff.path(folder.before, folder.after))),
        ]);
    }
    grid(&[Column::Right, Column::Path], &rows, layout, 4) + &hidden_rows(all.len(), rows.len(), 4)
}

fn files(diff: &ImageDiff<'_>, files: &[FileChange], layout: Layout) -> String {
    let mut rows = Vec::new();
    for file in files.iter().take(diff.top) {
        let mark = match file.how {
            PathChangeKind::Added => "+",
            PathChangeKind::Removed => "−",
            PathChangeKind::Changed => "~",
            PathChangeKind::Metadata => "",
        };
        let size = if file.how == PathChangeKind::Metadata {
            plain("")
        } else {
            cell(signed(file.bytes()), tone_of(file.bytes()))
        };
        rows.push(vec![plain(mark), size, plain(diff.file(file))]);
    }
    grid(&[Column::Left, Column::Right, Column::Path], &rows, layout, 4) + &hidden_rows(files.len(), rows.len(), 4)
}

fn config(diff: &ImageDiff<'_>, layout: Layout) -> String {
    let all = &diff.difference.config;
    let rows: Vec<_> = all
        .iter()
        .take(diff.top.max(20))
        .map(|change| {
            let (name, text) = setting(change);
            vec![plain(name), plain(text)]
        })
        .collect();
    grid(&[Column::Left, Column::Words], &rows, layout, 4) + &hidden_rows(all.len(), rows.len(), 4)
}
