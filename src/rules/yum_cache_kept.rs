//! See `rules/yum-cache-kept.md`.

use super::Context;
use super::package_cache::{self, Cache};
use crate::finding::Findings;
use crate::shell::{Manager, PackageCall, Verb};

super::rule!("yum-cache-kept", check);

fn check(cx: &Context, out: &mut Findings) {
    let fills = |call: &PackageCall| {
        call.manager == Manager::Yum
            && matches!(call.verb, Verb::Install | Verb::Upgrade | Verb::Download | Verb::Update)
    };
    let empties = |call: &PackageCall| call.operands.iter().any(|word| word.is("all"));
    let folders = &["/var/cache/yum", "/var/cache/dnf"];
    package_cache::check(cx, out, &Cache { fills, empties, folders, clean: "clean all" });
}
