//! Which package an import names, and whether it is there.

use crate::data;
use crate::manifest::project::{Dependency, DependencyScope, Install, Project, Tool};

/// See [`Project::installs_module`].
pub(in crate::manifest) fn installs(
    project: &Project,
    install: &Install,
    module: &str,
    with_dev: bool,
) -> Option<bool> {
    let name = package(module)?;
    if module.starts_with("node:") || data::NODE_MODULES.contains(name) {
        return Some(true);
    }
    if project.name.as_deref() == Some(name) {
        return None;
    }
    let wanted =
        |dependency: &&Dependency| dependency.name == name && (with_dev || dependency.scope == DependencyScope::Run);
    if project.dependencies.iter().any(|dependency| wanted(&dependency)) {
        return Some(true);
    }
    let locked = install.locked.as_ref()?;
    let installed = locked.installs(name, with_dev);
    // These two give a package only what it asks for itself, unless told otherwise by settings.
    let strict = matches!(install.tool, Tool::Pnpm | Tool::YarnBerry);
    let importable = locked.packages.get(name).and_then(|package| package.importable);
    if installed == Some(true) && (strict || importable == Some(false)) {
        return None;
    }
    installed
}

/// The package's name in an import; `None` for paths.
fn package(module: &str) -> Option<&str> {
    let module = module.strip_prefix("node:").unwrap_or(module);
    if module.starts_with(['.', '/', '#']) || module.is_empty() {
        return None;
    }
    let parts = if module.starts_with('@') { 2 } else { 1 };
    let end = module.match_indices('/').nth(parts - 1).map_or(module.len(), |(at, _)| at);
    Some(&module[..end])
}
