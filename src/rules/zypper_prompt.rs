//! See `rules/zypper-prompt.md`.

use super::Context;
use super::question::{self, Question};
use crate::finding::Findings;
use crate::shell::{Manager, PackageCall, Verb};

super::rule!("zypper-prompt", check);

fn check(cx: &Context, out: &mut Findings) {
    question::check(cx, out, &Question { asks, answered, setting: "" });
}

fn asks(call: &PackageCall) -> bool {
    call.manager == Manager::Zypper && matches!(call.verb, Verb::Install | Verb::Upgrade | Verb::Remove)
}

fn answered(call: &PackageCall) -> bool {
    call.has(&["-n", "--non-interactive", "-y", "--no-confirm", "-D", "--dry-run", "--help", "-h"])
}
