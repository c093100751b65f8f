//! The source that a container runs whose image starts nothing by itself, and which is no server: a bot, a consumer.

use super::application::Application;
use super::runner::in_environment;
use super::server_start::{ServerCommand, may_run_source};
use crate::emit::input::EmitInput;
use crate::manifest::{Ecosystem, FileKind};
use crate::sources::patterns::shows_in;
use crate::text::path;
use crate::variables::VariableFile;

/// The command that runs the only source in the working folder that does something when it is run, or the one that is
/// called as such sources usually are.
pub(in crate::emit) fn source_command(input: &EmitInput, application: &Application) -> Option<ServerCommand> {
    let stage = application.build.target()?;
    if !may_run_source(&application.build, stage) {
        return None;
    }
    let folder = application.folder();
    let lies_there =
        |file: &VariableFile| application.place_in_image(file).is_some_and(|place| path::parent(&place) == folder);
    let is_run = |file: &&VariableFile| {
        let kind = FileKind::of(&file.below);
        kind.ecosystem() == Some(Ecosystem::Python)
            && file.is_of_program()
            && shows_in(kind, file.source.text(), "does something when it is run")
            && lies_there(file)
    };
    let sources: Vec<&VariableFile> = application.code_files(input).filter(is_run).collect();
    let usual = sources.iter().find(|file| matches!(path::name(&file.path), "main.py" | "__main__.py"));
    let (([source], _) | (_, Some(source))) = (&sources[..], usual) else { return None };
    let name = path::name(&source.path);
    Some(ServerCommand {
        words: in_environment(application, ["python", name].map(str::to_owned).to_vec()),
        folder: None,
        port: application.port,
        reason: format!("its image starts nothing by itself, and `{name}` does something when it is run"),
        place: Some(source.source.name().to_owned()),
    })
}
