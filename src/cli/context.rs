//! `dockopt context ls`.

use super::args::{Format, Global, Ls};
use super::output::{Failure, complain, emit, today};
use super::{CLEAN, FAILED, terminal};
use crate::inputs::{Need, Needs};
use crate::report;

pub(super) fn ls(global: &Global, command: &Ls) -> Result<u8, Failure> {
    let mut request = command.build.request(command.path.clone(), today(global)?);
    request.needs = Needs::NONE.with(Need::ContextNames).with(Need::ContextBytes);
    let inputs = crate::load::gather(&request)?;
    let failed = complain(global, &inputs);
    let listings = crate::audit::contexts(&inputs);
    let layout = terminal::stdout(global);
    let show = |listing| match global.format {
        Format::Text => report::context(listing, layout, command.all),
        Format::Json => report::context_json(listing),
    };
    // JSON is one object: the path names one context, and its first Dockerfile in order stands for it.
    let shown = if global.format == Format::Json { listings.iter().take(1) } else { listings.iter().take(usize::MAX) };
    let parts: Vec<String> = shown.map(show).collect();
    if parts.is_empty() {
        let help = Some("name a folder with a Dockerfile, or the Dockerfile with `--file`".to_owned());
        return Err(Failure::Because { what: format!("no build context under `{}`", command.path.display()), help });
    }
    emit(global, &parts.join("\n"))?;
    Ok(if failed { FAILED } else { CLEAN })
}
