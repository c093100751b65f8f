//! Rules about CMD, ENTRYPOINT and RUN without a JSON array.

use crate::build::{BaseImage, Build, Launch, Presence, Setting, Sh, Stage, StageBase};
use crate::dockerfile::{Arguments, Instruction, Keyword};
use crate::finding::{Finding, Findings, Severity};
use crate::manifest::FileKind;
use crate::rules::Context;
use crate::rules::start::main_process::is_deadly;
use crate::shell::{Command, Script, SeparatorKind, Word, program::Kind, program::Program};
use crate::text::{Span, path};

crate::rules::family! {
    "shell-form" => shell_form;
    "shell-form-command" => shell_form_command;
    "shell-in-scratch" => shell_in_scratch;
    "shell-as-main-process" => shell_as_main_process;
}

fn shell_form(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        for (index, instruction) in build.instructions(stage) {
            let starts = matches!(instruction.keyword, Keyword::Cmd | Keyword::Entrypoint);
            if !starts || matches!(instruction.arguments, Arguments::Json(_)) || is_harmful(build, index) {
                continue;
            }
            if matches!(build.shell(stage, index), Setting::By(..)) {
                continue;
            }
            let name = instruction.keyword.as_str();
            let finding = cx.finding(instruction.head, format!("this {name} is in shell form"));
            out.push(finding.help("use the exec form, `[\"program\", \"argument\"]`"));
        }
    }
}

fn shell_form_command(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    for keyword in [Keyword::Entrypoint, Keyword::Cmd] {
        let Some((index, instruction)) = build.last(stage, keyword).filter(|(index, _)| is_harmful(build, *index))
        else {
            continue;
        };
        let Arguments::Raw(text) = &instruction.arguments else { continue };
        let Some(code) = build.code(index) else { continue };
        let handed_over = hands_over(build, stage, &code.script);
        let message = match keyword {
            Keyword::Entrypoint if handed_over => {
                "ENTRYPOINT in shell form ignores CMD and the arguments of `docker run`"
            }
            Keyword::Entrypoint => {
                "ENTRYPOINT runs in a shell (PID 1), which ignores CMD and the arguments of `docker run`"
            }
            _ => "CMD runs in a shell (PID 1), which does not forward signals to the program",
        };
        let finding = cx.finding(instruction.head, message);
        let finding = if handed_over { finding.lowered(Severity::Info) } else { finding };
        out.push(edited(build, stage, instruction, &code.script, finding, text.span));
    }
}

/// Whether a shell gets in the way: the CMD or ENTRYPOINT with this index is the last one, in shell form, and runs a
/// program that needs to be stopped.
pub(in crate::rules) fn is_harmful(build: &Build, index: usize) -> bool {
    let Some(stage) = build.target() else { return false };
    let instruction = build.instruction(index);
    let Arguments::Raw(text) = &instruction.arguments else { return false };
    let counts = build.last(stage, instruction.keyword).is_some_and(|(last, _)| last == index);
    // Or the file sets its own shell.
    if !counts || matches!(build.shell(stage, index), Setting::By(..)) {
        return false;
    }
    let Some(code) = build.code(index) else { return false };
    let killed = build.input().options.run.stop_signal.as_deref().is_some_and(is_deadly);
    let handed_over = instruction.keyword == Keyword::Cmd && hands_over(build, stage, &code.script);
    // A broken array is reported elsewhere, and its words are not a command.
    let broken = code.script.commands.is_empty() || file_text(build, text).starts_with('[');
    !(broken || handed_over || killed && instruction.keyword == Keyword::Cmd || ends_at_once(&code.script))
}

/// Whether the last command of the shell is `exec`, so that the program becomes process 1. A shell that it calls in turn
/// has to give way too.
fn steps_aside(script: &Script, sh: Sh) -> bool {
    let inner = script.nested.iter().find(|(index, _)| *index as usize + 1 == script.commands.len());
    let gives_way = |(_, inner): &(u32, Script)| steps_aside(inner, sh) || sh.gives_way(inner);
    inner.is_none_or(gives_way)
        && script.compounds.is_empty()
        && script.commands.last().is_some_and(|last| {
            let place = &last.place;
            last.words.len() > 1
                && last.words[0].is("exec")
                && place.scope == 0
                && place.pipe_len == 1
                && place.after.is_none()
        })
}

/// Whether a script file may give way to its program: a command of it is `exec`, or its shell replaces itself anyway.
fn may_step_aside(script: &Script, sh: Sh) -> bool {
    let is_exec = |command: &Command| command.words.len() > 1 && command.words[0].is("exec");
    script.commands.iter().any(is_exec) || sh.gives_way(script)
}

/// Whether the program becomes process 1, by `exec` or because the image's sh replaces itself with it.
fn hands_over(build: &Build, stage: &Stage, script: &Script) -> bool {
    let sh = build.system_shell(stage);
    steps_aside(script, sh) || sh.gives_way(script)
}

