//! A service: which files run in it, which variables it gets, and which of them it needs.

use std::collections::{BTreeMap, BTreeSet};

use super::code::CodeFacts;
use super::environment_file;
use super::input::{FileUse, VariableInput};
use super::tools;
use crate::build::{
    BaseImage, Build, ImageSources, Lookup, Reference, Stage, StageBase, VariableOrigin, is_official, selects_projects,
};
use crate::compose::project::{ComposeMap, ComposePlace, ComposeProject, ComposeValue};
use crate::data;
use crate::dockerfile::Keyword;
use crate::ignore::{self, MatchedPatterns, Matcher};
use crate::manifest::{self, Ecosystem, FileKind, Project, is_manifest};
use crate::sources::imports::Sources;
use crate::sources::variables::Absence;
use crate::stack::StackService;
use crate::text::path;

/// A service.
pub(super) struct ServiceVariables<'i> {
    pub(super) name: &'i str,
    /// What it gets by its compose file.
    pub(super) environment: Vec<ServiceVariable<'i>>,
    /// The files that its image is made of, and those that are mounted.
    pub(super) files: Vec<usize>,
    /// Those of them that may run in it.
    pub(super) code: Vec<usize>,
    /// Whether all that it runs is known: its own code on an image that reads nothing by itself.
    pub(super) is_own: bool,
    /// Reads without which it fails and that nothing sets: the file, and the index of the read in it.
    pub(super) needs: Vec<(usize, usize)>,
    /// A file of variables that is not there, nor an example of it.
    pub(super) absent_file: Option<String>,
    /// Files of variables that it gets.
    pub(super) environment_files: Vec<usize>,
    /// Where it reads variables whose names only running it tells.
    pub(super) unknown: Option<(usize, usize)>,
    /// The names of the variables that it gets, or that its scripts set.
    pub(super) names: BTreeSet<String>,
    /// Those of the variables that its code reads which its image may set.
    pub(super) image_sets: BTreeSet<String>,
}

/// A variable that a service gets.
pub(super) struct ServiceVariable<'i> {
    pub(super) name: &'i str,
    pub(super) key: Option<ComposePlace>,
    pub(super) value: &'i ComposeValue,
    /// Whether its compose file names it, and not a file of variables.
    pub(super) is_written: bool,
    /// Whether only its name is written, so that Compose passes on what is set outside.
    pub(super) is_passed_on: bool,
}

impl<'i> ServiceVariables<'i> {
    pub(super) fn of(
        service: &StackService<'i>,
        project: &'i ComposeProject,
        input: &VariableInput,
        code: &CodeFacts,
    ) -> Self {
        let environment = service.value.get("environment").and_then(ComposeValue::as_map);
        let environment = environment.into_iter().flat_map(ComposeMap::iter).map(|(name, entry)| {
            let text = project.text(entry.key).unwrap_or_default();
            let value = project.text(entry.value.place).map_or("", |text| text.trim().trim_matches(['"', '\'']));
            let is_passed_on = entry.value.is_null() || ["", "~", "null", name].contains(&value);
            ServiceVariable { name, key: entry.key, value: &entry.value, is_written: text.contains(name), is_passed_on }
        });
        let mut known = Self {
            name: service.name,
            environment: environment.collect(),
            files: files(service, input, code),
            code: Vec::new(),
            is_own: false,
            needs: Vec::new(),
            absent_file: None,
            environment_files: Vec::new(),
            unknown: None,
            names: BTreeSet::new(),
            image_sets: BTreeSet::new(),
        };
        let mut names: BTreeSet<String> = known.environment.iter().map(|entry| entry.name.to_owned()).collect();
        known.add_files(service.value, input, code, &mut names);
        let folder = context(service.value).unwrap_or(&project.folder);
        known.code = running(service, input, code, folder, &known.files);
        let unknown = known.code.iter().find_map(|at| Some((*at, code.files[*at].reads.unknown?)));
        known.unknown = unknown;
        names.extend(other_names(service, input, code, &known.files));
        let build = service.image.as_ref().map(Build::new);
        let target = build.as_ref().and_then(|build| Some((build, build.target()?)));
        known.is_own = service.is_built
            && !known.code.is_empty()
            && target.is_some_and(|(build, stage)| is_plain(build, stage))
            && service.known.is_none_or(|known| !known.is_exact);
        let image_sets = |name: &str| target.is_none_or(|(build, stage)| may_set(build, stage, name));
        let reads = known.code.iter().flat_map(|at| &code.files[*at].reads.reads).map(|read| &read.name);
        known.image_sets = reads.filter(|name| image_sets(name)).cloned().collect();
        let command = commands(service);
        for at in &known.code {
            // A script with `set -u` that nothing starts fails for nobody.
            let file = &input.files[*at];
            if FileKind::of(&file.below).is_shell() && !is_named(&command, &known.code, path::name(&file.path), input) {
                continue;
            }
            for (index, read) in code.files[*at].reads.reads.iter().enumerate() {
                let is_set = || {
                    let file = format!("{}_FILE", read.name);
                    names.iter().any(|name| name.eq_ignore_ascii_case(&read.name) || *name == file)
                };
                if read.absence == Absence::Fails && !is_set() && !known.image_sets.contains(&read.name) {
                    known.needs.push((*at, index));
                }
            }
        }
        known.names = names;
        known
    }

