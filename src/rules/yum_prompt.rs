//! See `rules/yum-prompt.md`.

use super::Context;
use super::question::{self, Question};
use crate::finding::Findings;
use crate::shell::Manager;

super::rule!("yum-prompt", check);

fn check(cx: &Context, out: &mut Findings) {
    let asks = |call: &crate::shell::PackageCall| call.manager == Manager::Yum && question::dnf_asks(call);
    question::check(cx, out, &Question { asks, answered: question::dnf_answered, setting: "assumeyes" });
}
