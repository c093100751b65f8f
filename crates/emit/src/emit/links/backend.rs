//! The servers that programs connect to: which, with which image, data, password and healthcheck.

use std::collections::{BTreeMap, BTreeSet};

use super::client_server::{ClientServer, client_server};
use super::login::{BackendPassword, ServerLogin, is_set_by_image, login};
use super::mention::{ConnectionRole, Mention, UrlParts, is_unsure};
use super::mentions::Mentions;
use super::repository_image::repository_image;
use super::schema_script::{SchemaScript, made_in_image};
use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::facts::built_server::image_variable;
use crate::emit::facts::check::healthcheck_with;
use crate::emit::input::EmitInput;
use crate::emit::plan::{ComposePlan, MUST_BE_SET};
use crate::emit::server_image::{ServerImage, is_word};
use crate::stack::{ServiceSettings, configured_test, known_service};
use crate::yaml::NewValue;

/// A server that programs connect to.
#[derive(Debug)]
pub(in crate::emit) struct Backend {
    pub(in crate::emit) name: String,
    pub(in crate::emit) row: ServerImage,
    pub(in crate::emit) image: String,
    /// Where the repository runs this version.
    pub(in crate::emit) image_place: Option<String>,
    /// What a package asks of it, and its usual image and command do not give.
    pub(in crate::emit) demand: Option<ClientServer>,
    /// The program that builds its image.
    pub(in crate::emit) application: Option<usize>,
    pub(in crate::emit) command: Vec<String>,
    pub(in crate::emit) settings: Vec<(String, String)>,
    /// Where its password stands in a source that only a variable should hold.
    pub(in crate::emit) password_place: Option<String>,
    /// The secret with its password, and the variable that holds it.
    pub(in crate::emit) secret: Option<(String, String)>,
    pub(in crate::emit) password: Option<BackendPassword>,
    /// The volume and its folder.
    pub(in crate::emit) volume: Option<(String, String)>,
    /// What makes its tables when the volume is new.
    pub(in crate::emit) script: Option<SchemaScript>,
    /// Its healthcheck; nothing where its image has one; why none is known.
    pub(in crate::emit) check: Result<Option<NewValue>, String>,
    /// What answers before it is ready.
    pub(in crate::emit) trap: Option<&'static str>,
    pub(in crate::emit) user: String,
    pub(in crate::emit) database: String,
    /// The databases that programs use beside that one.
    pub(in crate::emit) other_databases: Vec<String>,
    pub(in crate::emit) reason: String,
    pub(in crate::emit) place: Option<String>,
}

/// All servers that programs connect to.
#[derive(Debug, Default)]
pub(in crate::emit) struct Backends {
    pub(in crate::emit) all: Vec<Backend>,
}

/// The mentions of a kind of server, apart where the sources of programs have different hosts for it.
fn mentions_by_host<'m>(kind: &str, mentions: &'m [Mentions]) -> Vec<Vec<&'m Mention>> {
    let mut open: Vec<&Mention> = Vec::new();
    let mut by_host: BTreeMap<String, Vec<&Mention>> = BTreeMap::new();
    for known in mentions {
        let of_kind = known.all.iter().filter(|mention| mention.row.host == kind);
        match known.fixed_host(kind) {
            Some(host) => by_host.entry(host).or_default().extend(of_kind),
            None => open.extend(of_kind),
        }
    }
    let mut groups: Vec<Vec<&Mention>> = by_host.into_values().collect();
    match groups.first_mut() {
        Some(first) => first.extend(open),
        None => groups.push(open),
    }
    groups
}

impl Backends {
    /// The server of a kind that a program finds: the one whose name its source has, else the first.
    pub(in crate::emit) fn of(&self, kind: &str, mentions: &Mentions) -> Option<&Backend> {
        let host = mentions.fixed_host(kind);
        let of_kind = || self.all.iter().filter(|backend| backend.row.host == kind);
        of_kind().find(|backend| host.as_ref() == Some(&backend.name)).or_else(|| of_kind().next())
    }

    pub(in crate::emit) fn backend(&self, name: &str) -> Option<&Backend> {
        self.all.iter().find(|backend| backend.name == name)
    }

    /// Gives a script that makes tables to the one database that understands it.
    pub(in crate::emit) fn give(&mut self, script: Option<SchemaScript>) {
        let Some(script) = script else { return };
        let mut fitting =
            self.all.iter_mut().filter(|known| script.is_for(known.row.host) && known.application.is_none());
        if let (Some(backend), None) = (fitting.next(), fitting.next()) {
            backend.settings = without_made(std::mem::take(&mut backend.settings), backend.row, &script.makes);
            backend.script = Some(script);
        }
    }

