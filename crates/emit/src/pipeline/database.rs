//! Databases, caches and brokers that a job's tests are given: those of the compose file that the project's services ask.

use super::input::{PipelineInput, PipelineSystem};
use super::plan::{JobDatabase, PipelinePlan};
use super::start_files::StartStack;
use crate::compose::project::{ComposeMap, ComposeValue};
use crate::data;
use crate::emit::ServerImage;
use crate::manifest::{Ecosystem, FileKind, Project};
use crate::stack::{StackService, known_service};
use crate::tasks::{MigrationCommand, migration_command, run_command};
use crate::text::path;
use crate::yaml::{self, YamlNode};

/// The password of databases that live as long as a job.
const PASSWORD: &str = "test";

/// Files of a project that are looked through for a default.
const FILES: usize = 1_000;

/// The databases that the tests of a project are given, and the variables that lead to them; `start`: the compose file.
pub(super) fn databases(
    input: &PipelineInput,
    start: Option<&StartStack>,
    project: &Project,
    job: &str,
    plan: &mut PipelinePlan,
) -> (Vec<JobDatabase>, Vec<(String, String)>) {
    let (mut all, mut variables) = (Vec::new(), Vec::new());
    let Some(start) = start else { return (all, variables) };
    let folder = project.root.as_str();
    let all_services = &start.stack.services;
    let services = || all_services.iter().filter(|service| is_built_in(input, service, folder));
    for server in all_services {
        let Some(database) = database(server, input.system) else { continue };
        if !has_client(project, database.kind) {
            continue;
        }
        let mut leads = Vec::new();
        for (name, value) in services().flat_map(|service| all_settings(input, &start.files.files, service)) {
            let Some(new) = database.value_for(server, &name, &value) else { continue };
            if !leads.iter().any(|(known, _)| *known == name) {
                leads.push((name, new));
            }
        }
        let has_address = leads.iter().any(|(_, value)| value.contains(&database.host));
        if !has_address {
            continue;
        }
        if let Some(name) = leads.iter().map(|(name, _)| name).find(|name| falls_back(input, folder, name)) {
            plan.choose(
                job,
                &database.job.name,
                format!("left out: without `{name}` the sources take SQLite, as tests may"),
                None,
            );
            continue;
        }
        let mut job_database = database.job;
        let has_file = |file: &str| input.files.contains(file);
        let migration = if database.is_database { migration_command(project, &has_file) } else { None };
        if let Some(MigrationCommand { command, .. }) = migration {
            job_database.migrate = Some(run_command(project, command));
            job_database.migration = Some((folder.to_owned(), command.to_owned()));
        }
        let why = format!("`{}` of the compose file has the same image; tests wait until it is ready", server.name);
        plan.choose(job, &job_database.name, why, None);
        if !job_database.image.contains('@') {
            plan.notes.push(format!(
                "the image of `{}` has no digest here, as no table has one for `{}`: `docker buildx imagetools inspect` shows it",
                job_database.name, job_database.image
            ));
        }
        variables.extend(leads);
        all.push(job_database);
    }
    (all, variables)
}

/// A database with what leads to it.
struct ReachableDatabase {
    job: JobDatabase,
    host: String,
    /// Words of variables that are about it.
    words: Vec<String>,
    /// What its clients are for, as the tables name it.
    kind: &'static str,
    user: String,
    name: String,
    /// Whether it holds databases that have names.
    is_database: bool,
    /// Whether its clients log in.
    has_login: bool,
}

