//! The projects of a repository with their folders, and which program installs their packages.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::input::PipelineInput;
use super::plan::{PipelinePlan, PlannedImage};
use crate::build::Build;
use crate::manifest::{ContentKind, Ecosystem, FileKind, FileRole, Install, Project};
use crate::shell::{Verb, quoted_word};
use crate::tasks::{ProjectTask, TaskKind, does_task_of_member, project_tasks};
use crate::text::path;

/// A project with its place in the repository.
pub(super) struct RepositoryProject<'i> {
    pub(super) project: Cow<'i, Project>,
    /// The folder of the context that it was read from, from the top of the repository.
    pub(super) context: String,
    /// Its own folder, from there.
    pub(super) folder: String,
    /// What checks and tests it.
    pub(super) tasks: Vec<ProjectTask>,
    /// Whether its solution does them.
    is_covered: bool,
}

/// The projects of the repository and of build contexts, each once; what the root of a workspace does for its members is no task
/// of theirs.
pub(super) fn repository_projects<'i>(input: &PipelineInput<'i>, plan: &PipelinePlan) -> Vec<RepositoryProject<'i>> {
    let mut known: BTreeSet<(String, Ecosystem)> = BTreeSet::new();
    let mut all = Vec::new();
    let of_image = |image: &PlannedImage| {
        let build = &input.inputs.builds[image.image.build];
        let context = if image.image.context == "." { String::new() } else { image.image.context.clone() };
        (context, build.projects.as_deref().map(Vec::as_slice).unwrap_or_default())
    };
    // A build context need not have the lock file of a workspace.
    let mut places: Vec<(String, &'i [Project])> = vec![(String::new(), input.projects)];
    places.extend(plan.images.iter().map(of_image));
    for (context, projects) in places {
        let text_of = |file: &str| (input.text_of)(&path::child(&context, file));
        for project in projects {
            let folder = path::normalize(&path::child(&context, &project.root));
            if (input.is_excluded)(&folder) || !known.insert((folder.clone(), project.ecosystem)) {
                continue;
            }
            let project = with_install(input, project, &folder);
            let is_root = |root: &String, other: &&Project| other.root == *root && other.ecosystem == project.ecosystem;
            let root = project.workspace.as_ref().and_then(|root| projects.iter().find(|other| is_root(root, other)));
            let mut tasks = project_tasks(&project, &text_of);
            if let Some(root) = root {
                let done = project_tasks(root, &text_of);
                let is_done = |task: &ProjectTask| {
                    let same = done.iter().find(|known| known.kind == task.kind);
                    same.is_some_and(|known| does_task_of_member(root, known, &project, &text_of))
                };
                tasks.retain(|task| !is_done(task));
            }
            all.push(RepositoryProject { project, context: context.clone(), folder, tasks, is_covered: false });
        }
    }
    all.sort_by(|a, b| a.folder.cmp(&b.folder));
    test_solutions(&mut all);
    all
}

/// Tests each solution of .NET as one, with the packages of its projects, instead of each of its projects.
fn test_solutions(all: &mut Vec<RepositoryProject>) {
    for at in 0..all.len() {
        let known = &all[at];
        let mut files =
            known.project.manifests.iter().filter(|file| FileKind::of(file).nature() == ContentKind::Solution);
        let (Some(file), None) = (files.next(), files.next()) else { continue };
        let members: BTreeSet<String> =
            known.project.members.iter().map(|folder| path::normalize(&path::child(&known.context, folder))).collect();
        let is_member =
            |other: &RepositoryProject| other.project.ecosystem == Ecosystem::DotNet && members.contains(&other.folder);
        let tested = all.iter().filter(|other| is_member(other));
        let Some(task) = tested.flat_map(|other| &other.tasks).find(|task| task.kind == TaskKind::Test) else {
            continue;
        };
        let reason = format!("{} has projects with tests", path::name(file));
        let command = format!("{} {}", task.command, quoted_word(path::name(file)));
        let task = ProjectTask { kind: TaskKind::Test, command, reason, place: Some(file.clone()) };
        let dependencies: Vec<_> =
            all.iter().filter(|other| is_member(other)).flat_map(|other| other.project.dependencies.clone()).collect();
        let solution = &mut all[at];
        solution.project.to_mut().dependencies.extend(dependencies);
        solution.tasks.push(task);
        let folder = solution.folder.clone();
        for other in all.iter_mut().filter(|other| other.folder != folder && is_member(other)) {
            other.is_covered = true;
        }
    }
    all.retain(|known| !known.is_covered);
}

