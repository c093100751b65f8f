//! Variables with the addresses of other programs of the repository: `AUTH_URL`, `API_HOST`.

use std::collections::BTreeSet;

use super::connection::Connection;
use super::mention::{ConnectionRole, is_about_itself, parts};
use super::mentions::Mentions;
use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::facts::built_server::image_variable;
use crate::emit::facts::example::{nearest_example, place};
use crate::emit::input::EmitInput;
use crate::emit::server_image::{LOCAL_HOSTS, is_service_host, service_name};
use crate::secret;
use crate::sources::variables::{Absence, VariableRead};
use crate::variables::ExampleVariable;

/// The variables of each program that say where another one is, where their own values do not lead to it.
pub(in crate::emit) fn program_connections(
    input: &EmitInput,
    applications: &[Application],
    mentions: &[Mentions],
) -> Vec<Vec<Connection>> {
    let of = |(application, mentions): (&Application, &Mentions)| {
        let mut connections: Vec<Connection> = Vec::new();
        if application.server.is_some() {
            return connections;
        }
        let all = mentions.all.iter().chain(&mentions.optional);
        let mut known: BTreeSet<&str> = all.filter_map(|mention| mention.variable.as_deref()).collect();
        for (file, read) in &application.code.reads {
            if !known.insert(&read.name) {
                continue;
            }
            let known = (*file, read);
            let Some((target, value)) = address(input, application, known, applications) else { continue };
            connections.push(Connection {
                has_default: true,
                backend: target.name.clone(),
                variable: Some(read.name.clone()),
                value,
                place: Some(place(&input.files.files[*file].source, read.at)),
            });
        }
        connections
    };
    applications.iter().zip(mentions).map(of).collect()
}

/// The program that a variable is to lead to, and the value that does.
fn address<'a, 'i>(
    input: &EmitInput,
    application: &Application,
    (file, read): (usize, &VariableRead),
    applications: &'a [Application<'i>],
) -> Option<(&'a Application<'i>, String)> {
    let upper = read.name.to_ascii_uppercase();
    let others =
        || applications.iter().filter(|known| known.dockerfile != application.dockerfile && takes_requests(known));
    let shown = shown_value(input, (file, read));
    let is_for_others = data::ADDRESS_WORDS.with("for-others").any(|word| upper.contains(word));
    let is_set = image_variable(application, &read.name).is_some_and(|value| !value.is_empty());
    if is_set || is_for_others || is_about_itself(&upper) || secret::is_bundled(&read.name) {
        return None;
    }
    if let Some(bare) = shown.as_deref().and_then(BareAddress::of) {
        return bare.target(application, &others().collect::<Vec<_>>());
    }
    let (words, last, role) = parts(&upper)?;
    let is_for_people = |word: &&str| {
        data::NAME_WORDS.has(&word.to_ascii_lowercase(), "front-end") || data::ADDRESS_WORDS.has(word, "for-browsers")
    };
    // `API_URL` of `api` is its own address.
    let has_own_name = |word: &&str| application.words_of_name().any(|part| part.eq_ignore_ascii_case(word));
    let is_own = words.iter().any(has_own_name)
        || application.port_variable.as_ref().is_some_and(|variable| variable.name == read.name);
    if is_own || words.iter().any(is_for_people) {
        return None;
    }
    match (shown, role) {
        (Some(shown), ConnectionRole::Url) => {
            let (host, port) = local_address(&shown)?;
            let mut of_port = others().filter(|known| known.port == Some(port));
            let (target, None) = (of_port.next()?, of_port.next()) else { return None };
            Some((target, shown.replacen(&format!("{host}:{port}"), &format!("{}:{port}", target.name), 1)))
        }
        (None, role) => {
            let is_front = is_front(application);
            let target = program_of(&words, &others().collect::<Vec<_>>(), is_front && role == ConnectionRole::Url)?;
            let port = target.port?;
            let value = match role {
                ConnectionRole::Url => format!("http://{}:{port}", target.name),
                // An address has its port, unless another variable holds that.
                ConnectionRole::Host if last.starts_with("ADDR") && !has_port(application, &words) => {
                    format!("{}:{port}", target.name)
                }
                ConnectionRole::Host => target.name.clone(),
                ConnectionRole::Port => port.to_string(),
                _ => return None,
            };
            Some((target, value))
        }
        _ => None,
    }
}

/// Whether a program reads the port behind an address from a variable of its own: `USER_PORT` beside `USER_ADDR`.
fn has_port(application: &Application, words: &[&str]) -> bool {
    application.code.reads.iter().any(|(_, read)| {
        let upper = read.name.to_ascii_uppercase();
        parts(&upper).is_some_and(|(known, _, role)| role == ConnectionRole::Port && known == words)
    })
}

