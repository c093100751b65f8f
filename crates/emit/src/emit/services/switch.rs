//! Switches that sources read, and whose defaults ask for an encryption that no server here speaks.

use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::facts::example::place;
use crate::emit::input::EmitInput;
use crate::emit::links::backend::Backends;
use crate::emit::links::connection::Connection;
use crate::emit::server_image::ServerImage;
use crate::sources::variables::{Absence, VariableRead};

/// A variable that is switched off.
pub(in crate::emit) struct Switch {
    pub(in crate::emit) name: String,
    /// Its value, with variables of Compose.
    pub(in crate::emit) value: String,
    pub(in crate::emit) reason: String,
    pub(in crate::emit) place: String,
}

/// What a switch is about.
enum SwitchTopic {
    /// The connection to a server: its name.
    Server(String),
    /// Those who send requests to the program.
    Requests,
}

/// The switches of a program to be switched off.
pub(in crate::emit) fn switches(
    input: &EmitInput,
    application: &Application,
    connections: &[Connection],
    backends: &Backends,
) -> Vec<Switch> {
    let mut switches: Vec<Switch> = Vec::new();
    for (file, read) in &application.code.reads {
        if switches.iter().any(|known| known.name == read.name) {
            continue;
        }
        let Some(topic) = topic(&read.name, connections, backends) else { continue };
        let source = &input.files.files[*file].source;
        let Some(off) = off_value(source.text(), read) else { continue };
        let (value, reason) = match topic {
            SwitchTopic::Server(server) => {
                (off, format!("{server} here speaks no TLS, which the program asks for by default"))
            }
            SwitchTopic::Requests if application.port.is_none() => continue,
            SwitchTopic::Requests => {
                let reason = "nothing here speaks TLS to those who ask, and by default the program sends them away";
                (format!("${{{}:-{off}}}", read.name), reason.to_owned())
            }
        };
        switches.push(Switch { name: read.name.clone(), value, reason, place: place(source, read.at) });
    }
    switches
}

/// What a variable switches, by its name: `DATABASE_SSL`, `REDIS_TLS_ENABLED`, `FORCE_SSL`.
fn topic(name: &str, connections: &[Connection], backends: &Backends) -> Option<SwitchTopic> {
    let upper = name.to_ascii_uppercase();
    let words: Vec<&str> = match upper.strip_prefix("PG") {
        Some(rest) if data::CONNECTION_WORDS.has(rest, "tls") => vec!["PG", rest],
        _ => upper.split('_').filter(|word| !word.is_empty()).collect(),
    };
    let has = |word: &str, role| data::CONNECTION_WORDS.has(word, role);
    let at = words.iter().position(|word| has(word, "tls"))?;
    let (before, behind) = (&words[..at], &words[at + 1..]);
    if words.iter().any(|word| has(word, "force")) && behind.iter().all(|word| has(word, "force")) && !before.is_empty()
    {
        let is_of_server = before.iter().any(|word| is_of(word, None));
        return (!is_of_server).then_some(SwitchTopic::Requests);
    }
    if !behind.iter().all(|word| has(word, "tls-end")) {
        return None;
    }
    let mut servers = connections.iter().filter_map(|known| backends.backend(&known.backend));
    let server = servers.find(|backend| before.iter().any(|word| is_of(word, Some(backend.row))))?;
    Some(SwitchTopic::Server(server.name.clone()))
}

/// Whether a word of a name means a server, or this one.
fn is_of(word: &str, row: Option<ServerImage>) -> bool {
    let is_sql = data::CONNECTION_WORDS.has(word, "sql") || data::CONNECTION_WORDS.has(word, "database");
    let names = |row: ServerImage| {
        let plain = ServerImage::all().find(|known| known.host == row.host).unwrap_or(row);
        data::words(plain.names).any(|name| name == word)
    };
    match row {
        Some(row) => names(row) || is_sql && row.is_database(),
        None => is_sql || ServerImage::all().any(names),
    }
}

/// The value that switches off what is on by default; `None` where it is off, or nothing shows how it is read.
fn off_value(text: &str, read: &VariableRead) -> Option<String> {
    let off = |on: &str| {
        let row = data::SWITCH_VALUES.row(&on.to_ascii_lowercase())?;
        let is_upper = on.chars().any(char::is_alphabetic) && on.to_ascii_uppercase() == on;
        Some(if is_upper { row[1].to_ascii_uppercase() } else { row[1].to_owned() })
    };
    match &read.absence {
        // Python's `True`.
        Absence::Default(Some(value)) => off(value),
        Absence::Default(None) => None,
        _ => {
            let line = text[..read.at].rsplit('\n').next().unwrap_or_default();
            let behind = text[read.at + read.name.len()..].lines().next().unwrap_or_default();
            let behind = behind.trim_start_matches(['"', '\'', ']', ')', ' ']);
            // What is read as JSON may be `false`; what is compared with it is on without it.
            let is_json = line
                .trim_end_matches(|c: char| c.is_ascii_alphanumeric() || "_.[\"'".contains(c))
                .ends_with("JSON.parse(");
            let is_unless_false = ["!== ", "!= "]
                .iter()
                .filter_map(|mark| behind.strip_prefix(mark))
                .any(|rest| rest.trim_start_matches(['"', '\'']).starts_with("false"));
            (is_json || is_unless_false).then(|| "false".to_owned())
        }
    }
}
