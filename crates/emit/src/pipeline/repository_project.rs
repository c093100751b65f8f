//! Which program installs the packages of a project, and whether it has files with tests.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::image::context_folder;
use super::input::PipelineInput;
use crate::build::Build;
use crate::manifest::{Ecosystem, FileKind, FileRole, Install, Project};
use crate::shell::Verb;
use crate::tasks::{ProjectTask, TaskKind};
use crate::text::path;

/// A project whose first way to install is that of its Dockerfile, or of its scripts, where it has lock files of several tools.
pub(super) fn with_install<'i>(input: &PipelineInput, project: &'i Project) -> Cow<'i, Project> {
    let locked: BTreeSet<&str> =
        project.installs.iter().filter(|install| install.lock.is_some()).map(|install| install.tool.name()).collect();
    if locked.len() < 2 {
        return Cow::Borrowed(project);
    }
    let Some(tool) = image_tool(input, &project.root, &locked).or_else(|| script_tool(project, &locked)) else {
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
        let context = context_folder(input.root, build).map(|context| path::normalize(&context));
        context.as_deref() == Some(folder) || path::parent(&build.place) == folder
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
pub(super) fn has_tests(input: &PipelineInput, project: &Project, task: &ProjectTask) -> bool {
    let ecosystem = project.ecosystem;
    let script = task.script.as_ref().and_then(|name| project.script(name));
    let text = script.unwrap_or(&task.command);
    let fails_without = match ecosystem {
        Ecosystem::Java | Ecosystem::Python => true,
        Ecosystem::Node => RUNNERS.iter().any(|runner| text.contains(runner)) && !text.contains("passWithNoTests"),
        _ => false,
    };
    let is_test = |file: &&String| {
        let kind = FileKind::of(file);
        let is_near = project.root.is_empty() || path::covers(&project.root, file);
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
