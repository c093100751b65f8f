//! A build context as the builder would be sent it: a compact tree of what `.dockerignore` lets through, and the topmost
//! entries that it keeps back. Plain data; must not touch a file system. What the builder asks for of it depends on the
//! Dockerfile: it fetches only what COPY, ADD and bind mounts name ([`sent`]). `.dockerignore` and the Dockerfile travel
//! on their own, so leaving them out takes them from COPY only, not from the builder.

mod answer;
mod builder;
mod classes;
mod entry;
mod filter;
mod memory;
mod path;
mod select;
mod summary;
mod transfer;
mod tree;

pub use self::answer::{Selection, SentFiles, SourceError, SourceOutcome};
pub use self::builder::ContextBuilder;
pub use self::classes::{
    Certainty, Class, ClassKind, ClassMatch, classify, folder_kind, is_secret_name, secret_certainty,
};
pub use self::entry::{Amount, ContextEntry, ContextEntryKind, EntryId, ExcludedEntry};
pub use self::select::{Selector, select};
pub use self::summary::{Aggregate, Summary, largest, summarise};
pub use self::transfer::sent;
pub use self::tree::{BuildContext, ReadProblem, TroubleKind};