    pub(in crate::emit) fn is_database(&self, name: &str) -> bool {
        self.backend(name).is_some_and(|backend| backend.row.is_database())
    }
}

/// The servers that the programs connect to; `mentions`: by which variables each of them does.
pub(in crate::emit) fn backends(
    input: &EmitInput,
    applications: &[Application],
    mentions: &[Mentions],
    (script, plan): (Option<&SchemaScript>, &mut ComposePlan),
) -> Backends {
    let mut backends = Backends::default();
    let programs = applications.iter().filter(|known| known.server.is_none());
    let mut names: BTreeSet<String> = programs.map(|known| known.name.clone()).collect();
    let mut kinds: BTreeSet<&str> = BTreeSet::new();
    for row in ServerImage::all().filter(|row| kinds.insert(row.host)) {
        for mentions in mentions_by_host(row.host, mentions) {
            // A single port, user or password says nothing of a server.
            if mentions.iter().any(|mention| mention.is_address()) {
                let host = named_host(&mentions);
                let built = built(row.host, host.as_deref(), applications);
                let script = script.filter(|script| script.is_for(row.host));
                let database = script.and_then(|script| script.database.as_deref());
                let uses = Uses { mentions: &mentions, host, built, database };
                backends.all.push(backend(input, row, uses, applications, &mut names));
            }
        }
    }
    // Those that are built here and that nothing names.
    for (at, application) in applications.iter().enumerate() {
        let row = application
            .server
            .as_ref()
            .and_then(|server| ServerImage::of_service(server.host))
            .filter(|row| row.names != "-");
        let is_known = backends.all.iter().any(|known| known.application == Some(at));
        if let (Some(row), false) = (row, is_known) {
            let host = Some(application.name.clone());
            let uses = Uses { mentions: &[], host, built: Some(at), database: None };
            backends.all.push(backend(input, row, uses, applications, &mut names));
        }
    }
    explain_missing(input, applications, mentions, &backends, plan);
    backends
}

/// Says which servers a program has a client for, and no variable with an address.
fn explain_missing(
    input: &EmitInput,
    applications: &[Application],
    mentions: &[Mentions],
    backends: &Backends,
    plan: &mut ComposePlan,
) {
    let mut hosts: BTreeSet<&str> = backends.all.iter().map(|backend| backend.row.host).collect();
    for (application, mentions) in applications.iter().zip(mentions) {
        for mention in mentions.optional.iter().filter(|known| known.is_address()) {
            if hosts.insert(mention.row.host)
                && let Some(variable) = &mention.variable
            {
                plan.notes.push(format!(
                    "{} works without `{variable}`: {} was not added",
                    application.name, mention.row.host
                ));
            }
        }
    }
    for application in applications {
        let clients = super::mention::clients(input, application);
        for (package, row) in clients.into_iter().filter(|(package, _)| !is_unsure(package)) {
            if hosts.insert(row.host) {
                plan.notes.push(format!(
                    "{} has the package `{package}`, and no variable says where {} is: none was added",
                    application.name, row.host
                ));
            }
        }
    }
}

/// The databases that programs name beside the first one.
fn other_databases(mentions: &[&Mention], first: &str) -> Vec<String> {
    let of_urls: Vec<String> = mentions.iter().filter_map(|mention| mention.database()).collect();
    let variable = mentions.iter().find(|known| known.role == ConnectionRole::Database && known.variable.is_some());
    // Different variables may be about the same database.
    let of_variable = || {
        let same = mentions.iter().filter(|known| variable.is_some_and(|other| other.variable == known.variable));
        same.filter_map(|known| known.value.clone()).filter(|value| is_word(value)).collect::<Vec<_>>()
    };
    let mut databases = if of_urls.is_empty() { of_variable() } else { of_urls };
    databases.retain(|database| database != first);
    databases.sort();
    databases.dedup();
    databases
}

impl Backend {
    /// The database that a program means by a variable.
    pub(in crate::emit) fn database_of(&self, mention: &Mention) -> &str {
        let database = mention.database().or_else(|| mention.value.clone());
        self.other_databases.iter().find(|known| database.as_ref() == Some(known)).unwrap_or(&self.database)
    }
}

/// The host that programs have for a server, where it may be the name of a service.
fn named_host(mentions: &[&Mention]) -> Option<String> {
    let of_urls =
        mentions.iter().filter(|mention| UrlParts::of(mention.value.as_deref().unwrap_or_default()).is_some());
    let mut others = mentions.iter().filter(|mention| mention.role == ConnectionRole::Host);
    let other = others.find(|mention| mention.value.is_some());
    of_urls.chain(other).find_map(|mention| mention.service_host())
}

