//! What the builder refuses and no problem of the file explains: [`File::verdict`](crate::dockerfile::File::verdict) as
//! a problem, where it holds whatever the build arguments are.

use std::collections::BTreeSet;

use super::ProblemReport;
use crate::build::{Build, CHECK_ARGUMENT, Lookup, Stage, VariableValue};
use crate::dockerfile;
use crate::dockerfile::expand::{Lex, uses};
use crate::dockerfile::{CheckOptions, DirectiveName, Instruction, Keyword, Verdict};
use crate::finding::Mask;
use crate::inputs::Inputs;
use crate::rules;
use crate::text::{Source, Span};

/// The builder's verdict; `None` when a problem in `known` explains it, or when a value that only the build knows may
/// change it: in CI a base image from an ARG without default is the rule.
pub(super) fn problem(build: &Build, source: &Source, known: &[ProblemReport], mask: &Mask) -> Option<ProblemReport> {
    let verdict = build.verdict()?;
    // This one names no line.
    let expands = |file: &dockerfile::File, instruction: &Instruction| {
        let from = file.flag_argument(instruction, "from");
        instruction.keyword == Keyword::Copy && from.is_some_and(|from| from.text.contains('$'))
    };
    let unnamed = || {
        let file = &build.input().file;
        let instruction = file.instructions().iter().find(|instruction| expands(file, instruction))?;
        Some((instruction.start_line, instruction.end_line))
    };
    let lines = verdict.lines.or_else(|| if verdict.message.contains("for --from") { unnamed() } else { None });
    let explains = |problem: &ProblemReport| match (lines, problem.place) {
        // Of an empty file it names a line that is not there.
        _ if problem.error && problem.message == verdict.message => true,
        (Some((first, last)), Some(place)) => problem.error && first <= place.line && place.line <= last,
        _ => problem.error,
    };
    if known.iter().any(explains) {
        return None;
    }
    let failing = lines.and_then(|(first, _)| {
        let all = build.input().file.instructions();
        let index = all.partition_point(|instruction| instruction.end_line < first);
        all.get(index).filter(|instruction| instruction.start_line <= first).map(|instruction| (index, instruction))
    });
    let mut error = true;
    let mut help = None;
    if let Some((index, instruction)) = failing {
        if depends(build, index, instruction, verdict) {
            return None;
        }
        let stage = build.stage_of(index);
        if is_template(build, instruction, verdict) {
            error = false;
            help = Some("if this is a template, run dockopt on the rendered file".to_owned());
        } else if instruction.keyword != Keyword::From
            && !is_of_copy_source(&verdict.message)
            && stage.is_some_and(|stage| !build.is_needed(stage))
        {
            error = false;
            help = Some("the target does not use this stage, but `docker build --check` rejects it anyway".to_owned());
        }
    }
    let line = lines.map_or(1, |(first, _)| first.max(1));
    let start = failing.map_or_else(|| source.line_span(line).start, |(_, instruction)| instruction.span.start);
    Some(ProblemReport {
        code: "builder-rejects",
        codes: codes(plain(&verdict.message), failing.map(|(_, instruction)| instruction.keyword)),
        file: source.name().to_owned(),
        place: Some(source.line_column(Span::at(start).start)),
        error,
        message: mask.apply(&format!("the builder rejects this: {}", plain(&verdict.message))),
        help,
        ..ProblemReport::default()
    })
}

/// What the builder's checks make it refuse where it is told to fail for them.
pub(super) fn of_checks<'i>(inputs: &'i Inputs, build: &Build<'i>, source: &Source) -> Option<ProblemReport> {
    let file = &build.input().file;
    let directive =
        file.lookup_directives().into_iter().find(|lookup_directive| lookup_directive.name == DirectiveName::Check);
    let problem = |error: bool, message: String, help: String| ProblemReport {
        code: "builder-checks",
        file: source.name().to_owned(),
        place: Some(source.line_column(directive.as_ref().map_or(0, |directive| directive.span.start))),
        error,
        message: format!("the builder rejects this: {message}"),
        help: Some(help),
        ..ProblemReport::default()
    };
    let argument = build.check_argument();
    if let Some(Err(message)) = argument.map(CheckOptions::parse) {
        let help = "the options are `skip=`, `error=` and `experimental=`".to_owned();
        let message = format!("failed to parse build-arg:{CHECK_ARGUMENT}: {message}");
        return Some(problem(true, message, help));
    }
    let violations = rules::violations(inputs, build);
    let message = |names: &BTreeSet<&str>| {
        let names: Vec<&str> = names.iter().copied().collect();
        format!("lint violation found for rules: {}", names.join(", "))
    };
    if !violations.of_build.is_empty() {
        let from = if argument.is_some() { "the build argument" } else { "this comment" };
        let help = format!("fix the violations; {from} makes the build fail on them");
        return Some(problem(true, message(&violations.of_build), help));
    }
    let help = "the target does not use the stage, but `docker build --check` rejects it anyway".to_owned();
    (!violations.of_others.is_empty()).then(|| problem(false, message(&violations.of_others), help))
}

