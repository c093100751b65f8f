//! A compose file of the run, with the project that it is part of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::checked_sources::CheckedSources;
use super::compose_use::ComposeUse;
use super::missing_paths::{MissingPath, PathUse, named_paths};
use crate::compose::project::{
    ComposePlace, ComposeProject, ComposeValue, GapKind, Leniency, ProjectError, ProjectFile, ProjectFiles,
    ProjectRequest, Reading, project,
};
use crate::data;
use crate::text::{FileId, LineColumn, Source, path};

/// Every service, whatever its profiles.
const ALL_PROFILES: &str = "*";

/// A compose file that is checked, and what its project is read from.
#[derive(Clone, Debug)]
pub struct ComposeInput {
    /// The file.
    pub file: FileId,
    /// What is read: the file, alone or with those that it belongs to.
    pub request: ProjectRequest,
    /// What is known of the file system.
    pub known: Arc<ProjectFiles>,
    /// The files of the run that projects are read from, by absolute path.
    pub files: Arc<BTreeMap<String, FileId>>,
    /// Files that it includes or extends and that are not checked by themselves: what is found in them is told with it.
    pub parts: Vec<FileId>,
    /// The Dockerfiles of the services, as far as they could be read.
    pub dockerfiles: Arc<BTreeMap<String, Source>>,
    /// The configuration of proxies in the services, as far as it could be read.
    pub proxies: Arc<BTreeMap<String, Vec<ProxyConfiguration>>>,
    /// The Dockerfiles that services name and that are not there, by service.
    pub missing_dockerfiles: Arc<BTreeMap<String, MissingDockerfile>>,
    /// The files and folders that the project names and that are not there, by absolute path.
    pub missing_paths: Arc<BTreeMap<String, MissingPath>>,
    /// The environment files that git has, absolute.
    pub committed_files: Arc<BTreeSet<String>>,
    /// What the sources of the services say of their healthchecks, by service.
    pub checked_sources: Arc<BTreeMap<String, CheckedSources>>,
    /// What the texts around the file say of it.
    pub compose_use: ComposeUse,
    /// What the file comes to.
    pub reading: ComposeReading,
}

/// A file that says where a proxy passes requests to.
#[derive(Clone, Debug)]
pub struct ProxyConfiguration {
    /// The proxy that reads it: `nginx`.
    pub proxy: &'static str,
    /// The file.
    pub source: Source,
}

/// A Dockerfile that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingDockerfile {
    /// Its path, as seen from the project's folder.
    pub path: String,
    /// The Dockerfiles that lie in its folder.
    pub others: Vec<String>,
}

/// The Dockerfiles that services name and that are not there, where the context lies in the project's folder. `list` gives the
/// names in the folder at an absolute path; `None` where it cannot be read.
pub fn missing_dockerfiles(
    project: &ComposeProject,
    list: &dyn Fn(&str) -> Option<Vec<String>>,
) -> BTreeMap<String, MissingDockerfile> {
    let mut missing = BTreeMap::new();
    for (name, service) in project.services() {
        let text = |key: &str| service.get("build")?.get(key)?.as_text().filter(|text| !text.is_empty());
        let Some(context) = text("context").filter(|context| path::relative(context, &project.folder).is_some()) else {
            continue;
        };
        let dockerfile = text("dockerfile").unwrap_or("Dockerfile");
        let file = path::join(context, dockerfile);
        let Some(shown) = path::relative(&file, &project.folder) else { continue };
        let (folder, file_name) = path::split(&file);
        // An empty folder is one that git fills in, or that a script does.
        let is_filled = list(context).is_some_and(|names| !names.is_empty());
        let names = list(folder).unwrap_or_default();
        // Where there is no `Dockerfile`, BuildKit takes `dockerfile`.
        let is_it = |name: &String| name == file_name || file_name == "Dockerfile" && name == "dockerfile";
        if text("dockerfile_inline").is_some() || !is_filled || names.iter().any(is_it) {
            continue;
        }
        let others = names.into_iter().filter(|name| name.to_ascii_lowercase().contains("dockerfile")).collect();
        missing.insert(name.to_owned(), MissingDockerfile { path: shown.to_owned(), others });
    }
    missing
}

