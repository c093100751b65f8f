//! Programs that open no port, as far as their sources show: EXPOSE is no evidence then. A consumer of a queue or a bot has
//! the EXPOSE of the Dockerfile that it was copied from.

use super::EndpointInput;
use crate::manifest::{Ecosystem, FileKind, Framework};
use crate::sources::patterns;
use crate::sources::routes::SourceFile;
use crate::text::path;

/// Whether the program of an image listens nowhere: all its sources are known, and none has a word of what opens a port.
pub(super) fn listens_nowhere(input: &EndpointInput) -> bool {
    let of_language = |ecosystem: Ecosystem| {
        let code = || input.files.iter().filter(|file| FileKind::of(file.path).has_code());
        let is_of_language = |file: &SourceFile| FileKind::of(file.path).is_source_of(ecosystem);
        let may_open = |file: &SourceFile| patterns::shows_in(FileKind::of(file.path), file.text, "may open a port");
        // Other programs may lie beside those of these languages.
        if ecosystem == Ecosystem::Go {
            code().all(is_of_language) && code().count() > 0 && !code().any(may_open)
        } else {
            let mut sources = code().filter(|file| is_of_language(file)).peekable();
            sources.peek().is_some() && !sources.any(may_open)
        }
    };
    let is_node = || starts_file(input, &["node", "ts-node", "tsx", "bun"]) && !has_framework(input);
    let is_python = || input.is_start_known && starts_file(input, &["python", "python3"]);
    is_node() && of_language(Ecosystem::Node)
        || is_python() && of_language(Ecosystem::Python)
        || of_language(Ecosystem::Go)
}

/// Whether a container starts a source by one of these programs.
fn starts_file(input: &EndpointInput, programs: &[&str]) -> bool {
    let lines = input.build.start_lines(input.stage);
    lines.iter().any(|line| {
        let program = line.first().map(|word| path::name(word)).unwrap_or_default();
        programs.contains(&program) && line.last().is_some_and(|last| FileKind::of(last).is_code())
    })
}

/// Whether it has a framework, which may listen by itself.
fn has_framework(input: &EndpointInput) -> bool {
    let mut frameworks = input.projects.iter().flat_map(|project| &project.frameworks);
    frameworks.any(|framework| *framework != Framework::Prisma)
}
