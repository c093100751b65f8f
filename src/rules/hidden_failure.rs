//! Which commands of a RUN have failures that matter, and the scripts of a RUN in which a failure can be hidden.

use crate::build::Run;
use crate::shell::program::options::ProgramOptions;
use crate::shell::program::{Kind, Program};
use crate::shell::{Command, ScopeKind, Script, SeparatorKind, Word};
use crate::text::{Span, path};

/// The script of the RUN, and those of its exec form and its heredocs. Like other linters, this ignores strings for other
/// shells.
pub(super) fn scripts<'a>(run: &Run<'a, '_>) -> Vec<&'a Script> {
    let mut scripts = Vec::new();
    add_scripts(&run.code.script, run.code.is_exec(), &mut scripts);
    scripts
}

fn add_scripts<'a>(script: &'a Script, exec: bool, scripts: &mut Vec<&'a Script>) {
    scripts.push(script);
    for (index, nested) in &script.nested {
        let command = script.commands.get(*index as usize);
        let heredoc = command.is_some_and(|command| command.redirects.iter().any(|redirect| redirect.body.is_some()));
        if exec || heredoc {
            add_scripts(nested, false, scripts);
        }
    }
}

/// The name of a command's program, without its folder.
pub(super) fn name_of(command: &Command) -> &str {
    path::name(command.name().and_then(Word::value).unwrap_or_default())
}

/// Whether a failure of a command matters: not if it only prints text or queries the image, and not if it only asks for a
/// version.
pub(super) fn may_fail(command: &Command) -> bool {
    let arguments: Vec<&str> = command.words.iter().skip(1).map(Word::text).collect();
    match name_of(command) {
        // A lone redirect or an assignment; a command substitution in it is a separate command.
        "" => !command.words.is_empty(),
        "xargs" => {
            // Numbers and `{}` are values of its options.
            let is_program = |text: &&str| text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
            let program = arguments.iter().position(is_program);
            program.is_some_and(|at| may_program_fail(path::name(arguments[at]), &arguments[at + 1..]))
        }
        name => may_program_fail(name, &arguments),
    }
}

fn may_program_fail(name: &str, arguments: &[&str]) -> bool {
    let version = matches!(arguments, ["--version" | "-version" | "-V" | "-v" | "--help" | "-h" | "version"]);
    let options = ProgramOptions::of(name);
    let asks = |word: &&str| {
        // `rpm -ql`: the first letter is the option, the others belong to it.
        let first = word.get(..2).filter(|first| first.starts_with('-') && *first != "--");
        options.has(word, "queries") || first.is_some_and(|first| options.has(first, "queries"))
    };
    !version && !arguments.first().is_some_and(asks) && !Program::of(name).is(Kind::Text) && name != "yes"
}

/// Whether a failure inside a span of the script matters: of a command that is neither a condition nor followed by `||`.
pub(super) fn may_fail_within(script: &Script, span: Span) -> bool {
    script.commands_within(span).any(|command| {
        let mut scopes = script.enclosing(&command.place).filter(|scope| span.contains(scope.span));
        let is_condition = scopes.any(|scope| scope.kind == ScopeKind::Condition) || command.place.negated;
        let caught = command.place.after.is_some_and(|after| after.kind == SeparatorKind::Or);
        !is_condition && !caught && may_fail(command)
    })
}

/// Whether the last command itself fails for empty or truncated input: an unpacker, a reader of keys or checksums, grep.
pub(super) fn checks(last: &Command) -> bool {
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
