//! See `rules/empty-stage-copied.md`.

use super::{Context, copied_packages};
use crate::build::StageBase;
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("empty-stage-copied", check);

/// The most copies that are checked; no real file has more.
const MOST: usize = 1_000;

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut checked = 0;
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
        for copy in copied_packages::stage_copies(build, stage) {
            let makes = |keyword| {
                matches!(keyword, Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Workdir | Keyword::Onbuild)
            };
            checked += 1;
            if checked > MOST {
                return;
            }
            let empty = matches!(build.root_base(copy.maker), StageBase::Scratch)
                && build.chain(copy.maker).all(|copy| build.instructions(copy).all(|(_, i)| !makes(i.keyword)));
            let whole = copy.transfer.sources.iter().all(|source| {
                source.text.as_deref().is_none_or(|text| matches!(text.trim_matches('/'), "" | "." | "*"))
            });
            let Some(source) = copy.transfer.sources.first() else { continue };
            if !empty || whole {
                continue;
            }
            let title = copy.maker.title();
            let message = format!("stage `{title}` is empty: it has no files to copy");
            out.push(cx.finding(source.span, message).help("copy from the stage that contains the files"));
        }
    }
}
