//! See `rules/yum-unpinned.md`.

use super::Context;
use super::pinning::{self, Pinning};
use crate::finding::Findings;
use crate::shell::{Manager, PackageCall};

super::rule!("yum-unpinned", check);

fn check(cx: &Context, out: &mut Findings) {
    let pinning = Pinning {
        installs: |call| call.manager == Manager::Yum && installs(call),
        is_pinned: pinning::is_rpm_pinned,
        is_pinned_text: |text| text.split('-').skip(1).any(|part| part.starts_with(|c: char| c.is_ascii_digit())),
        help: "`name-version`",
    };
    pinning::check(cx, out, &pinning);
}

fn installs(call: &PackageCall) -> bool {
    matches!(&*call.verb_text, "install" | "in" | "module install")
}
