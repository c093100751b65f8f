//! Options that several commands share.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use crate::inputs::{BuildOptions, Date};
use crate::load::{GatherRequest, SettingsSource};
use crate::report::Format;

/// The builder's own flags, with the builder's meaning.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Options of the build")]
#[allow(clippy::struct_field_names)] // The builder's flags.
pub(in crate::cli) struct Build {
    /// The Dockerfile [default: all that are found]
    #[arg(short, long, value_name = "PATH")]
    pub file: Option<PathBuf>,
    /// The stage that is built
    #[arg(long, value_name = "STAGE")]
    pub target: Option<String>,
    /// A build argument; without a value it comes from the environment
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub build_arg: Vec<String>,
    /// A further named context
    #[arg(long, value_name = "NAME=SOURCE", value_parser = named_context)]
    pub build_context: Vec<(String, String)>,
    /// The platform that is built for
    #[arg(long, value_name = "OS/ARCH")]
    pub platform: Option<String>,
}

impl Build {
    /// The options that decide which build is looked at, as they were typed.
    pub(in crate::cli) fn typed(&self) -> Vec<String> {
        let file = self.file.as_ref().map(|file| ["--file".to_owned(), file.display().to_string()]);
        let target = self.target.as_ref().map(|target| ["--target".to_owned(), target.clone()]);
        file.into_iter().chain(target).flatten().collect()
    }

    /// What is to be gathered for a path.
    pub(in crate::cli) fn request(&self, path: PathBuf, today: Option<Date>) -> GatherRequest {
        let options = BuildOptions {
            target: self.target.clone(),
            build_args: build_args(&self.build_arg),
            build_contexts: self.build_context.clone(),
            platform: self.platform.clone(),
            run: crate::inputs::RunOptions::default(),
        };
        GatherRequest { path, file: self.file.clone(), options, today, ..GatherRequest::default() }
    }
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(in crate::cli) struct Global {
    /// How the result is written
    #[arg(long, global = true, value_parser = format(), default_value = "text", value_name = "FORMAT")]
    pub format: Format,
    /// Write the result to a file instead of standard output
    #[arg(short, long, global = true, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print results only: no notes, no progress, and nothing where nothing is found
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Also print which files and settings are used, and how long it takes
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Whether to use colours [default: auto, or what `NO_COLOR` and `FORCE_COLOR` say]
    #[arg(long, global = true, value_enum, value_name = "WHEN")]
    pub color: Option<Color>,
}

/// Which rules run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of the rules")]
pub(in crate::cli) struct Choice {
    /// Rules to run: names, aliases, categories, groups, `default` or `all`
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Rules not to run; the more specific of --select and --ignore wins
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// The day that tables are read for [default: `SOURCE_DATE_EPOCH`, else today]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    pub today: Option<Date>,
}

/// Whether ShellCheck is asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of the rules")]
pub(in crate::cli) struct Shellcheck {
    /// Ask ShellCheck, which has to be installed, about the scripts of RUN; its findings join the report
    #[arg(long = "shellcheck")]
    pub on: bool,
}

/// Findings that are known already.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of the baseline")]
pub(in crate::cli) struct Known {
    /// Leave out the findings that this file knows: only new ones count
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write all findings to a baseline: from now on they are known
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    pub write_baseline: Option<PathBuf>,
    /// Drop from the file of --baseline what is fixed
    #[arg(long, requires = "baseline")]
    pub prune_baseline: bool,
}

/// When findings make the exit code.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of the rules")]
pub(in crate::cli) struct Threshold {
    /// Exit with 1 from this severity on [default: what the settings say, else warning]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
}

/// Which settings are in force.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of the rules")]
pub(in crate::cli) struct Config {
    /// The settings [default: the nearest dockopt.toml or .hadolint.yaml above each Dockerfile]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Use no settings
    #[arg(long, conflicts_with = "config")]
    pub no_config: bool,
}

impl Config {
    pub(in crate::cli) fn configuration(&self) -> SettingsSource {
        match &self.config {
            _ if self.no_config => SettingsSource::None,
            Some(file) => SettingsSource::File(file.clone()),
            None => SettingsSource::Nearest,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FailOn {
    Error,
    Warning,
    Info,
    Style,
    None,
}

/// Build arguments as `docker build` takes them: a name alone takes the value of the environment, and is dropped where
/// that has none.
pub(in crate::cli) fn build_args(typed: &[String]) -> Vec<(String, String)> {
    let mut build_args = Vec::new();
    for argument in typed {
        match argument.split_once('=') {
            Some((name, value)) => build_args.push((name.to_owned(), value.to_owned())),
            None => build_args.extend(std::env::var(argument).ok().map(|value| (argument.clone(), value))),
        }
    }
    build_args
}

fn format() -> impl TypedValueParser<Value = Format> {
    one_of(Format::ALL)
}

/// The name of one of these formats.
pub(super) fn one_of(formats: &[Format]) -> impl TypedValueParser<Value = Format> + use<> {
    let names: Vec<_> = formats.iter().map(|format| format.name()).collect();
    PossibleValuesParser::new(names)
        .map(|name| Format::ALL.iter().copied().find(|format| format.name() == name).unwrap_or(Format::Text))
}

fn named_context(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, source)) if !name.is_empty() && !source.is_empty() => Ok((name.to_owned(), source.to_owned())),
        _ => Err("it is written `name=source`".to_owned()),
    }
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| "it is written `YYYY-MM-DD`".to_owned())
}
