//! Whether an empty value makes the RUN fail anyway, because a later command downloads, unpacks or installs what it
//! names. Shared by the rules on hidden failures.

use crate::shell::program::options::ProgramOptions;
use crate::shell::program::{Kind, Program};
use crate::shell::{Command, CommandPlace, Script, SeparatorKind, Word, arguments};
use crate::text::{Span, path};

/// The number of commands after the assignment that are checked.
const LOOKED_AHEAD: usize = 64;

/// Whether the variable that is assigned the substitution at or around `span` names something that a later command
/// needs, and the RUN stops if that command fails.
pub(in crate::rules) fn is_seen_later(script: &Script, span: Span) -> bool {
    let Some((at, name)) = assigned(script, span) else { return false };
    let command = &script.commands[at];
    let scopes: Vec<u32> = std::iter::successors(Some(command.place.scope), |scope| {
        script.scopes.get(*scope as usize).and_then(|scope| scope.parent)
    })
    .collect();
    let mut names = vec![name];
    let later =
        script.commands[at + 1..].iter().filter(|later| later.span.start >= command.span.end).take(LOOKED_AHEAD);
    for command in later {
        let uses = |word: &Word| word.variables().any(|variable| names.iter().any(|name| name == variable));
        // `B=$(if x; then echo "$A"; fi)`
        let takes = |value: &Word| {
            uses(value)
                || script.commands.iter().any(|inner| value.span.contains(inner.span) && inner.words.iter().any(uses))
        };
        let derived: Vec<String> =
            assignments(command).filter(|(_, value)| takes(value)).map(|(name, _)| name.to_owned()).collect();
        let is_argument = command.words.iter().skip(1).any(|word| uses(word) && !word.text().contains(['?', '@']));
        // pip refuses `x==`.
        let is_requirement = || command.words.iter().any(|word| uses(word) && word.text().contains("==$"));
        let fails =
            || fails_without(script, command) || is_requirement() && ends_run(script, &command.place, command.span);
        if is_argument && scopes.contains(&command.place.scope) && fails() {
            return true;
        }
        names.extend(derived);
    }
    false
}

/// Whether a command that runs only after a pipe succeeds fails without what that downloads: the installer's program in a
/// home or below the current folder, `python -m pip` after get-pip.py, or `apt-get update` after a repository's key.
pub(in crate::rules) fn is_missed_later(script: &Script, pipe: &[usize]) -> bool {
    let Some(last) = pipe.last().and_then(|at| script.commands.get(*at)) else { return false };
    let text = |command: &Command| command.words.iter().map(Word::text).collect::<Vec<_>>().join(" ");
    let loaded: Vec<String> = pipe.iter().filter_map(|at| script.commands.get(*at)).map(text).collect();
    let gets_pip = loaded.iter().any(|text| text.contains("get-pip"));
    let targets = last.words.iter().chain(last.redirects.iter().filter_map(|redirect| redirect.target.as_ref()));
    let is_key = targets.map(Word::text).any(|path| path.contains("/keyrings/") || path.contains("/trusted.gpg"));
    let runs_it = Program::of(name_of(last)).is_shell() || Program::of(name_of(last)).is(Kind::Interpreter);
    let later = script.commands.iter().filter(|command| command.span.start >= last.span.end).take(LOOKED_AHEAD);
    later.filter(|command| command.place.scope == last.place.scope).any(|command| {
        let name = command.name().map_or("", Word::text);
        let words = text(command);
        let is_missed = if is_key {
            Program::of(name_of(command)).is(Kind::Packages) && words.contains(" update")
        } else {
            let is_installed = ["/root/", "~/", "$HOME/", "./"].iter().any(|start| name.starts_with(start));
            runs_it && (is_installed || gets_pip && (words.contains("-m pip ") || name_of(command).starts_with("pip")))
        };
        is_missed && ends_run(script, &command.place, command.span) && is_joined_to(script, last, command)
    })
}

