//! See `rules/copied-file-chmod.md`.

use std::collections::HashMap;

use super::written_paths::{self, CommandFolder};
use super::{Context, copy_flag};
use crate::build::{Source, toolchain};
use crate::dockerfile::Keyword;
use crate::finding::{Findings, Safety};
use crate::inputs::context::ContextEntryKind;
use crate::shell::{Invocation, Word};

super::rule!("copied-file-chmod", check);

/// The most instructions between COPY and RUN for which there is a fix.
const NEAR: usize = 16;

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.needed_stages() {
        let mut copied: HashMap<String, Vec<written_paths::CopiedPath>> = HashMap::new();
        for transfer in build.transfers(stage).iter().filter(|transfer| transfer.sources.len() == 1) {
            for file in written_paths::copied(build, stage, transfer) {
                copied.entry(file.path.clone()).or_default().push(file);
            }
        }
        for (index, instruction, invocations) in toolchain::runs(build, stage) {
            let mut folder = CommandFolder::of(build, stage, index);
            for invocation in &invocations {
                folder.follow(invocation);
                let Some((mode, path)) = chmod(invocation) else { continue };
                let Some(path) = folder.join(path) else { continue };
                let Some(file) = copied.get(&path).and_then(|all| all.iter().rev().find(|file| file.index < index))
                else {
                    continue;
                };
                let kind = kind(cx, &file.source);
                if kind == Some(ContextEntryKind::Directory) {
                    continue;
                }
                let Some(code) = build.code(index) else { continue };
                let parts = build.input().file.transfer(file.instruction);
                if parts.is_none_or(|parts| parts.chmod.is_some()) {
                    continue;
                }
                let (octal, safety) = match mode {
                    "+x" | "a+x" | "u+x" | "ugo+x" => {
                        ("755", Safety::Unsafe("sets all mode bits of the file, whatever they were".to_owned()))
                    }
                    _ if kind.is_none() && !has_ending(&path) => {
                        (mode, Safety::Unsafe("if it is a folder, its files get that mode, too".to_owned()))
                    }
                    _ => (mode, Safety::Safe),
                };
                let line = file.instruction.start_line;
                let message = format!("this chmod stores `{path}` in a second layer: line {line} can set the mode");
                let span = code.place(&build.input().file, invocation.span);
                let flag = format!("--chmod={octal}");
                let mut finding = cx.finding(span, message).help(format!("copy with `{flag}`"));
                // There is no fix if the instructions are further apart.
                let mut between = file.index + 1..index;
                let near = between.len() <= NEAR;
                let quiet = near && between.all(|at| build.instruction(at).keyword != Keyword::Run);
                if invocations.len() == 1
                    && quiet
                    && invocation.via.is_empty()
                    && invocation.command.redirects.is_empty()
                {
                    finding.fixes.extend(copy_flag::fix(build, &[file.instruction], &flag, instruction, safety));
                }
                out.push(finding);
            }
        }
    }
}

/// Whether a source is a file or a folder; `None` if the context is not known.
fn kind(cx: &Context, source: &Source) -> Option<ContextEntryKind> {
    let path = source.text.as_deref()?.trim_start_matches("./").trim_matches('/');
    let context = cx.context()?;
    Some(context.entry(context.find(path)?).kind)
}

/// Whether a path looks like a file by its ending: `run.sh`, but not `conf.d`.
fn has_ending(path: &str) -> bool {
    let name = crate::text::path::name(path);
    name.trim_start_matches('.').rsplit_once('.').is_some_and(|(_, ending)| ending != "d")
}

/// Mode and path of `chmod MODE PATH`.
fn chmod<'s>(invocation: &Invocation<'s>) -> Option<(&'s str, &'s str)> {
    let [mode, path] = invocation.args else { return None };
    let (mode, path) = (mode.value()?, path.value()?);
    let octal = matches!(mode.len(), 3 | 4) && mode.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    let fits = octal || matches!(mode, "+x" | "a+x" | "u+x" | "ugo+x");
    (invocation.is("chmod") && fits && !invocation.args.iter().any(Word::is_pattern)).then_some((mode, path))
}
