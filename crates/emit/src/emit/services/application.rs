//! The services of programs that answer requests, or do their work once.

use std::collections::{BTreeMap, BTreeSet};

use super::page_calls::{PageCall, page_calls};
use super::{ServicePlanner, text, write_dependencies};
use crate::compose::escaped_texts;
use crate::emit::facts::application::Application;
use crate::emit::facts::check::{application_check, healthcheck, inherited_check};
use crate::emit::facts::example::place;
use crate::emit::input::EmitInput;
use crate::emit::links::certificates::certificates;
use crate::emit::links::named_service::is_job;
use crate::emit::links::program::Program;
use crate::emit::links::program_url::is_front;
use crate::emit::plan::{PlannedService, ServiceRole};
use crate::manifest::{ContentKind, Ecosystem, FileKind, FileRole};
use crate::recipe::published_ports;
use crate::sources::patterns;
use crate::text::{listed, path};
use crate::yaml::NewValue;

impl ServicePlanner<'_, '_> {
    pub(super) fn add_applications(&mut self) {
        let calls = page_calls(self.input, self.project);
        let mut host_ports = HostPorts { used: calls.values().map(|call| call.port).collect(), calls };
        let servers: BTreeSet<usize> =
            self.project.backends.all.iter().filter_map(|backend| backend.application).collect();
        let is_job =
            |at: usize| self.project.migration.as_ref().is_some_and(|(job, known)| *job == at && known.is_image());
        for (at, program) in self.project.programs.iter().enumerate() {
            if !program.application.is_worker && !servers.contains(&at) && !is_job(at) {
                self.add_application(program, &mut host_ports);
            }
        }
    }

    fn add_application(&mut self, program: &Program, host_ports: &mut HostPorts) {
        let application = &program.application;
        let name = &application.name;
        let mut service = PlannedService::new(name, ServiceRole::Application);
        self.add_build(program, &mut service);
        self.plan.choose(name, "build", application.reason.clone(), Some(application.place.clone()));
        if let Some(start) = &application.start {
            service.add("command", escaped_texts(&start.words));
            self.plan.choose(name, "command", start.reason.clone(), start.place.clone());
            self.add_folder(start.folder.as_ref(), start.place.clone(), &mut service);
        }
        self.add_environment(program, &mut service);
        let hidden = || self.program_before(application).map(|before| format!("{before} passes requests on to it"));
        let is_called = host_ports.calls.contains_key(name);
        let hidden = if is_called { None } else { hidden().or_else(|| self.only_callers(application)) };
        match hidden {
            Some(reason) => self.plan.choose(name, "ports", format!("not published: {reason}"), None),
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
        self.asked_on_host(application, false).is_none().then_some(&before.application.name)
    }

    /// The first place where a file asks for a program at this machine, by its own port; documentation may do so for whoever
    /// starts it alone. A Dockerfile asks in its own container, and a server names its own address.
    fn asked_on_host(&self, application: &Application, with_documentation: bool) -> Option<String> {
        let port = application.port?;
        let addresses = ["localhost", "127.0.0.1"].map(|host| format!("{host}:{port}"));
        let files = self.input.files.files.iter().enumerate().filter(|(at, file)| {
            let kind = FileKind::of(&file.below);
            let is_own = kind.has_code() && application.code.files.contains(at) && !is_front(application);
            let is_asker = !kind.is_recipe() && !kind.is_of_forge() && !is_own && file.is_of_program();
            is_asker && (with_documentation || kind.nature() != ContentKind::Documentation && !kind.is_for_people())
        });
        files.map(|(_, file)| file).find_map(|file| {
            let text = file.source.text();
            let is_whole =
                |at: usize, address: &str| !text[at + address.len()..].starts_with(|c: char| c.is_ascii_digit());
            let at = addresses.iter().find_map(|address| {
                text.match_indices(address.as_str()).map(|(at, _)| at).find(|at| is_whole(*at, address))
            })?;
            Some(place(&file.source, at))
        })
    }

    /// Says that only other programs call a program, from their servers: a project with a front end may do so from browsers.
    fn only_callers(&self, application: &Application) -> Option<String> {
        let programs = &self.project.programs;
        let calls = |program: &&Program| {
            program.named.iter().any(|known| programs[known.at].application.name == application.name)
        };
        // What calls most of the others is the entrance to them, whoever calls it.
        let is_entrance = programs.iter().any(|program| {
            program.application.name == application.name && 2 * program.named.len() >= programs.len().max(3)
        });
        let has_front_end = programs
            .iter()
            .any(|program| program.application.projects().any(|known| known.ecosystem == Ecosystem::Node));
        let callers: Vec<&str> =
            programs.iter().filter(calls).map(|program| program.application.name.as_str()).collect();
        let is_open = programs.iter().filter(calls).any(|program| program.application.port.is_some());
        let is_hidden = is_open && !is_entrance && !has_front_end && self.asked_on_host(application, true).is_none();
        let call = if callers.len() == 1 { "calls" } else { "call" };
        is_hidden.then(|| format!("only {} {call} it, from the network of the services", listed(&callers)))
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
        } else if let Some(place) = runs_without_end(self.input, application) {
            service.add("restart", text("unless-stopped"));
            plan.choose(name, "restart", "its source works without an end", Some(place));
        } else {
            // A job that ends well is not to begin again.
            service.add("restart", text("on-failure"));
            plan.choose(name, "restart", "it listens on no known port, and may be a job that ends", None);
        }
    }

