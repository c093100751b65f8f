//! See `rules/exposed-port-unused.md`.

use super::Context;
use crate::build::ListeningOrigin;
use crate::finding::Findings;

super::rule!("exposed-port-unused", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let Some(listening) = build.listening(stage) else { return };
    let Some((port, origin)) = listening.port.filter(|(port, _)| *port > 0) else { return };
    let Some(exposed) = build.all_exposed_ports(stage) else { return };
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
        [exposed] if exposed.is_plain => {
            finding.unsafe_edit(format!("expose {port}"), why, exposed.span, port.to_string())
        }
        _ => finding,
    });
}
