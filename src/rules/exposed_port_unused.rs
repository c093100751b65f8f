//! See `rules/exposed-port-unused.md`.

use super::Context;
use crate::build::{Build, ListeningOrigin, Stage};
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::text::Span;

super::rule!("exposed-port-unused", check);

/// The ports of an EXPOSE in the stage or the stages it is based on.
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
    if exposed.iter().any(|exposed| exposed.ports.contains(&port)) {
        return;
    }
    let message = format!("nothing listens on the exposed port: `{}` listens on {port}", listening.server);
    let (place, label) = match origin {
        ListeningOrigin::Word(span) => (span, format!("port {port} is set here")),
        ListeningOrigin::Variable => (listening.span, format!("a variable sets port {port}")),
        ListeningOrigin::Default => (listening.span, format!("it listens on {port} by default")),
    };
    let finding = cx.finding(first.span, message).label(place, label);
    let finding = finding.help("expose the program's port, or start the program on the exposed port");
    let why = "tools that publish or look up the exposed port get a different one";
    out.push(match exposed.as_slice() {
        [exposed] if exposed.single => {
            finding.unsafe_edit(format!("expose {port}"), why, exposed.span, port.to_string())
        }
        _ => finding,
    });
}

/// The TCP ports that the stage and the stages it is based on expose; `None` if one is not known.
fn exposed(build: &Build, stage: &Stage) -> Option<Vec<ExposedPorts>> {
    let file = &build.input().file;
    let mut all = Vec::new();
    for stage in build.chain(stage) {
        for (index, instruction) in
            build.instructions(stage).filter(|(_, instruction)| instruction.keyword == Keyword::Expose)
        {
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
