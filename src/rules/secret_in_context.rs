//! See `rules/secret-in-context.md`.

use std::collections::BTreeSet;

use super::Context;
use super::ignore_lines::{brought_back_by_git, with_lines};
use crate::build::{Build, Transfer, may_take_in};
use crate::finding::{Findings, Safety};
use crate::inputs::IgnoreInput;
use crate::inputs::context::{BuildContext, ClassMatch, EntryId};
use crate::text::path;

super::rule!("secret-in-context", check);

/// The number of files that a message names.
const NAMED: usize = 4;

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(context) = cx.context() else { return };
    let stages = build.needed_stages();
    // A file is reported once, for the stage that ships it if there is one.
    let mut transfers: Vec<(bool, &Transfer)> = stages
        .flat_map(|stage| build.transfers(stage).iter().map(|transfer| (build.ships(stage), transfer)))
        .filter(|(_, transfer)| transfer.from.is_none())
        .collect();
    transfers.sort_by_key(|(ships, transfer)| (!ships, transfer.index));
    let secrets: Vec<&ClassMatch> = secrets(cx, context);
    if secrets.is_empty() {
        return;
    }
    let mut reported: BTreeSet<EntryId> = BTreeSet::new();
    for (ships, transfer) in &transfers {
        let selections = transfer.select(context);
        let takes = |entry: EntryId| {
            selections.iter().flatten().any(|selection| selection.entries.binary_search(&entry).is_ok())
        };
        let new: Vec<&&ClassMatch> =
            secrets.iter().filter(|secret| takes(secret.entry) && reported.insert(secret.entry)).collect();
        if new.is_empty() {
            continue;
        }
        let names: Vec<String> = new.iter().take(NAMED).map(|new| format!("`{}`", context.path(new.entry))).collect();
        let more = new.len() - names.len();
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let (verb, them) = if new.len() == 1 { ("is sent", "its name") } else { ("are sent", "their names") };
        let place = if *ships { "into the image" } else { "to the builder and its cache" };
        let message = format!("{}{more} {verb} {place}: judging by {them}, they contain secrets", names.join(", "));
        let message = if new.len() == 1 { message.replace("they contain", "it contains") } else { message };
        let mut finding = cx.finding(transfer.instruction.head, message).help("exclude them in .dockerignore");
        let kept: Vec<String> =
            new.iter().map(|new| context.path(new.entry)).filter(|path| is_wanted(cx, path)).collect();
        let excluded = new.iter().filter(|new| !kept.contains(&context.path(new.entry)));
        let mut patterns: Vec<String> = excluded.map(|new| new.pattern.clone()).collect();
        let notes = kept.iter().map(|path| format!("not excluded by a fix: the program may insist on `{path}`"));
        finding.notes.extend(notes);
        patterns.sort_unstable();
        patterns.dedup();
        let safety = Safety::Unsafe("the program may read its settings from such a file in the image".into());
        let broken = matches!(cx.ignore(), IgnoreInput::Present(_, file) if file.error().is_some());
        out.push(if broken || !is_own(cx) { finding } else { with_lines(cx, &patterns, safety, finding) });
    }
}

/// Files whose names look like secrets and that no COPY names.
fn secrets<'c>(cx: &Context, context: &'c BuildContext) -> Vec<&'c ClassMatch> {
    let named = cx.build().named_paths(true);
    let all = crate::inputs::context::classify(context).iter();
    all.filter(|class_match| {
        let path = context.path(class_match.entry);
        cx.build().is_secret_file(context, class_match) && !named.at_or_below(&path) && !is_brought_back(cx, &path)
    })
    .collect()
}

/// Whether an exception of .dockerignore includes a path, so that it is sent on purpose.
fn is_brought_back(cx: &Context, path: &str) -> bool {
    let IgnoreInput::Present(_, file) = cx.ignore() else { return false };
    file.patterns.iter().any(|pattern| pattern.negated && may_take_in(&pattern.text, path))
}

/// Whether the repository or the program shows that it wants a file: .gitignore brings it back, or a source names it.
/// Readers of `.env` do without it.
fn is_wanted(cx: &Context, file: &str) -> bool {
    let gitignore = cx.text_of(".gitignore").map(String::from_utf8_lossy);
    if gitignore.is_some_and(|text| brought_back_by_git(&text, file)) {
        return true;
    }
    let name = path::name(file);
    let quotes = [b'"', b'\'', b'`'];
    name != ".env"
        && cx.texts().any(|text| {
            memchr::memmem::find_iter(text, name).any(|at| {
                let before = at.checked_sub(1).and_then(|at| text.get(at));
                let is_path = before == Some(&b'/');
                let is_end = |byte: &u8| quotes.contains(byte) || is_path && byte.is_ascii_whitespace();
                (is_path || before.is_some_and(|byte| quotes.contains(byte)))
                    && text.get(at + name.len()).is_some_and(is_end)
            })
        })
}

/// Whether no other build with the same .dockerignore copies such files.
fn is_own(cx: &Context) -> bool {
    let takes = |other: &Build| {
        other.context_sources().unwrap_or_default().iter().any(|context_source| context_source.contains(".env"))
    };
    cx.ask_neighbours("takes an environment", |other| takes(other).then(String::new)).is_none()
}
