//! Results of `report` itself: the state of an earlier run.

use serde::Deserialize;

use super::result::{ReadResult, document};
use crate::results::state::{BuildState, ProjectState};

#[derive(Deserialize)]
struct ReportJson {
    state: ProjectState,
}

pub(super) fn report(text: &[u8]) -> Result<ReadResult, serde_json::Error> {
    let mut read: ReportJson = document(text)?;
    read.state.builds.iter_mut().for_each(BuildState::drop_impossible);
    Ok(ReadResult { after: read.state, ..ReadResult::default() })
}
