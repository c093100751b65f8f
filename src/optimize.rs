//! Rewrites a whole build by itself: inputs and evidence in, texts of every rung of the ladder out. Owns the order of the
//! passes and what each may change; runs nothing and reads no file. What is not understood stays as it is.
//!
//! A pass reads the build as the passes before it left it and answers with edits, so every rung is a valid build by
//! itself, and a second run over the result changes nothing. No pass uses another one: what several do or know stands in
//! modules of its own beside them.

mod assumption;
mod cache_mounts;
mod called;
mod compiled;
mod dependency_files;
mod evidence;
mod flags;
mod folder;
mod guard;
mod hygiene;
mod ignore;
mod languages;
mod layout;
mod literal;
mod mend;
mod node;
mod options;
mod order;
mod pairs;
mod pass;
mod passes;
mod plan;
mod production;
mod python;
mod reach;
mod rung;
mod run;
mod scene;
mod scripted;
mod server;
mod service;
mod slim;

pub use self::assumption::{Assumption, Support};
pub use self::evidence::{Cloned, Evidence, Observed, Vendored};
pub use self::options::Options;
pub use self::pass::PassInfo;
pub use self::passes::passes;
pub use self::plan::{BuildPlan, PlannedProject, plan};
pub use self::run::{ClimbedRung, Optimized, optimize, unwritable};
pub use self::rung::{Level, Rung};
pub use self::scene::{PassRefusal, RewriteStep};
pub use self::service::{ListedService, Service, services};

/// Which of some files of the context a compiled program does not read: what the compiler builds in (`go:embed`,
/// `include_str!`), and what tells about the project alone. `texts`: of the sources, by path.
pub fn unread_once_compiled<'p>(
    texts: &std::collections::BTreeMap<String, String>,
    paths: impl IntoIterator<Item = &'p String>,
) -> std::collections::BTreeSet<String> {
    compiled::unread(texts, paths)
}

#[cfg(test)]
mod sketch;
#[cfg(test)]
mod tests;
