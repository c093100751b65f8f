//! A text ─► the commands in it, with what they read: scripts, recipes of makefiles and justfiles, and the scripts of pipelines.

use crate::manifest::FileKind;
use crate::shell::{Invocation, RedirectOperator, Word, parse};
use crate::text::path;

/// Commands of one script that are read.
const COMMANDS: usize = 5_000;

/// A command.
pub(super) struct ShellCommand {
    /// The words, the program first.
    pub(super) words: Vec<String>,
    /// As it is written.
    pub(super) raw: String,
    /// The words of the commands before it in its pipe and of the one that starts it, and the files that it reads from.
    pub(super) input: Vec<String>,
}

/// The commands of a script; `file`: the name of the file that it stands in.
pub(super) fn commands(file: &str, script: &str) -> Vec<ShellCommand> {
    let script = plain_script(file, script);
    let read = parse(&script);
    let of_invocation = |invocation: Invocation<'_>| {
        let text = |word: &Word| word.text().to_owned();
        let program = invocation.program.map_or_else(|| text(invocation.path), str::to_owned);
        let words = std::iter::once(program).chain(invocation.args.iter().map(text)).collect();
        let raw = script.get(invocation.span.range()).unwrap_or_default().to_owned();
        let before = invocation.script.before_in_pipe(invocation.command);
        let piped = before.into_iter().flat_map(|span| invocation.script.commands_within(span));
        let redirects = invocation.command.redirects.iter();
        let read = redirects.filter(|redirect| redirect.operator == RedirectOperator::Read);
        let read = read.filter_map(|redirect| redirect.target.as_ref()).map(text);
        let wrappers = invocation.via.iter().flat_map(|wrapper| wrapper.args).map(text);
        let piped: Vec<String> = piped.flat_map(|command| &command.words).map(text).collect();
        let input: Vec<String> = piped.into_iter().chain(read).chain(wrappers).collect();
        ShellCommand { words, raw, input }
    };
    read.invocations().into_iter().take(COMMANDS).map(of_invocation).collect()
}

impl ShellCommand {
    /// The values of the variables that it uses, as the script writes them.
    pub(super) fn variables<'s>(&self, script: &'s str) -> Vec<&'s str> {
        let names = self.raw.split('$').skip(1).map(|rest| {
            let rest = rest.trim_start_matches(['{', '(']);
            rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default()
        });
        let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
        let value = |line: &'s str| {
            let (name, value) = line.split_once('=')?;
            let name = name.trim_end_matches([':', '?', '+', ' ']).trim().rsplit(' ').next()?;
            names.contains(&name).then_some(value)
        };
        script.lines().filter_map(value).collect()
    }
}

/// A script without what another program puts into it first, as names of variables: `${{ inputs.tag }}`, `{{ tag }}`, `$(TAG)` of
/// a makefile.
fn plain_script(file: &str, script: &str) -> String {
    let script = replaced(script, ("${{", "}}"));
    let script = replaced(&script, ("{{", "}}"));
    let language = FileKind::of(path::name(file)).language();
    if language != "Makefile" {
        return if path::is_yaml(file) { script.replace("$$", "$") } else { script };
    }
    let lines = script.replace("\\\n", " ").replace("$$", "$");
    let lines = lines.lines().map(|line| line.trim_start_matches(['\t', '@', '-', '+', ' ']));
    replaced_variables(&lines.collect::<Vec<_>>().join("\n"))
}

/// A text with what stands between marks as the name of a variable.
fn replaced(text: &str, (open, close): (&str, &str)) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(open) {
        let Some((inner, after)) = behind.split_once(close) else { break };
        result.push_str(before);
        result.push_str("${");
        result.extend(inner.trim().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }));
        result.push('}');
        rest = after;
    }
    result.push_str(rest);
    result
}

/// A recipe with `$(NAME)` as the shell writes it; calls of functions stay.
fn replaced_variables(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("$(") {
        result.push_str(before);
        let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(behind.len());
        let is_variable = end > 0 && behind[end..].starts_with(')');
        if is_variable {
            result.push_str("${");
            result.push_str(&behind[..end]);
            result.push('}');
        } else {
            result.push_str("$(");
        }
        rest = if is_variable { &behind[end + 1..] } else { behind };
    }
    result.push_str(rest);
    result
}
