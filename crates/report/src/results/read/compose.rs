//! Results of `compose graph`. Those of `compose check` are results of `lint`.

use serde::Deserialize;

use super::result::{ReadResult, amount, document};
use crate::results::figure::FigureKind;
use crate::results::state::{BuildState, ProjectState, StateFigure};

#[derive(Deserialize)]
struct GraphsJson {
    files: Vec<GraphJson>,
}

#[derive(Deserialize)]
struct GraphJson {
    file: String,
    seconds: Option<f64>,
}

pub(super) fn graph(text: &[u8]) -> Result<ReadResult, serde_json::Error> {
    let read: GraphsJson = document(text)?;
    let build = |graph: GraphJson| {
        let seconds = graph.seconds.and_then(amount)?;
        let kind = FigureKind::ServiceStart;
        let figure = StateFigure { kind, command: "compose graph".to_owned(), value: seconds, of: None, spread: None };
        Some(BuildState { dockerfile: Some(graph.file), figures: vec![figure], ..BuildState::default() })
    };
    let builds = read.files.into_iter().filter_map(build).collect();
    Ok(ReadResult { after: ProjectState { builds, ..ProjectState::default() }, ..ReadResult::default() })
}