/// The configuration of proxies in a project's services: files that are mounted, and those that their Dockerfiles copy.
/// `read` gives the files at an absolute path: one, or those of a folder.
pub fn proxy_configurations(
    project: &ComposeProject,
    dockerfiles: &BTreeMap<String, Source>,
    read: &dyn Fn(&str) -> Vec<Source>,
) -> BTreeMap<String, Vec<ProxyConfiguration>> {
    let mut configurations = BTreeMap::new();
    let proxy_of = |target: &str| {
        let mut rows = data::PROXY_FOLDERS.rows();
        rows.find(|row| path::is_within(target, row[0])).map(|row| row[1])
    };
    for (name, service) in project.services() {
        let paths = image_files(service, dockerfiles.get(name));
        let paths = paths.into_iter().filter_map(|(target, path)| Some((proxy_of(&target)?, path)));
        let read = |(proxy, path): (&'static str, String)| {
            read(&path).into_iter().map(move |source| ProxyConfiguration { proxy, source }).collect::<Vec<_>>()
        };
        let files: Vec<ProxyConfiguration> = paths.flat_map(read).collect();
        if !files.is_empty() {
            configurations.insert(name.to_owned(), files);
        }
    }
    configurations
}

/// The services whose Dockerfiles or configuration set `process_control_timeout` of php-fpm; `read` as for proxies.
pub fn patient_services(
    project: &ComposeProject,
    dockerfiles: &BTreeMap<String, Source>,
    read: &dyn Fn(&str) -> Vec<Source>,
) -> BTreeSet<String> {
    let sets = |text: &str| {
        let lines = text.lines().map(str::trim_start).filter(|line| !line.starts_with([';', '#']));
        lines.into_iter().any(|line| line.contains("process_control_timeout"))
    };
    let is_patient = |name: &str, service: &ComposeValue| {
        let dockerfile = dockerfiles.get(name);
        let files = image_files(service, dockerfile).into_iter().filter(|(target, _)| target.contains("/etc"));
        dockerfile.is_some_and(|source| sets(source.text()))
            || files.flat_map(|(_, path)| read(&path)).any(|source| sets(source.text()))
    };
    let services = project.services().filter(|(name, service)| is_patient(name, service));
    services.map(|(name, _)| name.to_owned()).collect()
}

/// The files and folders of the host that a service has in its container, each behind its path there: those that are mounted, and
/// those that its Dockerfile copies.
fn image_files(service: &ComposeValue, dockerfile: Option<&Source>) -> Vec<(String, String)> {
    let text = |value: &ComposeValue, key: &str| Some(value.get(key)?.as_text()?.to_owned());
    let volumes = service.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default();
    let binds = volumes.iter().filter(|volume| text(volume, "type").as_deref() == Some("bind"));
    let mounted = binds.filter_map(|volume| Some((text(volume, "target")?, text(volume, "source")?)));
    let mut paths: Vec<(String, String)> = mounted.collect();
    let build = service.get("build");
    let (Some(context), Some(dockerfile)) = (build.and_then(|build| text(build, "context")), dockerfile) else {
        return paths;
    };
    let target = build.and_then(|build| text(build, "target"));
    let text = dockerfile.text().replace("\\\r\n", " ").replace("\\\n", " ");
    for line in lines_of_target(&text, target.as_deref()).into_iter().filter(|line| !line.contains("--from")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [keyword, sources @ .., target] = words.as_slice() else { continue };
        if keyword.eq_ignore_ascii_case("copy") {
            let sources = sources.iter().filter(|word| !word.starts_with("--"));
            let path = |word: &&str| path::child(&context, word.trim_start_matches("./"));
            paths.extend(sources.map(|word| ((*target).to_owned(), path(word))));
        }
    }
    paths
}

/// The lines of a Dockerfile that make the image of a target: those of its stage, and of the stages that it is based on.
fn lines_of_target<'t>(text: &'t str, target: Option<&str>) -> Vec<&'t str> {
    let mut stages: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace().filter(|word| !word.starts_with("--"));
        if words.next().is_some_and(|word| word.eq_ignore_ascii_case("from")) {
            let base = words.next().unwrap_or_default();
            let name = words.nth(1).unwrap_or_default();
            stages.push((name, base, Vec::new()));
        } else if let Some((.., lines)) = stages.last_mut() {
            lines.push(line);
        }
    }
    let position = |stages: &[(&str, &str, Vec<&str>)], wanted: &str| {
        let is_it = |(at, (name, ..)): (usize, &(&str, &str, Vec<&str>))| {
            name.eq_ignore_ascii_case(wanted) || wanted == at.to_string()
        };
        (0..stages.len()).rfind(|at| is_it((*at, &stages[*at])))
    };
    let wanted = target.filter(|target| !target.is_empty());
    let mut at = wanted.map_or(stages.len().checked_sub(1), |target| position(&stages, target));
    let mut lines = Vec::new();
    while let Some(stage) = at {
        lines.extend(stages[stage].2.iter().copied());
        at = position(&stages[..stage], stages[stage].1);
    }
    lines
}

