//! See `rules/unversioned-own-base.md`.

use super::Context;
use super::base_version::{FloatingReason, unversioned};
use crate::build::EdgeKind;
use crate::finding::Findings;

super::rule!("unversioned-own-base", check);

fn check(cx: &Context, out: &mut Findings) {
    for image in unversioned(cx).into_iter().filter(|image| !image.chosen && image.how != FloatingReason::Channel) {
        let finding = cx.finding(image.edge.span, image.message()).help(image.help());
        let other = if image.how == FloatingReason::Untagged { "DL3007" } else { "DL3006" };
        let finding = finding.without(other);
        let known = image.how == FloatingReason::Latest || (image.edge.kind == EdgeKind::From && !image.hides_port());
        out.push(if known { finding } else { finding.without("DL3006") });
    }
}
