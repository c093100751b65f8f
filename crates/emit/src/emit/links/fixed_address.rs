//! Addresses of servers that stand in sources, where no variable says them: `Redis(host="redis")`.

use super::mention::{ConnectionRole, Mention, UrlParts, connection_parts, role};
use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::facts::example::place;
use crate::emit::input::EmitInput;
use crate::emit::server_image::{ServerImage, is_service_host, is_word};
use crate::manifest::FileKind;
use crate::sources::code::{bracketed, last_name};
use crate::sources::literals::{StringLiteral, string_literals};
use crate::sources::patterns;
use crate::sources::settings::{setting_name, settings_of};
use crate::sources::variables::is_spring;
use crate::text::{Source, path};

/// An address in a source.
struct FixedAddress {
    row: ServerImage,
    role: ConnectionRole,
    /// A URL or a host.
    value: String,
}

/// The servers that a program names in its sources; `clients`: the packages with which it talks to servers.
pub(in crate::emit) fn fixed_addresses(
    input: &EmitInput,
    application: &Application,
    clients: &[(&'static str, ServerImage)],
) -> Vec<Mention> {
    let mut mentions: Vec<Mention> = Vec::new();
    let words = address_words(clients);
    // Most sources have no word that an address has.
    let may_have_address = |text: &str| words.iter().any(|word| text.contains(word.as_str()));
    for (source, literals) in literals_of_program(input, application, may_have_address) {
        for literal in &literals {
            let text = source.text();
            let address = fixed_address(literal, clients).or_else(|| spring_login(text, literal, clients));
            let Some(address) = address.map(|address| with_login(text, address, literal, &literals)) else { continue };
            if mentions
                .iter()
                .any(|known| known.row.host == address.row.host && known.value.as_ref() == Some(&address.value))
            {
                continue;
            }
            mentions.push(Mention {
                variable: None,
                role: address.role,
                row: address.row,
                reason: format!("the source names {}", display(&address)),
                value: Some(address.value),
                has_default: true,
                is_setting: false,
                place: Some(place(source, literal.at)),
            });
        }
    }
    mentions
}

/// The texts in the sources of a program and the values in its settings, where a file may have some that count.
fn literals_of_program<'e>(
    input: &'e EmitInput,
    application: &'e Application,
    may_count: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (&'e Source, Vec<StringLiteral>)> {
    let files = application.code.files.iter().chain(&application.served_settings);
    files.filter_map(move |at| {
        let file = &input.files.files[*at];
        let (name, text) = (path::name(&file.below), file.source.text());
        let is_settings = is_spring(name) || application.served_settings.contains(at);
        if !file.is_of_program() || !is_settings && !may_count(text) {
            return None;
        }
        let literals = if FileKind::of(&file.below).has_code() {
            string_literals(&file.below, text)
        } else if is_settings {
            settings_of(name, text)
        } else {
            return None;
        };
        Some((&file.source, literals))
    })
}

/// Bytes of a call before a host in it.
const NEAR: usize = 1_000;

/// The brackets that a place of a text is in.
fn brackets_around(text: &str, at: usize) -> Option<std::ops::Range<usize>> {
    let from = text.ceil_char_boundary(at.saturating_sub(NEAR));
    let mut depth = 0;
    let open = text[from..at].char_indices().rev().find(|(_, c)| {
        depth += i32::from(matches!(c, ')' | '}' | ']')) - i32::from(matches!(c, '(' | '{' | '['));
        depth < 0
    })?;
    let start = from + open.0;
    Some(start..start + bracketed(&text[start..])?.len() + 1)
}

/// A host with the user, the password and the database beside it: `connect(host="db", user="app", password="secret")`.
fn with_login(text: &str, address: FixedAddress, host: &StringLiteral, literals: &[StringLiteral]) -> FixedAddress {
    if address.role != ConnectionRole::Host {
        return address;
    }
    let Some(call) = brackets_around(text, host.at) else { return address };
    let parts = login_parts(&call, host.at, literals);
    let is_plain = parts.iter().all(|(role, value)| match role {
        ConnectionRole::Port => true,
        ConnectionRole::Password => {
            value.chars().all(|c| c.is_ascii_graphic())
                && !value.contains(['/', '?', '%', '{', '$', '<', '"', '\'', '\\'])
        }
        _ => is_word(value),
    });
    let part = |of| parts.iter().find(|(role, _)| *role == of).map_or("", |(_, value)| *value);
    let (user, password) = (part(ConnectionRole::User), part(ConnectionRole::Password));
    let Some(scheme) =
        address.row.url_schemes().next().filter(|scheme| *scheme != "-" && is_plain && !password.is_empty())
    else {
        return address;
    };
    let name = address.value.split(':').next().unwrap_or_default();
    let value = format!("{scheme}://{user}:{password}@{name}/{}", part(ConnectionRole::Database));
    FixedAddress { role: ConnectionRole::Url, value, ..address }
}

/// The databases that sources name in addresses whose hosts variables say: `f"postgresql://{USER}@{HOST}/shop"`.
pub(in crate::emit) fn fixed_databases(
    input: &EmitInput,
    application: &Application,
    clients: &[(&'static str, ServerImage)],
) -> Vec<Mention> {
    let mut mentions: Vec<Mention> = Vec::new();
    let words = ["://", "dbname", "database", "'NAME'", "\"NAME\""];
    let may_have_database = |text: &str| words.iter().any(|word| text.contains(word));
    for (source, literals) in literals_of_program(input, application, may_have_database) {
        for literal in &literals {
            let in_address = fixed_database(&literal.text, clients)
                .map(|(row, database)| (row, vec![(ConnectionRole::Database, database)]));
            let Some((row, parts)) = in_address.or_else(|| login_beside(source.text(), literal, &literals, clients))
            else {
                continue;
            };
            if mentions.iter().any(|known| known.row.host == row.host) {
                continue;
            }
            let place = Some(place(source, literal.at));
            mentions.extend(parts.into_iter().map(|(role, value)| Mention {
                variable: None,
                role,
                row,
                value: Some(value),
                has_default: true,
                is_setting: false,
                reason: "the source names the database".to_owned(),
                place: place.clone(),
            }));
        }
    }
    mentions
}

/// The database, the user and the password beside a host that something else says: `connect(host=HOST, user="app", …)`.
fn login_beside(
    text: &str,
    database: &StringLiteral,
    literals: &[StringLiteral],
    clients: &[(&'static str, ServerImage)],
) -> Option<(ServerImage, Vec<(ConnectionRole, String)>)> {
    if key_role(&database.before) != Some(ConnectionRole::Database) || !is_word(&database.text) {
        return None;
    }
    let row = database_client(clients)?;
    let call = brackets_around(text, database.at)?;
    let has = |wanted| {
        let mut words = text[call.clone()].split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.any(|word| role(&word.to_ascii_uppercase()) == Some(wanted))
    };
    let parts = login_parts(&call, database.at, literals);
    // One with its host is an address of its own.
    if !has(ConnectionRole::Host)
        || !has(ConnectionRole::User)
        || parts.iter().any(|(role, _)| *role == ConnectionRole::Host)
    {
        return None;
    }
    let part =
        |of| parts.iter().find(|(role, value)| *role == of && is_word(value)).map(|(_, value)| (*value).to_owned());
    let mut login = vec![(ConnectionRole::Database, database.text.clone())];
    let user = part(ConnectionRole::User);
    match (&user, part(ConnectionRole::Password), row.url_schemes().next()) {
        (Some(user), Some(password), Some(scheme)) => {
            login.push((ConnectionRole::Url, format!("{scheme}://{user}:{password}@/{}", database.text)));
        }
        _ => login.extend(user.map(|user| (ConnectionRole::User, user))),
    }
    Some((row, login))
}

/// The part of a connection that the key in front of a value says: `user=`, `"password":`.
pub(super) fn key_role(before: &str) -> Option<ConnectionRole> {
    let before = before.trim_end();
    if !before.ends_with(['=', ':', '>']) {
        return None;
    }
    let key = before.trim_end_matches(['=', ':', '>']).trim_end().trim_end_matches(['"', '\'']);
    let word = last_name(key).to_ascii_uppercase();
    // A key that signs something is no password of a server.
    let is_key = data::CONNECTION_WORDS.has(&word, "key") || word.ends_with("KEY");
    if is_key { None } else { role(&word) }
}

/// The parts of a connection that a call has beside the value at a place.
fn login_parts<'l>(
    call: &std::ops::Range<usize>,
    at: usize,
    literals: &'l [StringLiteral],
) -> Vec<(ConnectionRole, &'l str)> {
    let start = literals.partition_point(|known| known.at < call.start);
    let inside = literals[start..].iter().take_while(|known| known.at < call.end);
    let mut parts: Vec<(ConnectionRole, &str)> = Vec::new();
    for literal in inside.filter(|literal| literal.at != at) {
        if let Some(role) = key_role(&literal.before)
            && parts.iter().all(|(known, _)| *known != role)
        {
            parts.push((role, &literal.text));
        }
    }
    parts
}

/// The database of an address with a host that something else says.
fn fixed_database(text: &str, clients: &[(&'static str, ServerImage)]) -> Option<(ServerImage, String)> {
    let is_open = |host: &str| host.contains(['{', '$', '%', '+']);
    let (row, host, database) = if let Some(url) = UrlParts::of(text.trim()) {
        (ServerImage::with_scheme(url.kind())?, url.host, url.database)
    } else {
        let parts = connection_parts(text);
        let part = |of| parts.iter().find(|(role, _)| *role == of).map(|(_, value)| (*value).to_owned());
        (database_client(clients)?, part(ConnectionRole::Host)?, part(ConnectionRole::Database)?)
    };
    let is_client = row.is_database() && clients.iter().any(|(_, known)| known.host == row.host);
    (is_client && is_open(&host) && is_word(&database)).then_some((row, database))
}

/// What a text with an address of one of these servers holds.
fn address_words(clients: &[(&'static str, ServerImage)]) -> Vec<String> {
    let mut words: Vec<String> = ["erver=", "ost=", "spring.datasource."].map(str::to_owned).to_vec();
    for (_, row) in clients {
        words.extend(row.url_schemes().map(|scheme| format!("{scheme}://")));
        let names = [row.host, row.service].into_iter().chain(data::words(row.names));
        words.extend(names.map(str::to_ascii_lowercase).flat_map(|name| quoted(&name)));
        let calls = patterns::of("opens a connection");
        let of_row = calls.filter(|call| call.argument.split(' ').next() == Some(row.host));
        words.extend(of_row.map(|call| call.text.to_owned()));
        if row.is_database() {
            let databases = data::CONNECTION_WORDS.with("database").map(str::to_ascii_lowercase);
            words.extend(databases.flat_map(|name| quoted(&name)));
        }
    }
    words
}

/// The beginnings of a text in quotes.
fn quoted(name: &str) -> [String; 3] {
    ['"', '\'', '`'].map(|quote| format!("{quote}{name}"))
}

/// The user and the password of Spring's database: `spring.datasource.username=app`.
fn spring_login(text: &str, literal: &StringLiteral, clients: &[(&'static str, ServerImage)]) -> Option<FixedAddress> {
    let word = setting_name(literal)?.strip_prefix("spring.datasource.")?;
    let role = role(&word.to_ascii_uppercase()).filter(|role| *role == ConnectionRole::User)?;
    let (value, row) = (literal.text.clone(), database_client(clients)?);
    // The settings may be those of another database.
    let is_of_row = row.url_schemes().any(|scheme| text.contains(&format!("jdbc:{scheme}:")));
    (is_of_row && is_word(&value)).then_some(FixedAddress { row, role, value })
}

/// The address without its password.
fn display(address: &FixedAddress) -> String {
    match UrlParts::of(&address.value) {
        Some(url) => format!("`{}://…{}`", url.scheme, url.host),
        None => format!("`{}`", address.value),
    }
}

fn fixed_address(literal: &StringLiteral, clients: &[(&'static str, ServerImage)]) -> Option<FixedAddress> {
    let text = literal.text.trim();
    if let Some(url) = UrlParts::of(text) {
        let row = ServerImage::with_scheme(url.kind())?;
        let is_client = clients.iter().any(|(_, known)| known.host == row.host);
        let value = text.to_owned();
        return (is_client && is_service_host(&url.host)).then_some(FixedAddress {
            row,
            role: ConnectionRole::Url,
            value,
        });
    }
    connection_string(text, clients).or_else(|| host(text, &literal.before, clients))
}

/// `Server=db;Username=app;Password=secret`, as ADO.NET and JDBC drivers take it.
fn connection_string(text: &str, clients: &[(&'static str, ServerImage)]) -> Option<FixedAddress> {
    let pairs = connection_parts(text);
    let part = |of| pairs.iter().find(|(role, _)| *role == of).map(|(_, value)| *value);
    let host = part(ConnectionRole::Host)?.split([':', ',']).next().unwrap_or_default();
    let row = database_client(clients)?;
    if pairs.len() < 2 || !is_service_host(host) {
        return None;
    }
    let user = part(ConnectionRole::User).filter(|user| is_word(user)).unwrap_or_default();
    let password = part(ConnectionRole::Password).filter(|password| is_word(password)).unwrap_or_default();
    let database = part(ConnectionRole::Database).filter(|name| is_word(name)).unwrap_or(user);
    let scheme = row.url_schemes().next()?;
    let value = format!("{scheme}://{user}:{password}@{host}/{database}");
    Some(FixedAddress { row, role: ConnectionRole::Url, value })
}

/// `host="redis"`, `addr: "redis:6379"`, `connect("redis")`: a name of a server in a place for hosts.
fn host(text: &str, before: &str, clients: &[(&'static str, ServerImage)]) -> Option<FixedAddress> {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    if !is_service_host(host) {
        return None;
    }
    let is_named = |row: &ServerImage, text: &str| {
        row.host == text || row.service == text || data::words(row.names).any(|name| name.eq_ignore_ascii_case(text))
    };
    let named = clients.iter().map(|(_, row)| *row).find(|row| is_named(row, host));
    // `store:6379`, the port of one client's server alone.
    let of_port = || {
        let port = port?.parse::<u16>().ok();
        let mut rows = clients.iter().map(|(_, row)| *row).filter(|row| port.is_some() && row.port() == port);
        let first = rows.next()?;
        rows.all(|row| row.host == first.host).then_some(first)
    };
    let is_database = || data::CONNECTION_WORDS.has(&host.to_ascii_uppercase(), "database");
    // `Redis(host="cache")`.
    let words = || before.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').rev().skip(1);
    let called = || clients.iter().find(|(package, row)| words().any(|word| word == *package || is_named(row, word)));
    let row = named
        .or_else(|| if is_database() { database_client(clients) } else { None })
        .or_else(|| called().map(|(_, row)| *row))
        .or_else(of_port)?;
    let is_port = port.is_some_and(|port| port.parse::<u16>().is_ok() && port.parse().ok() == row.port());
    if port.is_some() && !is_port {
        return None;
    }
    (is_port || is_place_of_host(before)).then(|| FixedAddress {
        row,
        role: ConnectionRole::Host,
        value: text.to_owned(),
    })
}

/// Whether a value that follows this is a host: `host=`, `"hostname":`, `.Connect(`.
fn is_place_of_host(before: &str) -> bool {
    if let Some(key) = before.strip_suffix("=>").or_else(|| before.strip_suffix(['=', ':'])) {
        let key = key.trim_end().trim_end_matches(['"', '\'', ':']).trim_end();
        let word = last_name(key).to_ascii_uppercase();
        let last = word.rsplit('_').next().unwrap_or_default();
        return role(last) == Some(ConnectionRole::Host);
    }
    let Some(callee) = before.strip_suffix('(') else { return false };
    let name = last_name(callee).to_ascii_uppercase();
    data::CONNECTION_WORDS.with("call").any(|word| name.contains(word))
}

/// The database that a program has the client of.
pub(super) fn database_client(clients: &[(&'static str, ServerImage)]) -> Option<ServerImage> {
    clients.iter().map(|(_, row)| *row).find(|row| row.is_database() && row.schemes != "-").or_else(|| {
        // A variant of a plain one, as `pgvector` is.
        let variant = clients.iter().map(|(_, row)| *row).find(|row| row.is_database())?;
        ServerImage::all().find(|row| row.host == variant.host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str, before: &str, services: &[&str]) -> Option<String> {
        let clients: Vec<_> =
            services.iter().filter_map(|name| Some(("client", ServerImage::of_service(name)?))).collect();
        let literal = StringLiteral { at: 0, text: text.to_owned(), before: before.to_owned() };
        fixed_address(&literal, &clients).map(|address| format!("{} {}", address.row.host, address.value))
    }

    #[test]
    fn addresses_in_sources_are_read() {
        let some = |text: &str| Some(text.to_owned());
        let url = "postgres://postgres:postgres@db/postgres";
        assert_eq!(address(url, "connectionString:", &["postgres"]), some(&format!("postgres {url}")));
        assert_eq!(address("redis", "g.redis = Redis(host=", &["redis"]), some("redis redis"));
        assert_eq!(address("cache", "g.redis = Redis(host=", &["redis"]), some("redis cache"));
        assert_eq!(address("redis:6379", "Addr:", &["redis"]), some("redis redis:6379"));
        assert_eq!(address("rabbitmq", "ip =", &["rabbitmq"]), some("rabbitmq rabbitmq"));
        assert_eq!(address("rabbitmq", "socket.gethostbyname(", &["rabbitmq"]), some("rabbitmq rabbitmq"));
        assert_eq!(address("redis", "OpenRedisConnection(", &["redis"]), some("redis redis"));
        assert_eq!(address("db", "\"host\" =>", &["mysql"]), some("mysql db"));
        assert_eq!(
            address("Server=db;Username=postgres;Password=pw;", "Open(", &["postgres"]),
            some("postgres postgresql://postgres:pw@db/postgres")
        );
    }

    #[test]
    fn other_strings_are_no_addresses() {
        // This machine, another machine, no client, a word in another place.
        assert_eq!(address("redis://localhost:6379", "url =", &["redis"]), None);
        assert_eq!(address("redis://cache.example.com", "url =", &["redis"]), None);
        assert_eq!(address("postgres://u:p@db/x", "url =", &["redis"]), None);
        assert_eq!(address("redis", "name =", &["redis"]), None);
        assert_eq!(address("web", "app.run(host=", &["redis"]), None);
        assert_eq!(address("redis", "import_module(", &["redis"]), None);
        assert_eq!(address("redis:1", "host =", &["redis"]), None);
        assert_eq!(address("é=ü;=", "host =", &["postgres"]), None);
        assert_eq!(address("redis", "é host·=", &["redis"]), None);
        assert_eq!(address("redis", "é→(", &["redis"]), None);
        assert_eq!(key_role("“ü”ı:"), None);
    }
}
