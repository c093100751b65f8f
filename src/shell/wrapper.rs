//! Programs that run the program named in their arguments.

use super::argument::{Argument, Arguments};
use super::program::options::ProgramOptions;
use super::program::{Kind, Program};
use super::word::Word;
use super::{Dialect, Options, shell_of};
use crate::text::path;

/// What the words of a command start.
pub(super) enum Started {
    /// The first word's own program.
    Program,
    /// The words in this range are a command of their own.
    Command(usize, usize),
    /// The script in the word at this index, read with these options.
    Script(usize, Options),
    /// A shell that reads its commands from its input.
    Input(Options),
    /// The words from this index on, joined by blanks, are a script.
    Joined(usize),
}

/// What `words` start; they hold at least the program.
pub(super) fn read_wrapper(words: &[Word]) -> Started {
    let Some(name) = words[0].value().map(path::name) else { return Started::Program };
    match name {
        "find" => return find_exec(words),
        "eval" if words.len() > 2 => return Started::Joined(1),
        "eval" if words.len() == 2 => return Started::Script(1, Options::default()),
        "su" | "runuser" => return su(words),
        "corepack" => return corepack(words),
        _ => {}
    }
    let options = ProgramOptions::of(name);
    if let Some(synopsis) = options.synopsis() {
        return wrapped(words, name, options, synopsis);
    }
    let shell = shell_of(&[name]);
    if shell.dialect.is_parsed() && shell.dialect != Dialect::Other { shell_command(words) } else { Started::Program }
}

/// What a wrapper runs, given what stands behind its options: `NAME=VALUE COMMAND`.
fn wrapped(words: &[Word], name: &str, options: &'static ProgramOptions, synopsis: &str) -> Started {
    let takes_assignments = synopsis.starts_with("NAME=VALUE");
    let mut operands = if takes_assignments { 0 } else { synopsis.matches(' ').count() };
    for argument in Arguments::new(&words[1..], options) {
        match argument {
            // `command -v x` asks, it does not run.
            Argument::Flag(flag) if name == "command" && matches!(&*flag.name, "-v" | "-V") => break,
            Argument::Flag(_) => {}
            Argument::Operand(at) if takes_assignments && is_assignment(words[at + 1].text()) => {}
            Argument::Operand(_) if operands > 0 => operands -= 1,
            Argument::Operand(at) => return Started::Command(at + 1, words.len()),
        }
    }
    Started::Program
}

fn is_assignment(text: &str) -> bool {
    let Some((name, _)) = text.split_once('=') else { return false };
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn find_exec(words: &[Word]) -> Started {
    let Some(at) = words.iter().position(|word| matches!(word.text(), "-exec" | "-execdir" | "-ok" | "-okdir")) else {
        return Started::Program;
    };
    let from = at + 1;
    let len = words[from..].iter().position(|word| matches!(word.text(), ";" | "+")).unwrap_or(words.len() - from);
    if len == 0 { Started::Program } else { Started::Command(from, from + len) }
}

/// `su user -c script`
fn su(words: &[Word]) -> Started {
    let Some(at) = words.iter().position(|word| matches!(word.text(), "-c" | "--command" | "-lc")) else {
        return Started::Program;
    };
    if at + 1 < words.len() { Started::Script(at + 1, Options::default()) } else { Started::Program }
}

fn corepack(words: &[Word]) -> Started {
    let manager = words.get(1).map(Word::text).unwrap_or_default();
    let manager = manager.split('@').next().unwrap_or(manager);
    if matches!(manager, "npm" | "pnpm" | "yarn") { Started::Command(1, words.len()) } else { Started::Program }
}

/// `sh -c script`
fn shell_command(words: &[Word]) -> Started {
    let mut command = false;
    let mut at = 1;
    while let Some(word) = words.get(at) {
        let text = word.text();
        if text == "--" {
            at += 1;
            break;
        }
        if text.len() < 2 || !text.starts_with(['-', '+']) {
            break;
        }
        at += 1;
        if text.starts_with("--") {
            at += usize::from(matches!(text, "--rcfile" | "--init-file"));
            continue;
        }
        command |= text.starts_with('-') && text.contains('c');
        at += text.matches(['o', 'O']).count();
    }
    let mut options = Options::default();
    options.apply(words[1..at.min(words.len())].iter().map(Word::value));
    match (command, at < words.len()) {
        (true, true) => Started::Script(at, options),
        (false, false) => Started::Input(options),
        // `bash -s -- argument` reads its input too.
        (false, true) if words[1..at].iter().any(|word| word.is("-s")) => Started::Input(options),
        // `sh ./gradlew build` runs a build tool whose script lies in the project.
        (false, true) if Program::of(path::name(words[at].text())).is(Kind::BuildTool) => {
            Started::Command(at, words.len())
        }
        _ => Started::Program,
    }
}
