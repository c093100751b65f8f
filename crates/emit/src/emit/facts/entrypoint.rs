//! The arguments that the script of an entrypoint takes instead of the one that starts the server: `worker` of
//! `case "$1" in worker) …`.

use super::application::Application;
use crate::build::{Build, Stage};
use crate::data;
use crate::dockerfile::{Arguments, Keyword};
use crate::emit::input::EmitInput;
use crate::manifest::FileKind;
use crate::shell::{self, CompoundKind, ScopeKind, Script, shell_of_shebang};
use crate::text::{Span, path};
use crate::variables::VariableFile;

/// An argument that the script of an entrypoint takes.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::emit) struct EntrypointArgument {
    pub(in crate::emit) name: String,
    /// What it is for (`data/entrypoint_arguments.tsv`).
    pub(in crate::emit) role: EntrypointRole,
    /// What the script does then: the arm of `case`, and the functions that it calls.
    pub(in crate::emit) text: String,
    /// Where the arm begins.
    pub(in crate::emit) place: String,
}

/// What a container does that is started with an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emit) enum EntrypointRole {
    /// It takes tasks.
    Worker,
    /// It plans the tasks of workers.
    Scheduler,
    /// It prepares the database and ends.
    Setup,
}

/// The arguments that the script of the entrypoint of a program takes; none where its image starts a worker anyway.
pub(in crate::emit) fn entrypoint_arguments(input: &EmitInput, application: &Application) -> Vec<EntrypointArgument> {
    let Some(file) = entrypoint_script(input, application) else { return Vec::new() };
    let text = file.source.text();
    let script = shell::parse(text);
    let cases = script.compounds.iter().filter(|known| known.kind == CompoundKind::Case);
    let cases = cases.filter(|known| is_on_first_argument(&text[range(known.span)]));
    let arms = cases.flat_map(|case| {
        let is_arm = |span: Span| case.span.start <= span.start && span.end <= case.span.end;
        let of_case = script
            .scopes
            .iter()
            .filter(|scope| scope.kind == ScopeKind::Branch && scope.parent == Some(case.place.scope));
        of_case.map(|scope| scope.span).filter(move |span| is_arm(*span))
    });
    let arguments = arms.flat_map(|arm| {
        let names = patterns(&text[..arm.start as usize]).into_iter();
        names
            .filter_map(|name| Some((role(name)?, name)))
            .map(|(role, name)| EntrypointArgument {
                name: name.to_owned(),
                role,
                text: text_of_arm(&script, text, arm),
                place: format!("{}:{}", file.source.name(), file.source.line(arm.start)),
            })
            .collect::<Vec<_>>()
    });
    arguments.collect()
}

/// The last line of the script of the entrypoint of a program.
pub(in crate::emit) fn last_line<'i>(input: &EmitInput<'i>, application: &Application) -> Option<&'i str> {
    let mut lines = entrypoint_script(input, application)?.source.text().lines().rev().map(str::trim);
    lines.find(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Whether the script of the entrypoint of a program ends with the command that it gets: `exec "$@"`.
pub(in crate::emit) fn hands_over(input: &EmitInput, application: &Application) -> bool {
    let line = last_line(input, application);
    line.is_some_and(|line| line.ends_with("\"$@\"") || line.ends_with("\"${@}\""))
}

/// The script of the entrypoint of a program that does not look at the command which it gets, as a place.
pub(in crate::emit) fn ignores_command(input: &EmitInput, application: &Application) -> Option<String> {
    let file = entrypoint_script(input, application)?;
    let text = file.source.text();
    let reads = |name: &str| text.contains(&format!("${name}")) || text.contains(&format!("${{{name}"));
    let is_read = ["@", "*", "1", "#"].into_iter().any(reads) || text.contains("shift") || text.contains("getopts");
    (!is_read).then(|| file.source.name().to_owned())
}

/// Whether the image of a program starts nothing by itself: it has neither ENTRYPOINT nor CMD, or an ENTRYPOINT that runs the
/// command which it gets, and no CMD.
pub(in crate::emit) fn starts_nothing(input: &EmitInput, application: &Application) -> bool {
    let build = &application.build;
    let Some(stage) = build.target() else { return false };
    build.launch(stage).is_none() || lacks_command(build, stage) && hands_over(input, application)
}

fn lacks_command(build: &Build, stage: &Stage) -> bool {
    build.last(stage, Keyword::Cmd).is_none()
}

fn range(span: Span) -> std::ops::Range<usize> {
    span.start as usize..span.end as usize
}

fn role(name: &str) -> Option<EntrypointRole> {
    match data::ENTRYPOINT_ARGUMENTS.row(name)?[1] {
        "worker" => Some(EntrypointRole::Worker),
        "scheduler" => Some(EntrypointRole::Scheduler),
        "setup" => Some(EntrypointRole::Setup),
        _ => None,
    }
}

/// The script that ENTRYPOINT starts, among the files of the image.
fn entrypoint_script<'i>(input: &EmitInput<'i>, application: &Application) -> Option<&'i VariableFile> {
    let build = &application.build;
    let (_, entrypoint) = build.chain(build.target()?).find_map(|stage| build.last(stage, Keyword::Entrypoint))?;
    let Arguments::Json(words) = &entrypoint.arguments else { return None };
    let name = path::name(&words.last()?.value);
    let files = application.code_files(input);
    let is_script = |file: &&VariableFile| {
        let first_line = file.source.text().lines().next().unwrap_or_default();
        let by_shebang = shell_of_shebang(first_line).is_some_and(|shell| shell.dialect.is_parsed());
        path::name(&file.path) == name && (by_shebang || FileKind::of(&file.below).is_shell())
    };
    files.filter(is_script).min_by_key(|file| file.path.len())
}

/// Whether a `case` is about the first argument of its script: `case "$1" in`, `case "${1:-server}" in`.
fn is_on_first_argument(text: &str) -> bool {
    let subject = text.strip_prefix("case").and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    let subject = subject.trim_matches('"').trim_start_matches('$').trim_start_matches('{');
    subject.strip_prefix('1').is_some_and(|rest| rest.is_empty() || rest.starts_with(['}', ':', '-']))
}

/// The patterns of the arm of `case` that a text ends with: `worker` and `celery` of `… worker | celery)`.
fn patterns(before: &str) -> Vec<&str> {
    let before = before.trim_end_matches(|c: char| c.is_whitespace() || c == ')');
    let start = before.rfind(['\n', ';', '(']).map_or(0, |at| at + 1);
    let words = before[start..].split('|').map(|word| word.trim().trim_matches(['"', '\'']));
    let words = words.map(|word| word.rsplit(' ').next().unwrap_or(word));
    words.filter(|word| !word.is_empty()).collect()
}

/// The text of an arm, and that of the functions that its commands name.
fn text_of_arm(script: &Script, text: &str, arm: Span) -> String {
    let mut whole = text[range(arm)].to_owned();
    let is_in_arm = |span: Span| arm.start <= span.start && span.end <= arm.end;
    let names = script.commands.iter().filter(|command| is_in_arm(command.span));
    let names: Vec<&str> = names.filter_map(|command| command.name()?.value()).collect();
    for function in script.compounds.iter().filter(|known| known.kind == CompoundKind::Function) {
        let body = &text[range(function.span)];
        let name = body.trim_start_matches("function ").split(['(', ' ', '{']).next().unwrap_or_default();
        if names.contains(&name) {
            whole.push('\n');
            whole.push_str(body);
        }
    }
    whole
}
