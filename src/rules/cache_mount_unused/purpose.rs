//! Which package manager a cache mount is meant for, by the name of its folder.

use crate::shell::Manager;

/// Parts of folder names, and who keeps something there.
const NAMES: [(&str, Manager); 28] = [
    ("/var/cache/apt", Manager::Apt),
    ("/var/lib/apt", Manager::Apt),
    ("/var/cache/apk", Manager::Apk),
    ("/var/cache/dnf", Manager::Dnf),
    ("/var/cache/libdnf5", Manager::Dnf),
    ("/var/cache/yum", Manager::Yum),
    ("/var/cache/zypp", Manager::Zypper),
    ("/.cache/pip", Manager::Pip),
    ("/.pip", Manager::Pip),
    ("/pip-cache", Manager::Pip),
    ("/.cache/uv", Manager::Uv),
    ("/pypoetry", Manager::Poetry),
    ("/.cache/poetry", Manager::Poetry),
    ("/.npm", Manager::Npm),
    ("/.cache/npm", Manager::Npm),
    ("/.cache/yarn", Manager::Yarn),
    ("/.pnpm-store", Manager::Pnpm),
    ("/pnpm/store", Manager::Pnpm),
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

/// Those that are taken for each other: the managers of distributions, of Python, of Node.js.
const ALIKE: [&[Manager]; 3] = [
    &[Manager::Apt, Manager::Apk, Manager::Dnf, Manager::Yum, Manager::Zypper],
    &[Manager::Pip, Manager::Uv, Manager::Poetry],
    &[Manager::Npm, Manager::Yarn, Manager::Pnpm],
];

/// Whether a mount on `target` is made for one like the manager, and nobody whom it is made for is called.
pub(super) fn is_mistaken(target: &str, manager: Manager, called: &[Manager]) -> bool {
    // `yum` may be dnf by another name.
    if manager == Manager::Yum {
        return false;
    }
    let alike = ALIKE.iter().find(|alike| alike.contains(&manager)).copied().unwrap_or_default();
    alike.iter().any(|one| is_meant(target, *one)) && !called.iter().any(|one| is_meant(target, *one))
}

/// Whether a mount on `target` is meant for the manager.
pub(super) fn is_meant(target: &str, manager: Manager) -> bool {
    let slashed = format!("{}/", target.trim_end_matches('/'));
    NAMES.iter().any(|(part, of)| *of == manager && slashed.contains(part))
        || (slashed.ends_with("/.cache/") && BELOW_CACHE.contains(&manager))
}