/// What a compose file comes to.
#[derive(Clone, Debug, Default)]
pub struct ComposeReading {
    /// The project with the services of all profiles; `None` where it cannot be read.
    pub project: Option<Arc<ComposeProject>>,
    /// The services of it whose profiles are not active.
    pub inactive: BTreeSet<String>,
    /// The files of the run by the numbers that places of the project have; `None` for files of which nothing is reported.
    pub files: Vec<Option<FileId>>,
    /// What Compose refuses, and what is missing.
    pub problems: Vec<ProjectProblem>,
}

/// Something that Compose refuses, or that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectProblem {
    /// The file, as messages call it.
    pub file: String,
    /// The place in it.
    pub place: Option<LineColumn>,
    /// Whether Compose refuses the project wherever it runs.
    pub is_error: bool,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl ComposeInput {
    /// Reads the project again where one of its files changed.
    #[must_use]
    pub fn with_sources(&self, before: &[Source], now: &[Source]) -> Self {
        let text = |sources: &[Source], file: FileId| sources.get(file.0 as usize).map(Source::shared_text);
        let is_changed = |file: FileId| text(before, file) != text(now, file);
        let is_used = |file: FileId| self.reading.project.is_none() || self.reads(file);
        let changed: Vec<_> = self.files.iter().filter(|(_, file)| is_changed(**file)).collect();
        if !changed.iter().any(|(_, file)| is_used(**file)) {
            return self.clone();
        }
        let mut known = (*self.known).clone();
        for (path, file) in changed {
            if let Some(source) = now.get(file.0 as usize) {
                known.insert(path, ProjectFile::Text(source.clone()));
            }
        }
        let reading = ComposeReading::of(&self.request, &known, &self.files, self.name(now));
        Self { known: Arc::new(known), reading, ..self.clone() }
    }

    /// The file read alone, without what is put on top of it.
    #[must_use]
    pub fn without_overrides(&self, sources: &[Source]) -> Self {
        let mut request = self.request.clone();
        request.files.truncate(1);
        let reading = ComposeReading::of(&request, &self.known, &self.files, self.name(sources));
        Self { request, reading, ..self.clone() }
    }

    fn name<'s>(&self, sources: &'s [Source]) -> &'s str {
        sources.get(self.file.0 as usize).map_or("", Source::name)
    }

    /// Whether the project is read from a file.
    pub fn reads(&self, file: FileId) -> bool {
        file == self.file || self.reading.files.contains(&Some(file))
    }

    /// The file and the place in it that a place of the project means; `None` for files of which nothing is reported.
    pub fn locate(&self, place: ComposePlace) -> Option<FileId> {
        *self.reading.files.get(place.file.0 as usize)?
    }
}

impl ComposeReading {
    /// Reads a project; `name`: the file that is checked, as messages call it.
    pub fn of(request: &ProjectRequest, known: &ProjectFiles, files: &BTreeMap<String, FileId>, name: &str) -> Self {
        let mut reading = Self::from_first(project(&Self::first_request(request), known), request, known, name);
        reading.set_files(files);
        reading
    }

    /// What is read first: the services whose profiles are active.
    pub fn first_request(request: &ProjectRequest) -> ProjectRequest {
        ProjectRequest { leniency: Leniency::Gaps, ..request.clone() }
    }

    /// What is read where the first reading has not all: the services of all profiles.
    pub fn whole_request(request: &ProjectRequest, leniency: Leniency) -> ProjectRequest {
        ProjectRequest { leniency, profiles: vec![ALL_PROFILES.to_owned()], ..request.clone() }
    }

    /// What is read where a variable may have made the project another one: what it is refused for all the same.
    pub fn trial_request(request: &ProjectRequest) -> ProjectRequest {
        ProjectRequest { leniency: Leniency::Trial, ..request.clone() }
    }

