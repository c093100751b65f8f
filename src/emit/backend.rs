//! The servers that programs connect to: which, with which image, data, password and healthcheck.

use std::collections::{BTreeMap, BTreeSet};

use super::application::Application;
use super::check::healthcheck_with;
use super::input::EmitInput;
use super::mention::{ConnectionRole, Mention, UrlParts};
use super::mentions::Mentions;
use super::plan::ComposePlan;
use super::server_image::{ServerImage, is_service_host, is_word};
use crate::compose::NewValue;
use crate::data;
use crate::stack::{ServiceSettings, configured_test, known_service};

/// A server that programs connect to.
#[derive(Debug)]
pub(super) struct Backend {
    pub(super) name: String,
    pub(super) row: ServerImage,
    pub(super) image: String,
    /// The context, absolute, and the value of `build` of one that is built here.
    pub(super) build: Option<(String, NewValue)>,
    pub(super) command: Vec<String>,
    pub(super) settings: Vec<(String, String)>,
    /// The secret with its password, and the variable that holds it.
    pub(super) secret: Option<(String, String)>,
    pub(super) password: Option<BackendPassword>,
    /// The volume and its folder.
    pub(super) volume: Option<(String, String)>,
    /// Its healthcheck; nothing where its image has one; why none is known.
    pub(super) check: Result<Option<NewValue>, String>,
    /// What answers before it is ready.
    pub(super) trap: Option<&'static str>,
    pub(super) user: String,
    pub(super) database: String,
    pub(super) reason: String,
    pub(super) place: Option<String>,
}

/// Where the password of a server stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BackendPassword {
    /// In a variable.
    Variable(String),
    /// In the source of a program.
    Fixed(String),
}

impl BackendPassword {
    /// What a value of the compose file has for it.
    pub(super) fn value(&self) -> String {
        match self {
            Self::Variable(name) => format!("${{{name}:?set it in .env}}"),
            Self::Fixed(password) => password.replace('$', "$$"),
        }
    }
}

/// All servers that programs connect to.
#[derive(Debug, Default)]
pub(super) struct Backends {
    pub(super) all: Vec<Backend>,
}

impl Backends {
    pub(super) fn backend(&self, name: &str) -> Option<&Backend> {
        self.all.iter().find(|backend| backend.name == name)
    }

    pub(super) fn is_database(&self, name: &str) -> bool {
        self.backend(name).is_some_and(|backend| backend.row.is_database())
    }
}

/// The servers that the programs connect to; `mentions`: by which variables each of them does.
pub(super) fn backends(
    input: &EmitInput,
    applications: &[Application],
    mentions: &[Mentions],
    plan: &mut ComposePlan,
) -> Backends {
    let mut by_host: BTreeMap<&'static str, Vec<&Mention>> = BTreeMap::new();
    for mention in mentions.iter().flat_map(|known| &known.all) {
        by_host.entry(mention.row.host).or_default().push(mention);
    }
    // A single port, user or password says nothing of a server.
    by_host.retain(|_, mentions| mentions.iter().any(|mention| mention.is_address()));
    let mut backends = Backends::default();
    let programs = applications.iter().filter(|known| known.server_host.is_none());
    let mut names: BTreeSet<String> = programs.map(|known| known.name.clone()).collect();
    for row in ServerImage::all() {
        if let Some(mentions) = by_host.remove(row.host) {
            backends.all.push(backend(input, row, &mentions, applications, &mut names));
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
        for (package, row) in super::mention::clients(input, application) {
            if hosts.insert(row.host) {
                plan.notes.push(format!(
                    "{} has the package `{package}`, and no variable says where {} is: none was added",
                    application.name, row.host
                ));
            }
        }
    }
}

fn backend(
    input: &EmitInput,
    row: ServerImage,
    mentions: &[&Mention],
    applications: &[Application],
    names: &mut BTreeSet<String>,
) -> Backend {
    let urls: Vec<UrlParts> = mentions.iter().filter_map(|mention| UrlParts::of(mention.value.as_deref()?)).collect();
    let of_role = |role: ConnectionRole| mentions.iter().filter(move |mention| mention.role == role);
    let value = |role| of_role(role).find_map(|mention| mention.value.clone()).filter(|value| is_word(value));
    let hosts = urls.iter().map(|url| url.host.clone()).chain(value(ConnectionRole::Host));
    let host =
        hosts.map(|host| host.split(':').next().unwrap_or_default().to_owned()).find(|host| is_service_host(host));
    let mut name = host.unwrap_or_else(|| row.host.to_owned());
    while !names.insert(name.clone()) {
        name = format!("{name}-{}", row.host);
    }
    let text = |part: fn(&UrlParts) -> &str| urls.iter().map(part).find(|text| is_word(text)).map(str::to_owned);
    let user = text(|url| &url.user).or_else(|| value(ConnectionRole::User)).unwrap_or_else(|| "app".to_owned());
    let database =
        text(|url| &url.database).or_else(|| value(ConnectionRole::Database)).unwrap_or_else(|| "app".to_owned());
    // Images with more in them stand for the plain one.
    let row = variant(input, row, applications).unwrap_or(row);
    let variable = of_role(ConnectionRole::Password).find_map(|mention| mention.variable.clone());
    let variable = variable.unwrap_or_else(|| format!("{}_PASSWORD", name.to_ascii_uppercase().replace('-', "_")));
    let fixed = mentions.iter().find_map(|mention| mention.fixed_password());
    let password = fixed.map_or_else(|| BackendPassword::Variable(variable.clone()), BackendPassword::Fixed);
    let is_fixed = matches!(password, BackendPassword::Fixed(_));
    // A password that everybody can read in a source is no secret.
    let settings = if is_fixed { row.settings.replace("_FILE={file}", "={password}") } else { row.settings.to_owned() };
    let has_password = settings.contains("{password}") || settings.contains("{file}");
    let secret = settings.contains("{file}").then(|| (format!("{name}-password"), variable.clone()));
    let file = secret.as_ref().map(|(name, _)| format!("/run/secrets/{name}")).unwrap_or_default();
    let filled = |text: &str| {
        let text = text.replace("{user}", &user).replace("{database}", &database).replace("{file}", &file);
        text.replace("{host}", &name).replace("{password}", &password.value())
    };
    let settings = data::words(&settings).filter_map(|setting| setting.split_once('='));
    let settings: Vec<(String, String)> = settings.map(|(name, value)| (name.to_owned(), filled(value))).collect();
    let command = command(input, row, applications);
    let known = known_service(row.image);
    let built = applications.iter().find(|known| known.server_host == Some(row.host));
    let check = check_of(row.image, &command, &settings);
    let first = mentions.iter().find(|mention| mention.is_address());
    let reason = first.map_or_else(String::new, |mention| mention.reason.clone());
    Backend {
        row,
        image: row.image.to_owned(),
        build: built.map(|known| (known.context.clone(), known.build_value())),
        command,
        settings,
        secret,
        password: has_password.then_some(password),
        volume: (row.data != "-").then(|| (format!("{name}-data"), row.data.to_owned())),
        check,
        trap: known.and_then(|known| known.trap),
        user,
        database,
        reason,
        place: first.and_then(|mention| mention.place.clone()),
        name,
    }
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
    if texts.any(|text| text.contains(word)) { command.split(' ').map(str::to_owned).collect() } else { Vec::new() }
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
