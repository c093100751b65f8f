//! The recipe that brings the schema of a database up to date: the job of the compose file, or the command of
//! `data/migration_commands.tsv` in the container of the program.

use super::input::RecipeInput;
use super::recipe::{NewRecipe, literal};
use super::servers::ComposeServices;
use crate::data;
use crate::manifest::Project;
use crate::shell::quoted_word;
use crate::stack::{COMPLETED, HEALTHY, StackService};
use crate::tasks::{MigrationCommand, migration_command};
use crate::text::path;

/// What migrates a database.
pub(super) struct Migration {
    /// The databases that must be ready, as lines start them.
    start: Vec<String>,
    /// The databases that its service waits for.
    pub(super) databases: Vec<String>,
    /// The line that migrates.
    pub(super) line: String,
    tool: Option<&'static str>,
    reason: String,
    place: Option<String>,
}

impl Migration {
    pub(super) fn recipe(&self) -> NewRecipe {
        let name = if self.tool == Some("alembic") { "alembic-up" } else { "migrate-up" };
        let lines = self.start.iter().cloned().chain([self.line.clone()]).collect();
        let comment = "Bring the schema of the database up to date";
        NewRecipe::new(name, comment, lines, self.reason.clone()).shown_by(self.place.clone())
    }
}

/// What migrates the database of the services, or why nothing is known to.
pub(super) fn migration(input: &RecipeInput, services: &ComposeServices) -> Result<Migration, String> {
    if let Some((service, text)) = services.all.iter().find_map(|service| Some((service, job_command(service)?))) {
        let line = run_line(service, "");
        let reason = format!("the service `{}` does it and ends", service.name);
        let place = Some(input.compose_file.to_owned());
        return Ok(with_databases(services, service, line, (tool_of(&text), reason, place)));
    }
    for project in input.projects {
        let has_file = |file: &str| (input.text_of)(file).is_some();
        if let Some(MigrationCommand { command, package, file }) = migration_command(project, &has_file) {
            let Some(service) = service_of(input, services, project) else {
                return Err(format!(
                    "no service is built from `{}`, whose {file} says how its database is migrated",
                    project.root
                ));
            };
            let line = run_line(service, command);
            let reason = format!("`{}` keeps the schema of the database in its source ({package})", service.name);
            return Ok(with_databases(services, service, line, (tool_of(command), reason, Some(file))));
        }
    }
    Err("nothing is known that migrates a database".to_owned())
}

/// What a service runs that migrates a database and ends; its name where only that says so.
fn job_command(service: &StackService) -> Option<String> {
    let words: Vec<&str> = service.words("entrypoint").into_iter().chain(service.words("command")).collect();
    let text = words.join(" ");
    let is_command = data::MIGRATIONS.keys().any(|key| text.contains(key));
    let is_named = service.name.split(['-', '_']).any(|word| word.starts_with("migrat"));
    (service.is_job && (is_command || is_named)).then_some(text)
}

/// The tool whose name the recipe gets.
fn tool_of(command: &str) -> Option<&'static str> {
    command.split([' ', '/']).any(|word| word == "alembic").then_some("alembic")
}

fn run_line(service: &StackService, command: &str) -> String {
    let build = if service.is_built { " --build" } else { "" };
    let profile =
        service.profiles().first().map(|name| format!(" --profile {}", quoted_word(name))).unwrap_or_default();
    let command = if command.is_empty() { String::new() } else { format!(" {command}") };
    literal(&format!("docker compose{profile} run --rm{build} {}{command}", service.name))
}

/// The service that is built in the folder of a project, the first that goes on running.
fn service_of<'s, 'p>(
    input: &RecipeInput,
    services: &'s ComposeServices<'p>,
    project: &Project,
) -> Option<&'s StackService<'p>> {
    let folder = input.existing.and_then(|existing| existing.reading.project.as_deref()).or(input.written)?;
    let folder = path::join(&folder.folder, &project.root);
    let is_its = |service: &&StackService| {
        let context = service.value.get("build").and_then(|build| build.get("context")?.as_text());
        !service.is_job && context == Some(folder.trim_end_matches('/'))
    };
    services.all.iter().find(is_its)
}

fn with_databases(
    services: &ComposeServices,
    service: &StackService,
    line: String,
    (tool, reason, place): (Option<&'static str>, String, Option<String>),
) -> Migration {
    let databases = services.databases();
    let awaited = |database: &&&StackService| service.dependencies.iter().any(|known| known.name == database.name);
    let needed: Vec<&StackService> = databases.iter().filter(awaited).copied().collect();
    let is_ready = |database: &&StackService| {
        let mut dependencies = service.dependencies.iter().filter(|known| known.name == database.name);
        dependencies.any(|known| [HEALTHY, COMPLETED].contains(&known.condition))
    };
    // Compose itself waits for those with a condition.
    let others: Vec<&StackService> = needed.iter().copied().filter(|database| !is_ready(database)).collect();
    let start = services.start_lines(&others);
    let databases = needed.iter().map(|database| database.name.to_owned()).collect();
    Migration { start, databases, line, tool, reason, place }
}
