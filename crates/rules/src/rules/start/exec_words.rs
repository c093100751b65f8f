//! Rules about the words of CMD, ENTRYPOINT and HEALTHCHECK in exec form: each is passed as it stands.

use crate::build::{BaseImage, Build, Launch, Stage, StageBase};
use crate::dockerfile::{Arguments, Instruction, Keyword};
use crate::finding::{Finding, Findings};
use crate::manifest::FileKind;
use crate::rules::Context;
use crate::rules::shared::exec_form::{ends_with_variable, is_command_line, is_operator, separate_words};
use crate::shell::{Invocation, Word};
use crate::text::path;

crate::rules::family! {
    "program-with-space" => program_with_space;
    "shell-syntax-in-exec-form" => shell_syntax_in_exec_form;
}

const STARTS: &str = "the container never starts";
const CHECKS: &str = "the check always fails";

fn program_with_space(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    if build.is_fragment() || is_windows(build, stage) {
        return;
    }
    for keyword in [Keyword::Cmd, Keyword::Entrypoint, Keyword::Healthcheck] {
        let Some((_, instruction)) = build.last(stage, keyword) else { continue };
        if let Some(finding) = broken_array(cx, instruction) {
            out.push(finding);
        }
    }
    if let Some(launch) = build.launch(stage).filter(dockopt_build::build::Launch::is_exec) {
        for invocation in first_programs(build, stage, &launch) {
            let span = launch.place(&build.input().file, invocation.path.span);
            if let Some(finding) = spaced(cx, invocation.path.text(), STARTS, span) {
                out.push(finding);
            }
        }
    }
    let check = build.last(stage, Keyword::Healthcheck).and_then(|(index, _)| build.code(index));
    if let Some(code) = check.filter(|code| code.is_exec()) {
        let invocations = code.script.invocations();
        let first = invocations.first().filter(|first| is_outer(first, &code.script));
        let place = |first: &Invocation| code.place(&build.input().file, first.path.span);
        let finding = first.and_then(|first| spaced(cx, first.path.text(), CHECKS, place(first)));
        if let Some(finding) = finding {
            out.push(finding);
        }
    }
}

/// The command line that a container of the stage looks for as a program.
pub(in crate::rules) fn spaced_program(build: &Build, stage: &Stage) -> Option<String> {
    let launch = build.launch(stage).filter(|launch| launch.is_exec() && !is_windows(build, stage))?;
    let programs = first_programs(build, stage, &launch);
    programs.iter().map(|invocation| invocation.path.text().to_owned()).find(|word| is_command_line(word))
}

/// The finding for a program's name that is a command line.
fn spaced(cx: &Context, word: &str, so: &str, span: crate::text::Span) -> Option<Finding> {
    if !is_command_line(word) {
        return None;
    }
    let message = format!("`{word}` is one word, so a program with this name is looked for: {so}");
    let Some(words) = separate_words(word) else {
        return Some(cx.finding(span, message).help("write the command in shell form, or `[\"sh\", \"-c\", \"…\"]`"));
    };
    let finding = cx.finding(span, message).help(format!("write each word by itself: `{words}`"));
    let is_written = cx.source().slice(span).trim_matches('"') == word;
    let why = "the program then starts";
    Some(finding.when(is_written, |finding| finding.unsafe_edit("write each word by itself", why, span, words)))
}

/// An array that is no JSON, so that a shell runs it: `[` or `[npm,start]` is the program then.
fn broken_array(cx: &Context, instruction: &Instruction) -> Option<Finding> {
    let arguments = match &instruction.arguments {
        Arguments::Healthcheck(_, command) => command,
        arguments => arguments,
    };
    let Arguments::Raw(word) = arguments else { return None };
    let text = cx.build().input().file.str(*word).trim();
    let inner = text.strip_prefix('[')?;
    // `[ -f x ]` and `[[ -f x ]]` are tests of a shell; between the words of an array there are commas.
    let is_behind_quote = |at: usize| inner[..at].trim_end().ends_with(['"', '\'', '”', '’']);
    let has_commas = inner.match_indices(',').any(|(at, _)| is_behind_quote(at));
    let is_close = !inner.starts_with(|c: char| c.is_whitespace() || "[!:".contains(c)) && inner.ends_with(']');
    if !has_commas && !is_close {
        return None;
    }
    let so = if instruction.keyword == Keyword::Healthcheck { CHECKS } else { STARTS };
    let message = format!("this is no JSON array, so a shell reads it as a command line: {so}");
    let finding = cx.finding(word.span, message).help("write `[\"…\", \"…\"]` with double quotes and commas");
    let is_written = cx.source().slice(word.span) == text;
    let repaired = if is_written { repaired(text) } else { None };
    Some(finding.with(repaired, |finding, text| {
        finding.unsafe_edit("write a JSON array", "the program then starts", word.span, text)
    }))
}

