//! See `rules/python-cache-kept.md`.

use super::Context;
use super::kept_cache::{self, Cure, Filled, Kept};
use crate::finding::Findings;
use crate::shell::{Manager, PackageCall, Verb};

super::rule!("python-cache-kept", check);

fn check(cx: &Context, out: &mut Findings) {
    let kept = Kept {
        fills: if copies(cx) { fills_a_copy } else { fills },
        flags: &["--no-cache", "-n", "--no-cache-dir", "--offline", "--help", "--dry-run"],
        variables: &["UV_NO_CACHE"],
        cure,
        known: false,
        code: ("", |_| true),
    };
    kept_cache::check(cx, out, &kept);
}

/// Whether a variable tells uv to copy instead of to link.
fn copies(cx: &Context) -> bool {
    let file = &cx.build().input().file;
    let mut pairs = file.instructions().iter().flat_map(|instruction| file.variables(instruction));
    pairs.any(|pair| pair.name.text == "UV_LINK_MODE" && pair.value.text.trim_matches(['"', '\'']) == "copy")
}

fn fills_a_copy(call: &PackageCall) -> bool {
    fills(call) || (call.manager == Manager::Uv && call.verb_text == "sync")
}

/// uv links what it installs to its cache, which costs nothing within a layer; what it asks the index costs, unless a
/// lock file answers.
fn fills(call: &PackageCall) -> bool {
    if call.verb != Verb::Install || call.verb_text == "venv" {
        return false;
    }
    match call.manager {
        Manager::Uv => {
            let copies =
                call.flag(&["--link-mode"]).and_then(|flag| flag.value).is_some_and(|mode| mode.text == "copy");
            call.verb_text != "sync" || copies
        }
        Manager::Poetry | Manager::Pipenv => true,
        _ => false,
    }
}

fn cure(_: &Context, filled: &Filled) -> Option<Cure> {
    let folder = || filled.folders.first()?.folder.as_deref();
    match filled.call.manager {
        Manager::Uv => Some(Cure::Flag("--no-cache")),
        // Poetry's virtual environments lie in the same folder.
        Manager::Poetry => folder().map(|folder| Cure::Command(format!("rm -rf {folder}/cache {folder}/artifacts"))),
        _ => folder().map(|folder| Cure::Command(format!("rm -rf {folder}"))),
    }
}
