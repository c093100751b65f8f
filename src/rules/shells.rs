//! What is known about a stage's shells, and the SHELL that rules suggest.

use super::line_edits;
use crate::build::{Run, Setting, Sh};
use crate::finding::Finding;
use crate::shell::Dialect;
use crate::text::Span;

/// What /bin/sh is in the stage of a RUN.
pub(super) fn sh_of(run: &Run) -> Sh {
    run.build.system_shell(run.stage)
}

/// Whether the shell of a RUN's script is the builder's own `/bin/sh -c`.
pub(super) fn is_default(run: &Run) -> bool {
    matches!(run.build.shell(run.stage, run.index), Setting::Default(shell) if shell.dialect == Dialect::Posix)
}

/// Adds the fix that puts a SHELL before a RUN.
pub(super) fn with_shell(run: &Run, before: usize, shell: &str, title: &str, finding: Finding) -> Finding {
    let source = run.file().source();
    let at = line_edits::above(source, run.build.instruction(before));
    let newline = line_edits::line_end(source);
    let why = "every RUN below, and a CMD or ENTRYPOINT in shell form, then runs in that shell";
    finding.unsafe_edit(title, why, Span::at(at), format!("SHELL {shell}{newline}"))
}
