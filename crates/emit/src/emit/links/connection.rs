//! How programs find the servers that they connect to: which variables get which values.

use std::collections::BTreeSet;

use super::backend::{Backend, Backends};
use super::login::BackendPassword;
use super::mention::{ConnectionRole, Mention, UrlParts};
use super::mentions::Mentions;
use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::server_image::ServerImage;
use crate::manifest::Ecosystem;

/// Which parts of a connection a program gets in variables of their own.
#[derive(Clone, Copy, Default)]
struct SeparateParts {
    has_password: bool,
    has_database: bool,
    has_port: bool,
}

/// What a program gets to find a server.
#[derive(Clone, Debug)]
pub(in crate::emit) struct Connection {
    pub(in crate::emit) backend: String,
    /// Nothing where its source has the address.
    pub(in crate::emit) variable: Option<String>,
    /// Its value, with variables of Compose.
    pub(in crate::emit) value: String,
    pub(in crate::emit) place: Option<String>,
    /// Whether the program starts without it.
    pub(in crate::emit) has_default: bool,
}

/// How each program finds its servers.
pub(in crate::emit) fn connections(
    applications: &[Application],
    mentions: &[Mentions],
    backends: &Backends,
) -> Vec<Vec<Connection>> {
    let of = |application: &Application, mentions: &Mentions, mention: &Mention| {
        let backend = backends.of(mention.row.host, mentions)?;
        let has = |role| {
            let mut others = mentions.all.iter().filter(|known| known.row.host == mention.row.host);
            others.any(|known| known.role == role && known.variable.is_some())
        };
        let (has_password, has_database) = (has(ConnectionRole::Password), has(ConnectionRole::Database));
        let has_port = has(ConnectionRole::Port);
        connection(application, mention, backend, SeparateParts { has_password, has_database, has_port })
    };
    let pairs = applications.iter().zip(mentions);
    let all = |(application, mentions): (&Application, &Mentions)| {
        mentions.all.iter().filter_map(|mention| of(application, mentions, mention)).collect()
    };
    pairs.map(all).collect()
}

/// The variables that are about servers which are here and have a value, or need none.
pub(in crate::emit) fn settled_variables(
    mentions: &Mentions,
    connections: &[Connection],
    backends: &Backends,
) -> BTreeSet<String> {
    let is_here = |mention: &&Mention| backends.all.iter().any(|backend| backend.row.host == mention.row.host);
    let is_set = |mention: &Mention| connections.iter().any(|known| known.variable == mention.variable);
    let mentions = mentions.all.iter().filter(is_here).filter(|mention| mention.has_default || is_set(mention));
    mentions.filter_map(|mention| mention.variable.clone()).collect()
}

/// The value that leads a program to a server; `None` where the program's own default does, or no value is right.
fn connection(
    application: &Application,
    mention: &Mention,
    backend: &Backend,
    separate: SeparateParts,
) -> Option<Connection> {
    let password = backend.password.as_ref().map(BackendPassword::value);
    let value = match mention.role {
        _ if mention.variable.is_none() => mention.is_address().then(String::new)?,
        ConnectionRole::Url => url(application, mention, backend, separate),
        ConnectionRole::Host
            if address_form(application, backend.row.host).is_some_and(|form| form.starts_with("http")) =>
        {
            url(application, mention, backend, separate)
        }
        ConnectionRole::Host => host(mention, backend, separate),
        ConnectionRole::Port => port(mention, backend)?,
        ConnectionRole::User if backend.row.asks_for_login() || has_login_settings(backend) => backend.user.clone(),
        ConnectionRole::Password => password?,
        ConnectionRole::Fixed => mention.value.clone()?,
        ConnectionRole::Database if backend.row.is_database() => backend.database_of(mention).to_owned(),
        ConnectionRole::User | ConnectionRole::Database => return None,
    };
    let (backend, variable, place) = (backend.name.clone(), mention.variable.clone(), mention.place.clone());
    Some(Connection { backend, variable, value, place, has_default: mention.has_default })
}

/// The host of a server, with its port where a variable of its own does not have that: an example shows one, or the name says
/// that it is an address.
fn host(mention: &Mention, backend: &Backend, separate: SeparateParts) -> String {
    let shown = mention.value.as_deref().and_then(|value| value.split_once(':'));
    let shown = shown.and_then(|(_, port)| port.parse::<u16>().ok());
    let is_address = mention.variable.as_deref().is_some_and(|name| name.ends_with("_ADDR"));
    let usual = if is_address && !separate.has_port { backend.row.port() } else { None };
    match shown.or(usual) {
        Some(port) if is_address || !separate.has_port => format!("{}:{port}", backend.name),
        _ => backend.name.clone(),
    }
}

/// The port that a variable has: the one that an example says, where the server listens on it; `None` where the program's own
/// is right, or nobody knows which of several is meant.
fn port(mention: &Mention, backend: &Backend) -> Option<String> {
    let ports: Vec<u16> = backend.row.ports().collect();
    let first = ports.first()?.to_string();
    let shown = mention.value.as_deref();
    let known = shown.filter(|value| ports.iter().any(|port| port.to_string() == **value));
    let port = known.unwrap_or(&first);
    if mention.has_default && shown.is_none_or(|value| value == port) {
        return None;
    }
    Some(port.to_owned())
}

