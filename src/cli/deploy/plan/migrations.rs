//! The migrations that the new image brings.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::ImageAnalysis;
use crate::audit;
use crate::cli::args::DeployPlan;
use crate::cli::deploy::project::ReplaceableProject;
use crate::cli::output::CommandFailure;
use crate::compose::project::ComposeValue;
use crate::data;
use crate::inputs::MigrationInput;
use crate::load::git::Repository;
use crate::load::{FolderProjects, MigrationBase, add_migrations};
use crate::migration::{Migration, MigrationDowngrade, MigrationVerdict};
use crate::release::{DeploymentFacts, MigrationEffect, MigrationFacts, NewMigration, ServiceGroup};
use crate::stack::Stack;
use crate::tasks::migration_command;
use crate::text::{path, short_commit};

/// Folders and the name by which a file of the repository is known in an image.
const TAIL: usize = 2;

/// The files of an image that may be migrations, by the ends of their paths, with a hash of what they hold.
struct ImageFiles(BTreeMap<String, u128>);

impl ImageFiles {
    fn of(analysis: &ImageAnalysis) -> Self {
        let image = &analysis.image;
        let paths = image.paths.all().filter(|path| analysis.tree.contains(*path));
        let texts = paths.map(|path| (path, image.paths.text(path)));
        let is_code = |text: &str| [".py", ".sql"].iter().any(|end| text.ends_with(end));
        let files = texts.filter(|(_, text)| is_code(text));
        let content = |path| Some(image.entry(analysis.tree.at(path)?).content);
        Self(files.filter_map(|(path, text)| Some((tail(&text), content(path)?))).collect())
    }

    fn content(&self, file: &str) -> Option<u128> {
        self.0.get(&tail(file)).copied()
    }
}

fn tail(file: &str) -> String {
    let parts: Vec<&str> = file.split('/').filter(|part| !part.is_empty()).collect();
    parts[parts.len().saturating_sub(TAIL)..].join("/")
}

/// The migrations that the image in service has not; `None` where that is not known.
///
/// # Errors
/// The repository cannot be read.
pub(super) fn migration_facts(
    command: &DeployPlan,
    known: &mut ReplaceableProject,
    group: &ServiceGroup,
    facts: &DeploymentFacts,
    (from, to): (Option<&ImageAnalysis>, &ImageAnalysis),
) -> Result<Option<MigrationFacts>, CommandFailure> {
    let new = ImageFiles::of(to);
    let old = from.map(ImageFiles::of);
    let revision = facts.from.as_ref().and_then(|image| image.revision.as_deref());
    let revision = revision.filter(|revision| is_commit(command, revision));
    let has_old = |file: &str| {
        old.as_ref()
            .and_then(|old| old.content(file))
            .is_some_and(|content| new.content(file).is_none_or(|new| new == content))
    };
    let base = match (revision, &old) {
        (Some(revision), _) => MigrationBase::Commit(revision),
        (None, Some(_)) => MigrationBase::Image(&has_old),
        _ => MigrationBase::Newest,
    };
    add_migrations(&mut known.inputs, &command.path, base)?;
    let input = known.inputs.migrations.clone();
    let Some(input) = input.filter(|input| !input.history.migrations.is_empty()) else {
        return Ok(Some(MigrationFacts {
            basis: "the repository has no migrations".to_owned(),
            ..MigrationFacts::default()
        }));
    };
    let contexts = contexts(known, group);
    let is_its = |migration: &&Migration| is_in_context(&input, &contexts, &migration.path);
    if !input.history.migrations.iter().any(|migration| is_its(&migration)) {
        let basis = "the folders that these services are built from have no migrations".to_owned();
        return Ok(Some(MigrationFacts { basis, ..MigrationFacts::default() }));
    }
    let is_in_image = input.history.migrations.iter().any(|migration| new.content(&migration.path).is_some());
    let basis = match base {
        MigrationBase::Commit(revision) => {
            format!("the commit {} of the image in service has not got them", short_commit(revision))
        }
        MigrationBase::Image(_) if is_in_image => "the files of both images".to_owned(),
        _ => return Ok(None),
    };
    let is_deployed = |migration: &&Migration| !is_in_image || new.content(&migration.path).is_some();
    let migrations = input.new_migrations().into_iter();
    let migrations = migrations.filter(|migration| is_its(migration) && is_deployed(migration));
    let (call, runs_at_start) = migration_call(command, known, (group, &contexts), to);
    Ok(Some(MigrationFacts {
        basis,
        new: migrations.map(new_migration).collect(),
        command: call,
        runs_at_start,
        has_backup: audit::has_database_backup(&known.inputs),
    }))
}

