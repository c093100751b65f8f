//! Programs that run the worker of a task library themselves: `app.worker_main(…)` in the source that a container starts.

use super::application::Application;
use super::start::start_texts;
use crate::data;
use crate::emit::input::EmitInput;
use crate::manifest::{Ecosystem, FileKind};
use crate::sources::patterns;
use crate::text::path;
use crate::variables::VariableFile;

/// The worker that a program runs itself.
pub(in crate::emit) struct WorkerProgram<'i> {
    /// The package whose worker it is.
    pub(in crate::emit) package: &'static str,
    /// The source that calls it.
    text: &'i str,
}

impl WorkerProgram<'_> {
    /// Whether the source gives the worker a name of its own, under which its check does not look for it.
    pub(in crate::emit) fn is_renamed(&self) -> bool {
        let rows = data::WORKER_PROGRAMS.rows().filter(|row| row[1] == self.package);
        let mut options = rows.flat_map(|row| data::words(row[6])).filter(|option| option.starts_with('-'));
        let is_named = |option: &str| {
            let keyword = format!("{}=", option.trim_start_matches('-'));
            ['"', '\''].iter().any(|quote| self.text.contains(&format!("{quote}{option}")))
                || option.starts_with("--") && self.text.contains(&keyword)
        };
        options.any(is_named)
    }
}

/// The worker that the sources which a container of a program starts run, where they do.
pub(in crate::emit) fn worker_program<'i>(
    input: &EmitInput<'i>,
    application: &Application,
) -> Option<WorkerProgram<'i>> {
    let started: Vec<*const str> =
        start_texts(input, application).iter().map(|start| std::ptr::from_ref(start.text)).collect();
    let is_started = |file: &&'i VariableFile| {
        started.contains(&std::ptr::from_ref(file.source.text())) || is_started_module(application, file)
    };
    let sources = application.code_files(input).filter(|file| FileKind::of(&file.below).has_code());
    sources.filter(is_started).find_map(|file| {
        let (kind, text) = (FileKind::of(&file.below), file.source.text());
        let mut calls =
            patterns::of("takes tasks").filter(|pattern| pattern.is_of(kind) && text.contains(pattern.text));
        let call = calls.find(|pattern| application.has_package(Ecosystem::Python, pattern.argument))?;
        Some(WorkerProgram { package: call.argument, text })
    })
}

/// Whether the command of a program starts a source as a module: `python -m app.worker`.
fn is_started_module(application: &Application, file: &VariableFile) -> bool {
    let words = application.command.split(|c: char| c.is_whitespace() || "[],\"'".contains(c));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.windows(2).filter(|pair| pair[0] == "-m").any(|pair| {
        let module = pair[1].replace('.', "/");
        path::ends_with(&file.path, &format!("{module}.py"))
            || path::ends_with(&file.path, &format!("{module}/__main__.py"))
    })
}
