//! The services of the compose file: the keys of each, and why they are so.

mod application;
mod build_argument;
mod environment;
mod late_read;
mod migration;
mod network;
mod other_example;
mod page_calls;
mod proxy;
mod server;
mod switch;
mod variable_need;
mod worker;

use self::build_argument::build_arguments;
use self::environment::{EnvironmentParts, environment};
use self::variable_need::EnvironmentExtent;
use std::collections::BTreeSet;

use super::facts::application::Application;
use super::facts::copied_environment::is_copied;
use super::facts::entrypoint::ignores_command;
use super::facts::example::place;
use super::input::{ENVIRONMENT_FILES, EmitInput};
use super::links::Project;
use super::links::certificates::certificates;
use super::links::program::Program;
use super::links::unknown_host::unknown_hosts;
use super::plan::{ComposePlan, PlannedService};
use crate::build::User;
use crate::compose::escaped_texts;
use crate::manifest::Ecosystem;
use crate::stack::{COMPLETED, HEALTHY, STARTED};
use crate::text::path;
use crate::yaml::NewValue;

/// Plans the services, in the order of the file.
pub(super) fn add_services(input: &EmitInput, project: &Project, plan: &mut ComposePlan) {
    let mut planner = ServicePlanner { input, project, plan };
    planner.add_servers();
    planner.add_migration();
    planner.add_applications();
    planner.add_workers();
    planner.add_proxy();
    planner.add_networks();
    planner.note_hosts();
    planner.note_examples();
    plan.sort_choices();
}

/// Writes services into the plan.
struct ServicePlanner<'p, 'i> {
    input: &'p EmitInput<'p>,
    project: &'p Project<'i>,
    plan: &'p mut ComposePlan,
}

impl<'p, 'i> ServicePlanner<'p, 'i> {
    fn program(&self, at: usize) -> &'p Program<'i> {
        &self.project.programs[at]
    }

    /// The variables of a program, with values; without one where Compose passes on what is set.
    fn environment(&mut self, program: &Program, extent: EnvironmentExtent) -> Vec<(String, Option<String>)> {
        let (connections, settled, backends) = (&program.connections, &program.settled, &self.project.backends);
        let parts = EnvironmentParts { connections, settled, backends, extent };
        environment(self.input, &program.application, &parts, self.plan)
    }

    /// What builds the image of a program, with the build arguments that an example sets.
    fn add_build(&mut self, program: &Program, service: &mut PlannedService) {
        let application = &program.application;
        service.context = Some(application.context.clone());
        service.dockerfile = Some(application.dockerfile.clone());
        service.output.clone_from(&application.output);
        let arguments = build_arguments(self.input, application);
        for argument in &arguments {
            let who = if argument.place.is_some() { "the example sets it" } else { "what is set has to get there" };
            let reason = format!("its Dockerfile declares `{}` without a default, and {who}", argument.name);
            self.plan.choose(&service.name, "build", reason, argument.place.clone());
        }
        let arguments = arguments.into_iter().map(|argument| (argument.name, value_or_passed_on(argument.value)));
        service.add("build", application.build_value(arguments.collect()));
    }

    /// What a service runs instead of its image's own command.
    fn add_command(&mut self, program: &Program, words: &[String], service: &mut PlannedService) {
        let Some(place) = ignores_command(self.input, &program.application) else {
            return service.add("command", escaped_texts(words));
        };
        service.add("entrypoint", escaped_texts(words));
        let reason = "the script of the image's entrypoint does not run the command that it gets";
        self.plan.choose(&service.name, "entrypoint", reason, Some(place));
    }

    /// The folder that a command finds its module in.
    fn add_folder(&mut self, folder: Option<&String>, place: Option<String>, service: &mut PlannedService) {
        let Some(folder) = folder else { return };
        service.add("working_dir", text(folder));
        self.plan.choose(
            &service.name,
            "working_dir",
            "the module that its command names lies there in the image",
            place,
        );
    }

    fn add_environment(&mut self, program: &Program, service: &mut PlannedService) {
        self.add_environment_file(program, service);
        let entries = self.environment(program, EnvironmentExtent::All);
        if !entries.is_empty() {
            service.add("environment", variables(entries));
        }
    }

    /// Gives a program the committed `.env` that its image would have: it loads its settings from there.
    fn add_environment_file(&mut self, program: &Program, service: &mut PlannedService) {
        let application = &program.application;
        let is_committed = self.input.file(ENVIRONMENT_FILES[0]).is_some_and(|file| file.is_committed);
        let Some((file, at)) = application.signs(self.input, "loads environment files").next() else { return };
        if !is_committed || !is_copied(self.input, application) {
            return;
        }
        service.add("env_file", NewValue::raw_texts(&[ENVIRONMENT_FILES[0].to_owned()]));
        let reason = "it loads its settings from `.env`, which does not belong into its image";
        self.plan.choose(&service.name, "env_file", reason, Some(place(&file.source, at)));
    }

