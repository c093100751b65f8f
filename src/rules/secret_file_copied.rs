//! See `rules/secret-file-copied.md`.

use super::Context;
use crate::build::is_for_show;
use crate::finding::Findings;
use crate::inputs::context::{Certainty, secret_certainty};
use crate::text::path;

super::rule!("secret-file-copied", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in cx.shipped() {
        let triggers = build.trigger_transfers(stage);
        for transfer in build.transfers(stage).iter().chain(&triggers) {
            for source in &transfer.sources {
                let Some(path) = source.text.as_deref().filter(|_| !source.is_remote()) else { continue };
                let (folder, name) = path::split(path);
                let holder = path::name(folder);
                let known = path.trim_start_matches("./").trim_matches('/');
                let sure = secret_certainty(holder, name)
                    .is_some_and(|certainty| certainty < Certainty::Possible || build.file_holds_secret(known));
                // `meta.env` and `*.env` may be anything.
                let vague =
                    name.contains(['*', '?', '[']) || (name.strip_suffix(".env").is_some_and(|stem| !stem.is_empty()));
                if !sure || vague || build.environment_file_holds_secret(known) == Some(false) || is_for_show(path) {
                    continue;
                }
                let message = format!(
                    "`{name}` goes into a layer: everyone who has the image can read it, whatever later steps delete"
                );
                let help = "mount it where a RUN needs it (`RUN --mount=type=secret,id=…,target=… …`), or give it to the container when it starts";
                out.push(cx.finding_at(transfer.index, source.span, message).help(help));
            }
        }
    }
}