    /// Publishes the ports of a program.
    fn add_ports(&mut self, application: &Application, host_ports: &mut HostPorts, service: &mut PlannedService) {
        let mut ports = application.published_ports();
        if !ports.is_empty()
            && let Some(certificates) = certificates(self.input, application)
        {
            ports.extend(certificates.ports.iter().filter(|port| !ports.contains(port)).copied().collect::<Vec<_>>());
        }
        let call = host_ports.calls.get(&application.name).cloned();
        let is_called = |port: u16| call.is_some() && application.port == Some(port);
        let shown = ports.iter().filter(|port| !is_called(**port));
        let shown: Vec<ShownPort> = shown.filter_map(|port| self.shown_port(application, *port)).collect();
        let published = ports.iter().map(|port| {
            if let Some(call) = &call
                && is_called(*port)
            {
                return format!("{}:{port}", call.port);
            }
            let shown = shown.iter().find(|known| known.container == *port).map(|known| known.host);
            // Ports below 1024 are for root, and often taken.
            let host = host_ports.free(shown.unwrap_or(if *port < 1024 { port + 8000 } else { *port }));
            format!("{host}:{port}")
        });
        let published: Vec<String> = published.collect();
        let [first, rest @ ..] = ports.as_slice() else { return };
        service.add("ports", NewValue::raw_texts(&published));
        let request_place = self.asked_on_host(application, false);
        let why = if request_place.is_some() {
            "is asked there from this machine"
        } else {
            "no proxy here passes requests to it"
        };
        self.plan.choose(&service.name, "ports", format!("it listens on port {first}, and {why}"), request_place);
        if let Some(PageCall { port, place, .. }) = call {
            let reason = format!("pages call it at port {port} of this machine");
            self.plan.choose(&service.name, "ports", reason, Some(place));
        }
        for known in shown {
            let reason = format!("`docker run` publishes port {} on {}", known.container, known.host);
            self.plan.choose(&service.name, "ports", reason, Some(known.place));
        }
        if !rest.is_empty() {
            let rest: Vec<String> = rest.iter().map(u16::to_string).collect();
            let reason = format!("its image is made to listen on {} too", rest.join(", "));
            self.plan.choose(&service.name, "ports", reason, Some(application.place.clone()));
        }
    }

    /// The port of the host that a script or a text publishes a port of a program on. One that lies above several programs
    /// tells of one only where no other listens there.
    fn shown_port(&self, application: &Application, port: u16) -> Option<ShownPort> {
        let programs = self.project.programs.iter().map(|program| &program.application);
        let others = || programs.clone().any(|known| known.name != application.name && known.port == Some(port));
        let files = self.input.files.files.iter().filter(|file| {
            let kind = FileKind::of(&file.below);
            let is_program_text = kind.is_for_people() || kind.holds_commands() || kind.is_shell();
            let tells = is_program_text && kind.role() != FileRole::Development && !kind.is_of_forge();
            tells
                && (path::is_below(&file.path, &application.context) && application.context != self.input.folder
                    || !others())
        });
        files.into_iter().find_map(|file| {
            let ports = published_ports(file.source.text());
            let known = ports.into_iter().find(|known| known.container == port && known.host >= 1024)?;
            let place = format!("{}:{}", file.source.name(), known.line);
            Some(ShownPort { container: port, host: known.host, place })
        })
    }

    /// Gives it the secrets that its sources read as files.
    fn add_secrets(&mut self, application: &Application, service: &mut PlannedService) {
        let mut secrets: Vec<String> = Vec::new();
        for (secret, _) in self.plan.secrets.clone() {
            let file = format!("/run/secrets/{secret}");
            let mut sources = application.code_files(self.input);
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
                service.add("healthcheck", healthcheck(&check.test, (check.seconds, check.start_seconds)));
                plan.choose(name, "healthcheck", check.reason, check.place);
            }
            Err(why) => plan.choose(name, "healthcheck", format!("none: {why}"), None),
        }
    }
}

/// The ports of the host that programs are published on.
struct HostPorts {
    used: BTreeSet<u16>,
    /// Those that pages call, by the names of the programs.
    calls: BTreeMap<String, PageCall>,
}

impl HostPorts {
    /// Takes a port, or the next one that is free.
    fn free(&mut self, wanted: u16) -> u16 {
        let mut host = wanted;
        while !self.used.insert(host) {
            host = host.saturating_add(1);
        }
        host
    }
}

/// The port of the host that the repository publishes a port on.
struct ShownPort {
    container: u16,
    host: u16,
    /// Where it says so.
    place: String,
}

/// The place of a source where a program begins to work without an end: it waits for messages, or repeats its work.
fn runs_without_end(input: &EmitInput, application: &Application) -> Option<String> {
    let ends = |text: &str| patterns::words("ends by itself").any(|word| text.contains(word));
    let mut signs = application.signs(input, "runs without an end").filter(|(file, _)| !ends(file.source.text()));
    // What repeats its work ends only where that fails.
    let (file, at) = signs.next().or_else(|| application.signs(input, "repeats its work").next())?;
    Some(place(&file.source, at))
}
