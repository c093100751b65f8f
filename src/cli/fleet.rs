//! `dockopt fleet`.

mod emit;
mod list;
mod measured;
mod queue;
mod report;
mod result_folder;
mod run;
mod runs;

use super::args::{FleetCommand, Global};
use super::output::CommandFailure;

pub(super) fn run(global: &Global, command: &FleetCommand) -> Result<u8, CommandFailure> {
    match command {
        FleetCommand::List(command) => list::run(global, command),
        FleetCommand::Run(command) => run::run(global, command),
        FleetCommand::Report(command) => report::run(global, command),
        FleetCommand::Emit(command) => emit::run(global, command),
    }
}
