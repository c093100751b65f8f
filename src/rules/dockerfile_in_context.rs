//! See `rules/dockerfile-in-context.md`.

use super::Context;
use super::ignore_lines::with_lines;
use super::slow_step::slow_step_from;
use super::taking_steps::{TakingStep, taking_steps};
use crate::finding::{CostFrequency, Findings, Impact, Safety, Saving};
use crate::inputs::IgnoreInput;
use crate::inputs::context::BuildContext;
use crate::text::path;

super::rule!("dockerfile-in-context", check);

/// The fewest commits that are worth a line in .dockerignore.
const FEWEST: u32 = 2;

/// One of so many commits.
const SHARE: u32 = 100;

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some((context, history)) = cx.context().zip(cx.history()) else { return };
    if history.definition_only.is_empty() {
        return;
    }
    let named = build.named_paths(true);
    let mut files = definition_files(cx, context);
    files.retain(|file| !named.at_or_below(file));
    if files.is_empty() || named.unknown {
        return;
    }
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
        for step in taking_steps(build, stage, context) {
            let line = step.instruction.start_line;
            let Some(reruns) = history.definition_only.get(&line).copied() else { continue };
            if reruns < FEWEST || reruns.saturating_mul(SHARE) < history.builds {
                continue;
            }
            let copied = definition_files_of(&step, context, &files);
            if copied.is_empty() {
                continue;
            }
            let Some(slow) = slow_step_from(build, stage, step.index) else { continue };
            let quoted: Vec<String> = copied.iter().map(|file| format!("`{file}`")).collect();
            let are = if quoted.len() == 1 { "is" } else { "are" };
            let message = format!(
                "{} {are} among the files of this step, so an edit of the Dockerfile reruns `{}` below it",
                quoted.join(" and "),
                slow.name
            );
            let message =
                if slow.span.start >= step.instruction.span.end { message } else { message.replace(" below it", "") };
            let impact = Impact {
                saves: Some(Saving::Reruns { reruns, builds: history.builds }),
                per: CostFrequency::Commit,
                ..Impact::slower_rebuild(format!(
                    "the step reran in {reruns} of the last {} commits for no other file, by git history",
                    history.builds
                ))
            };
            let finding = cx
                .finding(step.instruction.head, message)
                .help("exclude them in .dockerignore: the builder reads both files all the same")
                .label(slow.span, "reruns")
                .costs(impact);
            let wanted = |file: &String| {
                cx.ask_neighbours(format!("copies {file}"), |other| {
                    let named = other.named_paths(true);
                    (named.unknown || named.at_or_below(file)).then(String::new)
                })
            };
            let safety = Safety::Unsafe("a program in the image may read them".to_owned());
            let is_writable = !copied.iter().any(|file| wanted(file).is_some() || file.contains(['*', '?', '[', '\\']));
            out.push(if is_writable { with_lines(cx, &copied, safety, finding) } else { finding });
            return;
        }
    }
}

/// The Dockerfile and the .dockerignore, as far as they lie in the context.
fn definition_files(cx: &Context, context: &BuildContext) -> Vec<String> {
    let root = path::normalize(context.root());
    let place = |name: &str| path::relative(&path::normalize(name), &root).map(str::to_owned);
    let ignore = match cx.ignore() {
        IgnoreInput::Present(file, _) => place(cx.inputs().source(*file).name()),
        IgnoreInput::Unknown | IgnoreInput::Missing(_) => None,
    };
    let all = place(cx.source().name()).into_iter().chain(ignore);
    all.filter(|file| context.find(file).is_some()).collect()
}

/// Those of the files that a step takes.
fn definition_files_of(step: &TakingStep, context: &BuildContext, files: &[String]) -> Vec<String> {
    files.iter().filter(|file| context.find(file).is_some_and(|id| step.takes(id))).cloned().collect()
}
