//! The files that a compose project needs: read as the pure reader asks for them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use super::file::{LoadError, read_source};
use crate::compose::project::{
    ComposeProject, ProjectError, ProjectFile, ProjectFiles, ProjectNeed, ProjectRequest, Reading, project,
};
use crate::text::Source;

/// Bytes that a file of a project may have.
const LIMIT: u64 = 16 << 20;

/// Files and links of a project that are looked at.
const FILES: usize = 2_000;

/// Why there is no project.
#[derive(Debug)]
pub struct ProjectFailure {
    /// What Compose would say too.
    pub error: Box<ProjectError>,
    /// The files that its place points into.
    pub sources: Vec<Source>,
}

/// A request with the folder and the variables of this process.
pub fn project_request(files: Vec<String>) -> ProjectRequest {
    let variables =
        env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let environment: BTreeMap<String, String> = variables.collect();
    let folder = working_folder(environment.get("PWD"));
    ProjectRequest { files, folder: folder.to_string_lossy().into_owned(), environment, ..ProjectRequest::default() }
}

/// The folder of this process, by the name that the shell has for it.
pub(super) fn working_folder(shell: Option<&String>) -> PathBuf {
    let real = env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let named = shell.map(PathBuf::from).filter(|path| path.is_absolute());
    named.filter(|path| path.canonicalize().is_ok_and(|path| path == real)).unwrap_or(real)
}

/// Reads a project with all files that it names.
///
/// # Errors
/// When Compose refuses it, or when it names too many files.
pub fn read_project(request: &ProjectRequest) -> Result<ComposeProject, ProjectFailure> {
    match complete_reading(request, &mut ProjectFiles::default()) {
        Reading::Read(project) => Ok(*project),
        Reading::Refused { error, sources, .. } => Err(ProjectFailure { error, sources }),
        Reading::Needs(_) => {
            let message = format!("the project names more than {FILES} files");
            let error = Box::new(ProjectError::at(None, message));
            Err(ProjectFailure { error, sources: Vec::new() })
        }
    }
}

/// Reads a project with all files that it names; what is known of the file system grows by them. More are needed only where
/// it names too many.
pub(super) fn complete_reading(request: &ProjectRequest, known: &mut ProjectFiles) -> Reading {
    complete_reading_of(request, known, &|path| project_file(path, &request.folder))
}

/// As [`complete_reading`]; `file`: what is behind an absolute path.
pub(super) fn complete_reading_of(
    request: &ProjectRequest,
    known: &mut ProjectFiles,
    file: &dyn Fn(&str) -> ProjectFile,
) -> Reading {
    loop {
        let reading = project(request, known);
        let Reading::Needs(needs) = &reading else { return reading };
        if known.len() + needs.len() > FILES {
            return reading;
        }
        for need in needs {
            match need {
                ProjectNeed::File(path) => known.insert(path, file(path)),
                ProjectNeed::Link(path) => known.insert_link(path, project_link(path)),
            }
        }
    }
}

/// What is behind an absolute path; `folder`: where the program runs.
pub(super) fn project_file(path: &str, folder: &str) -> ProjectFile {
    match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return ProjectFile::Missing,
        Err(error) => return ProjectFile::Unreadable(LoadError::Unreadable(path.into(), error).describe()),
        Ok(metadata) if metadata.is_dir() => return ProjectFile::Folder,
        Ok(_) => {}
    }
    // Messages call it as the user would type it.
    let near = Path::new(path).strip_prefix(folder).unwrap_or(Path::new(path));
    let shown =
        if env::current_dir().is_ok_and(|current| current == Path::new(folder)) { near } else { Path::new(path) };
    match read_source(shown, LIMIT) {
        Ok(source) => ProjectFile::Text(source),
        Err(LoadError::Missing(_) | LoadError::Dangling(..)) => ProjectFile::Missing,
        Err(error) => ProjectFile::Unreadable(error.describe()),
    }
}

/// A path with the first symbolic link in it replaced by where it leads, as Compose does it for watched folders.
pub(super) fn project_link(path: &str) -> String {
    let whole = Path::new(path);
    let mut prefix = PathBuf::new();
    for part in whole.components() {
        prefix.push(part);
        let is_link = fs::symlink_metadata(&prefix).is_ok_and(|metadata| metadata.is_symlink());
        if is_link && let (Ok(target), Ok(rest)) = (prefix.canonicalize(), whole.strip_prefix(&prefix)) {
            return target.join(rest).to_string_lossy().trim_end_matches('/').to_owned();
        }
    }
    path.to_owned()
}
