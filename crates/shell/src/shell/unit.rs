//! The units of a script: what can stand in two scripts, one after the other.

use super::Invocation;
use super::script::{Script, SeparatorKind};
use crate::text::Span;

/// A part of a script's own list.
#[derive(Debug)]
pub struct ScriptUnit<'s> {
    /// In the script.
    pub span: Span,
    /// The programs that it runs.
    pub invocations: Vec<Invocation<'s>>,
}

impl Script {
    /// What `&&`, `;` and line ends separate in the script's own list, in order; `||` and `|` keep together what they join.
    /// `None` where a here-document or a command in the background keeps all together.
    pub fn units(&self) -> Option<Vec<ScriptUnit<'_>>> {
        let commands = self.commands.iter().map(|command| (command.span, command.place));
        let compounds = self.compounds.iter().map(|compound| (compound.span, compound.place));
        let mut nodes: Vec<_> = commands.chain(compounds).filter(|(_, place)| self.is_top(place)).collect();
        nodes.sort_by_key(|(span, _)| span.start);
        let kind = |separator: Option<super::Separator>| separator.map(|separator| separator.kind);
        let has_body =
            self.commands.iter().flat_map(|command| &command.redirects).any(|redirect| redirect.body.is_some());
        if has_body || nodes.iter().any(|(_, place)| kind(place.after) == Some(SeparatorKind::Background)) {
            return None;
        }
        let mut units: Vec<ScriptUnit> = Vec::new();
        for (span, place) in nodes {
            match (units.last_mut(), kind(place.before)) {
                (Some(last), Some(SeparatorKind::Or | SeparatorKind::Pipe)) => last.span = last.span.to(span),
                _ => units.push(ScriptUnit { span, invocations: Vec::new() }),
            }
        }
        for invocation in self.invocations() {
            let at = self.commands.get(invocation.outer as usize).map_or(0, |command| command.span.start);
            let index = units.partition_point(|unit| unit.span.start <= at).saturating_sub(1);
            if let Some(unit) = units.get_mut(index) {
                unit.invocations.push(invocation);
            }
        }
        Some(units)
    }
}
