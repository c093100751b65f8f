//! See `rules/migration-in-build.md`.

use crate::build::{Build, Run, ScriptCall, is_command};
use crate::data;
use crate::finding::Findings;
use crate::rules::Context;
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Word, parse};

crate::rules::rule!("migration-in-build", check);

fn check(cx: &Context, out: &mut Findings) {
    if cx.is_for_developers_only() {
        return;
    }
    let build = cx.build();
    for run in cx.shipped().flat_map(|stage| build.own_runs(stage)).filter(|run| run.code.is_ordinary()) {
        let invocations = run.invocations();
        let Some((invocation, command)) = invocations.iter().find_map(|it| Some((it, change_of(cx, it, 0)?))) else {
            continue;
        };
        if has_database(build, &run, &invocations) {
            continue;
        }
        let message = format!(
            "`{command}` runs while the image is built, without the database of the container: it fails, or changes one that the container never sees"
        );
        let help = "run it when the container starts, or as a job before the new version";
        out.push(cx.finding(run.place(invocation.span), message).help(help));
    }
}

/// How deep scripts of package.json that run other ones are followed.
const DEEPEST: usize = 2;

/// The command of the table that an invocation is, also through a script of package.json.
fn change_of(cx: &Context, invocation: &Invocation, depth: usize) -> Option<&'static str> {
    let line: Vec<&str> = invocation.command.words.iter().map(Word::text).collect();
    let row = data::SCHEMA_CHANGES
        .rows()
        .find(|row| is_command(&line, row[0]) && !data::words(row[1]).any(|off| line.contains(&off)));
    if let Some(row) = row {
        return Some(row[0]);
    }
    if depth == DEEPEST {
        return None;
    }
    let call = ScriptCall::of(invocation)?;
    let commands = cx.projects()?.iter().filter_map(|project| call.script(project));
    commands.into_iter().find_map(|command| {
        let script = parse(command);
        script.invocations().iter().find_map(|inner| change_of(cx, inner, depth + 1))
    })
}

/// Whether the same RUN starts a database, or the file says that it is a file in the image.
fn has_database(build: &Build, run: &Run, invocations: &[Invocation]) -> bool {
    let starts = |invocation: &Invocation| {
        let program = invocation.program.map_or(Program::UNKNOWN, Program::of);
        program.is(Kind::Server)
            || program.is(Kind::StepsDown)
            || invocation.is("service")
            || invocation.is("pg_ctl")
            || invocation.is("pg_ctlcluster")
    };
    let says_file = |text: &str| text.to_ascii_lowercase().contains("sqlite");
    let source = build.input().file.source().text();
    run.code.text().is_none_or(|text| text.contains("docker-entrypoint"))
        || says_file(source)
        || invocations.iter().any(starts)
}
