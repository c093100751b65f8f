//! `dockopt image diff`.

use crate::cli::args::{Diff, Global};
use crate::cli::output::Failure;

pub(super) fn run(_global: &Global, _command: &Diff) -> Result<u8, Failure> {
    Err(Failure::Because { what: "not yet".to_owned(), help: None })
}
