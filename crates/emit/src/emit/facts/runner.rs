//! What finds the packages of a project that are in an environment of their own: `pipenv run` before a program of Python.

use super::application::Application;
use crate::dockerfile::Keyword;

/// The tools that keep the packages of a project apart, and start programs among them with `run`.
const RUNNERS: [&str; 4] = ["uv", "poetry", "pipenv", "pdm"];

/// The tool that a program of a project is started with, so that it finds its packages.
fn runner(application: &Application) -> Option<&'static str> {
    let is_end = |c: char| c.is_whitespace() || "[],\"'".contains(c);
    let words: Vec<&str> = application.command.split(is_end).filter(|word| !word.is_empty()).collect();
    let starts = |tool: &&&str| words.windows(2).any(|pair| pair == [**tool, "run"]);
    if let Some(tool) = RUNNERS.iter().find(starts) {
        return Some(tool);
    }
    let build = &application.build;
    // A command that does without one shows that it is not needed.
    if application.start.is_none() && build.last(build.target()?, Keyword::Cmd).is_some() {
        return None;
    }
    let source = build.input().file.source();
    let target = build.target()?;
    let lines =
        build.chain(target).flat_map(|stage| build.instructions(stage)).map(|(_, known)| source.slice(known.span));
    let text = lines.collect::<Vec<_>>().join("\n");
    let is_environment = |line: &str| line.contains("venv") || line.contains("VIRTUAL_ENV");
    let has_path = text.lines().any(|line| line.contains("PATH") && is_environment(line));
    let makes_none = ["virtualenvs.create false", "POETRY_VIRTUALENVS_CREATE", "UV_PROJECT_ENVIRONMENT", "--system"];
    if has_path || makes_none.iter().any(|sign| text.contains(sign)) {
        return None;
    }
    let installs = |tool: &&&str| ["install", "sync"].iter().any(|verb| text.contains(&format!("{tool} {verb}")));
    RUNNERS.iter().find(installs).copied()
}

/// A command of a program of Python, behind what finds the packages of its project.
pub(in crate::emit) fn in_environment(application: &Application, words: Vec<String>) -> Vec<String> {
    let is_there = words.first().is_some_and(|word| RUNNERS.contains(&word.as_str()));
    let tool = if is_there { None } else { runner(application) };
    match tool {
        Some(tool) => [tool, "run"].map(str::to_owned).into_iter().chain(words).collect(),
        None => words,
    }
}