/// Whether a command runs only if another one before it succeeds: each between them is joined with `&&`.
fn is_joined_to(script: &Script, first: &Command, command: &Command) -> bool {
    let between = script.commands.iter().filter(|between| {
        between.place.scope == first.place.scope
            && between.span.start >= first.span.start
            && between.span.start < command.span.start
    });
    let goes_on = |place: &CommandPlace| {
        let kind = place.after.map(|after| after.kind);
        matches!(kind, Some(SeparatorKind::And | SeparatorKind::Pipe)) || place.options.errexit
    };
    between.into_iter().all(|between| goes_on(&between.place))
}

/// Index of the command that assigns the substitution's output, and the variable's name.
fn assigned(script: &Script, span: Span) -> Option<(usize, String)> {
    let at =
        script.commands.iter().position(|command| assignments(command).any(|(_, value)| value.span.contains(span)))?;
    let (name, _) = assignments(&script.commands[at]).find(|(_, value)| value.span.contains(span))?;
    Some((at, name.to_owned()))
}

/// The assignments that apply after a command: `A=x`, `export A=x`.
fn assignments(command: &Command) -> impl Iterator<Item = (&str, &Word)> {
    let assignments = if command.words.is_empty() { &*command.assignments } else { &[] };
    let own_assignments = assignments.iter().map(|assignment| (&*assignment.name_text, &assignment.value));
    let is_declaration = Program::of(name_of(command)).is(Kind::Declares);
    let words = command.words.iter().skip(1).filter(move |_| is_declaration);
    own_assignments.chain(words.filter_map(|word| Some((word.text().split_once('=')?.0, word))))
}

/// Whether a command whose words contain the value fails if that is empty, and stops the RUN.
fn fails_without(script: &Script, command: &Command) -> bool {
    let program = Program::of(name_of(command));
    let refused = match name_of(command) {
        "wget" => true,
        "curl" => is_told_to_fail(command) || is_read(script, command),
        "git" => command.words.get(1).is_some_and(|word| word.is("clone") || word.is("checkout")),
        _ => program.is(Kind::Packages) || program.is(Kind::Strict),
    };
    let place = &command.place;
    if place.pipe_index + 1 == place.pipe_len {
        return refused && ends_run(script, place, command.span);
    }
    let same = |later: &&Command| later.place.scope == place.scope && later.span.start > command.span.start;
    let last =
        script.commands.iter().filter(same).find(|command| command.place.pipe_index + 1 == command.place.pipe_len);
    last.is_some_and(|last| checks(last) && ends_run(script, &last.place, last.span))
}

fn is_told_to_fail(command: &Command) -> bool {
    let (flags, _) = arguments("curl", command.words.get(1..).unwrap_or_default());
    flags.iter().any(|flag| ProgramOptions::of("curl").has(&flag.name, "fails"))
}

/// Whether a later command that rejects an error page reads the file that curl writes.
fn is_read(script: &Script, download: &Command) -> bool {
    let files: Vec<&str> = download
        .words
        .iter()
        .filter_map(Word::value)
        .chain(download.redirects.iter().filter_map(|redirect| redirect.target.as_ref()?.value()))
        .filter(|text| !text.starts_with('-') && !text.contains("://"))
        .map(path::name)
        .collect();
    let later = script.commands.iter().filter(|command| command.span.start > download.span.end).take(LOOKED_AHEAD);
    later.filter(|command| Program::of(name_of(command)).is(Kind::Strict)).any(|command| {
        let mut read = command.words.iter().skip(1).filter_map(Word::value);
        read.any(|text| files.contains(&path::name(text))) && ends_run(script, &command.place, command.span)
    })
}

/// Whether the RUN stops if the command at a place fails.
fn ends_run(script: &Script, place: &CommandPlace, span: Span) -> bool {
    let kind = |place: &CommandPlace| place.after.map(|after| after.kind);
    if place.options.errexit && matches!(kind(place), None | Some(SeparatorKind::Semicolon | SeparatorKind::Newline)) {
        return true;
    }
    if place.scope != 0 || place.negated {
        return false;
    }
    let commands = script.commands.iter().map(|command| (command.span, &command.place));
    let compounds = script.compounds.iter().map(|compound| (compound.span, &compound.place));
    let mut rest: Vec<(Span, &CommandPlace)> = commands
        .chain(compounds)
        .filter(|(at, command_place)| command_place.scope == 0 && at.start >= span.end)
        .collect();
    rest.sort_by_key(|(at, _)| at.start);
    // `a && b; c` continues with c.
    let is_joined = |command_place: &CommandPlace| {
        let kind = command_place.before.map(|before| before.kind);
        matches!(kind, Some(SeparatorKind::And | SeparatorKind::Pipe))
    };
    rest.iter().all(|(_, command_place)| is_joined(command_place)) && kind(place) != Some(SeparatorKind::Background)
}

