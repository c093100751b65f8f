//! See `rules/user-without-passwd.md`.

use super::Context;
use crate::build::{Build, Stage, StageBase, Transfer};
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::text::path;

super::rule!("user-without-passwd", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = build.target().filter(|target| *build.root_base(target) == StageBase::Scratch) else { return };
    let known_from = cx.shipped().filter_map(|stage| first_accounts(build, stage)).min().unwrap_or(usize::MAX);
    for stage in build.chain(target) {
        for (index, instruction) in build.instructions(stage) {
            let file = &build.input().file;
            let (what, name) = match instruction.keyword {
                Keyword::User => ("USER", file.operand(instruction)),
                Keyword::Copy | Keyword::Add => {
                    ("--chown", file.transfer(instruction).and_then(|transfer| transfer.chown))
                }
                _ => continue,
            };
            let Some(name) = name else { continue };
            let Some(text) = build.scopes().expand(stage.index, index, &name.text) else { continue };
            let Some(unknown) = text.split(':').find(|part| is_name(part)) else { continue };
            if known_from < index {
                continue;
            }
            let fails = if what == "USER" { "the container does not start" } else { "the step fails" };
            let message =
                format!("user `{unknown}` cannot be resolved, as an image from scratch has no /etc/passwd: {fails}");
            let help = "use a number (65532:65532), or copy an /etc/passwd and /etc/group first";
            out.push(cx.finding(name.span, message).help(help));
        }
    }
}

fn is_name(part: &str) -> bool {
    !part.is_empty() && !part.bytes().all(|byte| byte.is_ascii_digit())
}

/// The first step of a stage that may add /etc/passwd: it names the file, copies to /etc or the root, or runs anything.
fn first_accounts(build: &Build, stage: &Stage) -> Option<usize> {
    let run =
        build.instructions(stage).find(|(_, instruction)| instruction.keyword == Keyword::Run).map(|(index, _)| index);
    let copy = build.transfers(stage).iter().find(|transfer| may_bring(build, transfer)).map(|transfer| transfer.index);
    run.into_iter().chain(copy).min()
}

fn may_bring(build: &Build, transfer: &Transfer) -> bool {
    if build.input().file.source().slice(transfer.instruction.span).contains("passwd") {
        return true;
    }
    let to = transfer.destination.as_deref().map(|to| to.trim_matches('/'));
    match to {
        None | Some("etc") => true,
        // A single program may be copied to the root, as well as a file system.
        Some("" | ".") => transfer.sources.iter().any(|source| {
            let name = source.text.as_deref().map(path::name);
            name.is_none_or(|name| !name.contains('.') || name == ".")
        }),
        _ => false,
    }
}
