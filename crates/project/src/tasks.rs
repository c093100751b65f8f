//! What the type check, the format check, the linter and the tests of a project are called by, as its manifests, its settings
//! and `data/project_tasks.tsv` say. Runs nothing.

mod check;
mod forward;
mod install;
mod migration;
mod script;

pub use self::check::{ProjectChecks, RepositoryChecks, is_of_program, project_checks};
pub use self::install::{install_command, run_command};
pub use self::migration::{MigrationCommand, migration_command};
pub use self::script::ScriptFault;

use self::install::{ToolRow, group_options, tool_row};
use self::script::Packages;
use crate::data;
use crate::manifest::{Ecosystem, Project, Tool, ToolTables, parse_jsonc};
use crate::shell::quoted_word;
use crate::text::path;

/// The command in `data/project_tasks.tsv` that stands for a named command of the manifest.
const SCRIPT: &str = "SCRIPT";

/// What is asked of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskKind {
    /// Whether its types fit.
    Typecheck,
    /// Whether its files are formatted.
    FormatCheck,
    /// What a linter says.
    Lint,
    /// Whether its tests pass.
    Test,
}

impl TaskKind {
    /// All of them, in the order in which they are cheap to run.
    pub const ALL: [Self; 4] = [Self::Typecheck, Self::FormatCheck, Self::Lint, Self::Test];

    /// As recipes and the table write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Typecheck => "typecheck",
            Self::FormatCheck => "fmt-check",
            Self::Lint => "lint",
            Self::Test => "test",
        }
    }
}

/// A command that does a task of a project, and why it is that one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectTask {
    /// What it does.
    pub kind: TaskKind,
    /// A line for a POSIX shell, run in the folder of the project.
    pub command: String,
    /// A clause without a full stop.
    pub reason: String,
    /// The path of the file that shows it.
    pub place: Option<String>,
    /// The named command of the manifest that it runs.
    pub script: Option<String>,
}

/// The tasks of a project: at most one of each kind, in the order of [`TaskKind`]. One that nothing does is left out.
///
/// `text_of`: the text of a file by its path as [`Project::manifests`] writes it, from the root of the context; nothing where
/// the file is not there.
pub fn project_tasks(project: &Project, text_of: &dyn Fn(&str) -> Option<String>) -> Vec<ProjectTask> {
    let tool = project.install().map(|install| install.tool);
    let packages = Packages::of(project, text_of);
    let reader = TaskReader { project, text_of, packages, tool, tool_row: tool.and_then(tool_row) };
    TaskKind::ALL.into_iter().filter_map(|kind| reader.task(kind)).collect()
}

/// The scripts that are called as checks are and are none, each with its task and why: they change files, or need browsers.
pub fn left_out_scripts<'p>(
    project: &'p Project,
    text_of: &dyn Fn(&str) -> Option<String>,
) -> Vec<(TaskKind, &'p str, ScriptFault)> {
    let packages = Packages::of(project, text_of);
    let rows = data::PROJECT_TASKS.rows().filter(|row| Ecosystem::of(row[0]) == Some(project.ecosystem));
    let scripts = rows.filter_map(|row| {
        let kind = TaskKind::ALL.into_iter().find(|kind| kind.name() == row[1])?;
        let name = row[2].strip_prefix("script ")?;
        let script = project.scripts.iter().find(|script| script.name == name)?;
        let fault = packages.fault(&script.command)?;
        let is_told = matches!(fault, ScriptFault::Writes | ScriptFault::Browser);
        is_told.then_some((kind, script.name.as_str(), fault))
    });
    scripts.collect()
}

/// What shows that a row of the table is meant.
struct TaskEvidence {
    reason: String,
    place: Option<String>,
}

/// What a row's conditions showed.
#[derive(Default)]
struct RowMatch<'r> {
    evidence: Option<TaskEvidence>,
    /// The named command of the manifest.
    script: Option<&'r str>,
    /// The packages that must be installed.
    packages: Vec<&'r str>,
    /// The path of the wrapper, seen from the folder of the project.
    wrapper: Option<String>,
}

