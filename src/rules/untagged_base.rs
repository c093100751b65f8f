//! See `rules/untagged-base.md`.

use super::Context;
use super::base_version::{FloatingReason, unversioned};
use crate::build::EdgeKind;
use crate::finding::Findings;

super::rule!("untagged-base", check);

fn check(cx: &Context, out: &mut Findings) {
    for found in unversioned(cx).into_iter().filter(|found| found.chosen && found.how == FloatingReason::Untagged) {
        let finding = cx.finding(found.edge.span, found.message()).help(found.help());
        let known = found.edge.kind == EdgeKind::From && !found.hides_port();
        out.push(if known { finding } else { finding.without("DL3006") });
    }
}
