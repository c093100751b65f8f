//! Which stage needs which, which stages the target needs, and references that cannot work.

use super::stage::{Edge, EdgeKind, Stage, StageBase, StageNames};
use crate::text::Span;

/// A reference between stages that cannot work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which.
    pub kind: FaultKind,
    /// Where.
    pub span: Span,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// Why a reference cannot work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A stage copies from itself.
    Itself,
    /// Stages need each other in a cycle.
    Circular,
    /// A stage copies from a stage that is defined below it.
    Forward,
    /// COPY from a number that no stage has.
    NoSuchNumber,
    /// A FROM names a stage that is defined below it: the builder assumes an image.
    FromBelow,
}

impl FaultKind {
    /// What hadolint calls it.
    pub const fn code(self) -> Option<&'static str> {
        match self {
            Self::Itself => Some("DL3023"),
            Self::Forward | Self::NoSuchNumber => Some("DL3022"),
            Self::Circular | Self::FromBelow => None,
        }
    }

    /// Whether the builder rejects the file because of it if the stage is needed.
    pub const fn is_error(self) -> bool {
        matches!(self, Self::Itself | Self::Circular | Self::Forward | Self::NoSuchNumber)
    }
}

/// Which stages the target needs, itself included.
pub(super) fn needed_stages(stages: &[Stage], edges: &[Edge], target: Option<usize>) -> Vec<bool> {
    let from = by_stage(stages.len(), edges);
    let mut needed = vec![false; stages.len()];
    let mut open: Vec<usize> = target.into_iter().collect();
    while let Some(stage) = open.pop() {
        if !std::mem::replace(&mut needed[stage], true) {
            open.extend(from[stage].iter().filter_map(|&edge| stage_of(&edges[edge])));
        }
    }
    needed
}

/// Everything that is wrong with the references, in source order.
pub(super) fn faults(stages: &[Stage], edges: &[Edge], names: &StageNames) -> Vec<Fault> {
    let mut faults = Vec::new();
    let circle = circles(stages.len(), edges);
    for edge in edges {
        faults.extend(fault(stages, edge, &circle, names));
    }
    faults.sort_by_key(|fault| fault.span);
    faults
}

fn fault(stages: &[Stage], edge: &Edge, circle: &[usize], names: &StageNames) -> Option<Fault> {
    let title = |index: usize| stages[index].title();
    let (kind, message, help) = match &edge.to {
        StageBase::Stage(to) if *to == edge.stage => (
            FaultKind::Itself,
            format!("stage `{}` copies from itself", title(*to)),
            Some("copy from an earlier stage, or use `RUN cp` within the stage".to_owned()),
        ),
        StageBase::Stage(to) if circle[*to] == circle[edge.stage] => (
            FaultKind::Circular,
            format!("stages `{}` and `{}` need each other", title(edge.stage), title(*to)),
            Some("move the part that both need to a separate stage above them".to_owned()),
        ),
        StageBase::Stage(to) if *to > edge.stage => (
            FaultKind::Forward,
            format!("stage `{}` is defined below the stage that copies from it", title(*to)),
            Some(format!("move `{}` above `{}`", title(*to), title(edge.stage))),
        ),
        StageBase::Image(name) if edge.kind == EdgeKind::From => {
            let below = names.find(name).filter(|below| *below > edge.stage)?;
            (
                FaultKind::FromBelow,
                format!("stage `{}` is defined below, so the builder pulls `{name}` as an image", title(below)),
                Some(format!("move `{}` above `{}`, or rename it", title(below), title(edge.stage))),
            )
        }
        StageBase::Image(name) if edge.kind == EdgeKind::Copy && name.parse::<i64>().is_ok() => (
            FaultKind::NoSuchNumber,
            match stages.iter().filter(|stage| stage.from().is_some()).count() {
                0 => format!("there is no stage {name}: the file has no FROM"),
                count => format!("there is no stage {name}: stages count from 0 to {}", count - 1),
            },
            Some("use the name of a stage".to_owned()),
        ),
        _ => return None,
    };
    Some(Fault { kind, span: edge.span, message, help })
}

fn stage_of(edge: &Edge) -> Option<usize> {
    match edge.to {
        StageBase::Stage(to) => Some(to),
        _ => None,
    }
}

fn by_stage(count: usize, edges: &[Edge]) -> Vec<Vec<usize>> {
    let mut from = vec![Vec::new(); count];
    for (index, edge) in edges.iter().enumerate() {
        from[edge.stage].push(index);
    }
    from
}

/// For each stage the number of its strongly connected component (Tarjan's algorithm, on an explicit stack: a file can
/// have 100,000 stages). A stage that is not in a cycle is alone in its component.
fn circles(count: usize, edges: &[Edge]) -> Vec<usize> {
    const UNSEEN: usize = usize::MAX;
    let from = by_stage(count, edges);
    let mut component = vec![UNSEEN; count];
    let mut order = vec![UNSEEN; count];
    let mut low = vec![0; count];
    let mut path = Vec::new();
    let mut seen = 0;
    for root in 0..count {
        if order[root] != UNSEEN {
            continue;
        }
        let mut calls = vec![(root, 0)];
        while let Some((stage, next)) = calls.pop() {
            if next == 0 {
                order[stage] = seen;
                low[stage] = seen;
                seen += 1;
                path.push(stage);
            }
            if let Some(&edge) = from[stage].get(next) {
                calls.push((stage, next + 1));
                let Some(to) = stage_of(&edges[edge]) else { continue };
                if order[to] == UNSEEN {
                    calls.push((to, 0));
                } else if component[to] == UNSEEN {
                    low[stage] = low[stage].min(order[to]);
                }
                continue;
            }
            if low[stage] == order[stage] {
                while let Some(member) = path.pop() {
                    component[member] = stage;
                    if member == stage {
                        break;
                    }
                }
            }
            if let Some(&(parent, _)) = calls.last() {
                low[parent] = low[parent].min(low[stage]);
            }
        }
    }
    component
}
