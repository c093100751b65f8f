//! Everything that was found, put together to a plan.

use std::collections::BTreeSet;

use super::application::{Application, applications};
use super::backend::{Backend, Backends, backends};
use super::check::{application_check, healthcheck, inherited_check};
use super::connection::{Connection, connections, settled_variables};
use super::draft::{complete_with_code, read_code};
use super::environment::{EnvironmentExtent, EnvironmentParts, environment};
use super::example::copied_environment_note;
use super::input::EmitInput;
use super::login::BackendPassword;
use super::mentions::{Mentions, mentions};
use super::migration::{MigrationJob, migration};
use super::named_service::{NamedProgram, is_job, named_programs};
use super::plan::{ComposePlan, PlannedKey, PlannedService, ServiceRole};
use super::proxy::{Proxy, proxy};
use super::proxy_variables::image_connections;
use super::server_image::service_name;
use super::service_names::{name_applications, name_workers};
use super::worker::{Worker, keep_planned_once, workers};
use crate::build::{Build, User};
use crate::compose::NewValue;
use crate::manifest::FileKind;
use crate::stack::{COMPLETED, HEALTHY, STARTED};

/// The network of what answers requests, and that of servers that only applications reach.
const FRONT: &str = "frontend";
const BACK: &str = "backend";

/// What everything is planned from.
struct Parts<'i> {
    applications: Vec<Application<'i>>,
    backends: Backends,
    connections: Vec<Vec<Connection>>,
    /// The variables of each application that are about servers which are here.
    settled: Vec<BTreeSet<String>>,
    workers: Vec<(usize, Worker)>,
    migration: Option<(usize, MigrationJob)>,
    proxy: Option<Proxy>,
    /// The other programs that each application needs.
    named: Vec<Vec<NamedProgram>>,
}

/// Plans the compose file of a repository.
pub(super) fn compose_plan<'i>(input: &EmitInput<'i>) -> (ComposePlan, Vec<Application<'i>>) {
    let mut plan = ComposePlan::default();
    let mut applications = applications(input, &mut plan);
    read_code(input, &mut applications);
    complete_with_code(input, &mut applications, &mut plan);
    let mut proxy = proxy(input, &applications, &mut plan);
    name_applications(input, &mut applications, proxy.as_ref());
    if let Some(proxy) = &mut proxy {
        proxy.find_programs(input, &applications);
    }
    let mentions: Vec<Mentions> = applications.iter().map(|known| mentions(input, known)).collect();
    let backends = backends(input, &applications, &mentions, &mut plan);
    let mut connections = connections(&applications, &mentions, &backends);
    let in_images = image_connections(input, &applications);
    let named = named_programs(input, &applications, &in_images);
    connections.iter_mut().zip(in_images).for_each(|(known, more)| known.extend(more));
    let pairs = mentions.iter().zip(&connections);
    let settled = pairs.map(|(mentions, known)| settled_variables(mentions, known, &backends)).collect();
    let numbered = applications.iter().enumerate();
    let mut workers: Vec<(usize, Worker)> =
        numbered.flat_map(|(at, known)| workers(input, known).into_iter().map(move |worker| (at, worker))).collect();
    keep_planned_once(&mut workers, &applications);
    name_workers(&mut workers, &applications);
    let has_database = |at: usize| connections[at].iter().any(|known| backends.is_database(&known.backend));
    let jobs: Vec<(usize, &Application)> =
        applications.iter().enumerate().filter(|(at, _)| has_database(*at)).collect();
    let migration = jobs.into_iter().find_map(|(at, known)| Some((at, migration(input, known, &mut plan)?)));
    let parts = Parts { applications, backends, connections, settled, workers, migration, proxy, named };
    parts.add_backends(input, &mut plan);
    parts.add_migration(input, &mut plan);
    parts.add_applications(input, &mut plan);
    parts.add_workers(input, &mut plan);
    parts.add_proxy(&mut plan);
    parts.add_networks(&mut plan);
    plan.notes.extend(copied_environment_note(input, &parts.applications, &plan));
    plan.sort_choices();
    (plan, parts.applications)
}

fn mapping(entries: impl IntoIterator<Item = (String, NewValue)>) -> NewValue {
    NewValue::Mapping(entries.into_iter().collect())
}

