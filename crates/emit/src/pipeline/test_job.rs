//! Jobs that test: one for each project, from its manifests.

use std::borrow::Cow;

use super::database::databases;
use super::header::is_own_file;
use super::input::PipelineInput;
use super::plan::{JobDatabase, PipelinePlan, TestJob};
use super::repository_project::{has_tests, with_install};
use super::start_files::StartStack;
use super::tool::{JobTool, image_version, language_versions};
use crate::manifest::{Ecosystem, Project, Tool};
use crate::tasks::{
    ProjectChecks, ProjectTask, RepositoryChecks, TaskKind, install_command, is_of_program, left_out_scripts,
    project_checks,
};
use crate::text::{joined, path, quoted_names};

/// The jobs that test the projects of a repository; `start`: the compose file.
pub(super) fn test_jobs(input: &PipelineInput, start: Option<&StartStack>, plan: &mut PipelinePlan) -> Vec<TestJob> {
    let is_included = |project: &&Project| !(input.is_excluded)(&project.root);
    let included: Vec<Cow<Project>> =
        input.projects.iter().filter(is_included).map(|project| with_install(input, project)).collect();
    let included = included.iter().map(|project| &**project);
    if let Some(command) = input.test {
        let projects: Vec<&Project> = included.filter(|project| is_of_program(project)).collect();
        return vec![job_of_command(input, start, command, &projects, plan)];
    }
    let mut jobs: Vec<TestJob> = Vec::new();
    let RepositoryChecks { projects: mut all, left_out } = project_checks(included, input.text_of);
    all.sort_by(|a, b| a.project.root.cmp(&b.project.root));
    for checks in &mut all {
        let root = checks.project.root.clone();
        let place = if root.is_empty() { "the top folder" } else { &root };
        checks.tasks = wanted_tasks(input, checks, place, plan);
        if !checks.does(TaskKind::Test) {
            plan.untested.push(place.to_owned());
        }
        if !checks.tasks.is_empty() {
            let is_second = jobs.iter().any(|job| job.folder == root);
            let job = job_of_project(input, start, checks, is_second, plan);
            jobs.push(job);
        }
    }
    if !left_out.is_empty() {
        let others: Vec<&str> = left_out.iter().map(|project| project.root.as_str()).collect();
        plan.notes.push(format!(
            "by their folders no part of the program, so that their tests are left out: {}",
            joined(&quoted_names(&others))
        ));
    }
    if jobs.is_empty() {
        plan.notes
            .push("no project has tests: images are built and started, and nothing else is known of them".to_owned());
    }
    jobs
}

/// The tasks of a project that a pipeline runs; what is left out is noted.
fn wanted_tasks(
    input: &PipelineInput,
    checks: &ProjectChecks,
    place: &str,
    plan: &mut PipelinePlan,
) -> Vec<ProjectTask> {
    let project = &*checks.project;
    let mut tasks = checks.tasks.clone();
    tasks.retain(|task| is_adopted(input, project, task));
    for (kind, script, fault) in left_out_scripts(project, input.text_of) {
        let instead = tasks.iter().find(|task| task.kind == kind);
        let instead = instead.map_or_else(String::new, |task| format!("; `{}` runs instead", task.command));
        plan.notes.push(format!("the script `{script}` of {place} {}, and is no check{instead}", fault.text()));
    }
    let missing = tasks.iter().position(|task| !has_tests(input, project, task));
    if let Some(task) = missing.map(|at| tasks.remove(at)) {
        plan.notes.push(format!("`{}` is not run: {place} has no file with tests", task.command));
        let compiles = [(" test", " compile")].iter().find(|_| task.command.contains("mvn"));
        if let Some((test, compile)) = compiles {
            let command = task.command.replace(test, compile);
            tasks.push(ProjectTask { kind: TaskKind::Typecheck, command, ..task });
        }
    }
    tasks
}

/// Whether a project wants a check: what each project of its language could run, its own pipelines, recipes and hooks name.
fn is_adopted(input: &PipelineInput, project: &Project, task: &ProjectTask) -> bool {
    let is_general = matches!(project.ecosystem, Ecosystem::Go | Ecosystem::Rust | Ecosystem::DotNet);
    if !is_general || !matches!(task.kind, TaskKind::FormatCheck | TaskKind::Lint) || task.command.starts_with("go vet")
    {
        return true;
    }
    let words =
        if task.command.contains("gofmt") { "gofmt" } else { task.command.split(" --").next().unwrap_or_default() };
    let is_own = |file: &str| (input.text_of)(file).is_some_and(|text| text.contains(words) && !is_own_file(&text));
    let is_place = |file: &&String| path::is_workflow_place(file) || PLACES.contains(&path::name(file));
    input.files.iter().filter(is_place).any(|file| is_own(file))
}

/// Files that say what a repository checks, besides its workflows.
const PLACES: [&str; 5] = [".pre-commit-config.yaml", "Makefile", "justfile", ".gitlab-ci.yml", "lefthook.yml"];

/// The name of a job: that of the folder, and the language where there are several in one.
fn job_id(folder: &str, language: Option<Ecosystem>) -> String {
    let plain = folder.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let plain: String = plain.collect();
    let plain = plain.trim_matches('-');
    let name = if plain.is_empty() { "test".to_owned() } else { format!("test-{plain}") };
    let word = |language: Ecosystem| language.name().trim_start_matches('.').to_ascii_lowercase();
    language.map_or(name.clone(), |language| format!("{name}-{}", word(language)))
}

