//! What installs the packages that the checks and tests of a project need, by `data/project_tools.tsv`.

use std::collections::BTreeSet;

use crate::data;
use crate::manifest::{GroupKind, Install, Project, Tool};
use crate::shell::quoted_word;
use crate::text::path;

/// What the table says of a tool.
pub(super) struct ToolRow {
    /// What stands before a program of its packages.
    pub(super) run: Option<&'static str>,
    /// What runs a named command, called `SCRIPT`.
    pub(super) script: Option<&'static str>,
    locked: Option<&'static str>,
    unlocked: Option<&'static str>,
    extra: Option<&'static str>,
    group: Option<&'static str>,
}

/// The row of a tool.
pub(super) fn tool_row(tool: Tool) -> Option<ToolRow> {
    let key = if tool == Tool::YarnBerry { "yarn-berry" } else { tool.name() };
    let row = data::PROJECT_TOOLS.row(key)?;
    let cell = |at: usize| Some(row[at]).filter(|cell| *cell != "-");
    Some(ToolRow { run: cell(1), script: cell(2), locked: cell(3), unlocked: cell(4), extra: cell(5), group: cell(6) })
}

/// The command that installs what the checks and tests of a project need, from its lock file where it has one; a line for a
/// POSIX shell, run in the folder of the project. `None` where nothing is known.
pub fn install_command(project: &Project) -> Option<String> {
    let install = project.install()?;
    let row = tool_row(install.tool)?;
    if install.tool == Tool::Pip {
        return pip_command(project);
    }
    let mut command = if install.lock.is_some() { row.locked } else { row.unlocked }?.to_owned();
    for option in group_options(project, &checking_packages(project)) {
        command = format!("{command} {option}");
    }
    Some(command)
}

/// A program of a project's packages with its arguments, as the tool of the project starts it: `uv run alembic upgrade head`.
pub fn run_command(project: &Project, command: &str) -> String {
    let row = project.install().and_then(|install| tool_row(install.tool));
    match row.and_then(|row| row.run) {
        // What names a starter itself needs none.
        Some(run) if !command.starts_with("npx ") && !command.starts_with("bin/") => format!("{run} {command}"),
        _ => command.to_owned(),
    }
}

/// The packages of a project that the table of tasks asks for.
fn checking_packages(project: &Project) -> Vec<&'static str> {
    let words = data::PROJECT_TASKS.rows().flat_map(|row| row[2].split(' ').zip(row[2].split(' ').skip(1)));
    let packages: BTreeSet<&str> = words.filter(|(key, _)| *key == "package").map(|(_, package)| package).collect();
    let is_there = |package: &&str| project.dependencies.iter().any(|known| known.name == **package);
    packages.into_iter().filter(is_there).collect()
}

/// The options with which the tool of a project is asked for the groups that these packages stand in, where it does not install
/// them by itself.
pub(super) fn group_options(project: &Project, packages: &[&str]) -> Vec<String> {
    let Some(tool) = project.install().map(|install| install.tool) else { return Vec::new() };
    let Some(row) = tool_row(tool) else { return Vec::new() };
    let mut options = Vec::new();
    for group in groups(project, packages) {
        let (name, kind) = group;
        // Poetry and PDM install each group of `[dependency-groups]` that is not called optional.
        let is_default = kind == GroupKind::Group && tool == Tool::Pdm;
        if is_default {
            continue;
        }
        let form = if kind == GroupKind::Extra { row.extra } else { row.group };
        options.extend(form.map(|form| form.replace("NAME", &quoted_word(name))));
    }
    options
}

/// The groups that packages stand in, where no other dependency brings them: one for each package.
fn groups<'p>(project: &'p Project, packages: &[&str]) -> BTreeSet<(&'p str, GroupKind)> {
    use crate::manifest::DependencyScope::{Dev, Run};
    let is_plain = |package: &str| {
        let mut dependencies = project.dependencies.iter();
        let is_grouped = project.groups.iter().any(|group| group.package == package && group.kind == GroupKind::Group);
        dependencies.any(|known| known.name == package && (known.scope == Run || known.scope == Dev && !is_grouped))
    };
    let absent = packages.iter().filter(|package| !is_plain(package));
    let group = |package: &&&str| project.groups.iter().find(|group| group.package == ***package);
    absent.filter_map(|package| group(&package)).map(|group| (group.name.as_str(), group.kind)).collect()
}

/// pip: the requirements files that name something which no other one does, or the project with its extras.
fn pip_command(project: &Project) -> Option<String> {
    let below = |install: &Install| path::seen_from(&install.manifest, &project.root);
    let is_list = |install: &&Install| !install.names.is_empty();
    let mut lists: Vec<&Install> = project.installs.iter().map(|install| &**install).filter(is_list).collect();
    // What includes others comes first; the first one of equals is the main one.
    lists.sort_by_key(|install| std::cmp::Reverse(install.names.len()));
    let mut names = BTreeSet::new();
    let mut files = Vec::new();
    for install in lists {
        if !install.names.is_subset(&names) {
            names.extend(install.names.iter().cloned());
            files.push(format!("-r {}", quoted_word(&below(install))));
        }
    }
    let is_package = project.is_package || project.manifests.iter().any(|manifest| path::name(manifest) == "setup.py");
    let groups = groups(project, &checking_packages(project));
    if is_package || files.is_empty() {
        let of = |kind: GroupKind| groups.iter().filter(move |group| group.1 == kind).map(|group| group.0);
        let extras: Vec<&str> = of(GroupKind::Extra).collect();
        let extras = if extras.is_empty() { String::new() } else { format!("[{}]", extras.join(",")) };
        files.push(format!("-e {}", quoted_word(&format!(".{extras}"))));
        files.extend(of(GroupKind::Group).map(|name| format!("--group {}", quoted_word(name))));
    }
    (!files.is_empty()).then(|| format!("pip install {}", files.join(" ")))
}
