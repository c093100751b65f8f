//! What BuildKit's second stage refuses in an instruction, in its order, and in all instructions of a file.

use super::argument::{check_stage_name, check_volumes, go_upper};
use super::duration::{check_interval, check_retries};
use super::flag::{ADD, COPY, FROM, HEALTHCHECK, RUN, check_flags};
use super::issue::Issue;
use super::mount::check_run;
use crate::dockerfile::expand::heredoc_word;
use crate::dockerfile::quote::go_quote;
use crate::dockerfile::refusal::{Stage, Verdict};
use crate::dockerfile::syntax::{Arguments, File, Instruction, InstructionWord, Keyword, ProblemKind, SyntaxProblem};

/// Notes what BuildKit refuses; its first error first.
pub(super) fn check(file: &File, instruction: &Instruction, issues: &mut Vec<Issue>) {
    let is_empty = matches!(instruction.arguments, Arguments::None);
    let name = instruction.keyword.as_str();
    match instruction.keyword {
        Keyword::Env | Keyword::Label => {
            check_flags(file, instruction, &[], issues);
            check_pairs(file, instruction, issues);
        }
        Keyword::Maintainer | Keyword::User | Keyword::Workdir => {
            check_not_empty(instruction, "exactly", issues);
            check_flags(file, instruction, &[], issues);
        }
        Keyword::Stopsignal => check_not_empty(instruction, "exactly", issues),
        Keyword::Add => check_transfer(file, instruction, ADD, issues),
        Keyword::Copy => check_transfer(file, instruction, COPY, issues),
        Keyword::From => {
            check_stage_name(file, instruction, issues);
            check_flags(file, instruction, FROM, issues);
        }
        Keyword::Onbuild => check_trigger(file, instruction, issues),
        Keyword::Run => {
            check_flags(file, instruction, RUN, issues);
            check_run(file, instruction, issues);
        }
        Keyword::Cmd | Keyword::Entrypoint => check_flags(file, instruction, &[], issues),
        Keyword::Healthcheck => check_healthcheck(file, instruction, issues),
        Keyword::Expose => {
            check_not_empty(instruction, "at least", issues);
            check_flags(file, instruction, &[], issues);
        }
        Keyword::Volume => {
            if is_empty || matches!(&instruction.arguments, Arguments::Json(elements) if elements.is_empty()) {
                issues.push(Issue::new(instruction.name.span, format!("{name} requires at least one argument")));
            }
            check_flags(file, instruction, &[], issues);
            check_volumes(instruction, issues);
        }
        Keyword::Arg => check_arg(file, instruction, issues),
        Keyword::Shell => check_shell(file, instruction, issues),
        Keyword::Unknown => check_unknown(file, instruction, issues),
    }
}

fn check_not_empty(instruction: &Instruction, how_many: &str, issues: &mut Vec<Issue>) {
    if matches!(instruction.arguments, Arguments::None) {
        let name = instruction.keyword.as_str();
        issues.push(Issue::new(instruction.name.span, format!("{name} requires {how_many} one argument")));
    }
}

fn check_pairs(file: &File, instruction: &Instruction, issues: &mut Vec<Issue>) {
    check_not_empty(instruction, "at least", issues);
    let Arguments::Pairs(pairs) = &instruction.arguments else { return };
    for pair in pairs {
        if file.str(pair.key).is_empty() {
            let message = format!("{} names can not be blank", instruction.keyword.as_str());
            issues.push(Issue::new(pair.key.span.to(pair.value.span), message).help("write `name=value`"));
        }
    }
}

fn check_transfer(file: &File, instruction: &Instruction, flags: super::flag::Flags, issues: &mut Vec<Issue>) {
    let name = instruction.keyword.as_str();
    let (count, last) = match &instruction.arguments {
        Arguments::Words(words) => (words.len(), words.last().map(|&word| (word.span, file.str(word)))),
        Arguments::Json(elements) => {
            (elements.len(), elements.last().map(|element| (element.word.span, &*element.value)))
        }
        _ => (0, None),
    };
    if count < 2 {
        let message = format!(
            "{name} requires at least two arguments, but only one was provided. Destination could not be determined"
        );
        let span = last.map_or(instruction.name.span, |(span, _)| span);
        issues.push(Issue::new(span, message).help("write the sources, then the destination"));
    }
    check_flags(file, instruction, flags, issues);
    if let Some((span, last)) = last
        && count >= 2
        && matches!(heredoc_word(last), Ok(Some(_)))
    {
        let message = format!("{name} cannot accept a heredoc as a destination");
        issues.push(Issue::new(span, message).help("write the destination after the heredoc"));
    }
}

fn check_trigger(file: &File, instruction: &Instruction, issues: &mut Vec<Issue>) {
    check_not_empty(instruction, "at least", issues);
    check_flags(file, instruction, &[], issues);
    let Arguments::Trigger(trigger) = &instruction.arguments else { return };
    let span = trigger.name.span;
    // BuildKit compares in upper case, where two letters beyond ASCII become I and S.
    let name = go_upper(file.str(trigger.name));
    let issue = match &*name {
        "ONBUILD" => "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed".to_owned(),
        "MAINTAINER" | "FROM" => format!("{name} isn't allowed as an ONBUILD trigger"),
        _ => return,
    };
    issues.push(Issue::new(span, issue).kind(ProblemKind::Trigger));
}