/// What an example, or else the source, has for a variable.
fn shown_value(input: &EmitInput, (file, read): (usize, &VariableRead)) -> Option<String> {
    let is_shown = |known: &ExampleVariable| known.name == read.name && !known.value.is_empty();
    let default = match &read.absence {
        Absence::Default(value) => Some(value.clone().unwrap_or_default()),
        _ => None,
    };
    nearest_example(input, file, is_shown).map(|known| known.value.clone()).or(default)
}

/// `localhost:50051`: an address without a scheme, as gRPC and servers of Go take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct BareAddress<'t> {
    host: &'t str,
    port: u16,
}

impl<'t> BareAddress<'t> {
    fn of(text: &'t str) -> Option<Self> {
        let (host, port) = text.split_once(':')?;
        (LOCAL_HOSTS.contains(&host) || is_service_host(host)).then_some(())?;
        Some(Self { host, port: port.parse().ok()? })
    }

    /// The program that it means, and its address; `None` where it leads there as it is.
    fn target<'a, 'i>(
        self,
        application: &Application,
        others: &[&'a Application<'i>],
    ) -> Option<(&'a Application<'i>, String)> {
        let is_it = |known: &&&Application| {
            if LOCAL_HOSTS.contains(&self.host) {
                known.port == Some(self.port)
            } else {
                service_name(&known.name) == service_name(self.host)
            }
        };
        // Where it listens itself is no address of another one.
        if LOCAL_HOSTS.contains(&self.host) && application.port == Some(self.port) {
            return None;
        }
        let mut targets = others.iter().filter(is_it);
        let (target, None) = (targets.next()?, targets.next()) else { return None };
        let port = if target.published_ports().contains(&self.port) { self.port } else { target.port? };
        let value = format!("{}:{port}", target.name);
        (target.name != self.host || port != self.port).then_some((*target, value))
    }
}

/// Whether the name of a program says that people open its pages.
pub(in crate::emit) fn is_front(application: &Application) -> bool {
    application.words_of_name().any(|part| data::NAME_WORDS.has(part, "front-end") || part == "web")
}

/// Whether a program is one that others may ask.
pub(in crate::emit) fn takes_requests(application: &Application) -> bool {
    application.port.is_some() && !application.is_worker && !application.is_scheduler && application.server.is_none()
}

/// The host and the port of a URL that means the container itself.
pub(super) fn local_address(url: &str) -> Option<(&'static str, u16)> {
    let (_, rest) = url.split_once("://")?;
    LOCAL_HOSTS.into_iter().find_map(|host| {
        let port = rest.strip_prefix(host)?.strip_prefix(':')?;
        let end = port.find(|c: char| !c.is_ascii_digit()).unwrap_or(port.len());
        Some((host, port[..end].parse().ok()?))
    })
}

/// The program that words of a variable mean: the one with a word of its name, else, for a front end, the only one that is
/// none.
pub(in crate::emit) fn program_of<'a, 'i>(
    words: &[&str],
    others: &[&'a Application<'i>],
    may_be_general: bool,
) -> Option<&'a Application<'i>> {
    let is_general = |word: &&&str| data::ADDRESS_WORDS.has(word, "of-any-program");
    let says: Vec<&&str> = words.iter().filter(|word| !is_general(word)).collect();
    let has = |known: &Application, word: &str| known.words_of_name().any(|part| part.eq_ignore_ascii_case(word));
    let mut named = others.iter().filter(|known| !says.is_empty() && says.iter().all(|word| has(known, word)));
    match (named.next(), named.next()) {
        (Some(known), None) => return Some(known),
        (Some(_), Some(_)) => return None,
        _ => {}
    }
    let is_backend = |word: &str| data::ADDRESS_WORDS.has(&word.to_ascii_uppercase(), "of-backend");
    if !may_be_general || says.is_empty() || !says.iter().all(|word| is_backend(word)) {
        return None;
    }
    let mut backends: Vec<&'a Application> = others.iter().copied().filter(|known| !is_front(known)).collect();
    if backends.len() > 1 {
        backends.retain(|known| known.words_of_name().any(is_backend));
    }
    match backends[..] {
        [known] => Some(known),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{BareAddress, local_address};

    #[test]
    fn addresses_without_a_scheme() {
        let address = |text| BareAddress::of(text).map(|known| (known.host, known.port));
        assert_eq!(address("localhost:50051"), Some(("localhost", 50051)));
        assert_eq!(address("user_service:50051"), Some(("user_service", 50051)));
        for text in ["users.example.com:443", "http://users:80", "users", ":8080", "users:x", "a:1:2"] {
            assert_eq!(address(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_of_the_container_itself() {
        assert_eq!(local_address("http://localhost:5000/api"), Some(("localhost", 5000)));
        assert_eq!(local_address("ws://127.0.0.1:80"), Some(("127.0.0.1", 80)));
        for text in
            ["http://api:5000", "localhost:5000", "http://localhost", "http://localhost:x", "http://localhosts:1", ""]
        {
            assert_eq!(local_address(text), None, "{text}");
        }
    }
}
