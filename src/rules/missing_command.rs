//! See `rules/missing-command.md`.

use super::Context;
use crate::build::{BaseImage, StageBase};
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("missing-command", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let is_set = |keyword| build.last(stage, keyword).is_some();
    if is_set(Keyword::Cmd) || is_set(Keyword::Entrypoint) {
        return;
    }
    let empty = match build.root_base(stage) {
        StageBase::Scratch => "the image starts nothing, as `scratch` has neither".to_owned(),
        StageBase::Image(name) if BaseImage::of(name).has_entrypoint() == Some(false) => {
            format!("the image starts what `{name}` starts")
        }
        _ => return,
    };
    let Some(from) = build.from_of(stage) else { return };
    let finding = cx.finding(from.head, format!("no CMD and no ENTRYPOINT: {empty}"));
    out.push(finding.help("add CMD or ENTRYPOINT"));
}
