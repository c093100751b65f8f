//! Results of `compose graph`, `compose verify` and `compose env`. Those of `compose check` are results of `lint`.

use super::cache::{figure, state};
use super::result::{ReadResult, ReportDetails, document};
use crate::results::figure::FigureKind;
use crate::results::state::BuildState;
use crate::wire::{GraphJson, GraphsJson, StartProofJson, VariablesJson};

pub(super) fn graph(text: &[u8]) -> Result<ReadResult, serde_json::Error> {
    let read: GraphsJson = document(text)?;
    let build = |graph: &GraphJson| {
        let seconds = figure(FigureKind::ServiceStart, "compose graph", graph.seconds, None)?;
        Some(BuildState { dockerfile: Some(graph.file.clone()), figures: vec![seconds], ..BuildState::default() })
    };
    let builds = read.files.iter().filter_map(build).collect();
    let details = ReportDetails { graphs: read.files, ..ReportDetails::default() };
    Ok(ReadResult { details, ..state(builds, Vec::new()) })
}

pub(super) fn starts(text: &[u8]) -> Result<ReadResult, serde_json::Error> {
    let read: StartProofJson = document(text)?;
    let details = ReportDetails { starts: vec![read], ..ReportDetails::default() };
    Ok(ReadResult { details, ..ReadResult::default() })
}

pub(super) fn variables(text: &[u8]) -> Result<ReadResult, serde_json::Error> {
    let read: VariablesJson = document(text)?;
    let details = ReportDetails { variables: vec![read], ..ReportDetails::default() };
    Ok(ReadResult { details, ..ReadResult::default() })
}
