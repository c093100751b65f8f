//! Pipelines that paths name.

use std::path::{Path, PathBuf};

use super::output::CommandFailure;
use crate::inputs::{Inputs, Need, Needs, RunTimes, read_runs};
use crate::load::git::Repository;
use crate::load::{GatherRequest, PipelineSelection, read_bytes, tops_of_pipelines};

/// Bytes that a file with the times of runs may have.
const RUNS_LIMIT: u64 = 64 << 20;

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

/// The repository of a folder: CI systems and pre-commit read their files in its top folder only.
pub(super) fn repository_top(root: &Path, command: &str) -> Result<Option<Repository>, CommandFailure> {
    if !root.is_dir() {
        let what = format!("`{}` is not a folder", root.display());
        return Err(CommandFailure::Because { what, help: Some("pass the folder of a repository".to_owned()) });
    }
    // A repository that cannot be read says nothing of its remotes.
    let Ok(Some(repository)) = Repository::discover(root) else { return Ok(None) };
    let top = repository.work_tree().and_then(|top| top.canonicalize().ok());
    match (top, root.canonicalize()) {
        (Some(top), Ok(here)) if top != here => Err(CommandFailure::Because {
            what: format!("`{}` is not the top folder of its repository", root.display()),
            help: Some(format!("run `dockopt {command} {}`", top.display())),
        }),
        _ => Ok(Some(repository)),
    }
}

/// The times of earlier runs in a file.
pub(super) fn read_run_times(file: &Path) -> Result<RunTimes, CommandFailure> {
    let bytes = read_bytes(file, RUNS_LIMIT)?;
    read_runs(&bytes).map_err(|why| CommandFailure::Because {
        what: format!("`{}` holds no times of runs: {why}", file.display()),
        help: Some("write it with `gh api repos/OWNER/NAME/actions/runs/ID/jobs`".to_owned()),
    })
}
