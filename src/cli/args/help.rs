//! What the help of each command shows in addition to its options: its output formats, and examples.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, Error};

use super::options::one_of;
use crate::report::Format;

/// A command of the program, by the words that are typed.
struct Help {
    command: &'static [&'static str],
    formats: &'static [Format],
    /// Options with which the command writes other formats.
    modes: &'static [(&'static str, &'static [Format])],
    /// What is typed, and what it does.
    examples: [(&'static str, &'static str); 2],
}

const TEXT_AND_JSON: &[Format] = &[Format::Text, Format::Json];
const TEXT_JSON_AND_MARKDOWN: &[Format] = &[Format::Text, Format::Json, Format::Markdown];

const HELP: [Help; 24] = [
    Help {
        command: &["audit"],
        formats: Format::ALL,
        modes: &[],
        examples: [
            ("dockopt audit ./backend", "show what costs most in all builds under a folder"),
            ("dockopt audit --format markdown --fail-on error", "print a Markdown table, fail only on errors"),
        ],
    },
    Help {
        command: &["lint"],
        formats: Format::ALL,
        modes: &[("statistics", TEXT_AND_JSON), ("add_ignores", TEXT_AND_JSON)],
        examples: [
            ("dockopt lint api/Dockerfile web/Dockerfile", "check two Dockerfiles"),
            ("dockopt lint --add-ignores='before the clean-up' Dockerfile", "hide the current findings with comments"),
        ],
    },
    Help {
        command: &["fix"],
        formats: TEXT_AND_JSON,
        modes: &[],
        examples: [
            ("dockopt fix ./backend", "show the safe fixes as a diff"),
            ("dockopt fix --write --select apt-lists-kept", "apply the safe fixes of one rule"),
        ],
    },
    Help {
        command: &["compose", "check"],
        formats: Format::ALL,
        modes: &[],
        examples: [
            ("dockopt compose check", "check all compose files under the current folder"),
            ("dockopt compose check --fail-on error compose.yaml", "fail only on findings of severity error"),
        ],
    },
    Help {
        command: &["compose", "fix"],
        formats: TEXT_AND_JSON,
        modes: &[],
        examples: [
            ("dockopt compose fix", "show the safe fixes as a diff"),
            ("dockopt compose fix --unsafe --write compose.yaml", "add health checks, and make services wait for them"),
        ],
    },
    Help {
        command: &["compose", "graph"],
        formats: TEXT_AND_JSON,
        modes: &[],
        examples: [
            ("dockopt compose graph", "show the start levels and the slowest path"),
            ("dockopt compose graph --style mermaid", "print a flowchart for a README"),
        ],
    },
    Help {
        command: &["compose", "verify"],
        formats: TEXT_AND_JSON,
        modes: &[],
        examples: [
            ("dockopt compose verify", "start the project once, and pause its servers to test their health checks"),
            (
                "dockopt compose verify --cold-starts 10 --delay 2 compose.yaml",
                "start the project ten times with delays, to find races",
            ),
        ],
    },
    Help {
        command: &["compose", "emit"],
        formats: TEXT_AND_JSON,
        modes: &[],
        examples: [
            (
                "dockopt compose emit",
                "show the new compose file, or what would be added to the existing one, as a diff",
            ),
            (
                "dockopt compose emit --prod --dev --watch --write",
                "write the compose file, compose.prod.yaml and compose.dev.yaml",
            ),
        ],
    },
    Help {
        command: &["compose", "env"],
        formats: TEXT_AND_JSON,
        modes: &[],
        examples: [
            ("dockopt compose env", "show what is wrong with the variables of a project"),
            (
                "dockopt compose env -f compose.yaml -f prod.yaml --env-file prod.env",
                "check the project as it is deployed",
            ),
        ],
    },
    Help {
        command: &["optimize"],
        formats: TEXT_AND_JSON,
        modes: &[("verify", TEXT_JSON_AND_MARKDOWN)],
        examples: [
            ("dockopt optimize ./backend", "show the rewritten build as a diff"),
            (
                "dockopt optimize ./backend --verify --write",
                "build both versions, compare them, and write the changes that passed",
            ),
        ],
    },
    Help {
        command: &["measure"],
        formats: TEXT_JSON_AND_MARKDOWN,
        modes: &[],
        examples: [
            ("dockopt measure ./backend", "time a cold build, and rebuilds with and without changes"),
            ("dockopt measure ./backend --against ./backend-new --rounds 3", "compare two builds"),
        ],
    },
    Help {
        command: &["image"],
        formats: &[
            Format::Text,
            Format::Json,
            Format::Jsonl,
            Format::Sarif,
            Format::Markdown,
            Format::Csv,
            Format::Cyclonedx,
        ],
        modes: &[],
        examples: [
            ("dockopt image api:latest --file Dockerfile", "show which Dockerfile line wrote each layer"),
            ("dockopt image image.tar --max-size 200MB", "exit with 1 if the image is larger"),
        ],
    },
    Help {
        command: &["image", "diff"],
        formats: TEXT_JSON_AND_MARKDOWN,
        modes: &[],
        examples: [
            ("dockopt image diff api:1.0 api:1.1", "show why an image grew"),
            ("dockopt image diff old.tar new.tar --format markdown", "print the comparison as Markdown"),
        ],
    },
    Help {
        command: &["cache", "history"],
        formats: TEXT_AND_JSON,
        modes: &[],
        examples: [
            ("dockopt cache history ./backend --commits 200", "show how often each step reran in the last 200 commits"),
            (
                "dockopt cache history --against optimize",
                "show what the rewrite of `dockopt optimize` would have saved",
            ),
        ],
    },
    Help {
        command: &["cache", "predict"],
        formats: TEXT_AND_JSON,
        modes: &[],
        examples: [
            ("dockopt cache predict ./backend", "show which steps rerun because of the changes since the last commit"),
            ("dockopt cache predict ./backend --touch src/main.py", "show which steps rerun if this file changes"),
        ],
    },
    Help {
        command: &["report"],
        formats: &[Format::Text, Format::Json, Format::Sarif, Format::Github, Format::Markdown],
        modes: &[],
        examples: [
            (
                "dockopt report image.json measure.json --baseline base.json --format markdown",
                "write the comment for a pull request",
            ),
            (
                "dockopt report audit.json image.json --format json --output base.json",
                "save a baseline for later reports",
            ),
        ],
    },
    Help {
        command: &["history"],
        formats: TEXT_JSON_AND_MARKDOWN,
        modes: &[],
        examples: [
            ("dockopt history", "show the trends of the last 50 runs"),
            ("dockopt history record.jsonl --last 10 --format markdown", "show the last 10 runs of another record"),
        ],
    },
    Help {
        command: &["init"],
        formats: &[Format::Text],
        modes: &[],
        examples: [
            ("dockopt init", "show the files that a repository gets"),
            (
                "dockopt init --write --ci github --forks",
                "write these files, and the workflow for pull requests of forks",
            ),
        ],
    },
    Help {
        command: &["explain"],
        formats: TEXT_AND_JSON,
        modes: &[],
        examples: [
            ("dockopt explain apt-lists-kept", "print the page of a rule"),
            ("dockopt explain security", "list the rules of a category"),
        ],
    },
    Help {
        command: &["rules"],
        formats: TEXT_AND_JSON,
        modes: &[],
        examples: [
            ("dockopt rules default", "list the rules that run by default"),
            ("dockopt rules cache --format json", "list the rules of a category as JSON"),
        ],
    },
    Help {
        command: &["completions"],
        formats: &[Format::Text],
        modes: &[],
        examples: [
            (
                "dockopt completions bash --output ~/.local/share/bash-completion/completions/dockopt",
                "install for bash",
            ),
            ("dockopt completions fish --output ~/.config/fish/completions/dockopt.fish", "install for fish"),
        ],
    },
    Help {
        command: &["man"],
        formats: &[Format::Text],
        modes: &[],
        examples: [
            ("dockopt man image diff --output image-diff.1", "write the page of one command"),
            ("dockopt man --to ~/.local/share/man/man1", "install all pages"),
        ],
    },
    Help {
        command: &["cache", "explain"],
        formats: TEXT_AND_JSON,
        modes: &[],
        examples: [
            (
                "dockopt cache explain build.log ./backend",
                "show cached steps, the first miss of each stage, and the slowest lines",
            ),
            ("dockopt cache explain -", "read the output of `docker build … 2>&1` from a pipe"),
        ],
    },
    Help {
        command: &["context", "ls"],
        formats: TEXT_AND_JSON,
        modes: &[],
        examples: [
            ("dockopt context ls ./backend", "show what is sent to the builder, largest first"),
            ("dockopt context ls --all --format json", "list every file"),
        ],
    },
];