/// What other linters call it.
fn codes(message: &str, keyword: Option<Keyword>) -> Vec<&'static str> {
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') && !text.starts_with('-');
    match message.split_once(": ") {
        Some(("invalid containerPort", port)) if number(port) => vec!["DL3011"],
        Some(("invalid containerPort" | "invalid port", _)) => vec!["DL1000"],
        Some((what, _)) if what.starts_with("failed to parse stage name") && keyword == Some(Keyword::From) => {
            vec!["DL1000", "InvalidDefaultArgInFrom"]
        }
        _ if is_of_copy_source(message) => vec!["DL3022"],
        _ => Vec::new(),
    }
}

/// The message without the line, which the problem names itself.
fn plain(message: &str) -> &str {
    let rest = message.strip_prefix("dockerfile parse error on line ").and_then(|rest| rest.split_once(": "));
    rest.map_or(message, |(_, rest)| rest)
}

/// Whether a value that the file does not settle may decide: unset, of the base image, given with `--build-arg`.
fn depends(build: &Build, index: usize, instruction: &Instruction, verdict: &Verdict) -> bool {
    // A substitution that cannot be read is refused whatever the variable holds, and `--from` takes none.
    if is_syntax(&verdict.message) || is_of_copy_source(&verdict.message) {
        return false;
    }
    let text = words(build, instruction);
    let stage = build.stage_of(index).map(|stage: &Stage| stage.index);
    let lex = Lex::new(build.input().file.escape());
    let is_open = |name: &str| {
        let lookup = match stage {
            Some(stage) if instruction.keyword != Keyword::From => build.scopes().lookup(stage, name, index),
            _ => build.scopes().lookup_global(name),
        };
        !matches!(lookup, Lookup::Defined(definition) if matches!(&definition.value, VariableValue::Known(value) if !value.is_empty()))
    };
    let has_build_args = !build.input().options.build_args.is_empty();
    uses(&text, lex).iter().any(|variable| has_build_args || is_open(variable.name))
}

/// Whether it is about a variable in `COPY --from`, which the builder refuses in each stage, before it knows the target
/// (BuildKit, `dockerfile2llb`: `toCommand`).
fn is_of_copy_source(message: &str) -> bool {
    message.starts_with(COPY_SOURCE)
}

const COPY_SOURCE: &str = "variable expansion is not supported for --from";

fn is_syntax(message: &str) -> bool {
    message.contains("unsupported modifier") || message.contains("syntax error")
}

/// The words in which the builder expands variables: of a RUN only the flags.
fn words(build: &Build, instruction: &Instruction) -> String {
    let file = &build.input().file;
    let mut text = String::new();
    if instruction.keyword == Keyword::Run {
        for flag in &instruction.flags {
            text.push_str(file.flag(flag));
            text.push(' ');
        }
    } else {
        text.push_str(file.logical(instruction.text));
    }
    text
}

/// Whether a template's placeholder stands in the place of a value: `{{ image }}`, `<image>`, `@IMAGE@`,
/// `${templateOption:x}`, `BASE_IMAGE`.
fn is_template(build: &Build, instruction: &Instruction, verdict: &Verdict) -> bool {
    let file = &build.input().file;
    if verdict.message.contains("unsupported modifier (:") {
        return true;
    }
    let Some(from) = file.from(instruction) else { return false };
    let image = &*from.image.text;
    let shouted = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    image.contains(['{', '}', '<', '>', '%', '#']) || image.matches('@').count() > 1 || image.chars().all(shouted)
}
