//! The recipes that run the checks and tests of all projects.

use super::draft::RecipeDraft;
use super::input::RecipeInput;
use super::recipe::{NewRecipe, literal};
use crate::manifest::{Ecosystem, FileKind, FileRole, Project};
use crate::shell::quoted_word;
use crate::tasks::{ProjectTask, TaskKind, project_tasks};
use crate::text::path;

/// The maximum number of projects that a recipe goes through.
const MOST: usize = 40;

/// Adds a recipe for each task that a project has.
pub(super) fn add(input: &RecipeInput, draft: &mut RecipeDraft) {
    let projects: Vec<(&Project, Vec<ProjectTask>)> = input
        .projects
        .iter()
        .filter(|project| is_of_program(project))
        .take(MOST)
        .map(|project| (project, project_tasks(project, input.text_of)))
        .collect();
    for kind in TaskKind::ALL {
        draft.add(kind.name(), recipe(kind, &projects));
    }
}

fn recipe(kind: TaskKind, projects: &[(&Project, Vec<ProjectTask>)]) -> Result<NewRecipe, String> {
    let tasks =
        projects.iter().filter_map(|(project, tasks)| Some((*project, tasks.iter().find(|task| task.kind == kind)?)));
    let all: Vec<(&Project, &ProjectTask)> = tasks.collect();
    let wanted: Vec<&(&Project, &ProjectTask)> =
        all.iter().filter(|(project, task)| !is_done_above(project, task, &all)).collect();
    let Some((_, first)) = wanted.first() else { return Err("no project has a tool for it".to_owned()) };
    let lines = wanted.iter().map(|(project, task)| {
        let command = literal(&task.command);
        if project.root.is_empty() {
            command
        } else {
            format!("cd {} && {command}", literal(&quoted_word(&project.root)))
        }
    });
    let lines: Vec<String> = lines.collect();
    let reasons = wanted.iter().map(|(project, task)| match (&*project.root, wanted.len()) {
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

/// Whether the task of a folder above does that of a project too.
fn is_done_above(project: &Project, task: &ProjectTask, all: &[(&Project, &ProjectTask)]) -> bool {
    // Formatters go through all folders below, and so does what .NET does for a solution; cargo does not.
    let goes_down = project.ecosystem == Ecosystem::DotNet
        || task.kind == TaskKind::FormatCheck && project.ecosystem != Ecosystem::Rust;
    let is_above = |known: &&(&Project, &ProjectTask)| {
        (known.0.root.is_empty() || path::is_below(&project.root, &known.0.root))
            && known.0.root != project.root
            && known.1.command == task.command
    };
    goes_down && all.iter().any(|known| is_above(&known)) || is_done_by_workspace(project, task, all)
}

/// Whether the task of the workspace does that of its member too: its tool goes through all members, a script of its root is
/// meant for them, or the same command runs in all folders below.
fn is_done_by_workspace(project: &Project, task: &ProjectTask, all: &[(&Project, &ProjectTask)]) -> bool {
    let Some(workspace) = project.workspace.as_deref() else { return false };
    let is_root =
        |known: &&(&Project, &ProjectTask)| known.0.root == workspace && known.0.ecosystem == project.ecosystem;
    let Some((root, root_task)) = all.iter().find(is_root) else { return false };
    // What runs a script ends with its name.
    let has_script = || root.scripts.iter().any(|script| root_task.command.ends_with(&script.name));
    matches!(project.ecosystem, Ecosystem::Rust | Ecosystem::Java) || root_task.command == task.command || has_script()
}

/// Whether a project is a part of the program, and no example or input of a test.
fn is_of_program(project: &Project) -> bool {
    let manifest = project.manifests.first().map_or("", String::as_str);
    let is_plain = !project.root.contains(|c: char| c.is_control());
    let role = FileKind::of(manifest).folder_role();
    is_plain
        && !path::is_within(&project.root, "node_modules")
        && !matches!(
            role,
            Some(FileRole::Test | FileRole::Example | FileRole::Documentation | FileRole::Output | FileRole::Vendored)
        )
}
