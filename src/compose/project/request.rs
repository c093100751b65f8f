//! What a project is read from.

use std::collections::BTreeMap;

/// What to read, as `docker compose` is called.
#[derive(Clone, Debug, Default)]
pub struct ProjectRequest {
    /// Compose files (`-f`), the first one's folder being the project's.
    pub files: Vec<String>,
    /// The folder that relative paths here are seen from, absolute.
    pub folder: String,
    /// `--project-directory`.
    pub project_folder: Option<String>,
    /// `--env-file`; `.env` of the project's folder where none is given.
    pub env_files: Vec<String>,
    /// `--profile`; `COMPOSE_PROFILES` where none is given.
    pub profiles: Vec<String>,
    /// `--project-name`.
    pub name: Option<String>,
    /// The variables of the shell, which count more than those of files.
    pub environment: BTreeMap<String, String>,
}
