//! Programs that run the program named in their arguments.

use super::argument::{Argument, Arguments, Table};
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

struct Wrapper {
    name: &'static str,
    /// Letters of options with a value.
    short: &'static str,
    long: &'static str,
    /// Operands before the command.
    operands: usize,
    /// Whether `NAME=value` words may stand before the command.
    assignments: bool,
}

const fn plain(name: &'static str, short: &'static str) -> Wrapper {
    Wrapper { name, short, long: "", operands: 0, assignments: false }
}

const fn after_one(name: &'static str, short: &'static str, long: &'static str) -> Wrapper {
    Wrapper { name, short, long, operands: 1, assignments: false }
}

/// Options from the programs' manuals (coreutils, util-linux, findutils, sudo, tini, dumb-init).
const WRAPPERS: &[Wrapper] = &[
    Wrapper { name: "env", short: "uC", long: "--unset --chdir", operands: 0, assignments: true },
    Wrapper {
        name: "sudo",
        short: "ughpCTrtUDR",
        long: "--user --group --host --prompt --chdir --chroot --role --type --other-user",
        operands: 0,
        assignments: true,
    },
    plain("doas", "uC"),
    plain("exec", "a"),
    plain("command", ""),
    plain("builtin", ""),
    plain("nohup", ""),
    plain("setsid", ""),
    plain("eatmydata", ""),
    plain("chronic", ""),
    plain("busybox", ""),
    plain("linux32", ""),
    plain("linux64", ""),
    plain("catatonit", ""),
    plain("tini", "pe"),
    plain("tini-static", "pe"),
    plain("dumb-init", "r"),
    plain("xvfb-run", "efnpsw"),
    plain("ionice", "cn"),
    Wrapper { name: "nice", short: "n", long: "--adjustment", operands: 0, assignments: false },
    Wrapper { name: "time", short: "fo", long: "--format --output", operands: 0, assignments: false },
    Wrapper { name: "stdbuf", short: "ioe", long: "--input --output --error", operands: 0, assignments: false },
    Wrapper {
        name: "xargs",
        short: "ILnPsadE",
        long: "--arg-file --delimiter --max-args --max-chars --max-procs --process-slot-var",
        operands: 0,
        assignments: false,
    },
    after_one("timeout", "sk", "--signal --kill-after"),
    after_one("gosu", "", ""),
    after_one("su-exec", "", ""),
    after_one("setarch", "", ""),
    after_one("flock", "wE", "--wait --timeout --conflict-exit-code"),
];

/// What `words` start; they hold at least the program.
pub(super) fn started(words: &[Word]) -> Started {
    let Some(name) = words[0].value().map(path::name) else { return Started::Program };
    match name {
        "find" => return find_exec(words),
        "eval" if words.len() > 2 => return Started::Joined(1),
        "eval" if words.len() == 2 => return Started::Script(1, Options::default()),
        "su" | "runuser" => return su(words),
        "corepack" => return corepack(words),
        _ => {}
    }
    if let Some(wrapper) = WRAPPERS.iter().find(|wrapper| wrapper.name == name) {
        return wrapped(words, wrapper);
    }
    let shell = shell_of(&[name]);
    if shell.dialect.is_parsed() && shell.dialect != Dialect::Other { shell_command(words) } else { Started::Program }
}

fn wrapped(words: &[Word], wrapper: &Wrapper) -> Started {
    let table = Table { short: wrapper.short, long: wrapper.long, single_dash: false };
    let mut operands = wrapper.operands;
    for argument in Arguments::new(&words[1..], table) {
        match argument {
            // `command -v x` asks, it does not run.
            Argument::Flag(flag) if wrapper.name == "command" && matches!(&*flag.name, "-v" | "-V") => break,
            Argument::Flag(_) => {}
            Argument::Operand(at) if wrapper.assignments && is_assignment(words[at + 1].text()) => {}
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
        _ => Started::Program,
    }
}
