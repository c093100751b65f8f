//! `dockopt optimize`.

mod verify;

use std::path::Path;

use super::args::{Global, Optimize};
use super::output::{Failure, complain, emit};
use super::{CLEAN, FAILED, terminal, write};
use crate::fix::{Change, Outcome};
use crate::inputs::{Need, Needs};
use crate::optimize::{Optimized, Options, optimize, passes};
use crate::report;

pub(super) fn run(global: &Global, command: &Optimize) -> Result<u8, Failure> {
    let options = options(command)?;
    let mut request = command.build.request(command.path.clone(), None);
    request.needs =
        [Need::ContextNames, Need::ContextBytes, Need::ContextTexts, Need::Projects].into_iter().collect::<Needs>();
    request.configuration = command.config.configuration();
    let inputs = crate::load::gather(&request)?;
    if complain(global, &inputs) {
        return Ok(FAILED);
    }
    if command.proving.verify {
        return verify::run(global, command, &inputs, &options);
    }
    let rewritten: Vec<Optimized> = (0..inputs.builds.len())
        .map(|build| optimize(&inputs, build, &crate::load::evidence(&inputs, build), &options))
        .collect();
    let changes: Vec<_> = rewritten.iter().flat_map(Optimized::changes).collect();
    if command.write {
        let files: Vec<_> =
            changes.iter().map(|change| (Path::new(&*change.name), change.before.as_deref(), &*change.after)).collect();
        write::change(&files)?;
        return Ok(CLEAN);
    }
    if let Some(folder) = &command.to {
        return written_to(folder, &command.path, &changes);
    }
    let outcome = Outcome { changes, ..Outcome::default() };
    let mask = crate::audit::mask(&inputs);
    for climbed in rewritten.iter().flat_map(|one| &one.rungs) {
        for refusal in &climbed.refusals {
            terminal::note(&format!("{}: {}: {}\n", refusal.pass, refusal.what, refusal.why));
        }
    }
    emit(global, &report::diff(&outcome, &mask, terminal::stdout(global)))?;
    Ok(CLEAN)
}

/// Writes the changed files below another folder, as they lie below the path.
fn written_to(folder: &Path, path: &Path, changes: &[Change]) -> Result<u8, Failure> {
    let base = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
    let mut files = Vec::new();
    for change in changes {
        let name = Path::new(&change.name);
        let below = name.strip_prefix(base).ok().or_else(|| name.file_name().map(Path::new)).unwrap_or(name);
        let to = folder.join(below);
        if let Some(parent) = to.parent() {
            std::fs::create_dir_all(parent).map_err(|error| Failure::Because {
                what: format!("`{}` can't be made: {error}", parent.display()),
                help: Some("check the permissions".to_owned()),
            })?;
        }
        files.push((to, &*change.after));
    }
    let before: Vec<_> = files.iter().map(|(to, _)| std::fs::read(to).ok()).collect();
    let all: Vec<_> =
        files.iter().zip(&before).map(|((to, after), before)| (&**to, before.as_deref(), *after)).collect();
    write::change(&all)?;
    Ok(CLEAN)
}

fn options(command: &Optimize) -> Result<Options, Failure> {
    for name in command.only.iter().chain(&command.skip) {
        if !passes().any(|pass| pass.id == *name) {
            let what = format!("there is no pass `{name}`");
            let help = Some("`dockopt optimize --plan` names them".to_owned());
            return Err(Failure::Because { what, help });
        }
    }
    Ok(Options {
        level: command.level,
        only: command.only.iter().cloned().collect(),
        skip: command.skip.iter().cloned().collect(),
        smallest: command.smallest,
        ..Options::default()
    })
}
