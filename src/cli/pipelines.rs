//! Pipelines that paths name.

use std::path::{Path, PathBuf};

use super::output::CommandFailure;
use crate::inputs::{Inputs, Need, Needs};
use crate::load::{GatherRequest, PipelineSelection, tops_of_pipelines};

/// The pipelines at these paths, with the Dockerfiles of their repository.
pub(super) fn gather_pipelines(paths: &[PathBuf], request: &GatherRequest) -> Result<Inputs, CommandFailure> {
    let tops = tops_of_pipelines(paths)?;
    let [top] = tops.as_slice() else {
        let names: Vec<String> = tops.iter().map(|top| format!("`{}`", top.display())).collect();
        return Err(CommandFailure::Because {
            what: format!("the paths belong to several repositories: {}", names.join(", ")),
            help: Some("call dockopt once for each repository".to_owned()),
        });
    };
    let pipelines = if paths.iter().any(|path| path.is_dir()) {
        PipelineSelection::All
    } else {
        PipelineSelection::Named(paths.iter().map(|path| without_dot(path)).collect())
    };
    let needs = [Need::ContextNames, Need::ContextBytes, Need::Projects].into_iter().collect::<Needs>();
    let request = GatherRequest { path: top.clone(), pipelines, needs, ..request.clone() };
    Ok(crate::load::gather(&request)?)
}

/// A path as discovery gives it.
fn without_dot(path: &Path) -> PathBuf {
    path.strip_prefix(".").unwrap_or(path).to_owned()
}
