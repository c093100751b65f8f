//! See `rules/copy-to-root.md`.

use super::Context;
use crate::build::{Setting, Source};
use crate::finding::Findings;

super::rule!("copy-to-root", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        for transfer in build.transfers(stage).iter().filter(|transfer| transfer.from.is_none()) {
            let whole = transfer.sources.iter().any(Source::is_everything);
            let to = transfer.destination.as_deref().map(|to| to.trim_end_matches(['/', '.']));
            let here = matches!(build.workdir(stage, transfer.index), Setting::Default(folder) | Setting::Base(folder) if folder == "/");
            let relative = transfer.destination.as_deref().is_some_and(|to| matches!(to, "." | "./"));
            let root = to == Some("") && (!relative || here);
            if whole && root {
                let message = "the whole build context is copied into the root folder, next to the system folders";
                out.push(cx.finding(transfer.instruction.head, message).help("use a separate folder: `WORKDIR /app`"));
            }
        }
    }
}
