//! The manifests and lock files that tell the ecosystem: file names and texts in, [`Project`]s out.
//!
//! Owns what each package manager's files say: names, dependencies, locked packages, frameworks, and the *closure of
//! files* that an install step needs. Knows nothing of Dockerfiles, and reads no file: what it would still like to see
//! is named in [`Manifests::unread`]. A broken manifest is a [`ManifestProblem`] with its place, never an error.

#![allow(clippy::case_sensitive_file_extension_comparisons, reason = "the tools compare names exactly")]

mod closure;
mod dotnet;
mod file_kind;
mod framework;
mod go;
mod gradle;
mod json;
mod locked;
mod maven;
mod node;
mod php;
mod project;
mod python;
mod ruby;
mod rust;
mod select;
mod toml_text;
mod tree;
mod wildcard;
mod words;
mod xml;

pub use self::file_kind::{ContentKind, FileKind, FileRole, is_typescript};
pub use self::framework::Framework;
pub use self::go::calls_c;
pub use self::json::{parse_jsonc, plain_json};
pub use self::locked::{LockedPackage, LockedPackages, version_numbers};
pub use self::node::INSTALL_SCRIPTS;
pub use self::project::{
    Dependency, DependencyScope, Ecosystem, EntryPoint, GroupKind, Install, InstallScript, LanguageVersion,
    ManifestProblem, ManifestScript, Manifests, OpenReason, PackageGroup, Project, Tool,
};
pub use self::python::{ToolTables, admits, comes_compiled, has_wheels, normal as python_name};
pub use self::select::{ManifestFileKind, Role, is_manifest};

/// The projects in a build context.
///
/// `files` are all files of the context, as paths relative to its root with `/` between the parts; the text is given
/// for those that [`is_manifest`] names (`None`: there, but not read). A manifest may name further ones
/// (`-r deps.txt`): those stand in [`Manifests::unread`], and a second call with their texts gives more.
///
/// Projects are ordered by folder, then ecosystem.
pub fn projects(files: &[(&str, Option<&str>)]) -> Manifests {
    let mut tree = tree::ManifestTree::new(files);
    let mut projects = Vec::new();
    projects.extend(python::projects(&mut tree));
    projects.extend(node::projects(&mut tree));
    projects.extend(go::projects(&mut tree));
    projects.extend(rust::projects(&mut tree));
    projects.extend(maven::projects(&mut tree));
    gradle::projects(&mut tree, &mut projects);
    projects.extend(dotnet::projects(&mut tree));
    projects.extend(ruby::projects(&mut tree));
    projects.extend(php::projects(&mut tree));
    projects.sort_by(|a, b| (&a.root, a.ecosystem).cmp(&(&b.root, b.ecosystem)));
    let (problems, unread) = tree.finish();
    Manifests { projects, problems, unread }
}

impl Project {
    /// Whether the importable `module` (`yaml`, `google.protobuf`, `@scope/pkg/sub`, `node:fs`) is there after
    /// `install`, with or without the development dependencies. `None` when the files don't tell: no lock, a module of
    /// the project itself, or a Python module whose distribution is not known.
    pub fn installs_module(&self, install: &Install, module: &str, with_dev: bool) -> Option<bool> {
        match self.ecosystem {
            Ecosystem::Python => python::installs(self, install, module, with_dev),
            Ecosystem::Node => node::installs(self, install, module, with_dev),
            _ => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