/// The name of a command's program, without its folder.
pub(in crate::rules) fn name_of(command: &Command) -> &str {
    path::name(command.name().and_then(Word::value).unwrap_or_default())
}

/// Whether the last command itself fails for empty or truncated input: an unpacker, a reader of keys or checksums, grep.
pub(in crate::rules) fn checks(last: &Command) -> bool {
    let words = || last.words.iter().skip(1).map(Word::text);
    let letter = |text: &str, letters: &[char]| !text.starts_with("--") && text.contains(letters);
    match name_of(last) {
        "tar" | "bsdtar" => {
            let first = words().next().is_some_and(|text| letter(text, &['z', 'j', 'J']));
            let packed = ["--gzip", "--gunzip", "--bzip2", "--xz", "--zstd"];
            first
                || words().any(|text| text.starts_with('-') && letter(text, &['z', 'j', 'J']) || packed.contains(&text))
        }
        // grep fails without a matching line. With pipefail, a command whose output it stops reading would fail, too.
        "apt-key" | "grep" | "egrep" | "fgrep" => true,
        "gzip" | "xz" | "bzip2" | "zstd" => words().any(|text| text == "--decompress" || letter(text, &['d'])),
        sum if sum.ends_with("sum") => words().any(|text| text == "--check" || letter(text, &['c'])),
        "gpg" => words().any(|text| matches!(text, "--dearmor" | "--dearmour" | "--import")),
        program => Program::of(program).is(Kind::Unpacks),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_commands_see_an_empty_value() {
        let check = |script: &str, expected: bool| {
            let read = crate::shell::parse(script);
            let at = script.find("$(").unwrap() as u32 + 2;
            assert_eq!(is_seen_later(&read, Span::new(at, at + 1)), expected, "{script}");
        };
        for seen in [
            "V=$(a | b) && curl -fsSLO https://x/$V.tgz && tar xf /x",
            "V=$(a | b) && curl -o /tmp/x.deb https://x/$V.deb && dpkg -i /tmp/x.deb && c",
            "if a; then V=$(a | b); fi && wget https://x/${V}/y && c",
            "set -e; V=$(a | b); U=https://x/$V; wget $U; c",
            "V=$(a | b); curl -sL https://x/$V.tgz | tar -xz -C /opt",
            "export V=$(a) && apt-get install -y \"x=$V\"",
            "V=$(a | b) && git clone -b \"$V\" https://x/y && cd y",
            "if a; then V=$(a | b); fi && python3 -m venv /x && pip install -U pip && pip install 'a[b]' x==${V} y && c",
            "V=\"v$(a | b)\" && wget https://x/$V; ",
            "V=$(a | b) && W=$(if c; then echo \"${V}\"; else echo 1; fi) && wget https://x/${W} && d",
        ] {
            check(seen, true);
        }
        for unseen in [
            "V=$(a | b) && echo $V > /version && make",
            "V=$(a | b) && curl -o /x https://x/$V && make",
            "V=$(a | b) && wget https://x/$V; make",
            "V=$(a | b) && wget https://x/$V || true",
            "V=$(a | b) && wget https://x/?v=$V",
            "V=$(a | b) && npm install x@$V",
            "V=$(a | b) && pip install x==$V || true",
            "wget https://x/$V && V=$(a | b)",
            "V=$(a | b) && if c; then wget https://x/$V; fi",
            "echo $(a | b) && wget https://x/$V",
            "V=$(a | b) make && wget https://x/$V",
        ] {
            check(unseen, false);
        }
    }
}
