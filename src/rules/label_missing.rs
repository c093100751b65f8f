//! See `rules/label-missing.md`.

use super::Context;
use super::labels::labels;
use crate::build::{EdgeKind, StageBase};
use crate::finding::Findings;

super::rule!("label-missing", check);

fn check(cx: &Context, out: &mut Findings) {
    let Some(schema) = cx.settings().and_then(|settings| settings.labels.as_ref()) else { return };
    let build = cx.build();
    if build.is_fragment() {
        return;
    }
    let set = labels(cx);
    for label in schema.keys() {
        let places: Vec<u32> =
            set.iter().filter(|label_use| label_use.name == *label).map(|set| set.span.start).collect();
        // The stages that set the label themselves, by the positions of their instructions.
        let has: Vec<bool> = build
            .stages()
            .iter()
            .map(|stage| {
                let mut spans = build.instructions(stage).map(|(_, instruction)| instruction.span);
                spans.any(|span| places.iter().any(|at| (span.start..span.end).contains(at)))
            })
            .collect();
        let in_chain = |index: usize| build.chain(&build.stages()[index]).any(|below| has[below.index]);
        // Stages that a labelled stage is based on, or that are only copied from, are not images themselves.
        let mut silent = vec![false; has.len()];
        for stage in build.stages().iter().filter(|stage| has[stage.index]) {
            build.chain(stage).for_each(|below| silent[below.index] = true);
        }
        for edge in build.edges().iter().filter(|edge| edge.kind != EdgeKind::From) {
            if let StageBase::Stage(index) = edge.to {
                silent[index] = true;
            }
        }
        for stage in build.stages().iter().filter(|stage| !silent[stage.index] && !in_chain(stage.index)) {
            out.push(cx.finding(stage.base_span, format!("label `{label}` is missing")));
        }
    }
}
