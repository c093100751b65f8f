//! Lists of commands: what `&&` and `||` join.

use super::{FlowCommand, Frame, is_choice};
use crate::shell::{Command, ScopeKind, SeparatorKind};

impl<'a> FlowCommand<'a> {
    /// Whether `set -e` does not look at its failure and the script continues behind its list: `&&` stands behind it, the list
    /// stands by itself in its script, and nothing answers it.
    pub(in crate::rules::workflow::deploy) fn is_unseen_in_list(&self) -> bool {
        let (Some(list), Some(Frame { script, command })) = (self.list(), self.frames.last()) else { return false };
        let is_top = script.scopes.get(command.place.scope as usize).is_some_and(|scope| scope.kind == ScopeKind::Top);
        let is_joined = command.place.after.is_some_and(|after| after.kind == SeparatorKind::And);
        let is_and = |other: &&Command| {
            let after = other.place.after.map(|after| after.kind);
            !matches!(after, Some(SeparatorKind::Or | SeparatorKind::Pipe | SeparatorKind::Background))
        };
        is_top && is_joined && self.functions.is_empty() && list.iter().all(is_and)
    }

    /// Whether another command stands in one list with it.
    pub(in crate::rules::workflow::deploy) fn is_in_list_of(&self, other: &Self) -> bool {
        let span = self.span();
        std::ptr::eq(self.script, other.script)
            && other.list().is_some_and(|list| list.iter().any(|command| command.span.contains(span)))
    }

    /// The commands that are joined with it by `&&` and `||`, in order; `None` where one of them is a group.
    fn list(&self) -> Option<Vec<&'a Command>> {
        let Frame { script, command } = *self.frames.last()?;
        if !std::ptr::eq(script, self.script.commands()) {
            return None;
        }
        let is_near = |other: &&Command| other.place.scope == command.place.scope;
        let near: Vec<&Command> = script.commands.iter().filter(is_near).collect();
        let at = near.iter().position(|known| known.span == command.span)?;
        let is_joined = |command: &&&Command| command.place.after.is_some_and(|after| is_choice(after.kind));
        let before = near[..at].iter().rev().take_while(is_joined).count();
        let behind = near[at..].iter().take_while(is_joined).count();
        let list = near.get(at - before..=at + behind)?;
        let text = self.script.text.for_shell();
        let is_adjacent = |pair: &[&Command]| {
            let start = pair[0].place.after.map_or(pair[0].span.end, |after| after.span.end);
            let between = text.get(start as usize..pair[1].span.start as usize);
            between.is_some_and(|between| between.chars().all(|c| c.is_whitespace() || c == '\\'))
        };
        list.windows(2).all(is_adjacent).then(|| list.to_vec())
    }
}
