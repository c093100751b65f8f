//! A variable, or an address in a source, by which a program finds a server that it connects to.

use std::collections::BTreeSet;

use crate::build::{Programs, StageBase};
use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::facts::example::example_of;
use crate::emit::input::EmitInput;
use crate::emit::server_image::{ServerImage, is_service_host, is_word};
use crate::manifest::{Ecosystem, FileKind};
use crate::sources::code::words;
use crate::stack::known_service;
use crate::variables::ExampleVariable;

/// Which part of a connection a variable holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emit) enum ConnectionRole {
    Url,
    Host,
    Port,
    User,
    Password,
    Database,
    /// Another setting that has to have a value where the server is this one.
    Fixed,
}

/// A variable, or an address in a source, by which a program finds a server.
#[derive(Clone, Debug)]
pub(in crate::emit) struct Mention {
    /// Nothing where the source itself has the address.
    pub(in crate::emit) variable: Option<String>,
    pub(in crate::emit) role: ConnectionRole,
    pub(in crate::emit) row: ServerImage,
    /// What an example or the source has for it.
    pub(in crate::emit) value: Option<String>,
    /// Whether the program does without it.
    pub(in crate::emit) has_default: bool,
    /// Whether the variable overrides a setting of the source.
    pub(in crate::emit) is_setting: bool,
    /// What shows the server.
    pub(in crate::emit) reason: String,
    pub(in crate::emit) place: Option<String>,
}

impl Mention {
    /// Whether it says where the server is.
    pub(in crate::emit) fn is_address(&self) -> bool {
        matches!(self.role, ConnectionRole::Url | ConnectionRole::Host)
    }

    /// The host in its value that may be the name of a service.
    pub(in crate::emit) fn service_host(&self) -> Option<String> {
        let value = self.value.as_deref()?;
        let host = match (UrlParts::of(value), self.role) {
            (Some(url), _) => url.host,
            (None, ConnectionRole::Host) if is_word(value.split(':').next().unwrap_or_default()) => value.to_owned(),
            _ => return None,
        };
        Some(host.split(':').next().unwrap_or_default().to_owned()).filter(|host| is_service_host(host))
    }

    /// The database of its URL or connection string.
    pub(in crate::emit) fn database(&self) -> Option<String> {
        let value = self.value.as_deref()?;
        let of_parts = || {
            let mut parts = connection_parts(value).into_iter();
            Some(parts.find(|(role, _)| *role == ConnectionRole::Database)?.1.to_owned())
        };
        UrlParts::of(value).map(|url| url.database).or_else(of_parts).filter(|database| is_word(database))
    }

    /// The password that its source has.
    pub(in crate::emit) fn fixed_password(&self) -> Option<String> {
        if self.variable.is_some() {
            return None;
        }
        let url = UrlParts::of(self.value.as_deref()?)?;
        Some(url.password).filter(|password| !password.is_empty() && !password.contains(['%', '{', '$', '<']))
    }
}

/// A URL in its parts; what it lacks is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::emit) struct UrlParts {
    /// With what stands before the server's kind: `jdbc:postgresql`.
    pub(in crate::emit) scheme: String,
    pub(in crate::emit) user: String,
    pub(in crate::emit) password: String,
    pub(in crate::emit) host: String,
    pub(in crate::emit) port: Option<u16>,
    /// The first part of the path.
    pub(in crate::emit) database: String,
    /// From `?` on.
    pub(in crate::emit) query: String,
}

impl UrlParts {
    /// `None` where a text is no URL.
    pub(in crate::emit) fn of(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once("://")?;
        if scheme.is_empty() || scheme.contains(|c: char| c.is_whitespace() || "{}$<>".contains(c)) {
            return None;
        }
        let (rest, query) =
            rest.split_once('?').map_or((rest, String::new()), |(rest, query)| (rest, format!("?{query}")));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, address) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (host, port) = address.split_once(':').unwrap_or((address, ""));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        Some(Self {
            scheme: scheme.to_owned(),
            user: user.to_owned(),
            password: password.to_owned(),
            host: host.to_owned(),
            port: port.parse().ok(),
            database: database.to_owned(),
            query,
        })
    }

    /// The kind of server: `postgresql` of `jdbc:postgresql` and of `postgresql+asyncpg`.
    pub(in crate::emit) fn kind(&self) -> &str {
        let scheme = self.scheme.rsplit(':').next().unwrap_or_default();
        scheme.split('+').next().unwrap_or_default()
    }
}