fn variables(entries: Vec<(String, Option<String>)>) -> NewValue {
    let value = |value: Option<String>| value.map_or_else(|| NewValue::Inline(String::new()), |value| text(&value));
    mapping(entries.into_iter().map(|(name, known)| (name, value(known))))
}

fn text(value: &str) -> NewValue {
    NewValue::scalar(value)
}

impl Parts<'_> {
    fn add_backends(&self, input: &EmitInput, plan: &mut ComposePlan) {
        for backend in &self.backends.all {
            let mut service = PlannedService::new(&backend.name, ServiceRole::Backend);
            if let Some(at) = backend.application {
                self.image_keys(at, &mut service);
            } else {
                service.add("image", text(&backend.image));
                service.image = Some(backend.image.clone());
                if backend.image_place.is_some() {
                    let reason = format!("the repository runs `{}` elsewhere", backend.image);
                    plan.choose(&backend.name, "image", reason, backend.image_place.clone());
                }
            }
            if !backend.command.is_empty() {
                service.add("command", NewValue::raw_texts(&backend.command));
            }
            let settings = self.backend_variables(input, backend, plan);
            if !settings.is_empty() {
                service.add("environment", variables(settings));
            }
            if let Some((secret, variable)) = &backend.secret {
                service.add("secrets", NewValue::raw_texts(std::slice::from_ref(secret)));
                plan.secrets.push((secret.clone(), variable.clone()));
            }
            if let Some(BackendPassword::Variable(variable)) = &backend.password {
                plan.need(
                    variable,
                    &format!("Password of {}: letters and digits, as it is a part of URLs.", backend.name),
                );
            }
            if let Some((volume, folder)) = &backend.volume {
                service.add("volumes", NewValue::raw_texts(&[format!("{volume}:{folder}")]));
                plan.volumes.push(volume.clone());
                plan.choose(&backend.name, "volumes", format!("the image keeps its data in `{folder}`"), None);
            }
            add_backend_check(&mut service, backend, plan);
            service.add("restart", text("unless-stopped"));
            let key = if backend.application.is_some() { "build" } else { "image" };
            plan.choose(&backend.name, key, backend.reason.clone(), backend.place.clone());
            plan.services.push(service);
        }
    }

    /// The variables of a server: those of its row, and those that the scripts of its image read.
    fn backend_variables(
        &self,
        input: &EmitInput,
        backend: &Backend,
        plan: &mut ComposePlan,
    ) -> Vec<(String, Option<String>)> {
        let settings = backend.settings.iter().map(|(name, value)| (name.clone(), Some(value.clone())));
        let mut entries: Vec<(String, Option<String>)> = settings.collect();
        let Some(at) = backend.application else { return entries };
        let application = &self.applications[at];
        if let Some(BackendPassword::Variable(name)) = &backend.password
            && application.code.reads.iter().any(|(_, read)| read.name == *name)
        {
            entries.push((name.clone(), backend.password.as_ref().map(BackendPassword::value)));
        }
        let parts = self.environment_parts(at, EnvironmentExtent::Needed);
        for (name, value) in environment(input, application, &parts, plan) {
            if entries.iter().all(|(known, _)| *known != name) {
                entries.push((name, value));
            }
        }
        entries
    }

    /// What `build` or, where another service builds it, `image` of an application is.
    fn image_keys(&self, at: usize, service: &mut PlannedService) {
        let application = &self.applications[at];
        service.context = Some(application.context.clone());
        service.dockerfile = Some(application.dockerfile.clone());
        service.output.clone_from(&application.output);
        service.add("build", application.build_value());
    }

    /// The folders that VOLUME declares and those for what users send, in volumes with a name: what is in no volume, or in one
    /// without a name, is lost with the container.
    fn add_volumes(&self, at: usize, service: &mut PlannedService, plan: &mut ComposePlan) {
        let application = &self.applications[at];
        let folders: Vec<&String> =
            application.volumes.iter().chain(application.storage.iter().map(|known| &known.0)).collect();
        let volume = |folder: &&String| {
            let name = match folders.len() {
                1 => format!("{}-data", application.name),
                _ => service_name(&format!("{}-{}", application.name, folder.replace('/', " ").trim())),
            };
            (name, (*folder).clone())
        };
        let volumes: Vec<(String, String)> = folders.iter().map(volume).collect();
        if volumes.is_empty() {
            return;
        }
        let texts: Vec<String> = volumes.iter().map(|(name, folder)| format!("{name}:{folder}")).collect();
        service.add("volumes", NewValue::raw_texts(&texts));
        for (name, _) in volumes {
            if !plan.volumes.contains(&name) {
                plan.volumes.push(name);
            }
        }
        if !application.volumes.is_empty() {
            let folders = application.volumes.join("`, `");
            let reason = format!("the image keeps data in `{folders}` (VOLUME)");
            plan.choose(&service.name, "volumes", reason, Some(application.place.clone()));
        }
        for (folder, place) in &application.storage {
            plan.choose(
                &service.name,
                "volumes",
                format!("it keeps what users send in `{folder}`"),
                Some(place.clone()),
            );
        }
    }

    fn add_migration(&self, input: &EmitInput, plan: &mut ComposePlan) {
        let Some((at, job)) = &self.migration else { return };
        let mut service = PlannedService::new("migrate", ServiceRole::Migration);
        self.image_keys(*at, &mut service);
        service.add("command", NewValue::texts(&job.command));
        let connections = self.connections[*at].iter().filter(|known| self.backends.is_database(&known.backend));
        let connections: Vec<Connection> = connections.cloned().collect();
        let parts =
            EnvironmentParts { connections: &connections, ..self.environment_parts(*at, EnvironmentExtent::Needed) };
        let entries = environment(input, &self.applications[*at], &parts, plan);
        if !entries.is_empty() {
            service.add("environment", variables(entries));
        }
        service.dependencies =
            self.needed_backends(*at).into_iter().filter(|(name, _)| self.backends.is_database(name)).collect();
        add_dependencies(&mut service);
        add_rights(&self.applications[*at], &mut service, plan);
        service.add_with("restart", NewValue::raw_text("no"), "It ends when the schema is up to date.");
        plan.choose("migrate", "command", job.reason.clone(), job.place.clone());
        plan.choose("migrate", "restart", "a job that is restarted never counts as completed", None);
        plan.services.push(service);
    }

    fn needed_backends(&self, at: usize) -> Vec<(String, &'static str)> {
        let names: BTreeSet<&str> = self.connections[at].iter().map(|connection| connection.backend.as_str()).collect();
        let condition = |name: &str| match self.backends.backend(name).map(|backend| backend.check.is_ok()) {
            Some(true) => HEALTHY,
            _ => STARTED,
        };
        let order = self.backends.all.iter().filter(|backend| names.contains(backend.name.as_str()));
        order.map(|backend| (backend.name.clone(), condition(&backend.name))).collect()
    }

    fn dependencies(&self, at: usize) -> Vec<(String, &'static str)> {
        let mut dependencies = self.needed_backends(at);
        let migrated = self.migration.as_ref().is_some_and(|(job, _)| {
            *job == at
                || self.needed_backends(*job).iter().any(|(name, _)| {
                    self.backends.is_database(name) && dependencies.iter().any(|(known, _)| known == name)
                })
        });
        if migrated {
            dependencies.push(("migrate".to_owned(), COMPLETED));
        }
        dependencies
    }

    /// Whether the program at an index is a server that the others connect to.
    fn is_backend(&self, at: usize) -> bool {
        self.backends.all.iter().any(|backend| backend.application == Some(at))
    }

    /// Adds the other programs that its files name.
    fn add_named_programs(&self, at: usize, service: &mut PlannedService, plan: &mut ComposePlan) {
        for known in &self.named[at] {
            let name = &self.applications[known.at].name;
            service.dependencies.push((name.clone(), if known.is_checked { HEALTHY } else { STARTED }));
            plan.choose(&service.name, "depends_on", format!("it calls {name}"), Some(known.place.clone()));
        }
    }

    /// Gives it the secrets that its sources read as files.
    fn add_secrets(&self, input: &EmitInput, at: usize, service: &mut PlannedService, plan: &mut ComposePlan) {
        let mut read: Vec<String> = Vec::new();
        for (secret, _) in &plan.secrets.clone() {
            let file = format!("/run/secrets/{secret}");
            let sources = self.applications[at].code.files.iter().map(|at| &input.files.files[*at]);
            let mut sources = sources.filter(|file| FileKind::of(&file.below).has_code() && file.is_of_program());
            if let Some(source) = sources.find(|known| known.source.text().contains(&file)) {
                let reason = format!("its source reads `{file}`");
                plan.choose(&service.name, "secrets", reason, Some(source.source.name().to_owned()));
                read.push(secret.clone());
            }
        }
        if !read.is_empty() {
            service.add("secrets", NewValue::raw_texts(&read));
        }
    }

    fn explain_dependencies(&self, at: usize, name: &str, plan: &mut ComposePlan) {
        for connection in &self.connections[at] {
            let reason = match &connection.variable {
                Some(variable) => format!("`{variable}` is where it finds {}", connection.backend),
                None => format!("its source names {}", connection.backend),
            };
            plan.choose(name, "depends_on", reason, connection.place.clone());
        }
        if self.dependencies(at).iter().any(|(known, _)| known == "migrate") {
            plan.choose(name, "depends_on", "it starts when the schema is up to date", None);
        }
    }

    fn environment_parts(&self, at: usize, extent: EnvironmentExtent) -> EnvironmentParts<'_> {
        let (connections, settled) = (&self.connections[at], &self.settled[at]);
        EnvironmentParts { connections, settled, backends: &self.backends, extent }
    }

    fn add_environment(&self, input: &EmitInput, at: usize, service: &mut PlannedService, plan: &mut ComposePlan) {
        let parts = self.environment_parts(at, EnvironmentExtent::All);
        let entries = environment(input, &self.applications[at], &parts, plan);
        if !entries.is_empty() {
            service.add("environment", variables(entries));
        }
    }

    fn add_applications(&self, input: &EmitInput, plan: &mut ComposePlan) {
        let mut ports: BTreeSet<u16> = BTreeSet::new();
        for (at, application) in
            self.applications.iter().enumerate().filter(|(at, known)| !known.is_worker && !self.is_backend(*at))
        {
            let name = &application.name;
            let mut service = PlannedService::new(name, ServiceRole::Application);
            self.image_keys(at, &mut service);
            plan.choose(name, "build", application.reason.clone(), Some(application.place.clone()));
            if let Some(start) = &application.start {
                service.add("command", NewValue::texts(&start.words));
                plan.choose(name, "command", start.reason.clone(), start.place.clone());
            }
            self.add_environment(input, at, &mut service, plan);
            let is_behind = self.proxy.as_ref().is_some_and(|proxy| proxy.hosts.iter().any(|(host, _)| host == name));
            if !is_behind {
                add_ports(application, &mut ports, &mut service, plan);
            }
            self.add_volumes(at, &mut service, plan);
            self.add_secrets(input, at, &mut service, plan);
            service.dependencies = self.dependencies(at);
            self.add_named_programs(at, &mut service, plan);
            add_dependencies(&mut service);
            self.explain_dependencies(at, name, plan);
            self.add_application_check(input, at, &mut service, plan);
            add_rights(application, &mut service, plan);
            if is_job(application) {
                service.add("profiles", NewValue::raw_texts(std::slice::from_ref(name)));
                plan.choose(name, "profiles", format!("it does its work once: `docker compose run {name}`"), None);
            } else if application.port.is_some() || application.is_scheduler {
                service.add("restart", text("unless-stopped"));
            } else {
                // A job that ends well is not to begin again.
                service.add("restart", text("on-failure"));
                plan.choose(name, "restart", "it listens on no known port, and may be a job that ends", None);
            }
            plan.services.push(service);
        }
    }

    fn add_application_check(
        &self,
        input: &EmitInput,
        at: usize,
        service: &mut PlannedService,
        plan: &mut ComposePlan,
    ) {
        let application = &self.applications[at];
        let name = application.name.as_str();
        if application.is_scheduler {
            plan.choose(name, "healthcheck", "none: it only plans tasks, and nothing asks it whether it does", None);
            return;
        }
        if let Some(reason) = inherited_check(input, application) {
            plan.choose(name, "healthcheck", reason, Some(application.place.clone()));
            return;
        }
        match application_check(input, application) {
            Ok(check) => {
                service.add("healthcheck", healthcheck(&check.test, check.seconds));
                plan.choose(name, "healthcheck", check.reason, check.place);
            }
            Err(why) => plan.choose(name, "healthcheck", format!("none: {why}"), None),
        }
    }

    fn add_workers(&self, input: &EmitInput, plan: &mut ComposePlan) {
        for (at, worker) in &self.workers {
            let mut service = PlannedService::new(&worker.name, ServiceRole::Worker);
            self.image_keys(*at, &mut service);
            if !worker.command.is_empty() {
                service.add("command", NewValue::texts(&worker.command));
            }
            self.add_environment(input, *at, &mut service, plan);
            if let Some(NewValue::Mapping(entries)) =
                service.keys.iter_mut().find(|key| key.name == "environment").map(|key| &mut key.value)
            {
                entries.extend(worker.variables.iter().map(|(name, value)| (name.clone(), text(value))));
            }
            if let Some(config) = &worker.config {
                let entries = [("source".to_owned(), text(&config.name)), ("target".to_owned(), text(&config.target))];
                service.add("configs", NewValue::Inline(format!("[{{{}}}]", flow(&entries))));
                plan.configs.push((config.name.clone(), format!("./{}", config.path)));
                plan.files.push((config.path.clone(), config.text.clone()));
                plan.choose(&worker.name, "configs", config.reason.clone(), None);
            }
            self.add_volumes(*at, &mut service, plan);
            service.dependencies = self.dependencies(*at);
            self.add_named_programs(*at, &mut service, plan);
            add_dependencies(&mut service);
            self.explain_dependencies(*at, &worker.name, plan);
            plan.choose(&worker.name, "command", worker.reason.clone(), worker.place.clone());
            if let Some((test, seconds)) = &worker.check {
                service.add("healthcheck", healthcheck(test, *seconds));
            } else if self.applications[*at].has_check() {
                let off = mapping([("disable".to_owned(), NewValue::Inline("true".to_owned()))]);
                let comment = "The image's check asks for the server, which a worker does not run.";
                service.add_with("healthcheck", off, comment);
            }
            plan.choose(&worker.name, "healthcheck", worker.check_reason.clone(), None);
            add_rights(&self.applications[*at], &mut service, plan);
            service.add("restart", text("unless-stopped"));
            plan.services.push(service);
        }
    }

    fn add_proxy(&self, plan: &mut ComposePlan) {
        let Some(proxy) = &self.proxy else { return };
        let mut service = PlannedService::new(&proxy.name, ServiceRole::Proxy);
        service.add("image", text(&proxy.image));
        service.image = Some(proxy.image.clone());
        if !proxy.variables.is_empty() {
            let entries = proxy.variables.iter().map(|(name, value)| (name.clone(), text(value)));
            service.add("environment", mapping(entries));
        }
        let ports: Vec<String> = proxy.ports.iter().map(|port| format!("{port}:{port}")).collect();
        service.add("ports", NewValue::raw_texts(&ports));
        service.add("volumes", NewValue::raw_texts(&proxy.volumes));
        let names: BTreeSet<&str> = proxy.hosts.iter().map(|(host, _)| host.as_str()).collect();
        let known = plan.services.iter().filter(|known| names.contains(known.name.as_str()));
        let condition = |known: &PlannedService| {
            let is_checked = known.key("healthcheck").is_some()
                || plan.choices.iter().any(|choice| {
                    choice.service == known.name && choice.key == "healthcheck" && !choice.reason.starts_with("none:")
                });
            if is_checked { HEALTHY } else { STARTED }
        };
        service.dependencies = known.map(|known| (known.name.clone(), condition(known))).collect();
        add_dependencies(&mut service);
        for (host, place) in &proxy.hosts {
            plan.choose(
                &proxy.name,
                "depends_on",
                format!("it passes requests to `{host}`, and does not start where that name is unknown"),
                Some(place.clone()),
            );
        }
        service.add("healthcheck", healthcheck(&proxy.test, 10));
        service.add("restart", text("unless-stopped"));
        plan.choose(&proxy.name, "image", proxy.reason.clone(), Some(proxy.place.clone()));
        plan.choose(&proxy.name, "healthcheck", "it asks nginx itself, whatever the servers behind it answer", None);
        plan.services.push(service);
    }

    /// Two networks where a proxy passes requests on: it does not reach what only applications need.
    fn add_networks(&self, plan: &mut ComposePlan) {
        if self.proxy.is_none() || self.backends.all.is_empty() {
            return;
        }
        plan.networks = vec![FRONT.to_owned(), BACK.to_owned()];
        let proxied: BTreeSet<String> =
            self.proxy.iter().flat_map(|proxy| &proxy.hosts).map(|(host, _)| host.clone()).collect();
        for service in &mut plan.services {
            let needs_backends = service.dependencies.iter().any(|(name, _)| self.backends.backend(name).is_some());
            let is_front = service.role == ServiceRole::Proxy || service.role == ServiceRole::Application;
            let is_back = service.role == ServiceRole::Backend || needs_backends;
            let is_front =
                is_front && (proxied.contains(&service.name) || service.role == ServiceRole::Proxy || !is_back);
            let names: Vec<String> = [(is_front, FRONT), (is_back, BACK)]
                .into_iter()
                .filter(|(is_on, _)| *is_on)
                .map(|(_, name)| name.to_owned())
                .collect();
            let at = service
                .keys
                .iter()
                .position(|key| key.name == "healthcheck" || key.name == "restart")
                .unwrap_or(service.keys.len());
            service.keys.insert(at, PlannedKey { name: "networks", value: NewValue::raw_texts(&names), comment: None });
        }
        if let Some(proxy) = &self.proxy {
            plan.choose(
                &proxy.name,
                "networks",
                format!(
                    "it reaches only what it passes requests to: {} is not on `{FRONT}`",
                    self.backends.all[0].name
                ),
                None,
            );
        }
    }
}

