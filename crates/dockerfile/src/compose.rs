//! Compose files ─► the project that they make, the builds that it names, with places; and a changed Dockerfile back into its file. Owns what Compose makes
//! of a text before it builds (`$$`, variables); starts nothing and reads no other file.

mod builds;
mod escaped;
mod inline;
mod kind;
pub mod project;
mod run;
mod write;

pub use self::builds::{
    Compose, ComposeProblem, Service, builds, inline_dockerfiles, is_for_development, is_on_demand, written_project,
};
pub use self::escaped::{escaped, escaped_texts};
pub use self::inline::indent;
pub use self::kind::{MAIN_FILES, OVERRIDE_FILES, holds_services, is_main_file};
pub use self::run::{ServiceRun, runs};
pub use self::write::write;

#[cfg(test)]
mod tests;
