//! The programs of a repository: what its Dockerfiles build, apart from what is for developers only.

use std::collections::{BTreeMap, BTreeSet};

use super::left_out::{built_projects, reasons_against};
use super::missing_source::missing_source;
use super::mounted_sources::folder_without_sources;
use super::named_packages::NamedPackages;
use super::server_start::ServerCommand;
use crate::build::{Build, Programs, Reference, Stage, StageBase, compiled_packages};
use crate::build::{starts_scheduler, starts_worker};
use crate::data;
use crate::dockerfile::Keyword;
use crate::emit::input::EmitInput;
use crate::emit::plan::ComposePlan;
use crate::emit::server_image::service_name;
use crate::inputs::BuildInput;
use crate::manifest::{Ecosystem, FileKind, Project};
use crate::sources::patterns;
use crate::text::{Span, path};
use crate::variables::{ServiceCode, VariableFile};
use crate::yaml::NewValue;

/// The maximum number of ports of a program that are published.
const MOST_PORTS: usize = 8;

/// A program that is built here.
#[derive(Debug)]
pub(in crate::emit) struct Application<'i> {
    pub(in crate::emit) name: String,
    pub(in crate::emit) build: Build<'i>,
    /// Its build context, absolute.
    pub(in crate::emit) context: String,
    /// The context as the compose file names it.
    pub(in crate::emit) context_text: String,
    /// Its Dockerfile, absolute.
    pub(in crate::emit) dockerfile: String,
    /// Its Dockerfile below the context, where it is not called `Dockerfile`.
    pub(in crate::emit) dockerfile_text: Option<String>,
    /// The folder of its containers that its sources come into as a volume, where its image lacks them.
    pub(in crate::emit) source_folder: Option<String>,
    /// A configuration that lies beside its Dockerfile and comes into its containers as a volume.
    pub(in crate::emit) configuration: Option<String>,
    /// The folders that its image declares with VOLUME.
    pub(in crate::emit) volumes: Vec<String>,
    /// The folders in which it keeps what users send it, with the places that show them.
    pub(in crate::emit) storage: Vec<(String, String)>,
    /// Its folders that lie in a volume of another program, each with the name of the volume.
    pub(in crate::emit) shared_volumes: BTreeMap<String, String>,
    /// The variable without which its server listens only at the address of the container's name.
    pub(in crate::emit) host_variable: Option<String>,
    /// The port that its server listens on.
    pub(in crate::emit) port: Option<u16>,
    /// The variable that says where it listens, which nothing sets.
    pub(in crate::emit) port_variable: Option<PortVariable>,
    /// Whether its sources have routes.
    pub(in crate::emit) answers_requests: bool,
    /// The server of its base image, where that is what it starts.
    pub(in crate::emit) server: Option<BuiltServer>,
    /// What it starts, as written.
    pub(in crate::emit) command: String,
    /// The command of its server, where its image starts nothing by itself.
    pub(in crate::emit) start: Option<ServerCommand>,
    /// Whether it takes tasks instead of requests.
    pub(in crate::emit) is_worker: bool,
    /// Whether it plans the tasks of workers.
    pub(in crate::emit) is_scheduler: bool,
    /// The command, or the source, that migrates a database, where a container runs it last and ends.
    pub(in crate::emit) migrates: Option<String>,
    /// The stage that is built, where its Dockerfile makes images of several programs.
    pub(in crate::emit) target: Option<String>,
    /// What the tools of its project must write before it is built: `target/shop.jar`.
    pub(in crate::emit) output: Option<String>,
    pub(in crate::emit) code: ServiceCode,
    /// Files with settings that a config server of the repository gives it, by their place in the repository's files.
    pub(in crate::emit) served_settings: Vec<usize>,
    /// The projects whose packages it runs with.
    pub(in crate::emit) projects: Vec<&'i Project>,
    /// The packages that its Dockerfile installs by their names.
    pub(in crate::emit) named_packages: NamedPackages,
    /// Why it is taken for a program, and where that shows.
    pub(in crate::emit) reason: String,
    pub(in crate::emit) place: String,
    /// Where the command stands that its container starts.
    pub(in crate::emit) command_place: String,
}

/// The variable that says where a program listens.
#[derive(Clone, Debug)]
pub(in crate::emit) struct PortVariable {
    pub(in crate::emit) name: String,
    /// Where it is read.
    pub(in crate::emit) place: String,
    /// Why it gets this port.
    pub(in crate::emit) reason: String,
}

/// A server that is built here.
#[derive(Clone, Debug)]
pub(in crate::emit) struct BuiltServer {
    /// The host of the row of `data/server_images.tsv` of its base image.
    pub(in crate::emit) host: &'static str,
    /// Its base image.
    pub(in crate::emit) image: String,
    /// The words that its Dockerfile starts the server with.
    pub(in crate::emit) words: Vec<String>,
}

