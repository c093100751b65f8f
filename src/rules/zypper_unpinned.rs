//! See `rules/zypper-unpinned.md`.

use super::Context;
use super::pinning::{self, Pinning};
use crate::finding::Findings;
use crate::shell::{Manager, PackageSource};

super::rule!("zypper-unpinned", check);

fn check(cx: &Context, out: &mut Findings) {
    let pinning = Pinning {
        installs: |call| call.manager == Manager::Zypper && matches!(&*call.verb_text, "install" | "in"),
        is_pinned: |_, _, package| {
            package.version.is_some() || matches!(package.source, PackageSource::Path | PackageSource::Url)
        },
        is_pinned_text: |text| text.contains(['=', '<', '>']),
        help: "`name=version`",
    };
    pinning::check(cx, out, &pinning);
}
