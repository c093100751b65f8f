//! Which package manager a cache mount is meant for, by the name of its folder.

use crate::data;
use crate::shell::Manager;

/// Package managers that keep their files in `~/.cache`.
const BELOW_CACHE: [Manager; 2] = [Manager::Pip, Manager::Uv];

/// Package managers that users confuse: those of distributions, of Python, of Node.js.
const ALIKE: [&[Manager]; 3] = [
    &[Manager::Apt, Manager::Apk, Manager::Dnf, Manager::Yum, Manager::Zypper],
    &[Manager::Pip, Manager::Uv, Manager::Poetry],
    &[Manager::Npm, Manager::Yarn, Manager::Pnpm],
];

/// Whether a mount on `target` is meant for a similar package manager that the RUN does not call.
pub(super) fn is_mistaken(target: &str, manager: Manager, called: &[Manager]) -> bool {
    // `yum` may be dnf by another name.
    if manager == Manager::Yum {
        return false;
    }
    let alike = ALIKE.iter().find(|alike| alike.contains(&manager)).copied().unwrap_or_default();
    alike.iter().any(|tool| is_meant(target, *tool)) && !called.iter().any(|tool| is_meant(target, *tool))
}

/// Whether a mount on `target` is meant for the manager.
pub(super) fn is_meant(target: &str, manager: Manager) -> bool {
    let slashed = format!("{}/", target.trim_end_matches('/'));
    data::CACHE_MOUNT_NAMES.rows().any(|row| row[1] == manager.name() && slashed.contains(row[0]))
        || (slashed.ends_with("/.cache/") && BELOW_CACHE.contains(&manager))
}
