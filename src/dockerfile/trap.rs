//! Silent traps.
use super::read::{Cx, Text};
use super::syntax::{File, Heredoc, Instruction};
use crate::text::Span;
pub(super) fn check_continuation(_file: &mut File, _instruction: &Instruction, _index: u32) {}
pub(super) fn check_directives(_file: &mut File) {}
pub(super) fn check_line(_cx: &mut Cx<'_>, _line: Text<'_>, _instruction: &Instruction, _heredocs: &[Heredoc]) {}
pub(super) fn bare_dashes(_cx: &mut Cx<'_>, _at: Span) {}
