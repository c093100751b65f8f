//! References between stages: FROM, `COPY --from`, `RUN --mount=from`.

use super::stage::{self, Edge, EdgeKind, Stage, StageBase, StageNames};
use crate::inputs::BuildInput;
use crate::text::Span;

/// All edges in source order.
pub(super) fn edges(input: &BuildInput, stages: &[Stage], names: &StageNames) -> Vec<Edge> {
    let file = &input.file;
    let mut edges = Vec::new();
    for stage in stages {
        let span = stage.base_span;
        edges.extend(stage.from().map(|instruction| Edge {
            stage: stage.index,
            instruction,
            span,
            to: stage.base.clone(),
            kind: EdgeKind::From,
        }));
        // A stage that a named context replaces is not read.
        let indexes = if stage.is_replaced() { 0..0 } else { stage.instructions.clone() };
        for index in indexes {
            let instruction = &file.instructions()[index];
            let mut add = |name: &str, span: Span, kind: EdgeKind| {
                // BuildKit expands no variable here.
                let to = if name.contains('$') {
                    StageBase::Unknown(name.to_owned())
                } else {
                    match names.find_or_index(name) {
                        Some(to) if stages[to].is_replaced() => stages[to].base.clone(),
                        Some(to) => StageBase::Stage(to),
                        None => stage::outside(name, &input.options),
                    }
                };
                edges.push(Edge { stage: stage.index, instruction: index, span, to, kind });
            };
            if let Some(from) = file.transfer(instruction).and_then(|transfer| transfer.from) {
                add(&from.text, from.span, EdgeKind::Copy);
            }
            for mount in file.mounts(instruction) {
                let Some(field) = mount.field(&["from"]) else { continue };
                if let Some(name) = field.value.as_deref().filter(|name| !name.is_empty()) {
                    // The position of the name after `from=`, if it is known.
                    let start = field.span.end.saturating_sub(name.len() as u32).max(field.span.start);
                    add(name, Span::new(start, field.span.end), EdgeKind::Mount);
                }
            }
        }
    }
    edges
}
