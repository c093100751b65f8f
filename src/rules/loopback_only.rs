//! See `rules/loopback-only.md`.

use super::Context;
use crate::build::ListeningOrigin;
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("loopback-only", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    // A program that only others in its pod call has no port to expose.
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
            (*span, format!("`{server}` listens on {host} alone: no one outside of the container reaches it"))
        }
        _ => (
            listening.span,
            format!("`{server}` listens on {host} unless told otherwise: no one outside of the container reaches it"),
        ),
    };
    let finding = cx.finding(span, message).help("listen on 0.0.0.0");
    let source = build.input().file.source();
    let why = "other containers and published ports reach it then";
    let text = source.slice(span).to_owned();
    let edited = text.replacen(host.as_str(), "0.0.0.0", 1);
    out.push(match origin {
        ListeningOrigin::Word(_) if edited != text => finding.unsafe_edit("listen on 0.0.0.0", why, span, edited),
        _ => finding,
    });
}
