//! What a package manager starts: `npm start` runs a script of package.json.

use super::EndpointInput;
use crate::build::{Build, Listening};
use crate::inputs::{BuildInput, BuildOptions};
use crate::manifest::Ecosystem;
use crate::shell::Word;
use crate::text::Source;

/// The server that a script of package.json starts, as if the Dockerfile started it.
pub(super) fn listening_of_script(input: &EndpointInput) -> Option<Listening> {
    let command = started_script(input)?;
    let file = &input.build.input().file;
    let mut text = format!("{}\n", file.source().text());
    if input.stage.index + 1 != input.build.stages().len() {
        text.push_str(&format!("FROM {}\n", input.stage.name.as_ref()?));
    }
    text.push_str(&format!("ENTRYPOINT []\nCMD {}\n", command.replace('\n', " ")));
    let started = BuildInput::new(&Source::of("Dockerfile", &text), BuildOptions::default());
    let build = Build::new(&started);
    build.listening(build.target()?)
}

/// The script of package.json that a container starts.
fn started_script<'e>(input: &EndpointInput<'e, '_>) -> Option<&'e str> {
    let launch = input.build.launch(input.stage)?;
    let invocations = launch.script().invocations();
    let [invocation] = &invocations[..] else { return None };
    let words: Vec<&str> = invocation.args.iter().filter_map(Word::value).collect();
    let name = match (invocation.program?, &words[..]) {
        ("npm" | "yarn" | "pnpm" | "bun", ["run", name]) | ("yarn" | "pnpm", [name]) => *name,
        ("npm", ["start"]) => "start",
        _ => return None,
    };
    let mut projects = input.projects.iter().filter(|project| project.ecosystem == Ecosystem::Node);
    let project = projects.next()?;
    if projects.next().is_some() {
        return None;
    }
    project.script(name)
}
