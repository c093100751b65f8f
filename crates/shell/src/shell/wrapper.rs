//! Programs that run the program named in their arguments.

use super::argument::{Argument, Arguments};
use super::program::options::ProgramOptions;
use super::program::{Kind, Program};
use super::word::Word;
use super::{Dialect, ShellOptions, shell_of};
use crate::text::path;

/// What the words of a command start.
pub(super) enum StartedCommand {
    /// The first word's own program.
    Program,
    /// The words in this range are a command of their own.
    Command(usize, usize),
    /// The script in the word at this index, read with these options.
    Script(usize, ShellOptions),
    /// A shell that reads its commands from its input.
    Input(ShellOptions),
    /// The words from this index on, joined by blanks, are a script.
    Joined(usize),
}

/// What `words` start; they hold at least the program.
pub(super) fn read_wrapper(words: &[Word]) -> StartedCommand {
    let Some(name) = words[0].value().map(path::name) else { return StartedCommand::Program };
    match name {
        "find" => return find_exec(words),
        "eval" if words.len() > 2 => return StartedCommand::Joined(1),
        "eval" if words.len() == 2 => return StartedCommand::Script(1, ShellOptions::default()),
        "su" | "runuser" => return su(words),
        "corepack" => return corepack(words),
        _ => {}
    }
    let options = ProgramOptions::of(name);
    if let Some(synopsis) = options.synopsis() {
        return wrapped(words, name, options, synopsis);
    }
    let shell = shell_of(&[name]);
    if shell.dialect.is_parsed() && shell.dialect != Dialect::Other {
        shell_command(words)
    } else {
        StartedCommand::Program
    }
}

/// What a wrapper runs, given what stands behind its options: `NAME=VALUE COMMAND`.
fn wrapped(words: &[Word], name: &str, options: &'static ProgramOptions, synopsis: &str) -> StartedCommand {
    let takes_assignments = synopsis.starts_with("NAME=VALUE");
    let mut operands = if takes_assignments { 0 } else { synopsis.matches(' ').count() };
    for argument in Arguments::new(&words[1..], options) {
        match argument {
            // `command -v x` asks, it does not run.
            Argument::Flag(flag) if name == "command" && matches!(&*flag.name, "-v" | "-V") => break,
            Argument::Flag(_) => {}
            Argument::Operand(at) if takes_assignments && is_assignment(words[at + 1].text()) => {}
            Argument::Operand(_) if operands > 0 => operands -= 1,
            Argument::Operand(at) => return StartedCommand::Command(at + 1, words.len()),
        }
    }
    StartedCommand::Program
}

fn is_assignment(text: &str) -> bool {
    let Some((name, _)) = text.split_once('=') else { return false };
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn find_exec(words: &[Word]) -> StartedCommand {
    let Some(at) = words.iter().position(|word| matches!(word.text(), "-exec" | "-execdir" | "-ok" | "-okdir")) else {
        return StartedCommand::Program;
    };
    let from = at + 1;
    let len = words[from..].iter().position(|word| matches!(word.text(), ";" | "+")).unwrap_or(words.len() - from);
    if len == 0 { StartedCommand::Program } else { StartedCommand::Command(from, from + len) }
}

/// `su user -c script`
fn su(words: &[Word]) -> StartedCommand {
    let Some(at) = words.iter().position(|word| matches!(word.text(), "-c" | "--command" | "-lc")) else {
        return StartedCommand::Program;
    };
    if at + 1 < words.len() { StartedCommand::Script(at + 1, ShellOptions::default()) } else { StartedCommand::Program }
}

fn corepack(words: &[Word]) -> StartedCommand {
    let manager = words.get(1).map(Word::text).unwrap_or_default();
    let manager = manager.split('@').next().unwrap_or(manager);
    if matches!(manager, "npm" | "pnpm" | "yarn") {
        StartedCommand::Command(1, words.len())
    } else {
        StartedCommand::Program
    }
}

/// `sh -c script`
fn shell_command(words: &[Word]) -> StartedCommand {
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
    let mut options = ShellOptions::default();
    options.apply(words[1..at.min(words.len())].iter().map(Word::value));
    match (command, at < words.len()) {
        (true, true) => StartedCommand::Script(at, options),
        (false, false) => StartedCommand::Input(options),
        // `bash -s -- argument` reads its input too.
        (false, true) if words[1..at].iter().any(|word| word.is("-s")) => StartedCommand::Input(options),
        // `sh ./gradlew build` runs a build tool whose script lies in the project.
        (false, true) if Program::of(path::name(words[at].text())).is(Kind::BuildTool) => {
            StartedCommand::Command(at, words.len())
        }
        _ => StartedCommand::Program,
    }
}
