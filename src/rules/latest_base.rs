//! See `rules/latest-base.md`.

use super::Context;
use super::base_version::{FloatingReason, unversioned};
use crate::finding::Findings;

super::rule!("latest-base", check);

fn check(cx: &Context, out: &mut Findings) {
    for image in unversioned(cx).into_iter().filter(|image| image.chosen && image.how == FloatingReason::Latest) {
        let finding = cx.finding(image.edge.span, image.message()).help(image.help());
        out.push(finding);
    }
}
