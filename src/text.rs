//! Positions in text: sources, spans, lines and columns, edits. Owns nothing that knows what the text means.

mod amount;
mod edit;
mod embedding;
#[cfg(test)]
mod random;
mod source;

pub use self::amount::bytes;
pub use self::edit::{Edit, EditError, apply};
pub use self::embedding::Embedding;
#[cfg(test)]
pub(crate) use self::random::Random;
pub use self::source::{FileId, LineColumn, Source, Span};
