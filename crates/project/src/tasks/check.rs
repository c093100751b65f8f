//! Which projects of a repository are checked and tested, and which of their tasks one of another folder does.

use std::borrow::Cow;

use super::script::Packages;
use super::{ProjectTask, TaskKind, project_tasks};
use crate::manifest::{ContentKind, Ecosystem, FileKind, FileRole, Project};
use crate::shell::quoted_word;
use crate::text::path;

/// The checks and tests of a repository.
#[derive(Clone, Debug, Default)]
pub struct RepositoryChecks<'p> {
    /// Those of projects of the program ([`is_of_program`]), and of the projects of its solutions.
    pub projects: Vec<ProjectChecks<'p>>,
    /// Other projects that have tests.
    pub left_out: Vec<&'p Project>,
}

/// A project with its checks and tests.
#[derive(Clone, Debug)]
pub struct ProjectChecks<'p> {
    /// The project; a solution has the dependencies of its projects too.
    pub project: Cow<'p, Project>,
    /// What is run in its folder, in the order of [`TaskKind`].
    pub tasks: Vec<ProjectTask>,
    /// What runs in a folder above and does the same for this one.
    pub done_above: Vec<TaskKind>,
}

/// A project with its tasks.
type Tasks<'p> = (&'p Project, Vec<ProjectTask>);

/// The text of a file by its path, as for [`project_tasks`].
type TextOf<'t> = &'t dyn Fn(&str) -> Option<String>;

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

/// The checks and tests of projects.
///
/// `text_of`: as for [`project_tasks`].
pub fn project_checks<'p>(projects: impl IntoIterator<Item = &'p Project>, text_of: TextOf) -> RepositoryChecks<'p> {
    let all: Vec<Tasks> = projects.into_iter().map(|project| (project, project_tasks(project, text_of))).collect();
    let solutions: Vec<Solution> = all.iter().filter_map(|(project, _)| Solution::of(project, &all)).collect();
    let is_wanted = |(project, _): &Tasks| is_of_program(project) || solutions.iter().any(|known| known.has(project));
    let (all, others): (Vec<Tasks>, Vec<Tasks>) = all.into_iter().partition(is_wanted);
    let checks = |(project, tasks): &Tasks<'p>| {
        let is_tested = solutions.iter().any(|solution| solution.has(project));
        let is_done = |task: &ProjectTask| {
            is_tested && task.kind == TaskKind::Test || is_done_above(project, task, &all, text_of)
        };
        let (above, mut tasks): (Vec<_>, Vec<_>) = tasks.iter().cloned().partition(is_done);
        let mut done_above: Vec<TaskKind> = above.into_iter().map(|task| task.kind).collect();
        if is_tested && !done_above.contains(&TaskKind::Test) {
            done_above.push(TaskKind::Test);
        }
        let solution = solutions.iter().find(|solution| std::ptr::eq(solution.project, *project));
        let mut project = Cow::Borrowed(*project);
        if let Some(solution) = solution {
            tasks.retain(|task| task.kind != TaskKind::Test);
            tasks.push(solution.task.clone());
            let packages = solution.projects.iter().flat_map(|member| member.dependencies.iter().cloned());
            project.to_mut().dependencies.extend(packages);
        }
        ProjectChecks { project, tasks, done_above }
    };
    let has_tests = |(_, tasks): &Tasks| tasks.iter().any(|task| task.kind == TaskKind::Test);
    RepositoryChecks {
        projects: all.iter().map(checks).collect(),
        left_out: others.into_iter().filter(has_tests).map(|(project, _)| project).collect(),
    }
}

/// A solution of .NET, which is tested as one: its projects for tests lie in folders of tests.
struct Solution<'p> {
    project: &'p Project,
    /// Those that it names in other folders.
    projects: Vec<&'p Project>,
    /// What tests all of them.
    task: ProjectTask,
}

impl<'p> Solution<'p> {
    /// That of a project of the program that has one, with tests.
    fn of(project: &'p Project, all: &[Tasks<'p>]) -> Option<Self> {
        let mut files = project.manifests.iter().filter(|file| FileKind::of(file).nature() == ContentKind::Solution);
        let (Some(file), None, true) = (files.next(), files.next(), is_of_program(project)) else { return None };
        let is_member = |other: &Project| other.ecosystem == Ecosystem::DotNet && project.members.contains(&other.root);
        let is_part = |other: &Project| std::ptr::eq(other, project) || is_member(other);
        let tasks = all.iter().filter(|(other, _)| is_part(other)).flat_map(|(_, tasks)| tasks);
        let task = tasks.into_iter().find(|task| task.kind == TaskKind::Test)?;
        let name = path::name(file);
        let task = ProjectTask {
            command: format!("{} {}", task.command, quoted_word(name)),
            reason: format!("{name} has projects with tests"),
            place: Some(file.clone()),
            ..task.clone()
        };
        let projects = all.iter().map(|(other, _)| *other).filter(|other| is_member(other)).collect();
        Some(Self { project, projects, task })
    }

    /// Whether it names a project of another folder.
    fn has(&self, project: &Project) -> bool {
        self.projects.iter().any(|known| std::ptr::eq(*known, project))
    }
}

/// Whether the task of a folder above does that of a project too.
fn is_done_above(project: &Project, task: &ProjectTask, all: &[Tasks], text_of: TextOf) -> bool {
    // Formatters go through all folders below, and so does what .NET does for a solution; cargo does not.
    let goes_down = project.ecosystem == Ecosystem::DotNet
        || task.kind == TaskKind::FormatCheck && project.ecosystem != Ecosystem::Rust;
    let is_above = |(known, tasks): &Tasks| {
        (known.root.is_empty() || path::is_below(&project.root, &known.root))
            && known.root != project.root
            && tasks.iter().any(|other| other.kind == task.kind && other.command == task.command)
    };
    goes_down && all.iter().any(is_above) || is_done_by_workspace(project, task, all, text_of)
}

/// Whether the task of the workspace does that of its member too: its tool goes through all members, its script runs one of the
/// member or programs that go through all folders below, or the same command does that.
fn is_done_by_workspace(project: &Project, task: &ProjectTask, all: &[Tasks], text_of: TextOf) -> bool {
    let Some(workspace) = project.workspace.as_deref() else { return false };
    let mut roots = all.iter().filter(|(known, _)| known.root == workspace && known.ecosystem == project.ecosystem);
    let with_task = roots.find_map(|(root, tasks)| Some((root, tasks.iter().find(|other| other.kind == task.kind)?)));
    let Some((root, root_task)) = with_task else { return false };
    if matches!(project.ecosystem, Ecosystem::Rust | Ecosystem::Java) {
        return true;
    }
    let script = root_task.script.as_ref().and_then(|name| root.script(name));
    script.map_or(root_task.command == task.command, |command| {
        Packages::of(root, text_of).reaches(command, &path::seen_from(&project.root, &root.root))
    })
}
