//! Whether a container starts a program as its developers do (`data/development_servers.tsv`).

use super::listening::program;
use super::{Build, FoundVariable, ScriptCall, Stage};
use crate::data;
use crate::shell::program::Program;
use crate::shell::{Invocation, Word, parse};
use crate::text::{Span, path};

/// A program that a container starts as its developers do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevelopmentServer {
    /// The command in two words: `uvicorn --reload`, `next dev`.
    pub title: String,
    /// Its span in the source.
    pub span: Span,
    /// The option that makes it so, with its span.
    pub option: Option<(String, Span)>,
    /// What makes it one for developers.
    pub kind: DevelopmentKind,
    /// What to do instead, unless leaving out the option is enough.
    pub instead: Option<&'static str>,
}

/// What makes a command one for developers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DevelopmentKind {
    /// It starts the program again when a source changes.
    Restarts,
    /// It is the server that a framework has for development.
    Serves,
    /// It compiles the program whenever it starts it.
    Compiles,
}

impl Build<'_> {
    /// The first command of a container of the stage that is for developers.
    pub fn development_server(&self, stage: &Stage) -> Option<DevelopmentServer> {
        let launch = self.launch(stage)?;
        let invocations = launch.script().invocations();
        let place = |span| launch.place(&self.input().file, span);
        let variable = |name: &str| self.env_value(stage, name).and_then(FoundVariable::text);
        invocations.iter().find_map(|invocation| {
            of(&place, &variable, invocation).or_else(|| self.development_script(&place, &variable, invocation))
        })
    }

    /// What a script of package.json starts, where its manifest is known; else by the name of the script.
    fn development_script(
        &self,
        place: &dyn Fn(Span) -> Span,
        variable: &dyn Fn(&str) -> Option<String>,
        invocation: &Invocation,
    ) -> Option<DevelopmentServer> {
        let call = ScriptCall::of(invocation)?;
        let Some(projects) = self.input().projects.as_ref() else {
            let parts = || call.name.split([':', '-']);
            let is_dev = |word: &str| data::NAME_WORDS.has(word, "dev-script");
            // `build:dev` ends by itself.
            let is_brief = |word: &str| data::NAME_WORDS.has(word, "brief-script") && !is_dev(word);
            let is_named = parts().any(is_dev) && !parts().any(is_brief);
            let title = format!("{} {}", invocation.program?, joined(invocation.args));
            let kind = DevelopmentKind::Serves;
            let server = DevelopmentServer { title, span: place(invocation.span), option: None, kind, instead: SCRIPT };
            return is_named.then_some(server);
        };
        let mut texts = projects.iter().filter_map(|project| call.script(project));
        let (Some(text), None) = (texts.next(), texts.next()) else { return None };
        let script = parse(&format!("{text} {}", call.arguments.join(" ")));
        let span = place(invocation.span);
        let server = script.invocations().iter().find_map(|invocation| of(&|_| span, variable, invocation))?;
        Some(DevelopmentServer { option: None, instead: server.instead.or(SCRIPT), ..server })
    }
}

/// What to do instead of a script for development.
const SCRIPT: Option<&str> = Some("build the program in the image, and start the result");

fn joined(words: &[Word]) -> String {
    words.iter().map(Word::text).collect::<Vec<_>>().join(" ")
}

/// Whether a command starts a program as developers do, who change its sources while it runs.
pub(super) fn is_for_developers(invocation: &Invocation) -> bool {
    of(&|span| span, &|_| None, invocation).is_some_and(|server| server.kind != DevelopmentKind::Compiles)
}