/// The packages of a program that talk to servers; for Prisma the server that its schema names.
pub(in crate::emit) fn clients(input: &EmitInput, application: &Application) -> Vec<(&'static str, ServerImage)> {
    let build = &application.build;
    let programs = build.target().map(|stage| Programs::of(build, stage));
    // Its client is a program of Node.js or of Python: a site of files has none.
    let has_client = programs.is_none_or(|programs| {
        [Ecosystem::Node, Ecosystem::Python].into_iter().any(|known| programs.may_interpret(known))
    });
    let schemas = application.code_files(input);
    let schemas = schemas.filter(|file| has_client && FileKind::of(&file.below).language() == "Prisma");
    let providers = schemas.flat_map(|file| file.source.text().lines()).filter_map(|line| {
        let value = line.trim_start().strip_prefix("provider")?.trim_start().strip_prefix('=')?;
        Some(("prisma", ServerImage::with_scheme(value.trim().trim_matches('"'))?))
    });
    let php = php_extensions(application);
    let modules = imported_modules(input, application);
    let rows = data::CLIENT_LIBRARIES.rows().filter(|row| {
        let ecosystem = Ecosystem::of(row[0]);
        ecosystem.is_some_and(|known| application.has_package(known, row[1]))
            || php.contains(&row[1])
            || ecosystem == Some(Ecosystem::Python) && modules.contains(row[1])
            || ecosystem == Some(Ecosystem::Go) && imports(input, application, row[1])
    });
    let mut clients: Vec<_> =
        rows.filter_map(|row| Some((row[1], ServerImage::of_client(row)?))).chain(providers).collect();
    // What does not start the server of its base image has the programs that ask it.
    let base = application.build.target().map(|stage| application.build.root_base(stage));
    if let Some(StageBase::Image(image)) = base
        && application.server.is_none()
        && let Some(known) = known_service(image).filter(|known| known.is_exact)
        && let Some(row) = ServerImage::of_service(known.name).filter(|row| row.names != "-")
    {
        clients.push((known.name, row));
    }
    if application.signs(input, "talks to PostGIS").next().is_some() {
        clients.extend(ServerImage::of_service("postgis").map(|row| ("django.contrib.gis", row)));
    }
    if let Some(host) = laravel_database(input, application) {
        clients.retain(|(package, row)| !package.starts_with("ext-") || !row.is_database() || row.host == host);
    }
    clients
}

/// The modules that the sources of a program of Python import: extras of other packages bring some that no manifest names
/// (`celery[redis]`).
fn imported_modules<'i>(input: &EmitInput<'i>, application: &Application) -> BTreeSet<&'i str> {
    let files = application
        .code_files(input)
        .filter(|file| FileKind::of(&file.below).is_source_of(Ecosystem::Python) && file.is_of_program());
    let lines = files.flat_map(|file| file.source.text().lines());
    let imports = lines.filter_map(|line| line.strip_prefix("import ").or_else(|| line.strip_prefix("from ")));
    let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    imports.filter_map(|rest| rest.split(is_end).next()).filter(|name| !name.is_empty()).collect()
}

/// Whether a source of Go imports a package: manifests call some that it does `// indirect`.
fn imports(input: &EmitInput, application: &Application, package: &str) -> bool {
    let quoted = format!("\"{package}\"");
    let mut sources = application.code_files(input).filter(|file| FileKind::of(&file.below).language() == "Go");
    sources.any(|file| file.is_of_program() && file.source.text().contains(&quoted))
}

/// The extensions of PHP with which programs talk to servers, as its Dockerfile installs them.
fn php_extensions(application: &Application) -> Vec<&'static str> {
    let text = application.build.input().file.source().text();
    if !["docker-php-ext-install", "pecl install", "install-php-extensions"].iter().any(|word| text.contains(word)) {
        return Vec::new();
    }
    let rows = data::CLIENT_LIBRARIES.rows().filter(|row| row[0] == "php");
    let is_installed = |name: &&str| name.strip_prefix("ext-").is_some_and(|name| words(text, name).next().is_some());
    rows.map(|row| row[1]).filter(is_installed).collect()
}

