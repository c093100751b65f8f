//! The compose files around a build, and the services in them that run its image.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::git::folders_above;
use crate::compose::{self, is_compose};
use crate::inputs::{BuildInput, Inputs};
use crate::load::compose::joined;
use crate::load::file::read_source;
use crate::optimize::{Listed, Service, services as listed};
use crate::text::Source;

/// Compose files that are read.
const FILES: usize = 40;

/// Entries of a folder that are looked at.
const ENTRIES: usize = 10_000;

/// Bytes that a compose file may have.
const LIMIT: u64 = 1 << 20;

/// Folders that projects keep compose files in.
const SUBFOLDERS: [&str; 8] = [".devcontainer", ".docker", "compose", "deploy", "deployment", "docker", "infra", "ops"];

/// The services that are built from this Dockerfile, or that run the image of one that is; by file and name.
pub(super) fn services(inputs: &Inputs, input: &BuildInput) -> Vec<Service> {
    let dockerfile = inputs.source(input.dockerfile);
    let Some(root) = &input.context_root else { return Vec::new() };
    let files: Vec<(PathBuf, Source)> = files(Path::new(root), Path::new(dockerfile.name()), Path::new(&inputs.root))
        .into_iter()
        .filter_map(|path| Some((path.clone(), read_source(&path, LIMIT).ok()?)))
        .collect();
    let mut own = Vec::new();
    let mut rest = Vec::new();
    for (path, source) in &files {
        let built = built(path, source, dockerfile);
        let folder = path.parent().unwrap_or(Path::new("."));
        for one in listed(source) {
            let is_own = one.build.is_some_and(|span| built.contains(&span.start));
            if is_own { &mut own } else { &mut rest }.push((folder, one));
        }
    }
    // Another file of the same folder may say more of a service; another service may run the same image.
    let same = |folder: &Path, one: &Listed| {
        one.build.is_none()
            && own.iter().any(|(of, known): &(&Path, Listed)| {
                let named = *of == folder && known.service.name == one.service.name;
                named || (known.image.is_some() && known.image == one.image)
            })
    };
    rest.retain(|(folder, one)| same(folder, one));
    let mut services: Vec<Service> = own.into_iter().chain(rest).map(|(_, one)| one.service).collect();
    services.sort_by(|a, b| (&a.file, &a.name).cmp(&(&b.file, &b.name)));
    services
}

/// Where the builds of this Dockerfile are written in a compose file.
fn built(path: &Path, source: &Source, dockerfile: &Source) -> BTreeSet<u32> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut built = BTreeSet::new();
    if !source.text().contains("build") {
        return built;
    }
    let inside = dockerfile.embedding();
    let real = Path::new(dockerfile.name()).canonicalize().ok().filter(|_| inside.is_none());
    for service in compose::read(source).services {
        let is_own = match (&service.inline, inside) {
            (Some(inline), Some(inside)) => {
                inline.embedding().is_some_and(|own| own.span == inside.span && own.host.text() == inside.host.text())
            }
            (None, None) => {
                let context = service.context.as_deref().unwrap_or(".");
                let below = joined(
                    &joined(folder, Path::new(context)),
                    Path::new(service.dockerfile.as_deref().unwrap_or("Dockerfile")),
                );
                real.is_some() && below.canonicalize().ok() == real
            }
            _ => false,
        };
        if is_own {
            built.insert(service.span.start);
        }
    }
    built
}

/// Compose files in the folders of the context and of the Dockerfile, in those above up to the repository's top (without
/// one: up to what was asked for, and the folder above that), and in some below.
fn files(root: &Path, dockerfile: &Path, asked: &Path) -> Vec<PathBuf> {
    let own = dockerfile.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut folders: Vec<PathBuf> = Vec::new();
    for start in [root, own] {
        let (mut above, repository) = folders_above(start);
        if !repository {
            let top = asked.canonicalize().ok();
            let asked = top.and_then(|top| above.iter().position(|one| *one == top)).unwrap_or(0);
            above.truncate(asked + 2);
        }
        folders.extend(above);
    }
    let mut seen = BTreeSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    let below: Vec<PathBuf> =
        folders.iter().flat_map(|folder| SUBFOLDERS.iter().map(|name| folder.join(name))).collect();
    let mut files = Vec::new();
    for folder in folders.into_iter().chain(below) {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        let mut found: Vec<PathBuf> = entries
            .take(ENTRIES)
            .filter_map(Result::ok)
            .filter(|entry| entry.file_name().to_str().is_some_and(is_compose))
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
            .map(|entry| shown(&entry.path()))
            .collect();
        found.sort();
        files.extend(found);
    }
    files.truncate(FILES);
    files
}

/// Below the folder at hand as the user would type it, else whole.
fn shown(path: &Path) -> PathBuf {
    let here = Path::new(".").canonicalize().ok();
    here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned)).unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Request, gather};

    fn check(files: &[(&str, &str)], asked: &str, expected: &[(&str, Option<&str>)]) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let full = folder.path().join(path);
            fs::create_dir_all(full.parent().unwrap()).unwrap();
            fs::write(full, text).unwrap();
        }
        let inputs = gather(&Request { path: folder.path().join(asked), ..Request::default() }).unwrap();
        let found = services(&inputs, &inputs.builds[0]);
        let found: Vec<_> = found.iter().map(|one| (&*one.name, one.command.as_deref())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn those_that_run_the_image_are_found() {
        let compose = "services:\n  api:\n    build: {context: ., dockerfile: api/Dockerfile}\n    image: own\n  worker:\n    image: own\n    \
                       command: work\n  db:\n    image: postgres\n  other:\n    build: web\n";
        let prod = "services:\n  api:\n    command: prod\n";
        let docker = "FROM a\nCOPY . .\n";
        let files = [
            ("api/Dockerfile", docker),
            ("compose.yml", compose),
            ("compose.prod.yml", prod),
            ("web/Dockerfile", docker),
        ];
        check(&files, "api", &[("api", Some("prod")), ("api", None), ("worker", Some("work"))]);
        check(&files, "web", &[("other", None)]);
        check(&files[..1], "api", &[]);
    }

    #[test]
    fn a_dockerfile_inside_of_a_compose_file_has_its_own_service() {
        let compose = "services:\n  a:\n    command: one\n    build:\n      dockerfile_inline: |\n        FROM a\n  b:\n    command: two\n    build:\n      dockerfile_inline: |\n        FROM a\n";
        check(&[("compose.yml", compose)], "", &[("a", Some("one"))]);
    }
}
