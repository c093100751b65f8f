//! What a compose or bake file said of a build in a commit: its arguments, its stage, a Dockerfile inside it.

use std::collections::HashMap;
use std::path::Path;

use super::place::{RepositoryPlace, because};
use crate::bake;
use crate::cli::output::CommandFailure;
use crate::compose::{Compose, Service};
use crate::inputs::{BuildInput, BuildOptions};
use crate::load::git::{Commit, CommitFiles, ObjectId};
use crate::load::{DOCKERFILE_LIMIT, compose_builds, older_compose_builds, read_source};
use crate::text::Source;

/// A build as a commit has it: its Dockerfile, and what the builder was told.
pub(super) fn input_of_commit(
    place: &RepositoryPlace,
    input: &BuildInput,
    (commit, files): (&Commit, &CommitFiles),
    name: &str,
) -> Result<BuildInput, CommandFailure> {
    let text = place.repository.text(files.dockerfile)?;
    let older = older_service(place, input, commit)?;
    let options = match (current_service(input), &older) {
        (Some(current), Some(older)) => options_before(&input.options, &current, older),
        _ => input.options.clone(),
    };
    let source = if input.file.source().embedding().is_some() {
        older.and_then(|service| service.inline).ok_or_else(|| {
            let what = format!("`{}` has no such Dockerfile in {name}", files.place.dockerfile);
            because(what, "name a commit that has it")
        })?
    } else {
        Source::of(&files.place.dockerfile, &text)
    };
    let mut earlier = BuildInput::new(&source, options);
    earlier.base_images.clone_from(&input.base_images);
    Ok(earlier)
}

/// The number of commits in which the file that says how to build said something else than now.
pub(super) fn count_other_recipes(place: &RepositoryPlace, input: &BuildInput, commits: &[Commit]) -> usize {
    let (Some(recipe), Some(current)) = (&input.recipe, current_service(input)) else { return 0 };
    let Some(path) = place.path(Path::new(recipe)) else { return 0 };
    let mut known: HashMap<ObjectId, bool> = HashMap::new();
    let mut is_other = |commit: &Commit| {
        let Ok(Some(entry)) = place.repository.entry_at(commit.tree, &path) else { return false };
        *known.entry(entry.id).or_insert_with(|| match older_service(place, input, commit) {
            Ok(Some(older)) => {
                (&current.args, &current.target, &current.contexts) != (&older.args, &older.target, &older.contexts)
            }
            _ => false,
        })
    };
    commits.iter().filter(|commit| is_other(commit)).count()
}

fn current_service(input: &BuildInput) -> Option<Service> {
    let recipe = input.recipe.as_deref()?;
    let builds = if bake::is_bake(recipe) {
        bake::read(&read_source(Path::new(recipe), DOCKERFILE_LIMIT).ok()?)
    } else {
        compose_builds(Path::new(recipe))
    };
    service(builds, input)
}

/// The service as the file has it in a commit; `None` if the file or the service is not there.
fn older_service(
    place: &RepositoryPlace,
    input: &BuildInput,
    commit: &Commit,
) -> Result<Option<Service>, CommandFailure> {
    let Some(recipe) = &input.recipe else { return Ok(None) };
    let Some(path) = place.path(Path::new(recipe)) else { return Ok(None) };
    let Some(entry) = place.repository.entry_at(commit.tree, &path)? else { return Ok(None) };
    if bake::is_bake(recipe) {
        let text = place.repository.text(entry.id)?;
        return Ok(service(bake::read(&Source::of(recipe, &text)), input));
    }
    let text_of_commit = |file: &str| {
        let entry = place.repository.entry_at(commit.tree, &place.path(Path::new(file))?).ok()??;
        place.repository.text(entry.id).ok()
    };
    Ok(service(older_compose_builds(Path::new(recipe), &text_of_commit), input))
}

fn service(builds: Compose, input: &BuildInput) -> Option<Service> {
    let name = input.services.first()?;
    builds.services.into_iter().find(|service| service.name == *name)
}

/// The options with what the file said before in place of what it says now; those of the command line stay.
fn options_before(options: &BuildOptions, current: &Service, older: &Service) -> BuildOptions {
    let mut before = options.clone();
    if let Some(others) = options.build_args.strip_prefix(current.args.as_slice()) {
        before.build_args = [&older.args, others].concat();
    }
    if options.target.is_some() && options.target == current.target {
        before.target.clone_from(&older.target);
    }
    before
}
