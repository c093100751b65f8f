//! See `rules/exposed-port-unused.md`.

use super::Context;
use crate::build::{Build, ListeningOrigin, Stage};
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::text::Span;

super::rule!("exposed-port-unused", check);

/// What an EXPOSE of the chain says.
struct ExposedPorts {
    span: Span,
    ports: std::ops::RangeInclusive<u16>,
    single: bool,
}

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let Some(listening) = build.listening(stage) else { return };
    let Some((port, origin)) = listening.port.filter(|(port, _)| *port > 0) else { return };
    let Some(exposed) = exposed(build, stage) else { return };
    let Some(first) = exposed.first() else { return };
    if exposed.iter().any(|one| one.ports.contains(&port)) {
        return;
    }
    let message = format!("EXPOSE of a port that nobody listens on: `{}` listens on {port}", listening.server);
    let (place, what) = match origin {
        ListeningOrigin::Word(span) => (span, "here"),
        ListeningOrigin::Variable => (listening.span, "by its variable"),
        ListeningOrigin::Default => (listening.span, "by default"),
    };
    let finding = cx.finding(first.span, message).label(place, format!("it listens on {port} {what}"));
    let finding = finding.help("expose the port of the program, or start it on the port that is exposed");
    let why = "what publishes or looks up the exposed port gets another one";
    out.push(match exposed.as_slice() {
        [one] if one.single => finding.unsafe_edit(format!("expose {port}"), why, one.span, port.to_string()),
        _ => finding,
    });
}

/// The TCP ports that the stage's chain exposes; `None` where one is not known.
fn exposed(build: &Build, stage: &Stage) -> Option<Vec<ExposedPorts>> {
    let file = &build.input().file;
    let mut all = Vec::new();
    for stage in build.chain(stage) {
        for (index, instruction) in build.instructions(stage).filter(|(_, one)| one.keyword == Keyword::Expose) {
            for argument in file.list(instruction) {
                let text = build.scopes().expand(stage.index, index, &argument.text)?;
                let (ports, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
                if !protocol.eq_ignore_ascii_case("tcp") {
                    continue;
                }
                let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
                let ports = first.parse().ok()?..=last.parse().ok()?;
                all.push(ExposedPorts {
                    span: argument.span,
                    single: file.source().slice(argument.span) == first,
                    ports,
                });
            }
        }
    }
    Some(all)
}