/// Publishes the ports of a program; `host_ports` are those of the host that others have.
fn add_ports(
    application: &Application,
    host_ports: &mut BTreeSet<u16>,
    service: &mut PlannedService,
    plan: &mut ComposePlan,
) {
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
    let [first, others @ ..] = ports.as_slice() else { return };
    service.add("ports", NewValue::raw_texts(&published));
    let reason = format!("it listens on port {first}, and no proxy here passes requests to it");
    plan.choose(&service.name, "ports", reason, None);
    if !others.is_empty() {
        let others: Vec<String> = others.iter().map(u16::to_string).collect();
        let reason = format!("its image is made to publish {} too (EXPOSE)", others.join(", "));
        plan.choose(&service.name, "ports", reason, Some(application.place.clone()));
    }
}

fn flow(entries: &[(String, NewValue)]) -> String {
    let entries: Vec<String> = entries
        .iter()
        .map(|(key, value)| match value {
            NewValue::Inline(text) | NewValue::Block(text) => format!("{key}: {text}"),
            NewValue::Mapping(_) => key.clone(),
        })
        .collect();
    entries.join(", ")
}

/// Takes rights that a container without root cannot use, unless a program of its image gets them back.
fn add_rights(application: &Application, service: &mut PlannedService, plan: &mut ComposePlan) {
    let build = Build::new(application.input);
    let Some(stage) = build.target() else { return };
    let is_other = matches!(build.user(stage).value(), Some(User::Other(_)));
    let text = application.input.file.source().text();
    if !is_other || ["sudo", "setcap", "setuid"].iter().any(|word| text.contains(word)) {
        return;
    }
    service.add("cap_drop", NewValue::raw_texts(&["ALL".to_owned()]));
    service.add("security_opt", NewValue::raw_texts(&["no-new-privileges:true".to_owned()]));
    let reason = "the image runs as a user other than root, who has no capabilities to lose";
    plan.choose(&service.name, "cap_drop", reason, Some(application.place.clone()));
}

fn add_dependencies(service: &mut PlannedService) {
    if service.dependencies.is_empty() {
        return;
    }
    let condition = |condition: &str| mapping([("condition".to_owned(), NewValue::Inline(condition.to_owned()))]);
    let entries = service.dependencies.iter().map(|(name, known)| (name.clone(), condition(known)));
    let value = mapping(entries.collect::<Vec<_>>());
    service.add("depends_on", value);
}

fn add_backend_check(service: &mut PlannedService, backend: &Backend, plan: &mut ComposePlan) {
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
