//! Addresses of servers in the settings of frameworks, which variables override: `spring.datasource.url` is
//! `SPRING_DATASOURCE_URL`, `ConnectionStrings:Default` is `ConnectionStrings__Default`.

use std::collections::BTreeSet;

use super::fixed_address::database_client;
use super::mention::{ConnectionRole, Mention, UrlParts, connection_parts};
use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::facts::example::place;
use crate::emit::facts::spring_config::program_settings;
use crate::emit::input::EmitInput;
use crate::emit::server_image::{ServerImage, is_service_host, is_word};
use crate::manifest::{Ecosystem, FileKind};
use crate::sources::literals::StringLiteral;
use crate::sources::settings::{setting_name, settings_of};
use crate::text::path;

/// Where .NET has the addresses of servers.
const CONNECTION_STRINGS: &str = "ConnectionStrings";

/// The variables that override the settings with which a program finds its servers.
pub(super) fn setting_addresses(
    input: &EmitInput,
    application: &Application,
    clients: &[(&'static str, ServerImage)],
) -> Vec<Mention> {
    let mut mentions = spring_addresses(input, application, clients);
    mentions.extend(dotnet_addresses(input, application, clients));
    mentions
}

/// The row of a server that a program has a client of.
fn row_of(service: &str, clients: &[(&'static str, ServerImage)]) -> Option<ServerImage> {
    if service == "sql" {
        return database_client(clients);
    }
    let row = ServerImage::of_service(service)?;
    clients.iter().any(|(_, known)| known.host == row.host).then_some(row)
}

/// Whether a host is this machine, or may be the name of a service.
fn may_be_here(host: &str) -> bool {
    let host = host.split([':', ',']).next().unwrap_or_default();
    matches!(host, "localhost" | "127.0.0.1") || is_service_host(host)
}

/// What a setting of Spring says of a server.
fn role(row: data::Row) -> ConnectionRole {
    match row[2] {
        "url" => ConnectionRole::Url,
        "host" => ConnectionRole::Host,
        "port" => ConnectionRole::Port,
        "user" => ConnectionRole::User,
        "password" => ConnectionRole::Password,
        _ => ConnectionRole::Fixed,
    }
}

/// The settings of a program of Spring, each with its file, those of all profiles first.
struct SpringSettings<'e> {
    input: &'e EmitInput<'e>,
    all: Vec<(usize, StringLiteral)>,
}

impl SpringSettings<'_> {
    fn get(&self, name: &str) -> Option<&(usize, StringLiteral)> {
        self.all.iter().find(|(_, known)| setting_name(known) == Some(name))
    }

    /// The server that an address in the settings leads to; `None` where a variable says it already, or it is elsewhere.
    fn server(&self, row: data::Row, clients: &[(&'static str, ServerImage)]) -> Option<ServerImage> {
        if !matches!(role(row), ConnectionRole::Url | ConnectionRole::Host) {
            return None;
        }
        let ((_, address), server) = (self.get(row[0])?, row_of(row[1], clients)?);
        let url = UrlParts::of(&address.text);
        let host = url.as_ref().map_or(&address.text, |url| &url.host);
        let is_of_server =
            |url: &UrlParts| ServerImage::with_scheme(url.kind()).is_some_and(|row| row.host == server.host);
        let is_address = role(row) != ConnectionRole::Url
            || server.schemes == "-"
            || server.service.starts_with("kafka")
            || url.as_ref().is_some_and(is_of_server);
        (is_address && !address.text.contains("${") && may_be_here(host)).then_some(server)
    }

    /// The variable that overrides a setting beside an address of a server, where it has to.
    fn mention(&self, server: ServerImage, address: &str, known: data::Row) -> Option<Mention> {
        let value = self.get(known[0]);
        let text = value.map(|(_, known)| known.text.clone()).filter(|text| !text.is_empty());
        let is_other = |wanted: &str| text.as_ref().is_some_and(|text| text != wanted);
        let is_login = value.is_some() || server.asks_for_login();
        let (is_wanted, text) = match (role(known), known[2].split_once(':')) {
            (_, Some(("login", wanted))) => (self.has_user(address) || is_other(wanted), Some(wanted.to_owned())),
            (_, Some((_, wanted))) => (is_other(wanted), Some(wanted.to_owned())),
            // The password of a setting is nobody's secret.
            (ConnectionRole::Password, _) => (is_login, None),
            (ConnectionRole::User, _) => (is_login, text),
            (ConnectionRole::Port, _) => (value.is_some(), text),
            _ => (known[0] == address, text),
        };
        if !is_wanted || value.is_some_and(|(_, known)| known.text.contains("${")) {
            return None;
        }
        Some(Mention {
            variable: Some(spring_variable(known[0])),
            role: role(known),
            row: server,
            value: text,
            // A right port needs no variable.
            has_default: role(known) == ConnectionRole::Port,
            is_setting: true,
            reason: format!("`{}` is a setting of the program", known[0]),
            place: value.map(|(file, known)| place(&self.input.files.files[*file].source, known.at)),
        })
    }

    /// Whether the settings beside an address have a user.
    fn has_user(&self, address: &str) -> bool {
        rows_beside(address).any(|row| role(row) == ConnectionRole::User && self.get(row[0]).is_some())
    }
}

/// The variable that overrides a setting of Spring.
pub(super) fn spring_variable(setting: &str) -> String {
    setting.to_ascii_uppercase().replace('.', "_").replace('-', "")
}

/// What stands in front of the last part of a setting: `spring.datasource`.
fn prefix(setting: &str) -> &str {
    setting.rsplit_once('.').map_or(setting, |(prefix, _)| prefix)
}

/// The settings of the server that one has the address of.
fn rows_beside(address: &str) -> impl Iterator<Item = data::Row> {
    let prefix = format!("{}.", prefix(address));
    data::SETTING_ADDRESSES.rows().filter(move |known| known[0].starts_with(&prefix))
}

fn spring_addresses(
    input: &EmitInput,
    application: &Application,
    clients: &[(&'static str, ServerImage)],
) -> Vec<Mention> {
    let mut settings = SpringSettings { input, all: program_settings(input, application) };
    settings.all.sort_by_key(|(file, _)| path::name(&input.files.files[*file].below).contains('-'));
    let mut mentions: Vec<Mention> = Vec::new();
    let mut servers: BTreeSet<(&str, &str)> = BTreeSet::new();
    for row in data::SETTING_ADDRESSES.rows() {
        let Some(server) = settings.server(row, clients) else { continue };
        if servers.insert((row[1], prefix(row[0]))) {
            mentions.extend(rows_beside(row[0]).filter_map(|known| settings.mention(server, row[0], known)));
        }
    }
    mentions
}

fn dotnet_addresses(
    input: &EmitInput,
    application: &Application,
    clients: &[(&'static str, ServerImage)],
) -> Vec<Mention> {
    let mut mentions: Vec<Mention> = Vec::new();
    if application.projects().all(|project| project.ecosystem != Ecosystem::DotNet) {
        return mentions;
    }
    let is_settings = |name: &str| name == "appsettings.json" || name == "appsettings.Production.json";
    let files = application.code_files(input).filter(|file| is_settings(path::name(&file.below)));
    for file in files {
        for setting in settings_of("appsettings.json", file.source.text()) {
            let key = setting_name(&setting).unwrap_or_default();
            let Some(name) = key.strip_prefix(CONNECTION_STRINGS).and_then(|rest| rest.strip_prefix('.')) else {
                continue;
            };
            let quoted = [format!("\"{name}\""), format!("{CONNECTION_STRINGS}:{name}\"")];
            let is_read = application.code_files(input).any(|file| {
                FileKind::of(&file.below).has_code() && quoted.iter().any(|word| file.source.text().contains(word))
            });
            let known = if is_read { connection(&setting.text, clients) } else { None };
            let Some((row, value)) = known else { continue };
            let variable = format!("{CONNECTION_STRINGS}__{name}");
            let is_known =
                |known: &Mention| known.variable.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(&variable));
            if mentions.iter().any(is_known) || !is_word(name) {
                continue;
            }
            let place = Some(place(&file.source, setting.at));
            let mention = |variable: Option<String>, role: ConnectionRole, value: Option<String>| Mention {
                variable,
                role,
                row,
                value,
                has_default: false,
                is_setting: true,
                reason: format!("`{CONNECTION_STRINGS}:{name}` is a setting of the program"),
                place: place.clone(),
            };
            let parts = connection_parts(&setting.text);
            let user = parts.iter().find(|(known, _)| *known == ConnectionRole::User).map(|(_, value)| *value);
            let user = user.filter(|user| is_word(user)).map(str::to_owned);
            mentions.extend(user.map(|user| mention(None, ConnectionRole::User, Some(user))));
            mentions.push(mention(Some(variable), ConnectionRole::Url, value));
        }
    }
    mentions
}

/// The server of a connection string, and its value where that says more than a host.
fn connection(text: &str, clients: &[(&'static str, ServerImage)]) -> Option<(ServerImage, Option<String>)> {
    if let Some(url) = UrlParts::of(text) {
        let row = ServerImage::with_scheme(url.kind())?;
        let is_client = clients.iter().any(|(_, known)| known.host == row.host);
        return (is_client && may_be_here(&url.host)).then(|| (row, Some(text.to_owned())));
    }
    let parts = connection_parts(text);
    if let Some((_, host)) = parts.iter().find(|(role, _)| *role == ConnectionRole::Host) {
        return may_be_here(host).then(|| database_client(clients)).flatten().map(|row| (row, Some(text.to_owned())));
    }
    // `localhost:6379`, with options behind a comma.
    let (host, port) = text.split(',').next()?.split_once(':')?;
    let port: u16 = port.parse().ok()?;
    let mut rows = clients.iter().map(|(_, row)| *row);
    if may_be_here(host) { rows.find(|row| row.port() == Some(port)).map(|row| (row, None)) } else { None }
}