/// A project whose first way to install is that of its Dockerfile, or of its scripts, where it has lock files of several tools.
fn with_install<'i>(input: &PipelineInput, project: &'i Project, folder: &str) -> Cow<'i, Project> {
    let locked: BTreeSet<&str> =
        project.installs.iter().filter(|install| install.lock.is_some()).map(|install| install.tool.name()).collect();
    if locked.len() < 2 {
        return Cow::Borrowed(project);
    }
    let Some(tool) = image_tool(input, folder, &locked).or_else(|| script_tool(project, &locked)) else {
        return Cow::Borrowed(project);
    };
    let mut project = project.clone();
    project.installs.sort_by_key(|install| is_other(install, &tool));
    Cow::Owned(project)
}

fn is_other(install: &Install, tool: &str) -> bool {
    install.lock.is_none() || install.tool.name() != tool
}

/// The one of several tools that the Dockerfile of a folder installs with.
fn image_tool(input: &PipelineInput, folder: &str, tools: &BTreeSet<&str>) -> Option<String> {
    let builds = input.inputs.builds.iter().filter(|build| {
        let context = path::relative(build.context_root.as_deref().unwrap_or_default(), input.root);
        let context = path::normalize(context.unwrap_or_else(|| build.context_root.as_deref().unwrap_or_default()));
        context.trim_start_matches("./") == folder || path::parent(&build.place) == folder
    });
    builds
        .flat_map(|input| {
            let build = Build::new(input);
            let stages: Vec<_> = build.needed_stages().collect();
            let calls = stages.into_iter().flat_map(|stage| build.called(stage).collect::<Vec<_>>());
            let installs = calls.filter_map(|invocation| {
                let call = invocation.package_call()?;
                (call.verb == Verb::Install).then(|| path::name(invocation.program.unwrap_or_default()).to_owned())
            });
            installs.collect::<Vec<_>>()
        })
        .find(|program| tools.contains(program.as_str()))
}

/// The one of several tools that the scripts of a project call.
fn script_tool(project: &Project, tools: &BTreeSet<&str>) -> Option<String> {
    let words = project.scripts.iter().flat_map(|script| script.command.split_whitespace());
    words.filter(|word| *word != "npm" && tools.contains(word)).map(str::to_owned).next()
}

/// Whether a folder has files with tests, as far as their names show it, or needs none: its tool passes without any.
pub(super) fn has_tests(input: &PipelineInput, known: &RepositoryProject, task: &ProjectTask) -> bool {
    let ecosystem = known.project.ecosystem;
    let script = known.project.scripts.iter().find(|script| task.command.ends_with(&script.name));
    let text = script.map_or(task.command.as_str(), |script| &script.command);
    let fails_without = match ecosystem {
        Ecosystem::Java | Ecosystem::Python => true,
        Ecosystem::Node => RUNNERS.iter().any(|runner| text.contains(runner)) && !text.contains("passWithNoTests"),
        _ => false,
    };
    let is_test = |file: &&String| {
        let kind = FileKind::of(file);
        let is_near = known.folder.is_empty() || path::covers(&known.folder, file);
        is_near && kind.is_source_of(ecosystem) && (kind.role() == FileRole::Test || has_test_name(file))
    };
    task.kind != TaskKind::Test || !fails_without || input.files.iter().any(|file| is_test(&file))
}

/// Runners of Node.js that fail where they find no test.
const RUNNERS: [&str; 5] = ["jest", "vitest", "react-scripts", "mocha", "ava"];

/// Whether a file is called as those with tests are: `a.test.ts`, `a_test.py`, `CartTest.java`.
fn has_test_name(file: &str) -> bool {
    let name = path::name(file);
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    let mut parts = name.split(['.', '_', '-']);
    parts.any(|part| matches!(part, "test" | "tests" | "spec")) || stem.ends_with("Test") || stem.ends_with("Tests")
}
