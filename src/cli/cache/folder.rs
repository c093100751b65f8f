//! Two states of a build: those of commits, of the working tree, and of folders, where a copy of the project takes the
//! place of a commit.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::named::{NamedContexts, contexts_on_disk};
use super::place::{RepositoryPlace, because};
use super::states::{PlacedState, State, States};
use crate::cache::ContextFiles;
use crate::cli::output::CommandFailure;
use crate::inputs::{BuildInput, Inputs, Need, Needs};
use crate::load::GatherRequest;
use crate::load::git::{Repository, folder_directory};
use crate::rules::AllRules;
use crate::text::path;

/// The folder that a name stands for; `None` if it is the name of a commit, or nothing.
fn named_folder(place: Option<&RepositoryPlace>, name: &str) -> Option<PathBuf> {
    let is_commit = place.is_some_and(|place| place.repository.resolve(name).is_ok());
    (!is_commit && Path::new(name).is_dir()).then(|| PathBuf::from(name))
}

/// The build of a commit or folder, and that of a later commit or another folder. Without one it is the working tree, or
/// the folder that was asked for.
pub(super) fn states_between(
    inputs: &Inputs,
    build: usize,
    (earlier, later): (&str, Option<&str>),
) -> Result<States, CommandFailure> {
    let doubt = inputs.builds[build].context_doubt.as_deref();
    Ok(states_of(inputs, build, (earlier, later))?.with_doubt(doubt))
}

fn states_of(inputs: &Inputs, build: usize, (earlier, later): (&str, Option<&str>)) -> Result<States, CommandFailure> {
    let input = &inputs.builds[build];
    let place = RepositoryPlace::of(inputs, build);
    let known = place.as_ref().ok();
    let folders = [Some(earlier), later].map(|name| named_folder(known, name?));
    if folders.iter().all(Option::is_none) {
        return States::of_commits(inputs, build, &place?, (earlier, later));
    }
    let has_commit = folders[0].is_none() || (later.is_some() && folders[1].is_none());
    let place = if has_commit { Some(place?) } else { None };
    let repository = place.as_ref().map(|place| &place.repository);
    let commit = |name: &str| match &place {
        Some(place) => State::of_commit(place, input, name),
        None => Err(because(format!("`{name}` is neither a commit nor a folder"), "name one of them")),
    };
    let before = match &folders[0] {
        Some(folder) => state_of_folder(inputs, build, folder, repository)?,
        None => commit(earlier)?,
    };
    let (after, name) = match (&folders[1], later) {
        (Some(folder), _) => (state_of_folder(inputs, build, folder, repository)?, folder.display().to_string()),
        (None, Some(later)) => (commit(later)?, later.to_owned()),
        (None, None) => {
            let root = input.context_root.as_deref().unwrap_or(".");
            (state(input, repository, contexts_on_disk(input, None, repository), None), root.to_owned())
        }
    };
    Ok(States::placed(place.as_ref(), before, after, format!("{name} against {earlier}")))
}

/// The build as a folder has it, with the Dockerfile at the same place in it.
fn state_of_folder(
    inputs: &Inputs,
    build: usize,
    folder: &Path,
    repository: Option<&Repository>,
) -> Result<PlacedState, CommandFailure> {
    let input = &inputs.builds[build];
    let dockerfile = inputs.source(input.dockerfile).name();
    let root = input.context_root.as_deref().map(path::normalize);
    let normal = path::normalize(dockerfile);
    // A copy of what was asked for, else of the build context.
    let project = project_root(&inputs.root);
    let context = root.as_deref().and_then(|root| path::relative(root, &project)).map(|below| match below {
        "" => folder.to_owned(),
        below => folder.join(below),
    });
    let is_copied = path::relative(&normal, &project).is_some_and(|below| folder.join(below).is_file());
    let folder = &context.filter(|context| is_copied && context.is_dir()).unwrap_or_else(|| folder.to_owned());
    let below = root.as_deref().and_then(|root| path::relative(&normal, root));
    let other = below.map(|below| folder.join(below)).filter(|file| file.is_file());
    let note =
        format!("`{}` has no `{}`: that of `{dockerfile}` is taken", folder.display(), below.unwrap_or(dockerfile));
    let request = GatherRequest {
        path: folder.to_owned(),
        file: Some(other.clone().unwrap_or_else(|| PathBuf::from(dockerfile))),
        options: input.options.clone(),
        needs: Needs::NONE.with(Need::ContextNames),
        ..GatherRequest::new(&AllRules)
    };
    let gathered = crate::load::gather(&request)?;
    if let Some(problem) = gathered.problems.iter().find(|problem| problem.fatal) {
        return Err(because(
            format!("{}: {}", problem.file, problem.message),
            problem.help.as_deref().unwrap_or("correct it"),
        ));
    }
    let Some(earlier) = gathered.builds.first() else {
        return Err(because(format!("`{}` has no Dockerfile", folder.display()), "name a folder that has one"));
    };
    let named = contexts_on_disk(input, Some(folder), repository);
    Ok(state(earlier, repository, named, other.is_none().then_some(note)))
}

/// The folder of what was asked for: of a file, the one that it is in.
fn project_root(name: &str) -> String {
    let normal = path::normalize(name);
    if Path::new(name).is_file() { path::parent(&normal).to_owned() } else { normal }
}

fn state(
    input: &BuildInput,
    repository: Option<&Repository>,
    named: NamedContexts,
    note: Option<String>,
) -> PlacedState {
    let root = Path::new(input.context_root.as_deref().unwrap_or("."));
    let files = input.context.as_ref().map(|context| folder_directory(context, root, repository)).unwrap_or_default();
    let context = ContextFiles::new(files, None).with_named(named);
    let state = State { input: input.clone(), context };
    PlacedState { state, tree: None, unread: BTreeSet::new(), note }
}