    /// The files of variables of the service.
    fn add_files(
        &mut self,
        service: &ComposeValue,
        input: &VariableInput,
        code: &CodeFacts,
        names: &mut BTreeSet<String>,
    ) {
        for file in service.get("env_file").and_then(ComposeValue::as_list).unwrap_or_default() {
            let Some(path) = file.get("path").and_then(ComposeValue::as_text) else { continue };
            let is_required = file.get("required").and_then(ComposeValue::as_bool) != Some(false);
            let file = input.file(path).or_else(|| code.example_of(path, input));
            match file {
                Some(at) => {
                    self.environment_files.push(at);
                    names.extend(code.files[at].variables.iter().map(|variable| variable.name.clone()));
                }
                None if is_required => self.absent_file = Some(path.to_owned()),
                None => {}
            }
        }
    }
}

/// The build context of a service, absolute.
fn context(service: &ComposeValue) -> Option<&str> {
    service.get("build")?.get("context")?.as_text().filter(|context| context.starts_with('/'))
}

/// The files that its image is made of, and those that are mounted.
fn files(service: &StackService, input: &VariableInput, code: &CodeFacts) -> Vec<usize> {
    let mut files = BTreeSet::new();
    for volume in service.value.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default() {
        let text = |key: &str| volume.get(key).and_then(ComposeValue::as_text).unwrap_or_default();
        if text("type") == "bind" && text("source").starts_with('/') {
            files.extend(input.below(text("source")));
            files.extend(input.file(text("source")));
        }
    }
    let (Some(context), Some(image)) = (context(service.value), &service.image) else {
        return files.into_iter().collect();
    };
    let build = Build::new(image);
    let needed = build.stages().iter().filter(|stage| build.is_needed(stage));
    let transfers = needed.flat_map(|stage| build.transfers(stage)).filter(|transfer| transfer.from.is_none());
    let mut sources: BTreeSet<String> = BTreeSet::new();
    let mut compiled: BTreeSet<String> = BTreeSet::new();
    for source in transfers.flat_map(|transfer| &transfer.sources).filter(|source| !source.is_remote()) {
        // What is known only during the build may be anything, an address too.
        let Some(text) = source.text.as_deref() else { continue };
        let text = if source.is_everything() { "" } else { text };
        let fixed = text.find(['*', '?', '[']).map_or(text, |at| path::parent(&text[..at]));
        let source = path::normalize(fixed.trim_start_matches('/'));
        compiled.extend(compiled_project(&source, context, input));
        sources.insert(source);
    }
    let dockerfile =
        service.value.get("build").and_then(|build| build.get("dockerfile")).and_then(ComposeValue::as_text);
    let matcher = matcher(context, dockerfile.unwrap_or("Dockerfile"), input);
    let manifests = input.below(context).filter(|at| path::name(&input.files[*at].path) == "package.json");
    let projects =
        if selects_projects(&build) || manifests.count() > 1 { projects(context, input) } else { Vec::new() };
    let text = |at: usize| Some((path::relative(&input.files[at].path, context)?, input.files[at].source.text()));
    let texts: Vec<(&str, &str)> = input.below(context).filter_map(text).collect();
    let known = ImageSources::of(&build, build.target(), &projects, &texts);
    for at in input.below(context) {
        let Some(below) = path::relative(&input.files[at].path, context).filter(|below| known.may_run(below)) else {
            continue;
        };
        let is_taken = sources.iter().any(|source| path::is_within(below, source)) && !is_ignored(&matcher, below)
            // What a compiler made holds sources that the builder is not sent.
            || compiled.iter().any(|project| path::is_within(below, project));
        if is_taken && code.files[at].usage != Some(FileUse::Dockerfile) {
            files.insert(at);
        }
    }
    files.into_iter().collect()
}

