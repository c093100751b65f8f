//! See `rules/loopback-only.md`.

use super::Context;
use crate::build::ListeningOrigin;
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("loopback-only", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    // A program that is called only within its pod exposes no port.
    if build.last(stage, Keyword::Expose).is_none() {
        return;
    }
    let Some(listening) = build.listening(stage) else { return };
    let Some((host, origin)) = &listening.host else { return };
    if !matches!(host.as_str(), "127.0.0.1" | "localhost" | "[::1]" | "::1") {
        return;
    }
    let server = listening.server;
    let (span, message) = match origin {
        ListeningOrigin::Word(span) => {
            (*span, format!("`{server}` listens only on {host}, so it cannot be reached from outside the container"))
        }
        _ => (
            listening.span,
            format!("`{server}` listens only on {host} by default, so it cannot be reached from outside the container"),
        ),
    };
    let finding = cx.finding(span, message).help("listen on 0.0.0.0");
    let source = build.input().file.source();
    let why = "other containers and published ports can then reach it";
    let text = source.slice(span).to_owned();
    let edited = text.replacen(host.as_str(), "0.0.0.0", 1);
    out.push(match origin {
        ListeningOrigin::Word(_) if edited != text => finding.unsafe_edit("listen on 0.0.0.0", why, span, edited),
        _ => finding,
    });
}
