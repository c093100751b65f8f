//! One line per finding, for editors and `grep`.

use super::Run;
use super::item::items;
use crate::report::layout::clean;

pub(super) fn write(run: &Run) -> String {
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
