//! The files around a build that start containers or name images: compose files, other Dockerfiles, recipes and pipelines.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::compose_part::{ComposePart, ComposeReader};
use super::folder_files::FolderFiles;
use super::git::folders_above;
use crate::compose::project::{ComposeProject, ComposeValue};
use crate::compose::{self, ServiceRun};
use crate::data;
use crate::inputs::Service;
use crate::inputs::{BuildInput, Inputs};
use crate::load::compose_input::dockerfile_path;
use crate::load::file::folder_of;
use crate::text::Source;

/// Compose files that are read, and recipes.
const FILES: usize = 40;

/// What the files around a build say of its image and of others.
#[derive(Debug, Default)]
pub(super) struct SurroundingFiles {
    /// The services that are built from this Dockerfile, or that run the image of one that is; by file and name.
    pub(super) services: Vec<Service>,
    /// Names that these services give the image.
    pub(super) names: BTreeSet<String>,
    /// Images that the compose files name, by file.
    pub(super) images: Vec<Arc<BTreeSet<String>>>,
    /// Texts of recipes (`Makefile`, `justfile`) and pipelines, by path.
    pub(super) recipes: BTreeMap<String, Arc<str>>,
}

/// Reads them.
pub(super) fn read_services(
    inputs: &Inputs,
    input: &BuildInput,
    (reader, files): (&ComposeReader, &FolderFiles),
) -> SurroundingFiles {
    let dockerfile = inputs.source(input.dockerfile);
    let Some(root) = &input.context_root else { return SurroundingFiles::default() };
    let folders = folders(Path::new(root), Path::new(dockerfile.name()), Path::new(&inputs.root));
    let parts: Vec<_> = composes(&folders, files).into_iter().filter_map(|path| reader.part(path)).collect();
    let dockerfile_place = DockerfilePlace::of(dockerfile);
    let mut around = SurroundingFiles { recipes: recipes(&folders, files), ..SurroundingFiles::default() };
    around.images = parts.iter().map(|part| Arc::clone(&part.found_services().images)).collect();
    let services_by_part: Vec<Vec<usize>> = parts.iter().map(|part| dockerfile_place.services_of(part)).collect();
    // Another file of the same folder may say more of a service; another service may run the same image.
    let mut kept: Vec<(usize, usize)> = Vec::new();
    let services: Vec<(usize, usize)> = pairs(&services_by_part);
    for &(of, at) in &services {
        let built = &parts[of].found_services().all[at];
        for (number, part) in parts.iter().enumerate() {
            let running = part.found_services().running(built, part.folder() == parts[of].folder());
            kept.extend(running.map(|other| (number, other)));
        }
    }
    if services.is_empty() && inputs.builds.len() == 1 {
        kept = shared_images(&parts);
    }
    kept.sort_unstable();
    kept.dedup();
    let all = || services.iter().chain(&kept).map(|(of, at)| &parts[*of].found_services().all[*at]);
    around.names = all().filter_map(|service| service.image.clone()).collect();
    around.services = all().map(|service| service.service.clone()).collect();
    around.services.sort_by(|a, b| (&a.file, &a.name).cmp(&(&b.file, &b.name)));
    around.services.dedup_by(|a, b| (&a.file, &a.name) == (&b.file, &b.name));
    around
}

/// The numbers of parts with those of the services in them.
fn pairs(services: &[Vec<usize>]) -> Vec<(usize, usize)> {
    services.iter().enumerate().flat_map(|(part, services)| services.iter().map(move |at| (part, *at))).collect()
}

/// Where no file builds it, the image with a name of no other project that several services start is meant.
fn shared_images(parts: &[Arc<ComposePart>]) -> Vec<(usize, usize)> {
    let mut starts: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
    for (number, part) in parts.iter().enumerate() {
        for (at, service) in part.found_services().all.iter().enumerate() {
            if let Some(image) = service.image.as_deref() {
                starts.entry(image).or_default().push((number, at));
            }
        }
    }
    let shared = starts.into_iter().filter(|(image, services)| services.len() > 1 && is_local_name(image));
    shared.flat_map(|(_, services)| services).collect()
}

/// Whether an image has a name that no registry has and that Compose may have given it: `shop-app`, in no version.
fn is_local_name(image: &str) -> bool {
    let name = image.strip_suffix(":latest").unwrap_or(image);
    name.contains(['-', '_']) && !name.contains(['/', ':', '@', '$']) && !data::OFFICIAL_IMAGES.contains(name)
}

/// Where a Dockerfile is.
struct DockerfilePlace<'d> {
    dockerfile: &'d Source,
    /// Its path without links; `None` where it is a part of another file.
    path: Option<PathBuf>,
}

impl<'d> DockerfilePlace<'d> {
    fn of(dockerfile: &'d Source) -> Self {
        let is_file = dockerfile.embedding().is_none();
        let path = if is_file { Path::new(dockerfile.name()).canonicalize().ok() } else { None };
        Self { dockerfile, path }
    }

