//! How programs find the servers that they connect to: which variables get which values.

use super::application::Application;
use super::backend::{Backend, BackendPassword, Backends};
use super::mention::{ConnectionRole, Mention, UrlParts};
use super::mentions::Mentions;
use super::server_image::ServerImage;
use crate::data;
use crate::manifest::Ecosystem;

/// What a program gets to find a server.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) backend: String,
    /// Nothing where its source has the address.
    pub(super) variable: Option<String>,
    /// Its value, with variables of Compose.
    pub(super) value: String,
    pub(super) place: Option<String>,
}

/// How each program finds its servers.
pub(super) fn connections(
    applications: &[Application],
    mentions: &[Mentions],
    backends: &Backends,
) -> Vec<Vec<Connection>> {
    let of = |application: &Application, mention: &Mention| {
        let backend = backends.all.iter().find(|backend| backend.row.host == mention.row.host)?;
        connection(application, mention, backend)
    };
    let pairs = applications.iter().zip(mentions);
    pairs
        .map(|(application, mentions)| mentions.all.iter().filter_map(|mention| of(application, mention)).collect())
        .collect()
}

/// The value that leads a program to a server; `None` where the program's own default does, or no value is right.
fn connection(application: &Application, mention: &Mention, backend: &Backend) -> Option<Connection> {
    let port = backend.row.port();
    let password = backend.password.as_ref().map(BackendPassword::value);
    let value = match mention.role {
        _ if mention.variable.is_none() => mention.is_address().then(String::new)?,
        ConnectionRole::Url => url(application, mention, backend, port, password.as_deref()),
        ConnectionRole::Host
            if address_form(application, backend.row.host).is_some_and(|form| form.starts_with("http")) =>
        {
            url(application, mention, backend, port, password.as_deref())
        }
        ConnectionRole::Host => match mention.value.as_deref().and_then(|value| value.split_once(':')) {
            Some((_, known)) if known.parse::<u16>().is_ok() => format!("{}:{known}", backend.name),
            _ => backend.name.clone(),
        },
        ConnectionRole::Port => {
            let port = port?.to_string();
            if mention.has_default && mention.value.as_deref().is_none_or(|value| value == port) {
                return None;
            }
            port
        }
        ConnectionRole::User if backend.row.asks_for_login() => backend.user.clone(),
        ConnectionRole::Password => password?,
        ConnectionRole::Database if backend.row.is_database() => backend.database.clone(),
        ConnectionRole::User | ConnectionRole::Database => return None,
    };
    let (backend, variable, place) = (backend.name.clone(), mention.variable.clone(), mention.place.clone());
    Some(Connection { backend, variable, value, place })
}

fn url(
    application: &Application,
    mention: &Mention,
    backend: &Backend,
    port: Option<u16>,
    password: Option<&str>,
) -> String {
    let parts = mention.value.as_deref().and_then(UrlParts::of);
    let row = backend.row;
    let address = match port {
        Some(port) => format!("{}:{port}", backend.name),
        None => backend.name.clone(),
    };
    let plain = ServerImage::all().find(|known| known.host == row.host).unwrap_or(row);
    let first = data::words(plain.schemes).next();
    let scheme = parts
        .as_ref()
        .map(|url| url.scheme.clone())
        .or_else(|| driver(application, row.host))
        .or_else(|| first.map(str::to_owned));
    let scheme = scheme.unwrap_or_else(|| "http".to_owned());
    // A list of brokers has no scheme.
    if scheme == "kafka" && parts.is_none() {
        return address;
    }
    let form = if parts.is_none() { address_form(application, row.host) } else { None };
    if let Some(form) = form {
        let form = form.replace("{user}", &backend.user).replace("{database}", &backend.database);
        let port = port.map(|port| port.to_string()).unwrap_or_default();
        let form = form.replace("{host}", &backend.name).replace("{port}", &port);
        return form.replace("{password}", password.unwrap_or_default());
    }
    let login = match password {
        Some(password) if row.asks_for_login() && !scheme.contains(':') => format!("{}:{password}@", backend.user),
        _ => String::new(),
    };
    let (path, query) = match parts {
        Some(url) if row.is_database() => (format!("/{}", backend.database), url.query),
        Some(url) if url.database.is_empty() => (String::new(), url.query),
        Some(url) => (format!("/{}", url.database), url.query),
        None if row.is_database() => (format!("/{}", backend.database), String::new()),
        None => (String::new(), String::new()),
    };
    format!("{scheme}://{login}{address}{path}{query}")
}

/// How the client of a program writes addresses.
fn address_form(application: &Application, host: &str) -> Option<&'static str> {
    let has = |row: &&&[&str]| Ecosystem::of(row[0]).is_some_and(|known| application.has_package(known, row[1]));
    let rows = data::CLIENT_LIBRARIES.rows().filter(|row| row[5] != "-");
    let mut rows = rows.filter(|row| ServerImage::of_service(row[2]).is_some_and(|known| known.host == host));
    Some(rows.find(|row| has(&row))?[5])
}

/// The scheme of `SQLAlchemy` for the client that a program has.
fn driver(application: &Application, host: &str) -> Option<String> {
    if !application.has_package(Ecosystem::Python, "sqlalchemy")
        && !application.has_package(Ecosystem::Python, "sqlmodel")
    {
        return None;
    }
    let mut rows = data::CLIENT_LIBRARIES.rows().filter(|row| row[0] == "python" && row[3] != "-");
    let row = rows.find(|row| {
        ServerImage::of_service(row[2]).is_some_and(|known| known.host == host)
            && application.has_package(Ecosystem::Python, row[1])
    })?;
    Some(row[3].to_owned())
}
