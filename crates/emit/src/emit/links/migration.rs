//! The job that brings the schema of a database up to date.

use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::facts::entrypoint::{EntrypointRole, entrypoint_arguments};
use crate::emit::facts::start::start_texts;
use crate::emit::input::EmitInput;
use crate::emit::plan::ComposePlan;
use crate::manifest::Ecosystem;
use crate::text::path;

/// The job.
#[derive(Debug)]
pub(in crate::emit) struct MigrationJob {
    pub(in crate::emit) command: Vec<String>,
    pub(in crate::emit) reason: String,
    pub(in crate::emit) place: Option<String>,
}

/// The job of a program that keeps its schema in its source; none where the program brings it up to date when it starts.
pub(in crate::emit) fn migration(
    input: &EmitInput,
    application: &Application,
    plan: &mut ComposePlan,
) -> Option<MigrationJob> {
    let files: Vec<_> = application.code.files.iter().map(|at| &input.files.files[*at]).collect();
    let setup = entrypoint_arguments(input, application).into_iter().find(|known| known.role == EntrypointRole::Setup);
    if let Some(argument) = setup {
        let (name, argument, place) = (&application.name, argument.name, argument.place);
        // Whether it may run a second time, its name does not say.
        plan.notes.push(format!(
            "the entrypoint of {name} prepares the database when it gets `{argument}` ({place}): `docker compose run --rm {name} {argument}`"
        ));
        return None;
    }
    for row in data::MIGRATION_COMMANDS.rows() {
        let ecosystem = Ecosystem::of(row[0])?;
        if !application.has_package(ecosystem, row[1]) {
            continue;
        }
        let folder = application.folder();
        let is_in_folder = |place: &str| {
            // The folder that the program works in, or one that is copied to it.
            let below = path::relative(place, &application.context).unwrap_or_default();
            let parent = below.strip_suffix(row[2]).map(|parent| parent.trim_end_matches('/'));
            parent.is_some_and(|parent| parent.is_empty() || folder.ends_with(&format!("/{parent}")))
        };
        let key = data::MIGRATIONS.keys().find(|key| row[3].contains(key)).unwrap_or(row[3]);
        let Some(file) = files.iter().find(|file| is_in_folder(&file.path)) else {
            let is_run = start_texts(input, application).iter().any(|start| start.text.contains(key));
            let is_specific = row[2] != "pyproject.toml";
            let elsewhere = files.iter().find(|file| path::ends_with(&file.path, row[2]));
            if let (Some(file), true, false) = (elsewhere, is_specific, is_run) {
                let (name, file) = (&application.name, file.source.name());
                plan.notes.push(format!(
                    "{name} keeps the schema of its database in {file}, whose place in the image is not known: no job runs `{key}`"
                ));
            }
            continue;
        };
        if let Some(start) = start_texts(input, application).iter().find(|start| start.text.contains(key)) {
            plan.notes
                .push(format!("{} runs `{key}` when it starts ({}): no job was added", application.name, start.place));
            return None;
        }
        let mut command: Vec<String> = Vec::new();
        // What the program itself is started with finds the packages of its project.
        let words: Vec<&str> = application
            .command
            .split(|c: char| c.is_whitespace() || "[],\"".contains(c))
            .filter(|word| !word.is_empty())
            .take(2)
            .collect();
        if let [runner @ ("uv" | "poetry" | "pipenv" | "pdm"), "run"] = words.as_slice() {
            command.extend([(*runner).to_owned(), "run".to_owned()]);
        }
        command.extend(row[3].split(' ').map(str::to_owned));
        let reason = format!("`{}` keeps the schema of the database in its source ({})", application.name, row[1]);
        return Some(MigrationJob { command, reason, place: Some(file.source.name().to_owned()) });
    }
    None
}
