//! See `rules/unreachable-stage.md`.

use super::Context;
use crate::finding::Findings;

super::rule!("unreachable-stage", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    // Another target needs other stages.
    let Some(last) = build.stages().last().filter(|last| build.is_needed(last)) else { return };
    for stage in &build.stages()[..last.index] {
        let used = build.edges_to(stage).next().is_some();
        // A stage with a name may be a build target.
        if stage.name.is_some() || used || build.is_needed(stage) {
            continue;
        }
        let Some(from) = build.from_of(stage) else { continue };
        let message = "nothing uses this stage, and without a name it cannot be a build target";
        out.push(cx.finding(from.head, message).help("name it with `AS` and use it, or remove it"));
    }
}
