//! Which projects of a repository are checked and tested, and which of their tasks one of another folder does.

use super::{ProjectTask, TaskKind, project_tasks};
use crate::manifest::{Ecosystem, FileKind, FileRole, Project};
use crate::text::path;

/// A project with its checks and tests.
#[derive(Clone, Debug)]
pub struct ProjectChecks<'p> {
    /// The project.
    pub project: &'p Project,
    /// What is run in its folder, in the order of [`TaskKind`].
    pub tasks: Vec<ProjectTask>,
    /// What runs in a folder above and does the same for this one.
    pub done_above: Vec<TaskKind>,
}

impl ProjectChecks<'_> {
    /// Whether a task is done for the project, in its folder or in one above.
    pub fn does(&self, kind: TaskKind) -> bool {
        self.done_above.contains(&kind) || self.tasks.iter().any(|task| task.kind == kind)
    }
}

/// Whether a project is a part of the program, and no example or input of a test, as its folders say.
pub fn is_of_program(project: &Project) -> bool {
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

/// The checks and tests of projects, without those that are no part of the program ([`is_of_program`]).
///
/// `text_of`: as for [`project_tasks`].
pub fn project_checks<'p>(
    projects: impl IntoIterator<Item = &'p Project>,
    text_of: &dyn Fn(&str) -> Option<String>,
) -> Vec<ProjectChecks<'p>> {
    let of_program = projects.into_iter().filter(|project| is_of_program(project));
    let all: Vec<(&Project, Vec<ProjectTask>)> =
        of_program.map(|project| (project, project_tasks(project, text_of))).collect();
    let checks = all.iter().map(|(project, tasks)| {
        let (above, tasks): (Vec<ProjectTask>, Vec<ProjectTask>) =
            tasks.iter().cloned().partition(|task| is_done_above(project, task, &all));
        ProjectChecks { project, tasks, done_above: above.into_iter().map(|task| task.kind).collect() }
    });
    checks.collect()
}

/// Whether the task of a folder above does that of a project too.
fn is_done_above(project: &Project, task: &ProjectTask, all: &[(&Project, Vec<ProjectTask>)]) -> bool {
    // Formatters go through all folders below, and so does what .NET does for a solution; cargo does not.
    let goes_down = project.ecosystem == Ecosystem::DotNet
        || task.kind == TaskKind::FormatCheck && project.ecosystem != Ecosystem::Rust;
    let is_above = |(known, tasks): &(&Project, Vec<ProjectTask>)| {
        (known.root.is_empty() || path::is_below(&project.root, &known.root))
            && known.root != project.root
            && tasks.iter().any(|other| other.kind == task.kind && other.command == task.command)
    };
    goes_down && all.iter().any(is_above) || is_done_by_workspace(project, task, all)
}

/// Whether the task of the workspace does that of its member too: its tool goes through all members, a script of its root is
/// meant for them, or the same command runs in all folders below.
fn is_done_by_workspace(project: &Project, task: &ProjectTask, all: &[(&Project, Vec<ProjectTask>)]) -> bool {
    let Some(workspace) = project.workspace.as_deref() else { return false };
    let mut roots = all.iter().filter(|(known, _)| known.root == workspace && known.ecosystem == project.ecosystem);
    let with_task = roots.find_map(|(root, tasks)| Some((root, tasks.iter().find(|other| other.kind == task.kind)?)));
    let Some((root, root_task)) = with_task else { return false };
    // What runs a script ends with its name.
    let has_script = || root.scripts.iter().any(|script| root_task.command.ends_with(&script.name));
    matches!(project.ecosystem, Ecosystem::Rust | Ecosystem::Java) || root_task.command == task.command || has_script()
}
