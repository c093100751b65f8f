//! The files around a build that start containers or name images: compose files, other Dockerfiles, recipes and pipelines.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::compose_part::{ComposePart, ComposeReader, PartService};
use super::git::folders_above;
use crate::compose::project::{ComposeProject, ComposeValue};
use crate::compose::{self, ServiceRun};
use crate::data;
use crate::inputs::Service;
use crate::inputs::{BuildInput, Inputs};
use crate::load::compose_input::dockerfile_path;
use crate::load::file::{folder_of, read_source};
use crate::manifest::FileKind;
use crate::text::Source;
use crate::text::path::is_compose;

/// Compose files that are read.
const FILES: usize = 40;

/// Entries of a folder that are looked at.
const ENTRIES: usize = 10_000;

/// Bytes that a recipe may have.
const LIMIT: u64 = 1 << 20;

/// Folders that projects keep compose files in.
const SUBFOLDERS: [&str; 8] = [".devcontainer", ".docker", "compose", "deploy", "deployment", "docker", "infra", "ops"];

/// What the files around a build say of its image and of others.
#[derive(Debug, Default)]
pub(super) struct SurroundingFiles {
    /// The services that are built from this Dockerfile, or that run the image of one that is; by file and name.
    pub(super) services: Vec<Service>,
    /// Names that these services give the image.
    pub(super) names: BTreeSet<String>,
    /// Images that compose files and Dockerfiles name.
    pub(super) images: BTreeSet<String>,
    /// Texts of recipes (`Makefile`, `justfile`) and pipelines, by path.
    pub(super) recipes: BTreeMap<String, String>,
}

/// Reads them.
pub(super) fn read_services(inputs: &Inputs, input: &BuildInput, reader: &ComposeReader) -> SurroundingFiles {
    let dockerfile = inputs.source(input.dockerfile);
    let Some(root) = &input.context_root else { return SurroundingFiles::default() };
    let folders = folders(Path::new(root), Path::new(dockerfile.name()), Path::new(&inputs.root));
    let parts: Vec<_> = composes(&folders).into_iter().filter_map(|path| reader.part(path)).collect();
    let dockerfile_place = DockerfilePlace::of(dockerfile);
    let mut around = SurroundingFiles { recipes: recipes(&folders), ..SurroundingFiles::default() };
    for build in &inputs.builds {
        around.images.extend(bases(inputs.source(build.dockerfile)));
    }
    let mut services = Vec::new();
    let mut rest = Vec::new();
    for part in &parts {
        around.images.extend(part.dockerfiles.iter().flat_map(bases));
        for service in found_services(part, &dockerfile_place) {
            if !service.is_built {
                around.images.extend(service.image.clone());
            }
            if service.is_own { &mut services } else { &mut rest }.push((part.folder(), service));
        }
    }
    // Another file of the same folder may say more of a service; another service may run the same image.
    let same = |folder: &Path, service: &FoundService| {
        !service.is_built
            && services.iter().any(|(of, known): &(&Path, FoundService)| {
                let named = *of == folder && known.service.name == service.service.name;
                let has_its_image = || match (&known.image, &service.image) {
                    (None, Some(image)) => {
                        *of == folder && known.is_built && is_default_name(image, &known.service.name)
                    }
                    (known, image) => known.is_some() && known == image,
                };
                named || has_its_image()
            })
    };
    // Where no file builds it, the image with a name of no other project that several services start is meant.
    let is_meant = |service: &FoundService| {
        let image = service.image.as_deref().filter(|image| services.is_empty() && is_local_name(image));
        let is_shared =
            |image: &str| rest.iter().filter(|(_, known)| known.image.as_deref() == Some(image)).count() > 1;
        image.is_some_and(is_shared) && inputs.builds.len() == 1
    };
    let is_kept: Vec<bool> = rest.iter().map(|(folder, service)| same(folder, service) || is_meant(service)).collect();
    let mut kept = is_kept.into_iter();
    rest.retain(|_| kept.next() == Some(true));
    let all = || services.iter().chain(&rest);
    around.names = all().filter_map(|(_, service)| service.image.clone()).collect();
    around.services = all().map(|(_, service)| service.service.clone()).collect();
    around.services.sort_by(|a, b| (&a.file, &a.name).cmp(&(&b.file, &b.name)));
    around.services.dedup_by(|a, b| (&a.file, &a.name) == (&b.file, &b.name));
    around
}

/// Whether an image has the name that Compose gives that of a service without `image`, whatever the project is called:
/// `shop-api` of `api`, with the older versions of Compose `shop_api`.
fn is_default_name(image: &str, service: &str) -> bool {
    let name = image.strip_suffix(":latest").unwrap_or(image);
    let front = name.strip_suffix(service).filter(|front| front.len() > 1 && front.ends_with(['-', '_']));
    front.is_some() && !name.contains(['/', ':', '@'])
}