fn file_text<'a>(build: &Build<'a>, word: &crate::dockerfile::InstructionWord) -> &'a str {
    build.input().file.str(*word).trim_start()
}

/// Whether each command ends immediately, or is a shell that is wanted.
fn ends_at_once(script: &Script) -> bool {
    script.compounds.is_empty()
        && script.commands.iter().all(|command| {
            let name = command.name().and_then(Word::value).unwrap_or_default();
            let program = path::name(name);
            let known = Program::of(program);
            let brief = known.is(Kind::Brief) || known.is(Kind::Builtin) && !known.is(Kind::OnlyBuiltin);
            let shell = known.is_shell();
            brief || shell && (command.words[1..].iter().all(|word| word.text().starts_with('-')))
        })
}

fn edited(
    build: &Build,
    stage: &Stage,
    instruction: &Instruction,
    script: &Script,
    finding: Finding,
    span: crate::text::Span,
) -> Finding {
    let file = &build.input().file;
    // Text between and after the words (a comment, a continuation), or that is not UTF-8, would be lost; words that
    // BuildKit treats as flags, and rejects, have no known meaning.
    let whole = file.source().slice(instruction.head);
    let loses = whole.contains('\n')
        || !script.comments.is_empty()
        || !file.source().is_exact(span)
        || !instruction.flags.is_empty();
    let command = if loses { None } else { only_command(script) };
    let Some(command) = command else {
        return finding.help("use the exec form, `[\"program\", \"argument\"]`; for several commands, use an entrypoint script that ends with `exec \"$@\"`");
    };
    // The kernel ignores a signal for process 1 that has no handler.
    let needs_init = command.name().is_some_and(|name| path::name(name.text()) == "node");
    let mut help = "use the exec form, `[\"program\", \"argument\"]`".to_owned();
    if needs_init {
        help.push_str("; if the program has no handler for SIGTERM and SIGINT, start the container with an init process too (`docker run --init`, `init: true`)");
    }
    let finding = finding.help(help);
    let Some(words) = static_words(command) else {
        // `exec` would only replace the first shell with the shell that the command calls, also through `env`.
        let calls_shell = !script.nested.is_empty()
            || command.name().is_some_and(|name| Program::of(path::name(name.text())).is_shell());
        if calls_shell || hands_over(build, stage, script) {
            return finding;
        }
        let Arguments::Raw(word) = &instruction.arguments else { return finding };
        let text = format!("[\"/bin/sh\", \"-c\", {}]", json(&format!("exec {}", file.str(*word))));
        let why = "the program becomes process 1 and receives the signals";
        return finding.unsafe_edit("replace the shell with `exec`", why, span, text);
    };
    // Of a script that calls the program as its child, the shell remains process 1.
    let sh = build.system_shell(stage);
    if let Some((name, _)) = build.start_scripts(stage).iter().find(|(_, script)| !may_step_aside(script, sh)) {
        let help = format!("start the program with `exec` in `{name}`, and the script in exec form");
        return finding.help(help);
    }
    let text = format!("[{}]", words.iter().map(|word| json(word)).collect::<Vec<_>>().join(", "));
    let calls_script = Program::of(path::name(words[0])).is_shell() && words.len() > 1;
    let script = || {
        let is_path = is_path(words[0]).then_some("a script without a `#!` line runs only under a shell");
        is_path.or(calls_script.then_some("the script has to start the program with `exec`"))
    };
    match changes(build, stage, instruction.keyword).or_else(script) {
        None => finding.safe_edit("use the exec form", span, text),
        Some(why) => finding.unsafe_edit("use the exec form", why, span, text),
    }
}

/// What the exec form changes beyond the shell.
fn changes(build: &Build, stage: &Stage, keyword: Keyword) -> Option<&'static str> {
    if keyword == Keyword::Entrypoint {
        return Some(match build.last(stage, Keyword::Cmd) {
            Some(_) => "CMD, which was ignored, becomes arguments of the program",
            None => "arguments of `docker run`, which were ignored, are passed to the program",
        });
    }
    match build.last(stage, Keyword::Entrypoint).map(|(_, instruction)| &instruction.arguments) {
        // An empty array removes the base's ENTRYPOINT.
        Some(Arguments::Json(words)) if words.is_empty() => None,
        Some(_) => Some("the ENTRYPOINT gets the program and its arguments instead of `/bin/sh -c`"),
        None if build.has_bare_base(stage) => None,
        None => Some("the base image may have an ENTRYPOINT that checks the first word"),
    }
}

/// Whether a program is named by its path, or as a script.
fn is_path(program: &str) -> bool {
    program.contains('/') || FileKind::of(program).is_shell()
}

/// The command, if the script is a single simple command.
fn only_command(script: &Script) -> Option<&Command> {
    let [command] = script.commands.as_slice() else { return None };
    let place = &command.place;
    let alone = script.problems.is_empty()
        && script.compounds.is_empty()
        && place.scope == 0
        && place.pipe_len == 1
        && !place.negated
        && place.before.is_none()
        && place.after.is_none();
    let plain = command.assignments.is_empty() && command.redirects.is_empty();
    let name = command.name().map(Word::text).unwrap_or_default();
    (alone && plain && !name.is_empty() && !Program::of(name).is(Kind::OnlyBuiltin)).then_some(command)
}

