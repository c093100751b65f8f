//! See `rules/start-script-keeps-shell.md`.

use super::Context;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::shell::program::{Kind, Program};
use crate::shell::{Command, CompoundKind, ExpansionKind, Script, Word, parse, shell_of_shebang};
use crate::text::path;

super::rule!("start-script-keeps-shell", check);

fn check(cx: &Context, out: &mut Findings) {
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
