//! What a service runs by its `entrypoint` and `command`: the server of its image, something that ends, or anything else.

use super::KnownService;
use crate::compose::project::ComposeValue;
use crate::data;
use crate::shell::program::{Kind, Program};
use crate::shell::{Command, SeparatorKind, from_exec};
use crate::text::{Span, path};

/// What a service runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceProgram {
    /// What its image starts, maybe with other options.
    OfImage,
    /// The server that its image is for.
    Server,
    /// Something that does its work and ends.
    Ends,
    /// Something that only keeps its container open.
    Idle,
    /// Something of which nothing is known.
    Unknown,
}

impl ServiceProgram {
    /// Whether the server of the image runs, by itself or by its name.
    pub const fn is_server(self) -> bool {
        matches!(self, Self::OfImage | Self::Server)
    }
}

/// The words of a list of a service.
pub(super) fn words<'p>(service: &'p ComposeValue, key: &str) -> Vec<&'p str> {
    let items = service.get(key).and_then(ComposeValue::as_list).unwrap_or_default();
    items.iter().filter_map(ComposeValue::as_text).collect()
}

/// What a service runs.
pub(super) fn of(service: &ComposeValue, known: Option<KnownService>) -> ServiceProgram {
    let (entrypoint, command) = (words(service, "entrypoint"), words(service, "command"));
    let is_option = |word: &&str| word.starts_with('-');
    if entrypoint.is_empty() && command.first().is_none_or(is_option) {
        return ServiceProgram::OfImage;
    }
    let words: Vec<_> = entrypoint.into_iter().chain(command).map(|word| (word, Span::at(0))).collect();
    let script = from_exec(&words);
    let script = script.innermost();
    let top = |command: &&Command| script.is_top(&command.place);
    let Some(last) = script.commands.iter().rfind(top) else { return ServiceProgram::Unknown };
    let loops_after = script.compounds.iter().any(|compound| compound.span.end > last.span.end);
    let is_background = last.place.after.is_some_and(|after| after.kind == SeparatorKind::Background);
    if loops_after || is_background || !script.problems.is_empty() {
        return ServiceProgram::Unknown;
    }
    let invocations = script.invocations();
    let Some(invocation) = invocations.iter().rfind(|invocation| std::ptr::eq(invocation.command, last)) else {
        return ServiceProgram::Unknown;
    };
    let mut words = invocation.program.into_iter().chain(invocation.args.iter().map(crate::shell::Word::text));
    let line = words.clone().collect::<Vec<_>>().join(" ");
    if data::MIGRATIONS.keys().any(|migration| line.contains(migration)) {
        return ServiceProgram::Ends;
    }
    let mut program = words.next().unwrap_or_default();
    if row_kind(program, known) == Some("passes-on") {
        let Some(next) = words.next() else { return ServiceProgram::OfImage };
        program = next;
    }
    match row_kind(program, known) {
        Some("server") => ServiceProgram::Server,
        Some("ends") => ServiceProgram::Ends,
        _ if Program::of(path::name(program)).is(Kind::Idle) => ServiceProgram::Idle,
        _ if ends(Program::of(path::name(program))) => ServiceProgram::Ends,
        _ => ServiceProgram::Unknown,
    }
}

/// Whether the entry point of the image decides what is done first: nothing is put in its place, and it gets the server.
/// Entry points of databases start any other program as it is.
pub(super) fn runs_entry_point(service: &ComposeValue, known: Option<KnownService>) -> bool {
    let command = words(service, "command");
    if !words(service, "entrypoint").is_empty() {
        // It may end with that of the image.
        return true;
    }
    let has_row = known.is_some_and(|known| known.server_program().is_some());
    command.first().is_none_or(|word| {
        word.starts_with('-') || !has_row || matches!(row_kind(word, known), Some("server" | "passes-on"))
    })
}

/// What the table says of a program in an image.
fn row_kind(program: &str, known: Option<KnownService>) -> Option<&'static str> {
    let fits = |services: &'static str| {
        data::words(services).any(|name| name == "*" || known.is_some_and(|known| known.name == name))
    };
    let is_it = |command: &str| command == program || command == path::name(program);
    let row = data::SERVICE_COMMANDS.rows().find(|row| is_it(row[0]) && fits(row[1]))?;
    Some(row[2])
}

fn ends(program: Program) -> bool {
    let kinds = [Kind::Brief, Kind::Succeeds, Kind::Entries, Kind::Copies, Kind::Deletes, Kind::Edits];
    kinds.into_iter().any(|kind| program.is(kind)) && !program.is(Kind::Server)
}

/// Whether a service does its work and ends: it runs something that ends, or its name says so and nothing speaks against it.
pub(super) fn is_job(name: &str, service: &ComposeValue, program: ServiceProgram, known: Option<KnownService>) -> bool {
    if program == ServiceProgram::Ends
        || known.is_some_and(|known| known.kind == "oneshot") && program != ServiceProgram::Idle
    {
        return true;
    }
    let is_named = name.split(['-', '_', '.']).any(|word| data::NAME_WORDS.has(&word.to_ascii_lowercase(), "job"));
    let is_server = match program {
        ServiceProgram::OfImage => known.is_some(),
        ServiceProgram::Server | ServiceProgram::Idle => true,
        ServiceProgram::Ends | ServiceProgram::Unknown => false,
    };
    let has_list = |key: &str| service.get(key).and_then(ComposeValue::as_list).is_some_and(|list| !list.is_empty());
    let restart = service.get("restart").and_then(ComposeValue::as_text).unwrap_or("no");
    let stays = ["always", "unless-stopped"].contains(&restart) || service.get("healthcheck").is_some();
    is_named && !is_server && !stays && !has_list("ports")
}