fn url(application: &Application, mention: &Mention, backend: &Backend, separate: SeparateParts) -> String {
    let parts = mention.value.as_deref().and_then(UrlParts::of);
    let row = backend.row;
    let password = backend.password.as_ref().map(BackendPassword::value);
    let plain = ServerImage::all().find(|known| known.host == row.host).unwrap_or(row);
    let first = plain.url_schemes().next();
    let scheme = parts
        .as_ref()
        .map(|url| url.scheme.clone())
        .or_else(|| driver(application, row.host))
        .or_else(|| first.map(str::to_owned));
    let scheme = scheme.unwrap_or_else(|| "http".to_owned());
    // A port of this machine is one that Compose publishes, which may be another.
    let of_server =
        parts.as_ref().filter(|url| row.schemes != "-" || !["localhost", "127.0.0.1"].contains(&&*url.host));
    let shown = of_server.and_then(|url| url.port).filter(|port| row.ports().any(|known| known == *port));
    let form = if parts.is_none() { address_form(application, row.host) } else { None };
    let of_scheme = || if form.is_none() { plain.port_of_scheme(&scheme) } else { None };
    let port = shown.or_else(of_scheme).or_else(|| row.port()).map(|port| port.to_string()).unwrap_or_default();
    let address = [backend.name.as_str(), &port].join(if port.is_empty() { "" } else { ":" });
    // A list of brokers has no scheme.
    if scheme == "kafka" && parts.is_none() {
        return address;
    }
    if let Some(form) = form {
        // An example with a port wants one.
        let has_port = mention.value.as_deref().and_then(|value| value.split_once(':')).is_some();
        let form = if form == "{host}" && has_port { "{host}:{port}" } else { form };
        return filled(form, (backend, backend.database_of(mention)), &port, separate);
    }
    // Who shows a URL without a name or a database, and reads them from other variables, puts them together.
    let is_bare = |part: fn(&UrlParts) -> &str| parts.as_ref().is_some_and(|url| part(url).is_empty());
    let has_login = !(separate.has_password && is_bare(|url| &url.user));
    let has_database = !(separate.has_database && is_bare(|url| &url.database));
    let login = match password {
        Some(password) if has_login && row.asks_for_login() && !scheme.contains(':') => {
            format!("{}:{password}@", backend.user)
        }
        Some(password) if has_login && has_login_settings(backend) => format!("{}:{password}@", backend.user),
        Some(password) if has_login && row.secured != "-" => format!(":{password}@"),
        _ => String::new(),
    };
    let query = parts.as_ref().map(|url| url.query.clone()).unwrap_or_default();
    let query = if scheme.starts_with("jdbc:") { without_login(&query) } else { query };
    let query = match &*scheme {
        "jdbc:mysql" => with_key_retrieval(&query),
        "mongodb" => with_user_database(&query, !login.is_empty()),
        _ => query,
    };
    let path = match parts {
        _ if row.is_database() && has_database => format!("/{}", backend.database_of(mention)),
        Some(url) if !url.database.is_empty() => format!("/{}", url.database),
        _ => String::new(),
    };
    format!("{scheme}://{login}{address}{path}{query}")
}

/// Whether a server asks for a login because of variables that it has only then.
fn has_login_settings(backend: &Backend) -> bool {
    backend.password.is_some() && backend.row.login_settings().is_some()
}

/// The options of a URL of `MongoDB` with the database that knows its users, or without where nobody logs in.
fn with_user_database(query: &str, has_login: bool) -> String {
    let options: Vec<&str> = query
        .trim_start_matches('?')
        .split('&')
        .filter(|option| !option.is_empty() && !option.starts_with("authSource="))
        .collect();
    let options: Vec<&str> = options.into_iter().chain(has_login.then_some("authSource=admin")).collect();
    query_of(&options)
}

/// The options of a URL behind its `?`.
fn query_of(options: &[&str]) -> String {
    if options.is_empty() { String::new() } else { format!("?{}", options.join("&")) }
}

/// The options of a JDBC URL without a login, which comes in settings of its own.
fn without_login(query: &str) -> String {
    let is_login = |option: &&str| option.starts_with("user=") || option.starts_with("password=");
    let options = query.trim_start_matches('?').split('&').filter(|option| !option.is_empty() && !is_login(option));
    query_of(&options.collect::<Vec<_>>())
}

/// The options of a JDBC URL that switches TLS off, with the one that its driver then needs to log in (`MySQL` Connector/J
/// manual, `allowPublicKeyRetrieval`: the usual way of `MySQL` 8 to log in sends a public key).
fn with_key_retrieval(query: &str) -> String {
    let options = query.to_ascii_lowercase();
    let is_plain = ["usessl=false", "sslmode=disabled"].iter().any(|option| options.contains(option));
    if is_plain && !options.contains("allowpublickeyretrieval") {
        format!("{query}&allowPublicKeyRetrieval=true")
    } else {
        query.to_owned()
    }
}

/// An address as the client of a program writes it.
fn filled(form: &str, (backend, database): (&Backend, &str), port: &str, separate: SeparateParts) -> String {
    let mut form = form.to_owned();
    if form.starts_with("http") && separate.has_password {
        form = form.replace("{user}:{password}@", "");
    }
    if form.starts_with("http") && separate.has_database {
        form = form.replace("/{database}", "");
    }
    let password = backend.password.as_ref().map(BackendPassword::value).unwrap_or_default();
    let form = form.replace("{user}", &backend.user).replace("{database}", database);
    form.replace("{host}", &backend.name).replace("{port}", port).replace("{password}", &password)
}

/// How the client of a program writes addresses.
fn address_form(application: &Application, host: &str) -> Option<&'static str> {
    let has = |row: &&&[&str]| Ecosystem::of(row[0]).is_some_and(|known| application.has_package(known, row[1]));
    let rows = data::CLIENT_LIBRARIES.rows().filter(|row| row[5] != "-");
    let mut rows = rows.filter(|row| ServerImage::of_client(row).is_some_and(|known| known.host == host));
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
        ServerImage::of_client(row).is_some_and(|known| known.host == host)
            && application.has_package(Ecosystem::Python, row[1])
    })?;
    Some(row[3].to_owned())
}
