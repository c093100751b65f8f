//! An image in Markdown: the sums, what is worth a change, and the layers behind a fold.

use super::{ImageView, image_name, shown_line, shown_maker, shown_path};
use crate::analysis::{Analysis, ImageAnalysis};
use crate::report::format::escape::{markdown, markdown_code};
use crate::report::units::{bytes, count};

/// The result of `image` in Markdown.
pub fn write(analysis: &Analysis, view: &ImageView<'_>) -> String {
    let mut out = String::new();
    for image in &analysis.images {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&render_image(image, view));
    }
    let mut remarks: Vec<String> =
        analysis.problems.iter().map(|problem| markdown(&super::image_problem(problem))).collect();
    for skip in &analysis.skipped {
        let remedy = if skip.remedy.is_empty() { String::new() } else { format!("; {}", skip.remedy) };
        remarks.push(markdown(&format!("{} skipped: {}{remedy}", skip.what, skip.why)));
    }
    let notices = analysis.notices.iter().chain(analysis.images.iter().flat_map(|image| &image.notices));
    remarks.extend(notices.take(view.top).map(|notice| markdown(notice)));
    if !remarks.is_empty() {
        out.push('\n');
        out.extend(remarks.iter().map(|remark| format!("- {remark}\n")));
    }
    out
}

fn render_image(image: &ImageAnalysis, view: &ImageView<'_>) -> String {
    let totals = &image.totals;
    let doubt = match totals.pull_estimate {
        Some(_) => "about ",
        None if totals.pull_is_uncompressed => "at most ",
        None => "",
    };
    let mut facts = vec![format!("{doubt}{} to pull", bytes(totals.likely_pull_bytes()))];
    if image.is_read() {
        facts.push(format!("{} on disk", bytes(totals.disk_bytes)));
        facts.push(format!("{} wasted", bytes(totals.waste.sum())));
        facts.push(count(totals.merged_files, "file"));
    }
    let mut out = format!("**dockopt image** {}: {}\n", markdown_code(&image_name(image)), facts.join(", "));
    if image.findings.is_empty() {
        out.push_str("\nNo findings.\n");
    } else {
        out.push_str(
            "\n| Bytes | Finding | Where | Written by | Removed by | Fix |\n| ---: | --- | --- | --- | --- | --- |\n",
        );
    }
    for finding in image.findings.iter().take(view.top) {
        let by = finding.by.map(|by| markdown(&shown_maker(image, by))).unwrap_or_default();
        let page = finding.rule.and_then(crate::rules::find);
        let help = match page {
            Some(rule) => format!("{} ([{}]({}))", markdown(&finding.help), rule.name, rule.url()),
            None => markdown(&finding.help),
        };
        out.push_str(&format!(
            "| {} | {} | {} | {} | {by} | {help} |\n",
            bytes(finding.bytes),
            markdown(&finding.name),
            markdown_code(&shown_path(image, finding.path)),
            markdown(&shown_maker(image, finding.layer)),
        ));
    }
    out.push_str(&super::secrets::table(image, view.top));
    out.push_str(&super::budget::table(image));
    out.push_str(&layers(image));
    out
}

fn layers(image: &ImageAnalysis) -> String {
    let number = count(image.image.layers.len() as u64, "layer");
    let mut out =
        format!("\n<details><summary>{number}</summary>\n\n| Layer | Size | To pull | Line | Instruction |\n");
    out.push_str("| ---: | ---: | ---: | --- | --- |\n");
    for (index, layer) in image.image.layers.iter().enumerate() {
        let size = layer.tar_bytes.map_or_else(|| "?".to_owned(), |_| bytes(image.layers[index].file_bytes));
        let line = shown_line(image, index).map(|line| markdown_code(&line)).unwrap_or_default();
        let instruction = image.instruction(index).map(short).unwrap_or_default();
        out.push_str(&format!("| {} | {size} | {} | {line} | {instruction} |\n", index + 1, bytes(layer.blob_bytes)));
    }
    out + "\n</details>\n"
}

fn short(instruction: &str) -> String {
    markdown_code(&crate::report::layout::cut(instruction, 120))
}
