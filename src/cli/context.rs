//! `dockopt context ls`.

use super::args::{Global, Ls};
use super::exit::{CLEAN, FAILED, FOUND};
use super::output::{CommandFailure, complain, describe_contexts, print, print_page};
use super::terminal;
use crate::audit::InputAudit;
use crate::inputs::{Need, Needs};
use crate::report::{self, Format};

pub(super) fn ls(global: &Global, command: &Ls) -> Result<u8, CommandFailure> {
    let mut request = command.build.request(command.path.clone(), None);
    request.folder = true;
    request.needs = Needs::NONE.with(Need::ContextNames).with(Need::ContextBytes);
    let inputs = crate::load::gather(&request)?;
    let failed = complain(global, &inputs);
    describe_contexts(&inputs);
    let audit = InputAudit::new(&inputs);
    let listings = audit.contexts();
    let refusals = audit.refusals();
    for problem in &refusals {
        let place = problem.place.map(|place| format!(":{}:{}", place.line, place.column)).unwrap_or_default();
        let message = format!("{}{place}: {}", problem.file, problem.message);
        terminal::error(global, &message, problem.help.as_deref());
    }
    let refused =
        !refusals.is_empty() || listings.iter().flat_map(|listing| &listing.problems).any(|problem| problem.error);
    let Some((first, others)) = listings.split_first() else {
        if !failed && refused {
            return Ok(FOUND);
        }
        if failed {
            return Err(CommandFailure::Said);
        }
        let help = Some("pass a folder, or a Dockerfile that copies from its build context".to_owned());
        return Err(CommandFailure::Because {
            what: format!("no build context found under `{}`", command.path.display()),
            help,
        });
    };
    match global.format {
        Format::Json => print(global, &report::context_json(first, others))?,
        _ => print_page(global, &report::context(&listings, command.all))?,
    }
    Ok(match (failed, refused) {
        (true, _) => FAILED,
        (false, true) => FOUND,
        (false, false) => CLEAN,
    })
}
