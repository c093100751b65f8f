//! Arguments, colour, exit codes; writes files. Results go to standard output, everything else to standard error.

mod args;
mod audit;
mod baseline;
mod cache;
mod changes;
mod ci;
mod completions;
mod compose;
mod compose_env;
mod context;
mod debug;
mod deploy;
mod exit;
mod explain;
mod explore;
mod fix;
mod fleet;
mod history;
mod image;
mod init;
mod interrupt;
mod lint;
mod lsp;
mod measure;
mod optimize;
mod output;
mod parent;
mod pipelines;
mod progress;
mod report;
mod session;
mod settings;
mod terminal;
mod version;
mod watch;
mod write;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Instant;

use args::{CacheCommand, Command, ContextCommand};
use exit::{CLEAN, FAILED};

/// Runs the program with its arguments, its own name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match args::parse(arguments.iter().cloned()) {
        Ok(cli) => cli,
        Err(error) if version::is_asked_for(&error, &arguments) => return version::print(),
        Err(error) => {
            // Help and version are results; the rest goes to standard error. A closed pipe is nobody's fault.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { FAILED } else { CLEAN });
        }
    };
    if cli.global.ends_with_input {
        parent::end_with_input();
    }
    terminal::set_quiet(cli.global.quiet);
    progress::start(&cli.global, terminal::stderr(&cli.global).width, "reading the files");
    let start = Instant::now();
    let done = match cli.command {
        Command::Audit(command) => audit::run(&cli.global, &command),
        Command::Lint(command) => lint::run(&cli.global, &command),
        Command::Lsp(command) => lsp::run(&command),
        Command::Fix(command) => fix::run(&cli.global, &command, fix::FixScope::All),
        Command::Optimize(command) => optimize::run(&cli.global, &command),
        Command::Measure(command) => measure::run(&cli.global, &command),
        Command::Image(command) => image::run(&cli.global, &command),
        Command::Cache { command: CacheCommand::History(command) } => cache::history::run(&cli.global, &command),
        Command::Cache { command: CacheCommand::Predict(command) } => cache::predict::run(&cli.global, &command),
        Command::Init(command) => init::run(&cli.global, &command),
        Command::Fleet { command } => fleet::run(&cli.global, &command),
        Command::History(command) => history::run(&cli.global, &command),
        Command::Report(command) => report::run(&cli.global, &command),
        Command::Explain(command) => explain::explain(&cli.global, &command.rule),
        Command::Rules(command) => explain::rules(&cli.global, &command),
        Command::Cache { command: CacheCommand::Explain(command) } => cache::explain::run(&cli.global, &command),
        Command::Context { command: ContextCommand::Ls(command) } => context::ls(&cli.global, &command),
        Command::Ci { command } => ci::run(&cli.global, *command),
        Command::Compose { command } => compose::run(&cli.global, *command),
        Command::Deploy { command } => deploy::run(&cli.global, *command),
        Command::Completions(command) => completions::completions(&cli.global, &command),
        Command::Man(command) => completions::man(&cli.global, &command),
        Command::Debug { command } => debug::run(&cli.global, &command),
    };
    progress::finish();
    if cli.global.verbose {
        terminal::note(&format!("finished in {} ms", start.elapsed().as_millis()));
    }
    ExitCode::from(done.unwrap_or_else(|failure| failure.tell(&cli.global)))
}