/// What is known of a server beside its kind.
struct Uses<'m> {
    /// How programs find it.
    mentions: &'m [&'m Mention],
    host: Option<String>,
    /// Who builds its image.
    built: Option<usize>,
    /// The database that the script which makes its tables uses.
    database: Option<&'m str>,
}

fn backend(
    input: &EmitInput,
    row: ServerImage,
    Uses { mentions, host, built, database: of_script }: Uses,
    applications: &[Application],
    names: &mut BTreeSet<String>,
) -> Backend {
    let program = built.map(|at| &applications[at]);
    let mut name = host.or_else(|| Some(program?.name.clone())).unwrap_or_else(|| row.host.to_owned());
    while !names.insert(name.clone()) {
        name = format!("{name}-{}", row.host);
    }
    let login = login(row, (&name, of_script), mentions, program);
    let is_open = program.is_none() && of_script.is_none() && row.is_database();
    let other_databases = if is_open { other_databases(mentions, &login.database) } else { Vec::new() };
    // Images with more in them stand for the plain one.
    let row = variant(input, row, applications).unwrap_or(row);
    let [all_settings, settings] = login_settings(row, &login, program);
    let ServerLogin { user, database, variable, password, password_place, is_asked, is_secured, .. } = login;
    let secret = settings.contains("{file}").then(|| (format!("{name}-password"), variable.clone()));
    let file = secret.as_ref().map(|(name, _)| format!("/run/secrets/{name}")).unwrap_or_default();
    let filled = |text: &str| {
        let text = text.replace("{user}", &user).replace("{database}", &database).replace("{file}", &file);
        text.replace("{host}", &name).replace("{password}", &password.value())
    };
    let settings = data::words(&settings).filter_map(|setting| setting.split_once('='));
    let settings: Vec<(String, String)> = settings.map(|(name, value)| (name.to_owned(), filled(value))).collect();
    let names_of_scripts = program.map(|program| made_in_image(input, program)).unwrap_or_default();
    let settings = without_made(settings, row, &names_of_scripts);
    let ImageChoice { image: row_image, place: image_place, demand } = image_choice(input, row, applications, built);
    let command = match (built, &demand) {
        (Some(_), _) => Vec::new(),
        _ if is_secured && row.login_settings().is_none() => row.secured.split(' ').map(filled).collect(),
        (None, Some(demand)) if !demand.command.is_empty() => demand.command.clone(),
        _ => command(input, row, applications),
    };
    let known = known_service(row.image);
    let server = program.and_then(|known| known.server.as_ref());
    let image = server.map_or(&row_image, |server| &server.image);
    // A check has the variable alone.
    let words = server.map_or(&command, |server| &server.words).iter().map(|word| word.replace(MUST_BE_SET, "}"));
    let of_check: Vec<(String, String)> =
        settings.iter().cloned().chain(settings_in_image(&all_settings, program)).collect();
    let check = check_of(image, &words.collect::<Vec<_>>(), &of_check);
    let first = mentions.iter().find(|mention| mention.is_address());
    let reason = first.map(|mention| mention.reason.clone()).or_else(|| program.map(|known| known.reason.clone()));
    let place = first.map_or_else(|| program.map(|known| known.place.clone()), |mention| mention.place.clone());
    Backend {
        row,
        image_place,
        demand,
        image: row_image,
        application: built,
        volume: data_folder(row, &command).map(|folder| (format!("{name}-data"), folder)),
        command,
        settings,
        secret,
        password: is_asked.then_some(password),
        password_place,
        script: None,
        check,
        trap: known.and_then(|known| known.trap),
        user,
        database,
        other_databases,
        reason: reason.unwrap_or_default(),
        place,
        name,
    }
}

/// The settings of a server without the database and the user that a script makes.
fn without_made(
    settings: Vec<(String, String)>,
    row: ServerImage,
    names_of_scripts: &[String],
) -> Vec<(String, String)> {
    let is_made = |(name, value): &(String, String)| {
        let part = |setting: &&str| setting.split_once('=').is_some_and(|(known, _)| known == name);
        let kind = match data::words(row.settings).find(part).and_then(|setting| setting.split_once('=')) {
            Some((_, "{database}")) => "database",
            Some((_, "{user}")) => "user",
            _ => return false,
        };
        names_of_scripts.contains(&format!("{kind} {}", value.to_ascii_lowercase()))
    };
    settings.into_iter().filter(|setting| !is_made(setting)).collect()
}

