//! The elements of a script: the units that can be split between two RUNs.

use crate::build::Code;
use crate::shell::program::Program;
use crate::shell::{ScriptUnit, Separator, SeparatorKind};
use crate::text::Span;

/// The elements of a script in order, and whether they can be split; if not, the whole script is a single element.
pub fn elements<'s>(code: &'s Code) -> (Vec<ScriptUnit<'s>>, bool) {
    let units = if may_be_split(code) { code.script.units() } else { None };
    if let Some(units) = units {
        let divisible = units.len() > 1;
        return (units, divisible);
    }
    let script = &code.script;
    let commands = script.commands.iter().filter(|command| script.is_top(&command.place)).map(|command| command.span);
    let compounds =
        script.compounds.iter().filter(|compound| script.is_top(&compound.place)).map(|compound| compound.span);
    let span = commands.chain(compounds).reduce(Span::to);
    (span.map(|span| ScriptUnit { span, invocations: script.invocations() }).into_iter().collect(), false)
}

/// Whether each unit does in a RUN of its own what it does in the script.
fn may_be_split(code: &Code) -> bool {
    let script = &code.script;
    let divides = |separator: Option<Separator>, errexit: bool| match separator.map(|separator| separator.kind) {
        None | Some(SeparatorKind::And | SeparatorKind::Pipe) => true,
        Some(SeparatorKind::Semicolon | SeparatorKind::Newline) => errexit,
        Some(SeparatorKind::Or | SeparatorKind::Background) => false,
    };
    // `VERSION=$(git describe) && make`: a value computed in the shell would be lost in the other RUN.
    let computes = script.invocations().iter().any(|invocation| {
        let outer = script.commands.get(invocation.outer as usize);
        outer.is_some_and(|outer| {
            let sets = outer.name().is_none_or(|name| Program::of(name.text()).sets_shell());
            sets && outer.place.scope == 0 && outer.span != invocation.command.span
        })
    });
    let commands = script.commands.iter().map(|command| command.place);
    let mut places = commands.chain(script.compounds.iter().map(|compound| compound.place));
    !computes
        && !code.is_exec()
        && code.text().is_some_and(|text| !text.contains('#'))
        && script.problems.is_empty()
        && places.all(|place| {
            !script.is_top(&place)
                || !place.negated && divides(place.before, place.options.errexit) && divides(place.after, true)
        })
}
