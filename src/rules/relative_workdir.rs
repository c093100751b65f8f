//! See `rules/relative-workdir.md`.

use super::Context;
use crate::build::{BaseImage, Build, Setting, Stage, StageBase};
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("relative-workdir", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    // How WORKDIR was set in each stage so far: not at all, relative, absolute.
    let mut ends: Vec<WorkdirState> = Vec::new();
    for stage in build.stages() {
        let mut state = match stage.base {
            StageBase::Stage(parent) => ends.get(parent).copied().unwrap_or(WorkdirState::Unset),
            _ => WorkdirState::Unset,
        };
        for (index, instruction) in build.instructions(stage).filter(|(_, i)| i.keyword == Keyword::Workdir) {
            let Some(operand) = build.input().file.operand(instruction) else { continue };
            // A value that depends on the base image or on the build may be absolute.
            let Some(folder) = build.expand(stage, index, &operand.text) else {
                state = WorkdirState::Absolute;
                continue;
            };
            if is_absolute(build, stage, &folder) {
                state = WorkdirState::Absolute;
                continue;
            }
            if state != WorkdirState::Absolute {
                let first = state == WorkdirState::Unset;
                out.push(finding(cx, stage, (index, &operand.text, operand.span), first));
                state = WorkdirState::Relative;
            }
        }
        ends.push(state);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WorkdirState {
    Unset,
    Relative,
    Absolute,
}

fn finding(
    cx: &Context,
    stage: &Stage,
    (index, written, span): (usize, &str, crate::text::Span),
    first: bool,
) -> crate::finding::Finding {
    let message =
        format!("`{written}` is relative to the working directory of the base image, which this file does not set");
    let mut finding = cx.finding(span, message).help("write the absolute path");
    // The other linter checks only the text.
    let bare = written.trim_matches(['"', '\'']);
    let mut chars = bare.chars();
    let drive = chars.next().is_some_and(char::is_alphabetic) && chars.next() == Some(':');
    if bare.starts_with('$') || drive {
        finding = finding.without("DL3000");
    }
    if !first {
        finding = finding.without("WorkdirRelativePath");
    }
    let plain = written.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/'));
    let here = matches!(written, "." | "./") && first;
    if !here && (!plain || written.split('/').any(|part| part.starts_with('.'))) {
        return finding;
    }
    let text = if here { "/".to_owned() } else { format!("/{written}") };
    // Behind another one, the folder is no longer that of the base image.
    let folder = if first { cx.build().workdir(stage, index) } else { Setting::Unknown };
    match folder {
        Setting::Default(folder) | Setting::Base(folder) if folder == "/" => {
            finding.safe_edit("write the absolute path", span, text)
        }
        _ => finding.unsafe_edit(
            "write the absolute path",
            "the working directory of the base image may not be `/`",
            span,
            text,
        ),
    }
}

fn is_absolute(build: &Build, stage: &Stage, folder: &str) -> bool {
    // The other escape character is meant for Windows paths.
    let windows = matches!(build.root_base(stage), StageBase::Image(name) if BaseImage::of(name).is_windows())
        || build.input().file.escape() == '`';
    let drive = folder.get(1..).is_some_and(|rest| rest.starts_with(':'));
    folder.starts_with('/') || (windows && (drive || folder.starts_with('\\')))
}
