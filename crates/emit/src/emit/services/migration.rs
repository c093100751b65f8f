//! The job that brings the schema of a database up to date.

use super::environment::{EnvironmentParts, environment};
use super::variable_need::EnvironmentExtent;
use super::{ServicePlanner, add_no_check, source_volumes, text, variables, write_dependencies};
use crate::emit::links::connection::Connection;
use crate::emit::links::migration::{MigrationJob, PublishedImage};
use crate::emit::links::program::Program;
use crate::emit::plan::{PlannedService, ServiceRole};
use crate::stack::{HEALTHY, STARTED};
use crate::yaml::NewValue;

impl ServicePlanner<'_, '_> {
    pub(super) fn add_migration(&mut self) {
        let Some((at, job)) = &self.project.migration else { return };
        if let Some(published) = &job.published {
            return self.add_published_migration(job, published);
        }
        let (program, backends) = (self.program(*at), &self.project.backends);
        let mut service = PlannedService::new(&job.name, ServiceRole::Migration);
        self.add_build(program, &mut service);
        if !job.is_image() {
            self.add_command(program, &job.command, &mut service);
        }
        if let Some(folder) = &job.folder {
            service.add("working_dir", text(folder));
            self.plan.choose(&job.name, "working_dir", "what it reads lies there in the image", job.place.clone());
        }
        // Settings that fail without the address of another server do so here too.
        let is_needed = |known: &&Connection| backends.is_database(&known.backend) || !known.has_default;
        if let Some(folder) = &program.application.source_folder {
            service.add("volumes", NewValue::raw_texts(&source_volumes(&program.application, folder)));
        }
        self.add_environment_file(program, &mut service);
        let connections = program.connections.iter().filter(is_needed);
        let connections: Vec<Connection> = connections.cloned().collect();
        // An image that is made for it reads the settings of its program.
        let extent = if job.is_image() { EnvironmentExtent::All } else { EnvironmentExtent::Needed };
        let settled = &program.settled;
        let parts = EnvironmentParts { connections: &connections, settled, backends, extent };
        let entries = environment(self.input, &program.application, &parts, self.plan);
        if !entries.is_empty() {
            service.add("environment", variables(entries));
        }
        let servers = self.needed_servers(program).into_iter();
        service.dependencies =
            servers.filter(|(name, _)| connections.iter().any(|known| known.backend == *name)).collect();
        if job.is_image() && service.dependencies.is_empty() {
            service.dependencies = self.all_databases();
        }
        write_dependencies(&mut service);
        if program.application.has_check() {
            add_no_check(&mut service, "The image's check asks for the server, which this job does not run.");
        }
        self.add_rights(program, &mut service);
        service.add_with("restart", NewValue::raw_text("no"), "It ends when the schema is up to date.");
        self.plan.choose(
            &job.name,
            if job.is_image() { "build" } else { "command" },
            job.reason.clone(),
            job.place.clone(),
        );
        self.plan.choose(&job.name, "restart", "a job that is restarted never counts as completed", None);
        self.plan.services.push(service);
    }

    /// The job that runs with the image of a tool.
    fn add_published_migration(&mut self, job: &MigrationJob, published: &PublishedImage) {
        let mut service = PlannedService::new(&job.name, ServiceRole::Migration);
        service.add("image", text(&published.image));
        service.image = Some(published.image.clone());
        service.add("command", NewValue::raw_texts(&job.command));
        service.add("volumes", NewValue::raw_texts(std::slice::from_ref(&published.volume)));
        let database = self.project.backends.backend(&published.database);
        let is_checked = database.is_some_and(|known| known.check.is_ok());
        service.dependencies = vec![(published.database.clone(), if is_checked { HEALTHY } else { STARTED })];
        write_dependencies(&mut service);
        service.add_with("restart", NewValue::raw_text("no"), "It ends when the schema is up to date.");
        self.plan.choose(&job.name, "command", job.reason.clone(), job.place.clone());
        self.plan.choose(&job.name, "restart", "a job that is restarted never counts as completed", None);
        self.plan.services.push(service);
    }

    /// All databases of the project, each with the condition: an image that only migrates is for one of them.
    fn all_databases(&self) -> Vec<(String, &'static str)> {
        let backends = &self.project.backends;
        let all = backends.all.iter().filter(|server| backends.is_database(&server.name));
        all.map(|server| (server.name.clone(), if server.check.is_ok() { HEALTHY } else { STARTED })).collect()
    }

    /// The databases that a program needs, each with the condition.
    pub(super) fn databases(&self, program: &Program) -> Vec<(String, &'static str)> {
        let needed = self.needed_servers(program).into_iter();
        needed.filter(|(name, _)| self.project.backends.is_database(name)).collect()
    }

    /// Whether a program is the one whose database is migrated, or connects to the same.
    pub(super) fn waits_for_migration(&self, program: &Program) -> bool {
        self.project.migration.as_ref().is_some_and(|(at, job)| {
            let migrated = self.program(*at);
            migrated.application.name == program.application.name
                || job.is_image()
                    && (migrated.application.shares_code(&program.application)
                        || self.databases(migrated).is_empty() && !self.databases(program).is_empty())
                || self.databases(migrated).iter().any(|(name, _)| program.connects_to(name))
        })
    }
}
