//! Options that several commands share.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use crate::cli::exit::{CLEAN, FOUND};
use crate::inputs::{BuildOptions, Date};
use crate::load::{GatherRequest, SettingsSource};
use crate::report::Format;
use crate::rules::AllRules;
use crate::settings::SettingsPattern;

/// Help of `--file` in commands that read one build.
pub(super) const ONLY_DOCKERFILE: &str = "Dockerfile to use; required if several are found";

/// Flags with the same meaning as those of `docker build`.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Build options")]
#[allow(clippy::struct_field_names)] // The builder's flags.
pub(in crate::cli) struct Build {
    /// Use only this Dockerfile (a path from the current folder)
    #[arg(short, long, value_name = "PATH")]
    pub file: Option<PathBuf>,
    /// The target stage, as in `docker build`
    #[arg(long, value_name = "STAGE")]
    pub target: Option<String>,
    /// Set a build argument; without VALUE it is read from the environment (repeatable)
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub build_arg: Vec<String>,
    /// Add a named build context (repeatable)
    #[arg(long, value_name = "NAME=SOURCE", value_parser = named_context)]
    pub build_context: Vec<(String, String)>,
    /// The target platform
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

    /// The path and these options, as they were typed.
    pub(in crate::cli) fn typed_with(&self, path: &Path) -> Vec<String> {
        std::iter::once(path.display().to_string()).chain(self.typed()).collect()
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
        GatherRequest { path, file: self.file.clone(), options, today, ..GatherRequest::new(&AllRules) }
    }
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(in crate::cli) struct Global {
    /// Output format; most commands accept only some of these
    #[arg(long, global = true, value_parser = format(), default_value = "text", value_name = "FORMAT")]
    pub format: Format,
    /// Write the result to a file instead of standard output
    #[arg(short, long, global = true, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print only the result, without notes and progress
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Also print the files and settings that are used, and the run time
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// End when standard input ends: for programs that start dockopt and may be killed
    #[arg(long, global = true, hide = true)]
    pub ends_with_input: bool,
    /// When to use colors [default: auto; `NO_COLOR` and `FORCE_COLOR` override it]
    #[arg(long, global = true, value_enum, value_name = "WHEN")]
    pub color: Option<Color>,
}

/// Which rules run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rule options")]
pub(in crate::cli) struct Choice {
    /// Rules to run: names, codes of other linters (`DL3009`), categories (`security`), groups (`pinning`, or your own
    /// from dockopt.toml), `default` or `all`
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Rules not to run. If --select and --ignore both match a rule, the more specific one decides
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Date to use as today, such as for end-of-life checks [default: `SOURCE_DATE_EPOCH`, else today]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    pub today: Option<Date>,
}

/// Whether ShellCheck runs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rule options")]
pub(in crate::cli) struct Shellcheck {
    /// Also check the scripts of RUN with ShellCheck, which must be installed
    #[arg(long = "shellcheck")]
    pub on: bool,
}

/// Options of baselines.
#[derive(Debug, Args)]
#[command(next_help_heading = "Baseline options")]
pub(in crate::cli) struct Known {
    /// Hide the findings recorded in this file; report only new ones
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Record all current findings in this file
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    pub write_baseline: Option<PathBuf>,
    /// Remove fixed findings from the baseline file
    #[arg(long, requires = "baseline")]
    pub prune_baseline: bool,
}

/// Which files are passed over.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Settings options")]
pub(in crate::cli) struct Exclude {
    /// Skip the files and folders that match GLOB, relative to the current folder (repeatable)
    #[arg(long, value_name = "GLOB", value_parser = SettingsPattern::new)]
    pub exclude: Vec<SettingsPattern>,
}

/// When findings change the exit code.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rule options")]
pub(in crate::cli) struct Threshold {
    /// Exit with 1 if a finding has at least this severity [default: from the settings, else warning]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
    /// Exit with 0 instead of 1; errors still exit with 2
    #[arg(long, conflicts_with = "fail_on")]
    pub exit_zero: bool,
}

impl Threshold {
    /// The exit code of a command that found what this code says.
    pub(in crate::cli) fn code(&self, code: u8) -> u8 {
        if self.exit_zero && code == FOUND { CLEAN } else { code }
    }
}

/// Which settings apply.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings options")]
pub(in crate::cli) struct Config {
    /// Settings file [default: the nearest dockopt.toml or .hadolint.yaml in or above the folder of each file]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Ignore all settings files
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
    let formats: Vec<Format> = Format::ALL.iter().chain(Format::OF_COMMANDS).copied().collect();
    one_of(&formats)
}

/// The name of one of these formats.
pub(super) fn one_of(formats: &[Format]) -> impl TypedValueParser<Value = Format> + use<> {
    let names: Vec<_> = formats.iter().map(|format| format.name()).collect();
    PossibleValuesParser::new(names).map(|name| Format::of_name(&name).unwrap_or(Format::Text))
}

fn named_context(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, source)) if !name.is_empty() && !source.is_empty() => Ok((name.to_owned(), source.to_owned())),
        _ => Err("expected `NAME=SOURCE`".to_owned()),
    }
}

pub(super) fn date(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| "expected `YYYY-MM-DD`".to_owned())
}
