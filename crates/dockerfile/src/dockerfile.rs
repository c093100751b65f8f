//! A Dockerfile's text ─► a lossless [`File`] and the problems in it, read as BuildKit reads it: directives,
//! instructions, flags, words, heredocs, variable expansion, BuildKit's verdict. Knows no stage, no context, no rule.

mod answer;
mod whitespace;
mod check;
mod comment_lines;
mod difference;
mod directive;
pub mod expand;
mod flags;
mod heredoc;
mod joined_text;
mod json;
mod keyword;
mod line;
mod parse;
mod commented_instruction;
mod file_pieces;
pub mod quote;
mod read;
mod refusal;
mod syntax;
mod template;
mod trap;
mod verdict;
mod view;
mod words;

pub use self::answer::{BuildkitAnswer, BuildkitNode, HeredocNode};
pub use self::check::CheckOptions;
pub use self::comment_lines::start_with_comments;
pub use self::difference::{Difference, DifferenceKind};
pub use self::directive::LookUp;
pub use self::file_pieces::PieceKind;
pub use self::keyword::KEYWORDS;
pub use self::parse::parse;
pub use self::refusal::{Stage, Verdict};
pub use self::syntax::{
    Arguments, Directive, DirectiveName, Element, File, Flag, Heredoc, Instruction, InstructionWord, Keyword, LineKind,
    Pair, PhysicalLine, ProblemKind, SyntaxProblem,
};
pub use self::template::{Template, is_open, is_steered, parse_template};
pub use self::verdict::{known_flags, platform, platform_error};
pub use self::view::{
    Arg, Argument, CommandForm, FromInstruction, Healthcheck, HeredocSource, Mount, MountField, RunArguments, Script,
    ScriptKind, Transfer, Variable,
};

#[cfg(test)]
mod properties;
#[cfg(test)]
mod vectors;
