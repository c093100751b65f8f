//! See `rules/relative-copy-destination.md`.

use super::Context;
use crate::build::{Setting, StageBase};
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("relative-copy-destination", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    // Whether a WORKDIR was set in each stage so far, or in a stage that it is based on.
    let mut ends: Vec<bool> = Vec::new();
    for stage in build.stages() {
        let mut set = match stage.base {
            StageBase::Stage(parent) => ends.get(parent).copied().unwrap_or(false),
            _ => false,
        };
        for (index, instruction) in build.instructions(stage) {
            set |= instruction.keyword == Keyword::Workdir;
            if set || instruction.keyword != Keyword::Copy {
                continue;
            }
            let Some(parts) = build.input().file.transfer(instruction) else { continue };
            let written = &parts.destination;
            let bare = written.text.trim_matches(['"', '\'']);
            let drive = bare.chars().nth(1) == Some(':');
            if bare.starts_with(['/', '$', '\\']) || drive {
                continue;
            }
            let message = format!(
                "`{}` is relative to the working directory of the base image, which this file does not set",
                written.text
            );
            let finding = cx.finding(written.span, message).help("set WORKDIR first, or write the absolute path");
            let plain = bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-/.".contains(&byte))
                && bare.split('/').all(|part| !matches!(part, "." | ".."));
            let known = matches!(build.workdir(stage, index), Setting::Default(folder) | Setting::Base(folder) if folder == "/");
            out.push(if known && plain && cx.source().slice(written.span) == written.text {
                finding.safe_edit("write the absolute path", written.span, format!("/{}", written.text))
            } else {
                finding
            });
        }
        ends.push(set);
    }
}