    /// The numbers of the services of a file that are built from it.
    fn services_of(&self, part: &ComposePart) -> Vec<usize> {
        let services = part.found_services();
        if let Some(path) = &self.path {
            return services.built_from(path).to_vec();
        }
        let service_of = |at: usize| part.written.model.get("services")?.get(&services.all[at].service.name);
        let is_it = |at: &usize| service_of(*at).is_some_and(|service| self.is_built_for(&part.written, service));
        services.inline.iter().copied().filter(is_it).collect()
    }

    /// Whether a service is built from it.
    fn is_built_for(&self, project: &ComposeProject, service: &ComposeValue) -> bool {
        let Some(build) = service.get("build") else { return false };
        let inline = build.get("dockerfile_inline");
        match (self.dockerfile.embedding(), inline) {
            (Some(embedding), Some(inline)) => inline.place.is_some_and(|place| {
                let host = project.sources.get(place.file.0 as usize);
                let is_alias = project.text(inline.place).is_some_and(|text| text.starts_with('*'));
                let is_it =
                    place.span == embedding.span || is_alias && inline.as_text() == Some(self.dockerfile.text());
                is_it && host.is_some_and(|host| host.text() == embedding.host.text())
            }),
            (None, None) => {
                let named = dockerfile_path(build).and_then(|path| Path::new(&path).canonicalize().ok());
                named.is_some() && named == self.path
            }
            _ => false,
        }
    }
}

/// The texts of recipes and pipelines in the folders and in those that forges keep them in.
fn recipes(folders: &[PathBuf], files: &FolderFiles) -> BTreeMap<String, Arc<str>> {
    let mut texts = BTreeMap::new();
    for path in files.commands(folders) {
        if texts.len() < FILES
            && let Some(text) = files.text(&path)
        {
            texts.insert(path.display().to_string(), text);
        }
    }
    texts
}

/// How compose files run containers of this Dockerfile's image, with the values of their environment files. A project that
/// Compose refuses runs nothing.
pub(super) fn runs(
    inputs: &Inputs,
    input: &BuildInput,
    (reader, files): (&ComposeReader, &FolderFiles),
) -> Vec<ServiceRun> {
    let dockerfile = inputs.source(input.dockerfile);
    let Some(root) = &input.context_root else { return Vec::new() };
    let folders = folders(Path::new(root), Path::new(dockerfile.name()), Path::new(&inputs.root));
    let place = DockerfilePlace::of(dockerfile);
    let mut all = Vec::new();
    for part in composes(&folders, files).into_iter().filter_map(|path| reader.part(path)) {
        // Few of the files around a build run its image.
        let numbers = place.services_of(&part);
        if numbers.is_empty() {
            continue;
        }
        let own_names: BTreeSet<&str> =
            numbers.iter().map(|at| part.found_services().all[*at].service.name.as_str()).collect();
        let Some(project) = part.accepted() else { continue };
        let services = part.services(project).filter(|service| own_names.contains(service.name));
        let services = services.filter(|service| place.is_built_for(project, service.value));
        let mut names: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for service in services {
            names.entry(service.file).or_default().insert(service.name.to_owned());
        }
        all.extend(names.iter().flat_map(|(file, names)| compose::runs(project, names, file)));
    }
    all
}

/// The folders of the context and of the Dockerfile, those above up to the repository's top (without one: up to what was
/// asked for, and the folder above that), and some below.
fn folders(root: &Path, dockerfile: &Path, requested: &Path) -> Vec<PathBuf> {
    let dockerfile_folder = folder_of(dockerfile);
    let mut folders: Vec<PathBuf> = Vec::new();
    for start in [root, dockerfile_folder] {
        let (mut above, repository) = folders_above(start);
        if !repository {
            let top = requested.canonicalize().ok();
            let depth = top.and_then(|top| above.iter().position(|folder| *folder == top)).unwrap_or(0);
            above.truncate(depth + 2);
        }
        folders.extend(above);
    }
    let mut seen = BTreeSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    folders
}

