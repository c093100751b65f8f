//! Where results go, and what the exit code says about them.

use std::cell::LazyCell;
use std::io::{self, Write};
use std::path::PathBuf;

use super::args::{Choice, FailOn, Global, Threshold};
use super::exit::{CLEAN, FAILED};
use super::{terminal, write};
use crate::audit::InputAudit;
use crate::finding::{Mask, Severity};
use crate::inputs::{Date, IgnoreInput, Inputs};
use crate::load::LoadError;
use crate::report::{self, Format, Medium, Page, PathBase, ReportRun};
use crate::rules::{Policies, Selection, SelectorError};
use crate::settings;
use crate::settings::CommandLinePolicy;
use crate::text::{FileId, Source};

/// Why a command did not do its work.
#[derive(Debug)]
pub(super) enum CommandFailure {
    /// Nobody reads standard output any more.
    Closed,
    /// It was said already.
    Said,
    /// What is wrong and what to do.
    Because {
        /// What is wrong.
        what: String,
        /// What to do.
        help: Option<String>,
    },
}

impl CommandFailure {
    /// Says it where that was not done yet; the exit code.
    pub(super) fn tell(self, global: &Global) -> u8 {
        match self {
            Self::Closed => return CLEAN,
            Self::Said => {}
            Self::Because { what, help } => terminal::error(global, &what, help.as_deref()),
        }
        FAILED
    }
}

/// What a command prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommandOutput {
    /// The result, in the format asked for.
    pub(super) result: String,
    /// What is said of it on standard error.
    pub(super) remarks: String,
    /// The exit code.
    pub(super) code: u8,
}

impl CommandOutput {
    /// Prints it; the exit code.
    pub(super) fn write(&self, global: &Global) -> Result<u8, CommandFailure> {
        print(global, &self.result)?;
        terminal::note(&self.remarks);
        Ok(self.code)
    }
}

impl From<LoadError> for CommandFailure {
    fn from(error: LoadError) -> Self {
        Self::Because { what: error.to_string(), help: Some(error.help()) }
    }
}

impl From<write::WriteError> for CommandFailure {
    fn from(error: write::WriteError) -> Self {
        Self::Because { what: error.to_string(), help: Some(error.help()) }
    }
}

impl From<SelectorError> for CommandFailure {
    fn from(error: SelectorError) -> Self {
        let help = match &error.suggestion {
            Some(close) => format!("did you mean `{close}`? `dockopt rules` lists all rules"),
            None => "`dockopt rules` lists all rules".to_owned(),
        };
        Self::Because { what: error.to_string(), help: Some(help) }
    }
}

/// Writes a result to standard output or to `--output`. The names of files were not masked: a token in them is.
pub(super) fn print(global: &Global, text: &(impl AsRef<[u8]> + ?Sized)) -> Result<(), CommandFailure> {
    let masked = std::str::from_utf8(text.as_ref()).ok().and_then(Mask::without_tokens);
    print_exact(global, masked.as_ref().map_or(text.as_ref(), |masked| masked.as_bytes()))
}

/// As [`print`], for a page, in the format asked for.
pub(super) fn print_page(global: &Global, page: &Page) -> Result<(), CommandFailure> {
    print(global, &page_text(global, page))
}

/// The text of a page in the format asked for.
pub(super) fn page_text(global: &Global, page: &Page) -> String {
    page.write(medium(global), terminal::stdout(global))
}

/// As [`print_page`], for a page of dockopt's own: its examples hold what looks like a secret.
pub(super) fn print_exact_page(global: &Global, page: &Page) -> Result<(), CommandFailure> {
    print_exact(global, page.write(medium(global), terminal::stdout(global)).as_bytes())
}

/// Who reads the format asked for; formats for programs are the command's.
pub(super) const fn medium(global: &Global) -> Medium {
    match global.format {
        Format::Html => Medium::Html,
        Format::Markdown => Medium::Markdown,
        _ => Medium::Terminal,
    }
}

/// As [`print`], for texts that are no results: dockopt's own, or a file to be written.
pub(super) fn print_exact(global: &Global, bytes: &[u8]) -> Result<(), CommandFailure> {
    super::progress::pause();
    if let Some(path) = &global.output {
        return Ok(write::write(path, bytes)?);
    }
    let text = std::str::from_utf8(bytes).ok();
    // The annotations are commands; no text of a file is in them as it was.
    let text = if global.format == Format::Github || terminal::is_file() { None } else { text };
    let neutral = text.map(terminal::job_text);
    let bytes = neutral.as_ref().map_or(bytes, |text| text.as_bytes());
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| unwritten(&error))
}

/// As [`print`], for a result that is too long to be kept: it is written as it comes.
pub(super) fn print_with(
    global: &Global,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), CommandFailure> {
    if global.output.is_some() {
        let mut text = Vec::new();
        // To write to memory can't fail.
        let _ = write(&mut text);
        return print(global, &text);
    }
    super::progress::pause();
    let mut stdout = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    write(&mut stdout).and_then(|()| stdout.flush()).map_err(|error| unwritten(&error))
}

fn unwritten(error: &io::Error) -> CommandFailure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => CommandFailure::Closed,
        _ => CommandFailure::Because { what: format!("standard output cannot be written: {error}"), help: None },
    }
}

/// Writes what a command found in the format asked for. `page` and `json` are the command's own.
pub(super) fn write_run(
    global: &Global,
    run: &ReportRun,
    page: impl FnOnce(Medium) -> Page,
    json: impl FnOnce() -> String,
) -> Result<(), CommandFailure> {
    output_of_run(global, run, page, json).write(global).map(drop)
}

