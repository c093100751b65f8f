//! Positions in text: sources, spans, lines and columns, edits. Owns nothing that knows what the text means.

mod edit;
mod source;

pub use self::edit::{Edit, EditError, apply};
pub use self::source::{FileId, LineColumn, Source, Span};