/// Whether an image has a name that no registry has and that Compose may have given it: `shop-app`, in no version.
fn is_local_name(image: &str) -> bool {
    let name = image.strip_suffix(":latest").unwrap_or(image);
    name.contains(['-', '_']) && !name.contains(['/', ':', '@', '$']) && !data::OFFICIAL_IMAGES.contains(name)
}

/// A service of a compose file, and how its image comes about.
struct FoundService {
    service: Service,
    image: Option<String>,
    is_built: bool,
    /// Whether it is built from the Dockerfile at hand.
    is_own: bool,
}

/// The services of which a file says something.
fn found_services(part: &ComposePart, dockerfile: &DockerfilePlace) -> Vec<FoundService> {
    let project = &part.written;
    let found_service = |PartService { name, value, file }| FoundService {
        service: Service::of(project, name, value, file),
        image: value.get("image").and_then(ComposeValue::as_text).map(str::to_owned),
        is_built: value.get("build").is_some(),
        is_own: dockerfile.is_built_for(project, value),
    };
    part.services(project).map(found_service).collect()
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

/// The images that the stages of a Dockerfile stand on, as they are written.
fn bases(dockerfile: &Source) -> Vec<String> {
    let words = dockerfile.text().lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let of = |words: Vec<&str>| {
        let from = words.first().is_some_and(|first| first.eq_ignore_ascii_case("from"));
        if from { words.into_iter().skip(1).find(|word| !word.starts_with("--")).map(str::to_owned) } else { None }
    };
    words.filter_map(of).collect()
}

/// The texts of recipes and pipelines in the folders and in those that forges keep them in.
fn recipes(folders: &[PathBuf]) -> BTreeMap<String, String> {
    let of_forge = folders.iter().map(|folder| folder.join(".github/workflows"));
    let mut texts = BTreeMap::new();
    for folder in folders.iter().cloned().chain(of_forge) {
        for path in entries(&folder, |name| FileKind::of(name).holds_commands() || folder.ends_with("workflows")) {
            if texts.len() < FILES
                && let Ok(source) = read_source(&path, LIMIT)
            {
                texts.insert(path.display().to_string(), source.text().to_owned());
            }
        }
    }
    texts
}

/// How compose files run containers of this Dockerfile's image, with the values of their environment files. A project that
/// Compose refuses runs nothing.
pub(super) fn runs(inputs: &Inputs, input: &BuildInput, reader: &ComposeReader) -> Vec<ServiceRun> {
    let dockerfile = inputs.source(input.dockerfile);
    let Some(root) = &input.context_root else { return Vec::new() };
    let folders = folders(Path::new(root), Path::new(dockerfile.name()), Path::new(&inputs.root));
    let place = DockerfilePlace::of(dockerfile);
    let mut all = Vec::new();
    for part in composes(&folders).into_iter().filter_map(|path| reader.part(path)) {
        // Few of the files around a build run its image.
        let is_built = |project: &ComposeProject, service: &PartService| place.is_built_for(project, service.value);
        if !part.services(&part.written).any(|service| is_built(&part.written, &service)) {
            continue;
        }
        let Some(project) = part.accepted() else { continue };
        let services = part.services(project).filter(|service| is_built(project, service));
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
fn composes(folders: &[PathBuf]) -> Vec<PathBuf> {
    let below = folders.iter().flat_map(|folder| SUBFOLDERS.iter().map(|name| folder.join(name)));
    let mut files: Vec<PathBuf> =
        folders.iter().cloned().chain(below).flat_map(|folder| entries(&folder, is_compose)).collect();
    files.truncate(FILES);
    files
}

/// The regular files of a folder whose names are wanted.
fn entries(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries
        .take(ENTRIES)
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_str().is_some_and(&wanted))
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| display_path(&entry.path()))
        .collect();
    paths.sort();
    paths
}

/// Below the folder at hand as the user would type it, else whole.
fn display_path(path: &Path) -> PathBuf {
    let here = Path::new(".").canonicalize().ok();
    here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned)).unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests {
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
        let services = read_services(&inputs, &inputs.builds[0], &ComposeReader::new(&inputs));
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
        let runs = runs(&inputs, &inputs.builds[0], &ComposeReader::new(&inputs));
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
        let services = read_services(&inputs, &inputs.builds[0], &ComposeReader::new(&inputs));
        assert_eq!(services.images.iter().collect::<Vec<_>>(), ["caddy:2.8", "nginx:1.26", "node:22"]);
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

    #[test]
    fn names_of_compose_end_with_the_service() {
        for image in ["shop-app:latest", "shop-app", "shop_app"] {
            assert!(is_default_name(image, "app"), "{image}");
        }
        for image in ["app", "-app", "shop-app:1.2", "example.org/shop-app", "shopapp", "shop-api"] {
            assert!(!is_default_name(image, "app"), "{image}");
        }
    }
}