    /// What the reading of [`Self::first_request`] comes to.
    pub fn from_first(first: Reading, request: &ProjectRequest, known: &ProjectFiles, name: &str) -> Self {
        let read = |leniency: Leniency| match project(&Self::whole_request(request, leniency), known) {
            Reading::Read(project) => Some(project),
            _ => None,
        };
        let mut reading = Self::default();
        let project = match first {
            Reading::Read(project) => {
                reading.gaps(&project, request, name);
                reading.inactive = project.disabled.iter().map(|(name, _)| name.to_owned()).collect();
                if project.disabled.is_empty() { Some(project) } else { read(Leniency::Gaps).or(Some(project)) }
            }
            Reading::Refused { error, sources, is_incomplete: false } => {
                reading.problem(&error, &sources, name, true);
                None
            }
            Reading::Refused { error, sources, .. } => {
                reading.problem(&error, &sources, name, false);
                if !request.is_part
                    && let Reading::Read(tried) = project(&Self::trial_request(request), known)
                {
                    reading.certain_refusals(&tried, name);
                }
                read(Leniency::StandIns)
            }
            Reading::Needs(_) => None,
        };
        reading.project = project.map(|project| Arc::new(*project));
        reading
    }

    /// Says which files of the run the project is read from, by their absolute paths.
    pub fn set_files(&mut self, files: &BTreeMap<String, FileId>) {
        let paths = self.project.iter().flat_map(|project| &project.paths);
        self.files = paths.map(|path| files.get(path).copied()).collect();
    }

    /// Environment files without which Compose refuses the project, where nothing makes them first.
    pub fn refuse_missing(&mut self, missing: &BTreeMap<String, MissingPath>) {
        let Some(project) = self.project.clone() else { return };
        let is_refused = |path: &str| missing.get(path).is_some_and(|missing| !missing.is_made);
        let files = named_paths(&project).into_iter().filter(|path| path.path_use == PathUse::EnvironmentFile);
        for place in files.filter(|file| is_refused(&file.path)).filter_map(|file| file.value.place) {
            let Some(source) = project.sources.get(place.file.0 as usize) else { continue };
            let (name, place) = (source.name(), Some(source.line_column(place.span.start)));
            let problems = self.problems.iter_mut().filter(|known| known.file == name && known.place == place);
            problems.for_each(|problem| problem.is_error = true);
        }
    }

    /// What Compose refuses in a project of which some values were left out.
    fn certain_refusals(&mut self, project: &ComposeProject, name: &str) {
        let is_refusal = |kind: GapKind| matches!(kind, GapKind::Value | GapKind::Reference);
        for gap in project.gaps.iter().filter(|gap| gap.is_certain && is_refusal(gap.kind)) {
            self.problem(&gap.error, &project.sources, name, true);
        }
    }

    fn gaps(&mut self, project: &ComposeProject, request: &ProjectRequest, name: &str) {
        let mut is_noted = false;
        for gap in &project.gaps {
            let is_part = request.is_part && gap.kind == GapKind::Reference;
            // The first says it.
            if is_part && std::mem::replace(&mut is_noted, true) {
                continue;
            }
            let is_error = match gap.kind {
                GapKind::Variable | GapKind::EnvironmentFile | GapKind::RemoteFile | GapKind::Value => false,
                GapKind::File => gap.is_certain,
                GapKind::Reference => gap.is_certain && !is_part,
            };
            let mut error = gap.error.clone();
            if is_part {
                error.help = Some(format!("name the files that it is put on top of, too: `-f FILE -f {name}`"));
            }
            self.problem(&error, &project.sources, name, is_error);
        }
    }

