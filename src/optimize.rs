//! Rewrites a whole build by itself: inputs and evidence in, texts of every rung of the ladder out. Owns the order of the
//! passes and what each may change; runs nothing and reads no file. What is not understood stays as it is.
//!
//! A pass reads the build as the passes before it left it and answers with edits, so every rung is a valid build by
//! itself, and a second run over the result changes nothing.

mod called;
mod compiled;
mod evidence;
mod flags;
mod hygiene;
mod ignore;
mod mend;
mod node;
mod order;
mod passage;
mod pass;
mod plan;
mod python;
mod rung;
mod run;
mod scene;
mod scripted;
mod server;
mod service;
mod slim;

pub use self::evidence::{Evidence, Observed};
pub use self::pass::{PassInfo, passes};
pub use self::plan::{Plan, PlannedProject, plan};
pub use self::run::{Climbed, Optimized, Options, Refusal, Step, optimize, unwritable};
pub use self::rung::{Level, Rung};
pub use self::service::{Listed, Service, services};

#[cfg(test)]
mod sketch;
#[cfg(test)]
mod tests;
