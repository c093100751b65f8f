//! See `rules/download-run-unverified.md`.

use crate::build::Run;
use std::collections::BTreeSet;

use super::Context;
use super::download::{Download, pipeline, verifies};
use crate::finding::Findings;
use crate::shell::program::{Kind, Program, State};
use crate::shell::{ExpansionKind, Invocation, Word};
use crate::text::{Span, path};

super::rule!("download-run-unverified", check);

/// How many commands before and after a command may belong to it.
const NEAR: usize = 32;

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        let invocations = run.invocations();
        let mut seen = BTreeSet::new();
        let mut unverified = None;
        for (at, invocation) in invocations.iter().enumerate() {
            // Only nearby commands belong together.
            let near = &invocations[at.saturating_sub(NEAR)..invocations.len().min(at + NEAR)];
            let mut stored = || {
                let span = stored(near, invocation)?;
                unverified.get_or_insert_with(|| !verifies(&run)).then_some(span)
            };
            let Some(span) =
                piped(near, invocation).or_else(|| substituted(&run, near, invocation)).or_else(&mut stored)
            else {
                continue;
            };
            let place = run.place(span);
            // `sh -c` is found again for each command in its script.
            if seen.insert(place) {
                out.push(finding(cx, &run, place));
            }
        }
    }
}

fn finding(cx: &Context, run: &Run, place: Span) -> crate::finding::Finding {
    let text = run.file().source().slice(place);
    let address = text.split(|c: char| c.is_whitespace() || "\"'()".contains(c)).find(|word| word.contains("://"));
    let host = address.and_then(|text| text.split_once("://")).and_then(|(_, rest)| rest.split(['/', '?']).next());
    let host = host.and_then(|host| host.rsplit('@').next());
    let who = match host.filter(|host| !host.is_empty() && !host.contains('$')) {
        Some(host) => format!("`{host}`"),
        None => "the server".to_owned(),
    };
    cx.finding(place, format!("a download from {who} is run without verification"))
        .help("download a fixed version, verify its checksum and then run it, or copy the tool from an image")
}

/// `curl … | sh`: from the download to the interpreter's name.
fn piped(all: &[Invocation], invocation: &Invocation) -> Option<Span> {
    if invocation.command.place.pipe_index == 0 || !reads_program(invocation) {
        return None;
    }
    let commands = &invocation.script.commands;
    let last = commands.partition_point(|command| command.span.start < invocation.command.span.start);
    commands.get(last).filter(|command| std::ptr::eq(*command, invocation.command))?;
    let before = pipeline(invocation.script, last);
    let feeds = |other: &&Invocation| {
        let is_other_command =
            |index: &usize| commands.get(*index).is_some_and(|command| std::ptr::eq(command, other.command));
        before.iter().take(before.len() - 1).any(is_other_command) && fetches(other)
    };
    let from = all.iter().find(feeds)?;
    Some(Span::new(from.span.start, invocation.path.span.end))
}

/// `curl -o x.sh … && sh x.sh`: the download of a file that is run.
fn stored(all: &[Invocation], invocation: &Invocation) -> Option<Span> {
    let program = run_file(invocation)?;
    let before = all
        .iter()
        .filter(|other| other.span.end <= invocation.span.start && std::ptr::eq(other.script, invocation.script));
    before
        .rev()
        .find(|other| fetches(other) && saved_file(other).is_some_and(|file| is_same(file, program)))
        .map(|o| o.span)
}

/// The file that is run: by its path, or by an interpreter.
fn run_file<'s>(invocation: &Invocation<'s>) -> Option<&'s str> {
    let path = invocation.path.value()?;
    if path.contains('/') && !path.starts_with("/bin/") && !path.starts_with("/usr/bin/") {
        return Some(path);
    }
    let program = invocation.program?;
    let known = Program::of(program);
    let interpreter = known.is_shell() || known.is(Kind::Interpreter) || known.state == State::Any;
    let first = invocation.args.iter().find(|word| !word.text().starts_with(['-', '+']) || word.is_dynamic())?;
    // `sh -e file`, but `perl -e text`, `sh -c text`, `python -m module`.
    let letters: &[char] = if known.is_shell() { &['c', 's'] } else { &['c', 'm', 'e', 'r'] };
    let takes_text = invocation.args.iter().take_while(|word| word.text().starts_with('-')).any(|word| {
        let text = word.text();
        !text.starts_with("--") && text[1..].contains(letters)
    });
    if interpreter && !takes_text { first.value() } else { None }
}

