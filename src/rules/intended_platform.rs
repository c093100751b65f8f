//! See `rules/intended-platform.md`.

use super::Context;
use super::constant_platform::pinned;
use crate::finding::Findings;

super::rule!("intended-platform", check);

fn check(cx: &Context, out: &mut Findings) {
    for pinned in pinned(cx.build()).into_iter().filter(|pinned| pinned.is_meant(cx.build())) {
        let message = format!("platform `{}` is hard-coded, on purpose according to the file", pinned.text);
        out.push(cx.finding(pinned.span, message).help("name the stage after the platform"));
    }
}