impl<'i> Application<'i> {
    /// The files of its code.
    pub(in crate::emit) fn code_files<'f>(&self, input: &EmitInput<'f>) -> impl Iterator<Item = &'f VariableFile> {
        let files = &input.files.files;
        self.code.files.iter().map(|at| &files[*at])
    }

    /// Its sources that show something, each with the place of the first word that does.
    pub(in crate::emit) fn signs<'f>(
        &self,
        input: &EmitInput<'f>,
        meaning: &str,
    ) -> impl Iterator<Item = (&'f VariableFile, usize)> {
        let sources =
            self.code_files(input).filter(|file| FileKind::of(&file.below).has_code() && file.is_of_program());
        sources.filter_map(move |file| {
            let kind = FileKind::of(&file.below);
            let words = patterns::of(meaning).filter(|pattern| pattern.is_of(kind));
            Some((file, words.filter_map(|pattern| file.source.text().find(pattern.text)).min()?))
        })
    }

    /// Whether a file of its code is one of another program too.
    pub(in crate::emit) fn shares_code(&self, other: &Application<'_>) -> bool {
        self.code.files.iter().any(|file| other.code.files.binary_search(file).is_ok())
    }

    /// Its volumes for the folders that VOLUME declares and those for what users send, each with its folder.
    pub(in crate::emit) fn own_volumes(&self) -> Vec<(String, String)> {
        let folders: Vec<&String> = self.volumes.iter().chain(self.storage.iter().map(|known| &known.0)).collect();
        let name = |folder: &str| match folders.len() {
            1 => format!("{}-data", self.name),
            _ => service_name(&format!("{}-{}", self.name, folder.replace('/', " ").trim())),
        };
        let name = |folder: &String| self.shared_volumes.get(folder).cloned().unwrap_or_else(|| name(folder));
        folders.iter().map(|folder| (name(folder), (*folder).clone())).collect()
    }

    /// Its volumes for what users send, each with its folder.
    pub(in crate::emit) fn storage_volumes(&self) -> impl Iterator<Item = (String, String)> {
        let is_storage = |folder: &str| self.storage.iter().any(|(known, _)| known == folder);
        self.own_volumes().into_iter().filter(move |(_, folder)| is_storage(folder))
    }

    /// The words of its name: `auth`, `api` of `auth-api`.
    pub(in crate::emit) fn words_of_name(&self) -> impl Iterator<Item = &str> {
        self.name.split(['-', '_'])
    }

    /// The projects whose packages it runs with.
    pub(in crate::emit) fn projects(&self) -> impl Iterator<Item = &'i Project> {
        self.projects.iter().copied()
    }

    /// Whether it has a package when it runs.
    pub(in crate::emit) fn has_package(&self, ecosystem: Ecosystem, name: &str) -> bool {
        self.named_packages.has(ecosystem, name)
            || self.projects().any(|project| project.ecosystem == ecosystem && project.runs_with(name))
    }

    /// What `build` of its services is, with build arguments.
    pub(in crate::emit) fn build_value(&self, arguments: Vec<(String, NewValue)>) -> NewValue {
        let context = NewValue::scalar(&self.context_text);
        if self.dockerfile_text.is_none() && self.target.is_none() && arguments.is_empty() {
            return context;
        }
        let dockerfile = self.dockerfile_text.as_ref();
        let mut entries = vec![("context".to_owned(), context)];
        entries.extend(dockerfile.map(|dockerfile| ("dockerfile".to_owned(), NewValue::scalar(dockerfile))));
        entries.extend(self.target.as_ref().map(|target| ("target".to_owned(), NewValue::scalar(target))));
        if !arguments.is_empty() {
            entries.push(("args".to_owned(), NewValue::Mapping(arguments)));
        }
        NewValue::Mapping(entries)
    }

    /// The names of build arguments that its stages declare, and that have a default nowhere in its Dockerfile.
    pub(in crate::emit) fn open_arguments(&self) -> BTreeSet<String> {
        let build = &self.build;
        let source = build.input().file.source();
        let needed = build.stages().iter().filter(|stage| build.is_needed(stage));
        let arguments = needed.flat_map(|stage| build.instructions_of(stage, Keyword::Arg));
        let words = arguments.flat_map(|(_, instruction)| source.slice(instruction.rest.span).split_whitespace());
        let text = source.text();
        let has_default = |name: &str| {
            [format!("ARG {name}="), format!("{{{name}:"), format!("{{{name}-")].iter().any(|form| text.contains(form))
        };
        words.filter(|word| !word.contains('=') && !has_default(word)).map(str::to_owned).collect()
    }

    /// Whether its Dockerfile has a HEALTHCHECK.
    pub(in crate::emit) fn has_check(&self) -> bool {
        let build = &self.build;
        build.target().is_some_and(|stage| build.last(stage, Keyword::Healthcheck).is_some())
    }

    /// The ports to publish: that of its server, and the others that EXPOSE names with it, apart from those of debuggers.
    pub(in crate::emit) fn published_ports(&self) -> Vec<u16> {
        let build = &self.build;
        let exposed = build.target().map(|stage| build.exposed_ports(stage)).unwrap_or_default();
        let exposed: Vec<u16> = exposed.iter().map(|exposed| *exposed.ports.start()).collect();
        let Some(port) = self.port else { return Vec::new() };
        // EXPOSE of another port than the server's says nothing certain.
        if !exposed.contains(&port) {
            return vec![port];
        }
        let is_for_debugger = |port: &u16| data::DEBUGGER_PORTS.contains(&port.to_string());
        let others = exposed.into_iter().filter(|other| *other != port && !is_for_debugger(other));
        std::iter::once(port).chain(others).take(MOST_PORTS).collect()
    }

    /// Where a file of the repository lies in its image.
    pub(in crate::emit) fn place_in_image(&self, file: &VariableFile) -> Option<String> {
        let below = path::relative(&file.path, &self.context)?;
        self.build.place_in_image(self.build.target()?, below)
    }

    /// Its working folder in the container.
    pub(in crate::emit) fn folder(&self) -> String {
        let build = &self.build;
        let stage = build.target();
        let folder = stage.and_then(|stage| build.workdir(stage, usize::MAX).value().cloned());
        folder.unwrap_or_else(|| "/".to_owned())
    }
}

