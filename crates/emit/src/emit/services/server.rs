//! The services of servers that programs connect to: databases, caches, brokers.

use super::variable_need::EnvironmentExtent;
use super::{ServicePlanner, text, variables};
use crate::build::has_ended;
use crate::emit::links::backend::Backend;
use crate::emit::links::login::BackendPassword;
use crate::emit::links::schema_script::{INIT_SCRIPTS, SchemaScript};
use crate::emit::plan::{ComposePlan, PlannedService, ServiceRole};
use crate::yaml::NewValue;

/// Why `RabbitMQ` gets its command.
const TRANSIENT_QUEUES: &str =
    "Since 4.3 it refuses transient queues by default, which Celery and other clients declare.";

impl ServicePlanner<'_, '_> {
    pub(super) fn add_servers(&mut self) {
        for backend in &self.project.backends.all {
            let mut service = PlannedService::new(&backend.name, ServiceRole::Backend);
            self.add_image(backend, &mut service);
            if !backend.command.is_empty() {
                let command = NewValue::raw_texts(&backend.command);
                match backend.row.host {
                    "rabbitmq" => service.add_with("command", command, TRANSIENT_QUEUES),
                    _ => service.add("command", command),
                }
            }
            let settings = self.server_variables(backend);
            if !settings.is_empty() {
                service.add("environment", variables(settings));
            }
            self.add_data(backend, &mut service);
            self.add_databases(backend, &mut service);
            add_check(&mut service, backend, self.plan);
            service.add("restart", text("unless-stopped"));
            let key = if backend.application.is_some() { "build" } else { "image" };
            self.plan.choose(&backend.name, key, backend.reason.clone(), backend.place.clone());
            self.plan.services.push(service);
        }
    }

    /// The image of a server: the one that is built here, or a published one.
    fn add_image(&mut self, backend: &Backend, service: &mut PlannedService) {
        if let Some(at) = backend.application {
            let program = self.program(at);
            self.add_build(program, service);
            return;
        }
        match backend.demand.as_ref() {
            Some(demand) if demand.is_ended => {
                let comment = format!("dockopt ignore=compose-end-of-life-image reason: {}", demand.reason);
                service.add_with("image", text(&backend.image), &comment);
            }
            _ if self.input.inputs.today.is_some_and(|today| has_ended(&backend.image, today)) => {
                let comment = "dockopt ignore=compose-end-of-life-image reason: the repository runs this version";
                service.add_with("image", text(&backend.image), comment);
                let note =
                    format!("`{}` of {} gets no fixes any more: move to a newer version", backend.image, backend.name);
                self.plan.notes.push(note);
            }
            _ => service.add("image", text(&backend.image)),
        }
        service.image = Some(backend.image.clone());
        if let Some(demand) = &backend.demand {
            let key = if demand.image.is_some() { "image" } else { "command" };
            self.plan.choose(&backend.name, key, demand.reason.clone(), None);
        }
        if backend.image_place.is_some() {
            let reason = format!("the repository runs `{}` elsewhere", backend.image);
            self.plan.choose(&backend.name, "image", reason, backend.image_place.clone());
        }
    }

    /// Its password and its volume.
    fn add_data(&mut self, backend: &Backend, service: &mut PlannedService) {
        let is_in_url = |variable: &str| {
            let mut connections = self.project.programs.iter().flat_map(|program| &program.connections);
            connections.any(|known| known.value.contains("://") && known.value.contains(&format!("${{{variable}:")))
        };
        let (name, plan) = (&backend.name, &mut *self.plan);
        if let Some((secret, variable)) = &backend.secret {
            service.add("secrets", NewValue::raw_texts(std::slice::from_ref(secret)));
            plan.secrets.push((secret.clone(), variable.clone()));
        }
        if let Some(BackendPassword::Variable(variable)) = &backend.password {
            let rule = if is_in_url(variable) { ": letters and digits, as it is a part of URLs" } else { "" };
            let origin = backend.password_place.as_ref().map(|place| format!(": the one that stands in {place}"));
            plan.need(variable, &format!("Password of {name}{}.", origin.as_deref().unwrap_or(rule)));
        }
        let mut volumes: Vec<String> = Vec::new();
        if let Some((volume, folder)) = &backend.volume {
            volumes.push(format!("{volume}:{folder}"));
            plan.volumes.push(volume.clone());
            plan.choose(name, "volumes", format!("the image keeps its data in `{folder}`"), None);
        }
        if let Some(script) = &backend.script {
            volumes.push(script.volume.clone());
            let what = if script.makes_tables { "tables" } else { "extensions" };
            let reason = format!("the image runs the script, which makes the {what}, when its volume is new");
            plan.choose(name, "volumes", reason, Some(script.place.clone()));
        }
        if !volumes.is_empty() {
            service.add("volumes", NewValue::raw_texts(&volumes));
        }
    }

    /// What makes the other databases that programs use, when the volume is new.
    fn add_databases(&mut self, backend: &Backend, service: &mut PlannedService) {
        let has_folder = backend.script.as_ref().is_some_and(SchemaScript::is_folder);
        if backend.other_databases.is_empty() || has_folder {
            return;
        }
        let make = |database: &String| match backend.row.host {
            "postgres" => format!("CREATE DATABASE \"{database}\";\n"),
            "clickhouse" => format!("CREATE DATABASE IF NOT EXISTS `{database}`;\n"),
            _ => {
                let user = &backend.user;
                format!("CREATE DATABASE IF NOT EXISTS `{database}`;\nGRANT ALL ON `{database}`.* TO '{user}'@'%';\n")
            }
        };
        let sql: String = backend.other_databases.iter().map(make).collect();
        let (name, file) = (format!("{}-databases", backend.name), format!("{}-databases.sql", backend.name));
        self.give_file(service, (&name, &format!("{INIT_SCRIPTS}/{file}")), (&file, &sql));
        let names = backend.other_databases.join("`, `");
        let reason = format!("programs use `{names}` too: the image makes what a script says when its volume is new");
        self.plan.choose(&backend.name, "configs", reason, None);
    }

    /// The variables of a server: those of its row, and those that the scripts of its image read.
    fn server_variables(&mut self, backend: &Backend) -> Vec<(String, Option<String>)> {
        let settings = backend.settings.iter().map(|(name, value)| (name.clone(), Some(value.clone())));
        let mut entries: Vec<(String, Option<String>)> = settings.collect();
        let Some(at) = backend.application else { return entries };
        let program = self.program(at);
        if let Some(BackendPassword::Variable(name)) = &backend.password
            && program.application.code.reads.iter().any(|(_, read)| read.name == *name)
        {
            entries.push((name.clone(), backend.password.as_ref().map(BackendPassword::value)));
        }
        for (name, value) in self.environment(program, EnvironmentExtent::Needed) {
            if entries.iter().all(|(known, _)| *known != name) {
                entries.push((name, value));
            }
        }
        entries
    }
}

fn add_check(service: &mut PlannedService, backend: &Backend, plan: &mut ComposePlan) {
    match &backend.check {
        Ok(Some(check)) => {
            service.add("healthcheck", check.clone());
            let reason = match backend.trap.filter(|trap| !trap.starts_with("as ")) {
                Some(trap) => format!("it fails while the image sets itself up ({trap})"),
                None => "it asks the server itself".to_owned(),
            };
            plan.choose(&backend.name, "healthcheck", reason, None);
        }
        Ok(None) => plan.choose(&backend.name, "healthcheck", "none is written: the image has its own", None),
        Err(why) => plan.choose(&backend.name, "healthcheck", format!("none: {why}"), None),
    }
}
