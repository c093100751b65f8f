//! The page of `image diff`: the sums, and what makes the difference.

use super::{ImageDiff, package, setting, signed};
use crate::analysis::{FileChange, LayerPair, PackageHow, PathChangeKind, StepReuse, delta};
use crate::report::image::image_name;
use crate::report::page::{
    Block, Column, Medium, Page, Section, Table, Text, TextKind, Tone, code, number, path, plain, toned,
};
use crate::report::units::{bytes, count, grouped};

/// All that `image diff` says.
pub fn image_diff(diff: &ImageDiff<'_>) -> Page {
    let (before, after) = (image_name(diff.before), image_name(diff.after));
    let mut page = Page::new(format!("{before} → {after}"));
    let mut section = Section::new(code(before).with(" → ", TextKind::Words, Tone::Plain).and_code(after));
    section.push(toned(diff.sentence(), Tone::Strong));
    section.push(Section::default().with(sums(diff)));
    let cache = diff.cache_sentence();
    if let Some(sentence) = &cache {
        section.push(Block::Only(&[Medium::Markdown, Medium::Html], vec![plain(sentence).into()]));
    }
    let difference = diff.difference;
    let mut layers_section = Section::folded(format!("Layers: {} shared", difference.shared_layers));
    if let Some(sentence) = cache {
        layers_section.push(Block::Only(&[Medium::Terminal], vec![plain(sentence).into()]));
    }
    let layers = layers(diff);
    if !layers.rows.is_empty() || !layers_section.blocks.is_empty() {
        section.push(layers_section.with(layers));
    }
    section.push_rows(Section::folded("Packages"), packages(diff));
    section.push_rows(Section::folded("Categories"), categories(diff));
    section.push_rows(Section::folded("Folders"), folders(diff));
    let count_of = |how: PathChangeKind| grouped(difference.files.iter().filter(|file| file.how == how).count() as u64);
    let title = format!(
        "Files: {} added, {} removed, {} changed",
        count_of(PathChangeKind::Added),
        count_of(PathChangeKind::Removed),
        count_of(PathChangeKind::Changed)
    );
    section.push_rows(Section::folded(title), files(diff, &difference.files));
    let paths = count(difference.metadata.len() as u64, "path");
    let title = format!("Only owner, mode, attributes or time changed: {paths}");
    section.push_rows(Section::folded(title), files(diff, &difference.metadata));
    section.push_rows(Section::folded("Config"), config(diff));
    page.push(section);
    if !diff.notices.is_empty() {
        page.push(Block::List(diff.notices.iter().map(|notice| toned(notice, Tone::Dim)).collect()));
    }
    page
}

/// A difference in bytes: more is a warning, less is good.
fn change(amount: i64) -> Text {
    number(signed(amount)).in_tone(match amount {
        0 => Tone::Plain,
        1.. => Tone::Warning,
        _ => Tone::Good,
    })
}

