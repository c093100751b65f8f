//! The difference of two images in Markdown.

use super::{ImageDiff, package, setting, signed};
use crate::report::format::escape::{markdown, markdown_code};
use crate::report::image::image_name;
use crate::report::units::bytes;

/// The result of `image diff` in Markdown.
pub fn write(diff: &ImageDiff<'_>) -> String {
    let (before, after) = (&diff.difference.before, &diff.difference.after);
    let mut out = format!(
        "**dockopt image diff** {} → {}\n\n**{}**\n\n| | Before | After | |\n| --- | ---: | ---: | ---: |\n",
        markdown_code(&image_name(diff.before)),
        markdown_code(&image_name(diff.after)),
        markdown(&diff.sentence()),
    );
    let mut row = |what: &str, before: Option<u64>, after: Option<u64>| {
        if let (Some(before), Some(after)) = (before, after) {
            let delta = signed(crate::analysis::delta(before, after));
            out.push_str(&format!("| {what} | {} | {} | {delta} |\n", bytes(before), bytes(after)));
        }
    };
    row("On disk", before.disk_bytes, after.disk_bytes);
    let doubt = diff.pull_doubt().map(|doubt| format!(" ({doubt})")).unwrap_or_default();
    row(&format!("To pull{doubt}"), Some(before.likely_pull_bytes()), Some(after.likely_pull_bytes()));
    row(&format!("New to pull{doubt}"), Some(0), Some(diff.difference.new_likely_pull_bytes));
    row("Wasted", before.waste_bytes, after.waste_bytes);
    if let Some(sentence) = diff.cache_sentence() {
        out.push_str(&format!("\n{}\n", markdown(&sentence)));
    }
    out.push_str(&fold("layers", "| | Line | Instruction |\n| ---: | --- | --- |\n", layers(diff), diff.top.max(20)));
    let all = &diff.difference.packages;
    let rows = all.iter().map(|change| {
        format!(
            "| {} | {} | {} | {} |\n",
            signed(change.bytes),
            change.ecosystem.name(),
            markdown(&package(change)),
            change.how.name()
        )
    });
    out.push_str(&fold("packages", "| | | Package | |\n| ---: | --- | --- | --- |\n", rows.collect(), diff.top));
    let all = &diff.difference.categories;
    let rows = all
        .iter()
        .map(|category| format!("| {} | {} |\n", signed(category.bytes()), markdown(&category.category.name)));
    out.push_str(&fold("categories", "| | Category |\n| ---: | --- |\n", rows.collect(), diff.top));
    let all = diff.difference.folders.iter().filter(|folder| folder.depth <= diff.depth);
    let rows = all.map(|difference| {
        format!(
            "| {} | {} |\n",
            signed(difference.bytes),
            markdown_code(&diff.path(difference.before, difference.after))
        )
    });
    out.push_str(&fold("folders", "| | Folder |\n| ---: | --- |\n", rows.collect(), diff.top));
    let all = &diff.difference.files;
    let rows = all.iter().map(|difference| {
        format!(
            "| {} | {} | {} |\n",
            signed(difference.bytes()),
            difference.how.name(),
            markdown_code(&diff.file(difference))
        )
    });
    out.push_str(&fold("files", "| | | File |\n| ---: | --- | --- |\n", rows.collect(), diff.top));
    out.push_str(&fold("settings", "| Setting | |\n| --- | --- |\n", settings(diff), diff.top.max(20)));
    out.extend(diff.notices.iter().map(|notice| format!("- {}\n", markdown(notice))));
    out
}

fn settings(diff: &ImageDiff<'_>) -> Vec<String> {
    let row = |config| {
        let (name, text) = setting(config);
        format!("| {} | {} |\n", markdown_code(&name), markdown(&text))
    };
    diff.difference.config.iter().map(row).collect()
}

fn layers(diff: &ImageDiff<'_>) -> Vec<String> {
    let mut rows = Vec::new();
    for pair in diff.difference.layers.iter().filter(|pair| !pair.same) {
        let [before, after] = diff.layer_bytes(pair);
        let bytes = before.zip(after).map(|(before, after)| signed(crate::analysis::delta(before, after)));
        let instruction = diff.instruction(pair).map(|text| markdown_code(&crate::report::layout::cut(text, 120)));
        rows.push(format!(
            "| {} | {} | {} |\n",
            bytes.unwrap_or_else(|| "?".to_owned()),
            markdown(&diff.line(pair)),
            instruction.unwrap_or_default()
        ));
    }
    rows
}

/// A table behind a fold; nothing where it has no rows.
fn fold(what: &str, head: &str, rows: Vec<String>, top: usize) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let more = rows.len().saturating_sub(top);
    let more = if more > 0 { format!("\n… {more} more (`--all`)\n") } else { String::new() };
    let number = rows.len();
    let rows: String = rows.into_iter().take(top).collect();
    format!("\n<details><summary>{number} {what} differ</summary>\n\n{head}{rows}{more}\n</details>\n")
}
