//! A compose file ─► the builds that it names, with places; and a changed Dockerfile back into it. Owns what Compose makes
//! of a text before it builds (`$$`, variables); starts nothing and reads no other file.

mod edit;
mod inline;
mod mount;
pub mod project;
mod read;
mod run;
mod write;

pub use self::edit::{ComposeEditor, NewValue, escaped};
pub use self::inline::indent;
pub use self::mount::Mount;
pub use self::read::{Compose, ComposeProblem, Service, holds_services, is_compose, read};
pub use self::run::{ServiceRun, runs};
pub use self::write::write;

#[cfg(test)]
mod tests;
