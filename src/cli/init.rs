//! `dockopt init`.

mod earlier;
mod files;
mod list;
mod project;
mod report;
mod template;

use super::args::{Global, Init};
use super::exit::{CLEAN, FOUND};
use super::output::{CommandFailure, complain, print};
use super::pipelines::repository_top;
use super::{changes, terminal};
use crate::finding::Mask;
use crate::fix::FixOutcome;
use crate::load::{GatherRequest, SettingsSource};
use crate::rules::AllRules;
use files::SetupFiles;
use project::InitProject;

pub(super) use files::gitlab_stage;
pub(super) use report::called_files;

pub(super) fn run(global: &Global, command: &Init) -> Result<u8, CommandFailure> {
    let root = &command.path;
    let repository = repository_top(root, "init")?;
    // The same builds as those of an audit.
    let request =
        GatherRequest { path: root.clone(), configuration: SettingsSource::None, ..GatherRequest::new(&AllRules) };
    let inputs = crate::load::gather(&request)?;
    complain(global, &inputs);
    if inputs.builds.is_empty() {
        return Err(CommandFailure::Because {
            what: format!("`{}` has no Dockerfile", root.display()),
            help: Some("pass the folder of a repository that builds images".to_owned()),
        });
    }
    let project = InitProject::new(root, &inputs, repository.as_ref(), command.ci);
    let setup = SetupFiles::new(root, &project, command.forks)?;
    let mut outcome = FixOutcome { changes: setup.changes, ..FixOutcome::default() };
    if command.write {
        changes::write_with_folders(&outcome.changes)?;
    }
    let count = outcome.changes.len() as u64;
    let shows_diff = !command.write && (!command.check || command.diff);
    let names: Vec<String> = outcome.changes.iter().map(|change| change.name.clone()).collect();
    let text = if shows_diff { changes::diff(global, &mut outcome, &Mask::default()) } else { Vec::new() };
    print(global, &text)?;
    for name in &setup.kept {
        terminal::note(&format!("{name} exists and is kept"));
    }
    for name in &setup.edited {
        terminal::note(&format!("{name} is not as dockopt wrote it, and is left alone"));
    }
    let files = crate::report::count(count, "file");
    terminal::note(&match (count, command.write) {
        (0, _) => "nothing to write".to_owned(),
        (_, true) => format!("wrote {}", names.join(", ")),
        (_, false) => format!("would write {files}; write with `--write`"),
    });
    for note in &setup.notes {
        terminal::note(&format!("note: {note}"));
    }
    Ok(if command.check && count > 0 { FOUND } else { CLEAN })
}