fn job_of_project(
    input: &PipelineInput,
    start: Option<&StartStack>,
    checks: &ProjectChecks,
    is_second: bool,
    plan: &mut PipelinePlan,
) -> TestJob {
    let project = &*checks.project;
    let id = job_id(&project.root, is_second.then_some(project.ecosystem));
    let mut versions = language_versions(project, input.text_of);
    // What runs in an image runs with the version there.
    if image_version(input, project).is_some() {
        versions.clear();
    }
    if versions.len() > 1 {
        let why = format!("the manifest names {}: the tests run with each", versions.join(", "));
        plan.choose(&id, "matrix", why, project.manifests.first().cloned());
    }
    let tools: Vec<JobTool> = JobTool::of(input, project).into_iter().collect();
    let mut commands: Vec<(String, String)> = Vec::new();
    if let Some(command) = install_command(project) {
        let lock = project.install().and_then(|install| install.lock.clone());
        plan.choose(&id, "Install", "what tests need, as the lock file has it", lock);
        commands.push(("Install".to_owned(), command));
    }
    let (databases, variables) = databases(input, start, project, &id, plan);
    if let Some(command) = databases.iter().find_map(|database| database.migrate.clone()) {
        plan.choose(&id, "Migrate", "the schema that the tests meet, and a test of the migrations", None);
        commands.push(("Migrate".to_owned(), command));
    }
    let mut coverage = None;
    for task in &checks.tasks {
        let title = title(task.kind);
        plan.choose(&id, title, task.reason.clone(), task.place.clone());
        let (command, file) = with_coverage(project, task);
        // A wrapper need not be executable in git.
        let is_wrapper = command.starts_with("./gradlew") || command.starts_with("./mvnw");
        let command = if is_wrapper { format!("sh {command}") } else { command };
        if let Some(file) = file {
            plan.choose(&id, "Keep the coverage", format!("{file}, for people and for services that show it"), None);
        }
        coverage = coverage.or(file);
        commands.push((title.to_owned(), command));
    }
    let needs_docker =
        project.dependencies.iter().any(|known| known.name.to_ascii_lowercase().contains("testcontainers"));
    TestJob {
        id,
        folder: project.root.clone(),
        tools,
        versions,
        commands,
        databases,
        variables,
        coverage,
        needs_docker,
    }
}

/// What people read of a task.
const fn title(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Typecheck => "Check types",
        TaskKind::FormatCheck => "Check the format",
        TaskKind::Lint => "Lint",
        TaskKind::Test => "Test",
    }
}

/// The tests with the file that their coverage is written to, where the tool for it can be had without a change of the project.
fn with_coverage(project: &Project, task: &ProjectTask) -> (String, Option<&'static str>) {
    let has = |package: &str| project.dependencies.iter().any(|known| known.name == package);
    let plain = (task.command.clone(), None);
    if task.kind != TaskKind::Test {
        return plain;
    }
    let options = "--cov --cov-report=term --cov-report=xml";
    match project.ecosystem {
        Ecosystem::Python if !task.command.contains("pytest") || task.command.contains("--cov") => plain,
        Ecosystem::Python if has("pytest-cov") => (format!("{} {options}", task.command), Some("coverage.xml")),
        // uv brings it for this run alone.
        Ecosystem::Python if project.install().is_some_and(|install| install.tool == Tool::Uv) => {
            let command = task.command.replacen("uv run ", "uv run --with pytest-cov ", 1);
            (format!("{command} {options}"), Some("coverage.xml"))
        }
        _ => plain,
    }
}

/// The job of a command that the user names: it runs at the top, with the tools of all projects.
fn job_of_command(
    input: &PipelineInput,
    start: Option<&StartStack>,
    command: &str,
    projects: &[&Project],
    plan: &mut PipelinePlan,
) -> TestJob {
    let id = job_id("", None);
    plan.choose(&id, "Test", "`--test` names it", None);
    let mut tools: Vec<JobTool> = Vec::new();
    let (mut databases_of_all, mut variables_of_all) = (Vec::new(), Vec::new());
    for project in projects {
        let tool = JobTool::of(input, project);
        tools.extend(
            tool.into_iter().filter(|tool| tools.iter().all(|known| known.name != tool.name)).collect::<Vec<_>>(),
        );
        let (databases, variables) = databases(input, start, project, &id, plan);
        for database in databases {
            if databases_of_all.iter().all(|known: &JobDatabase| known.name != database.name) {
                databases_of_all.push(database);
            }
        }
        variables_of_all.extend(variables);
    }
    variables_of_all.dedup();
    let mut commands = Vec::new();
    if command.split_whitespace().next() == Some("just") {
        plan.choose(&id, "Install just", "the command is a recipe; the package has the program for each system", None);
        let has_uv = tools.iter().any(|tool| tool.name == "uv");
        let install = if has_uv { "uv tool install rust-just" } else { "pipx install rust-just" };
        commands.push(("Install just".to_owned(), install.to_owned()));
    }
    commands.push(("Test".to_owned(), command.to_owned()));
    TestJob {
        id,
        folder: String::new(),
        tools,
        versions: Vec::new(),
        commands,
        databases: databases_of_all,
        variables: variables_of_all,
        coverage: None,
        needs_docker: false,
    }
}
