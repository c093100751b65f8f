//! The images of servers (`data/server_images.tsv`), and the names of services.

use crate::data;
use crate::stack::known_service;

/// A row of `data/server_images.tsv`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerImage {
    pub(super) service: &'static str,
    pub(crate) host: &'static str,
    pub(super) image: &'static str,
    pub(super) data: &'static str,
    pub(crate) settings: &'static str,
    pub(super) command: &'static str,
    pub(super) schemes: &'static str,
    pub(crate) names: &'static str,
    pub(super) secured: &'static str,
    pub(super) administrator: &'static str,
}

impl ServerImage {
    /// All rows.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        data::SERVER_IMAGES.rows().filter_map(|cells| match cells {
            &[service, host, image, data, settings, command, schemes, names, secured, administrator, ..] => {
                Some(Self { service, host, image, data, settings, command, schemes, names, secured, administrator })
            }
            _ => None,
        })
    }

    pub(crate) fn of_service(service: &str) -> Option<Self> {
        Self::all().find(|row| row.service == service)
    }

    /// The server that a package of `data/client_libraries.tsv` talks to.
    pub(crate) fn of_client(row: data::Row) -> Option<Self> {
        Self::of_service(row[2].trim_end_matches('?'))
    }

    /// Whether the name of a variable has words for it: one of these, or several at the start of the name.
    pub(super) fn is_named(self, name: &str, words: &[&str]) -> bool {
        let starts = |known: &str| name.strip_prefix(known).is_some_and(|rest| rest.starts_with('_'));
        data::words(self.names).any(|known| words.contains(&known) || known.contains('_') && starts(known))
    }

    /// The row with a scheme of URLs.
    pub(super) fn with_scheme(scheme: &str) -> Option<Self> {
        Self::all().find(|row| row.url_schemes().any(|known| known == scheme))
    }

    /// The schemes of its URLs, the usual one first.
    pub(super) fn url_schemes(self) -> impl Iterator<Item = &'static str> {
        data::words(self.schemes).map(|scheme| scheme.split('=').next().unwrap_or_default())
    }

    /// The port behind a scheme, where that is not the first one.
    pub(super) fn port_of_scheme(self, scheme: &str) -> Option<u16> {
        let mut ports = data::words(self.schemes).filter_map(|known| known.split_once('='));
        ports.find(|(known, _)| *known == scheme)?.1.parse().ok()
    }

    /// Whether it holds databases that have names, and schemas to be brought up to date.
    pub(crate) fn is_database(self) -> bool {
        self.settings.contains("{database}")
    }

    /// What its clients speak: those of Redis talk to Valkey, and those of `MySQL` to `MariaDB`.
    pub(crate) fn protocol(self) -> &'static str {
        match self.host {
            "valkey" => "redis",
            "mariadb" => "mysql",
            host => host,
        }
    }

    /// Whether its image starts it without a command; that of `RabbitMQ` only allows more.
    pub(crate) fn starts_by_itself(self) -> bool {
        self.command == "-" || self.host == "rabbitmq"
    }

    /// Whether clients give a name and a password.
    pub(super) fn asks_for_login(self) -> bool {
        self.settings.contains("{user")
    }

    /// The variables with which it asks for a login, where it does so only then.
    pub(super) fn login_settings(self) -> Option<&'static str> {
        (self.secured.contains("{user}")).then_some(self.secured)
    }

    /// The only user that the server sets up: `neo4j`.
    pub(super) fn only_user(self) -> Option<&'static str> {
        Some(self.settings.split_once("{user:")?.1.split_once('}')?.0)
    }

    /// Its settings where programs log in as a user: other ones for the administrator, whom no variable may make.
    pub(super) fn settings_of(self, user: &str) -> String {
        match self.administrator.split_once(' ') {
            Some((name, settings)) if name == user => settings.to_owned(),
            _ => self.settings.replace(&format!("{{user:{user}}}"), "{user}"),
        }
    }

    /// The port that it listens on.
    pub(crate) fn port(self) -> Option<u16> {
        self.ports().next()
    }

    /// All ports that it listens on, the usual one first.
    pub(super) fn ports(self) -> impl Iterator<Item = u16> {
        known_service(self.image).into_iter().flat_map(|known| known.ports().collect::<Vec<_>>())
    }
}

/// A text as the name of a service: small letters, digits and dashes.
pub(super) fn service_name(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    plain.collect::<String>().trim_matches('-').to_owned()
}

/// Whether a text is a name that needs no quotes anywhere.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

/// Hosts that mean the container itself.
pub(super) const LOCAL_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "0.0.0.0"];

/// Whether a host may be the name of a service: not this machine, and no name of the network.
pub(super) fn is_service_host(host: &str) -> bool {
    is_word(host)
        && host != "localhost"
        && !host.contains(|c: char| c.is_ascii_uppercase())
        && host.starts_with(|c: char| c.is_ascii_lowercase())
        && host.ends_with(|c: char| c.is_ascii_alphanumeric())
}
