//! See `rules/yarn-cache-kept.md`.

use super::Context;
use super::kept_cache::{self, CacheFix, KeptCacheRule};
use crate::finding::Findings;
use crate::manifest::Tool;
use crate::shell::{Manager, PackageCall, Verb};

super::rule!("yarn-cache-kept", check);

fn check(cx: &Context, out: &mut Findings) {
    // Later versions of yarn keep their cache elsewhere, and may load packages from it at run time.
    if is_of(cx, Tool::YarnBerry) && !is_of(cx, Tool::YarnClassic) {
        return;
    }
    let rule = KeptCacheRule {
        fills,
        variables: &[],
        cure: |cx, _| Some(find_cure(cx)),
        known: false,
        code: ("DL3060", |call| matches!(&*call.verb_text, "" | "install")),
    };
    kept_cache::check(cx, out, &rule);
}

fn fills(call: &PackageCall) -> bool {
    call.manager == Manager::Yarn && call.verb == Verb::Install && call.verb_text != "workspaces focus"
}

fn find_cure(cx: &Context) -> CacheFix {
    let command = "yarn cache clean".to_owned();
    if is_of(cx, Tool::YarnClassic) {
        return CacheFix::Command(command);
    }
    CacheFix::RiskyCommand(command, "yarn 2 and later may load packages from the cache at run time")
}

fn is_of(cx: &Context, tool: Tool) -> bool {
    let projects = cx.projects().unwrap_or_default();
    projects.iter().any(|project| project.installs.iter().any(|install| install.tool == tool))
}