impl Help {
    /// Whether the command writes a format with any of its options.
    fn writes(&self, format: Format) -> bool {
        self.formats.contains(&format) || self.modes.iter().any(|(_, formats)| formats.contains(&format))
    }
}

/// Checks that the command of a command line writes the format that is asked for, wherever it is asked for.
///
/// # Errors
/// What clap says of a value that an argument does not take.
pub(super) fn check_format(command: &Command, matches: &ArgMatches, format: Format) -> Result<(), Error> {
    let (mut path, mut matches) = (Vec::new(), matches);
    while let Some((name, inner)) = matches.subcommand() {
        path.push(name);
        matches = inner;
    }
    let Some(help) = HELP.iter().find(|help| help.command == path) else { return Ok(()) };
    let is_given = |option: &str| matches.value_source(option) == Some(ValueSource::CommandLine);
    let mode = help.modes.iter().find(|(option, _)| is_given(option));
    let formats = mode.map_or(help.formats, |(_, formats)| formats);
    if formats.contains(&format) {
        return Ok(());
    }
    let with = mode.map(|(option, _)| format!("' with '--{}", option.replace('_', "-"))).unwrap_or_default();
    let names = formats.iter().map(|format| format.name().to_owned()).collect();
    let mut error = Error::new(ErrorKind::InvalidValue).with_cmd(command);
    error.insert(ContextKind::InvalidArg, ContextValue::String(format!("--format <FORMAT>{with}")));
    error.insert(ContextKind::InvalidValue, ContextValue::String(format.name().to_owned()));
    error.insert(ContextKind::ValidValue, ContextValue::Strings(names));
    Err(error)
}

