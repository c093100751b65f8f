//! See `rules/system-link-copied-over.md`.

use crate::build::{Build, Reference, Release, Stage, StageBase, Transfer, releases, stands_on};
use crate::data;
use crate::finding::Findings;
use crate::inputs::context::{BuildContext, ContextEntryKind, EntryId, Selection};
use crate::rules::Context;
use crate::rules::shared::copied_packages;
use crate::text::path;

crate::rules::rule!("system-link-copied-over", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(context) = cx.context() else { return };
    for stage in build.needed_stages() {
        let StageBase::Image(image) = build.root_base(stage) else { continue };
        let Some(row) = links_of(image) else { continue };
        let links: Vec<(&str, &str)> = data::words(row[2]).zip(data::words(row[3])).collect();
        let copies = build.transfers(stage).iter().filter(|copy| copy.from.is_none() && !copy.parents);
        for transfer in copies.filter(|copy| is_to_root(build, stage, copy)) {
            let replaced =
                transfer.select(context).into_iter().zip(&transfer.sources).find_map(|(selection, source)| {
                    let selection = selection?;
                    links.iter().find_map(|link| Some((folder_named(context, &selection, link.0)?, *link, source.span)))
                });
            let Some((folder, (link, to), span)) = replaced else { continue };
            let name = Reference::of(image).short_name();
            let parts = build.input().file.transfer(transfer.instruction);
            let is_linked = parts.is_some_and(|parts| parts.link == Some(true));
            let message = if is_linked {
                format!(
                    "the folder `{folder}` takes the place of `/{link}`, which is a link to `{to}` in `{name}`: what lies there is no longer found"
                )
            } else {
                format!(
                    "`/{link}` is a link in `{name}`, and `{folder}` a folder: the build fails with `cannot copy to non-directory`"
                )
            };
            out.push(cx.finding(span, message).help(format!("move its files to the folder `{to}` of the tree")));
        }
    }
}

fn is_to_root(build: &Build, stage: &Stage, transfer: &Transfer) -> bool {
    copied_packages::destination(build, stage, transfer).is_some_and(|to| to == "/")
}

/// The row of the distribution that an image is based on, if its release has such links.
fn links_of(image: &str) -> Option<data::Row> {
    let suite = stands_on(image).map(|suite| format!("debian:{suite}"));
    let known: Vec<&Release> =
        releases(image).into_iter().chain(suite.iter().flat_map(|suite| releases(suite))).collect();
    let number = |version: &str| version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    let fits = |row: &data::Row, release: &Release| {
        row[0] == release.product && number(release.version).zip(number(row[1])).is_some_and(|(has, from)| has >= from)
    };
    data::SYSTEM_LINKS.rows().find(|row| known.iter().any(|release| fits(row, release)))
}

/// The path of a folder of that name, below what a source copies, from which something is copied.
fn folder_named(context: &BuildContext, selection: &Selection, name: &str) -> Option<String> {
    selection.tops.iter().find_map(|top| {
        let above = match top {
            Some(top) if context.entry(*top).kind != ContextEntryKind::Directory => return None,
            Some(top) => context.path(*top),
            None => String::new(),
        };
        let folder = path::child(&above, name);
        let id: EntryId = context.find(&folder)?;
        let is_taken =
            selection.entries.binary_search(&id).is_ok() || !context.entries_below(&selection.entries, id).is_empty();
        (context.entry(id).kind == ContextEntryKind::Directory && is_taken).then_some(folder)
    })
}
