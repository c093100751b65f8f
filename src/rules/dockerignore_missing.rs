//! See `rules/dockerignore-missing.md`.

use super::Context;
use crate::build::Source;
use crate::finding::Findings;
use crate::inputs::IgnoreInput;

super::rule!("dockerignore-missing", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let missing = match cx.ignore() {
        IgnoreInput::Missing(_) => true,
        IgnoreInput::Present(_, file) => file.patterns.is_empty() && file.error().is_none(),
        IgnoreInput::Unknown => false,
    };
    if !missing {
        return;
    }
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
        let transfers = build.transfers(stage);
        let whole = |transfer: &&crate::build::Transfer| {
            transfer.from.is_none() && transfer.sources.iter().any(Source::is_everything)
        };
        if let Some(transfer) = transfers.iter().find(whole) {
            let message = "the whole build context is copied, and no .dockerignore excludes anything";
            let help = "add a .dockerignore that excludes .git, installed packages, caches and secrets";
            out.push(cx.finding(transfer.instruction.head, message).help(help));
            return;
        }
    }
}
