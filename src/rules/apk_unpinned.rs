//! See `rules/apk-unpinned.md`.

use super::Context;
use super::pinning::{self, Pinning};
use crate::finding::Findings;
use crate::shell::{Manager, PackageSource};

super::rule!("apk-unpinned", check);

fn check(cx: &Context, out: &mut Findings) {
    let pinning = Pinning {
        installs: |call| call.manager == Manager::Apk && call.verb_text == "add",
        is_pinned: |_, _, package| package.version.is_some() || package.source == PackageSource::Path,
        is_pinned_text: |text| text.contains(['=', '<', '>', '~']) || text.starts_with('-'),
        help: "`name=version` or `name~version`; Alpine drops old versions, so that the digest of the base may serve better",
    };
    pinning::check(cx, out, &pinning);
}
