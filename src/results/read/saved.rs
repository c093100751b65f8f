//! Results of `report` itself: the state of an earlier run.

use serde::Deserialize;

use super::result::{ReadResult, document};
use crate::results::state::ProjectState;

#[derive(Deserialize)]
struct ReportJson {
    state: ProjectState,
}

pub(super) fn report(text: &[u8]) -> Result<ReadResult, serde_json::Error> {
    let read: ReportJson = document(text)?;
    Ok(ReadResult { after: read.state, ..ReadResult::default() })
}
