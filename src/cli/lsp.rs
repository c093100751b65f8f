//! `dockopt lsp`: a language server on standard input and output. Starts no other program and no connection unless the client says
//! that the workspace is trusted.

mod capabilities;
mod job;
mod open_document;
mod requests;
mod server;
mod transport;

use super::args::Lsp;
use super::exit::{CLEAN, FOUND};
use super::output::{CommandFailure, now};

/// Serves one client until it ends.
pub(super) fn run(_: &Lsp) -> Result<u8, CommandFailure> {
    let today = now()?;
    let (connection, transport) = transport::connect();
    let ended = server::serve(connection, today);
    match (ended, transport.end()) {
        (Ok(_), Some(why)) => {
            Err(CommandFailure::Because { what: format!("a message of the editor cannot be read: {why}"), help: None })
        }
        // The protocol asks for 1 where a client goes without `shutdown`.
        (Ok(is_clean), _) => Ok(if is_clean { CLEAN } else { FOUND }),
        (Err(what), _) => Err(CommandFailure::Because {
            what,
            help: Some("`dockopt lsp` is started by an editor; docs/editors.md shows how".to_owned()),
        }),
    }
}
