//! What each program of a repository is by itself: what starts it, where it answers, which code it holds, which workers run with
//! its image, and how it is asked whether it is ready.

pub(super) mod application;
pub(super) mod broken_release;
pub(super) mod built_binary;
pub(super) mod built_server;
pub(super) mod check;
pub(super) mod committed;
pub(super) mod copied_environment;
pub(super) mod draft;
pub(super) mod endpoint;
pub(super) mod entrypoint;
pub(super) mod example;
pub(super) mod left_out;
mod main_program;
pub(super) mod migrating_command;
pub(super) mod missing_source;
pub(super) mod mounted_sources;
pub(super) mod named_packages;
pub(super) mod relative_import;
pub(super) mod runner;
pub(super) mod server_command;
pub(super) mod server_start;
pub(super) mod spring_config;
pub(super) mod start;
pub(super) mod storage;
pub(super) mod task_object;
pub(super) mod taskiq_hook;
pub(super) mod unbuilt_program;
mod variant;
pub(super) mod worker;
mod worker_program;

use self::application::{Application, built_applications};
use self::draft::{complete_with_code, read_code};
use self::variant::leave_out_variants;
use super::input::EmitInput;
use super::plan::ComposePlan;

/// The programs of a repository, and the servers that it builds. They have no names yet: those depend on each other.
pub(super) fn applications<'i>(input: &EmitInput<'i>, plan: &mut ComposePlan) -> Vec<Application<'i>> {
    let mut applications = built_applications(input, plan);
    read_code(input, &mut applications);
    complete_with_code(input, &mut applications, plan);
    leave_out_variants(input, &mut applications, plan);
    applications
}
