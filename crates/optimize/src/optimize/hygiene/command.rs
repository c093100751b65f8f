//! Pass `exec-form`: starts the program without a shell.

use super::rule_findings::findings;
use crate::build::{BaseImage, Code, Setting, StageBase};
use crate::dockerfile::{Arguments, Instruction, Keyword};
use crate::manifest::FileKind;
use crate::optimize::json_words::{json_list, json_text, json_words};
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::shell::program::{Kind, Program};
use crate::shell::{Command, Script, SeparatorKind, Word};
use crate::text::path;

pub(in crate::optimize) fn run(input: &PassInput, output: &mut PassOutput) {
    let Some(target) = input.build.target() else { return };
    for keyword in [Keyword::Entrypoint, Keyword::Cmd] {
        let Some((index, instruction)) = input.build.last(target, keyword) else { continue };
        match &instruction.arguments {
            Arguments::Raw(_) => raw(input, output, index, instruction),
            Arguments::Json(_) => step_aside(input, output, index, instruction),
            _ => {}
        }
    }
}

/// `CMD program` in shell form.
fn raw(input: &PassInput, output: &mut PassOutput, index: usize, instruction: &Instruction) {
    let (build, keyword) = (input.build, instruction.keyword);
    let Some(target) = build.target() else { return };
    let Arguments::Raw(word) = &instruction.arguments else { return };
    if !findings(input, "shell-form-command").iter().any(|finding| finding.span == instruction.head) {
        return;
    }
    let name = input.file().str(instruction.name).to_ascii_uppercase();
    let Some(code) = build.code(index).filter(|code| code.script.problems.is_empty()) else { return };
    let head = input.source().slice(instruction.head);
    let commented = head.lines().skip(1).any(|line| line.trim_start().starts_with('#'));
    let own_shell = matches!(build.shell(target, index), Setting::By(..));
    if commented || own_shell || !code.script.comments.is_empty() || !instruction.heredocs.is_empty() {
        return output.refuse(format!("keeps {name} in shell form"), "it has a comment or a SHELL instruction");
    }
    let words = plain_words(&code.script).filter(|words| may_lose_shell(input, keyword, words));
    let gives_way = build.system_shell(target).gives_way(&code.script);
    let (text, why) = if let Some(words) = words {
        let signals = "the program becomes PID 1 and receives signals";
        (json_list(&words), if gives_way { "the program receives the arguments of `docker run`" } else { signals })
    } else if gives_way {
        return;
    } else {
        let Some(text) = with_exec(code) else { return };
        (
            json_list(&["/bin/sh", "-c", &text]),
            "`exec` replaces the shell with the program, which then receives signals",
        )
    };
    output.step(format!("writes {name} in exec form"), why, vec![input.edit(word.span, text)]);
}

/// `CMD ["sh", "-c", "a && b"]`: the shell stays in front of `b`.
fn step_aside(input: &PassInput, output: &mut PassOutput, index: usize, instruction: &Instruction) {
    let Arguments::Json(words) = &instruction.arguments else { return };
    let [shell, option, text] = words.as_slice() else { return };
    let shell_findings = findings(input, "shell-as-main-process");
    let here = shell_findings
        .iter()
        .any(|finding| finding.span.start >= instruction.span.start && finding.span.end <= instruction.span.end);
    if !here || !shell.value.ends_with("sh") || &*option.value != "-c" {
        return;
    }
    let Some(code) = input.build.code(index) else { return };
    let [(_, inner)] = code.script.nested.as_slice() else { return };
    // Spans inside of the string are of the source: read again, they are of the text.
    let script = crate::shell::parse(&text.value);
    let alone = plain_words(&script).filter(|words| may_lose_shell(input, instruction.keyword, words));
    if let Some(words) = alone
        && inner.problems.is_empty()
    {
        let name = input.file().str(instruction.name).to_ascii_uppercase();
        let span = shell.word.span.to(text.word.span);
        let edit = input.edit(span, json_words(&words));
        let why = "the program becomes PID 1 and receives signals";
        return output.step(format!("removes the shell from {name}"), why, vec![edit]);
    }
    let Some(at) = exec_at(&script) else { return };
    if !inner.problems.is_empty() {
        return;
    }
    let with = format!("{}exec {}", &text.value[..at], &text.value[at..]);
    let edit = input.edit(text.word.span, json_text(&with));
    output.step(
        "adds `exec` before the program",
        "the program replaces the shell as PID 1 and receives signals",
        vec![edit],
    );
}

