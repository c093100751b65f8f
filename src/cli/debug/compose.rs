//! `debug compose` and the vectors of compose files.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::case::text;
use crate::cli::args::{ComposeArguments, Global};
use crate::cli::exit::{CLEAN, FAILED};
use crate::cli::output::{CommandFailure, print};
use crate::cli::terminal;
use crate::compose::project::{ProjectError, ProjectFile, ProjectFiles, ProjectNeed, ProjectRequest, Reading, project};
use crate::load::{project_request, read_project};
use crate::text::Source;

/// Rounds of reading of one case: files that are not there may be asked for.
const ROUNDS: usize = 100;

/// Prints the project as JSON.
pub(super) fn run(global: &Global, arguments: &ComposeArguments) -> Result<u8, CommandFailure> {
    let texts = |paths: &[PathBuf]| paths.iter().map(|path| path.to_string_lossy().into_owned()).collect::<Vec<_>>();
    let mut files = texts(&arguments.files);
    files.extend(texts(&arguments.more));
    let request = ProjectRequest {
        env_files: texts(&arguments.env_file),
        profiles: arguments.profile.clone(),
        name: arguments.project_name.clone(),
        project_folder: arguments.project_directory.as_ref().map(|path| path.to_string_lossy().into_owned()),
        ..project_request(files)
    };
    match read_project(&request) {
        Ok(project) => {
            print(global, &format!("{:#}\n", project.json()))?;
            Ok(CLEAN)
        }
        Err(failure) => {
            let what = with_place(&failure.error, &failure.sources);
            terminal::error(global, &what, failure.error.help.as_deref());
            Ok(FAILED)
        }
    }
}

/// An error with its place.
fn with_place(error: &ProjectError, sources: &[Source]) -> String {
    let source = error.place.and_then(|place| Some((sources.get(place.file.0 as usize)?, place.span)));
    match source {
        Some((source, span)) => {
            let place = source.line_column(span.start);
            format!("{}:{}:{}: {}", source.name(), place.line, place.column, error.message)
        }
        None => error.message.clone(),
    }
}

/// The cases of a file that is one JSON object with all of them; `None` of any other file.
pub(super) fn cases(source: &Source) -> Option<Vec<Value>> {
    let whole: Value = serde_json::from_str(source.text()).ok()?;
    whole.get("cases")?.as_array().cloned()
}

/// Whether Compose takes a text, as the vectors ask it; there are no files beside it.
pub(super) fn answer(_: &Value, case: &Value) -> Value {
    let id = text(case, "id");
    let folder = format!("/{id}");
    let file = format!("{folder}/compose.yaml");
    let request = ProjectRequest { files: vec![file.clone()], folder, ..ProjectRequest::default() };
    let mut files = ProjectFiles::default();
    files.insert(&file, ProjectFile::Text(Source::of("compose.yaml", text(case, "compose"))));
    for _ in 0..ROUNDS {
        match project(&request, &files) {
            Reading::Read(_) => return json!({ "id": id, "accepted": true, "message": null }),
            Reading::Refused { error, sources, .. } => {
                return json!({ "id": id, "accepted": false, "message": with_place(&error, &sources) });
            }
            Reading::Needs(needs) => {
                for need in needs {
                    match need {
                        ProjectNeed::File(path) => files.insert(&path, ProjectFile::Missing),
                        ProjectNeed::Link(path) => files.insert_link(&path, path.clone()),
                    }
                }
            }
        }
    }
    json!({ "id": id, "accepted": false, "message": "too many files are named" })
}
