//! See `rules/pip-cache-kept.md`.

use super::Context;
use super::kept_cache::{self, CacheFix, KeptCacheRule};
use crate::finding::Findings;
use crate::shell::{Manager, PackageCall, Verb};

super::rule!("pip-cache-kept", check);

fn check(cx: &Context, out: &mut Findings) {
    let rule = KeptCacheRule {
        fills,
        variables: &["PIP_NO_CACHE_DIR"],
        // A later `--cache-dir` takes precedence.
        cure: |_, fill| (!fill.call.has(&["--cache-dir"])).then_some(CacheFix::Flag("--no-cache-dir")),
        known: false,
        code: ("", |_| true),
    };
    kept_cache::check(cx, out, &rule);
}

fn fills(call: &PackageCall) -> bool {
    call.manager == Manager::Pip && call.verb == Verb::Install && !call.has(&["--help", "-h", "--dry-run"])
}
