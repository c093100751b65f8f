//! The services of a compose project, and the recipes that start and stop them.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::RecipeDraft;
use super::input::RecipeInput;
use super::recipe::NewRecipe;
use crate::compose::project::{ComposeMap, ComposeValue};
use crate::compose::written_project;
use crate::data;
use crate::stack::{COMPLETED, Stack, StackService};
use crate::text::{Source, joined};
use crate::workflow::JustOutline;

/// The services, those that are written in the same run too.
pub(super) struct ComposeServices<'p> {
    /// By their names.
    pub(super) all: Vec<StackService<'p>>,
    /// The names of those whose check never succeeds.
    pub(super) failing: BTreeSet<&'p str>,
    /// Names of volumes that have another name than Compose gives them, or are not removed by it: `None`.
    pub(super) volumes: Vec<(&'p str, Option<&'p str>)>,
}

impl<'p> ComposeServices<'p> {
    pub(super) fn of(input: &RecipeInput<'p>) -> Self {
        let project = input.existing.and_then(|existing| existing.reading.project.as_deref());
        let mut all = Vec::new();
        let mut failing = BTreeSet::new();
        if let (Some(existing), Some(project)) = (input.existing, project) {
            all = Stack::new(project, &existing.dockerfiles).services;
            let fails = |service: &&StackService| {
                let check = service.check.written();
                let places = check.into_iter().flat_map(|check| check.places.iter().chain([&check.place]).flatten());
                places.into_iter().any(|place| {
                    input.failing_checks.iter().any(|span| place.span.range().contains(&(span.start as usize)))
                })
            };
            failing = all.iter().filter(fails).map(|service| service.name).collect();
        }
        if let Some(written) = input.written {
            let known: BTreeSet<&str> = all.iter().map(|service| service.name).collect();
            let new = Stack::new(written, &BTreeMap::new()).services;
            all.extend(new.into_iter().filter(|service| !known.contains(service.name)));
        }
        all.sort_by_key(|service| service.name);
        let models = project.into_iter().chain(input.written).map(|project| (&project.model, &project.name));
        let volumes = models.flat_map(|(model, name)| {
            let volumes = model.get("volumes").and_then(ComposeValue::as_map);
            volumes.into_iter().flat_map(ComposeMap::iter).filter_map(move |(key, entry)| {
                let is_external = entry.value.get("external").and_then(ComposeValue::as_bool) == Some(true);
                let written = entry.value.get("name").and_then(ComposeValue::as_text);
                let written = written.filter(|written| *written != format!("{name}_{key}"));
                if is_external { Some((key, None)) } else { written.map(|written| (key, Some(written))) }
            })
        });
        Self { all, failing, volumes: volumes.collect() }
    }

    /// The service of a name.
    pub(super) fn service(&self, name: &str) -> Option<&StackService<'p>> {
        self.all.iter().find(|service| service.name == name)
    }

    /// The servers of others: databases, brokers, and what programs of the project wait for.
    pub(super) fn servers(&self) -> Vec<&StackService<'p>> {
        self.all.iter().filter(|service| self.is_server(service)).collect()
    }

    /// The servers that keep the data of programs.
    pub(super) fn databases(&self) -> Vec<&StackService<'p>> {
        let is_database =
            |service: &&StackService| service.known.is_some_and(|known| data::DATA_FOLDERS.contains(known.name));
        self.servers().into_iter().filter(is_database).collect()
    }

    fn is_server(&self, service: &StackService) -> bool {
        let is_awaited = || {
            let waits = |other: &&StackService| {
                other.is_built && other.dependencies.iter().any(|dependency| dependency.name == service.name)
            };
            !service.is_built && self.all.iter().any(|other| waits(&other))
        };
        let Some(known) = service.known else { return false };
        let is_wanted = known.is_backend() || known.is_needed_late() && is_awaited();
        is_wanted && !service.is_job && service.profiles().is_empty() && !self.waits_for_program(service)
    }

    /// Whether a service waits for one that is built here, which would be started with it.
    fn waits_for_program(&self, service: &StackService) -> bool {
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<&str> = service.dependencies.iter().map(|dependency| dependency.name).collect();
        while let Some(name) = waiting.pop() {
            if !seen.insert(name) {
                continue;
            }
            let Some(other) = self.service(name) else { continue };
            if other.is_built && !other.known.is_some_and(|known| known.is_backend()) {
                return true;
            }
            waiting.extend(other.dependencies.iter().map(|dependency| dependency.name));
        }
        false
    }

    /// The lines that start services and wait until they are ready.
    pub(super) fn start_lines(&self, services: &[&StackService]) -> Vec<String> {
        let (failing, others): (Vec<&str>, Vec<&str>) =
            services.iter().map(|service| service.name).partition(|name| self.failing.contains(name));
        let mut lines = Vec::new();
        if !failing.is_empty() {
            lines.push(format!("docker compose up --detach {}", failing.join(" ")));
        }
        if !others.is_empty() {
            lines.push(format!("docker compose up --detach --wait {}", others.join(" ")));
        }
        lines
    }

    /// ` --profile '*'` where some services are started by profiles alone.
    fn profile_option(&self) -> &'static str {
        let has_profiles = self.all.iter().any(|service| !service.profiles().is_empty());
        if has_profiles { " --profile '*'" } else { "" }
    }

    /// ` --wait`, unless a job ends for which no service waits: Compose would take it for a server that fails.
    fn wait_option(&self) -> &'static str {
        let is_awaited = |job: &StackService| {
            let mut dependencies = self.all.iter().flat_map(|service| &service.dependencies);
            dependencies.any(|dependency| dependency.name == job.name && dependency.condition == COMPLETED)
        };
        let is_stuck =
            |service: &StackService| service.is_job && !is_awaited(service) || self.failing.contains(service.name);
        if self.all.iter().any(is_stuck) { "" } else { " --wait" }
    }
}

