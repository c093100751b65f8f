//! See `rules/base-without-digest.md`.

use super::Context;
use crate::build::{Reference, StageBase};
use crate::finding::Findings;

super::rule!("base-without-digest", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for edge in build.edges() {
        let needed = build.stages().get(edge.stage).is_some_and(|stage| build.is_needed(stage));
        let StageBase::Image(image) = &edge.to else { continue };
        if !needed || Reference::of(image).digest.is_some() {
            continue;
        }
        let message = format!("`{image}` has no digest, so it can be a different image tomorrow");
        out.push(cx.finding(edge.span, message).help("append the digest of the tested image (`@sha256:…`)"));
    }
}
