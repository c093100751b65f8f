//! See `rules/dnf-cache-kept.md`.

use super::Context;
use super::package_cache::{self, Cache};
use crate::finding::Findings;
use crate::shell::{Manager, PackageCall, Verb};

super::rule!("dnf-cache-kept", check);

fn check(cx: &Context, out: &mut Findings) {
    let fills = |call: &PackageCall| {
        matches!(call.manager, Manager::Dnf | Manager::Microdnf)
            && matches!(call.verb, Verb::Install | Verb::Upgrade | Verb::Download | Verb::Update)
    };
    let empties = |call: &PackageCall| call.operands.iter().any(|word| word.is("all"));
    let folders = &["/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum", "/var/cache/tdnf"];
    package_cache::check(cx, out, &Cache { fills, empties, folders, clean: "clean all" });
}
