//! A build context as the builder would be sent it: a compact tree of what `.dockerignore` lets through, and the topmost
//! entries that it keeps back. Plain data; must not touch a file system. What the builder asks for of it depends on the
//! Dockerfile: it fetches only what COPY, ADD and bind mounts name ([`sent`]). `.dockerignore` and the Dockerfile travel
//! on their own, so leaving them out takes them from COPY only, not from the builder.

mod builder;
mod classes;
mod filter;
mod memory;
mod path;
mod select;
mod summary;
mod transfer;
mod tree;

pub use self::builder::Builder;
pub use self::classes::{Certainty, Class, ClassKind, Found, classify, is_secret_name, secret_certainty};
pub use self::select::{Outcome, Selection, Selector, SourceError, select};
pub use self::summary::{Aggregate, Summary, largest, summarise};
pub use self::transfer::{Sent, sent};
pub use self::tree::{Amount, BuildContext, Entry, EntryId, Excluded, Kind, Trouble, TroubleKind};
