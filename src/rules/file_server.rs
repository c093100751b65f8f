//! Commands that only serve static files, such as a bundle.

use crate::shell::program::{Kind, Program};
use crate::text::path;

/// Whether a command starts a development server or a static file server.
pub(super) fn serves_files(words: &[&str]) -> bool {
    let leads = |word: &str| {
        let program = Program::of(word);
        let runs = [Kind::Runner, Kind::Packages, Kind::Shell].into_iter().any(|kind| program.is(kind));
        runs || word.starts_with('-') || word.contains('=') || matches!(word, "exec" | "dlx" | "bunx")
    };
    let mut words = words.iter().copied().skip_while(|word| leads(word));
    let program = path::name(words.next().unwrap_or_default());
    let first = words.clone().find(|word| !word.starts_with('-'));
    match program {
        "vite" => matches!(first, None | Some("preview" | "dev" | "serve")),
        "ng" | "vue-cli-service" | "gatsby" | "webpack" => first == Some("serve"),
        "react-scripts" => first == Some("start"),
        program => Program::of(program).is(Kind::FileServer),
    }
}