/// The settings of a server, and those of them that it gets: without what its image sets, apart from the password.
fn login_settings(row: ServerImage, login: &ServerLogin, program: Option<&Application>) -> [String; 2] {
    let all = match row.login_settings() {
        Some(settings) if login.is_secured => settings.to_owned(),
        _ => row.settings_of(&login.user),
    };
    // A password that everybody can read in a source is no secret.
    let is_fixed = matches!(login.password, BackendPassword::Fixed(_));
    let text = if is_fixed || login.is_in_image { all.replace("_FILE={file}", "={password}") } else { all.clone() };
    let is_password = |setting: &str| login.is_in_image && setting.ends_with("={password}");
    let kept = text.split(' ').filter(|setting| is_password(setting) || !is_set_by_image(setting, program));
    let settings = kept.collect::<Vec<_>>().join(" ");
    [all, settings]
}

/// The folder of its data: that of its image, or the one that a command says.
fn data_folder(row: ServerImage, command: &[String]) -> Option<String> {
    let of_command = || command.iter().skip_while(|word| *word != "--store_dir").nth(1).cloned();
    if row.data == "-" { of_command() } else { Some(row.data.to_owned()) }
}

/// The image of a server.
struct ImageChoice {
    image: String,
    /// Where the repository runs it.
    place: Option<String>,
    /// What a package asks of it.
    demand: Option<ClientServer>,
}

/// The version that the repository runs, else the usual one, else that which a package talks to.
fn image_choice(
    input: &EmitInput,
    row: ServerImage,
    applications: &[Application],
    built: Option<usize>,
) -> ImageChoice {
    let known = repository_image(input, row.image);
    let image = known.as_ref().map_or_else(|| row.image.to_owned(), |known| known.image.clone());
    let demand = if built.is_none() { client_server(applications, &image) } else { None };
    match demand.as_ref().and_then(|demand| demand.image) {
        Some(other) => ImageChoice { image: other.to_owned(), place: None, demand },
        None => ImageChoice { image, place: known.map(|known| known.place), demand },
    }
}

/// The settings that the image of a server has already.
fn settings_in_image(settings: &str, program: Option<&Application>) -> Vec<(String, String)> {
    let names = data::words(settings).filter_map(|setting| setting.split('=').next());
    let names = names.map(|name| name.trim_end_matches("_FILE"));
    names.filter_map(|name| Some((name.to_owned(), image_variable(program?, name)?))).collect()
}

/// The program that builds the image of a kind of server, the one with the name of the host before others.
fn built(kind: &str, host: Option<&str>, applications: &[Application]) -> Option<usize> {
    let is_built = |known: &Application| known.server.as_ref().is_some_and(|server| server.host == kind);
    let of_kind = || (0..applications.len()).filter(|at| is_built(&applications[*at]));
    of_kind().find(|at| Some(applications[*at].name.as_str()) == host).or_else(|| of_kind().next())
}

/// The row of a package that needs more than the plain server: `pgvector`.
fn variant(input: &EmitInput, row: ServerImage, applications: &[Application]) -> Option<ServerImage> {
    let clients = applications.iter().flat_map(|application| super::mention::clients(input, application));
    clients.map(|(_, known)| known).find(|known| known.host == row.host && known.service != row.service)
}

/// The command that a source asks for by a word in it.
fn command(input: &EmitInput, row: ServerImage, applications: &[Application]) -> Vec<String> {
    let Some((word, command)) = row.command.split_once(' ') else { return Vec::new() };
    let files = applications.iter().flat_map(|application| &application.code.files);
    let mut texts = files.map(|at| input.files.files[*at].source.text().to_ascii_lowercase());
    if word == "*" || texts.any(|text| text.contains(word)) {
        command.split(' ').map(str::to_owned).collect()
    } else {
        Vec::new()
    }
}

fn check_of(image: &str, command: &[String], settings: &[(String, String)]) -> Result<Option<NewValue>, String> {
    let known = known_service(image).ok_or("no check of its image is known")?;
    if known.check.is_none() && known.has_own_check {
        return Ok(None);
    }
    let variables = settings.iter().map(|(name, value)| (name.clone(), (!value.contains('$')).then(|| value.clone())));
    let settings = ServiceSettings { words: command.to_vec(), variables: variables.collect(), files: Vec::new() };
    let test = configured_test(&known, &settings)?;
    Ok(Some(healthcheck_with(&test, known.timing())))
}
