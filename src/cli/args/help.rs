//! What the help of each command shows in addition to its options: its output formats, and examples.

use std::sync::LazyLock;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, Error};

use super::options::one_of;
use crate::report::Format;

/// A command of the program, by the words that are typed.
struct Help {
    command: Vec<&'static str>,
    formats: Vec<Format>,
    /// Options with which the command writes other formats.
    modes: Vec<(&'static str, Vec<Format>)>,
    /// What is typed, and what it does.
    examples: [(&'static str, &'static str); 2],
}

/// A command in each line of the table.
static HELP: LazyLock<Vec<Help>> = LazyLock::new(|| include_str!("help.tsv").lines().filter_map(Help::read).collect());

impl Help {
    /// The command of a line; `None` for a comment.
    fn read(line: &'static str) -> Option<Self> {
        let cells: Vec<&str> = line.split('\t').collect();
        let [command, formats, modes, first, does, second, also_does] = cells[..] else { return None };
        let modes = modes.split(' ').filter_map(|mode| mode.split_once('='));
        Some(Self {
            command: command.split(' ').collect(),
            formats: if formats == "findings" { Format::ALL.to_vec() } else { read_formats(formats) },
            modes: modes.map(|(option, formats)| (option, read_formats(formats))).collect(),
            examples: [(first, does), (second, also_does)],
        })
    }

    /// Whether the command writes a format with any of its options.
    fn writes(&self, format: Format) -> bool {
        self.formats.contains(&format) || self.modes.iter().any(|(_, formats)| formats.contains(&format))
    }
}

/// The formats of a list.
fn read_formats(names: &str) -> Vec<Format> {
    names.split(',').filter_map(Format::of_name).collect()
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
    let formats = mode.map_or(&help.formats, |(_, formats)| formats);
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
    HELP.iter().fold(command, |command, help| with_help(command, &help.command, help))
}

/// The argument in place of that of all commands, with the formats that a command writes.
fn formats(is_written: impl Fn(Format) -> bool) -> Arg {
    let formats: Vec<Format> =
        Format::ALL.iter().chain(Format::OF_COMMANDS).copied().filter(|format| is_written(*format)).collect();
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
        for help in HELP.iter() {
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
