//! What a container starts: the server of its command, of the scripts that it begins with, or of a script of package.json.

use super::EndpointInput;
use crate::build::{Build, Listening, ScriptCall};
use crate::inputs::{BuildInput, BuildOptions};
use crate::manifest::Ecosystem;
use crate::shell::Word;
use crate::text::{Source, path};

/// Whether the image has the server that Next.js wrote for the files which it traced.
pub(super) fn has_traced_server(input: &EndpointInput) -> bool {
    let mut transfers = input.build.chain(input.stage).flat_map(|stage| input.build.transfers(stage));
    let is_traced = |text: &str| text.contains(".next/standalone");
    transfers.any(|transfer| transfer.sources.iter().any(|source| source.text.as_deref().is_some_and(is_traced)))
}

/// Whether that server is all that a container starts, as the image sets its variables: `node server.js`.
pub(super) fn starts_traced_server(input: &EndpointInput) -> bool {
    let Some(launch) = input.build.launch(input.stage) else { return false };
    let invocations = launch.script().invocations();
    let [invocation] = &invocations[..] else { return false };
    let words: Vec<&str> = invocation.args.iter().filter_map(Word::value).collect();
    // `PORT=8080 node server.js`
    let text = input.build.input().file.source().slice(input.build.instruction(launch.index).span);
    has_traced_server(input)
        && invocation.is("node")
        && matches!(words[..], [file] if path::name(file) == "server.js")
        && !text.contains('=')
}

/// The server that a container starts: that of its command, the one of its scripts, or that of a script of package.json.
pub(super) fn started_server(input: &EndpointInput) -> Option<Listening> {
    let of_command = input.build.listening(input.stage);
    of_command.or_else(|| listening_of_start_scripts(input)).or_else(|| listening_of_script(input))
}

/// The bundler whose server a container starts, which passes on requests as its settings say: `vite`, `react-scripts`.
pub fn bundler_server(input: &EndpointInput) -> Option<&'static str> {
    let server = started_server(input)?.server;
    let bundler = server.split(' ').next()?;
    ["vite", "react-scripts", "craco"].contains(&bundler).then_some(bundler)
}

/// The server of the scripts that a container begins with, where all whose ports are known listen on the same.
fn listening_of_start_scripts(input: &EndpointInput) -> Option<Listening> {
    let servers = input.build.listening_of_scripts(input.stage);
    let mut known = servers.iter().filter_map(|server| Some((server, server.port?.0)));
    let Some((first, port)) = known.next() else { return servers.into_iter().next() };
    known.all(|(_, other)| other == port).then(|| first.clone())
}

/// Whether a container starts a file of Python itself, rather than a server that loads it: what stands below
/// `if __name__ == "__main__":` runs then.
pub(super) fn starts_file(input: &EndpointInput, file: &str) -> bool {
    let module = file.strip_suffix(".py").unwrap_or(file).trim_end_matches("/__main__");
    let lines = input.build.start_lines(input.stage);
    let names = |word: &String| {
        let plain = path::normalize(word);
        let plain = plain.trim_start_matches('/');
        !plain.is_empty()
            && (path::ends_with(file, plain)
                || path::ends_with(plain, file)
                || path::ends_with(module, &plain.replace('.', "/")))
    };
    lines.iter().flatten().any(names)
}

/// The server that a script of package.json starts, as if the Dockerfile started it.
fn listening_of_script(input: &EndpointInput) -> Option<Listening> {
    let command = started_script(input)?;
    let file = &input.build.input().file;
    let mut text = format!("{}\n", file.source().text());
    if input.stage.index + 1 != input.build.stages().len() {
        text.push_str(&format!("FROM {}\n", input.stage.name.as_ref()?));
    }
    text.push_str(&format!("ENTRYPOINT []\nCMD {}\n", command.replace('\n', " ")));
    let mut started = BuildInput::new(&Source::of("Dockerfile", &text), BuildOptions::default());
    // Files of the context may say another port.
    started.context.clone_from(&input.build.input().context);
    started.texts.clone_from(&input.build.input().texts);
    let build = Build::new(&started);
    build.listening(build.target()?)
}

/// The script of package.json that a container starts, with the arguments that it gets: `npm run dev -- --host`.
fn started_script(input: &EndpointInput) -> Option<String> {
    let launch = input.build.launch(input.stage)?;
    let invocations = launch.script().invocations();
    let [invocation] = &invocations[..] else { return None };
    let call = ScriptCall::of(invocation)?;
    let is_plain = |word: &&str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:=@".contains(&byte));
    call.arguments.iter().all(is_plain).then_some(())?;
    let mut projects =
        input.projects.iter().filter(|project| project.ecosystem == Ecosystem::Node && call.is_of(project));
    let (project, None) = (projects.next()?, projects.next()) else { return None };
    let script = project.script(call.name)?;
    Some([&[script], &call.arguments[..]].concat().join(" "))
}
