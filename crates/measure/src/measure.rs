//! Builds before and after, compares what came out, and cleans up after itself. Owns scenarios and the search down the
//! ladder; the values stand in `proof`.
//!
//! Builds are run by the program that users run, `docker buildx build`, on copies of the context. Everything that a run
//! makes carries its nonce: folders, names of images, labels of containers and networks, ids of cache mounts.

mod build;
mod change;
mod child;
mod level_search;
mod copy;
mod equivalence;
mod leftover;
mod limited_program;
mod cpu_time;
mod deployment;
mod observe;
mod plan;
mod program;
mod scenario;
mod session;
mod size;
mod startup;
mod trial;

pub use self::build::{BuiltImage, Mode};
pub use self::change::{Changes, change_refusal};
pub use self::copy::Project;
pub use self::deployment::{AuthorScript, DeploymentRequest};
pub use self::leftover::{LeftoverCleanup, clean_up};
pub use self::level_search::{ProofInput, ProvedRewrite, RewriteRequest};
pub use self::limited_program::{LimitedRun, ProgramEnd, ProgramLimits, free_memory, run_limited};
pub use self::plan::MeasurePlan;
pub use self::program::DockerPlugin;
pub use self::scenario::{ScenarioResult, Series};
pub use self::session::{Session, SessionOptions};
pub use self::startup::StartRequest;
pub use self::trial::{ServiceContainer, TrialRequest};
