//! See `rules/untagged-base.md`.

use super::Context;
use super::base_version::{FloatingReason, unversioned};
use crate::build::EdgeKind;
use crate::finding::Findings;

super::rule!("untagged-base", check);

fn check(cx: &Context, out: &mut Findings) {
    for image in unversioned(cx).into_iter().filter(|image| image.chosen && image.how == FloatingReason::Untagged) {
        let finding = cx.finding(image.edge.span, image.message()).help(image.help());
        let known = image.edge.kind == EdgeKind::From && !image.hides_port();
        out.push(if known { finding } else { finding.without("DL3006") });
    }
}
