//! See `rules/python-cache-kept.md`.

use super::Context;
use super::kept_cache::{self, CacheFill, CacheFix, KeptCacheRule};
use crate::finding::Findings;
use crate::shell::{Manager, PackageCall, Verb};

super::rule!("python-cache-kept", check);

fn check(cx: &Context, out: &mut Findings) {
    let rule = KeptCacheRule {
        fills: if links_by(cx, "copy") {
            fills_a_copy
        } else if links_by(cx, "symlink") {
            fills_without_uv
        } else {
            fills
        },
        variables: &["UV_NO_CACHE", "UV_OFFLINE"],
        cure: find_cure,
        known: false,
        code: ("", |_| true),
    };
    kept_cache::check(cx, out, &rule);
}

/// Whether a variable sets uv's link mode to the given one.
fn links_by(cx: &Context, mode: &str) -> bool {
    let file = &cx.build().input().file;
    let mut pairs = file.instructions().iter().flat_map(|instruction| file.variables(instruction));
    pairs.any(|pair| pair.name.text == "UV_LINK_MODE" && pair.value.text.trim_matches(['"', '\'']) == mode)
}

fn fills_a_copy(call: &PackageCall) -> bool {
    fills(call) || (call.manager == Manager::Uv && call.verb_text == "sync")
}

/// Installed packages that are symbolic links to the cache need it.
fn fills_without_uv(call: &PackageCall) -> bool {
    fills(call) && call.manager != Manager::Uv
}

/// uv hard-links what it installs to its cache, which costs nothing within a layer; index data does, unless a lock file
/// makes it unnecessary.
fn fills(call: &PackageCall) -> bool {
    if call.verb != Verb::Install || call.verb_text == "venv" {
        return false;
    }
    match call.manager {
        Manager::Uv => {
            let mode = call.flag(&["--link-mode"]).and_then(|flag| flag.value).map_or("", |mode| mode.text);
            mode != "symlink" && (call.verb_text != "sync" || mode == "copy")
        }
        Manager::Poetry | Manager::Pipenv => true,
        _ => false,
    }
}

fn find_cure(_: &Context, filled: &CacheFill) -> Option<CacheFix> {
    let folder = || filled.folders.first()?.folder.as_deref();
    match filled.call.manager {
        Manager::Uv => Some(CacheFix::Flag("--no-cache")),
        // Poetry's virtual environments are in the same folder.
        Manager::Poetry => {
            folder().map(|folder| CacheFix::Command(format!("rm -rf {folder}/cache {folder}/artifacts")))
        }
        _ => folder().map(|folder| CacheFix::Command(format!("rm -rf {folder}"))),
    }
}