/// The compose files in the folders and in those that projects keep them in.
fn composes(folders: &[PathBuf], files: &FolderFiles) -> Vec<PathBuf> {
    let mut composes = files.composes(folders);
    composes.truncate(FILES);
    composes
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::load::test_rules::NoRules;
    use crate::load::{GatherRequest, gather};

    fn check(files: &[(&str, &str)], start: &str, expected: &[(&str, Option<&str>)]) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let full = folder.path().join(path);
            fs::create_dir_all(full.parent().unwrap()).unwrap();
            fs::write(full, text).unwrap();
        }
        let inputs =
            gather(&GatherRequest { path: folder.path().join(start), ..GatherRequest::new(&NoRules) }).unwrap();
        let services =
            read_services(&inputs, &inputs.builds[0], (&ComposeReader::new(&inputs), &FolderFiles::default()));
        let services: Vec<_> =
            services.services.iter().map(|service| (&*service.name, service.command.as_deref())).collect();
        assert_eq!(services, expected);
    }

    #[test]
    fn what_compose_runs_is_the_file_with_those_below_it() {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("Dockerfile", "FROM a\n"),
            (
                "compose.yml",
                "services:\n  api:\n    build: .\n    command: base\n    environment: [A=1]\n  db: {image: b}\n",
            ),
            ("compose.override.yml", "services:\n  api:\n    command: over\n"),
            ("compose.prod.yml", "services:\n  api:\n    environment: [B=2]\n"),
            ("compose.wrong.yml", "services:\n  api:\n    build: .\n    unknown: 1\n"),
        ] {
            fs::write(folder.path().join(path), text).unwrap();
        }
        let inputs = gather(&GatherRequest { path: folder.path().to_owned(), ..GatherRequest::new(&NoRules) }).unwrap();
        let runs = runs(&inputs, &inputs.builds[0], (&ComposeReader::new(&inputs), &FolderFiles::default()));
        let names = |run: &ServiceRun| run.environment.iter().map(|(name, _)| name.as_str()).collect::<String>();
        let shown: Vec<_> = runs
            .iter()
            .map(|run| (crate::text::path::name(&run.file), run.command.as_deref().unwrap().join(" "), names(run)))
            .collect();
        let expected = [
            ("compose.override.yml", "over".to_owned(), "A".to_owned()),
            ("compose.prod.yml", "base".to_owned(), "AB".to_owned()),
            ("compose.yml", "base".to_owned(), "A".to_owned()),
        ];
        assert_eq!(shown, expected);
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
    fn images_and_recipes_around_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let compose = "services:\n  web:\n    build: web\n    image: own/web\n  docs:\n    build: docs\n  proxy:\n    image: nginx:1.26\n";
        for (path, text) in [
            ("compose.yaml", compose),
            ("web/Dockerfile", "FROM node:22\nCOPY . .\n"),
            ("web/.dockerignore", "*.yaml\n"),
            ("docs/Dockerfile", "from --platform=linux/amd64 caddy:2.8 as docs\n"),
            ("justfile", "up:\n  docker compose up\n"),
            (".github/workflows/ci.yml", "on: push\n"),
            (".git/HEAD", "x"),
        ] {
            let full = folder.path().join(path);
            fs::create_dir_all(full.parent().unwrap()).unwrap();
            fs::write(full, text).unwrap();
        }
        let inputs =
            gather(&GatherRequest { path: folder.path().join("web"), ..GatherRequest::new(&NoRules) }).unwrap();
        let services =
            read_services(&inputs, &inputs.builds[0], (&ComposeReader::new(&inputs), &FolderFiles::default()));
        let images: BTreeSet<&str> =
            services.images.iter().flat_map(|images| images.iter().map(String::as_str)).collect();
        assert_eq!(images.into_iter().collect::<Vec<_>>(), ["caddy:2.8", "nginx:1.26", "node:22"]);
        assert_eq!(services.names.iter().collect::<Vec<_>>(), ["own/web"]);
        assert_eq!(services.recipes.len(), 2);
    }

    #[test]
    fn compose_files_are_read_with_those_below_them() {
        let docker = "FROM a\nCOPY . .\n";
        let base = "services:\n  api:\n    build: '${FOLDER:-api}'\n    command: ${START:-base}\n  job:\n    extends: {file: parts/job.yml, service: job}\n";
        let files = [
            ("api/Dockerfile", docker),
            ("compose.yml", base),
            ("compose.override.yml", "services:\n  api:\n    command: over\n    unknown: 1\n"),
            ("compose.prod.yml", "services:\n  api:\n    entrypoint: run\n"),
            ("compose.all.yml", "include: [parts/more.yml]\nservices:\n  api:\n    build: api\n    ports: {x: 1}\n"),
            ("parts/job.yml", "services:\n  job:\n    build: ../api\n    command: job\n"),
            ("parts/more.yml", "services:\n  more:\n    build: ../api\n    command: more\n"),
            (".env", "START=env\n"),
        ];
        let expected = [
            ("api", None),
            ("api", Some("over")),
            ("api", Some("env")),
            ("api", Some("env")),
            ("job", Some("job")),
            ("more", Some("more")),
        ];
        check(&files, "api", &expected);
    }

    #[test]
    fn a_dockerfile_inside_of_a_compose_file_has_its_own_service() {
        let compose = "services:\n  a:\n    command: one\n    build:\n      dockerfile_inline: |\n        FROM a\n  b:\n    command: two\n    build:\n      dockerfile_inline: |\n        FROM a\n";
        check(&[("compose.yml", compose)], "", &[("a", Some("one"))]);
    }
}