/// The database that an example gives a program of Laravel.
fn laravel_database(input: &EmitInput, application: &Application) -> Option<&'static str> {
    let is_value = |known: &ExampleVariable| known.name == "DB_CONNECTION" && !known.is_comment;
    let example = example_of(input, application, is_value)?;
    ServerImage::all().find(|row| row.url_schemes().any(|scheme| scheme == example.value)).map(|row| row.host)
}

/// Whether a package as often talks to something else than to its server here.
pub(in crate::emit) fn is_unsure(package: &str) -> bool {
    data::CLIENT_LIBRARIES.rows().any(|row| row[1] == package && row[2].ends_with('?'))
}

/// The part of a connection that a variable holds, by its name and values.
pub(in crate::emit) fn mention(
    name: &str,
    values: [Option<String>; 2],
    has_default: bool,
    clients: &[(&'static str, ServerImage)],
    place: Option<String>,
) -> Option<Mention> {
    let upper = name.to_ascii_uppercase();
    // `TEST_DATABASE_URL` is read by tests.
    let first = upper.split('_').next().unwrap_or_default().to_ascii_lowercase();
    if data::NAME_WORDS.has(&first, "developers-only")
        || data::ADDRESS_WORDS.with("for-others").any(|word| upper.contains(word))
    {
        return None;
    }
    let value = values.into_iter().flatten().find(|value| !value.is_empty());
    let mention_of = |row, role, value, reason: String| {
        let (variable, reason) = (Some(name.to_owned()), format!("`{name}` {reason}"));
        Some(Mention { variable, role, row, value, has_default, is_setting: false, reason, place })
    };
    if let Some(url) = value.as_deref().and_then(UrlParts::of)
        && let Some(row) = ServerImage::with_scheme(url.kind())
    {
        let reason = format!("has a URL with `{}`", url.scheme);
        return mention_of(row, ConnectionRole::Url, value, reason);
    }
    if let Some((package, row)) = task_server(&upper, clients)
        && value.is_none()
    {
        let reason = format!("says where tasks go, and `{package}` talks to {}", row.host);
        return mention_of(row, ConnectionRole::Url, None, reason);
    }
    let (words, last, role) = parts(&upper)?;
    let has_client =
        |row: &ServerImage| clients.iter().find(|(_, known)| known.host == row.host).map(|(package, _)| *package);
    let named = ServerImage::all().find(|row| row.is_named(&upper, &words));
    let is_sql = |word: &&str| data::CONNECTION_WORDS.has(word, "sql") || data::CONNECTION_WORDS.has(word, "database");
    let is_any = words.iter().any(is_sql);
    // The usual databases stand first.
    let mut databases = ServerImage::all().filter(|row| row.is_database() && row.schemes != "-");
    let row = match named {
        None if is_any => databases.find(|row| has_client(row).is_some()),
        named => named,
    }?;
    let package = has_client(&row)?;
    let has_role = |role| data::CONNECTION_WORDS.has(last, role);
    let is_server = |word: &&str| is_sql(word) || data::words(row.names).any(|name| name == *word);
    // A key where the server asks for a name is one of somebody else; so is the name of something else.
    let is_foreign =
        has_role("key") && row.asks_for_login() || has_role("adjacent") && !words.last().is_some_and(is_server);
    if is_foreign {
        return None;
    }
    if row.schemes == "-" && value.as_deref().and_then(UrlParts::of).is_some_and(|url| is_elsewhere(&url, row)) {
        return None;
    }
    // An address of another kind is not one of it, unless the server answers requests of HTTP there.
    let is_of_server = |value: &str| UrlParts::of(value).is_some_and(|url| is_by_http(&url, row));
    let (value, other): (Option<String>, Option<String>) = match value {
        Some(value) if value.contains("://") && row.schemes != "-" && !is_of_server(&value) => (None, Some(value)),
        value => (value, None),
    };
    let other = other.as_deref().and_then(|value| value.split_once("://")).map(|(scheme, _)| scheme);
    let says = other.map_or_else(|| "says so".to_owned(), |scheme| format!("has a value of `{scheme}`"));
    // Whatever the variable is called, a value like `kafka:9092` is an address.
    let role = match (role, value.as_deref()) {
        (ConnectionRole::Port, Some(value)) if is_address(value) => ConnectionRole::Host,
        _ => role,
    };
    mention_of(row, role, value, format!("{says}, and `{package}` talks to {}", row.host))
}

/// The server that a variable of a library for tasks means, which no word of it names: `CELERY_BROKER_URL`,
/// `CELERY_RESULT_BACKEND`; of two that a program talks to, nobody knows.
pub(super) fn task_server(upper: &str, clients: &[(&'static str, ServerImage)]) -> Option<(&'static str, ServerImage)> {
    let is_broker = matches!(upper, "BROKER_URL" | "CELERY_BROKER_URL" | "CELERY_BROKER" | "TASKIQ_BROKER_URL");
    if !is_broker && !upper.ends_with("RESULT_BACKEND") {
        return None;
    }
    let sure = clients.iter().filter(|(package, _)| !is_unsure(package));
    let mut servers = sure.filter(|(_, row)| row.host == "redis" || row.host == "rabbitmq" && is_broker);
    // Without another client Celery's own broker is meant.
    let Some(first) = servers.next() else {
        return clients.iter().copied().find(|(_, row)| is_broker && row.host == "rabbitmq");
    };
    servers.all(|(_, row)| row.host == first.1.host).then_some(*first)
}

/// Whether a value is a host and a port.
fn is_address(value: &str) -> bool {
    value.split_once(':').is_some_and(|(host, port)| is_word(host) && port.parse::<u16>().is_ok())
}

/// Whether a URL is of HTTP, and has a port that the server listens on besides its usual one.
fn is_by_http(url: &UrlParts, row: ServerImage) -> bool {
    row.schemes != "-" && url.scheme == "http" && url.port.is_some_and(|port| row.ports().any(|known| known == port))
}

/// Whether a URL is that of a machine somewhere else, or of something else on this one.
fn is_elsewhere(url: &UrlParts, row: ServerImage) -> bool {
    let is_here = url.host.ends_with(".internal") || url.host.starts_with(|c: char| c.is_ascii_digit());
    url.host.contains('.') && !is_here || url.port.is_some_and(|port| !row.ports().any(|known| known == port))
}

/// Whether a variable, in capitals, says where a program listens, or who may ask it: no address of another one.
pub(super) fn is_about_itself(variable: &str) -> bool {
    ["BIND", "LISTEN", "ORIGIN", "ALLOWED"].iter().any(|word| variable.contains(word))
}

/// The words of a name before those that say its role, these, and the role.
pub(in crate::emit) fn parts(name: &str) -> Option<(Vec<&str>, &str, ConnectionRole)> {
    // libpq has no underscores.
    if let Some(rest) = name.strip_prefix("PG").filter(|rest| data::CONNECTION_WORDS.contains(rest)) {
        return Some((vec!["PG"], rest, role(rest)?));
    }
    let starts = name.match_indices('_').map(|(at, _)| at);
    // `SECRET_ACCESS_KEY` before `KEY`.
    let (at, role) = starts.filter(|at| *at > 0).find_map(|at| Some((at, role(&name[at + 1..])?)))?;
    let words: Vec<&str> = name[..at].split('_').filter(|word| !word.is_empty()).collect();
    (!words.is_empty()).then_some((words, &name[at + 1..], role))
}

/// The role that a word says.
pub(in crate::emit) fn role(word: &str) -> Option<ConnectionRole> {
    let roles = [
        ("url", ConnectionRole::Url),
        ("host", ConnectionRole::Host),
        ("port", ConnectionRole::Port),
        ("user", ConnectionRole::User),
        ("password", ConnectionRole::Password),
    ];
    let known = roles.into_iter().find(|(role, _)| data::CONNECTION_WORDS.has(word, role)).map(|(_, role)| role);
    known.or_else(|| data::CONNECTION_WORDS.has(word, "database").then_some(ConnectionRole::Database))
}

/// The parts of a connection string: `Server=db;Username=app`, as ADO.NET takes it, or `host=db dbname=shop` of libpq.
pub(super) fn connection_parts(text: &str) -> Vec<(ConnectionRole, &str)> {
    let separator = if text.contains(';') { ';' } else { ' ' };
    let pairs = text.split(separator).filter_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        Some((role(&key.trim().to_ascii_uppercase())?, value.trim().trim_matches('\'')))
    });
    pairs.collect()
}
