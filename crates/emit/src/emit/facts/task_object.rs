//! Objects of sources that commands name: `shop.celery:app` of `celery -A shop.celery:app worker`.

use std::collections::BTreeSet;

use super::application::Application;
use crate::emit::input::EmitInput;
use crate::manifest::{Ecosystem, FileKind};
use crate::text::path;
use crate::variables::VariableFile;

/// An object of a source that a command names.
pub(in crate::emit) struct TaskObject {
    pub(in crate::emit) module: String,
    pub(in crate::emit) name: String,
    pub(in crate::emit) place: String,
    /// The folder of the image that the module is found in, where that is neither the program's nor one of PYTHONPATH.
    pub(in crate::emit) folder: Option<String>,
}

/// The object that a sign of the table makes, in a source that the program runs.
pub(in crate::emit) fn task_object(input: &EmitInput, application: &Application, sign: &str) -> Option<TaskObject> {
    let files = application.code_files(input);
    let mut sources = files.filter(|file| FileKind::of(&file.below).has_code() && file.is_of_program());
    sources.find_map(|file| {
        let (name, line) = named_by(file.source.text(), sign)?;
        let module = module_of(input, application, file)?;
        let folder = folder_of_module(application, file, &module);
        Some(TaskObject { module, name, place: format!("{}:{}", file.source.name(), line + 1), folder })
    })
}

/// The name that a sign stands at in a text, and its line from 0 on.
fn named_by(text: &str, sign: &str) -> Option<(String, usize)> {
    let Some((before, behind)) = sign.split_once("{name}") else {
        return text.lines().position(|line| line.trim_start().starts_with(sign)).map(|line| (String::new(), line));
    };
    let bound = if before == "@" { bound_names(text) } else { BTreeSet::new() };
    text.lines().enumerate().find_map(|(at, line)| {
        let rest = line.strip_prefix(before)?;
        let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        let (name, tail) = match behind.strip_prefix(" = ") {
            Some(call) => {
                let name = &rest[..rest.find(is_end).unwrap_or(rest.len())];
                // Types may stand between the name and its value.
                let value = rest[name.len()..].split_once('=').map_or("", |(_, value)| value.trim_start());
                (
                    name,
                    value.starts_with(call)
                        || value
                            .split('(')
                            .next()
                            .is_some_and(|path| path.rsplit('.').next() == call.strip_suffix('(')),
                )
            }
            None => match rest.split_once(behind) {
                Some((name, _)) => (name, !name.contains(is_end)),
                None => ("", false),
            },
        };
        let is_defined = before != "@" || bound.contains(name);
        (tail && !name.is_empty() && is_defined).then(|| (name.to_owned(), at))
    })
}

/// The names that a text binds at its outermost level.
fn bound_names(text: &str) -> BTreeSet<&str> {
    let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let names = text.lines().filter_map(|line| {
        let name = &line[..line.find(is_end)?];
        line[name.len()..].trim_start().starts_with(['=', ':']).then_some(name)
    });
    names.collect()
}

/// A Python file as the module that the program's own command would name: `src/app/tasks.py` is `app.tasks` where `src/` is no
/// package.
fn module_of(input: &EmitInput, application: &Application, file: &VariableFile) -> Option<String> {
    let place = application.place_in_image(file);
    let in_folder = place.as_deref().and_then(|place| path::relative(place, &application.folder()));
    let below = in_folder.or_else(|| path::relative(&file.path, &application.context))?;
    let stem = below.strip_suffix(".py")?.trim_end_matches("/__init__");
    let whole = stem.replace('/', ".");
    // The command's own module tells which folders count.
    let words = application.command.split(|c: char| c.is_whitespace() || "[],\"'".contains(c));
    let known = words
        .filter_map(|word| word.split_once(':'))
        .map(|(module, _)| module)
        .find(|module| !module.is_empty() && module.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.'));
    let package = known.and_then(|module| module.split('.').next());
    let mut tails = std::iter::successors(Some(whole.as_str()), |module| module.split_once('.').map(|(_, rest)| rest));
    let tail = package.and_then(|package| tails.find(|module| module.split('.').next() == Some(package)));
    let is_package = || imports_package(input, application, "src");
    let default = whole.strip_prefix("src.").filter(|rest| !rest.is_empty() && !is_package()).unwrap_or(&whole);
    Some(tail.unwrap_or(default).to_owned())
}

/// Whether sources of a program import a folder as a package: `from src.db import …`.
fn imports_package(input: &EmitInput, application: &Application, name: &str) -> bool {
    let mut files =
        application.code_files(input).filter(|file| FileKind::of(&file.below).is_source_of(Ecosystem::Python));
    let fronts = [format!("from {name}"), format!("import {name}")];
    let is_import = |line: &str| {
        let rest = fronts.iter().find_map(|front| line.trim_start().strip_prefix(front.as_str()));
        rest.is_some_and(|rest| rest.starts_with(['.', ' ']))
    };
    files.any(|file| file.source.text().lines().any(is_import))
}

/// The folder of the image that has a module, where Python does not look for it by itself.
fn folder_of_module(application: &Application, file: &VariableFile, module: &str) -> Option<String> {
    let build = &application.build;
    let place = application.place_in_image(file)?;
    let stem = place.strip_suffix(".py")?.trim_end_matches("/__init__");
    let folder = stem.strip_suffix(&module.replace('.', "/"))?.trim_end_matches('/');
    let variable = build.known_value(build.target()?, "PYTHONPATH", usize::MAX).unwrap_or_default();
    let is_known =
        folder == application.folder() || variable.split(':').any(|known| known.trim_end_matches('/') == folder);
    // What is installed as a package is found from everywhere.
    let is_installed = application.projects().any(|project| project.is_package);
    (!folder.is_empty() && !is_known && !is_installed).then(|| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_of_task_libraries_are_found() {
        let of = |text: &str, sign: &str| named_by(text, sign).map(|(name, line)| format!("{name} {line}"));
        let celery = "from celery import Celery\n\napp = Celery('x')\n";
        assert_eq!(of(celery, "{name} = Celery(").as_deref(), Some("app 2"));
        assert_eq!(of("celery_app: Celery = celery.Celery(\n", "{name} = Celery(").as_deref(), Some("celery_app 0"));
        let taskiq = "broker = make_broker(url)\n\n@broker.task\nasync def f(): ...\n";
        assert_eq!(of(taskiq, "@{name}.task").as_deref(), Some("broker 2"));
        assert_eq!(of("from a import broker\n\n@broker.task\n", "@{name}.task"), None);
        assert_eq!(of("class WorkerSettings:\n", "class {name}Settings:").as_deref(), Some("Worker 0"));
        assert_eq!(of("@dramatiq.actor\ndef f(): ...\n", "@dramatiq.actor").as_deref(), Some(" 0"));
    }
}