fn check_healthcheck(file: &File, instruction: &Instruction, issues: &mut Vec<Issue>) {
    check_not_empty(instruction, "at least", issues);
    let Arguments::Healthcheck(kind, command) = &instruction.arguments else { return };
    let upper = go_upper(file.str(*kind));
    if upper == "NONE" {
        if is_given(command) {
            issues.push(Issue::new(after(instruction, *kind), "HEALTHCHECK NONE takes no arguments"));
        }
        return;
    }
    check_flags(file, instruction, HEALTHCHECK, issues);
    if upper != "CMD" {
        let message = format!("Unknown type {} in HEALTHCHECK (try CMD)", go_quote(&upper));
        issues.push(Issue::new(kind.span, message).help("write `HEALTHCHECK CMD …`"));
    } else if !is_given(command) {
        issues.push(Issue::new(kind.span, "Missing command after HEALTHCHECK CMD"));
    }
    for name in ["interval", "timeout", "start-period", "start-interval"] {
        check_interval(file, instruction, name, issues);
    }
    check_retries(file, instruction, issues);
}

fn is_given(command: &Arguments) -> bool {
    match command {
        Arguments::None => false,
        Arguments::Json(elements) => !elements.is_empty(),
        _ => true,
    }
}

/// What stands behind a word of the arguments.
fn after(instruction: &Instruction, word: InstructionWord) -> crate::text::Span {
    crate::text::Span::new(word.span.end, instruction.rest.span.end.max(word.span.end))
}

fn check_arg(file: &File, instruction: &Instruction, issues: &mut Vec<Issue>) {
    let empty = Vec::new();
    let words = match &instruction.arguments {
        Arguments::Words(words) => words,
        _ => &empty,
    };
    if words.is_empty() {
        issues.push(Issue::new(instruction.name.span, "ARG requires at least one argument"));
    }
    for &word in words {
        if file.str(word).starts_with('=') {
            issues.push(Issue::new(word.span, "ARG names can not be blank").help("write `name=value`"));
        }
    }
}

fn check_shell(file: &File, instruction: &Instruction, issues: &mut Vec<Issue>) {
    check_flags(file, instruction, &[], issues);
    match &instruction.arguments {
        Arguments::Json(elements) if !elements.is_empty() => {}
        Arguments::Raw(word) => issues.push(
            Issue::new(word.span, "SHELL requires the arguments to be in JSON form")
                .help("write the command as `[\"program\", \"argument\"]`"),
        ),
        _ => issues.push(Issue::new(instruction.name.span, "SHELL requires at least one argument")),
    }
}

fn check_unknown(file: &File, instruction: &Instruction, issues: &mut Vec<Issue>) {
    let name = file.str(instruction.name);
    let issue = Issue::new(instruction.name.span, format!("unknown instruction: {name}"));
    issues.push(match Keyword::closest(name) {
        Some(known) => issue.help(format!("did you mean `{}`?", known.as_str())),
        None => issue.help("if it belongs to the instruction above, end the previous line with a continuation"),
    });
}

/// Looks at every instruction as BuildKit's second stage does, notes all problems and the first verdict.
pub(in crate::dockerfile) fn check_instructions(file: &mut File) {
    let mut issues = Vec::new();
    let mut problems = Vec::new();
    let mut refused: Option<Verdict> = None;
    let is_fragment = file.instructions.iter().all(|instruction| instruction.keyword != Keyword::From);
    let mut has_stage = false;
    for instruction in &file.instructions {
        check(file, instruction, &mut issues);
        let mut message = issues.first().map(|issue: &Issue| {
            format!("dockerfile parse error on line {}: {}", instruction.start_line, issue.message)
        });
        if instruction.keyword == Keyword::From {
            has_stage = true;
        } else if !has_stage && !matches!(instruction.keyword, Keyword::Arg | Keyword::Unknown) {
            issues.push(
                Issue::new(instruction.name.span, "no build stage in current context")
                    .kind(ProblemKind::BeforeFrom)
                    .help(if is_fragment {
                        "start with `FROM image`"
                    } else {
                        "only ARG is allowed before the first FROM"
                    }),
            );
            message.get_or_insert_with(|| "no build stage in current context".to_owned());
            // One problem for the whole head of the file.
            has_stage = true;
        }
        if let Some(message) = message {
            let lines = Some((instruction.start_line, instruction.end_line));
            refused.get_or_insert(Verdict { stage: Stage::Instruction, message, lines });
        }
        for issue in issues.drain(..) {
            let Issue { kind, span, message, help } = issue;
            problems.push(SyntaxProblem { kind, span, message, help });
        }
    }
    file.problems.append(&mut problems);
    file.refused = refused;
}
