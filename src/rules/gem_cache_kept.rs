//! See `rules/gem-cache-kept.md`.

use super::Context;
use super::kept_cache::{self, CacheFill, CacheFix, KeptCacheRule};
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::shell::{Manager, PackageCall, Verb};

super::rule!("gem-cache-kept", check);

fn check(cx: &Context, out: &mut Findings) {
    // Bundler may install into the project folder instead; then the archives are there, too.
    let file = &cx.build().input().file;
    let moves = |text: &str| {
        ["BUNDLE_PATH", "BUNDLE_DEPLOYMENT", "deployment", "--path", "config set"]
            .iter()
            .any(|word| text.contains(word))
    };
    let mut settings =
        file.instructions().iter().filter(|i| matches!(i.keyword, Keyword::Env | Keyword::Arg | Keyword::Run));
    if settings.any(|setting| moves(file.logical(setting.text))) {
        return;
    }
    kept_cache::check(
        cx,
        out,
        &KeptCacheRule { fills, variables: &[], cure: find_cure, known: true, code: ("", |_| true) },
    );
}

fn fills(call: &PackageCall) -> bool {
    matches!(call.manager, Manager::Gem | Manager::Bundle) && call.verb == Verb::Install
}

fn find_cure(_: &Context, filled: &CacheFill) -> Option<CacheFix> {
    let folder = filled.folders.first()?.folder.as_deref()?;
    Some(CacheFix::Command(format!("rm -rf {folder}")))
}
