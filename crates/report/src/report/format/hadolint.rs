//! The array that `hadolint --format json` writes: for programs that read it already.

use serde::Serialize;

use super::ReportRun;
use super::item::{ReportItem, items};
use crate::report::json::compact;
use crate::wire::object;

pub(super) fn write(run: &ReportRun) -> String {
    compact(&items(run.report).iter().map(check).collect::<Vec<_>>())
}

fn check(item: &ReportItem) -> impl Serialize {
    object! {
        code: code(item),
        // Of findings it knows lines only: the first one of the instruction.
        column: if item.is_problem() { item.start.column } else { 1 },
        file: item.file,
        level: item.severity.name(),
        line: item.line,
        message: &item.message,
    }
}

/// The code that hadolint has for it, else the rule's name.
fn code<'a>(item: &ReportItem<'a>) -> &'a str {
    let is_code = |alias: &&str| {
        let digits = alias.strip_prefix("DL").or_else(|| alias.strip_prefix("SC")).unwrap_or_default();
        digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    item.aliases.iter().copied().find(is_code).unwrap_or(item.rule)
}
