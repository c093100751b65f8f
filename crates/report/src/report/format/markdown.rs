//! A table in Markdown.

use super::ReportRun;
use super::escape::{markdown, markdown_code};
use super::github::remedy;
use super::item::{ReportItem, files, items};
use crate::finding::Severity;
use crate::report::price;
use crate::report::units::count;

pub(super) fn write(run: &ReportRun) -> String {
    let items = items(run.report);
    let mut out = format!("**dockopt {}:** {}\n", markdown(run.command), summary(run, &items));
    if !items.is_empty() {
        out.push_str("\n| Severity | Place | Rule | Finding | Cost | Fix |\n| --- | --- | --- | --- | --- | --- |\n");
        out.extend(items.iter().map(|item| row(run, item)));
    }
    let mut remarks = Vec::new();
    for skip in &run.report.skipped {
        let why = format!("{}{}", skip.why, remedy(&skip.remedy));
        remarks.push(format!("skipped {}: {}", markdown_code(&skip.what), markdown(&why)));
    }
    remarks.extend(run.report.notices.iter().map(|notice| markdown(&notice.text)));
    if !remarks.is_empty() {
        out.push('\n');
        out.extend(remarks.iter().map(|remark| format!("- {remark}\n")));
    }
    out
}

fn summary(run: &ReportRun, items: &[ReportItem]) -> String {
    let mut parts = Vec::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Info, Severity::Style] {
        match items.iter().filter(|item| item.severity == severity).count() as u64 {
            0 => {}
            amount if severity >= Severity::Warning => parts.push(count(amount, severity.name())),
            amount => parts.push(format!("{amount} {}", severity.name())),
        }
    }
    let files = count(files(run.report).len() as u64, "file");
    let what = match parts.is_empty() {
        true if run.report.has_known_findings() => "no new findings".to_owned(),
        true => "nothing found".to_owned(),
        false => parts.join(", "),
    };
    format!("{what} in {files}")
}

fn row(run: &ReportRun, item: &ReportItem) -> String {
    let rule = match &item.url {
        Some(url) => format!("[{}]({url})", item.rule),
        None => item.rule.to_owned(),
    };
    let place = format!("{}:{}", run.base.display_path(item.file), item.start.line);
    let price = item.finding.and_then(crate::audit::Report::price);
    let cost = price.map(|price| match price::basis(price) {
        "" => price::exact_cost(price),
        basis => format!("{} ({basis})", price::exact_cost(price)),
    });
    let fix = item.finding.and_then(|finding| finding.fixes.first());
    let help = item.help.map(|help| format!("<br>{}", markdown(help))).unwrap_or_default();
    format!(
        "| {} | {} | {rule} | {}{help} | {} | {} |\n",
        item.severity.name(),
        markdown_code(&place),
        markdown(&item.message),
        markdown(&cost.unwrap_or_default()),
        fix.map_or("", |fix| crate::report::json::safety(&fix.safety).0)
    )
}
