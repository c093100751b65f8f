//! A Dockerfile's text ─► a lossless [`File`] and the problems in it, read as BuildKit reads it: directives,
//! instructions, flags, words, heredocs, variable expansion, BuildKit's verdict. Knows no stage, no context, no rule.

mod syntax;

pub use self::syntax::{
    Arguments, Directive, DirectiveName, Element, File, Flag, Heredoc, Instruction, Keyword, Line, LineKind, Pair,
    Problem, ProblemKind, Segment, Word,
};
