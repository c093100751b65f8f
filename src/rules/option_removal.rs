//! The deletion of an option from a command, with the blanks before it.

use crate::build::Run;
use crate::shell::Invocation;
use crate::text::Span;

/// Removes the words of a span from an invocation; `None` in exec form, where commas would have to be removed too, and
/// if only part of a word would be removed.
pub(super) fn of(run: &Run, invocation: &Invocation, span: Span) -> Option<(Span, String)> {
    let at = invocation.args.iter().position(|word| word.span.start == span.start)?;
    invocation.args.iter().find(|word| word.span.end == span.end)?;
    if run.code.is_exec() {
        return None;
    }
    let before = at.checked_sub(1).map_or(invocation.path.span.end, |index| invocation.args[index].span.end);
    // In a script inside quotes for another shell, all words have the same position.
    if before > span.start {
        return None;
    }
    let (place, gap) = (run.place(span), run.place(Span::new(before, span.start)));
    let blank = run.file().source().slice(gap).chars().all(|c| c == ' ' || c == '\t');
    let start = if blank { gap.start } else { return None };
    (start < place.start && gap.end == place.start).then(|| (Span::new(start, place.end), String::new()))
}
