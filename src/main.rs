//! The `dockopt` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    dockopt::cli::run(std::env::args_os())
}