/// What [`write_run`] writes.
pub(super) fn output_of_run(
    global: &Global,
    run: &ReportRun,
    page: impl FnOnce(Medium) -> Page,
    json: impl FnOnce() -> String,
) -> CommandOutput {
    if global.quiet && global.format == Format::Text && run.report.is_clean() {
        return CommandOutput { result: String::new(), remarks: String::new(), code: run.exit };
    }
    let result = match (global.format.writer(), global.format) {
        (Some(write), _) => write(run),
        (None, Format::Json) => json(),
        (None, _) => page_text(global, &page(medium(global))),
    };
    let remarks = if global.format.tells_skips() { String::new() } else { report::remarks(run.report) };
    CommandOutput { result, remarks, code: run.exit }
}

/// With `--verbose`, prints which files are used and how many rules run.
pub(super) fn describe_inputs(global: &Global, inputs: &Inputs, policies: &Policies) {
    if !global.verbose {
        return;
    }
    for build in &inputs.builds {
        let name = |file: FileId| inputs.source(file).name();
        let mut parts = vec![format!("`{}`", name(build.dockerfile))];
        if let Some(folder) = &build.context_root {
            parts.push(format!("build context `{folder}`"));
        }
        if let IgnoreInput::Present(file, _) = &build.ignore {
            parts.push(format!("ignore file `{}`", name(*file)));
        }
        let settings = inputs.settings.get(&build.dockerfile).into_iter().flatten();
        parts.extend(settings.map(|file| format!("settings `{}`", name(file.file))));
        parts.push(report::count(policies.of(build.dockerfile).rules().len() as u64, "rule"));
        terminal::note(&format!("checking {}", parts.join(", ")));
    }
}

/// What paths are relative to for readers that know a repository: its root as CI names it, else the current folder.
pub(super) fn base() -> PathBase {
    let canonical_name = |path: PathBuf| path.canonicalize().unwrap_or(path).to_string_lossy().into_owned();
    let folder = std::env::current_dir().map(canonical_name).unwrap_or_default();
    let root = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"].iter().find_map(std::env::var_os);
    PathBase::new(
        &folder,
        &root.filter(|root| !root.is_empty()).map(|root| canonical_name(root.into())).unwrap_or_default(),
    )
}

/// The rules that `--select` and `--ignore` ask for.
pub(super) fn selection(choice: &Choice) -> Result<Selection, CommandFailure> {
    Ok(Selection::new(&choice.select, &choice.ignore)?)
}

/// What the command line says over the settings.
pub(super) fn line(
    choice: &Choice,
    threshold: Option<&Threshold>,
    shellcheck: bool,
) -> Result<CommandLinePolicy, CommandFailure> {
    // A typo is met before anything is read.
    selection(choice)?;
    let fail_on = threshold.and_then(|threshold| threshold.fail_on).map(|word| match word {
        FailOn::Error => settings::FailOn::Least(Severity::Error),
        FailOn::Warning => settings::FailOn::Least(Severity::Warning),
        FailOn::Info => settings::FailOn::Least(Severity::Info),
        FailOn::Style => settings::FailOn::Least(Severity::Style),
        FailOn::None => settings::FailOn::Never,
    });
    let mut choice = settings::Choice::of(&choice.select, &choice.ignore);
    choice.ask_shellcheck(shellcheck.then_some(true));
    Ok(CommandLinePolicy { choice, fail_on, ..CommandLinePolicy::default() })
}

/// What holds for each Dockerfile. Under settings that can't be read, nothing is said.
pub(super) fn policies(global: &Global, inputs: &Inputs, line: &CommandLinePolicy) -> Result<Policies, CommandFailure> {
    if inputs.unsettled {
        complain(global, inputs);
        return Err(CommandFailure::Said);
    }
    Ok(Policies::read(inputs, line).0)
}

/// `--today`, `SOURCE_DATE_EPOCH`, else the clock.
pub(super) fn today(choice: &Choice) -> Result<Option<Date>, CommandFailure> {
    if choice.today.is_some() { Ok(choice.today) } else { now() }
}

/// `SOURCE_DATE_EPOCH`, else the clock.
pub(super) fn now() -> Result<Option<Date>, CommandFailure> {
    if let Ok(epoch) = std::env::var("SOURCE_DATE_EPOCH") {
        return match epoch.parse().ok().and_then(Date::of_unix) {
            Some(date) => Ok(Some(date)),
            None => Err(CommandFailure::Because {
                what: format!("SOURCE_DATE_EPOCH is `{epoch}`, which is not a valid time"),
                help: Some("set it to a number of seconds since 1970, or unset it".into()),
            }),
        };
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Ok(now.ok().and_then(|since| i64::try_from(since.as_secs()).ok()).and_then(Date::of_unix))
}

/// Says on standard error what could not be read, for every command and once; whether there was anything.
pub(super) fn complain(global: &Global, inputs: &Inputs) -> bool {
    let mut failed = false;
    let audit = LazyCell::new(|| InputAudit::new(inputs));
    for problem in inputs.problems.iter().filter(|problem| problem.fatal) {
        failed = true;
        match problem.place {
            Some(_) => {
                let named = inputs.sources.iter().filter(|source| source.name() == problem.file);
                let sources: Vec<Source> = named.map(|source| audit.mask().source(source)).collect();
                let problem = crate::audit::input_problem(problem, audit.mask());
                terminal::excerpt(&report::problem(&sources, &problem, terminal::stderr(global)));
            }
            None => terminal::error(global, &problem.message, problem.help.as_deref()),
        }
    }
    failed
}

/// Says which folders are taken as build contexts where that is a choice.
pub(super) fn describe_contexts(inputs: &Inputs) {
    for notice in inputs.builds.iter().filter_map(|build| build.context_notice.as_ref()) {
        terminal::note(notice);
    }
}
