//! What .gitignore lists at the top of a build context.

use crate::data;
use crate::inputs::context::{BuildContext, ClassKind, folder_kind, is_secret_name};
use crate::manifest::{Ecosystem, Project};

/// The most lines of .gitignore that are read; no real file has more that name one thing.
pub const GIT_IGNORE_LINES: usize = 500;

/// A name that a line of .gitignore lists at the top of the context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IgnoredName<'t> {
    /// The name.
    pub name: &'t str,
    /// Whether the line lists it there only (`/vendor`).
    pub is_anchored: bool,
}

impl<'t> IgnoredName<'t> {
    /// The name of a line; `None` of patterns for several names, comments and exceptions.
    pub fn of(line: &'t str) -> Option<Self> {
        let line = line.trim();
        let name = line.strip_prefix('/').unwrap_or(line).trim_end_matches('/');
        let is_literal =
            !name.is_empty() && !name.contains(['/', '*', '?', '[', '\\']) && !line.starts_with(['#', '!']);
        is_literal.then_some(Self { name, is_anchored: line.starts_with('/') })
    }

    /// Those of a text, in its order.
    pub fn all(text: &'t str) -> impl Iterator<Item = Self> {
        text.lines().take(GIT_IGNORE_LINES).filter_map(Self::of)
    }

    /// What a file or a folder of the name would be among the files of the context.
    pub fn kind(&self, context: &BuildContext) -> Option<ClassKind> {
        if is_secret_name("", self.name) {
            return Some(ClassKind::Secret);
        }
        // A virtual environment is known by a file in it.
        let inside = if self.name.ends_with("venv") { "pyvenv.cfg" } else { "x" };
        folder_kind(context, self.name, inside)
    }

    /// Whether it is a file of variables that programs load.
    pub fn is_environment(&self) -> bool {
        self.name == ".env" || self.name.starts_with(".env.")
    }

    /// Whether something of the projects makes files of the name. Templates of .gitignore list names for any project; a name
    /// that none of them has is the author's.
    pub fn has_maker<'p>(&self, projects: impl IntoIterator<Item = &'p Project>) -> bool {
        let Some(&[_, packages, ecosystem, ..]) = data::IGNORED_NAMES.row(self.name) else { return true };
        let ecosystem = Ecosystem::of(ecosystem);
        let is_package = |name: &str| data::words(packages).any(|package| package == name);
        projects.into_iter().any(|project| {
            let mut dependencies = project.dependencies.iter();
            ecosystem == Some(project.ecosystem) || dependencies.any(|dependency| is_package(&dependency.name))
        })
    }
}
