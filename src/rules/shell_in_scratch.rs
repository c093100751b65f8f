//! See `rules/shell-in-scratch.md`.

use super::Context;
use crate::build::{Setting, Stage, StageBase};
use crate::dockerfile::{Arguments, Keyword};
use crate::finding::Findings;

super::rule!("shell-in-scratch", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages().iter().filter(|stage| *build.root_base(stage) == StageBase::Scratch) {
        let below =
            build.chain(stage).skip(1).any(|below| build.instructions(below).any(|(at, _)| brings(cx, below, at)));
        let mut shell = below;
        for (index, instruction) in build.instructions(stage) {
            shell |= brings(cx, stage, index);
            let starts = matches!(instruction.keyword, Keyword::Run | Keyword::Cmd | Keyword::Entrypoint);
            if shell || !starts || !matches!(instruction.arguments, Arguments::Raw(_)) {
                continue;
            }
            if matches!(build.shell(stage, index), Setting::By(..)) {
                continue;
            }
            let what = match instruction.keyword {
                Keyword::Run => "the build fails here",
                _ => "the container can't start",
            };
            let finding = cx.finding(instruction.head, format!("`scratch` has no /bin/sh, so {what}"));
            out.push(finding.help("use the exec form, `[\"/program\", \"argument\"]`"));
        }
    }
}

/// Whether an instruction may add a shell.
fn brings(cx: &Context, stage: &Stage, index: usize) -> bool {
    let build = cx.build();
    let instruction = build.instruction(index);
    let Some(parts) = build.input().file.transfer(instruction) else { return false };
    // An archive is unpacked, and may contain a whole system.
    if instruction.keyword == Keyword::Add {
        return true;
    }
    let Some(folder) = build.scopes().expand(stage.index, index, &parts.destination.text) else { return true };
    let folder = folder.trim_matches('/');
    let whole = matches!(folder, "" | "." | "usr" | "busybox");
    // A single program at the root is not a shell; a whole folder may contain one.
    let single =
        parts.from.is_none() || parts.sources.iter().all(|source| !source.text.ends_with('/') && source.text.len() > 1);
    folder.ends_with("bin")
        || folder.ends_with("/sh")
        || folder.contains("bin/")
        || (whole && !(single && folder.is_empty() && parts.sources.len() == 1))
}
