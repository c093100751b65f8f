//! Hosts that the variables of a program name, and that nothing here says who they are: `http://ollama:11434`.

use super::mention::{ConnectionRole, UrlParts, is_about_itself, parts};
use super::program::Program;
use crate::data;
use crate::emit::facts::example::{nearest_example, place};
use crate::emit::input::EmitInput;
use crate::emit::server_image::{ServerImage, is_service_host};
use crate::sources::variables::Absence;
use crate::variables::ExampleVariable;

/// A host that a variable names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::emit) struct UnknownHost {
    pub(in crate::emit) name: String,
    pub(in crate::emit) variable: String,
    /// Where the variable is read.
    pub(in crate::emit) place: String,
}

/// The hosts that a program's variables have by themselves, where the compose file gives them no other value.
pub(in crate::emit) fn unknown_hosts(input: &EmitInput, program: &Program) -> Vec<UnknownHost> {
    let mut hosts: Vec<UnknownHost> = Vec::new();
    for (file, read) in &program.application.code.reads {
        let is_given = program.settled.contains(&read.name)
            || program.connections.iter().any(|known| known.variable.as_ref() == Some(&read.name))
            || hosts.iter().any(|known| known.variable == read.name);
        if is_given {
            continue;
        }
        let is_value =
            |known: &ExampleVariable| known.name == read.name && !known.value.is_empty() && !known.is_comment;
        let default = match &read.absence {
            Absence::Default(value) => value.as_deref(),
            _ => None,
        };
        let value = nearest_example(input, *file, is_value).map(|known| known.value.as_str()).or(default);
        let Some(name) = value.and_then(|value| host(&read.name, value)) else { continue };
        let source = &input.files.files[*file].source;
        hosts.push(UnknownHost { name, variable: read.name.clone(), place: place(source, read.at) });
    }
    hosts
}

/// The host in a value that is the name of a service.
fn host(variable: &str, value: &str) -> Option<String> {
    let upper = variable.to_ascii_uppercase();
    if is_about_itself(&upper) {
        return None;
    }
    let is_host = || parts(&upper).is_some_and(|(.., role)| role == ConnectionRole::Host);
    let is_web = |scheme: &str| scheme.starts_with("http") || matches!(scheme, "ws" | "wss" | "tcp" | "grpc");
    let host = match UrlParts::of(value) {
        Some(url) if is_web(&url.scheme) || ServerImage::with_scheme(url.kind()).is_some() => url.host,
        None if is_host() => value.to_owned(),
        _ => return None,
    };
    let host = host.split(':').next().unwrap_or_default().to_owned();
    let is_example = data::SECRET_WORDS.has(&host, "placeholder") || host.starts_with("your") || host.contains("host");
    (is_service_host(&host) && !is_example).then_some(host)
}
