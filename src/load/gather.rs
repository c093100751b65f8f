//! What was asked for ─► inputs. What can't be read is a problem in them, and the rest is still looked at.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::LoadError;
use crate::inputs::{BuildInput, BuildOptions, Date, IgnoreInput, InputProblem, Inputs, Needs};
use crate::text::Source;

/// What to gather.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The folder or file that was asked for.
    pub path: PathBuf,
    /// `--file`: the Dockerfile, instead of all that are found.
    pub file: Option<PathBuf>,
    /// The builder's own flags.
    pub options: BuildOptions,
    /// The facts that the enabled rules and columns ask for.
    pub needs: Needs,
    /// Today.
    pub today: Option<Date>,
}

/// Finds the builds under a path and gathers what `needs` names.
///
/// # Errors
/// When the path itself can't be read.
pub fn gather(request: &Request) -> Result<Inputs, LoadError> {
    let mut inputs = Inputs { root: request.path.display().to_string(), today: request.today, ..Inputs::default() };
    if let Err(error) = std::fs::metadata(&request.path) {
        return Err(match error.kind() {
            std::io::ErrorKind::NotFound => LoadError::Missing(request.path.clone()),
            _ => LoadError::Unreadable(request.path.clone(), error),
        });
    }
    let named = if request.path.is_file() { request.path.clone() } else { request.path.join("Dockerfile") };
    let file = request.file.clone().unwrap_or(named);
    match super::read_source(&file, super::DOCKERFILE_LIMIT) {
        Ok(source) => add(&mut inputs, source, request),
        Err(LoadError::Missing(_)) if request.file.is_none() => {}
        Err(error) => inputs.problems.push(problem(&error)),
    }
    Ok(inputs)
}

/// The inputs of Dockerfiles that were read already, with what their folders give.
pub fn gather_texts(texts: Vec<Result<Source, LoadError>>, request: &Request) -> Inputs {
    let mut inputs = Inputs { root: ".".into(), today: request.today, ..Inputs::default() };
    for text in texts {
        match text {
            Ok(source) => add(&mut inputs, source, request),
            Err(error) => inputs.problems.push(problem(&error)),
        }
    }
    inputs
}

fn add(inputs: &mut Inputs, source: Source, request: &Request) {
    let file = crate::dockerfile::parse(&source);
    let dockerfile = inputs.add(source);
    inputs.builds.push(BuildInput {
        dockerfile,
        file,
        options: request.options.clone(),
        context_root: None,
        ignore: IgnoreInput::Unknown,
        context: None,
        projects: None,
        base_images: BTreeMap::new(),
    });
}

fn problem(error: &LoadError) -> InputProblem {
    InputProblem {
        file: error.path().display().to_string(),
        place: None,
        fatal: true,
        message: error.to_string(),
        help: Some(error.help()),
    }
}
