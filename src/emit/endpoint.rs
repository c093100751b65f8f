//! What `endpoint` is asked about a program.

use super::application::Application;
use super::input::EmitInput;
use crate::build::{Build, Stage};
use crate::endpoint::EndpointInput;
use crate::sources::routes::SourceFile;
use crate::sources::variables::is_spring;
use crate::text::path;

/// The image of a program, with the sources and settings that may be a part of it.
pub(super) fn endpoint_input<'e, 'i: 'e>(
    input: &EmitInput<'i>,
    application: &Application<'i>,
    build: &'e Build<'i>,
    stage: &'e Stage,
) -> EndpointInput<'e, 'i> {
    let files = application.code.files.iter().map(|at| &input.files.files[*at]).filter(|file| file.is_of_program());
    let files: Vec<SourceFile> = files.map(|file| SourceFile { path: &file.below, text: file.source.text() }).collect();
    let served = application.served_settings.iter().map(|at| &input.files.files[*at]);
    let served = served.map(|file| SourceFile { path: &file.below, text: file.source.text() });
    let in_image = files.iter().copied().filter(|file| is_spring(path::name(file.path)));
    let settings = in_image.chain(served).collect();
    EndpointInput { build, stage, files, settings, projects: application.projects().collect() }
}
