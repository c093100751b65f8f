//! The recipes that run the checks and tests of all projects.

use super::draft::RecipeDraft;
use super::input::RecipeInput;
use super::recipe::{NewRecipe, literal};
use crate::shell::quoted_word;
use crate::tasks::{ProjectChecks, ProjectTask, TaskKind, project_checks};

/// The maximum number of projects that a recipe goes through.
const MOST: usize = 40;

/// Adds a recipe for each task that a project has.
pub(super) fn add(input: &RecipeInput, draft: &mut RecipeDraft) {
    let checks = project_checks(input.projects, input.text_of).projects;
    for kind in TaskKind::ALL {
        draft.add(kind.name(), recipe(kind, &checks));
    }
}

fn recipe(kind: TaskKind, checks: &[ProjectChecks]) -> Result<NewRecipe, String> {
    let tasks = checks.iter().flat_map(|checks| checks.tasks.iter().map(|task| (checks.project.root.as_str(), task)));
    let tasks: Vec<(&str, &ProjectTask)> = tasks.filter(|(_, task)| task.kind == kind).take(MOST).collect();
    let Some((_, first)) = tasks.first() else { return Err("no project has a tool for it".to_owned()) };
    let lines = tasks.iter().map(|(root, task)| {
        let command = literal(&task.command);
        if root.is_empty() { command } else { format!("cd {} && {command}", literal(&quoted_word(root))) }
    });
    let lines: Vec<String> = lines.collect();
    let reasons = tasks.iter().map(|(root, task)| match (*root, tasks.len()) {
        ("", _) | (_, 1) => task.reason.clone(),
        (root, _) => format!("{root}: {}", task.reason),
    });
    let reason = reasons.collect::<Vec<_>>().join("; ");
    let comment = match kind {
        TaskKind::Typecheck => "Check the types",
        TaskKind::FormatCheck => "Check the format, and change nothing",
        TaskKind::Lint => "Run the linters, and change nothing",
        TaskKind::Test => "Run the tests",
    };
    Ok(NewRecipe::new(kind.name(), comment, lines, reason).shown_by(first.place.clone()))
}