    /// The folders that VOLUME declares and those for what users send, in volumes with a name: what is in no volume, or in one
    /// without a name, is lost with the container.
    fn add_volumes(&mut self, program: &Program, service: &mut PlannedService) {
        let application = &program.application;
        let mut volumes: Vec<(String, String)> = application.own_volumes();
        for known in self.project.static_files.iter().filter(|known| known.program == service.name) {
            if volumes.iter().all(|(name, _)| *name != known.volume) {
                volumes.push((known.volume.clone(), known.folder.clone()));
            }
            let reason = format!("`{}` answers from `{}`", known.server, known.folder);
            self.plan.choose(&service.name, "volumes", reason, Some(known.place.clone()));
        }
        let texts = volumes.iter().map(|(name, folder)| format!("{name}:{folder}"));
        let mut texts: Vec<String> = texts.chain(self.project.volumes_of_server(&service.name)).collect();
        if let Some(folder) = &application.source_folder {
            texts.extend(source_volumes(application, folder));
            let name = &application.name;
            self.plan.choose(name, "volumes", "its image holds no sources", Some(application.place.clone()));
            self.plan.notes.push(format!(
                "the image of {} holds no sources: they come into its containers as a volume; with `COPY . .` it works elsewhere too",
                service.name
            ));
        }
        texts.extend(self.certificate_volumes(application));
        texts.extend(application.configuration.clone());
        if let Some(place) = loads_environment_file(self.input, application) {
            texts.push(format!("./.env:{}:ro", path::child(&application.folder(), ".env")));
            let reason = "it loads `.env` and does not start without";
            self.plan.choose(&service.name, "volumes", reason, Some(place));
            let note = "`.env` has to be there before the first start, also where nothing is set in it";
            if !self.plan.notes.iter().any(|known| known == note) {
                self.plan.notes.push(note.to_owned());
            }
        }
        if texts.is_empty() {
            return;
        }
        service.add("volumes", NewValue::raw_texts(&texts));
        let plan = &mut *self.plan;
        for (name, _) in volumes {
            if !plan.volumes.contains(&name) {
                plan.volumes.push(name);
            }
        }
        if !application.volumes.is_empty() {
            let reason = format!("the image keeps data in `{}` (VOLUME)", application.volumes.join("`, `"));
            plan.choose(&service.name, "volumes", reason, Some(application.place.clone()));
        }
        for (folder, place) in &application.storage {
            let reason = match application.shared_volumes.get(folder) {
                Some(volume) => format!("it shares the files in `{folder}` with another program, in {volume}"),
                None => format!("it keeps its data in `{folder}`"),
            };
            plan.choose(&service.name, "volumes", reason, Some(place.clone()));
        }
    }

    /// The folders for certificates that the configuration in its image names, and nothing brings.
    fn certificate_volumes(&mut self, application: &Application) -> Vec<String> {
        let Some(known) = certificates(self.input, application) else { return Vec::new() };
        if !known.files.is_empty() {
            let files = known.files.join("`, `");
            self.plan.notes.push(format!("{} names `{files}`: they have to come into the container", known.place));
        }
        let volumes = known.folders.iter().map(|folder| {
            let host = path::child("certificates", path::name(folder));
            self.plan.notes.push(format!("the certificates that {} names belong into `{host}`", known.place));
            format!("./{host}:{folder}:ro")
        });
        volumes.collect()
    }

    /// Says which hosts its variables name that no service has.
    fn note_hosts(&mut self) {
        let names: BTreeSet<String> = self.plan.services.iter().map(|service| service.name.clone()).collect();
        for program in &self.project.programs {
            for host in unknown_hosts(self.input, program) {
                let is_known = names.contains(&host.name)
                    || self.plan.notes.iter().any(|note| note.contains(&format!("`{}`", host.variable)));
                if !is_known {
                    self.plan.notes.push(format!(
                        "`{}`, where `{}` leads {} ({}), is no service here: add it, or set the variable",
                        host.name, host.variable, program.application.name, host.place
                    ));
                }
            }
        }
    }

    /// The servers that a program needs, each with the condition.
    fn needed_servers(&self, program: &Program) -> Vec<(String, &'static str)> {
        let needed = self.project.backends.all.iter().filter(|server| program.connects_to(&server.name));
        needed.map(|server| (server.name.clone(), if server.check.is_ok() { HEALTHY } else { STARTED })).collect()
    }