impl ReachableDatabase {
    /// What a variable of a program has to be for this database; nothing where it is about something else.
    fn value_for(&self, server: &StackService, name: &str, value: &str) -> Option<String> {
        if value == server.name {
            return Some(self.host.clone());
        }
        if value.strip_prefix(server.name).and_then(|rest| rest.strip_prefix(':')) == Some(&self.job.port.to_string()) {
            return Some(format!("{}:{}", self.host, self.job.port));
        }
        if let Some((scheme, rest)) = value.split_once("://") {
            let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = address.rsplit('@').next().unwrap_or_default();
            let host = host.split(':').next().unwrap_or_default();
            let options = path.split_once('?').map(|(_, options)| format!("?{options}")).unwrap_or_default();
            // JDBC has the login in other variables, and what asks for none gets none.
            let has_login = self.has_login && !scheme.starts_with("jdbc:");
            let login = if has_login { format!("{}:{PASSWORD}@", self.user) } else { String::new() };
            let path = path.split('?').next().unwrap_or_default();
            let path = if self.is_database { &self.name } else { path };
            let end = if rest.contains('/') || self.is_database { format!("/{path}") } else { String::new() };
            let new = format!("{scheme}://{login}{}:{}{end}{options}", self.host, self.job.port);
            return (host == server.name).then_some(new);
        }
        let role = |word: &str, role: &str| data::CONNECTION_WORDS.has(word, role);
        let last = name.rsplit('_').next().unwrap_or_default().to_ascii_uppercase();
        let settings = settings(server);
        let is_about = |word: String| self.words.contains(&word) || matches!(word.as_str(), "DB" | "DATABASE");
        let is_named = name.split('_').any(|word| is_about(word.to_ascii_uppercase()));
        let is_of_server = settings.iter().any(|(known, of_server)| known == name || is_named && of_server == value);
        match () {
            () if !is_of_server => None,
            () if role(&last, "password") => Some(PASSWORD.to_owned()),
            () if role(&last, "user") => Some(self.user.clone()),
            () if role(&last, "database") => Some(self.name.clone()),
            () => None,
        }
    }
}

/// The database that a service is; nothing where it is another server.
fn database(server: &StackService, system: PipelineSystem) -> Option<ReachableDatabase> {
    let image = server.image_name()?;
    let known = known_service(image)?;
    // A job gives a server no command.
    let row = ServerImage::of_service(known.name).filter(|row| row.starts_by_itself())?;
    let port = row.port()?;
    let settings = settings(server);
    let shown = |part: &str| {
        let mut words = data::words(row.settings).filter_map(|word| word.split_once('='));
        let (name, _) = words.find(|(_, value)| *value == part)?;
        let (_, value) = settings.iter().find(|(known, _)| known == name)?;
        is_plain(value).then(|| value.clone())
    };
    let user = shown("{user}").unwrap_or_else(|| "test".to_owned());
    let name = shown("{database}").unwrap_or_else(|| "test".to_owned());
    let filled = data::words(row.settings).filter_map(|word| word.split_once('=')).map(|(key, value)| {
        // The file of a secret is the variable without its ending.
        let key = if value == "{file}" { key.trim_end_matches("_FILE") } else { key };
        let value = value.replace("{user}", &user).replace("{database}", &name);
        (key.to_owned(), value.replace("{password}", PASSWORD).replace("{file}", PASSWORD))
    });
    let filled: Vec<(String, String)> = filled.collect();
    let check = check_text(known.check?, &filled)?;
    let digest = data::PINNED_IMAGES.row(image).map(|row| format!("{image}@{}", row[1]));
    let job = JobDatabase {
        name: server.name.to_owned(),
        image: digest.unwrap_or_else(|| image.to_owned()),
        settings: filled,
        port,
        check,
        migrate: None,
        migration: None,
    };
    // A service of GitHub answers at the machine, one of GitLab at its name.
    let host = if system == PipelineSystem::Github { "127.0.0.1" } else { server.name };
    let words = ServerImage::all().filter(|other| other.host == row.host).flat_map(|row| data::words(row.names));
    let words = words.map(str::to_owned).chain([server.name.to_ascii_uppercase()]).collect();
    let (is_database, has_login) = (row.is_database(), row.settings.contains("{user"));
    Some(ReachableDatabase {
        job,
        host: host.to_owned(),
        words,
        kind: row.protocol(),
        user,
        name,
        is_database,
        has_login,
    })
}

/// A check of `data/services.tsv` as a command in double quotes, its variables replaced by their values.
fn check_text(check: &str, settings: &[(String, String)]) -> Option<String> {
    if let Ok(words) = serde_json::from_str::<Vec<String>>(check) {
        return Some(words.join(" "));
    }
    let mut text = String::new();
    let mut rest = check;
    while let Some((before, behind)) = rest.split_once("${") {
        let (inner, after) = behind.split_once('}')?;
        let inner_end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
        let value = settings.iter().find(|(name, _)| *name == inner[..inner_end]);
        // The default may be another variable in braces.
        let after = if inner.contains("${") { after.split_once('}')?.1 } else { after };
        text.push_str(before);
        text.push_str(value.map_or("", |(_, value)| value));
        rest = after;
    }
    text.push_str(rest);
    let text =
        without_double_quotes(&text.replace("$'", "'").replace("\"$(hostname -i | cut -d' ' -f1)\"", "127.0.0.1"));
    (!text.contains(['$', '`', '\\', '"'])).then_some(text)
}

