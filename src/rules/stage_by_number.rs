//! See `rules/stage-by-number.md`.

use std::collections::HashMap;

use super::Context;
use crate::build::{EdgeKind, StageBase};
use crate::finding::Findings;

super::rule!("stage-by-number", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for name in build.stages().iter().filter_map(|stage| stage.name.as_deref()) {
        *counts.entry(name).or_default() += 1;
    }
    for edge in build.edges().iter().filter(|edge| edge.kind != EdgeKind::From) {
        let StageBase::Stage(to) = edge.to else { continue };
        let written = cx.source().slice(edge.span);
        if written.parse::<usize>().is_err() {
            continue;
        }
        let stage = &build.stages()[to];
        let message = format!("stage {written} becomes a different stage when a FROM is added above");
        let Some(name) = &stage.name else {
            out.push(cx.finding(edge.span, message).help("name the stage with `AS`, and use the name"));
            continue;
        };
        let finding = cx.finding(edge.span, message).help("use the name of the stage");
        // A name that is used again later means the later stage.
        out.push(if counts[name.as_str()] == 1 {
            finding.safe_edit(format!("use `{name}`"), edge.span, name.clone())
        } else {
            finding
        });
    }
}
