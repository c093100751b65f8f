//! All that says where a program finds the servers that it connects to: variables, examples, addresses in sources.

use std::collections::BTreeSet;

use super::alembic::alembic_address;
use super::call_login::call_logins;
use super::celery_address::celery_addresses;
use super::fixed_address::{fixed_addresses, fixed_databases};
use super::job_address::job_address;
use super::mention::{ConnectionRole, Mention, UrlParts, clients, is_unsure, mention, parts, task_server};
use super::setting_address::setting_addresses;
use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::facts::committed::committed;
use crate::emit::facts::example::{nearest_example, place};
use crate::emit::input::EmitInput;
use crate::emit::server_image::ServerImage;
use crate::manifest::{Ecosystem, FileKind};
use crate::secret::is_switch;
use crate::sources::code::words;
use crate::sources::literals::string_literals;
use crate::sources::variables::{Absence, VariableRead, is_asked_for};
use crate::variables::{ExampleVariable, VariableFile};

/// How a program finds servers, and which it does without.
#[derive(Clone, Debug, Default)]
pub(in crate::emit) struct Mentions {
    pub(in crate::emit) all: Vec<Mention>,
    /// Those of servers that it looks for and works without.
    pub(in crate::emit) optional: Vec<Mention>,
}

/// How a program finds servers.
pub(in crate::emit) fn mentions(input: &EmitInput, application: &Application) -> Mentions {
    let clients = clients(input, application);
    let committed = committed(input, application);
    let mut mentions = Mentions::default();
    add_reads(input, application, (&clients, &committed), &mut mentions);
    let all = &mut mentions.all;
    let settings = setting_addresses(input, application, &clients);
    all.extend(
        settings
            .into_iter()
            .filter(|known| !all.iter().any(|other| other.variable == known.variable && other.variable.is_some()))
            .collect::<Vec<_>>(),
    );
    // What a library reads by itself.
    for row in data::CLIENT_LIBRARIES.rows().filter(|row| row[4] != "-") {
        let is_there = Ecosystem::of(row[0]).is_some_and(|known| application.has_package(known, row[1]));
        if is_there && all.iter().all(|known| known.variable.as_deref() != Some(row[4])) {
            all.extend(mention(row[4], [None, None], true, &clients, None));
        }
    }
    // Frameworks read what examples show.
    let optional = mentions.optional.iter().filter(|known| known.is_address() && known.row.is_database());
    let read: BTreeSet<&str> = optional.map(|known| known.row.host).collect();
    for example in input.examples {
        let is_known = all.iter().any(|known| known.variable.as_deref() == Some(&example.name));
        let place = place(&input.files.files[example.file].source, example.at);
        if !is_known && UrlParts::of(&example.value).is_some() {
            let mention = mention(&example.name, [Some(example.value.clone()), None], true, &clients, Some(place));
            // The sources have another variable for the only database.
            let mention = mention.filter(|known| !read.contains(known.row.host));
            all.extend(mention.filter(|mention| clients.iter().any(|(_, row)| row.host == mention.row.host)));
        }
    }
    all.extend(named_in_sources(input, application, &committed, all));
    for add in [fixed_addresses, celery_addresses, named_variables] {
        let known = mentions.all.iter().chain(&mentions.optional).filter(|known| known.is_address());
        let hosts: BTreeSet<&str> = known.map(|known| known.row.host).collect();
        let open: Vec<_> = clients.iter().filter(|(_, row)| !hosts.contains(row.host)).copied().collect();
        if !open.is_empty() {
            mentions.all.extend(add(input, application, &open));
        }
    }
    mentions.all.extend(alembic_address(input, application));
    mentions.all.extend(job_address(input, application));
    let logins = call_logins(input, application, &mentions.all);
    mentions.all.extend(logins);
    let named: BTreeSet<&str> =
        mentions.all.iter().filter(|known| names_database(known)).map(|known| known.row.host).collect();
    let databases = fixed_databases(input, application, &clients);
    let databases: Vec<Mention> = databases.into_iter().filter(|known| !named.contains(known.row.host)).collect();
    mentions.all.extend(databases);
    mentions.keep_needed();
    mentions
}

/// Whether a mention says which database is meant.
fn names_database(mention: &Mention) -> bool {
    mention.role == ConnectionRole::Database && mention.value.is_some() || mention.database().is_some()
}

impl Mentions {
    /// The host of a kind of server that stands in a source, where no variable says another one.
    pub(in crate::emit) fn fixed_host(&self, kind: &str) -> Option<String> {
        let is_fixed = |mention: &&Mention| mention.variable.is_none() || mention.is_setting;
        let of_kind = self.all.iter().filter(|mention| mention.row.host == kind && is_fixed(mention));
        of_kind.filter(|mention| mention.is_address()).find_map(Mention::service_host)
    }

