//! `dockopt audit`.

use super::args::{Audit, Format, Global};
use super::output::{Failure, code, complain, emit, selection, today};
use super::terminal;
use crate::report;

pub(super) fn run(global: &Global, command: &Audit) -> Result<u8, Failure> {
    let selection = selection(&command.choice)?;
    let mut request = command.build.request(command.path.clone(), today(&command.choice)?);
    request.needs = crate::audit::needs(&selection, true);
    let inputs = crate::load::gather(&request)?;
    let failed = complain(global, &inputs);
    if failed && inputs.sources.is_empty() {
        return Err(Failure::Said);
    }
    let report = crate::audit::audit(&inputs, &selection);
    let text = match global.format {
        Format::Text => report::audit(&report, &command.build.typed(), terminal::stdout(global), command.all),
        Format::Json => report::audit_json(&report),
    };
    emit(global, &text)?;
    Ok(code(&command.threshold, &report, failed))
}
