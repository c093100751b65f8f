//! Pipelines ─► their jobs with steps, and the images that these build: workflows of GitHub and its composite actions,
//! GitLab's files, justfiles, makefiles and scripts. Runs nothing, and guesses nothing: what is no constant is not known.

mod build_call;
mod builds;
mod build_command;
mod cache_entry;
mod command_variables;
mod compose_call;
mod expression;
mod github;
mod gitlab;
mod just;
mod make;
mod matrix;
mod model;
mod path_filter;
mod place;
mod plain_script;
mod read;
mod remote_script;
mod script;
mod script_folder;
mod step_command;
mod variables;

pub use self::build_call::{BuildCall, Builder, LegBuild, Switch, WorkflowArgument};
pub use self::cache_entry::CacheEntry;
pub use self::compose_call::ComposeCall;
pub use self::expression::names as expression_names;
pub use self::gitlab::filled_in;
pub use self::just::{JustOutline, just_outline};
pub use self::matrix::{Matrix, MatrixLeg, text_in_leg};
pub use self::model::{
    ActionUse, Event, Job, PipelineKind, Recipe, RecipeParameter, RepositoryFiles, Step, StepInput, StepScript,
    Workflow, WorkflowGap, WorkflowProblem,
};
pub use self::path_filter::PathFilter;
pub use self::place::{WorkflowPlace, WorkflowText};
pub use self::read::{pipeline_kind, read, read_steps};
pub use self::remote_script::RemoteScript;
pub use self::script::ScriptText;
pub use self::step_command::StepCommand;
