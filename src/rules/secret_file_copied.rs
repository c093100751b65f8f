//! See `rules/secret-file-copied.md`.

use super::Context;
use super::env_file::{holds, is_proven};
use crate::finding::Findings;
use crate::inputs::context::{Certainty, secret_certainty};

super::rule!("secret-file-copied", check);

/// Folders whose keys are for tests.
const SAMPLES: [&str; 8] = ["test", "tests", "testdata", "fixtures", "example", "examples", "mock", "docs"];

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in cx.shipped() {
        for transfer in build.transfers(stage) {
            for source in &transfer.sources {
                let Some(path) = source.text.as_deref().filter(|_| !source.is_remote()) else { continue };
                let mut parts = path.trim_end_matches('/').rsplit('/');
                let name = parts.next().unwrap_or_default();
                let holder = parts.next().unwrap_or_default();
                let known = path.trim_start_matches("./").trim_matches('/');
                let sure = secret_certainty(holder, name)
                    .is_some_and(|certainty| certainty < Certainty::Possible || is_proven(cx, known));
                // `meta.env` and `*.env` may be anything.
                let vague =
                    name.contains(['*', '?', '[']) || (name.strip_suffix(".env").is_some_and(|stem| !stem.is_empty()));
                if !sure
                    || vague
                    || holds(cx, known) == Some(false)
                    || path.split('/').any(|part| SAMPLES.contains(&part))
                {
                    continue;
                }
                let message = format!(
                    "`{name}` goes into a layer: everyone who has the image can read it, whatever later steps delete"
                );
                let help = "mount it where a RUN needs it (`RUN --mount=type=secret,id=…,target=… …`), or give it to the container when it starts";
                out.push(cx.finding(source.span, message).help(help));
            }
        }
    }
}