fn is_commit(command: &DeployPlan, revision: &str) -> bool {
    let repository = Repository::discover(&command.path).ok().flatten();
    repository.is_some_and(|repository| repository.resolve(revision).is_ok())
}

/// The folders that the services of a group are built from, in full.
fn contexts(known: &ReplaceableProject, group: &ServiceGroup) -> BTreeSet<String> {
    let stack = Stack::new(&known.project, &known.compose.dockerfiles);
    let services = group.services.iter().filter_map(|service| stack.service(&service.name));
    let context = |service: &crate::stack::StackService| {
        let context = service.value.get("build")?.get("context").and_then(ComposeValue::as_text)?;
        Some(context.trim_end_matches('/').to_owned())
    };
    services.filter_map(context).collect()
}

/// Whether a migration is of these folders; where none is known, each is.
fn is_in_context(input: &MigrationInput, contexts: &BTreeSet<String>, file: &str) -> bool {
    let full = input.full_path(file);
    contexts.is_empty() || contexts.iter().any(|context| path::is_within(&full, context))
}

fn new_migration(migration: &Migration) -> NewMigration {
    let effect = match migration.verdict {
        MigrationVerdict::Expand => MigrationEffect::Expand,
        MigrationVerdict::Contract => MigrationEffect::Contract,
        MigrationVerdict::Unknown => MigrationEffect::Unknown,
    };
    let reasons = match migration.verdict {
        MigrationVerdict::Expand => Vec::new(),
        verdict => migration.steps_with(verdict).map(|step| format!("line {} {}", step.line, step.text)).collect(),
    };
    NewMigration {
        path: migration.path.clone(),
        effect,
        reasons,
        locks: migration.locks().filter_map(|step| step.lock.clone()).collect(),
        has_downgrade: matches!(migration.downgrade, MigrationDowngrade::Reverses),
    }
}

/// What migrates the database in the new image, and whether the program does so when it starts.
fn migration_call(
    command: &DeployPlan,
    known: &ReplaceableProject,
    (group, contexts): (&ServiceGroup, &BTreeSet<String>),
    to: &ImageAnalysis,
) -> (Option<String>, bool) {
    let stack = Stack::new(&known.project, &known.compose.dockerfiles);
    let config = &to.image.config;
    let of_image = [&config.entrypoint, &config.cmd].into_iter().flatten().flatten().cloned().collect::<Vec<_>>();
    let starts = group.services.iter().filter_map(|service| stack.service(&service.name)).map(|service| {
        let words: Vec<&str> = service.words("entrypoint").into_iter().chain(service.words("command")).collect();
        if words.is_empty() { of_image.join(" ") } else { words.join(" ") }
    });
    let runs_at_start = starts.into_iter().any(|text| data::MIGRATIONS.keys().any(|key| text.contains(key)));
    let folder = FolderProjects::read(&command.path);
    let has_file = |file: &str| folder.text_of(&command.path, file).is_some();
    let is_its = |root: &str| {
        let full = path::join(&known.project.folder, root);
        contexts.is_empty() || contexts.contains(full.trim_end_matches('/'))
    };
    let mut projects = folder.projects.iter().filter(|project| is_its(&project.root));
    let call = projects.find_map(|project| migration_command(project, &has_file));
    let call = command.answers.migrate.clone().or_else(|| call.map(|call| call.command.to_owned()));
    (call, runs_at_start)
}
