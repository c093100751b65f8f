//! The elements of a script: the units that can be split between two RUNs.

use crate::build::Code;
use crate::shell::program::Program;
use crate::shell::{Invocation, Separator, SeparatorKind};

/// A pipeline or compound command of the script's top-level list.
#[derive(Debug)]
pub struct Element<'s> {
    /// Offset of its start in the script.
    pub start: u32,
    /// Offset of its end.
    pub end: u32,
    /// The programs that run in it.
    pub invocations: Vec<Invocation<'s>>,
}

/// The elements of a script in order, and whether they can be split; if not, the whole script is a single element.
pub fn elements<'s>(code: &'s Code) -> (Vec<Element<'s>>, bool) {
    let script = &code.script;
    let invocations = script.invocations();
    let commands = script.commands.iter().map(|command| (command.span, command.place));
    let compounds = script.compounds.iter().map(|compound| (compound.span, compound.place));
    let mut nodes: Vec<_> = commands.chain(compounds).filter(|(_, place)| place.scope == 0).collect();
    nodes.sort_by_key(|(span, _)| span.start);
    let heredoc =
        script.commands.iter().any(|command| command.redirects.iter().any(|redirect| redirect.body.is_some()));
    let divides = |separator: Option<Separator>, errexit: bool| match separator.map(|separator| separator.kind) {
        None | Some(SeparatorKind::And | SeparatorKind::Pipe) => true,
        Some(SeparatorKind::Semicolon | SeparatorKind::Newline) => errexit,
        Some(SeparatorKind::Or | SeparatorKind::Background) => false,
    };
    // `VERSION=$(git describe) && make`: a value computed in the shell would be lost in the other RUN.
    let computes = invocations.iter().any(|invocation| {
        let outer = script.commands.get(invocation.outer as usize);
        outer.is_some_and(|outer| {
            let sets = outer.name().is_none_or(|name| Program::of(name.text()).sets_shell());
            sets && outer.place.scope == 0 && outer.span != invocation.command.span
        })
    });
    let whole = heredoc
        || computes
        || code.is_exec()
        || code.text().is_none_or(|text| text.contains('#'))
        || !script.problems.is_empty()
        || nodes.iter().any(|(_, place)| {
            place.negated
                || !divides(place.before, place.options.errexit)
                || place.after.is_some_and(ends_in_background)
        });
    let mut elements: Vec<Element> = Vec::new();
    for (span, place) in &nodes {
        match elements.last_mut() {
            Some(last) if place.pipe_index > 0 || whole => last.end = last.end.max(span.end),
            _ => elements.push(Element { start: span.start, end: span.end, invocations: Vec::new() }),
        }
    }
    for invocation in invocations {
        let at = script.commands.get(invocation.outer as usize).map_or(0, |command| command.span.start);
        let index = elements.partition_point(|element| element.start <= at).saturating_sub(1);
        if let Some(element) = elements.get_mut(index) {
            element.invocations.push(invocation);
        }
    }
    let divisible = !whole && elements.len() > 1;
    (elements, divisible)
}

fn ends_in_background(separator: Separator) -> bool {
    matches!(separator.kind, SeparatorKind::Background | SeparatorKind::Or)
}
