//! Rewrites a whole build. Input: inputs and evidence; output: the texts of every level. It owns the order of
//! the passes and what each may change; it runs nothing and reads no file. Instructions that it does not support stay as
//! they are.
//!
//! A pass reads the build as the passes before it left it, and returns edits. So every level is a valid build, and a second
//! run over the result changes nothing. No pass uses another one: what several passes need is in a module of its own.

mod assumption;
mod cache_mounts;
mod called_programs;
mod debian;
mod dependency_files;
mod flags;
mod app_folder;
mod protected_files;
mod home_downloads;
mod hygiene;
mod ignore;
mod json_words;
mod languages;
mod layout;
mod rule_fixes;
mod new_stage;
mod options;
mod order;
mod env_pairs;
mod passes;
mod plan;
mod dev_dependencies;
mod reached_sources;
mod replaced_installs;
mod reason;
mod level;
mod run;
mod optimizer;
mod pass_input;
mod server;
mod slim;

pub use self::assumption::{Assumption, Support};
pub use self::languages::compiled::unread_once_compiled;
pub use self::level::{Level, LevelLimit};
pub use self::optimizer::Optimizer;
pub use self::options::Options;
pub use self::pass_input::{PassRefusal, RewriteStep};
pub use self::passes::{PassInfo, passes};
pub use self::plan::{BuildPlan, PlannedProject, plan};
pub use self::run::{LevelOutcome, Optimized, optimize, unwritable};

#[cfg(test)]
mod test_inputs;
#[cfg(test)]
mod tests;
