//! Which package manager a cache mount is meant for, by the name of its folder.

use crate::shell::Manager;

/// Parts of folder names, and who keeps something there.
const NAMES: [(&str, Manager); 22] = [
    ("/var/cache/apt", Manager::Apt),
    ("/var/lib/apt", Manager::Apt),
    ("/var/cache/apk", Manager::Apk),
    ("/.cache/pip", Manager::Pip),
    ("/.pip", Manager::Pip),
    ("/pip-cache", Manager::Pip),
    ("/.cache/uv", Manager::Uv),
    ("/pypoetry", Manager::Poetry),
    ("/.cache/poetry", Manager::Poetry),
    ("/.npm", Manager::Npm),
    ("/.cache/npm", Manager::Npm),
    ("/.cache/yarn", Manager::Yarn),
    ("/.bun/", Manager::Bun),
    ("/pkg/mod", Manager::Go),
    ("/.cache/go", Manager::Go),
    ("/go/pkg", Manager::Go),
    ("/cargo/registry", Manager::Cargo),
    ("/.cargo", Manager::Cargo),
    ("/.composer", Manager::Composer),
    ("/.m2", Manager::Maven),
    ("/.gradle", Manager::Gradle),
    ("/.nuget", Manager::Dotnet),
];

/// Managers that keep their files below `~/.cache`.
const BELOW_CACHE: [Manager; 2] = [Manager::Pip, Manager::Uv];

/// Whether a mount on `target` is meant for the manager.
pub(super) fn is_meant(target: &str, manager: Manager) -> bool {
    let slashed = format!("{}/", target.trim_end_matches('/'));
    NAMES.iter().any(|(part, of)| *of == manager && slashed.contains(part))
        || (slashed.ends_with("/.cache/") && BELOW_CACHE.contains(&manager))
}
