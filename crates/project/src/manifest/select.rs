//! Which files of a context are manifests, told by their names alone.

use super::file_kind::{ContentKind, FileKind};
use super::project::Ecosystem;
use super::tree::is_installed;
use crate::text::path;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Says what a project is and needs.
    Manifest,
    /// Says which versions are installed.
    Lock,
    /// Says how, or with which version of the language.
    Settings,
}

/// What a file name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ManifestFileKind {
    /// Whose file it is.
    pub ecosystem: Ecosystem,
    /// What it is for.
    pub role: Role,
}

/// Whether [`projects`](super::projects) wants the text of the file at `path`, told by the path alone.
pub fn is_manifest(path: &str) -> Option<ManifestFileKind> {
    let name = path::name(path);
    let (ecosystem, role) = by_name(name).or_else(|| by_ending(name)).or_else(|| requirements(path))?;
    (!is_installed(path)).then_some(ManifestFileKind { ecosystem, role })
}

fn by_name(name: &str) -> Option<(Ecosystem, Role)> {
    use Ecosystem::{DotNet, Go, Java, Node, Php, Python, Ruby, Rust};
    use Role::{Lock, Manifest, Settings};
    Some(match name {
        "pyproject.toml" | "setup.py" | "setup.cfg" | "Pipfile" => (Python, Manifest),
        "uv.lock" | "poetry.lock" | "pdm.lock" | "Pipfile.lock" | "pylock.toml" => (Python, Lock),
        ".python-version" => (Python, Settings),
        "package.json" => (Node, Manifest),
        "package-lock.json" | "npm-shrinkwrap.json" | "yarn.lock" | "pnpm-lock.yaml" | "bun.lock" => (Node, Lock),
        "pnpm-workspace.yaml" | ".nvmrc" | ".node-version" => (Node, Settings),
        "go.mod" | "go.work" => (Go, Manifest),
        "Cargo.toml" => (Rust, Manifest),
        "Cargo.lock" => (Rust, Lock),
        "rust-toolchain" | "rust-toolchain.toml" => (Rust, Settings),
        "pom.xml" | "build.gradle" | "build.gradle.kts" | "settings.gradle" | "settings.gradle.kts" => (Java, Manifest),
        "libs.versions.toml" | ".java-version" => (Java, Settings),
        "global.json" | "Directory.Build.props" | "Directory.Packages.props" => (DotNet, Settings),
        "packages.lock.json" => (DotNet, Lock),
        "Gemfile" | "gems.rb" => (Ruby, Manifest),
        "Gemfile.lock" | "gems.locked" => (Ruby, Lock),
        ".ruby-version" => (Ruby, Settings),
        "composer.json" => (Php, Manifest),
        "composer.lock" => (Php, Lock),
        _ => return None,
    })
}

fn by_ending(name: &str) -> Option<(Ecosystem, Role)> {
    let kind = FileKind::of(name);
    match kind.nature() {
        ContentKind::Project | ContentKind::Solution => Some((Ecosystem::DotNet, Role::Manifest)),
        ContentKind::Build if name.ends_with(".gemspec") => Some((Ecosystem::Ruby, Role::Manifest)),
        _ => None,
    }
}

fn requirements(path: &str) -> Option<(Ecosystem, Role)> {
    is_requirements(path).then_some((Ecosystem::Python, Role::Manifest))
}

/// Whether the name is one that requirements of pip are usually given: `requirements-dev.txt`, `requirements/base.txt`,
/// `constraints.txt`.
pub(super) fn is_requirements(path: &str) -> bool {
    let Some(stem) = path.strip_suffix(".txt").or_else(|| path.strip_suffix(".in")) else { return false };
    let name = path::name(stem).to_ascii_lowercase();
    let parent = path::name(path::parent(path));
    name.contains("requirements") || name.contains("constraints") || matches!(parent, "requirements" | "reqs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell() {
        let check = |path, expected: Option<(Ecosystem, Role)>| {
            let kind = is_manifest(path).map(|kind| (kind.ecosystem, kind.role));
            assert_eq!(kind, expected, "{path}");
        };
        check("a/pyproject.toml", Some((Ecosystem::Python, Role::Manifest)));
        check("requirements/prod.txt", Some((Ecosystem::Python, Role::Manifest)));
        check("dev-requirements.txt", Some((Ecosystem::Python, Role::Manifest)));
        check("notes.txt", None);
        check("src/App/App.csproj", Some((Ecosystem::DotNet, Role::Manifest)));
        check("web/node_modules/x/package.json", None);
        check("package.json/x", None);
        check(".npmrc", None);
    }
}