/// A command whose words need no double quotes: in single ones where they are no plain words.
fn without_double_quotes(text: &str) -> String {
    let is_bare = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:@".contains(c));
    let parts = text.split('"').enumerate().map(|(at, part)| {
        let is_quoted = at % 2 == 1 && !is_bare(part) && !part.contains('\'');
        if is_quoted { format!("'{part}'") } else { part.to_owned() }
    });
    parts.collect()
}

/// The variables of a service with a value.
fn settings(service: &StackService) -> Vec<(String, String)> {
    let map = service.value.get("environment").and_then(ComposeValue::as_map);
    let entries = map.into_iter().flat_map(ComposeMap::iter).filter(|(_, entry)| !entry.value.is_null());
    entries.map(|(name, entry)| (name.to_owned(), entry.value.display())).collect()
}

/// The variables of a service of some compose files with those of its environment files; of a file that git lacks, those of its example.
fn all_settings(input: &PipelineInput, files: &[String], service: &StackService) -> Vec<(String, String)> {
    let mut all = settings(service);
    for path in files {
        let text = (input.text_of)(path).unwrap_or_default();
        let tree = yaml::read(&text);
        let node = tree.root().and_then(|root| root.get("services")?.get(service.name)?.get("env_file"));
        let text_of = |node: YamlNode| node.text().or_else(|| node.get("path")?.text()).map(str::to_owned);
        let names = node.into_iter().flat_map(|node| {
            let items = node.items().filter_map(text_of).collect::<Vec<_>>();
            items.into_iter().chain(node.text().map(str::to_owned))
        });
        for file in names.map(|name| path::join(path::parent(path), &name)) {
            if input.files.contains(&file) {
                continue;
            }
            let lines = (input.text_of)(&format!("{file}.example")).unwrap_or_default();
            let pairs = lines.lines().filter_map(|line| line.trim().split_once('='));
            let pairs = pairs.filter(|(name, value)| is_plain(name) && !value.contains('$'));
            all.extend(pairs.map(|(name, value)| (name.to_owned(), value.trim_matches(['"', '\'', ' ']).to_owned())));
        }
    }
    all
}

/// Whether a project has a package that talks to a kind of server.
fn has_client(project: &Project, kind: &str) -> bool {
    client_servers(project).any(|(_, known)| known == kind)
}

/// The packages of a project that talk to a server, each with the kind of server (`data/client_libraries.tsv`).
pub(super) fn client_servers(project: &Project) -> impl Iterator<Item = (&'static str, &'static str)> {
    let has = |package: &str| project.dependencies.iter().any(|known| known.name.eq_ignore_ascii_case(package));
    let extra = |package: &str| project.extras.iter().any(|(_, extra)| extra == package);
    let rows = data::CLIENT_LIBRARIES.rows().filter(|row| Ecosystem::of(row[0]) == Some(project.ecosystem));
    rows.filter(move |row| has(row[1]) || extra(row[1]))
        .filter_map(|row| Some((row[1], ServerImage::of_client(row)?.protocol())))
}

/// Whether a text is a name that needs no quotes in YAML, a shell and a URL.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

/// Whether a service is built from a context that a folder of the repository lies in.
fn is_built_in(input: &PipelineInput, service: &StackService, folder: &str) -> bool {
    let context = service.value.get("build").and_then(|build| build.get("context")).map(ComposeValue::display);
    let context = context.map(|context| path::normalize(&context));
    context.is_some_and(|context| path::covers(&context, &path::child(input.folder, folder)))
}

/// Whether a source of the project takes `SQLite` where a variable is not set: its tests may count on that.
fn falls_back(input: &PipelineInput, folder: &str, variable: &str) -> bool {
    let sources = input.files.iter().filter(|file| path::covers(folder, file) && FileKind::of(file).has_code());
    let variable = variable.to_ascii_lowercase();
    let is_default = |line: &str| {
        let line = line.to_ascii_lowercase();
        line.contains(&variable) && line.contains("sqlite")
    };
    sources.take(FILES).filter_map(|file| (input.text_of)(file)).any(|text| text.lines().any(is_default))
}
