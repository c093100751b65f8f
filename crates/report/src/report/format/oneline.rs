//! One line per finding, for editors and `grep`.

use super::ReportRun;
use super::item::items;
use crate::report::layout::clean;

pub(super) fn write(run: &ReportRun) -> String {
    let mut out = String::new();
    for item in items(run.report) {
        out.push_str(&format!(
            "{}:{}:{}: {} {}: {}\n",
            clean(item.file),
            item.start.line,
            item.start.column,
            item.severity.name(),
            item.rule,
            clean(&item.message)
        ));
    }
    out
}
