//! Positions in text: sources, spans, lines and columns, edits; text as paths. Owns nothing that knows what the text means.

mod amount;
mod commit;
pub mod diff;
mod edit;
mod embedding;
mod glob;
mod hex;
mod json_error;
mod names;
pub mod path;
mod source;
mod statistics;

pub use self::amount::{SIZE_UNITS, bytes, exact_bytes};
pub use self::commit::short_commit;
pub use self::edit::{Edit, EditError, apply};
pub use self::embedding::Embedding;
pub use self::glob::glob;
pub use self::hex::hex;
pub use self::json_error::json_reason;
pub use self::names::{joined, listed, quoted_names};
pub use self::source::{FileId, HiddenParts, LineColumn, Source, Span};
pub use self::statistics::median;