    fn problem(&mut self, error: &ProjectError, sources: &[Source], name: &str, is_error: bool) {
        let source = error.place.and_then(|place| Some((sources.get(place.file.0 as usize)?, place.span)));
        let (file, place) = match source {
            Some((source, span)) => (source.name(), Some(source.line_column(span.start))),
            None => (name, None),
        };
        let (message, help) = (error.message.clone(), error.help.clone());
        // Several services may name one file that is missing.
        if self.problems.iter().any(|known| known.file == file && known.message == message) {
            return;
        }
        self.problems.push(ProjectProblem { file: file.to_owned(), place, is_error, message, help });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::project::ProjectNeed;

    /// What is said of a compose file that lies alone: whether it is an error, and what is wrong.
    fn problems(text: &str) -> Vec<(bool, String)> {
        let request =
            ProjectRequest { files: vec!["compose.yaml".into()], folder: "/p".into(), ..ProjectRequest::default() };
        let mut known = ProjectFiles::default();
        known.insert("/p/compose.yaml", ProjectFile::Text(Source::of("compose.yaml", text)));
        while let Reading::Needs(needs) = project(&ComposeReading::first_request(&request), &known) {
            for need in needs {
                match need {
                    ProjectNeed::File(path) => known.insert(&path, ProjectFile::Missing),
                    ProjectNeed::Link(path) => known.insert_link(&path, path.clone()),
                }
            }
        }
        while let Reading::Needs(needs) = project(&ComposeReading::trial_request(&request), &known) {
            for need in needs {
                match need {
                    ProjectNeed::File(path) => known.insert(&path, ProjectFile::Missing),
                    ProjectNeed::Link(path) => known.insert_link(&path, path.clone()),
                }
            }
        }
        let reading = ComposeReading::of(&request, &known, &BTreeMap::new(), "compose.yaml");
        reading.problems.into_iter().map(|problem| (problem.is_error, problem.message)).collect()
    }

    #[test]
    fn a_variable_without_a_value_hides_no_other_refusal() {
        let unset = "  z:\n    image: \"ghcr.io/acme/z:${TAG}\"\n    environment: {A: $B}\n";
        for (service, message) in [
            ("depends_on: [dbb]", "the service `app` depends on `dbb`, which is not defined"),
            ("helthcheck: {test: x}", "unknown key `helthcheck`"),
            ("depends_on: {z: {condition: healthy}}", "must be "),
            ("depends_on: [app]", "the services wait for each other in a circle: app → app"),
            ("volumes: ['data:/d']", "the service `app` names the volume `data`, which is not defined"),
            ("networks: [back]", "the service `app` names the network `back`, which is not defined"),
            ("secrets: [token]", "the service `app` names the secret `token`, which is not defined"),
            ("configs: [conf]", "the service `app` names the config `conf`, which is not defined"),
            ("environment: {F: '${NAME', G: '${TAG}'}", "`${NAME` has a `${` that begins no variable"),
            ("environment: {F: '${TAG} ${NAME'}", "`${TAG} ${NAME` has a `${` that begins no variable"),
            ("ports: 80", "must be a list"),
            ("healthcheck: {test: [curl, x], interval: '${TAG}s'}", "the first word of a healthcheck's `test`"),
            ("deploy: {replicas: 2}\n    container_name: app", "2 containers of the service `app`"),
            ("network_mode: 'service:${TAG}'\n    depends_on: [dbb]", "the service `app` depends on `dbb`"),
        ] {
            let all = problems(&format!("services:\n  app:\n    image: x:1\n    {service}\n{unset}"));
            assert!(all.iter().any(|(is_error, text)| *is_error && text.starts_with(message)), "{service}: {all:?}");
        }
        let all = problems(&format!("services:\n  app: {{environment: {{A: '${{TAG}}'}}}}\n{unset}"));
        assert!(all.contains(&(true, "the service `app` has neither an `image` nor a `build`".to_owned())), "{all:?}");
    }

    #[test]
    fn what_a_variable_may_answer_is_no_error() {
        let service = |keys: &str| format!("services:\n  app:\n    image: x:1\n    {keys}\n");
        for text in [
            "services:\n  app:\n    image: '${IMAGE}'\n".to_owned(),
            service("depends_on: ['${DB}']"),
            service("volumes: ['${DATA}x:/d']"),
            service("ports: ['${PORT}:x']"),
            service("cpus: '${CPUS}'"),
            service("volumes: ['./a:/x${A}', './b:/x']"),
            service("healthcheck: {test: ['${A}', b]}"),
            service("container_name: 'app${A}'\n  b:\n    image: y\n    container_name: app"),
            format!("include: ['${{PARTS}}/compose.yaml']\n{}", service("depends_on: [db]")),
            service("env_file: '${FILE}'"),
            service("extends: {file: '${FILE}.yaml', service: b}\n    depends_on: [db]"),
        ] {
            let all = problems(&text);
            assert!(all.iter().all(|(is_error, _)| !is_error), "{text}: {all:?}");
        }
    }

    #[test]
    fn lines_of_a_target_are_those_of_its_stages() {
        let text = "FROM php:8.4-fpm AS base\nRUN a\nFROM --platform=linux/amd64 base AS prod\nCMD [\"php-fpm\"]\nFROM nginx AS web\nCOPY d /etc/nginx/conf.d/\nFROM base\nRUN c\n";
        assert_eq!(lines_of_target(text, Some("prod")), ["CMD [\"php-fpm\"]", "RUN a"]);
        assert_eq!(lines_of_target(text, Some("web")), ["COPY d /etc/nginx/conf.d/"]);
        assert_eq!(lines_of_target(text, Some("2")), ["COPY d /etc/nginx/conf.d/"]);
        assert_eq!(lines_of_target(text, None), ["RUN c", "RUN a"]);
        assert!(lines_of_target(text, Some("none")).is_empty());
        assert!(lines_of_target("", None).is_empty());
    }
}
