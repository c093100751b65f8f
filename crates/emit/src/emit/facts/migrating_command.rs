//! Images that migrate a database and end: what their container runs last, itself or in its script, is a command of a tool for
//! that. They listen nowhere, whatever ports their script names.

use super::application::Application;
use super::start::start_texts;
use crate::data;
use crate::emit::input::EmitInput;
use crate::manifest::FileKind;
use crate::shell::{self, Script, Word};
use crate::sources::patterns;
use crate::text::path;

/// The command (`data/migrations.tsv`) that a container of a program runs last, or the source that migrates and that it runs
/// alone; none where it runs another one behind it.
pub(in crate::emit) fn migrating_command(input: &EmitInput, application: &Application) -> Option<String> {
    let tool = migrating_tool(input, application).map(str::to_owned);
    tool.or_else(|| migrating_source(input, application))
}

/// The words that the name of a source consists of which migrates and ends.
const MIGRATION_WORDS: [&str; 5] = ["run", "db", "migrate", "migration", "migrations"];

/// The source that a container starts and that migrates by its name: `tsx src/migrate.ts`. A server has another name.
fn migrating_source(input: &EmitInput, application: &Application) -> Option<String> {
    let starts = start_texts(input, application);
    let mut sources = starts.iter().filter(|start| FileKind::of(&start.place).has_code());
    let (source, None) = (sources.next()?, sources.next()) else { return None };
    let kind = FileKind::of(&source.place);
    let stem = kind.without_ending().to_ascii_lowercase();
    let mut words = path::name(&stem).split(['-', '_', '.']).peekable();
    // A service that takes migrations as tasks does not end.
    let is_named = words.peek().is_some() && words.all(|word| MIGRATION_WORDS.contains(&word));
    let serves = || {
        ["opens a port", "makes an application", "works without end"]
            .iter()
            .any(|sign| patterns::shows(source.text, sign))
    };
    (is_named && !kind.is_shell() && !serves()).then(|| path::name(&source.place).to_owned())
}

fn migrating_tool(input: &EmitInput, application: &Application) -> Option<&'static str> {
    let build = &application.build;
    let launch = build.launch(build.target()?)?;
    if let Some(command) = last_migration(launch.script()) {
        return Some(command);
    }
    // A script that the command names, not one that such a script names.
    let invocations = launch.script().invocations();
    let last = invocations.last()?;
    let words: Vec<&str> = [last.path].into_iter().chain(last.args).map(|word| path::name(word.text())).collect();
    let starts = start_texts(input, application);
    let mut scripts = starts.iter().filter(|start| {
        FileKind::of(&start.place).is_shell() && words.last().is_some_and(|word| path::name(&start.place) == *word)
    });
    last_migration(&shell::parse(scripts.next()?.text))
}

/// The command of a tool for migrations that a script runs last.
fn last_migration(script: &Script) -> Option<&'static str> {
    let invocations = script.invocations();
    let last = invocations.last()?;
    let words: Vec<&str> = [last.path].into_iter().chain(last.args).map(Word::text).collect();
    data::MIGRATIONS.keys().find(|command| has_words(&words, command))
}

/// Whether the words of a call have those of a command in their order, with options between them: `goose -dir sql postgres up`.
fn has_words(words: &[&str], command: &str) -> bool {
    let mut open = words.iter();
    let mut wanted = command.split(' ');
    let Some(first) = wanted.next() else { return false };
    // Of a call through other programs the first word may stand anywhere: `bundle exec rake db:migrate`.
    open.any(|word| path::name(word) == first) && wanted.all(|part| open.any(|word| *word == part))
}

#[cfg(test)]
mod tests {
    use super::last_migration;
    use crate::shell::parse;

    #[test]
    fn the_last_command_of_a_job_migrates() {
        let of = |text: &str| last_migration(&parse(text));
        assert_eq!(of("sleep 2 && goose -dir ${DIR} postgres \"${DSN}\" up -v"), Some("goose up"));
        assert_eq!(of("/usr/local/bin/goose up"), Some("goose up"));
        assert_eq!(of("migrate -path /migrations -database postgres://db/list up"), Some("migrate -path"));
        assert_eq!(of("uv run alembic -c db/alembic.ini upgrade head"), Some("alembic upgrade"));
        assert_eq!(of("bundle exec rake db:migrate"), Some("db:migrate"));
        assert_eq!(of("python manage.py migrate --noinput"), Some("manage.py migrate"));
        for text in ["goose up && ./server", "goose status", "exec \"$@\"", "echo up goose", ""] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
