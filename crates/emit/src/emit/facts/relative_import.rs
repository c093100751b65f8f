//! Files that a command starts by their names and that import from their own package, which Python refuses: `python worker.py`
//! with `from .client import Client`.

use super::application::Application;
use super::example::place;
use crate::emit::input::EmitInput;
use crate::manifest::{Ecosystem, FileKind};
use crate::text::path;

/// The notes on the programs that cannot start so.
pub(in crate::emit) fn relative_imports(input: &EmitInput, applications: &[Application]) -> Vec<String> {
    applications.iter().filter_map(|application| relative_import(input, application)).collect()
}

fn relative_import(input: &EmitInput, application: &Application) -> Option<String> {
    let build = &application.build;
    let launch = build.launch(build.target()?)?;
    let invocations = launch.script().invocations();
    let started = invocations.iter().filter(|known| known.program.is_some_and(|name| name.starts_with("python")));
    let names = started.filter_map(|known| {
        let first = known.args.iter().find(|word| !word.text().starts_with('-') || word.is("-m") || word.is("-c"))?;
        FileKind::of(first.text()).is_source_of(Ecosystem::Python).then(|| first.text())
    });
    let folder = application.folder();
    names.into_iter().find_map(|name| {
        let whole = path::join(&folder, name);
        let mut files = application.code_files(input);
        let file = files.find(|file| {
            path::name(&file.path) == path::name(name) && application.place_in_image(file).is_some_and(|at| at == whole)
        })?;
        let text = file.source.text();
        let at = text.match_indices("from .").map(|(at, _)| at).find(|at| *at == 0 || text[..*at].ends_with('\n'))?;
        Some(format!(
            "{} starts `{name}` as a file, and {} imports from its package: Python refuses that (`python -m` with the package above it, or an import without the dot)",
            application.name,
            place(&file.source, at)
        ))
    })
}
