//! What a project is read from.

use std::collections::BTreeMap;

use super::locations::absolute;

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
    /// Whether these files are put on top of others, which may have what they lack.
    pub is_part: bool,
    /// Whether there may be more files than these: a variable without a value names some.
    pub lacks_files: bool,
    /// What reading does where something outside of the files is missing.
    pub leniency: Leniency,
}

/// What reading does where something outside of the compose files is missing: a variable, an environment file, a file
/// that is included or extended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leniency {
    /// Refuses the project, as Compose does.
    #[default]
    None,
    /// Goes on without it, and notes a [`super::ProjectGap`].
    Gaps,
    /// As [`Leniency::Gaps`], and variables without a value stand for `1`.
    StandIns,
    /// As [`Leniency::Gaps`], variables without a value stay as `${NAME}`, and values that Compose refuses are left out.
    /// What comes of it tells what is written, and runs nowhere.
    Omissions,
    /// As [`Leniency::Omissions`], and variables without a value stand for `1`: what Compose still refuses does not depend
    /// on them. Each value that is left out is a [`super::ProjectGap`], too.
    Trial,
}

impl ProjectRequest {
    /// The compose files, absolute.
    pub fn paths(&self) -> Vec<String> {
        self.files.iter().map(|file| absolute(&self.folder, file)).collect()
    }
}
