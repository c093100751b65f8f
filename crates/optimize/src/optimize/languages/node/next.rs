//! What a project says about Next.js.

use crate::manifest::Project;

/// The major version of Next.js.
pub(super) fn major(project: &Project) -> Option<u32> {
    let next = project.dependencies.iter().find(|dependency| dependency.name == "next")?;
    let text = next.version.as_deref().or(next.requirement.as_deref())?;
    text.trim_start_matches(['^', '~', '=', 'v']).split(['.', '-']).next()?.parse().ok()
}

/// Its major and minor version; where the manifest leaves the minor one open, the newest counts.
pub(super) fn release(project: &Project) -> Option<(u32, u32)> {
    let next = project.dependencies.iter().find(|dependency| dependency.name == "next")?;
    let is_open = next.version.is_none() && next.requirement.as_deref().is_some_and(|text| text.starts_with('^'));
    let text = next.version.as_deref().or(next.requirement.as_deref())?;
    let mut numbers = text.trim_start_matches(['^', '~', '=', 'v']).split(['.', '-']);
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next().and_then(|minor| minor.parse().ok());
    Some((major, if is_open { u32::MAX } else { minor.unwrap_or(u32::MAX) }))
}