/// The recipes that start, build and stop services.
pub(super) fn add(input: &RecipeInput, services: &ComposeServices, outline: &JustOutline, draft: &mut RecipeDraft) {
    let servers = services.servers();
    draft.add("services", start(services, &servers));
    for name in servers.iter().map(|service| service.name).filter(|name| services.failing.contains(name)) {
        draft.notes.push(format!(
            "`services` does not wait for {name}, whose check never succeeds: `dockopt compose check` says why"
        ));
    }
    draft.add("services-dev", start_for_developers(input, services, &servers));
    draft.add("rebuild", rebuild(services, outline));
    let profile = services.profile_option();
    draft.recipes.extend([stop(profile), clean(profile), clean_all(services, profile)]);
}

fn stop(profile: &str) -> NewRecipe {
    let lines = vec![format!("docker compose{profile} stop")];
    NewRecipe::new("services-stop", "Stop all services", lines, "containers and data stay")
}

fn clean(profile: &str) -> NewRecipe {
    let lines = vec![format!("docker compose{profile} down")];
    let reason = "volumes, and with them the data, stay";
    NewRecipe::new("services-clean", "Remove all containers and networks", lines, reason)
}

fn clean_all(services: &ComposeServices, profile: &str) -> NewRecipe {
    let lines = vec![format!("docker compose{profile} down --volumes")];
    let databases: Vec<&str> = services.databases().iter().map(|service| service.name).collect();
    let data = match &databases[..] {
        [] => "all data".to_owned(),
        names => format!("the data of {}", joined(names)),
    };
    let question = format!("Remove all containers, networks and volumes, with {data}? [y/N]");
    let comment = "Remove all containers, networks and volumes";
    let reason = "it asks first, since `--volumes` removes the data";
    NewRecipe::new("services-clean-all", comment, lines, reason).asking(question)
}

fn start(services: &ComposeServices, servers: &[&StackService]) -> Result<NewRecipe, String> {
    if servers.is_empty() {
        return Err("no service runs a database, a broker or another server of others".to_owned());
    }
    let names: Vec<&str> = servers.iter().map(|service| service.name).collect();
    let comment = format!("Start {} and wait until they are ready", joined(&names));
    let comment = if names.len() == 1 { comment.replace("they are", "it is") } else { comment };
    let images: Vec<String> = servers.iter().filter_map(|service| service.base_name()).collect();
    let reason = format!("servers of others: {}", images.join(", "));
    Ok(NewRecipe::new("services", &comment, services.start_lines(servers), reason))
}

/// With a compose file for developers all services; else the servers that programs on this machine reach.
fn start_for_developers(
    input: &RecipeInput,
    services: &ComposeServices,
    servers: &[&StackService],
) -> Result<NewRecipe, String> {
    let names = ["compose.dev.yaml", "compose.dev.yml", "docker-compose.dev.yaml", "docker-compose.dev.yml"];
    if let Some((name, text)) = names.iter().find_map(|name| Some((*name, (input.text_of)(name)?))) {
        let files = if is_whole(name, &text) {
            format!("--file {name}")
        } else {
            format!("--file {} --file {name}", input.compose_file)
        };
        let line = format!("docker compose {files} up --detach --build{}", services.wait_option());
        let reason = "a compose file for developers is there".to_owned();
        return Ok(NewRecipe::new("services-dev", &format!("Start all services with {name}"), vec![line], reason)
            .shown_by(Some(name.to_owned())));
    }
    let hint = "`dockopt compose emit --dev` writes a compose file for developers";
    let published: Vec<&StackService> =
        servers.iter().copied().filter(|service| service.value.get("ports").is_some()).collect();
    if published.is_empty() {
        return Err(format!("no server publishes a port; {hint}"));
    }
    if published.len() == servers.len() {
        return Err(format!(
            "all servers publish their ports, so that `services` serves programs on this machine; {hint}"
        ));
    }
    let names: Vec<&str> = published.iter().map(|service| service.name).collect();
    let comment = format!("Start {}, for programs that run on this machine", joined(&names));
    let lines = services.start_lines(&published);
    Ok(NewRecipe::new("services-dev", &comment, lines, "these publish their ports, the other servers do not"))
}

/// Whether a compose file is a project by itself: each of its services has an image.
fn is_whole(name: &str, text: &str) -> bool {
    let project = written_project(&Source::of(name, text), "/");
    let is_complete = |service: &ComposeValue| service.get("image").is_some() || service.get("build").is_some();
    project.is_some_and(|project| project.services().all(|(_, service)| is_complete(service)))
}

fn rebuild(services: &ComposeServices, outline: &JustOutline) -> Result<NewRecipe, String> {
    let built = services.all.iter().filter(|service| service.is_built && !service.is_job);
    let built: Vec<&str> = built.map(|service| service.name).collect();
    if built.is_empty() {
        return Err("no service is built here".to_owned());
    }
    // Older releases of just refuse a parameter with the name of a variable.
    let names = ["service", "service_name", "name"];
    let parameter = names.into_iter().find(|name| !outline.variables.contains(*name)).unwrap_or("service_to_build");
    let line = format!("docker compose up --detach --build --no-deps {{{{ quote({parameter}) }}}}");
    let comment = format!("Build one service again and start it: {}", built.join(", "));
    let recipe = NewRecipe::new("rebuild", &comment, vec![line], "what it waits for is left as it is");
    Ok(NewRecipe { parameters: parameter.to_owned(), ..recipe })
}