/// The file that a download is saved to.
fn saved_file<'s>(invocation: &Invocation<'s>) -> Option<&'s str> {
    let download = Download::of(invocation)?;
    match download.file(invocation)? {
        "" => {
            let address = download.operands.first()?.value()?;
            let path = address.split(['?', '#']).next().unwrap_or(address);
            path.split_once("://")?.1.rsplit_once('/').map(|(_, name)| name).filter(|name| !name.is_empty())
        }
        file => Some(file),
    }
}

/// Whether both paths name the same file; a name without a folder is relative to the current folder.
fn is_same(saved: &str, run: &str) -> bool {
    let (saved, run) = (saved.trim_start_matches("./"), run.trim_start_matches("./"));
    let name = |path: &str| path::name(path).to_owned();
    saved == run || ((!saved.contains('/') || !run.contains('/')) && name(saved) == name(run))
}

/// Whether a command is an interpreter that reads its program from standard input.
fn reads_program(invocation: &Invocation) -> bool {
    let Some(program) = invocation.program else { return false };
    let operands =
        || invocation.args.iter().map(Word::text).skip_while(|text| text.len() > 1 && text.starts_with(['-', '+']));
    let has = |letters: &[char]| {
        let short = |text: &str| text.starts_with('-') && !text.starts_with("--") && text[1..].contains(letters);
        invocation.args.iter().take_while(|word| word.text().starts_with('-')).any(|word| short(word.text()))
    };
    let from_input = || matches!(operands().next(), None | Some("-"));
    if Program::of(program).is_shell() {
        return !has(&['c']) && (from_input() || has(&['s']));
    }
    let version = |name: &str| {
        program.strip_prefix(name).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
    };
    if version("python") {
        return !has(&['c', 'm']) && from_input();
    }
    match program {
        "perl" | "ruby" => !has(&['e', 'n', 'p']) && from_input(),
        "node" => !has(&['e', 'p']) && from_input(),
        "php" => !has(&['r', 'f']) && (from_input() || invocation.args.first().is_some_and(|word| word.is("--"))),
        _ => false,
    }
}

fn fetches(invocation: &Invocation) -> bool {
    Download::of(invocation).is_some_and(|download| !download.asks_only() && !download.is_local())
}

/// `sh -c "$(curl …)"`, `bash <(curl …)`, `eval "$(curl …)"`, `. <(curl …)`
fn substituted(run: &Run, all: &[Invocation], invocation: &Invocation) -> Option<Span> {
    let words = &run.code.script.commands.get(invocation.outer as usize)?.words;
    let name = |word: &Word| word.value().map(|text| path::name(text).to_owned());
    let at = words.iter().position(|word| {
        name(word).is_some_and(|name| {
            let program = Program::of(&name);
            program.is_shell() || program.is(Kind::Interpreter) || program.state == State::Any
        })
    })?;
    let word = program_word(words, at)?;
    let output = word
        .expansions()
        .iter()
        .find(|expansion| expansion.kind == ExpansionKind::Command && expansion.within.start == 0)?;
    let from = all.iter().find(|other| output.span.contains(other.span) && fetches(other))?;
    Some(Span::new(words[at].span.start, from.span.end.max(word.span.end)))
}

/// The word that contains the script, given the index of the interpreter.
fn program_word(words: &[Word], at: usize) -> Option<&Word> {
    let mut next = at + 1;
    while let Some(word) = words.get(next) {
        let text = word.text();
        if !text.starts_with('-') || word.is_dynamic() {
            return Some(word);
        }
        next += 1;
    }
    None
}
