//! The servers that programs connect to: which, with which image, data, password and healthcheck.

use std::collections::{BTreeMap, BTreeSet};

use super::EmitInput;
use super::application::{Application, service_name};
use super::check::healthcheck_with;
use super::connection::{Connection, ConnectionRole, Mention, UrlParts, connection, mentions};
use super::plan::ComposePlan;
use crate::compose::NewValue;
use crate::data;
use crate::stack::{ServiceSettings, configured_test, known_service};

/// A row of `data/server_images.tsv`.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServerImage {
    pub(super) service: &'static str,
    pub(super) host: &'static str,
    pub(super) image: &'static str,
    data: &'static str,
    settings: &'static str,
    command: &'static str,
    pub(super) schemes: &'static str,
    pub(super) names: &'static str,
}

impl ServerImage {
    /// All rows.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        data::SERVER_IMAGES.rows().filter_map(|cells| match cells {
            &[service, host, image, data, settings, command, schemes, names, ..] => {
                Some(Self { service, host, image, data, settings, command, schemes, names })
            }
            _ => None,
        })
    }

    pub(super) fn named(service: &str) -> Option<Self> {
        Self::all().find(|row| row.service == service)
    }

    /// The row with a scheme of URLs.
    pub(super) fn with_scheme(scheme: &str) -> Option<Self> {
        Self::all().find(|row| data::words(row.schemes).any(|known| known == scheme))
    }

    /// Whether it holds databases that have names, and schemas to be brought up to date.
    pub(super) fn is_database(self) -> bool {
        self.settings.contains("{database}")
    }

    /// Whether clients give a name and a password.
    pub(super) fn asks_for_login(self) -> bool {
        self.settings.contains("{user}")
    }

    /// The port that it listens on.
    pub(super) fn port(self) -> Option<u16> {
        known_service(self.image)?.ports().next()
    }
}

/// A server that programs connect to.
#[derive(Debug)]
pub(super) struct Backend {
    pub(super) name: String,
    pub(super) row: ServerImage,
    pub(super) image: String,
    /// The context and the Dockerfile of one that is built here.
    pub(super) build: Option<(String, Option<String>)>,
    pub(super) command: Vec<String>,
    pub(super) settings: Vec<(String, String)>,
    /// The secret with its password, and the variable that holds it.
    pub(super) secret: Option<(String, String)>,
    /// The variable with its password.
    pub(super) password: Option<String>,
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

/// All servers that programs connect to.
#[derive(Debug, Default)]
pub(super) struct Backends {
    pub(super) all: Vec<Backend>,
}

impl Backends {
    pub(super) fn named(&self, name: &str) -> Option<&Backend> {
        self.all.iter().find(|backend| backend.name == name)
    }