/// An array whose quotes are not JSON's, or that has a comma too many, as JSON.
fn repaired(text: &str) -> Option<String> {
    let has_double = text.contains('"');
    let quotes: &[char] = if has_double { &['“', '”'] } else { &['\'', '‘', '’', '“', '”'] };
    let text = text.replace(quotes, "\"");
    let inner = text.strip_prefix('[')?.strip_suffix(']')?.trim().trim_end_matches(',').trim_end();
    let array = format!("[{inner}]");
    let words: Vec<String> = serde_json::from_str(&array).ok()?;
    (!words.is_empty()).then_some(array)
}

/// Whether the words of an array are the arguments of a program on Windows, where they are joined.
fn is_windows(build: &Build, stage: &Stage) -> bool {
    matches!(build.root_base(stage), StageBase::Image(image) if BaseImage::of(image).is_windows())
}

fn is_outer(invocation: &Invocation, script: &crate::shell::Script) -> bool {
    std::ptr::eq(invocation.script, script)
}

/// The programs that a container starts by words of arrays, as far as it is known that no other program gets them.
fn first_programs<'l>(build: &Build, stage: &Stage, launch: &'l Launch) -> Vec<Invocation<'l>> {
    let script = launch.script();
    let mut invocations = script.invocations();
    invocations.retain(|invocation| is_outer(invocation, script));
    if launch.instruction.keyword == Keyword::Cmd && !starts_cmd(build, stage) {
        invocations.clear();
    }
    invocations
}

/// Whether the first word of CMD is started as a program: there is no ENTRYPOINT, or one that is known to start it.
fn starts_cmd(build: &Build, stage: &Stage) -> bool {
    let is_empty =
        |instruction: &Instruction| matches!(&instruction.arguments, Arguments::Json(words) if words.is_empty());
    if let Some((_, entrypoint)) = build.last(stage, Keyword::Entrypoint).filter(|(_, known)| !is_empty(known)) {
        // A script that ends with `exec "$@"`.
        let scripts = build.start_scripts(stage);
        let starts_arguments =
            |invocation: &Invocation| invocation.path.text() == "$@" || invocation.path.text() == "\"$@\"";
        return matches!(entrypoint.arguments, Arguments::Json(_))
            && scripts.iter().any(|(_, script)| script.invocations().last().is_some_and(starts_arguments));
    }
    let StageBase::Image(reference) = build.root_base(stage) else { return true };
    if let Some(config) = build.input().base_images.get(reference) {
        return config.entrypoint.as_ref().is_none_or(Vec::is_empty);
    }
    let image = BaseImage::of(reference);
    image.has_entrypoint() == Some(false) || image.hands_on() || build.has_bare_base(stage)
}

fn shell_syntax_in_exec_form(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    if build.is_fragment() || is_windows(build, stage) {
        return;
    }
    let file = &build.input().file;
    if let Some(launch) = build.launch(stage).filter(dockopt_build::build::Launch::is_exec) {
        for invocation in first_programs(build, stage, &launch) {
            if let Some(finding) = shell_word(cx, &invocation, |word| launch.place(file, word.span)) {
                out.push(finding);
            }
        }
    }
    let check = build.last(stage, Keyword::Healthcheck).and_then(|(index, _)| build.code(index));
    if let Some(code) = check.filter(|code| code.is_exec()) {
        for invocation in code.script.invocations().iter().filter(|first| is_outer(first, &code.script)) {
            if let Some(finding) = shell_word(cx, invocation, |word| code.place(file, word.span)) {
                out.push(finding);
            }
        }
    }
}

/// The first argument that only a shell understands.
fn shell_word(cx: &Context, invocation: &Invocation, place: impl Fn(&Word) -> crate::text::Span) -> Option<Finding> {
    let program = invocation.program?;
    // A script may read them as it likes; a program with such arguments is known to.
    if FileKind::of(program).is_shell() || path::name(program).contains("entrypoint") {
        return None;
    }
    let takes = |word: &Word| {
        let text = word.text();
        match program {
            "find" => text == ";",
            "envsubst" => text.starts_with('$'),
            // Frameworks of Java resolve `${NAME}` in settings by themselves.
            "java" => text.contains("${"),
            _ => false,
        }
    };
    let is_of_shell = |word: &&Word| is_operator(word.text()) || ends_with_variable(word.text());
    let word = invocation.args.iter().filter(is_of_shell).find(|word| !takes(word))?;
    let text = word.text();
    let message = if is_operator(text) {
        format!("`{text}` and what follows it are passed to `{program}` as arguments: the exec form has no shell")
    } else {
        format!("`{text}` is passed to `{program}` as it stands: the exec form has no shell that replaces the variable")
    };
    let help = "write the command in shell form, or `[\"sh\", \"-c\", \"exec …\"]`";
    Some(cx.finding(place(word), message).help(help))
}