/// The programs, and the servers that are built here, as their Dockerfiles show them.
pub(in crate::emit) fn built_applications<'i>(input: &EmitInput<'i>, plan: &mut ComposePlan) -> Vec<Application<'i>> {
    let mut applications: Vec<Application> = Vec::new();
    let mut seen: BTreeMap<(String, BTreeSet<String>, Option<String>), &str> = BTreeMap::new();
    let mut builds: Vec<&BuildInput> = input.inputs.builds.iter().collect();
    // The usual name stands for variants of it.
    builds.sort_by_key(|build| {
        (path::name(&build.place) != "Dockerfile", names_workers(&build.place), build.place.clone())
    });
    let reasons = reasons_against(&builds);
    for (build_input, why) in builds.into_iter().zip(reasons) {
        let source = input.inputs.source(build_input.dockerfile);
        let build = Build::new(build_input);
        let (Some(stage), Some(root)) = (build.target(), build_input.context_root.as_deref()) else { continue };
        let name = source.name();
        let missing = missing_source(build_input);
        if let Some(why) = why {
            plan.notes.push(format!("{name} is left out: {why}"));
            continue;
        }
        let context = absolute(input.current, root);
        // Without a command, an image starts what its base does.
        let start = Some(command(&build, stage)).filter(|command| !command.is_empty());
        let start = start.or_else(|| base_name(&build).map(str::to_owned));
        // Scripts of one name in the image are several files of the repository.
        let script = started_script(input, &build, &context);
        let start = start.map(|start| format!("{start} {}", script.unwrap_or_default()));
        let key = (context.clone(), program_folders(build_input, &build, root), start);
        if let Some(other) = seen.get(&key) {
            plan.notes.push(format!("{name} is left out: {other} starts the same program"));
            continue;
        }
        seen.insert(key, name);
        let Some(mut application) = application(input, build, context) else { continue };
        if let Some(missing) = missing {
            let path = &missing.path;
            plan.notes.push(if missing.is_environment() {
                format!("{name} copies `{path}`, which git does not keep: write it before the first build")
            } else {
                format!("{name} copies `{path}`, which the project's build writes: run that build first")
            });
            application.output = Some(missing.path);
        }
        applications.push(application);
    }
    applications
}

/// Whether the place of a Dockerfile is called after what takes tasks: `docker/celery/Dockerfile`, `Dockerfile.worker`.
pub(in crate::emit) fn names_workers(place: &str) -> bool {
    let mut words = place.split(['/', '.', '-', '_']);
    words.any(|word| {
        let word = word.to_ascii_lowercase();
        let is_package = || data::WORKER_PROGRAMS.rows().any(|row| row[1] == word);
        word.trim_end_matches('s') == "worker" || is_package()
    })
}