    pub(super) fn is_database(&self, name: &str) -> bool {
        self.named(name).is_some_and(|backend| backend.row.is_database())
    }
}

/// The servers, and how each program connects to them.
pub(super) fn backends(
    input: &EmitInput,
    applications: &[Application],
    plan: &mut ComposePlan,
) -> (Backends, Vec<Vec<Connection>>) {
    let mentions: Vec<Vec<Mention>> = applications.iter().map(|known| mentions(input, known)).collect();
    let mut by_host: BTreeMap<&'static str, Vec<&Mention>> = BTreeMap::new();
    for mention in mentions.iter().flatten() {
        by_host.entry(mention.row.host).or_default().push(mention);
    }
    let mut backends = Backends::default();
    let mut taken: BTreeSet<String> = applications.iter().map(|known| known.name.clone()).collect();
    let mut names: BTreeMap<&'static str, String> = BTreeMap::new();
    for row in ServerImage::all() {
        let Some(known) = by_host.get(row.host).filter(|_| !names.contains_key(row.host)) else { continue };
        // A single port, user or password says nothing of a server.
        if !known.iter().any(|mention| matches!(mention.role, ConnectionRole::Url | ConnectionRole::Host)) {
            continue;
        }
        let backend = backend(input, row, known, applications, &mut taken);
        names.insert(row.host, backend.name.clone());
        backends.all.push(backend);
    }
    explain_missing(applications, &names, plan);
    let connections = applications.iter().zip(&mentions).map(|(application, mentions)| {
        let of = |mention: &Mention| {
            let backend = backends.named(names.get(mention.row.host)?)?;
            connection(application, mention, backend)
        };
        mentions.iter().filter_map(of).collect()
    });
    let connections = connections.collect();
    (backends, connections)
}

/// Says which servers a program has a client for, and no variable with an address.
fn explain_missing(applications: &[Application], names: &BTreeMap<&'static str, String>, plan: &mut ComposePlan) {
    let mut said: BTreeSet<&str> = BTreeSet::new();
    for application in applications {
        for (package, row) in super::connection::clients(application) {
            if !names.contains_key(row.host) && said.insert(row.host) {
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
    taken: &mut BTreeSet<String>,
) -> Backend {
    let urls: Vec<UrlParts> = mentions.iter().filter_map(|mention| UrlParts::of(mention.value.as_deref()?)).collect();
    let of_role = |role: ConnectionRole| mentions.iter().filter(move |mention| mention.role == role);
    let value = |role| of_role(role).find_map(|mention| mention.value.clone()).filter(|value| is_word(value));
    let hosts = urls.iter().map(|url| url.host.clone()).chain(value(ConnectionRole::Host));
    let host =
        hosts.map(|host| host.split(':').next().unwrap_or_default().to_owned()).find(|host| is_service_host(host));
    let mut name = host.unwrap_or_else(|| row.host.to_owned());
    while !taken.insert(name.clone()) {
        name = format!("{name}-{}", row.host);
    }
    let text = |part: fn(&UrlParts) -> &str| urls.iter().map(part).find(|text| is_word(text)).map(str::to_owned);
    let user = text(|url| &url.user).or_else(|| value(ConnectionRole::User)).unwrap_or_else(|| "app".to_owned());
    let database =
        text(|url| &url.database).or_else(|| value(ConnectionRole::Database)).unwrap_or_else(|| "app".to_owned());
    // Images with more in them stand for the plain one.
    let row = variant(row, applications).unwrap_or(row);
    let variable = of_role(ConnectionRole::Password).map(|mention| mention.variable.clone()).next();
    let variable = variable.unwrap_or_else(|| format!("{}_PASSWORD", name.to_ascii_uppercase().replace('-', "_")));
    let has_password = row.settings.contains("{password}") || row.settings.contains("{file}");
    let secret = row.settings.contains("{file}").then(|| (format!("{name}-password"), variable.clone()));
    let file = secret.as_ref().map(|(name, _)| format!("/run/secrets/{name}")).unwrap_or_default();
    let filled = |text: &str| {
        let password = format!("${{{variable}:?set it in .env}}");
        let text = text.replace("{user}", &user).replace("{database}", &database).replace("{file}", &file);
        text.replace("{host}", &name).replace("{password}", &password)
    };
    let settings = data::words(row.settings).filter_map(|setting| setting.split_once('='));
    let settings: Vec<(String, String)> = settings.map(|(name, value)| (name.to_owned(), filled(value))).collect();
    let command = command(input, row, applications);
    let known = known_service(row.image);
    let check = check_of(row.image, &command, &settings);
    let first = mentions.iter().find(|mention| matches!(mention.role, ConnectionRole::Url | ConnectionRole::Host));
    let reason = first.map_or_else(String::new, |mention| format!("`{}` {}", mention.variable, mention.reason));
    Backend {
        row,
        image: row.image.to_owned(),
        build: None,
        command,
        settings,
        secret,
        password: has_password.then_some(variable),
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
fn variant(row: ServerImage, applications: &[Application]) -> Option<ServerImage> {
    let clients = applications.iter().flat_map(super::connection::clients);
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

/// Whether a text is a name that needs no quotes anywhere.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

/// Whether a host may be the name of a service: not this machine, and no name of the network.
pub(super) fn is_service_host(host: &str) -> bool {
    is_word(host)
        && host != "localhost"
        && service_name(host) == host
        && !host.starts_with(|c: char| c.is_ascii_digit())
}
