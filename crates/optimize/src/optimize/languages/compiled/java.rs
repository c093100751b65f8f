//! Files that Java archives need next to them.

use super::packages::JAVA_FOLDER;
use crate::build::Stage;
use crate::dockerfile::Keyword;
use crate::manifest::{ContentKind, Ecosystem, FileKind};
use crate::optimize::pass_input::PassInput;
use crate::sources::patterns;

/// The texts of the build files.
fn texts<'a>(input: &PassInput<'a>) -> impl Iterator<Item = &'a str> {
    let is_build = |path: &str| {
        let kind = FileKind::of(path);
        kind.nature() == ContentKind::Build && kind.ecosystem() == Some(Ecosystem::Java)
    };
    input.evidence.texts.iter().filter(move |(path, _)| is_build(path)).map(|(_, text)| text.as_str())
}

/// Whether an archive starts without others beside it.
pub(super) fn stands_alone(input: &PassInput) -> bool {
    let others = texts(input).any(|text| patterns::shows(text, "names other archives"));
    texts(input).next().is_some()
        && (!others || is_one_file(input) && !texts(input).any(|text| text.contains("quarkus")))
}

fn is_one_file(input: &PassInput) -> bool {
    texts(input).any(|text| patterns::shows(text, "makes an archive with all libraries"))
}

/// Whether the container loads libraries of the distribution: a line says so, or they are not known to be in the archive.
pub(super) fn names_system_libraries(input: &PassInput, target: &Stage) -> bool {
    let lines = input.last_of(target, &[Keyword::Entrypoint, Keyword::Cmd]).into_iter();
    let mut all = lines.chain(input.build.instructions_of(target, Keyword::Env));
    all.any(|(_, line)| input.source().slice(line.span).contains(JAVA_FOLDER)) || !is_one_file(input)
}