/// The words, if the shell would leave them unchanged.
fn static_words(command: &Command) -> Option<Vec<&str>> {
    // bash, which is `sh` on some systems, expands braces.
    let braces = |word: &Word| word.text().contains('{') && !word.is_quoted();
    let plain = |word: &Word| !word.is_pattern() && !word.text().starts_with('~') && !braces(word);
    command.words.iter().map(|word| if plain(word) { word.value() } else { None }).collect()
}

fn json(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn shell_in_scratch(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages().iter().filter(|stage| *build.root_base(stage) == StageBase::Scratch) {
        let below =
            build.chain(stage).skip(1).any(|below| build.instructions(below).any(|(at, _)| brings(cx, below, at)));
        let mut shell = below;
        for (index, instruction) in build.instructions(stage) {
            shell |= brings(cx, stage, index);
            let starts = matches!(instruction.keyword, Keyword::Run | Keyword::Cmd | Keyword::Entrypoint);
            if shell || !starts || !matches!(instruction.arguments, Arguments::Raw(_)) {
                continue;
            }
            if matches!(build.shell(stage, index), Setting::By(..)) {
                continue;
            }
            let what = match instruction.keyword {
                Keyword::Run => "the build fails here",
                _ => "the container can't start",
            };
            let finding = cx.finding(instruction.head, format!("`scratch` has no /bin/sh, so {what}"));
            out.push(finding.help("use the exec form, `[\"/program\", \"argument\"]`"));
        }
    }
}

/// Whether an instruction may add a shell.
fn brings(cx: &Context, stage: &Stage, index: usize) -> bool {
    let build = cx.build();
    let instruction = build.instruction(index);
    let Some(parts) = build.input().file.transfer(instruction) else { return false };
    // An archive is unpacked, and may contain a whole system.
    if instruction.keyword == Keyword::Add {
        return true;
    }
    let Some(folder) = build.scopes().expand(stage.index, index, &parts.destination.text) else { return true };
    let folder = folder.trim_matches('/');
    let whole = matches!(folder, "" | "." | "usr" | "busybox");
    // A single program at the root is not a shell; a whole folder may contain one.
    let single =
        parts.from.is_none() || parts.sources.iter().all(|source| !source.text.ends_with('/') && source.text.len() > 1);
    folder.ends_with("bin")
        || folder.ends_with("/sh")
        || folder.contains("bin/")
        || (whole && !(single && folder.is_empty() && parts.sources.len() == 1))
}

fn shell_as_main_process(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let StageBase::Image(reference) = build.root_base(stage) else { return };
    // Debian's sh stays the parent of its last command; bash and busybox replace themselves with it.
    if BaseImage::of(reference).presence("bash") != Presence::Has || build.system_shell(stage) != Sh::Dash {
        return;
    }
    let Some(launch) = build.launch(stage).filter(Launch::is_exec) else { return };
    let outer = launch.script();
    let ([shell], [(_, inner)]) = (outer.commands.as_slice(), outer.nested.as_slice()) else { return };
    let is_sh = shell.name().is_some_and(|name| name.is("sh") || name.is("/bin/sh"));
    let Some(last) = last(inner) else { return };
    if !is_sh {
        return;
    }
    let Some(name) = last.name().and_then(Word::value) else { return };
    let program = path::name(name);
    if Program::of(program).needs_no_exec()
        || inner.commands.iter().any(|command| command.name().is_some_and(|name| name.is("trap")))
    {
        return;
    }
    let file = &build.input().file;
    let span = launch.place(file, last.span);
    let message = format!(
        "sh runs as PID 1 and does not forward signals to `{program}`: it is killed instead of being asked to stop"
    );
    let finding = cx.finding(span, message).help("put `exec` before the last command");
    let why = "the program becomes process 1 and receives the signals";
    let start = launch.place(file, last.name().map_or(last.span, |name| name.span)).start;
    out.push(
        finding.when(file.source().slice(span).contains(name) && exact(last, file.source().slice(span)), |finding| {
            finding.unsafe_edit("put `exec` before it", why, Span::at(start), "exec ")
        }),
    );
}

/// Whether the span in the source covers only the command, not the string that contains it.
fn exact(command: &Command, written: &str) -> bool {
    written.len() == command.span.len() as usize && !written.starts_with('"')
}

/// The last command of the script's top-level list, if it is a simple command outside a pipe.
fn last(script: &Script) -> Option<&Command> {
    let last = script.commands.iter().rfind(|command| script.is_last(command))?;
    let alone = last.place.pipe_len == 1 && !last.place.negated && script.problems.is_empty();
    let behind_or = last.place.before.is_some_and(|before| before.kind == SeparatorKind::Or);
    (alone && !behind_or && last.place.after.is_none()).then_some(last)
}
