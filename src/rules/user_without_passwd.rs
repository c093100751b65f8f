//! See `rules/user-without-passwd.md`.

use super::Context;
use crate::build::{Base, Build, Stage};
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("user-without-passwd", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
        if *build.root_base(stage) != Base::Scratch {
            continue;
        }
        for (index, instruction) in build.instructions(stage) {
            let file = &build.input().file;
            let (what, name) = match instruction.keyword {
                Keyword::User => ("USER", file.operand(instruction)),
                Keyword::Copy | Keyword::Add => ("--chown", file.transfer(instruction).and_then(|one| one.chown)),
                _ => continue,
            };
            let Some(name) = name else { continue };
            let Some(text) = build.scopes().expand(stage.index, index, &name.text) else { continue };
            let Some(unknown) = text.split(':').find(|part| is_name(part)) else { continue };
            if brings_accounts(build, stage, index) {
                continue;
            }
            let fails = if what == "USER" { "the container does not start" } else { "the step fails" };
            let message = format!("an image from scratch has no /etc/passwd to look `{unknown}` up in: {fails}");
            let help = "use the number (65532:65532), or copy an /etc/passwd and /etc/group first";
            out.push(cx.finding(name.span, message).help(help));
        }
    }
}

fn is_name(part: &str) -> bool {
    !part.is_empty() && !part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a step of the chain before `at` may bring /etc/passwd: names it, fills /etc or the root, or runs anything.
fn brings_accounts(build: &Build, stage: &Stage, at: usize) -> bool {
    build.chain(stage).any(|stage| {
        let runs = build.instructions(stage).any(|(index, one)| index < at && one.keyword == Keyword::Run);
        let copies = build.transfers(stage).iter().any(|one| {
            let to = one.destination.as_deref().map(|to| to.trim_matches('/'));
            let wide = to.is_none_or(|to| matches!(to, "" | "." | "etc" | "etc/passwd"));
            let plain = one.sources.iter().all(|source| {
                source
                    .text
                    .as_deref()
                    .is_some_and(|text| text.rsplit('/').next().is_some_and(|name| name.contains('.')))
            });
            let named = build.input().file.source().slice(one.instruction.span).contains("passwd");
            // Into the root goes a program as well as a file system.
            let root = matches!(to, Some("" | ".")) && plain && !named;
            one.index < at && ((wide && !root) || named)
        });
        runs || copies
    })
}
