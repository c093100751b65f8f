//! Rewrites a whole build by itself: inputs and evidence in, texts of every rung of the ladder out. Owns the order of the
//! passes and what each may change; runs nothing and reads no file. What is not understood stays as it is.
//!
//! A pass reads the build as the passes before it left it and answers with edits, so every rung is a valid build by
//! itself, and a second run over the result changes nothing. No pass uses another one: what several do or know stands in
//! modules of its own beside them.

mod assumption;
mod cache_mounts;
mod called_programs;
mod compiled;
mod dependency_files;
mod evidence;
mod flags;
mod app_folder;
mod protected_files;
mod hygiene;
mod ignore;
mod languages;
mod layout;
mod literal;
mod rule_fixes;
mod node;
mod options;
mod order;
mod env_pairs;
mod pass;
mod passes;
mod plan;
mod production;
mod python;
mod reached_sources;
mod rung;
mod run;
mod pass_input;
mod scripted;
mod server;
mod service;
mod slim;

pub use self::assumption::{Assumption, Support};
pub use self::evidence::{CleanClone, Evidence, ObservedRun, VendoredModules};
pub use self::options::Options;
pub use self::pass::PassInfo;
pub use self::pass_input::{PassRefusal, RewriteStep};
pub use self::passes::passes;
pub use self::plan::{BuildPlan, PlannedProject, plan};
pub use self::run::{ClimbedRung, Optimized, optimize, unwritable};
pub use self::rung::{Level, Rung};
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
mod test_inputs;
#[cfg(test)]
mod tests;
