//! Rules about the script that an image starts with.

use super::Context;
use crate::build::{Build, CopiedFile, Launch, Programs, Stage, StartFile};
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Findings, Severity};
use crate::inputs::context::BuildContext;
use crate::shell::{
    Command, CompoundKind, ExpansionKind, Script, Word, parse, program::Kind, program::Program, shell_of_shebang,
};
use crate::text::{Span, path};

super::family! {
    "start-script-broken" => start_script_broken;
    "start-script-keeps-shell" => start_script_keeps_shell;
}

fn start_script_broken(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let (Some(context), Some(stage)) = (cx.context(), build.target()) else { return };
    for started in build.start_files(stage) {
        if let Some(finding) = broken(cx, context, stage, &started) {
            out.push(finding);
        }
    }
}

fn broken(cx: &Context, context: &BuildContext, stage: &Stage, started: &StartFile) -> Option<Finding> {
    let build = cx.build();
    let path = &started.file.path;
    let report = |message: String, help: &str| {
        let copy = build.instruction(started.file.instruction);
        Some(cx.finding(started.span, message).help(help).label(copy.head, "copied here"))
    };
    let bytes = cx.text_of(path)?;
    let text = ScriptStart::of(bytes)?;
    let is_repaired = || runs_after(build, stage, &started.file, &["dos2unix", "\\r", "fromdos"]);
    if text.crlf && !is_repaired() {
        let message = format!("`{path}` has CR LF line endings, so the program in its first line is not found");
        return report(message, "convert it to LF, and add `*.sh text eol=lf` to .gitattributes");
    }
    if !started.directly {
        return None;
    }
    if text.bom {
        let help = "save it as UTF-8 without a byte order mark";
        if started.first && starts_bare(build, stage) {
            let message = format!(
                "`{path}` begins with a byte order mark, so its `#!` is not recognized: the container exits with \"exec format error\""
            );
            return report(message, help);
        }
        // A shell runs the file itself, and only its first line fails.
        let message = format!(
            "`{path}` begins with a byte order mark, so its `#!` is not recognized: the shell that starts it runs it, and reports its first line as an error"
        );
        return report(message, help).map(|finding| finding.lowered(Severity::Warning));
    }
    let executable = context.entry(started.file.entry).mode & 0o111 != 0;
    if !executable && !is_opened(build, stage, &started.file) {
        let message = format!("`{path}` is not executable: the container exits with \"permission denied\"");
        let finding = report(message, "run `git update-index --chmod=+x` on it, or use `COPY --chmod=0755`")?;
        return Some(with_mode(build, &started.file, finding));
    }
    if text.interpreter.is_none() && started.first && starts_bare(build, stage) {
        let message = format!("`{path}` has no `#!` line: the container exits with \"exec format error\"");
        return report(message, "start it with the interpreter: `#!/bin/sh`");
    }
    let interpreter = text.interpreter?;
    let program = path::name(&interpreter);
    let image = Programs::of(build, stage);
    if image.lacks(program) {
        let message = format!("`{path}` needs `{program}`, which {} lacks", image.image_name());
        return report(message, "use an interpreter that the image contains (`#!/bin/sh`), or install this one");
    }
    None
}

/// Whether the kernel starts it, not a shell, which would run the file anyway.
fn starts_bare(build: &Build, stage: &Stage) -> bool {
    let Some(launch) = build.launch(stage).filter(Launch::is_exec) else { return false };
    build.has_bare_base(stage) || launch.instruction.keyword == Keyword::Entrypoint
}

/// How a script begins.
struct ScriptStart {
    crlf: bool,
    bom: bool,
    /// The program after `#!`, or after `#!/usr/bin/env`.
    interpreter: Option<String>,
}

impl ScriptStart {
    /// `None` for a binary or an empty file.
    fn of(bytes: &[u8]) -> Option<Self> {
        let bom = bytes.starts_with(b"\xef\xbb\xbf");
        let bytes = if bom { &bytes[3..] } else { bytes };
        if bytes.is_empty() || bytes.contains(&0) {
            return None;
        }
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let crlf = line.starts_with("#!") && line.ends_with('\r');
        let mut words = line.strip_prefix("#!").unwrap_or_default().split_whitespace();
        let mut interpreter = words.next();
        if interpreter.is_some_and(|path| path.ends_with("/env")) {
            interpreter = words.find(|word| !word.starts_with('-') && !word.contains('='));
        }
        Some(Self { crlf, bom, interpreter: interpreter.map(str::to_owned) })
    }
}

