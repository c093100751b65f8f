//! See `rules/unknown-copy-source.md`.

use super::Context;
use crate::build::{EdgeKind, Reference, StageBase, is_official};
use crate::finding::Findings;

super::rule!("unknown-copy-source", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for edge in build.edges().iter().filter(|edge| edge.kind != EdgeKind::From) {
        let StageBase::Image(name) = &edge.to else { continue };
        let number = name.parse::<i64>().is_ok();
        if name.contains([':', '/', '.', '@']) || number || is_official(Reference::of(name).short_name()) {
            continue;
        }
        let finding = cx.finding(edge.span, format!("there is no stage `{name}`, so the builder pulls it as an image"));
        let finding = match edge.kind {
            EdgeKind::Copy => finding,
            _ => finding.without("DL3022"),
        };
        out.push(match build.nearest_stage(name) {
            // A name that the builder rejects, or that has another meaning in a flag, is not suggested.
            Some(near) if near.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)) => finding
                .help(format!("did you mean the stage `{near}`?"))
                .unsafe_edit(format!("use `{near}`"), "the name is a guess: the closest known one", edge.span, near),
            _ => finding.help("name a stage above; for an image, add its version"),
        });
    }
}
