//! What `endpoint` is asked about a program.

use std::collections::BTreeMap;

use super::application::Application;
use super::start::start_texts;
use crate::build::{Build, Stage};
use crate::emit::input::EmitInput;
use crate::endpoint::{EndpointInput, is_settings, loaded_files};
use crate::manifest::FileKind;
use crate::sources::imports::Sources;
use crate::sources::routes::SourceFile;

/// The files that a program loads: there may be other programs beside it.
fn loaded_by_program<'e>(
    input: &EmitInput,
    application: &Application,
    files: Vec<SourceFile<'e>>,
) -> (Vec<SourceFile<'e>>, bool) {
    let code = files.iter().filter(|file| FileKind::of(file.path).has_code());
    let texts: BTreeMap<String, String> = code.map(|file| (file.path.to_owned(), file.text.to_owned())).collect();
    let sources = Sources::new(&texts);
    let starts = start_texts(input, application);
    let commands = starts.iter().filter(|start| !FileKind::of(&start.place).has_code());
    let reach = sources.reachable_from(commands.flat_map(|start| sources.files_started_by(start.text)));
    loaded_files(files, |path| reach.loads(path))
}

/// The image of a program, with the sources and settings that may be a part of it.
pub(in crate::emit) fn endpoint_input<'e, 'i: 'e>(
    input: &EmitInput<'e>,
    application: &Application<'i>,
    build: &'e Build<'i>,
    stage: &'e Stage,
) -> EndpointInput<'e, 'i> {
    let all = || application.code_files(input);
    let files = all().filter(|file| file.is_of_program());
    let files: Vec<SourceFile> = files.map(|file| SourceFile { path: &file.below, text: file.source.text() }).collect();
    let (files, is_start_known) = loaded_by_program(input, application, files);
    let served = application.served_settings.iter().map(|at| &input.files.files[*at]);
    let settings = all().filter(|file| is_settings(&file.below)).chain(served);
    let settings = settings.map(|file| SourceFile { path: &file.below, text: file.source.text() }).collect();
    let projects = application.projects().collect();
    // Its service gets the variable where its server needs one for that.
    EndpointInput { build, stage, files, is_start_known, settings, projects, sets_host: true }
}

/// A line of a file that `endpoint` was given, as a place of the repository.
pub(in crate::emit) fn place_of_line(
    input: &EmitInput,
    application: &Application,
    endpoint: &EndpointInput,
    (file, line): (usize, usize),
) -> Option<String> {
    let below = endpoint.files[file].path;
    let mut files = application.code_files(input);
    let file = files.find(|file| file.below == below)?;
    Some(format!("{}:{line}", file.source.name()))
}