/// Whether the COPY itself or a later step may set the mode.
fn is_opened(build: &Build, stage: &Stage, file: &CopiedFile) -> bool {
    let copy = build.instruction(file.instruction);
    let flags = build.input().file.transfer(copy);
    flags.is_some_and(|flags| flags.chmod.is_some())
        || runs_after(build, stage, file, &["chmod", "install ", "setfacl"])
}

/// Whether a later RUN of the chain has one of these words.
fn runs_after(build: &Build, stage: &Stage, file: &CopiedFile, words: &[&str]) -> bool {
    build.chain(stage).any(|stage| {
        let runs = build
            .instructions(stage)
            .filter(|(index, instruction)| *index > file.instruction && instruction.keyword == Keyword::Run);
        let source = build.input().file.source();
        runs.into_iter().any(|(_, run)| words.iter().any(|word| source.slice(run.span).contains(word)))
    })
}

/// Adds the fix `--chmod` if the COPY copies only this file.
fn with_mode(build: &Build, file: &CopiedFile, finding: Finding) -> Finding {
    let copy = build.instruction(file.instruction);
    if !file.alone || copy.keyword != Keyword::Copy {
        return finding;
    }
    finding.safe_edit("make it executable", Span::at(copy.name.span.end), " --chmod=0755")
}

fn start_script_keeps_shell(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let Some(started) = build.start_files(stage).into_iter().find(|started| started.first) else { return };
    let Some(text) = cx.text_of(&started.file.path).and_then(|bytes| std::str::from_utf8(bytes).ok()) else { return };
    let shell = shell_of_shebang(text.lines().next().unwrap_or_default());
    if text.contains('\0') || !shell.is_none_or(|shell| shell.dialect.is_parsed()) {
        return;
    }
    let script = parse(text);
    let Some(last) = last(&script) else { return };
    // Only a service is certain to be stopped from outside.
    let serves = build.last(stage, Keyword::Expose).is_some() || build.last(stage, Keyword::Healthcheck).is_some();
    let what = match last.name() {
        Some(name) if is_arguments(name) => "\"$@\"".to_owned(),
        Some(name) => match name.value() {
            Some(path)
                if serves && !is_function(&script, text, path) && !Program::of(path::name(path)).needs_no_exec() =>
            {
                path.to_owned()
            }
            _ => return,
        },
        None => return,
    };
    let path = &started.file.path;
    let message = format!("`{path}` runs `{what}` without `exec`: the shell stays PID 1 and does not forward signals");
    out.push(cx.finding(started.span, message).help(format!("write `exec {what}` in the last line of the script")));
}

/// The last command of the script's top-level list, if it is not part of a pipe and the script handles no signals
/// itself.
fn last(script: &Script) -> Option<&Command> {
    let handles = |command: &Command| {
        let name = command.name().and_then(Word::value).map_or("", path::name);
        matches!(name, "trap" | "wait") || Program::of(name).is(Kind::Init)
    };
    if !script.problems.is_empty() || script.commands.iter().any(handles) {
        return None;
    }
    let last = script.commands.iter().rfind(|command| script.is_last(command))?;
    (last.place.pipe_len == 1
        && !last.place.negated
        && last.place.after.is_none_or(|after| {
            matches!(after.kind, crate::shell::SeparatorKind::Newline | crate::shell::SeparatorKind::Semicolon)
        }))
    .then_some(last)
}

/// `main() { … }`, `function main { … }`
fn is_function(script: &Script, text: &str, name: &str) -> bool {
    script.compounds.iter().filter(|compound| compound.kind == CompoundKind::Function).any(|compound| {
        let function_text = &text[compound.span.range()];
        function_text.strip_prefix("function").unwrap_or(function_text).trim_start().starts_with(name)
    })
}

/// `"$@"`, `$*`
fn is_arguments(name: &Word) -> bool {
    matches!(name.expansions(), [expansion] if matches!(&expansion.kind, ExpansionKind::Variable(name) if matches!(&**name, "@" | "*")))
}
