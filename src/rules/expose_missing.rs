//! See `rules/expose-missing.md`.

use super::Context;
use crate::build::{BaseImage, StageBase};
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("expose-missing", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target().filter(|stage| build.listening(stage).is_some()) else { return };
    // A base image that starts a program also exposes its ports.
    let starts_nothing = match build.root_base(stage) {
        StageBase::Image(name) => BaseImage::of(name).has_entrypoint() == Some(false),
        base => *base == StageBase::Scratch,
    };
    if build.last(stage, Keyword::Expose).is_some() || !starts_nothing {
        return;
    }
    let Some((_, starts)) = build.last(stage, Keyword::Cmd).or_else(|| build.last(stage, Keyword::Entrypoint)) else {
        return;
    };
    let finding = cx.finding(starts.head, "this starts a server, but no EXPOSE documents its port");
    out.push(finding.help("document the port with EXPOSE"));
}
