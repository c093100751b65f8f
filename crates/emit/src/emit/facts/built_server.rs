//! Servers whose images the repository builds from known ones: `FROM mongo`, also with an entry point of its own.

use super::application::{Application, BuiltServer};
use super::start::start_texts;
use crate::build::StageBase;
use crate::emit::input::EmitInput;
use crate::emit::server_image::ServerImage;
use crate::manifest::FileKind;
use crate::shell::{Script, Word, parse};
use crate::stack::{KnownService, known_service};

/// The server of the base image of a program, where that is what it starts.
pub(in crate::emit) fn built_server(input: &EmitInput, application: &Application) -> Option<BuiltServer> {
    let build = &application.build;
    let stage = build.target()?;
    let StageBase::Image(image) = build.root_base(stage) else { return None };
    let known = known_service(image)?;
    let row = ServerImage::of_service(known.name)?;
    let mut words = Vec::new();
    if let Some(launch) = build.launch(stage) {
        // An image of nginx serves pages, and is no server that others connect to.
        if row.names == "-" {
            return None;
        }
        let started = started_words(&known, launch.script());
        if started.is_none() && !is_started_by_script(input, application, &known) {
            return None;
        }
        words.extend(started.unwrap_or_default());
    }
    Some(BuiltServer { host: row.host, image: image.to_owned(), words })
}

/// The words that a script starts the server of an image with.
fn started_words(known: &KnownService, script: &Script) -> Option<Vec<String>> {
    let invocations = script.invocations();
    let mut started =
        invocations.iter().filter(|call| call.program.is_some_and(|program| known.is_started_by(program)));
    let call = started.next()?;
    Some(std::iter::once(call.path).chain(call.args).map(Word::text).map(str::to_owned).collect())
}

/// Whether a script that the image starts, or one of those in it where nobody knows which, starts the server.
fn is_started_by_script(input: &EmitInput, application: &Application, known: &KnownService) -> bool {
    let starts = |text: &str| started_words(known, &parse(text)).is_some();
    let texts = start_texts(input, application);
    if texts.len() > 1 {
        return texts.iter().skip(1).any(|start| starts(start.text));
    }
    let files = application.code_files(input);
    files.filter(|file| FileKind::of(&file.below).is_shell()).any(|file| starts(file.source.text()))
}

/// What the image of a program sets a variable to; empty where that is known only when it is built.
pub(in crate::emit) fn image_variable(application: &Application, name: &str) -> Option<String> {
    let build = &application.build;
    build.env_value(build.target()?, name).map(|value| value.text().unwrap_or_default())
}
