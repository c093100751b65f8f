//! See `rules/volatile-argument-early.md`.

use super::Context;
use super::slow_step::{SlowStep, slow_step};
use crate::build::{Build, Stage};
use crate::data;
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::{FileEdit, Finding, Findings, Fix, Impact, Safety, Target};
use crate::shell::Invocation;
use crate::shell::program::{Kind, Program};
use crate::text::Span;

super::rule!("volatile-argument-early", check);

/// The number of such ARGs that are checked; no real file has more.
const MOST: usize = 100;

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut looked = 0;
    for (stage, index, instruction) in build.needed_of(Keyword::Arg) {
        let args = build.input().file.args(instruction);
        for arg in &args {
            let name = &*arg.name.text;
            if !is_volatile(name, arg.default.as_ref().map(|default| &*default.text)) {
                continue;
            }
            looked += 1;
            if looked > MOST {
                return;
            }
            let Some(step) = step_above_use(build, stage, index, name) else { continue };
            let line = cx.source().line(step.span.start);
            let message = format!(
                "each new `{name}` reruns every RUN below, even `{}` in line {line}, which does not use it",
                step.name
            );
            let finding = cx
                .finding(arg.span, message)
                .help(help(build, (stage, index), name, &step))
                .label(step.span, "reruns")
                .costs(Impact::slower_rebuild("the ARG is above the step in its stage"));
            let alone = args.len() == 1;
            out.push(if alone { edited(build, stage, (index, instruction), name, finding) } else { finding });
        }
    }
}

fn is_volatile(name: &str, default: Option<&str>) -> bool {
    let upper = name.to_ascii_uppercase();
    let placeholder =
        |text: &str| matches!(text, "" | "unknown" | "none" | "0.0.0") || data::TAG_WORDS.has(text, "channel");
    let open = default.is_none_or(|text| placeholder(text.trim_matches('"')));
    data::VARIABLES.has(&upper, "volatile") || (open && data::VARIABLES.has(&upper, "version"))
}

/// The first slow step below an ARG, if no step in between needs the value.
fn step_above_use(build: &Build, stage: &Stage, index: usize, name: &str) -> Option<SlowStep> {
    let mut names = vec![name.to_owned()];
    let copies = build.transfers(stage);
    // A new commit changes the sources too.
    let commit = ["COMMIT", "SHA", "HASH", "REV", "REF"].iter().any(|part| name.to_ascii_uppercase().contains(part))
        && !name.to_ascii_uppercase().contains("DATE");
    for (at, instruction) in build.instructions(stage).filter(|(at, _)| *at > index) {
        let uses = mentions_any(build, instruction, &names);
        match instruction.keyword {
            // They create no layer, and can be moved too.
            Keyword::Env => {
                let pairs = build.input().file.variables(instruction);
                let taking =
                    pairs.iter().filter(|pair| names.iter().any(|name| pair.value.text.contains(name.as_str())));
                let more: Vec<String> = taking.map(|pair| pair.name.text.to_string()).collect();
                names.extend(more);
            }
            Keyword::Arg | Keyword::Label => {}
            _ if uses => return None,
            Keyword::Copy | Keyword::Add if commit => {
                let mut copies_here = copies.iter().filter(|copy| copy.index == at && copy.from.is_none());
                if copies_here.any(|copy| copy.sources.iter().any(crate::build::Source::is_everything)) {
                    return None;
                }
            }
            Keyword::Run => {
                build.code(at)?;
                if let Some(step) = slow_step(build, at) {
                    return Some(step);
                }
            }
            _ => {}
        }
    }
    None
}

fn mentions_any(build: &Build, instruction: &Instruction, names: &[String]) -> bool {
    let text = build.input().file.source().slice(instruction.span);
    names.iter().any(|name| text.contains(name.as_str()))
}

fn help(build: &Build, (stage, index): (&Stage, usize), name: &str, step: &SlowStep) -> String {
    let names = [name.to_owned()];
    let mut users =
        build.instructions(stage).filter(|(at, instruction)| *at > index && mentions_any(build, instruction, &names));
    let advice = match users.next() {
        Some((_, user)) if user.span.start < step.span.start => {
            format!("move it and the {} that uses it below that RUN", build.input().file.str(user.name).to_uppercase())
        }
        _ if is_used(build, stage, index, name) => "declare it right above its first use".to_owned(),
        _ => "remove it: nothing in this stage uses it".to_owned(),
    };
    let link = if advice.contains(": ") { ", and" } else { ":" };
    format!("{advice}{link} an ARG is part of the cache key of each RUN below it")
}

/// Whether a step below uses it, in its stage or in the stages that are based on that.
fn is_used(build: &Build, stage: &Stage, index: usize, name: &str) -> bool {
    let above = |other: &&Stage| build.chain(other).any(|stage_above| stage_above.index == stage.index);
    let mut below = build.stages().iter().filter(above).flat_map(|stage| build.instructions(stage));
    below.any(|(at, instruction)| at > index && mentions_any(build, instruction, &[name.to_owned()]))
}

/// Adds the fix that moves the ARG right above its first use, if there are steps in between.
fn edited(
    build: &Build,
    stage: &Stage,
    (index, instruction): (usize, &Instruction),
    name: &str,
    mut finding: Finding,
) -> Finding {
    let names = [name.to_owned()];
    let below: Vec<(usize, &Instruction)> = build.instructions(stage).filter(|(at, _)| *at > index).collect();
    let Some(using) = below.iter().position(|(_, instruction)| mentions_any(build, instruction, &names)) else {
        return finding;
    };
    let between = &below[..using];
    let runs: Vec<usize> =
        between.iter().filter(|(_, instruction)| instruction.keyword == Keyword::Run).map(|(at, _)| *at).collect();
    let source = build.input().file.source();
    let user = below[using].1;
    // A pair that shares its line with others, or has its own comments, is not moved.
    let single = instruction.start_line == instruction.end_line;
    let has_comment = instruction.start_line > 1
        && source.slice(source.line_span(instruction.start_line - 1)).trim_start().starts_with('#');
    if runs.is_empty() || !single || has_comment {
        return finding;
    }
    let whole =
        Span::new(source.line_span(instruction.start_line).start, source.line_span(instruction.start_line + 1).start);
    // Comments above the instruction that uses it belong to that instruction.
    let mut line = user.start_line;
    while line > 1 && source.slice(source.line_span(line - 1)).trim_start().starts_with('#') {
        line -= 1;
    }
    let at = source.line_span(line).start;
    let quiet = runs
        .iter()
        .all(|run| build.code(*run).is_some_and(|code| code.script.invocations().iter().all(reads_no_environment)));
    let safety = if quiet {
        Safety::Safe
    } else {
        Safety::Unsafe(format!("a program in the steps in between may read `{name}` from its environment"))
    };
    let target = || Target::File(build.input().dockerfile);
    let edits = vec![
        FileEdit { target: target(), span: whole, text: String::new() },
        FileEdit { target: target(), span: Span::at(at), text: source.slice(whole).to_owned() },
    ];
    finding.fixes.push(Fix { title: format!("move it above line {}", user.start_line), safety, edits });
    finding
}

/// Programs that are known to ignore the variables of a project.
fn reads_no_environment(invocation: &Invocation) -> bool {
    if let Some(call) = invocation.package_call() {
        return call.manager.is_system();
    }
    invocation
        .program
        .map(Program::of)
        .is_some_and(|program| program.is_verified && program.keeps_to_arguments() && !program.is(Kind::Environment))
}
