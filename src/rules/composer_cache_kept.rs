//! See `rules/composer-cache-kept.md`.

use super::Context;
use super::kept_cache::{self, CacheFill, CacheFix, KeptCacheRule};
use crate::finding::Findings;
use crate::shell::{Manager, PackageCall, Verb};

super::rule!("composer-cache-kept", check);

fn check(cx: &Context, out: &mut Findings) {
    let rule = KeptCacheRule {
        fills,
        variables: &["COMPOSER_DISABLE_NETWORK"],
        cure: find_cure,
        known: false,
        code: ("", |_| true),
    };
    kept_cache::check(cx, out, &rule);
}

fn fills(call: &PackageCall) -> bool {
    call.manager == Manager::Composer && matches!(call.verb, Verb::Install | Verb::Upgrade)
}

fn find_cure(_: &Context, filled: &CacheFill) -> Option<CacheFix> {
    if filled.invocation.program == Some("php") {
        return None;
    }
    let program = filled.invocation.path.value()?;
    Some(CacheFix::Command(format!("{program} clear-cache")))
}