fn sums(diff: &ImageDiff<'_>) -> Table {
    let (before, after) = (&diff.difference.before, &diff.difference.after);
    let mut rows = Vec::new();
    let mut row = |what: &str, before: Option<u64>, after: Option<u64>, more: String| {
        let (Some(before), Some(after)) = (before, after) else { return };
        let difference = change(delta(before, after));
        rows.push(vec![
            plain(what),
            number(bytes(before)),
            plain("→"),
            number(bytes(after)),
            difference,
            toned(more, Tone::Dim),
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
    let columns = [Column::Left, Column::Right, Column::Left, Column::Right, Column::Right, Column::Wrapped];
    Table::new(&columns, rows).with_quiet_head(&["", "before", "", "after", "difference", ""])
}

fn layers(diff: &ImageDiff<'_>) -> Table {
    let is_shared = |pair: &&LayerPair| pair.same && pair.reuse == StepReuse::Reused;
    let layers: Vec<_> = diff.difference.layers.iter().skip_while(is_shared).collect();
    let mut rows = Vec::new();
    for pair in layers.iter().take(diff.top.max(20)) {
        let [before, after] = diff.layer_bytes(pair);
        let difference = before.zip(after).map(|(before, after)| change(delta(before, after)));
        let (mark, mark_tone) = match (pair.before, pair.after) {
            _ if pair.same => ("=", Tone::Dim),
            (Some(_), None) => ("−", Tone::Good),
            (None, _) => ("+", Tone::Warning),
            (Some(_), Some(_)) => ("~", Tone::Plain),
        };
        rows.push(vec![
            toned(mark, mark_tone),
            difference.unwrap_or_else(|| plain("?")),
            plain(diff.reuse(pair)),
            code(diff.line(pair)),
            code(diff.instruction(pair).unwrap_or_default()),
        ]);
    }
    let columns = [Column::Left, Column::Right, Column::Left, Column::Left, Column::Words];
    Table::new(&columns, rows).with_quiet_head(&["", "bytes", "step", "line", "instruction"]).of(layers.len())
}

fn packages(diff: &ImageDiff<'_>) -> Table {
    let all = &diff.difference.packages;
    let row = |difference: &crate::analysis::PackageChange| -> Vec<Text> {
        let mark = match difference.how {
            PackageHow::Added => "+",
            PackageHow::Removed => "−",
            _ => "~",
        };
        vec![
            plain(mark),
            change(difference.bytes),
            toned(difference.ecosystem.name(), Tone::Dim),
            plain(package(difference)),
            toned(difference.how.name(), Tone::Dim),
        ]
    };
    let rows = all.iter().take(diff.top).map(row).collect();
    let columns = [Column::Left, Column::Right, Column::Left, Column::Words, Column::Left];
    Table::new(&columns, rows).with_quiet_head(&["", "bytes", "", "package", ""]).of(all.len())
}

fn categories(diff: &ImageDiff<'_>) -> Table {
    let all = &diff.difference.categories;
    let mut rows = Vec::new();
    for category in all.iter().take(diff.top) {
        let sides = format!("{} → {}", bytes(category.before), bytes(category.after));
        rows.push(vec![change(category.bytes()), plain(&category.category.name), toned(sides, Tone::Dim)]);
    }
    let columns = [Column::Right, Column::Left, Column::Words];
    Table::new(&columns, rows).with_quiet_head(&["bytes", "category", ""]).of(all.len())
}

fn folders(diff: &ImageDiff<'_>) -> Table {
    let all: Vec<_> = diff.difference.folders.iter().filter(|folder| folder.depth <= diff.depth).collect();
    let mut rows = Vec::new();
    for folder in all.iter().take(diff.top) {
        let name = path(format!("{}/", diff.path(folder.before, folder.after)));
        rows.push(vec![change(folder.bytes), name]);
    }
    Table::new(&[Column::Right, Column::Path], rows).with_quiet_head(&["bytes", "folder"]).of(all.len())
}

fn files(diff: &ImageDiff<'_>, files: &[FileChange]) -> Table {
    let mut rows = Vec::new();
    for file in files.iter().take(diff.top) {
        let mark = match file.how {
            PathChangeKind::Added => "+",
            PathChangeKind::Removed => "−",
            PathChangeKind::Changed => "~",
            PathChangeKind::Metadata => "",
        };
        let size = if file.how == PathChangeKind::Metadata { plain("") } else { change(file.bytes()) };
        rows.push(vec![plain(mark), size, path(diff.file(file))]);
    }
    let columns = [Column::Left, Column::Right, Column::Path];
    Table::new(&columns, rows).with_quiet_head(&["", "bytes", "file"]).of(files.len())
}

fn config(diff: &ImageDiff<'_>) -> Table {
    let all = &diff.difference.config;
    let mut rows = Vec::new();
    for difference in all.iter().take(diff.top.max(20)) {
        let (name, text) = setting(difference);
        rows.push(vec![code(name), plain(text)]);
    }
    Table::new(&[Column::Left, Column::Words], rows).with_quiet_head(&["setting", ""]).of(all.len())
}
