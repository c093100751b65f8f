//! Splits a stage that compiles and ships into two.

use super::plan::TransferPlan;
use super::stage::Runtime;
use crate::data;
use crate::finding::FileEdit;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::text::Span;

/// Builds in a stage of its own, and starts what it made from another on the same base.
pub(in crate::optimize) fn split(input: &PassInput, output: &mut PassOutput) {
    let what = "compiles in a separate build stage";
    let Some(Some(plan)) = output.ok_or_skip(TransferPlan::of(input)) else { return };
    let name = stage_name(input, &plan);
    let Some(runtime) = output.ok_or_skip(Runtime::of(input, &plan, &name.build)) else { return };
    let mut edits = vec![stage_start(input, &plan, &name)];
    for index in &runtime.moved {
        edits.push(input.edit(without(input, *index), ""));
    }
    let base = input.source().slice(plan.root().base_span);
    let platform = platform(input, &plan);
    let named = name.runtime.as_ref().map(|runtime| format!(" {} {runtime}", name.word)).unwrap_or_default();
    let mut text = format!("\n{} {platform}{base}{named}\n{}", name.from, runtime.text);
    let end = end(input, &plan);
    if !input.source().slice(Span::new(0, end)).ends_with('\n') {
        text.insert(0, '\n');
    }
    if input.source().text().len() as u32 > end {
        text.push('\n');
    }
    edits.push(input.edit(Span::at(end), text.replace('\n', input.newline())));
    let why = format!("{} would stay in the final image", plan.language.leaves());
    output.step(format!("{what} and copies {} to the final stage", runtime.copied), why, join_deletions(edits));
}

/// The names of the two stages, and how the author writes FROM and AS.
struct SplitStageNames {
    build: String,
    runtime: Option<String>,
    from: &'static str,
    word: &'static str,
}

fn stage_name(input: &PassInput, plan: &TransferPlan) -> SplitStageNames {
    let file = input.file();
    let instruction = input.build.instruction(plan.target.start);
    let lower = file.str(instruction.name).starts_with('f');
    let (from, word) = if lower { ("from", "as") } else { ("FROM", "AS") };
    let stage_name = plan.target.name.clone();
    let has_target = input.input().options.target.is_some();
    match stage_name {
        Some(stage_name) if !has_target && data::NAME_WORDS.has(&stage_name, "build-stage") => {
            SplitStageNames { build: stage_name, runtime: None, from, word }
        }
        stage_name => {
            let last = format!("build-{}", plan.target.index);
            let build = input.free_stage_name(&["build", "builder", "compile", &last]).to_owned();
            SplitStageNames { build, runtime: stage_name, from, word }
        }
    }
}

/// The FROM of the stage that builds, under its name.
fn stage_start(input: &PassInput, plan: &TransferPlan, name: &SplitStageNames) -> FileEdit {
    match plan.target.name_span {
        Some(span) => input.edit(span, name.build.clone()),
        None => input.edit(Span::at(plan.target.base_span.end), format!(" {} {}", name.word, name.build)),
    }
}

/// `--platform` of the stage that ships: what is built for the builder's own stays there.
fn platform(input: &PassInput, plan: &TransferPlan) -> String {
    let instruction = input.build.instruction(plan.root().start);
    let parts = input.file().from(instruction);
    match parts.and_then(|parts| parts.platform) {
        Some(platform) if !platform.text.contains("BUILDPLATFORM") => format!("--platform={} ", platform.text),
        _ => String::new(),
    }
}

/// Where the stage's text ends.
fn end(input: &PassInput, plan: &TransferPlan) -> u32 {
    let last = plan.target.instructions.clone().last().unwrap_or(plan.target.start);
    input.instruction_span(last).end
}

/// An instruction with its comments, and the blank lines above it.
fn without(input: &PassInput, index: usize) -> Span {
    let passage = input.instruction_span(index);
    let before = &input.source().text()[..passage.start as usize];
    let blank = before.len() - before.trim_end_matches(['\n', '\r', ' ', '\t']).len();
    let tail_start = before[before.len() - blank..].find('\n').map_or(0, |at| at + 1);
    // A file that starts with it keeps what stands there.
    Span::new(passage.start - (blank - tail_start.min(blank)) as u32, passage.end)
}

/// Deletions that touch each other as one, and the insertion at their end with them.
fn join_deletions(mut edits: Vec<FileEdit>) -> Vec<FileEdit> {
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut out: Vec<FileEdit> = Vec::new();
    for edit in edits {
        match out.last_mut() {
            Some(last)
                if last.text.is_empty() && edit.span.start <= last.span.end && last.span.start < last.span.end =>
            {
                last.span = Span::new(last.span.start, last.span.end.max(edit.span.end));
                last.text = edit.text;
            }
            _ => out.push(edit),
        }
    }
    out
}
