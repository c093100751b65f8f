//! A table for spreadsheets, as RFC 4180 has it.

use super::ReportRun;
use super::escape::csv;
use super::item::items;

const HEADER: &str =
    "file,line,column,end_line,end_column,severity,rule,message,help,fix,cost,basis,url,fingerprint\r\n";

pub(super) fn write(run: &ReportRun) -> String {
    let mut out = String::from(HEADER);
    for item in items(run.report) {
        let fix = item.finding.and_then(|finding| finding.fixes.first());
        let price = item.finding.and_then(crate::audit::Report::price);
        let texts = [
            item.severity.name(),
            item.rule,
            &item.message,
            item.help.unwrap_or_default(),
            fix.map_or("", |fix| crate::report::json::safety(&fix.safety).0),
            &price.map(crate::report::price::exact_cost).unwrap_or_default(),
            price.map_or("", crate::report::price::basis),
            item.url.as_deref().unwrap_or_default(),
            &item.fingerprint,
        ];
        let (start, end) = (item.start, item.end);
        out.push_str(&format!("{},{},{},{},{}", csv(item.file), start.line, start.column, end.line, end.column));
        for text in texts {
            out.push(',');
            out.push_str(&csv(text));
        }
        out.push_str("\r\n");
    }
    out
}
