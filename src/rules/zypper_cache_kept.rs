//! See `rules/zypper-cache-kept.md`.

use super::Context;
use super::package_cache::{self, Cache};
use crate::finding::Findings;
use crate::shell::{Manager, PackageCall, Verb};

super::rule!("zypper-cache-kept", check);

fn check(cx: &Context, out: &mut Findings) {
    let fills = |call: &PackageCall| call.manager == Manager::Zypper && call.verb == Verb::Install;
    let empties = |_: &PackageCall| true;
    package_cache::check(cx, out, &Cache { fills, empties, folders: &["/var/cache/zypp"], clean: "clean --all" });
}
