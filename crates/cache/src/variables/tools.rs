//! Variables that programs other than the project's read or set: shells, engines, runtimes, frameworks, platforms.

use crate::data;
use crate::sources::patterns;

/// Whether the system, the engine, a shell or the platform that a container runs on sets it.
pub(super) fn is_set_elsewhere(name: &str) -> bool {
    has_role(name, "system") || has_role(name, "platform")
}

/// Whether images of systems and languages may set it.
pub fn is_set_by_images(name: &str) -> bool {
    is_set_elsewhere(name) || has_role(name, "of-base")
}

/// Whether it is known by the beginning of its name alone, as others of its family are: `GITHUB_CLIENT_ID`.
pub fn is_of_family(name: &str) -> bool {
    !data::VARIABLES.contains(name)
}

/// Whether a tool or a runtime is known to read it, or an image or the shell to set it.
pub fn is_read_by_tools(name: &str) -> bool {
    is_set_elsewhere(name) || has_role(name, "tool")
}

/// Whether a tool, a runtime or a library is known to read it, or a whole family of variables that it belongs to.
pub(super) fn is_read_elsewhere(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    is_read_by_tools(name)
        || patterns::words("begins a variable that libraries read").any(|start| upper.starts_with(start))
}

/// Whether a row for it, or for the beginning of its name, has a role.
fn has_role(name: &str, role: &'static str) -> bool {
    data::VARIABLES.with(role).any(|known| known == name || known.ends_with('_') && name.starts_with(known))
}
