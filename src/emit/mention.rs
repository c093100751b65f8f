//! The variables, and the addresses in sources, by which programs find the servers that they connect to.

use std::collections::BTreeSet;

use super::application::Application;
use super::fixed_address::fixed_addresses;
use super::input::EmitInput;
use super::server_image::ServerImage;
use crate::data;
use crate::manifest::{Ecosystem, FileKind};
use crate::sources::literals::string_literals;
use crate::sources::variables::{Absence, VariableRead, is_asked_for};
use crate::text::Source;
use crate::variables::{ExampleVariable, example_variables};

/// Which part of a connection a variable holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConnectionRole {
    Url,
    Host,
    Port,
    User,
    Password,
    Database,
}

/// A variable, or an address in a source, by which a program finds a server.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    /// Nothing where the source itself has the address.
    pub(super) variable: Option<String>,
    pub(super) role: ConnectionRole,
    pub(super) row: ServerImage,
    /// What an example or the source has for it.
    pub(super) value: Option<String>,
    /// Whether the program does without it.
    pub(super) has_default: bool,
    /// What shows the server.
    pub(super) reason: String,
    pub(super) place: Option<String>,
}

impl Mention {
    /// Whether it says where the server is.
    pub(super) fn is_address(&self) -> bool {
        matches!(self.role, ConnectionRole::Url | ConnectionRole::Host)
    }

    /// The password that its source has.
    pub(super) fn fixed_password(&self) -> Option<String> {
        let url = self.value.as_deref().filter(|_| self.variable.is_none()).and_then(UrlParts::of)?;
        Some(url.password).filter(|password| !password.is_empty() && !password.contains(['%', '{', '$', '<']))
    }
}

/// A URL in its parts; what it lacks is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct UrlParts {
    /// With what stands before the server's kind: `jdbc:postgresql`.
    pub(super) scheme: String,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    /// The first part of the path.
    pub(super) database: String,
    /// From `?` on.
    pub(super) query: String,
}

