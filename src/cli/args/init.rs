//! Arguments of `dockopt init`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
#[command(
    after_help = "Existing files are not replaced, unless they still are what an earlier version wrote. In .pre-commit-config.yaml and .gitlab-ci.yml, entries are added at the end of a list.\n\n\
                        Exit codes:\n  0: success\n  1: --check found something to write\n  2: an error"
)]
#[allow(clippy::struct_excessive_bools)] // Flags as users type them.
pub(in crate::cli) struct Init {
    /// Folder of the repository
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Show the files as a diff without writing them (the default)
    #[arg(long, conflicts_with = "write")]
    pub diff: bool,
    /// Write the files
    #[arg(long)]
    pub write: bool,
    /// Write nothing and show no diff; exit with 1 if anything would be written
    #[arg(long, conflicts_with = "write")]
    pub check: bool,
    /// CI system [default: gitlab for a .gitlab-ci.yml or a remote at GitLab, else github]
    #[arg(long, value_enum, value_name = "SYSTEM")]
    pub ci: Option<CiSystem>,
    /// Also write the workflow that comments on pull requests of forks (GitHub)
    #[arg(long)]
    pub forks: bool,
}

/// Where a repository's jobs run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum CiSystem {
    /// GitHub Actions
    Github,
    /// GitLab CI
    Gitlab,
    /// Write no files for a CI system
    None,
}
