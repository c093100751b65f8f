//! The port that the server of an image listens on, as its Dockerfile shows it.

use crate::build::{Build, Lookup, Reference, Stage, StageBase, VariableOrigin, VariableValue, is_like};
use crate::data;
use crate::dockerfile::Keyword;
use crate::stack::known_service;

/// The port that the server of an image listens on.
#[derive(Debug, Default)]
pub(super) struct ListeningPort {
    pub(super) port: Option<u16>,
    /// The port that the base image gives to servers, where only a source may set another one.
    pub(super) default_port: Option<u16>,
    /// How that is known: the end of a sentence.
    pub(super) reason: String,
}

impl ListeningPort {
    fn new(port: u16, reason: String) -> Self {
        Self { port: Some(port), default_port: None, reason }
    }
}

/// The port that the server of an image listens on.
pub(super) fn listening_port(build: &Build, stage: &Stage) -> ListeningPort {
    if let Some((port, _)) = build.listening(stage).and_then(|listening| listening.port).filter(|(port, _)| *port > 0) {
        return ListeningPort::new(port, format!(", which listens on port {port}"));
    }
    // What the image sets counts more than EXPOSE, which sets nothing.
    if let Some(known) = port_of_image(build, stage) {
        return known;
    }
    if let Some(port) = exposed(build, stage) {
        return ListeningPort::new(port, format!(" with `EXPOSE {port}`"));
    }
    let known = match build.root_base(stage) {
        StageBase::Image(reference) if build.launch(stage).is_none() => known_service(reference),
        _ => None,
    };
    match known.and_then(|known| known.ports().next()) {
        Some(port) => ListeningPort::new(port, format!(" on a server that listens on port {port}")),
        None => ListeningPort::default(),
    }
}

/// The first port of EXPOSE in the nearest stage that has one.
fn exposed(build: &Build, stage: &Stage) -> Option<u16> {
    exposed_ports(build, stage).first().copied()
}

/// The TCP ports of EXPOSE in the nearest stage that has one, in their order; of a range the first.
pub(super) fn exposed_ports(build: &Build, stage: &Stage) -> Vec<u16> {
    let file = &build.input().file;
    let of_stage = |stage: &Stage| {
        let mut ports: Vec<u16> = Vec::new();
        for (at, instruction) in build.instructions(stage).filter(|(_, known)| known.keyword == Keyword::Expose) {
            for word in file.str(instruction.rest).split_whitespace() {
                let text = build.scopes().expand(stage.index, at, word).unwrap_or_default();
                let port = text.split(['/', '-']).next().and_then(|port| port.parse().ok());
                if let Some(port) = port.filter(|port| *port > 0 && !ports.contains(port) && !text.ends_with("/udp")) {
                    ports.push(port);
                }
            }
        }
        ports
    };
    build.chain(stage).map(of_stage).find(|ports| !ports.is_empty()).unwrap_or_default()
}

/// The port that a base image gives to servers (`data/image_ports.tsv`), or the Dockerfile by a variable of it.
fn port_of_image(build: &Build, stage: &Stage) -> Option<ListeningPort> {
    let StageBase::Image(image) = build.root_base(stage) else { return None };
    let reference = Reference::of(image);
    let (name, tag) = (reference.short_name(), reference.tag.unwrap_or("latest"));
    let row =
        data::IMAGE_PORTS.rows().find(|row| row[0] == name && data::words(row[1]).any(|tags| is_like(tags, tag)))?;
    let set = data::words(row[2]).find_map(|name| Some((name, first_port(&variable(build, stage, name)?)?)));
    if let Some((name, port)) = set {
        return Some(ListeningPort::new(port, format!(", which listens on port {port} by `{name}`")));
    }
    let port = row[3].parse().ok()?;
    let reason = format!(" on an image whose servers listen on port {port}");
    Some(ListeningPort { port: None, default_port: Some(port), reason })
}

/// The value of a variable that ENV sets.
fn variable(build: &Build, stage: &Stage, name: &str) -> Option<String> {
    match build.scopes().lookup(stage.index, name, usize::MAX) {
        Lookup::Defined(known) if known.origin == VariableOrigin::Env => match &known.value {
            VariableValue::Known(text) => Some(text.to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// The first port in a list of ports or URLs that no TLS is spoken on: `http://+:5000;https://+:5001`, `8080;8081`.
fn first_port(text: &str) -> Option<u16> {
    let mut parts = text.split([';', ',']).map(str::trim).filter(|part| !part.starts_with("https:"));
    parts.find_map(|part| match part.split_once("://") {
        Some((_, address)) => match address.trim_end_matches('/').rsplit_once(':') {
            Some((_, port)) => port.parse().ok(),
            None => Some(80),
        },
        None => part.parse().ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::{BuildInput, BuildOptions};
    use crate::text::Source;

    #[track_caller]
    fn port(dockerfile: &str) -> Option<u16> {
        let input = BuildInput::new(&Source::of("Dockerfile", dockerfile), BuildOptions::default());
        let build = Build::new(&input);
        let known = listening_port(&build, build.target().unwrap());
        known.port.or(known.default_port)
    }

    #[test]
    fn servers_listen_where_their_image_says() {
        let with = |tag: &str, rest: &str| {
            let base = format!("FROM mcr.microsoft.com/dotnet/aspnet:{tag}\n{rest}");
            port(&format!("{base}ENTRYPOINT [\"dotnet\", \"Shop.dll\"]\n"))
        };
        assert_eq!(with("10.0", ""), Some(8080));
        assert_eq!(with("8.0-alpine", ""), Some(8080));
        assert_eq!(with("6.0", ""), Some(80));
        assert_eq!(with("7.0-jammy", ""), Some(80));
        // EXPOSE sets nothing.
        assert_eq!(with("8.0", "EXPOSE 80\nEXPOSE 443\n"), Some(8080));
        assert_eq!(with("8.0", "ENV ASPNETCORE_HTTP_PORTS=5000\n"), Some(5000));
        assert_eq!(with("8.0", "ENV ASPNETCORE_URLS=https://+:7001;http://+:7000\n"), Some(7000));
        assert_eq!(with("6.0", "ENV ASPNETCORE_URLS=http://*:5005/\n"), Some(5005));
        assert_eq!(with("8.0", "ENV ASPNETCORE_URLS=http://+\n"), Some(80));
        assert_eq!(port("FROM mcr.microsoft.com/dotnet/runtime:8.0\nENTRYPOINT [\"dotnet\", \"Job.dll\"]\n"), None);
    }

    #[test]
    fn the_first_exposed_port_counts() {
        assert_eq!(port("FROM debian:13\nEXPOSE 3000 3001\nEXPOSE 443\nCMD [\"/srv\"]\n"), Some(3000));
        assert_eq!(port("FROM debian:13\nENV PORT=4000\nEXPOSE $PORT/tcp\nCMD [\"/srv\"]\n"), Some(4000));
        assert_eq!(
            port("FROM debian:13 AS base\nEXPOSE 80\nFROM base\nEXPOSE 8000-8010\nCMD [\"/srv\"]\n"),
            Some(8000)
        );
        assert_eq!(port("FROM debian:13\nARG PORT\nEXPOSE $PORT\nCMD [\"/srv\"]\n"), None);
        assert_eq!(port("FROM debian:13\nEXPOSE 53/udp 8053\nCMD [\"/srv\"]\n"), Some(8053));
        assert_eq!(port("FROM debian:13\nEXPOSE\nEXPOSE é\nCMD [\"/srv\"]\n"), None);
    }
}