    /// One address without which a program fails is enough for a server.
    fn leave_out_second_addresses(&mut self, clients: &[(&'static str, ServerImage)]) {
        let has_value = |known: &Mention| !known.has_default || known.value.is_some();
        let urls = self.all.iter().filter(|known| known.role == ConnectionRole::Url && has_value(known));
        let urls: BTreeSet<&'static str> = urls.map(|known| known.row.host).collect();
        // A worker that is not told looks for a broker on its own machine.
        let is_of_tasks = |known: &Mention| {
            known.variable.as_deref().is_some_and(|name| task_server(&name.to_ascii_uppercase(), clients).is_some())
        };
        self.all.retain(|known| {
            !known.is_address() || has_value(known) || is_of_tasks(known) || !urls.contains(known.row.host)
        });
    }

    /// A database that is the only one is needed even where the program asks for it; nothing else that it asks for is.
    fn keep_needed(&mut self) {
        let has_database = self.all.iter().any(|known| known.row.is_database() && known.is_address());
        let first = self.optional.iter().find(|known| known.row.is_database()).map(|known| known.row.host);
        if let (Some(host), false) = (first, has_database) {
            let (needed, optional) = self.optional.drain(..).partition(|known| known.row.host == host);
            self.all.extend::<Vec<Mention>>(needed);
            self.optional = optional;
        }
        let needed: BTreeSet<&'static str> =
            self.all.iter().filter(|known| known.is_address()).map(|known| known.row.host).collect();
        // What is there anyway needs no second address.
        self.optional.retain(|known| !needed.contains(known.row.host));
    }
}

/// Adds the variables that its sources read.
fn add_reads(
    input: &EmitInput,
    application: &Application,
    (clients, committed): (&[(&'static str, ServerImage)], &[ExampleVariable]),
    mentions: &mut Mentions,
) {
    let reads = &application.code.reads;
    // Who shows some addresses in an example shows all that are needed.
    let shows = |example: &ExampleVariable| {
        let is_read = || reads.iter().any(|(_, read)| read.name == example.name);
        UrlParts::of(&example.value).and_then(|url| ServerImage::with_scheme(url.kind())).is_some() && is_read()
    };
    let has_example = input.examples.iter().any(shows);
    for (file, read) in reads {
        let is_same = |known: &&Mention| known.variable.as_deref() == Some(&read.name);
        if mentions.all.iter().chain(&mentions.optional).any(|known| is_same(&known)) {
            continue;
        }
        // Who says a file of SQLite wants no server.
        let is_active = |known: &&ExampleVariable| known.name == read.name && !known.is_comment;
        if input.examples.iter().filter(is_active).any(|known| known.value.starts_with("sqlite")) {
            continue;
        }
        let example = shown_value(input, (*file, read), committed);
        let default = match &read.absence {
            // `False` is no address.
            Absence::Default(value) => {
                value.clone().filter(|value| value.starts_with(|c: char| c.is_ascii_digit()) || !is_switch(value))
            }
            _ => None,
        };
        let values = [example, default];
        let place = place(&input.files.files[*file].source, read.at);
        let has_default = reads.iter().all(|(_, known)| known.name != read.name || known.absence != Absence::Fails);
        let text = input.files.files[*file].source.text();
        let mention = match server_before(text, read) {
            Some(row) => Some(behind_scheme(&read.name, row, has_default, place)),
            None => mention(&read.name, values, has_default, clients, Some(place)),
        };
        let Some(mut mention) = mention else { continue };
        // No value is a number, which most clients refuse as a port.
        let is_code = FileKind::of(&input.files.files[*file].below).has_code();
        mention.has_default &=
            mention.role != ConnectionRole::Port || !is_code || always_has_default(reads, &read.name);
        let mut same = reads.iter().filter(|(_, known)| known.name == read.name);
        let is_asked =
            |(file, read): &(usize, VariableRead)| is_asked_for(input.files.files[*file].source.text(), read.at);
        let is_open =
            mention.value.is_none() && has_default && !input.examples.iter().any(|known| known.name == read.name);
        let is_off = matches!(&read.absence, Absence::Default(Some(value)) if is_switch(value));
        let is_asked = has_example || is_off || same.any(is_asked);
        let mut packages = clients.iter().filter(|(_, row)| row.host == mention.row.host);
        let is_unsure = packages.all(|(package, _)| is_unsure(package));
        let is_unshown = mention.value.is_none() && has_default;
        if mention.is_address() && (is_open && is_asked || is_unshown && is_unsure) {
            mentions.optional.push(mention);
        } else {
            mentions.all.push(mention);
        }
    }
    mentions.leave_out_second_addresses(clients);
}

/// The server whose scheme stands before all that a variable says in a template: `nats://${config.get("NATS_URL")}`.
fn server_before(text: &str, read: &VariableRead) -> Option<ServerImage> {
    let upper = read.name.to_ascii_uppercase();
    if parts(&upper).is_none_or(|(_, _, role)| role != ConnectionRole::Url) {
        return None;
    }
    let line = text[..read.at].rsplit('\n').next()?;
    let open = ["${", "{", "#{"].iter().filter_map(|mark| line.rfind(&format!("://{mark}"))).max()?;
    let behind = text[read.at..].lines().next()?.split_once('}')?.1;
    // Before `:` and `@` it is a name, and others follow.
    let is_all = !line[open + 3..].contains('}') && !behind.starts_with([':', '@', '$', '{', '.']);
    let scheme = line[..open].rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '+')).next()?;
    if is_all { ServerImage::with_scheme(scheme.split('+').next()?) } else { None }
}

/// A variable behind the scheme of a server: it holds the host with the port.
fn behind_scheme(name: &str, row: ServerImage, has_default: bool, place: String) -> Mention {
    let port = row.port().map(|port| format!(":{port}")).unwrap_or_default();
    Mention {
        variable: Some(name.to_owned()),
        role: ConnectionRole::Host,
        row,
        value: Some(format!("{}{port}", row.host)),
        has_default,
        is_setting: false,
        reason: format!("`{name}` follows the scheme of {}", row.host),
        place: Some(place),
    }
}

/// The value that an example has for a variable, else that of the `.env` which everybody has: it shows more than a default.
fn shown_value(
    input: &EmitInput,
    (file, read): (usize, &VariableRead),
    committed: &[ExampleVariable],
) -> Option<String> {
    let is_nothing = |value: &str| data::SECRET_WORDS.has(&value.to_ascii_lowercase(), "unset");
    let is_shown =
        |known: &ExampleVariable| known.name == read.name && !known.value.is_empty() && !is_nothing(&known.value);
    let example = nearest_example(input, file, is_shown);
    let example = example.or_else(|| committed.iter().find(|known| is_shown(known)));
    example.map(|known| known.value.clone())
}

/// The URLs of servers in a committed `.env` whose variables sources name, where nothing shows who reads them: an object of
/// settings does (`settings.BROKER_URL`).
fn named_in_sources(
    input: &EmitInput,
    application: &Application,
    committed: &[ExampleVariable],
    known: &[Mention],
) -> Vec<Mention> {
    let is_source = |file: &&VariableFile| FileKind::of(&file.below).has_code() && file.is_of_program();
    let sources: Vec<&VariableFile> = application.code_files(input).filter(is_source).collect();
    let mentions = committed.iter().filter_map(|variable| {
        let name = variable.name.as_str();
        let row = UrlParts::of(&variable.value).and_then(|url| ServerImage::with_scheme(url.kind()))?;
        let is_known = known.iter().any(|other| other.variable.as_deref() == Some(name));
        let named = sources.iter().find(|file| words(file.source.text(), name).next().is_some())?;
        let at = words(named.source.text(), name).next()?;
        (!is_known).then(|| Mention {
            variable: Some(name.to_owned()),
            role: ConnectionRole::Url,
            row,
            value: Some(variable.value.clone()),
            has_default: true,
            is_setting: false,
            reason: format!("`{name}` is named in a source, and `.env` has a URL for it"),
            place: Some(place(&named.source, at)),
        })
    });
    mentions.collect()
}

/// Whether each read of a variable has a default: migrations may read it without the one of the program.
fn always_has_default(reads: &[(usize, VariableRead)], name: &str) -> bool {
    reads.iter().all(|(_, known)| known.name != name || matches!(known.absence, Absence::Default(_)))
}

/// The names of variables that stand in its sources as texts, where nothing else shows who reads them: tables of settings,
/// libraries that are not known.
fn named_variables(
    input: &EmitInput,
    application: &Application,
    clients: &[(&'static str, ServerImage)],
) -> Vec<Mention> {
    let mut mentions: Vec<Mention> = Vec::new();
    let names = clients.iter().flat_map(|(_, row)| data::words(row.names));
    let roles = ["sql", "database"].into_iter().flat_map(|role| data::CONNECTION_WORDS.with(role));
    let signs: BTreeSet<&str> = names.chain(roles.filter(|word| word.len() > 2)).collect();
    for at in &application.code.files {
        let file = &input.files.files[*at];
        let is_source = FileKind::of(&file.below).has_code() && file.is_of_program();
        if !is_source || !signs.iter().any(|word| file.source.text().contains(word)) {
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
