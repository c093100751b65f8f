//! See `rules/npm-cache-kept.md`.

use super::Context;
use super::kept_cache::{self, CacheFix, KeptCacheRule};
use crate::finding::Findings;
use crate::shell::{Manager, PackageCall, Verb};

super::rule!("npm-cache-kept", check);

fn check(cx: &Context, out: &mut Findings) {
    let rule = KeptCacheRule {
        fills,
        variables: &["npm_config_offline"],
        cure: |_, _| Some(CacheFix::Command("npm cache clean --force".into())),
        known: false,
        code: ("", |_| true),
    };
    kept_cache::check(cx, out, &rule);
}

fn fills(call: &PackageCall) -> bool {
    call.manager == Manager::Npm && call.verb == Verb::Install
}
