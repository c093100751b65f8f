//! The services of programs that answer requests, or do their work once.

use std::collections::BTreeSet;

use super::{ServicePlanner, add_build, text, write_dependencies};
use crate::compose::NewValue;
use crate::emit::facts::application::Application;
use crate::emit::facts::check::{application_check, healthcheck, inherited_check};
use crate::emit::links::Program;
use crate::emit::links::named_service::is_job;
use crate::emit::plan::{PlannedService, ServiceRole};
use crate::manifest::FileKind;

impl ServicePlanner<'_, '_> {
    pub(super) fn add_applications(&mut self) {
        let mut host_ports: BTreeSet<u16> = BTreeSet::new();
        let servers: BTreeSet<usize> =
            self.project.backends.all.iter().filter_map(|backend| backend.application).collect();
        for (at, program) in self.project.programs.iter().enumerate() {
            if !program.application.is_worker && !servers.contains(&at) {
                self.add_application(program, &mut host_ports);
            }
        }
    }

    fn add_application(&mut self, program: &Program, host_ports: &mut BTreeSet<u16>) {
        let application = &program.application;
        let name = &application.name;
        let mut service = PlannedService::new(name, ServiceRole::Application);
        add_build(program, &mut service);
        self.plan.choose(name, "build", application.reason.clone(), Some(application.place.clone()));
        if let Some(start) = &application.start {
            service.add("command", NewValue::texts(&start.words));
            self.plan.choose(name, "command", start.reason.clone(), start.place.clone());
        }
        self.add_environment(program, &mut service);
        match self.program_before(application) {
            Some(before) => {
                let reason = format!("not published: {before} passes requests on to it");
                self.plan.choose(name, "ports", reason, None);
            }
            None => self.add_ports(application, host_ports, &mut service),
        }
        self.add_volumes(program, &mut service);
        self.add_secrets(application, &mut service);
        self.add_dependencies(program, &mut service);
        write_dependencies(&mut service);
        self.add_check(application, &mut service);
        self.add_rights(program, &mut service);
        self.add_restart(application, &mut service);
        self.plan.services.push(service);
    }

    /// The proxy, or the program of the repository, that passes requests on to a program which nothing asks by a port of the
    /// host.
    fn program_before(&self, application: &Application) -> Option<&str> {
        let name = &application.name;
        let proxy = self.project.proxy.as_ref().filter(|proxy| proxy.hosts.iter().any(|(host, _)| host == name));
        if let Some(proxy) = proxy {
            return Some(&proxy.name);
        }
        let programs = &self.project.programs;
        let passes = |program: &&Program| {
            let mut named = program.named.iter().filter(|known| known.is_passed);
            program.application.port.is_some() && named.any(|known| programs[known.at].application.name == *name)
        };
        let before = programs.iter().find(passes)?;
        let port = application.port?;
        let addresses = ["localhost", "127.0.0.1"].map(|host| format!("{host}:{port}"));
        let is_asked = self.input.files.files.iter().any(|file| {
            let text = file.source.text();
            file.is_of_program() && addresses.iter().any(|address| text.contains(address.as_str()))
        });
        (!is_asked).then_some(&before.application.name)
    }

    /// Whether it is started again when it ends, or only when the user asks for it.
    fn add_restart(&mut self, application: &Application, service: &mut PlannedService) {
        let (name, plan) = (&application.name, &mut *self.plan);
        if is_job(application) {
            service.add("profiles", NewValue::raw_texts(std::slice::from_ref(name)));
            plan.choose(name, "profiles", format!("it does its work once: `docker compose run {name}`"), None);
        } else if application.port.is_some() || application.is_scheduler {
            service.add("restart", text("unless-stopped"));
        } else if application.answers_requests {
            service.add("restart", text("unless-stopped"));
            plan.notes.push(format!("{name} answers requests on a port that is not known: publish it under `ports`"));
        } else {
            // A job that ends well is not to begin again.
            service.add("restart", text("on-failure"));
            plan.choose(name, "restart", "it listens on no known port, and may be a job that ends", None);
        }
    }

    /// Publishes the ports of a program; `host_ports` are those of the host that are in use.
    fn add_ports(&mut self, application: &Application, host_ports: &mut BTreeSet<u16>, service: &mut PlannedService) {
        let ports = application.published_ports();
        let published = ports.iter().map(|port| {
            // Ports below 1024 are for root, and often taken.
            let mut host = if *port < 1024 { port + 8000 } else { *port };
            while !host_ports.insert(host) {
                host = host.saturating_add(1);
            }
            format!("{host}:{port}")
        });
        let published: Vec<String> = published.collect();
        let [first, rest @ ..] = ports.as_slice() else { return };
        service.add("ports", NewValue::raw_texts(&published));
        let reason = format!("it listens on port {first}, and no proxy here passes requests to it");
        self.plan.choose(&service.name, "ports", reason, None);
        if !rest.is_empty() {
            let rest: Vec<String> = rest.iter().map(u16::to_string).collect();
            let reason = format!("its image is made to publish {} too (EXPOSE)", rest.join(", "));
            self.plan.choose(&service.name, "ports", reason, Some(application.place.clone()));
        }
    }

    /// Gives it the secrets that its sources read as files.
    fn add_secrets(&mut self, application: &Application, service: &mut PlannedService) {
        let mut secrets: Vec<String> = Vec::new();
        for (secret, _) in self.plan.secrets.clone() {
            let file = format!("/run/secrets/{secret}");
            let mut sources = application.code.files.iter().map(|at| &self.input.files.files[*at]);
            let reads = sources.find(|source| {
                FileKind::of(&source.below).has_code() && source.is_of_program() && source.source.text().contains(&file)
            });
            if let Some(source) = reads {
                let reason = format!("its source reads `{file}`");
                self.plan.choose(&service.name, "secrets", reason, Some(source.source.name().to_owned()));
                secrets.push(secret);
            }
        }
        if !secrets.is_empty() {
            service.add("secrets", NewValue::raw_texts(&secrets));
        }
    }

    fn add_check(&mut self, application: &Application, service: &mut PlannedService) {
        let (name, plan) = (&application.name, &mut *self.plan);
        if application.is_scheduler {
            let reason = "none: it only plans tasks, and nothing asks it whether it does";
            plan.choose(name, "healthcheck", reason, None);
            return;
        }
        if let Some(reason) = inherited_check(self.input, application) {
            plan.choose(name, "healthcheck", reason, Some(application.place.clone()));
            return;
        }
        match application_check(self.input, application) {
            Ok(check) => {
                service.add("healthcheck", healthcheck(&check.test, check.seconds));
                plan.choose(name, "healthcheck", check.reason, check.place);
            }
            Err(why) => plan.choose(name, "healthcheck", format!("none: {why}"), None),
        }
    }
}