    /// Notes what the services of a program wait for: its servers, the migration of its database, and the programs that it calls.
    fn add_dependencies(&mut self, program: &Program, service: &mut PlannedService) {
        service.dependencies = self.needed_servers(program);
        let job = if self.waits_for_migration(program) { self.project.migration.as_ref() } else { None };
        let is_migrated = job.is_some();
        service.dependencies.extend(job.map(|(_, job)| (job.name.clone(), COMPLETED)));
        for known in &program.named {
            let name = &self.program(known.at).application.name;
            service.dependencies.push((name.clone(), if known.is_checked { HEALTHY } else { STARTED }));
            self.plan.choose(&service.name, "depends_on", format!("it calls {name}"), Some(known.place.clone()));
        }
        for connection in &program.connections {
            let reason = match &connection.variable {
                Some(variable) => format!("it connects to {} with `{variable}`", connection.backend),
                None => format!("its source names {}", connection.backend),
            };
            self.plan.choose(&service.name, "depends_on", reason, connection.place.clone());
        }
        if is_migrated {
            self.plan.choose(&service.name, "depends_on", "it starts when the schema is up to date", None);
        }
    }

    /// Gives a service a file as a config, which is at `target` in its containers; `path`: where the file is written.
    fn give_file(&mut self, service: &mut PlannedService, (name, target): (&str, &str), (path, content): (&str, &str)) {
        let entries = [("source", text(name)), ("target", text(target))];
        service.add("configs", NewValue::Inline(format!("[{{{}}}]", flow(&entries))));
        self.plan.configs.push((name.to_owned(), format!("./{path}")));
        self.plan.files.push((path.to_owned(), content.to_owned()));
    }

    /// Takes rights that a container without root cannot use, unless a program of its image gets them back.
    fn add_rights(&mut self, program: &Program, service: &mut PlannedService) {
        let build = &program.application.build;
        let Some(stage) = build.target() else { return };
        let is_other = matches!(build.user(stage).value(), Some(User::Other(_)));
        let text = build.input().file.source().text();
        if !is_other || ["sudo", "setcap", "setuid"].iter().any(|word| text.contains(word)) {
            return;
        }
        service.add("cap_drop", NewValue::raw_texts(&["ALL".to_owned()]));
        service.add("security_opt", NewValue::raw_texts(&["no-new-privileges:true".to_owned()]));
        let reason = "the image runs as a user other than root, who has no capabilities to lose";
        self.plan.choose(&service.name, "cap_drop", reason, Some(program.application.place.clone()));
    }
}

/// Turns the check of an image off.
fn add_no_check(service: &mut PlannedService, comment: &str) {
    let off = mapping([("disable".to_owned(), NewValue::Inline("true".to_owned()))]);
    service.add_with("healthcheck", off, comment);
}

/// Writes down what a service waits for.
fn write_dependencies(service: &mut PlannedService) {
    if service.dependencies.is_empty() {
        return;
    }
    let condition = |condition: &str| mapping([("condition".to_owned(), NewValue::Inline(condition.to_owned()))]);
    let entries = service.dependencies.iter().map(|(name, known)| (name.clone(), condition(known)));
    let value = mapping(entries.collect::<Vec<_>>());
    service.add("depends_on", value);
}

fn mapping(entries: impl IntoIterator<Item = (String, NewValue)>) -> NewValue {
    NewValue::Mapping(entries.into_iter().collect())
}

fn variables(entries: Vec<(String, Option<String>)>) -> NewValue {
    mapping(entries.into_iter().map(|(name, known)| (name, value_or_passed_on(known))))
}

/// A value, or none where Compose passes on what is set.
fn value_or_passed_on(value: Option<String>) -> NewValue {
    value.map_or_else(|| NewValue::Inline(String::new()), |value| text(&value))
}

fn text(value: &str) -> NewValue {
    NewValue::scalar(value)
}

/// The place of a source that loads `.env` from the working folder, and fails where there is none. What a condition or `try`
/// guards does without, and begins no line.
fn loads_environment_file(input: &EmitInput, application: &Application) -> Option<String> {
    let begins_line = |text: &str, at: usize| at == 0 || text[..at].ends_with('\n');
    let mut signs = application.signs(input, "loads .env or fails");
    let (file, at) = signs.find(|(file, at)| begins_line(file.source.text(), *at))?;
    Some(place(&file.source, at))
}

/// Entries in one line.
fn flow(entries: &[(&str, NewValue)]) -> String {
    let entry = |(key, value): &(&str, NewValue)| match value {
        NewValue::Inline(text) | NewValue::Block(text) => format!("{key}: {text}"),
        NewValue::List(_) | NewValue::Mapping(_) => (*key).to_owned(),
    };
    entries.iter().map(entry).collect::<Vec<String>>().join(", ")
}

/// The volumes that bring the sources into the containers, in the short form; the packages that the image installed stay.
fn source_volumes(application: &Application, folder: &str) -> Vec<String> {
    let host = application.context_text.trim_end_matches('/');
    let mut volumes = vec![format!("{}:{folder}", if host == "." { "./" } else { host })];
    if application.projects().any(|project| project.ecosystem == Ecosystem::Node) {
        volumes.push(path::child(folder, "node_modules"));
    }
    volumes
}
