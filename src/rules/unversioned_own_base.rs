//! See `rules/unversioned-own-base.md`.

use super::Context;
use super::base_version::{FloatingReason, unversioned};
use crate::build::EdgeKind;
use crate::finding::Findings;

super::rule!("unversioned-own-base", check);

fn check(cx: &Context, out: &mut Findings) {
    for found in unversioned(cx).into_iter().filter(|found| !found.chosen && found.how != FloatingReason::Channel) {
        let finding = cx.finding(found.edge.span, found.message()).help(found.help());
        let other = if found.how == FloatingReason::Untagged { "DL3007" } else { "DL3006" };
        let finding = finding.without(other);
        let known = found.how == FloatingReason::Latest || (found.edge.kind == EdgeKind::From && !found.hides_port());
        out.push(if known { finding } else { finding.without("DL3006") });
    }
}
