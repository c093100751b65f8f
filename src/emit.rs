//! A compose file for a repository: from its Dockerfiles, manifests, sources and proxies to services with healthchecks, an
//! order by conditions, a migration job, volumes, networks and secrets. Reads and writes nothing.

mod addition;
mod application;
mod assembly;
mod backend;
mod built_server;
mod check;
mod connection;
mod draft;
mod endpoint;
mod emission;
mod entrypoint;
mod environment;
mod example;
mod file_service;
mod fixed_address;
mod input;
mod login;
mod mention;
mod mentions;
mod merge;
mod migration;
mod missing_source;
mod named_service;
mod overrides;
mod plan;
mod proxy;
mod proxy_variables;
mod render;
mod repository_image;
mod server_command;
mod server_image;
mod server_start;
mod service_names;
mod spring_config;
mod start;
mod storage;
mod switch;
mod unbuilt_program;
mod watch;
mod worker;

pub use self::emission::{Emission, EmittedFile};
pub use self::input::{EmitInput, EmitOverrides};
pub use self::plan::{Choice, ComposePlan, PlannedService, ServiceRole};

/// Writes a compose file, or adds to the one that is there.
pub fn emit(input: &EmitInput) -> Emission {
    let (mut plan, applications) = assembly::compose_plan(input);
    if plan.services.is_empty() {
        return render::empty_emission(plan);
    }
    let names =
        input.existing.map(|existing| merge::service_names(input, existing, &plan, &applications)).unwrap_or_default();
    let overrides = overrides::override_files(input, &mut plan, &applications, &names);
    let mut emission = match input.existing {
        None => render::emission(input, plan),
        Some(existing) => merge::emission(input, existing, plan, &applications),
    };
    emission.files.extend(overrides);
    emission
}
