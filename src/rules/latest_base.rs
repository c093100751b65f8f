//! See `rules/latest-base.md`.

use super::Context;
use super::base_version::{FloatingReason, unversioned};
use crate::finding::Findings;

super::rule!("latest-base", check);

fn check(cx: &Context, out: &mut Findings) {
    for found in unversioned(cx).into_iter().filter(|found| found.chosen && found.how == FloatingReason::Latest) {
        let finding = cx.finding(found.edge.span, found.message()).help(found.help());
        out.push(finding);
    }
}
