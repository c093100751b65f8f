//! Whether the variable `PORT` sets the port that a container listens on.

use crate::build::{ListeningOrigin, Lookup, Stage, VariableValue};
use crate::dockerfile::Keyword;
use crate::manifest::FileKind;
use crate::optimize::pass_input::PassInput;
use crate::optimize::reached_sources::LazyReach;
use crate::sources::patterns;
use crate::text::path;

/// How shells ask for the variable by which most hosts tell a service its port.
const EXPANDED: [&str; 2] = ["$PORT", "${PORT"];

/// Whether whoever starts the container may choose the port by `PORT`, as the command or a source reads it.
pub(super) fn varies(input: &PassInput, target: &Stage, port: u16) -> bool {
    let other = match input.build.scopes().lookup(target.index, "PORT", usize::MAX) {
        Lookup::Defined(variable) => {
            !matches!(&variable.value, VariableValue::Known(value) if value.parse() == Ok(port))
        }
        _ => false,
    };
    // What the command says counts before the variable.
    let listening = input.build.listening(target).and_then(|listening| listening.port);
    if matches!(listening, Some((known, ListeningOrigin::Word(_))) if known == port) {
        return false;
    }
    let lines = input.last_of(target, &[Keyword::Entrypoint, Keyword::Cmd]);
    let command = lines.iter().any(|(_, line)| reads(input.source().slice(line.span), &EXPANDED));
    // The server that Next.js wrote.
    let is_traced = input.source().text().contains(".next/standalone")
        && lines.iter().any(|(_, line)| input.source().slice(line.span).contains("server.js"));
    let shell = |path: &str| path::name(path) == "package.json" || FileKind::of(path).is_shell();
    let patterns: Vec<&str> = patterns::words("reads the variable PORT").collect();
    let reach = LazyReach::new(input);
    let sources = || input.evidence.holding(&patterns).filter(|(path, _)| reach.may_run(path));
    let scripts = || input.evidence.holding(&EXPANDED).filter(|(path, _)| shell(path));
    !other
        && (command
            || is_traced
            || sources().any(|(_, text)| reads(text, &patterns))
            || scripts().any(|(_, text)| reads(text, &EXPANDED)))
}

fn reads(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        let whole = |at: usize| {
            let next = text[at + word.len()..].chars().next();
            !next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        text.match_indices(word).any(|(at, _)| whole(at))
    })
}
