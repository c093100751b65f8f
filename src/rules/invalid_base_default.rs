//! See `rules/invalid-base-default.md`.

use super::Context;
use crate::finding::Findings;

super::rule!("invalid-base-default", check);

fn check(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    for (index, base) in file.default_bases() {
        let Some(from) = file.from(&file.instructions()[index]) else { continue };
        // Without a variable the build always rejects it.
        if !from.image.text.contains('$') {
            continue;
        }
        let what = if base.is_empty() { "empty".to_owned() } else { format!("`{base}`") };
        let message = format!("without `--build-arg` this is {what}, which is not a valid image name");
        out.push(cx.finding(from.image.span, message).help("give the ARG a valid default"));
    }
}
