//! See `rules/secret-file-copied.md`.

use super::Context;
use super::hidden_failure::name_of;
use crate::build::{StageBase, Transfer, is_for_show};
use crate::finding::Findings;
use crate::inputs::context::{Certainty, ContextEntryKind as EntryKind, secret_certainty};
use crate::shell::program::{Kind, Program};
use crate::shell::{Command, Word};
use crate::text::path;

super::rule!("secret-file-copied", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in cx.shipped() {
        let triggers = build.trigger_transfers(stage);
        for transfer in build.transfers(stage).iter().chain(&triggers) {
            for source in &transfer.sources {
                let Some(path) = source.text.as_deref() else { continue };
                if source.is_remote() {
                    continue;
                }
                let (folder, name) = path::split(path);
                let holder = path::name(folder);
                let known = path.trim_start_matches("./").trim_matches('/');
                let sure = secret_certainty(holder, name)
                    .is_some_and(|certainty| certainty < Certainty::Possible || build.file_holds_secret(known));
                // `meta.env` and `*.env` may be anything.
                let vague =
                    name.contains(['*', '?', '[']) || (name.strip_suffix(".env").is_some_and(|stem| !stem.is_empty()));
                if !sure || vague || build.environment_file_holds_secret(known) == Some(false) || is_for_show(path) {
                    continue;
                }
                let empty = match transfer.from {
                    None => size(cx, known) == Some(0),
                    Some(_) => is_made_empty(cx, transfer, name),
                };
                if empty {
                    continue;
                }
                let message = format!(
                    "`{name}` is stored in a layer: anyone with the image can read it, even if a later step deletes it"
                );
                let help = "mount it in the RUN that needs it (`RUN --mount=type=secret,id=…,target=… …`), or pass it when the container starts";
                out.push(cx.finding_at(transfer.index, source.span, message).help(help));
            }
        }
    }
}

/// The size of a file in the context; `None` if there is no such file, or the context is unknown.
fn size(cx: &Context, path: &str) -> Option<u64> {
    let context = cx.context()?;
    let entry = context.entry(context.find(path)?);
    (entry.kind == EntryKind::File).then_some(entry.amount.bytes)
}

/// Whether the stage that a COPY takes a file from creates it empty (`touch key.pem`) and never writes to it: a
/// placeholder for a real key.
fn is_made_empty(cx: &Context, transfer: &Transfer, name: &str) -> bool {
    let build = cx.build();
    let Some(StageBase::Stage(index)) = transfer.from else { return false };
    let Some(maker) = build.stages().get(index) else { return false };
    // Copying a folder may bring a file with content.
    let has_bytes = |bytes: Option<u64>| bytes.is_some_and(|bytes| bytes > 0);
    let mut sources = build.transfers(maker).iter().flat_map(|transfer| &transfer.sources);
    if sources.any(|source| source.text.as_deref().is_some_and(|text| path::name(text) == name))
        || has_bytes(size(cx, name))
    {
        return false;
    }
    let mut is_created = false;
    for (index, _) in build.chain(maker).flat_map(|stage| build.instructions(stage)) {
        for command in build.code(index).iter().flat_map(|code| &code.script.commands) {
            let is_it = |word: &Word| word.value().is_some_and(|text| path::name(text) == name);
            let redirected = command.redirects.iter().filter_map(|redirect| redirect.target.as_ref()).any(is_it);
            if !redirected && !command.words.iter().any(is_it) {
                continue;
            }
            if makes_empty(command, redirected) {
                is_created = true;
            } else if !Program::of(name_of(command)).is(Kind::NoContent) {
                return false;
            }
        }
    }
    is_created
}

/// Whether a command creates an empty file: `touch x`, `: > x`, `install -m 600 /dev/null x`, `truncate -s 0 x`.
fn makes_empty(command: &Command, redirected: bool) -> bool {
    let has = |text: &str| command.words.iter().any(|word| word.is(text));
    match name_of(command) {
        "" | ":" | "true" => redirected,
        "touch" => true,
        "install" | "cp" | "cat" => has("/dev/null"),
        "truncate" => has("0") || has("-s0") || has("--size=0"),
        _ => false,
    }
}