fn of(
    place: &dyn Fn(Span) -> Span,
    variable: &dyn Fn(&str) -> Option<String>,
    invocation: &Invocation,
) -> Option<DevelopmentServer> {
    let (name, args) = script(invocation)?;
    data::DEVELOPMENT_SERVERS.rows().find_map(|cells| {
        let &[program, first, options, kind, instead, ..] = cells else { return None };
        if program != name || !is_set(options, variable) {
            return None;
        }
        let options = if options.starts_with('$') { "-" } else { options };
        let stands_first = |word: &&Word| data::words(first).any(|known| word.is(known));
        // `react-scripts --openssl-legacy-provider start`
        let is_command = |word: &&Word| first.starts_with('-') || !word.text().starts_with('-');
        let mut commands = args.iter().filter(is_command);
        let start = commands.next();
        // `flask --app wsgi run`: the first word may be the value of an option.
        let start = match start {
            Some(word) if !stands_first(&word) && is_value(args, word) => commands.next().or(start),
            _ => start,
        };
        let first_word = match first {
            "-" => None,
            "." if args.iter().all(|word| word.text().starts_with('-')) || is_value(args, start?) => None,
            "." => return None,
            _ => Some(start.filter(stands_first)?),
        };
        let option = match options {
            "-" => None,
            _ => Some((0..args.len()).find_map(|at| {
                let known = data::words(options).find(|known| is_option(&args[at..], known))?;
                Some((&args[at], known.replace('=', " ")))
            })?),
        };
        let words = [first_word.map(Word::text), option.as_ref().map(|(_, written)| written.as_str())];
        let title = std::iter::once(name).chain(words.into_iter().flatten()).collect::<Vec<_>>().join(" ");
        Some(DevelopmentServer {
            title,
            span: place(invocation.span),
            option: option.as_ref().map(|(word, _)| (word.text().to_owned(), place(word.span))),
            kind: match kind {
                "restarts" => DevelopmentKind::Restarts,
                "compiles" => DevelopmentKind::Compiles,
                _ => DevelopmentKind::Serves,
            },
            instead: (instead != "-").then_some(instead),
        })
    })
}

/// Whether the image sets the variable that a row asks for.
fn is_set(options: &str, variable: &dyn Fn(&str) -> Option<String>) -> bool {
    let Some((name, value)) = options.strip_prefix('$').and_then(|condition| condition.split_once('=')) else {
        return true;
    };
    variable(name).as_deref() == Some(value)
}

/// Whether a word is the value of the option before it: `--port 3000`.
fn is_value(args: &[Word], word: &Word) -> bool {
    let at = args.iter().position(|other| std::ptr::eq(other, word));
    let before = at.and_then(|at| args.get(at.checked_sub(1)?)).map_or("", Word::text);
    before.starts_with("--") && !before.contains('=')
}

/// Whether a command starts the server that a framework has for its developers alone: `vite dev`, also without its first
/// word where that is the usual one (`vite`).
pub fn serves_developers(words: &[String]) -> bool {
    data::DEVELOPMENT_SERVERS.rows().filter(|cells| cells[3] == "serves").any(|cells| {
        let program = words.iter().position(|word| path::name(word) == cells[0]);
        let rest = program.map_or(&words[..0], |at| &words[at + 1..]);
        let behind = rest.iter().find(|word| !word.starts_with('-')).map_or("-", String::as_str);
        let is_usual = cells[1] == "-" || behind == "-" && cells[0] == "vite";
        program.is_some() && (is_usual || data::words(cells[1]).any(|first| first == behind))
    })
}

/// The option with which a server of `data/server_ports.tsv`, or Node, starts again when a source changes, and whether it
/// stands first behind the program.
pub fn reload_option(server: &str) -> Option<(&'static str, bool)> {
    data::DEVELOPMENT_SERVERS.rows().filter(|cells| cells[3] == "restarts").find_map(|cells| {
        let &[program, first, options, ..] = cells else { return None };
        match data::words(options).next()? {
            "-" => (program == server && first.starts_with("--")).then_some((first, true)),
            option => {
                let is_server = match first {
                    "-" => program == server,
                    _ => server.strip_prefix(program).is_some_and(|rest| rest.trim_start() == first),
                };
                is_server.then_some((option, false))
            }
        }
    })
}

/// Whether words begin with an option: `--reload`, or `-e development` as `-e=development`.
fn is_option(words: &[Word], option: &str) -> bool {
    let first = words.first().is_some_and(|word| word.is(option));
    let apart = option.split_once('=').is_some_and(|(name, value)| {
        words.first().is_some_and(|word| word.is(name)) && words.get(1).is_some_and(|word| word.is(value))
    });
    first || apart
}

/// The program behind wrappers and interpreters, and its arguments: `php artisan serve`, `node_modules/.bin/nodemon`.
fn script<'s>(invocation: &Invocation<'s>) -> Option<(&'s str, &'s [Word])> {
    // The script of Rails that starts the servers of Procfile.dev.
    if matches!(invocation.path.value(), Some("bin/dev" | "./bin/dev")) {
        return Some(("bin/dev", invocation.args));
    }
    let (name, args) = program(invocation.program?, invocation.args).unwrap_or((invocation.program?, invocation.args));
    let behind = args.first().and_then(Word::value).map(path::name);
    let is_listed = |script: &&str| data::DEVELOPMENT_SERVERS.contains(script) && !Program::of(script).is_shell();
    match behind.filter(is_listed) {
        Some(script) if matches!(name, "php" | "node" | "ruby") => Some((script, &args[1..])),
        _ => Some((path::name(name), args)),
    }
}
