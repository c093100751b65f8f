//! The services of workers, which run with the image of a program.

use super::{ServicePlanner, add_no_check, text, write_dependencies};
use crate::emit::facts::check::{START_SECONDS, healthcheck};
use crate::emit::facts::worker::Worker;
use crate::emit::links::program::Program;
use crate::emit::plan::{PlannedService, ServiceRole};
use crate::stack::{HEALTHY, STARTED};
use crate::yaml::NewValue;

impl ServicePlanner<'_, '_> {
    pub(super) fn add_workers(&mut self) {
        for (at, worker) in &self.project.workers {
            let program = self.program(*at);
            let mut service = PlannedService::new(&worker.name, ServiceRole::Worker);
            self.add_build(program, &mut service);
            if !worker.command.is_empty() {
                self.add_command(program, &worker.command, &mut service);
            }
            self.add_folder(worker.folder.as_ref(), worker.place.clone(), &mut service);
            self.add_environment(program, &mut service);
            if let Some(NewValue::Mapping(entries)) =
                service.keys.iter_mut().find(|key| key.name == "environment").map(|key| &mut key.value)
            {
                entries.extend(worker.variables.iter().map(|(name, value)| (name.clone(), text(value))));
            }
            self.add_file(worker, &mut service);
            self.add_volumes(program, &mut service);
            self.add_dependencies(program, &mut service);
            self.add_migrating_program(program, &mut service);
            write_dependencies(&mut service);
            self.plan.choose(&worker.name, "command", worker.reason.clone(), worker.place.clone());
            self.add_worker_check(program, worker, &mut service);
            self.add_rights(program, &mut service);
            service.add("restart", text("unless-stopped"));
            self.plan.services.push(service);
        }
    }

    /// Waits for the program that brings the schema of the same database up to date when it starts.
    fn add_migrating_program(&mut self, program: &Program, service: &mut PlannedService) {
        let Some((at, migration)) = &self.project.start_migration else { return };
        let migrating = self.program(*at);
        let name = &migrating.application.name;
        let is_same = self.databases(migrating).iter().any(|(server, _)| program.connects_to(server));
        let Some(planned) = self.plan.services.iter().find(|known| is_same && known.name == *name) else { return };
        if service.dependencies.iter().any(|(known, _)| known == name) {
            return;
        }
        let condition = if self.is_checked(planned) { HEALTHY } else { STARTED };
        service.dependencies.push((name.clone(), condition));
        let reason = format!("{name} runs `{}` when it starts", migration.command);
        self.plan.choose(&service.name, "depends_on", reason, Some(migration.place.clone()));
    }

    /// The file that a worker gets.
    fn add_file(&mut self, worker: &Worker, service: &mut PlannedService) {
        let Some(file) = &worker.config else { return };
        self.give_file(service, (&file.name, &file.target), (&file.path, &file.text));
        self.plan.choose(&worker.name, "configs", file.reason.clone(), None);
    }

    fn add_worker_check(&mut self, program: &Program, worker: &Worker, service: &mut PlannedService) {
        if let Some((test, seconds)) = &worker.check {
            service.add("healthcheck", healthcheck(test, (*seconds, START_SECONDS)));
        } else if program.application.has_check() {
            add_no_check(service, "The image's check asks for the server, which a worker does not run.");
        }
        self.plan.choose(&worker.name, "healthcheck", worker.check_reason.clone(), None);
    }
}
