//! See `rules/apt-unpinned.md`.

use super::Context;
use super::pinning::{self, Pinning};
use crate::finding::Findings;
use crate::shell::{Manager, PackageSource};

super::rule!("apt-unpinned", check);

fn check(cx: &Context, out: &mut Findings) {
    let pinning = Pinning {
        installs: |call| call.manager == Manager::Apt && call.verb_text == "install",
        is_pinned: |_, _, package| {
            // `name/release` picks a release, which moves.
            let version = package.version.as_ref().is_some_and(|version| version.operator != "/");
            version || matches!(package.source, PackageSource::Path | PackageSource::Url)
        },
        is_pinned_text: |text| text.contains('=') || text.starts_with('-'),
        help: "`name=version`; Debian drops old versions, so that a dated snapshot or the digest of the base may serve better",
    };
    pinning::check(cx, out, &pinning);
}
