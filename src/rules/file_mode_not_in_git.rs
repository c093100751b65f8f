//! See `rules/file-mode-not-in-git.md`.

use super::Context;
use super::taking_steps::{TakingStep, taking_steps};
use crate::finding::Findings;
use crate::inputs::GitModes;
use crate::inputs::context::BuildContext;

super::rule!("file-mode-not-in-git", check);

/// With more files than these, the file system is the reason, and not a file.
const SINGLE: usize = 20;

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some((context, modes)) = cx.context().zip(cx.git_modes()) else { return };
    if modes.executable.is_empty() {
        return;
    }
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
        for step in taking_steps(build, stage, context) {
            let differing = differing(&step, context, modes);
            let Some(((first, executable), more)) = differing.split_first() else { continue };
            let others = match more.len() {
                0 => String::new(),
                1 => " and 1 other file".to_owned(),
                count => format!(" and {count} other files"),
            };
            let verb = if more.is_empty() { "is" } else { "are" };
            let here = if *executable { "not executable" } else { "executable" };
            let in_clone = if *executable { format!("but {verb}") } else { "but not".to_owned() };
            let message = format!(
                "`{first}`{others} {verb} {here} here, {in_clone} in a clone: a builder there misses the cache"
            );
            let help = if differing.len() > SINGLE {
                "build in a clone on a file system that keeps modes (in WSL: not below /mnt)".to_owned()
            } else if *executable {
                format!(
                    "git records {first} as executable and ignores the file's mode (core.fileMode): `chmod +x {first}`"
                )
            } else {
                format!("git ignores the file's mode (core.fileMode): `git update-index --chmod=+x {first}` records it")
            };
            out.push(cx.finding(step.instruction.head, message).help(help));
            // The same files in a later step are the same mistake.
            return;
        }
    }
}

/// The files of a step whose mode git records otherwise, and whether it records them as executable.
fn differing<'m>(step: &TakingStep, context: &BuildContext, modes: &'m GitModes) -> Vec<(&'m str, bool)> {
    let is_taken = |file: &str| context.find(file).is_some_and(|id| step.takes(id));
    let all = modes.executable.iter().map(|(file, executable)| (file.as_str(), *executable));
    let mut differing: Vec<(&str, bool)> = all.filter(|(file, _)| is_taken(file)).collect();
    // A message says one thing: what is executable here comes first, because it works here and fails elsewhere.
    if let Some(first) = differing.iter().map(|(_, executable)| *executable).min() {
        differing.retain(|(_, executable)| *executable == first);
    }
    differing
}
