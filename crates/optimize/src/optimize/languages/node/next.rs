//! What a project says about Next.js.

use crate::manifest::Project;

/// The major version of Next.js.
pub(super) fn major(project: &Project) -> Option<u32> {
    let next = project.dependencies.iter().find(|dependency| dependency.name == "next")?;
    let text = next.version.as_deref().or(next.requirement.as_deref())?;
    text.trim_start_matches(['^', '~', '=', 'v']).split(['.', '-']).next()?.parse().ok()
}
