//! See `rules/floating-base.md`.

use super::Context;
use super::base_version::{Floating, unversioned};
use crate::finding::Findings;

super::rule!("floating-base", check);

fn check(cx: &Context, out: &mut Findings) {
    for found in unversioned(cx).into_iter().filter(|found| found.chosen && found.how == Floating::Channel) {
        let finding = cx.finding(found.edge.span, found.message()).help(found.help());
        out.push(finding);
    }
}