/// The script of the repository that an image starts by its place in it.
fn started_script<'i>(input: &EmitInput<'i>, build: &Build, context: &str) -> Option<&'i str> {
    let stage = build.target()?;
    let text = command(build, stage);
    let is_end = |c: char| c.is_whitespace() || "[],\"'".contains(c);
    let words: Vec<&str> = text.split(is_end).filter(|word| word.starts_with('/')).collect();
    let is_started = |file: &&VariableFile| {
        let below = path::relative(&file.path, context);
        let is_named = |below: &str| words.iter().any(|word| path::name(word) == path::name(below));
        let below = below.filter(|below| is_named(below) || FileKind::of(below).is_shell());
        let place = below.and_then(|below| build.place_in_image(stage, below));
        place.is_some_and(|place| words.contains(&place.as_str()))
    };
    let files = if words.is_empty() { &[] } else { input.files.files.as_slice() };
    files.iter().find(is_started).map(|file| file.path.as_str())
}

/// The folders of the projects that a Dockerfile is for, below its context: those that its commands select, or its own.
fn program_folders(input: &BuildInput, build: &Build, root: &str) -> BTreeSet<String> {
    let mut folders: BTreeSet<String> = built_projects(input, build).selected.into_iter().map(str::to_owned).collect();
    let folder = path::parent(input.file.source().name());
    let below = path::relative(folder, root).unwrap_or(folder).to_owned();
    let projects = input.projects.iter().flat_map(|projects| projects.iter());
    if projects.map(|project| &project.root).any(|root| *root == below) {
        folders.insert(below);
    }
    // Programs of one Go module.
    folders.extend(compiled_packages(build));
    folders
}

/// What the image starts, as written.
fn command(build: &Build, stage: &Stage) -> String {
    let texts = [Keyword::Entrypoint, Keyword::Cmd].into_iter().filter_map(|keyword| {
        let (_, instruction) = build.last(stage, keyword)?;
        Some(build.input().file.str(instruction.rest).to_owned())
    });
    texts.collect::<Vec<_>>().join(" ")
}

fn application<'i>(input: &EmitInput<'i>, build: Build<'i>, context: String) -> Option<Application<'i>> {
    let stage = build.target()?;
    let build_input = build.input();
    let source = input.inputs.source(build_input.dockerfile);
    let dockerfile = absolute(input.current, source.name());
    let below = path::seen_from(&dockerfile, &context);
    let context_text = match path::seen_from(&context, input.folder) {
        below if below.is_empty() => ".".to_owned(),
        outside if outside.starts_with("..") => outside,
        below => format!("./{below}"),
    };
    let command = command(&build, stage);
    let (is_worker, is_scheduler) = (starts_worker(&command), starts_scheduler(&command));
    let place_of = |span: Option<Span>| format!("{}:{}", source.name(), span.map_or(1, |span| source.line(span.start)));
    let place = place_of(build.from_of(stage).map(|from| from.span));
    let last = [Keyword::Cmd, Keyword::Entrypoint].into_iter().find_map(|keyword| build.last(stage, keyword));
    let command_place = last.map_or_else(|| place.clone(), |(_, instruction)| place_of(Some(instruction.span)));
    Some(Application {
        name: String::new(),
        dockerfile_text: (below != "Dockerfile").then_some(below),
        source_folder: folder_without_sources(input, &build, stage, &context),
        configuration: None,
        volumes: build
            .volumes(stage)
            .into_iter()
            .filter(|folder| !data::SYSTEM_FOLDERS.has(folder, "open") && !folder.contains(['[', ']', ',', '"', '\'']))
            .collect(),
        context,
        context_text,
        dockerfile,
        port: None,
        port_variable: None,
        answers_requests: false,
        server: None,
        storage: Vec::new(),
        shared_volumes: BTreeMap::new(),
        host_variable: None,
        command,
        start: None,
        is_worker,
        is_scheduler,
        migrates: None,
        target: build_input.options.target.clone(),
        output: None,
        code: ServiceCode::default(),
        served_settings: Vec::new(),
        named_packages: NamedPackages::of(&build),
        projects: built_projects(build_input, &build)
            .projects
            .into_iter()
            .filter(|project| Programs::of(&build, stage).may_interpret(project.ecosystem))
            .collect(),
        reason: format!("{} builds a program", source.name()),
        place,
        command_place,
        build,
    })
}

/// A path as an absolute one.
pub(in crate::emit) fn absolute(current: &str, text: &str) -> String {
    let joined = if text.starts_with('/') { text.to_owned() } else { path::child(current, text) };
    format!("/{}", path::normalize(&joined).trim_start_matches('/'))
}

/// The name of the image that the last stage is made from, without registry and tag.
pub(in crate::emit) fn base_name<'b>(build: &'b Build) -> Option<&'b str> {
    let StageBase::Image(image) = build.root_base(build.target()?) else { return None };
    Some(Reference::of(image).short_name())
}
