//! See `rules/migration-in-build.md`.

use crate::build::{Build, Run, ScriptCall, is_command};
use crate::data;
use crate::dockerfile::Keyword;
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
        let mut finding = cx.finding(run.place(invocation.span), message).help(help);
        finding.notes.extend(kept_address(build, &run));
        out.push(finding);
    }
}

/// What is said of an address of a server that a build argument gives and that an ENV in front of a RUN keeps.
fn kept_address(build: &Build, run: &Run) -> Option<String> {
    let file = &build.input().file;
    let before =
        || build.chain(run.stage).flat_map(|stage| build.instructions(stage)).filter(|(at, _)| *at < run.index);
    let of = |keyword| before().filter(move |(_, instruction)| instruction.keyword == keyword).map(|(_, known)| known);
    let arguments: Vec<_> = of(Keyword::Arg).flat_map(|instruction| file.args(instruction)).collect();
    let is_given = |value: &str| {
        let name = value.trim_matches(['"', '\'', '$', '{', '}']);
        value.contains('$') && arguments.iter().any(|argument| argument.name.text == name)
    };
    of(Keyword::Env).find_map(|instruction| {
        let pairs = file.variables(instruction);
        let pair = pairs.iter().find(|pair| is_address_name(&pair.name.text) && is_given(&pair.value.text))?;
        let (name, line) = (&pair.name.text, instruction.start_line);
        Some(format!(
            "`{name}` of line {line} keeps what the build is given: a password in it is in the config of the image"
        ))
    })
}

/// Whether a variable is for the address of a server: `DATABASE_URL`, `MONGO_URI`.
fn is_address_name(name: &str) -> bool {
    name.rsplit('_').next().is_some_and(|word| data::CONNECTION_WORDS.has(word, "url"))
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
