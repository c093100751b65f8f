//! The scripts of RUNs as `ShellCheck` is asked about them, and its answers with their places in the source. Runs no
//! program.

mod answer;
#[cfg(test)]
mod tests;

pub use self::answer::{is_of_wrong_shell, read_answers};

use crate::build::{Build, Code, Lookup, Sh, Stage};
use crate::dockerfile::{Arguments, Instruction, Keyword, LineKind};
use crate::inputs::ShellcheckComment;
use crate::shell::{Dialect, Shell, shell_of, shell_of_shebang};
use crate::text::{Span, path};

/// A script of a RUN.
#[derive(Debug)]
pub struct Script<'b, 'a> {
    /// What `ShellCheck` reads: a first line that names the shell, directives of comments, the known variables, the script.
    pub text: String,
    /// Lines before the script's own.
    before: u32,
    /// Where the script begins in the code's text.
    start: u32,
    /// Where the script ends in the code's text.
    end: u32,
    code: &'b Code<'a>,
}

/// The scripts of a build that a shell runs which `ShellCheck` knows, in source order.
pub fn scripts<'b, 'a>(build: &'b Build<'a>) -> Vec<Script<'b, 'a>> {
    let mut scripts = Vec::new();
    // In a template, words stand in for what only the program knows.
    if build.input().template.is_some() {
        return scripts;
    }
    let names = names(build);
    for stage in build.stages() {
        for (index, _) in build.instructions(stage) {
            if build.effective(index).keyword == Keyword::Run
                && let Some(code) = build.code(index)
            {
                scripts.extend(of_run(build, stage, index, code, &names));
            }
        }
    }
    scripts
}

/// The script of a RUN, and those that its heredocs give to shells.
fn of_run<'b, 'a>(
    build: &Build<'a>,
    stage: &Stage,
    index: usize,
    code: &'b Code<'a>,
    names: &[&str],
) -> Vec<Script<'b, 'a>> {
    let Some(text) = code.text() else { return Vec::new() };
    let is_known = |name: &&&str| {
        crate::build::PROXY_ARGS.contains(*name)
            || matches!(build.scopes().lookup_run(stage.index, name, index), Lookup::Defined(_))
    };
    let exports: Vec<String> = names.iter().filter(is_known).map(|name| format!(" {name}=1")).collect();
    let directives = directives(build, build.instruction(index));
    let script = |shell: &Shell, span: Span| {
        let name = name_of(shell.dialect, build.system_shell(stage))?;
        let errexit = if shell.options.errexit { " -e" } else { "" };
        let mut head = format!("#!/bin/{name}{errexit}\n{directives}");
        if !exports.is_empty() {
            head += &format!("export{}\n", exports.concat());
        }
        let before = head.matches('\n').count() as u32;
        Some(Script { text: head + &text[span.range()], before, start: span.start, end: span.end, code })
    };
    let whole = Span::new(0, text.len() as u32);
    let first = text.lines().next().filter(|line| line.starts_with("#!"));
    let shell = match first {
        Some(line) => shell_of_shebang(line),
        None => build.shell(stage, index).value().copied(),
    };
    let mut scripts: Vec<_> = shell.and_then(|shell| script(&shell, whole)).into_iter().collect();
    for (at, _) in &code.script.nested {
        let Some(command) = code.script.commands.get(*at as usize) else { continue };
        let body = command.redirects.iter().find_map(|redirect| redirect.body);
        let name = command.name().and_then(|name| name.value()).map(path::name);
        if let (Some(body), Some(name)) = (body, name) {
            scripts.extend(script(&shell_of(&[name]), body));
        }
    }
    scripts
}

/// The shell as `ShellCheck` calls it; `None` for one that it does not know.
fn name_of(dialect: Dialect, sh: Sh) -> Option<&'static str> {
    match (dialect, sh) {
        (Dialect::Posix, Sh::Dash) => Some("dash"),
        (Dialect::Posix, Sh::Ash) => Some("ash"),
        (Dialect::Posix, Sh::Unknown) => Some("sh"),
        (Dialect::Bash, _) | (Dialect::Posix, Sh::Bash) => Some("bash"),
        (Dialect::Ksh, _) => Some("ksh"),
        (Dialect::Zsh | Dialect::PowerShell | Dialect::Cmd | Dialect::Other, _) => None,
    }
}

/// The names of all variables of the file that a script can use.
fn names<'a>(build: &Build<'a>) -> Vec<&'a str> {
    let file = &build.input().file;
    let mut names = Vec::new();
    for stage in build.stages() {
        for (index, _) in build.instructions(stage) {
            let instruction = build.effective(index);
            match (&instruction.arguments, instruction.keyword) {
                (Arguments::Pairs(pairs), Keyword::Env) => names.extend(pairs.iter().map(|pair| file.str(pair.key))),
                (Arguments::Words(words), Keyword::Arg) => {
                    names.extend(words.iter().map(|word| file.str(*word)).filter_map(|word| word.split('=').next()));
                }
                _ => {}
            }
        }
    }
    names.extend(crate::build::PROXY_ARGS);
    names.retain(|name| is_name(name));
    names.sort_unstable();
    names.dedup();
    names
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The comments `# shellcheck …` directly above an instruction and inside of it, which the builder takes out: they hold
/// for all of the script.
fn directives(build: &Build, instruction: &Instruction) -> String {
    let file = &build.input().file;
    let lines = file.lines();
    let first = instruction.start_line as usize - 1;
    let above = lines[..first].iter().rev().take_while(|line| line.kind == LineKind::Comment).count();
    let inside = lines[first..].iter().take((instruction.end_line - instruction.start_line) as usize + 1);
    let inside = inside.filter(|line| matches!(line.kind, LineKind::InnerComment(_)));
    let comments = lines[first - above..first].iter().chain(inside).map(|line| file.source().slice(line.span).trim());
    let directives = comments.filter(|text| text[1..].trim_start().starts_with("shellcheck "));
    directives.fold(String::new(), |script, text| script + "# " + text[1..].trim_start() + "\n")
}

impl Script<'_, '_> {
    /// Where a comment's text stands in the source; `None` for what is not in the script itself.
    pub fn place(&self, build: &Build, comment: &ShellcheckComment) -> Option<Span> {
        let start = self.offset(comment.line, comment.column)?;
        let end = self.offset(comment.end_line, comment.end_column).unwrap_or(start).max(start);
        // What has no length is about the character that stands there.
        let text = self.code.text()?.get(start as usize..self.end as usize)?;
        let next = text.chars().next().filter(|next| *next != '\n').map_or(0, char::len_utf8) as u32;
        let end = if end == start { start + next } else { end };
        Some(self.code.place(&build.input().file, Span::new(start, end)))
    }

    /// The offset of a line and column in the code's text.
    fn offset(&self, line: u32, column: u32) -> Option<u32> {
        let line = line.checked_sub(self.before)?.checked_sub(1)?;
        let text = self.code.text()?.get(self.start as usize..self.end as usize)?;
        let line = text.split('\n').nth(line as usize)?;
        let column = column.checked_sub(1)? as usize;
        let within = line.char_indices().map(|(at, _)| at).chain([line.len()]).nth(column).unwrap_or(line.len());
        Some(self.start + (line.as_ptr() as usize - text.as_ptr() as usize + within) as u32)
    }
}
