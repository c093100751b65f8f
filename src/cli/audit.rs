//! `dockopt audit`.

use super::args::{Audit, Format, Global};
use super::output::{Failure, code, complain, emit, leave_unsaid, selection, today};
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
    let mut report = crate::audit::audit(&inputs, &selection);
    let code = code(&command.threshold, &report, failed);
    if global.format == Format::Text {
        leave_unsaid(&mut report, &inputs);
    }
    let text = match global.format {
        Format::Text => report::audit(&report, &command.build.typed(), terminal::stdout(global), command.all),
        Format::Json => report::audit_json(&report),
    };
    emit(global, &text)?;
    Ok(code)
}
