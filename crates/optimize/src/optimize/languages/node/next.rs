//! What a project says about Next.js.

use crate::manifest::{Ecosystem, FileKind, Framework, Project};
use crate::optimize::pass_input::PassInput;
use crate::sources::object_literals::{Literal, inner, literal};
use crate::text::path;

/// The first version whose server writes pages that it makes when it runs to a folder of their own, and the first of which
/// every release does (16.3.0 does not, 16.3.8 and 16.4.6 do: `server/lib/route-cache-key.js`).
const ROUTE_CACHE: [(u32, u32); 2] = [(16, 3), (16, 4)];

/// The first project that uses Next.js.
pub(in crate::optimize) fn project<'a>(input: &PassInput<'a>) -> Option<&'a Project> {
    input.projects_of(Ecosystem::Node).find(|project| project.frameworks.contains(&Framework::Next))
}

/// The major version of Next.js.
pub(super) fn major(project: &Project) -> Option<u32> {
    version(project).map(|(major, _)| major)
}

/// The major and the minor version of Next.js.
fn version(project: &Project) -> Option<(u32, u32)> {
    let next = project.dependencies.iter().find(|dependency| dependency.name == "next")?;
    let text = next.version.as_deref().or(next.requirement.as_deref())?;
    let mut numbers = text.trim_start_matches(['^', '~', '=', 'v']).split(['.', '-']);
    Some((numbers.next()?.parse().ok()?, numbers.next().and_then(|number| number.parse().ok()).unwrap_or(0)))
}

/// Whether its server may write pages to a folder `server/route-cache`, and whether it writes them nowhere else.
pub(super) fn route_cache(project: &Project) -> (bool, bool) {
    let version = version(project);
    let [first, all] = ROUTE_CACHE.map(|since| version.is_some_and(|version| version >= since));
    (first, all)
}

/// The path of its configuration file, and the text where that was read; `None` where there is none.
pub(super) fn configuration<'a>(input: &PassInput<'a>, project: &Project) -> Option<(String, Option<&'a str>)> {
    let names = FileKind::endings_of(Ecosystem::Node).map(|ending| format!("next.config{ending}"));
    let mut paths = names.map(|name| path::join(&project.root, &name));
    let is_there = |path: &String| input.context().is_some_and(|context| context.find(path).is_some());
    let path = paths.find(|path| is_there(path) || input.evidence.texts.contains_key(path))?;
    let text = input.evidence.texts.get(&path).map(String::as_str);
    Some((path, text))
}

/// The folder that it builds into, below the project's; `None` where only running its configuration tells.
pub(in crate::optimize) fn output_folder(input: &PassInput, project: &Project) -> Option<String> {
    let Some((_, text)) = configuration(input, project) else { return Some(".next".to_owned()) };
    match literal(text?, "distDir") {
        Literal::Missing => Some(".next".to_owned()),
        Literal::Text(folder) => inner(folder),
        Literal::Open => None,
    }
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