struct TaskReader<'p> {
    project: &'p Project,
    text_of: &'p dyn Fn(&str) -> Option<String>,
    packages: Packages,
    tool: Option<Tool>,
    tool_row: Option<ToolRow>,
}

impl TaskReader<'_> {
    fn task(&self, kind: TaskKind) -> Option<ProjectTask> {
        let is_meant = |row: &data::Row| Ecosystem::of(row[0]) == Some(self.project.ecosystem) && row[1] == kind.name();
        data::PROJECT_TASKS.rows().filter(is_meant).find_map(|row| {
            let row_match = self.row_match(row[2])?;
            let command = self.command(row[3], &row_match)?;
            let evidence = row_match.evidence.unwrap_or_else(|| TaskEvidence {
                reason: format!("the tools of {} bring it", self.project.ecosystem.name()),
                place: self.project.manifests.first().cloned(),
            });
            let script = if row[3] == SCRIPT { row_match.script.map(str::to_owned) } else { None };
            Some(ProjectTask { kind, command, reason: evidence.reason, place: evidence.place, script })
        })
    }

    /// What the conditions of a row show; nothing where one does not hold.
    fn row_match<'r>(&self, conditions: &'r str) -> Option<RowMatch<'r>> {
        let mut row_match = RowMatch::default();
        let words: Vec<&str> = conditions.split(' ').collect();
        for condition in words.chunks_exact(2) {
            let (key, value) = (condition[0], condition[1]);
            match key {
                "script" => row_match.script = Some(value),
                "package" => row_match.packages.push(value),
                "wrapper" => row_match.wrapper = self.wrapper(value),
                _ => {}
            }
            if self.holds(key, value) {
                continue;
            }
            let evidence = self.evidence(key, value)?;
            row_match.evidence = row_match.evidence.or(Some(evidence));
        }
        Some(row_match)
    }

    /// What shows that a condition holds, where its reader would like to see it.
    fn evidence(&self, key: &str, value: &str) -> Option<TaskEvidence> {
        let project = self.project;
        let evidence = |reason: String, place: String| TaskEvidence { reason, place: Some(place) };
        let below = || path::child(&project.root, value);
        match key {
            "script" => {
                project.script(value).filter(|command| self.packages.fault(command).is_none())?;
                let manifest = project.manifests.first()?;
                Some(evidence(format!("`{value}` is a script of {}", path::name(manifest)), manifest.clone()))
            }
            "package" => {
                project.dependencies.iter().find(|known| known.name.eq_ignore_ascii_case(value))?;
                let place = self.manifest_with(value);
                Some(TaskEvidence { reason: format!("`{value}` is among its packages"), place })
            }
            "file" => self.has(&below()).then(|| evidence(format!("it has `{value}`"), below())),
            "table" => {
                let path = path::child(&project.root, "pyproject.toml");
                let text = (self.text_of)(&path)?;
                let keys: Vec<&str> = value.split('.').collect();
                ToolTables::parse(&text).has(&keys).then(|| evidence(format!("pyproject.toml has `{value}`"), path))
            }
            "module" => {
                project.provides_module(value).then(|| evidence(format!("it has the module `{value}`"), below()))
            }
            _ => None,
        }
    }

    /// Whether a condition holds that is no reason by itself.
    fn holds(&self, key: &str, value: &str) -> bool {
        let project = self.project;
        match key {
            "tool" => self.tool.is_some_and(|tool| tool.name() == value),
            "targets" => self.names_targets(value),
            "references" => (self.text_of)(&path::child(&project.root, value)).is_some_and(|text| only_refers(&text)),
            "lock" => project.install().is_some_and(|install| install.lock.is_some()),
            "workspace" => !project.members.is_empty(),
            "wrapper" => self.wrapper(value).is_some(),
            _ => false,
        }
    }

    /// The command of a row, as the tool of the project starts it.
    fn command(&self, template: &str, row_match: &RowMatch) -> Option<String> {
        if template == SCRIPT {
            let (name, form) = (row_match.script?, self.tool_row.as_ref()?.script?);
            // Bun's own runner is called `bun test`.
            let is_short = name == "test" && matches!(self.project.ecosystem, Ecosystem::Node);
            let form = if is_short && self.tool != Some(Tool::Bun) {
                form.replace("run SCRIPT", "SCRIPT")
            } else {
                form.to_owned()
            };
            return Some(form.replace("SCRIPT", name));
        }
        let mut front = self.tool_row.as_ref().and_then(|row| row.run).unwrap_or_default().to_owned();
        if self.tool == Some(Tool::Uv) {
            for option in group_options(self.project, &row_match.packages) {
                front = format!("{front} {option}");
            }
        }
        let wrapper = row_match.wrapper.as_deref().map(quoted_word).unwrap_or_default();
        let front = if front.is_empty() { front } else { format!("{front} ") };
        Some(template.replace("RUN ", &front).replace("WRAPPER", &wrapper))
    }

    fn has(&self, path: &str) -> bool {
        let mut installs = self.project.installs.iter();
        self.project.manifests.iter().any(|known| known == path)
            || installs.any(|install| install.files.iter().any(|known| known == path))
            || (self.text_of)(path).is_some()
    }

    /// The manifest that names a package.
    fn manifest_with(&self, package: &str) -> Option<String> {
        let manifests = &self.project.manifests;
        let names = |path: &&String| (self.text_of)(path).is_some_and(|text| text.contains(package));
        manifests.iter().find(names).or_else(|| manifests.first()).cloned()
    }

    /// A wrapper of the build tool, in the folder of the project or in that of its workspace, seen from the former.
    fn wrapper(&self, name: &str) -> Option<String> {
        let root = &self.project.root;
        if self.has(&path::child(root, name)) {
            return Some(format!("./{name}"));
        }
        let workspace = self.project.workspace.as_deref()?;
        let place = path::child(workspace, name);
        self.has(&place).then(|| path::seen_from(&place, root))
    }

    /// Whether the settings of a checker name what it checks: the first file that has settings for it decides.
    fn names_targets(&self, checker: &str) -> bool {
        let keys = ["files", "packages", "modules"];
        let below = |name: &str| (self.text_of)(&path::child(&self.project.root, name));
        for name in [format!("{checker}.ini"), format!(".{checker}.ini")] {
            if let Some(section) = below(&name).and_then(|text| ini_section(&text, checker)) {
                return keys.iter().any(|key| has_ini_key(&section, key));
            }
        }
        if let Some(text) = below("pyproject.toml") {
            let tables = ToolTables::parse(&text);
            if tables.has(&["tool", checker]) {
                return keys.iter().any(|key| tables.has_values(&["tool", checker, key]));
            }
        }
        let section = below("setup.cfg").and_then(|text| ini_section(&text, checker));
        section.is_some_and(|section| keys.iter().any(|key| has_ini_key(&section, key)))
    }
}

/// The lines of a section of an INI file.
fn ini_section(text: &str, name: &str) -> Option<String> {
    let head = format!("[{name}]");
    let mut lines = text.lines();
    lines.find(|line| line.trim() == head)?;
    Some(lines.take_while(|line| !line.starts_with('[')).collect::<Vec<_>>().join("\n"))
}

fn has_ini_key(section: &str, key: &str) -> bool {
    section.lines().any(|line| line.split(['=', ':']).next().is_some_and(|front| front.trim_end() == key))
}

/// Whether a `tsconfig.json` checks nothing by itself: it only lists others.
fn only_refers(text: &str) -> bool {
    let Some(config) = parse_jsonc(text) else { return false };
    let length = |key: &str| config.get(key).and_then(|list| list.as_array()).map(Vec::len);
    length("references").is_some_and(|count| count > 0) && length("files") == Some(0) && length("include").is_none()
}

#[cfg(test)]
mod tests;
