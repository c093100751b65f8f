//! Checkstyle's XML, which many CI servers read.

use super::ReportRun;
use super::escape::xml;
use super::item::{files, items};
use crate::finding::Severity;

pub(super) fn write(run: &ReportRun) -> String {
    let items = items(run.report);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"4.3\">\n");
    let mut rest = items.iter().peekable();
    for file in files(run.report) {
        out.push_str(&format!("  <file name=\"{}\">\n", xml(file)));
        while let Some(item) = rest.next_if(|item| item.file == file) {
            let severity = match item.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info | Severity::Style => "info",
            };
            out.push_str(&format!(
                "    <error line=\"{}\" column=\"{}\" severity=\"{severity}\" message=\"{}\" source=\"dockopt.{}\"/>\n",
                item.start.line,
                item.start.column,
                xml(&item.message),
                xml(item.rule)
            ));
        }
        out.push_str("  </file>\n");
    }
    out.push_str("</checkstyle>\n");
    out
}