/// The projects of a build context.
fn projects(context: &str, input: &VariableInput) -> Vec<Project> {
    let texts = input.below(context).filter_map(|at| {
        let below = path::relative(&input.files[at].path, context)?;
        Some((below, is_manifest(below).map(|_| input.files[at].source.text())))
    });
    manifest::projects(&texts.collect::<Vec<_>>()).projects
}

/// The project whose compiler made a source, where no file of the repository lies in the compiler's folder: `api` of
/// `api/target/app.jar`.
fn compiled_project(source: &str, context: &str, input: &VariableInput) -> Option<String> {
    let parts: Vec<&str> = source.split('/').collect();
    let at = parts.iter().position(|part| data::FOLDER_NAMES.has(part, "compiled"))?;
    let is_tracked = input.below(&path::child(context, &parts[..=at].join("/"))).next().is_some();
    let project = parts[..at].join("/");
    let mut files = input.below(&path::child(context, &project)).map(|at| FileKind::of(&input.files[at].below));
    let is_compiled = |kind: FileKind| {
        use Ecosystem::{DotNet, Go, Java, Rust};
        matches!(kind.ecosystem(), Some(DotNet | Go | Java | Rust))
    };
    (!is_tracked && files.any(is_compiled)).then_some(project)
}

/// The patterns of the ignore file of a build.
fn matcher(context: &str, dockerfile: &str, input: &VariableInput) -> Matcher {
    let beside = path::child(context, &format!("{dockerfile}.dockerignore"));
    let file = input.file(&beside).or_else(|| input.file(&path::child(context, ".dockerignore")));
    file.map(|at| ignore::parse(&input.files[at].source).matcher()).unwrap_or_default()
}

fn is_ignored(matcher: &Matcher, path: &str) -> bool {
    if matcher.is_empty() {
        return false;
    }
    let mut above = MatchedPatterns::default();
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    let mut is_excluded = false;
    for end in ends {
        let Ok(verdict) = matcher.decide(&path[..end], &above) else { return false };
        is_excluded = verdict.excluded;
        above = verdict.inherited;
    }
    is_excluded
}