impl UrlParts {
    /// `None` where a text is no URL.
    pub(super) fn of(text: &str) -> Option<Self> {
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
    pub(super) fn kind(&self) -> &str {
        let scheme = self.scheme.rsplit(':').next().unwrap_or_default();
        scheme.split('+').next().unwrap_or_default()
    }
}

/// The packages of a program that talk to servers; for Prisma the server that its schema names.
pub(super) fn clients(input: &EmitInput, application: &Application) -> Vec<(&'static str, ServerImage)> {
    let schemas = application.code.files.iter().map(|at| &input.files.files[*at]);
    let schemas = schemas.filter(|file| FileKind::of(&file.below).language() == "Prisma");
    let providers = schemas.flat_map(|file| file.source.text().lines()).filter_map(|line| {
        let value = line.trim_start().strip_prefix("provider")?.trim_start().strip_prefix('=')?;
        Some(("prisma", ServerImage::with_scheme(value.trim().trim_matches('"'))?))
    });
    let rows = data::CLIENT_LIBRARIES
        .rows()
        .filter(|row| Ecosystem::of(row[0]).is_some_and(|known| application.has_package(known, row[1])));
    rows.filter_map(|row| Some((row[1], ServerImage::of_service(row[2])?))).chain(providers).collect()
}

/// How a program finds servers, and which it does without.
#[derive(Clone, Debug, Default)]
pub(super) struct Mentions {
    pub(super) all: Vec<Mention>,
    /// Those of servers that it looks for and works without.
    pub(super) optional: Vec<Mention>,
}

/// How a program finds servers.
pub(super) fn mentions(input: &EmitInput, application: &Application) -> Mentions {
    let clients = clients(input, application);
    let examples = example_variables(input.files);
    let mut mentions = Mentions::default();
    add_reads(input, application, &clients, &examples, &mut mentions);
    let all = &mut mentions.all;
    // What a library reads by itself.
    for row in data::CLIENT_LIBRARIES.rows().filter(|row| row[4] != "-") {
        let is_there = Ecosystem::of(row[0]).is_some_and(|known| application.has_package(known, row[1]));
        if is_there && all.iter().all(|known| known.variable.as_deref() != Some(row[4])) {
            all.extend(mention(row[4], [None, None], true, &clients, None));
        }
    }
    // Frameworks read what examples show.
    for example in examples {
        let is_known = all.iter().any(|known| known.variable.as_deref() == Some(&example.name));
        let place = place(&input.files.files[example.file].source, example.at);
        if !is_known && UrlParts::of(&example.value).is_some() {
            let mention = mention(&example.name, [Some(example.value), None], true, &clients, Some(place));
            all.extend(mention.filter(|mention| clients.iter().any(|(_, row)| row.host == mention.row.host)));
        }
    }
    for add in [fixed_addresses, named_variables] {
        let found = add(input, application, &clients);
        let known = mentions.all.iter().chain(&mentions.optional).filter(|known| known.is_address());
        let hosts: BTreeSet<&str> = known.map(|known| known.row.host).collect();
        let found: Vec<Mention> = found.into_iter().filter(|known| !hosts.contains(known.row.host)).collect();
        mentions.all.extend(found);
    }
    mentions.keep_needed();
    mentions
}

impl Mentions {
    /// A database that is the only one is needed even where the program asks for it; nothing else that it asks for is.
    fn keep_needed(&mut self) {
        let has_database = self.all.iter().any(|known| known.row.is_database() && known.is_address());
        let first = self.optional.iter().find(|known| known.row.is_database()).map(|known| known.row.host);
        if let Some(host) = first.filter(|_| !has_database) {
            let (needed, optional) = self.optional.drain(..).partition(|known| known.row.host == host);
            self.all.extend::<Vec<Mention>>(needed);
            self.optional = optional;
        }
        let needed: BTreeSet<&str> =
            self.all.iter().filter(|known| known.is_address()).map(|known| known.row.host).collect();
        let needed: Vec<&'static str> =
            self.optional.iter().map(|known| known.row.host).filter(|host| needed.contains(host)).collect();
        // What is there anyway needs no second address.
        self.optional.retain(|known| !needed.contains(&known.row.host));
    }
}

/// Adds the variables that its sources read.
fn add_reads(
    input: &EmitInput,
    application: &Application,
    clients: &[(&'static str, ServerImage)],
    examples: &[ExampleVariable],
    mentions: &mut Mentions,
) {
    let reads = &application.code.reads;
    // Who shows some addresses in an example shows all that are needed.
    let shows = |example: &ExampleVariable| {
        let is_read = || reads.iter().any(|(_, read)| read.name == example.name);
        UrlParts::of(&example.value).and_then(|url| ServerImage::with_scheme(url.kind())).is_some() && is_read()
    };
    let has_example = examples.iter().any(shows);
    for (file, read) in reads {
        let is_same = |known: &&Mention| known.variable.as_deref() == Some(&read.name);
        if mentions.all.iter().chain(&mentions.optional).any(|known| is_same(&known)) {
            continue;
        }
        let example = examples.iter().find(|known| known.name == read.name && !known.value.is_empty());
        let default = match &read.absence {
            Absence::Default(value) => value.clone(),
            _ => None,
        };
        let values = [example.map(|known| known.value.clone()), default];
        let place = place(&input.files.files[*file].source, read.at);
        let has_default = read.absence != Absence::Fails;
        let Some(mention) = mention(&read.name, values, has_default, clients, Some(place)) else { continue };
        let mut same = reads.iter().filter(|(_, known)| known.name == read.name);
        let is_asked =
            |(file, read): &(usize, VariableRead)| is_asked_for(input.files.files[*file].source.text(), read.at);
        let needs_it = same.clone().any(|(_, known)| known.absence == Absence::Fails);
        let is_open = mention.value.is_none() && !needs_it && !examples.iter().any(|known| known.name == read.name);
        if is_open && mention.is_address() && (has_example || same.any(is_asked)) {
            mentions.optional.push(mention);
        } else {
            mentions.all.push(mention);
        }
    }
    // One address without which it fails is enough for a server.
    let has_value = |known: &Mention| !known.has_default || known.value.is_some();
    let urls: BTreeSet<&str> = mentions
        .all
        .iter()
        .filter(|known| known.role == ConnectionRole::Url && has_value(known))
        .map(|known| known.row.host)
        .collect();
    let urls: Vec<&'static str> =
        mentions.all.iter().map(|known| known.row.host).filter(|host| urls.contains(host)).collect();
    mentions.all.retain(|known| !known.is_address() || has_value(known) || !urls.contains(&known.row.host));
}

/// The names of variables that stand in its sources as texts, where nothing else shows who reads them: tables of settings,
/// libraries that are not known.
fn named_variables(
    input: &EmitInput,
    application: &Application,
    clients: &[(&'static str, ServerImage)],
) -> Vec<Mention> {
    let mut mentions: Vec<Mention> = Vec::new();
    for at in &application.code.files {
        let file = &input.files.files[*at];
        if !FileKind::of(&file.below).has_code() || !file.is_of_program() {
            continue;
        }
        for literal in string_literals(&file.below, file.source.text()) {
            let is_name = literal.text.contains('_')
                && literal.text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
            if !is_name || mentions.iter().any(|known| known.variable.as_ref() == Some(&literal.text)) {
                continue;
            }
            mentions.extend(mention(&literal.text, [None, None], true, clients, Some(place(&file.source, literal.at))));
        }
    }
    // A URL has everything.
    let urls: Vec<&'static str> =
        mentions.iter().filter(|known| known.role == ConnectionRole::Url).map(|known| known.row.host).collect();
    mentions.retain(|known| known.role == ConnectionRole::Url || !urls.contains(&known.row.host));
    mentions
}

/// A place in a file, for people.
pub(super) fn place(source: &Source, at: usize) -> String {
    format!("{}:{}", source.name(), source.line(u32::try_from(at).unwrap_or_default()))
}

fn mention(
    name: &str,
    values: [Option<String>; 2],
    has_default: bool,
    clients: &[(&'static str, ServerImage)],
    place: Option<String>,
) -> Option<Mention> {
    let upper = name.to_ascii_uppercase();
    if data::ADDRESS_WORDS.with("for-others").any(|word| upper.contains(word)) {
        return None;
    }
    let value = values.into_iter().flatten().find(|value| !value.is_empty());
    let mention_of = |row, role, value, reason: String| {
        let (variable, reason) = (Some(name.to_owned()), format!("`{name}` {reason}"));
        Some(Mention { variable, role, row, value, has_default, reason, place })
    };
    if let Some(url) = value.as_deref().and_then(UrlParts::of)
        && let Some(row) = ServerImage::with_scheme(url.kind())
    {
        let reason = format!("has a URL with `{}`", url.scheme);
        return mention_of(row, ConnectionRole::Url, value, reason);
    }
    let (words, role) = parts(&upper)?;
    let has_client =
        |row: &ServerImage| clients.iter().find(|(_, known)| known.host == row.host).map(|(package, _)| *package);
    let named =
        ServerImage::all().find(|row| words.iter().any(|word| data::words(row.names).any(|name| name == *word)));
    let is_sql = |word: &&str| data::CONNECTION_WORDS.has(word, "sql") || data::CONNECTION_WORDS.has(word, "database");
    let is_any = words.iter().any(is_sql);
    let database = || clients.iter().map(|(_, row)| *row).find(|row| row.is_database() && row.schemes != "-");
    let row = named.or_else(|| if is_any { database() } else { None })?;
    let package = has_client(&row)?;
    // An address of another kind is not one of it.
    let value = value.filter(|value| !value.contains("://") || row.schemes == "-");
    mention_of(row, role, value, format!("says so, and `{package}` talks to {}", row.host))
}

/// The words of a name before the one that says its role, and the role.
fn parts(name: &str) -> Option<(Vec<&str>, ConnectionRole)> {
    // libpq has no underscores.
    let name = match name.strip_prefix("PG").filter(|rest| data::CONNECTION_WORDS.contains(rest)) {
        Some(rest) => return Some((vec!["PG"], role(rest)?)),
        None => name,
    };
    let words: Vec<&str> = name.split('_').filter(|word| !word.is_empty()).collect();
    let (last, rest) = words.split_last()?;
    if rest.is_empty() {
        return None;
    }
    Some((rest.to_vec(), role(last)?))
}

/// The role that a word says.
pub(super) fn role(word: &str) -> Option<ConnectionRole> {
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