/// Whether the words alone do the same without a shell.
fn may_lose_shell(input: &PassInput, keyword: Keyword, words: &[&str]) -> bool {
    let build = input.build;
    let Some(target) = build.target() else { return false };
    let last_set = |keyword| {
        build.last(target, keyword).filter(|(_, instruction)| instruction.arguments != Arguments::Json(Vec::new()))
    };
    let Some(program) = words.first() else { return false };
    // A script without a `#!` line runs only under a shell.
    if program.contains('/') || FileKind::of(program).is_shell() {
        let name = path::name(program);
        let text = input.evidence.texts.iter().find(|(path, _)| path::name(path) == name);
        let is_own =
            || input.context().is_none_or(|context| context.entries().any(|id| context.entry(id).name == name));
        if text.is_none_or(|(_, text)| !text.starts_with("#!")) && (text.is_some() || is_own()) {
            return false;
        }
    }
    if keyword == Keyword::Entrypoint {
        // In shell form what stands behind it is ignored; it must not become arguments now.
        return last_set(Keyword::Cmd).is_none()
            && input.evidence.services.iter().all(|service| service.command.is_none());
    }
    if let Some((_, instruction)) = build.last(target, Keyword::Entrypoint) {
        return instruction.arguments == Arguments::Json(Vec::new());
    }
    let hands_on = |name: &str| BaseImage::of(name).hands_on() && !program.contains('/');
    build.has_bare_base(target) || matches!(build.root_base(target), StageBase::Image(name) if hands_on(name))
}

/// The words of the only command, as a shell would take them.
fn plain_words(script: &Script) -> Option<Vec<&str>> {
    let [command] = script.commands.as_slice() else { return None };
    let plain = command.assignments.is_empty() && command.redirects.is_empty() && is_alone(script, command);
    let braces = |word: &Word| word.text().contains('{') && !word.is_quoted();
    let is_fixed = |word: &Word| !word.is_pattern() && !word.text().starts_with('~') && !braces(word);
    let name = command.name().map(Word::text).unwrap_or_default();
    if !plain || is_over_at_once(name) {
        return None;
    }
    command.words.iter().map(|word| if is_fixed(word) { word.value() } else { None }).collect()
}

/// Whether it is the shell's own, or ends at once: `exec` before it changes nothing for the better.
fn is_over_at_once(program: &str) -> bool {
    let program = Program::of(program);
    [Kind::Builtin, Kind::Brief, Kind::Succeeds].into_iter().any(|kind| program.is(kind))
}

fn is_alone(script: &Script, command: &Command) -> bool {
    let place = &command.place;
    script.compounds.is_empty() && place.scope == 0 && place.pipe_len == 1 && !place.negated && place.after.is_none()
}

/// The shell's text with `exec` before its last command, where that is a program.
fn with_exec(code: &Code) -> Option<String> {
    let text = code.text()?;
    Some(match exec_at(&code.script) {
        Some(at) => format!("{}exec {}", text.get(..at)?, text.get(at..)?),
        None => text.to_owned(),
    })
}

/// Where `exec` belongs: before the name of the last command of the script's own list.
fn exec_at(script: &Script) -> Option<usize> {
    let last = script.commands.iter().rfind(|command| script.is_last(command))?;
    let place = &last.place;
    let chained = place.before.is_none_or(|before| before.kind != SeparatorKind::Or);
    let alone = place.scope == 0 && place.pipe_len == 1 && !place.negated && place.after.is_none() && chained;
    let traps = script.commands.iter().any(|command| command.name().is_some_and(|name| name.is("trap")));
    let name = last.name()?;
    let program = path::name(name.text());
    (alone && !traps && !is_over_at_once(program)).then_some(name.span.start as usize)
}