/// Those of the files that the program of the service may load.
fn running(
    service: &StackService,
    input: &VariableInput,
    code: &CodeFacts,
    folder: &str,
    files: &[usize],
) -> Vec<usize> {
    let reads = |at: &usize| {
        let reads = &code.files[*at].reads;
        !reads.reads.is_empty() || reads.unknown.is_some() || !reads.sets.is_empty()
    };
    let interesting: Vec<usize> = files.iter().copied().filter(reads).collect();
    if interesting.is_empty() {
        return interesting;
    }
    let below = |at: usize| path::relative(&input.files[at].path, folder).unwrap_or(&input.files[at].path);
    let texts = files.iter().filter(|at| code.files[**at].usage == Some(FileUse::Program));
    let texts: BTreeMap<String, String> =
        texts.map(|at| (below(*at).to_owned(), input.files[*at].source.text().to_owned())).collect();
    let sources = Sources::new(&texts);
    let command = commands(service);
    let mut entries = sources.files_started_by(&command);
    // A script may start the program.
    let scripts = texts.iter().filter(|(path, _)| command.contains(path::name(path)));
    let further: Vec<&str> = scripts.flat_map(|(_, text)| sources.files_started_by(text)).collect();
    entries.extend(further);
    let reach = sources.reachable_from(entries);
    let may_run = |at: &usize| {
        let path = below(*at);
        input.files[*at].is_of_program() && reach.may_run(path) && reach.loads(path) != Some(false)
            || reach.loads(path) == Some(true)
    };
    interesting.into_iter().filter(may_run).collect()
}

/// What the service runs, as written.
fn commands(service: &StackService) -> String {
    let mut text = [service.words("entrypoint"), service.words("command")].concat().join(" ");
    if let Some(image) = &service.image {
        let build = Build::new(image);
        let stages = build.target().into_iter().flat_map(|stage| build.chain(stage));
        for stage in stages {
            for keyword in [Keyword::Entrypoint, Keyword::Cmd] {
                if let Some((_, instruction)) = build.last(stage, keyword) {
                    text.push(' ');
                    text.push_str(image.file.str(instruction.rest));
                }
            }
        }
    }
    text
}

/// Whether the command of a service, or a file that it runs, names a script.
fn is_named(command: &str, code: &[usize], name: &str, input: &VariableInput) -> bool {
    command.contains(name) || code.iter().any(|at| input.files[*at].source.text().contains(name))
}

/// Names that scripts, settings and files of variables in the container set, and those of its secrets.
fn other_names(service: &StackService, input: &VariableInput, code: &CodeFacts, files: &[usize]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for at in files {
        let (file, facts) = (&input.files[*at], &code.files[*at]);
        names.extend(facts.reads.sets.iter().cloned());
        if facts.usage == Some(FileUse::Environment) && !environment_file::is_example(&file.path) {
            names.extend(facts.variables.iter().map(|variable| variable.name.clone()));
        }
        if file.path.ends_with("/package.json") || file.path.ends_with("/Procfile") {
            names.extend(assignments(file.source.text()));
        }
    }
    names.extend(assignments(&commands(service)));
    for secret in service.value.get("secrets").and_then(ComposeValue::as_list).unwrap_or_default() {
        names.extend(
            ["source", "target"].iter().filter_map(|key| Some(path::name(secret.get(key)?.as_text()?).to_owned())),
        );
    }
    names
}

/// Names in front of `=` in a command line.
fn assignments(text: &str) -> impl Iterator<Item = String> + '_ {
    let words = text.split(|c: char| c.is_whitespace() || "\"'`;&|(){},".contains(c));
    let names = words.filter_map(|word| word.split_once('=')).map(|(name, _)| name);
    names.filter(|name| !name.is_empty() && !name.starts_with('-')).map(str::to_owned)
}

/// Whether the image of a stage may set a variable.
fn may_set(build: &Build, stage: &Stage, name: &str) -> bool {
    match build.scopes().lookup(stage.index, name, usize::MAX) {
        Lookup::Defined(definition) => matches!(definition.origin, VariableOrigin::Env | VariableOrigin::BaseImage),
        Lookup::Undefined => false,
        Lookup::Unknown => !is_plain(build, stage) || tools::is_set_by_images(name),
    }
}

/// Whether the image outside of the Dockerfile is a public one of a system or a language, or none.
fn is_plain(build: &Build, stage: &Stage) -> bool {
    match build.root_base(stage) {
        StageBase::Scratch => true,
        StageBase::Image(reference) => {
            let base = BaseImage::of(reference);
            base.source().is_some() || is_official(Reference::of(reference).short_name()) || base.has_shell().is_some()
        }
        _ => false,
    }
}
