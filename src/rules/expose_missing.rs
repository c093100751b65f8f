//! See `rules/expose-missing.md`.

use super::Context;
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("expose-missing", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target().filter(|stage| build.listening(stage).is_some()) else { return };
    // A base image that starts a program also exposes its ports.
    if build.last(stage, Keyword::Expose).is_some() || !build.has_bare_base(stage) {
        return;
    }
    let Some((_, starts)) = build.last(stage, Keyword::Cmd).or_else(|| build.last(stage, Keyword::Entrypoint)) else {
        return;
    };
    let finding = cx.finding(starts.head, "this starts a server, but no EXPOSE documents its port");
    out.push(finding.help("document the port with EXPOSE"));
}