/// The program's arguments with the help of each command.
pub(super) fn add_help(command: Command) -> Command {
    let command = ["cache", "context"].into_iter().fold(command, |command, name| {
        let commands = || HELP.iter().filter(|help| help.command.first() == Some(&name));
        let formats = formats(|format| commands().any(|help| help.writes(format)));
        command.mut_subcommand(name, |command| command.arg(formats))
    });
    HELP.iter().fold(command, |command, help| with_help(command, help.command, help))
}

/// The argument in place of that of all commands, with the formats that a command writes.
fn formats(is_written: impl Fn(Format) -> bool) -> Arg {
    let formats: Vec<Format> =
        Format::ALL.iter().chain(Format::OF_IMAGES).copied().filter(|format| is_written(*format)).collect();
    Arg::new("format")
        .long("format")
        .global(true)
        .value_name("FORMAT")
        .value_parser(one_of(&formats))
        .default_value(Format::Text.name())
        .help("Output format")
        .help_heading("Global options")
}

fn with_help(command: Command, path: &[&'static str], help: &Help) -> Command {
    let Some((name, rest)) = path.split_first() else { return described(command, help) };
    command.mut_subcommand(name, |command| with_help(command, rest, help))
}

fn described(command: Command, help: &Help) -> Command {
    let mut text = "Examples:".to_owned();
    for (line, what) in help.examples {
        text.push_str(&format!("\n  {line}\n      {what}"));
    }
    if let Some(after) = command.get_after_help().map(StyledStr::to_string) {
        text.push_str(&format!("\n\n{after}"));
    }
    command.arg(formats(|format| help.writes(format))).after_help(text)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::args::{Cli, command};

    #[test]
    fn examples_are_accepted() {
        for help in &HELP {
            for (line, _) in help.examples {
                let matches =
                    command().try_get_matches_from(split_words(line)).unwrap_or_else(|error| panic!("{line}: {error}"));
                assert_eq!(matches.subcommand_name(), Some(help.command[0]), "{line}");
            }
        }
    }

    /// The words of a line as a shell splits them.
    fn split_words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut inside = false;
        for letter in line.chars() {
            match letter {
                '\'' => inside = !inside,
                ' ' if !inside => words.push(String::new()),
                letter => words.last_mut().unwrap().push(letter),
            }
        }
        words
    }

    #[test]
    fn defaults_of_limits_are_shown() {
        let help = command().find_subcommand_mut("image").unwrap().render_long_help().to_string();
        let limits = crate::image::Limits::default();
        for default in [crate::text::exact_bytes(limits.inflated_bytes), limits.entries.to_string()] {
            assert!(help.contains(&format!("[default: {default}]")), "{default}: {help}");
        }
    }

    #[test]
    fn every_visible_command_has_help() {
        fn visit(command: &Command, path: &mut Vec<String>) {
            for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help") {
                path.push(inner.get_name().to_owned());
                // `context` alone does nothing.
                if !inner.is_subcommand_required_set() {
                    assert!(HELP.iter().any(|help| help.command == path.as_slice()), "{path:?}");
                }
                visit(inner, path);
                path.pop();
            }
        }
        visit(&Cli::command(), &mut Vec::new());
    }
}
