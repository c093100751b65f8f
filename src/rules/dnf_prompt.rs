//! See `rules/dnf-prompt.md`.

use super::Context;
use super::question::{self, Question};
use crate::finding::Findings;
use crate::shell::{Manager, PackageCall};

super::rule!("dnf-prompt", check);

fn check(cx: &Context, out: &mut Findings) {
    let asks =
        |call: &PackageCall| matches!(call.manager, Manager::Dnf | Manager::Microdnf) && question::dnf_asks(call);
    question::check(cx, out, &Question { asks, answered: question::dnf_answered, setting: "assumeyes" });
}
