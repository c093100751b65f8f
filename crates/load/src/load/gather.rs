//! What was asked for ─► inputs: Dockerfiles first, then, in parallel and once, what they make necessary. What can't be
//! read is a problem in the inputs, and the rest is still looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::LoadError;
use super::compose_input::{ComposeFile, add_composes, files_of_dotenv, read_composes};
use super::context::{self, Limits};
use super::context_place::{BuildPlace, place};
use super::discover::{Discovery, discover, is_test_input};
use super::disk::Disk;
use super::dockerfiles::{DockerfileText, ReadFiles, dockerfiles};
use super::file::{COMPOSE_LIMIT, display_path, folder_of, join_path, missing, problem, problem_with_help, read_input};
use super::git::git_modes;
use super::project_files::ProjectFiles;
use super::projects::{leave_out_untaken, projects};
use super::recipes::{self, NamedContext};
use super::request::{FactSelection, GatherRequest, PipelineSelection};
use super::text_files::texts;
use super::workflows::add_workflows;
use super::workloads::{add_places, add_probed_sources, add_workloads};
use crate::build::{Build, generated_line};
use crate::dockerfile::{self, Template};
use crate::ignore::{self, Matcher};
use crate::inputs::context::BuildContext;
use crate::inputs::{BuildInput, Folder, GitModes, IgnoreInput, InputProblem, Inputs, Need, Needs};
use crate::manifest::Project;
use crate::settings::FactNeeds;
use crate::text::path::is_compose;
use crate::text::{FileId, Source};

/// Finds the builds under a path and gathers what `needs` names.
///
/// # Errors
/// When the path itself can't be read.
pub fn gather(request: &GatherRequest) -> Result<Inputs, LoadError> {
    let kind = std::fs::metadata(&request.path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => missing(&request.path),
        _ => LoadError::of_system(&request.path, error),
    })?;
    if kind.is_dir() && (request.file.is_none() || request.needs.context() || request.wants != FactSelection::Nothing) {
        // A folder that was asked for and stays closed is not an empty one.
        std::fs::read_dir(&request.path).map_err(|error| LoadError::of_system(&request.path, error))?;
    }
    let mut inputs = Inputs { root: display_path(&request.path), today: request.today, ..Inputs::default() };
    let (mut files, mut recipes, mut pipelines, mut manifests) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    if let Some(file) = &request.file {
        files.push(file.clone());
    } else if kind.is_dir() {
        let discovery = discover(&request.path, request);
        notes(&mut inputs, &discovery);
        files = discovery.dockerfiles;
        files.extend(discovery.compose);
        recipes = discovery.recipes;
        pipelines = discovery.pipelines;
        manifests = discovery.manifests;
    } else {
        files.push(request.path.clone());
    }
    let sources: Vec<Result<Source, LoadError>> = files.par_iter().map(|path| read_input(path)).collect();
    let root = kind.is_dir().then_some(request.path.as_path());
    let commands: Vec<PathBuf> = recipes.iter().chain(&pipelines).cloned().collect();
    match &request.pipelines {
        PipelineSelection::None => pipelines.clear(),
        PipelineSelection::All => {}
        PipelineSelection::Named(named) => pipelines.clone_from(named),
    }
    let mut named = add_workflows(&mut inputs, &pipelines, &request.path);
    named.extend(add_workloads(&mut inputs, &manifests, &commands, &request.path));
    super::settings::load_settings(&mut inputs, &named, &request.configuration, None, &request.disk);
    fill(&mut inputs, files.into_iter().zip(sources), request, (root, &recipes));
    add_places(&mut inputs, &request.path);
    add_probed_sources(&mut inputs);
    if request.folder && inputs.builds.iter().all(|build| build.context.is_none()) {
        let parent = || folder_of(&request.path);
        inputs.folder = folder(&mut inputs, root.unwrap_or_else(parent));
    }
    Ok(inputs)
}

/// The folder itself, as its .dockerignore leaves it.
fn folder(inputs: &mut Inputs, root: &Path) -> Option<Folder> {
    let path = context::ignore_file_for(None, root);
    let mut matcher = Matcher::default();
    if let Some(path) = &path {
        match super::read_source(path, super::DOCKERFILE_LIMIT) {
            Ok(source) => matcher = ignore::parse(&source).matcher(),
            Err(error) => inputs.problems.push(ignore_problem(&error)),
        }
    }
    match context::read(root, &display_path(root), &matcher, Limits::default()) {
        Ok(context) => Some(Folder { context: Arc::new(context), ignore_file: path.as_deref().map(display_path) }),
        Err(error) => {
            inputs.problems.push(unwalked(root, &error));
            None
        }
    }
}

fn unwalked(root: &Path, error: &context::Error) -> InputProblem {
    InputProblem {
        code: "context-unreadable",
        file: display_path(root),
        place: None,
        fatal: false,
        message: error.to_string(),
        help: Some("the build context was not checked".into()),
    }
}

/// What the builder says of a value of `--platform` that it refuses.
fn wrong_platform(platforms: &str) -> Option<InputProblem> {
    let error = platforms.split(',').find_map(|platform| dockerfile::platform_error(platform.trim()))?;
    Some(InputProblem {
        code: "platform",
        file: "--platform".to_owned(),
        place: None,
        fatal: true,
        message: format!("the builder refuses `--platform {platforms}`: {error}"),
        help: Some("pass a platform such as `linux/arm64`".to_owned()),
    })
}

/// The inputs of Dockerfiles that were read already; `None` for the path of one that has no place.
pub fn gather_texts(texts: Vec<(Option<PathBuf>, Result<Source, LoadError>)>, request: &GatherRequest) -> Inputs {
    let mut inputs = Inputs { root: ".".into(), today: request.today, ..Inputs::default() };
    let texts = texts.into_iter().map(|(path, text)| (path.unwrap_or_default(), text));
    if let PipelineSelection::Named(pipelines) = &request.pipelines
        && let Some(first) = pipelines.first()
    {
        let named = add_workflows(&mut inputs, pipelines, first);
        super::settings::load_settings(&mut inputs, &named, &request.configuration, None, &request.disk);
    }
    fill(&mut inputs, texts, request, (None, &[]));
    inputs
}

/// Compose files, alone or those under folders; nothing else is looked at.
///
/// # Errors
/// When a path can't be read.
pub fn gather_composes(paths: &[PathBuf], request: &GatherRequest) -> Result<Inputs, LoadError> {
    let root = if let [path] = paths { display_path(path) } else { ".".to_owned() };
    let mut inputs = Inputs { root, today: request.today, ..Inputs::default() };
    let mut files = Vec::new();
    let paths = if request.compose.files.is_empty() { paths } else { &request.compose.files };
    for path in paths {
        match std::fs::metadata(path) {
            Ok(kind) if kind.is_dir() => {
                let below = discover(path, request).compose.into_iter().filter(|file| is_compose(&display_path(file)));
                files.extend(below.filter(|file| !is_test_input(path, file)));
                let known: BTreeSet<PathBuf> = files.iter().map(|file| join_path(Path::new("."), file)).collect();
                let listed = files_of_dotenv(path).into_iter().filter(|file| !known.contains(file));
                files.extend(listed.filter(|file| file.is_file()));
            }
            Ok(_) => files.push(path.clone()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(missing(path)),
            Err(error) => return Err(LoadError::of_system(path, error)),
        }
    }
    let mut composes = Vec::new();
    for path in files {
        match super::read_source(&path, COMPOSE_LIMIT) {
            Ok(source) => composes.push((path, source)),
            Err(error) => inputs.problems.push(problem(&error)),
        }
    }
    let named = add_composes(&mut inputs, read_composes(composes, &request.compose), false, &request.disk);
    super::settings::load_settings(&mut inputs, &named, &request.configuration, None, &request.disk);
    needs(&mut inputs, request);
    Ok(inputs)
}

fn notes(inputs: &mut Inputs, discovery: &Discovery) {
    if let Some(first) = discovery.test_inputs.first() {
        let count = match discovery.test_inputs.len() {
            1 => format!("`{}` is test data, and was not checked", display_path(first)),
            count => {
                format!("{count} Dockerfiles are test data (`{}`), and were not checked", display_path(first))
            }
        };
        inputs.notices.push(format!("{count}; pass such a file to check it"));
    }
    inputs.problems.extend(discovery.problems());
}

/// One Dockerfile on its way to an input.
struct InputDraft {
    path: PathBuf,
    input: BuildInput,
    uses_context: bool,
    place: BuildPlace,
    ignore: Option<(PathBuf, Source)>,
}

fn fill(
    inputs: &mut Inputs,
    files: impl Iterator<Item = (PathBuf, Result<Source, LoadError>)>,
    request: &GatherRequest,
    (root, recipes): (Option<&Path>, &[PathBuf]),
) {
    inputs.problems.extend(request.options.platform.as_deref().and_then(wrong_platform));
    let walked = if request.file.is_none() { root } else { None };
    let files: Vec<(PathBuf, Result<Source, LoadError>)> = files.collect();
    let around = files_around(&files, request);
    let ReadFiles { texts: read, mut composes, contexts } =
        dockerfiles(inputs, files.into_iter(), (walked, request), &around);
    composes.retain(|file| walked.is_none_or(|root| !is_test_input(root, &file.path)));
    if walked.is_some() {
        leave_out_comments(inputs, &mut composes);
    }
    let mut named: Vec<(PathBuf, FileId)> = read.iter().map(|(path, id, ..)| (path.clone(), *id)).collect();
    // Rules about deployments are off unless they are selected.
    let is_selected = request.line.choice.select.is_some();
    let for_deployments = is_selected && matches!(request.pipelines, PipelineSelection::All);
    named.extend(add_composes(inputs, composes, for_deployments, &request.disk));
    super::settings::load_settings(inputs, &named, &request.configuration, walked, &request.disk);
    let (needs, facts) = needs(inputs, request);
    let request = &GatherRequest { needs, ..request.clone() };
    let mut contexts = contexts;
    // Nobody asks for a context that nothing is looked up in.
    if request.needs.context() && !read.is_empty() {
        let walked = walked.filter(|root| !root.as_os_str().is_empty());
        add_contexts(walked.map(|root| (root, recipes)), &around, &mut contexts, &request.disk);
    }
    let contexts_of =
        |path: &Path| request.disk.real_path(path).and_then(|real| contexts.get(&real)).map_or(&[][..], Vec::as_slice);
    let mut drafts: Vec<InputDraft> =
        read.into_par_iter().map(|text| draft((contexts_of(&text.0), text), request, root)).collect();
    add_texts_notices(inputs, &drafts);
    read_ignore_files(inputs, &mut drafts);
    let contexts = if request.needs.context() { walk(inputs, &drafts, request) } else { BTreeMap::new() };
    let mut modes: BTreeMap<PathBuf, Arc<GitModes>> = BTreeMap::new();
    for draft in drafts {
        inputs.notices.extend(draft.place.notice.clone());
        let mut input = draft.input;
        input.context_notice.clone_from(&draft.place.notice);
        input.context_doubt = draft.place.doubt;
        if let Some(known) = contexts.get(&(draft.place.root.clone(), draft.ignore.map(|(path, _)| path))) {
            input.context = Some(Arc::clone(&known.context));
            input.projects.clone_from(&known.projects);
            if let Some(root) = draft.place.root.as_deref()
                && request.needs.has(Need::ContextTexts)
            {
                input.texts = Some(Arc::new(texts(root, &input)));
            }
            if request.needs.has(Need::Git)
                && let Some(root) = draft.place.root
            {
                let read = || Arc::new(git_modes(&root, &known.context));
                input.git = Some(Arc::clone(modes.entry(root.clone()).or_insert_with(read)));
            }
        }
        inputs.builds.push(input);
    }
    leave_out_untaken(inputs);
    if request.shellcheck {
        super::shellcheck::ask(inputs, &facts);
    }
}

/// Adds the contexts that the recipes of a folder and those around it name.
fn add_contexts(
    walked: Option<(&Path, &[PathBuf])>,
    around: &ProjectFiles,
    contexts: &mut recipes::Contexts,
    disk: &Disk,
) {
    let top = around.top.as_deref();
    if let Some((root, files)) = walked {
        recipes::add_contexts((root, top), files, contexts, disk);
    }
    for (root, files) in &around.recipes {
        recipes::add_contexts((root, top), files, contexts, disk);
    }
}

/// The files around what was asked for, where a Dockerfile in it may be built as they say.
fn files_around(files: &[(PathBuf, Result<Source, LoadError>)], request: &GatherRequest) -> ProjectFiles {
    let asks_contexts = request.needs.context() || request.wants != FactSelection::Nothing;
    let mut sources = files.iter().filter_map(|(_, source)| source.as_ref().ok());
    let looks_around = request.each_build || asks_contexts && sources.any(may_use_context);
    if looks_around { ProjectFiles::around(request) } else { ProjectFiles::default() }
}

/// Whether a Dockerfile may take something from its context, by its words: of others nobody asks who builds them.
fn may_use_context(source: &Source) -> bool {
    let begins = |line: &str, word: &str| line.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let is_transfer = |line: &str| ["COPY", "ADD", "ONBUILD"].iter().any(|word| begins(line.trim_start(), word));
    source.text().lines().any(|line| is_transfer(line) || line.contains("--mount"))
}

/// Takes out the compose files of a folder that hold comments alone: parts that people fill in.
fn leave_out_comments(inputs: &mut Inputs, composes: &mut Vec<ComposeFile>) {
    composes.retain(|file| {
        let is_empty = file.has_only_comments();
        if is_empty {
            inputs.notices.push(format!("{} has only comments, and was not checked", display_path(&file.path)));
        }
        !is_empty
    });
}

/// Generated Dockerfiles that a notice names.
const NAMED: usize = 3;

/// Notices of Dockerfiles that other programs make.
fn add_texts_notices(inputs: &mut Inputs, drafts: &[InputDraft]) {
    let mut generated: Vec<String> = Vec::new();
    for draft in drafts {
        let name = inputs.source(draft.input.dockerfile).name();
        if draft.input.template.is_none()
            && let Some(line) = generated_line(&draft.input.file)
        {
            generated.push(format!("{name}:{line}"));
        }
        let notice = draft.input.template.map(|template| {
            format!(
                "{name} is {}: only instructions without template code were checked, and nothing is fixed",
                template.title()
            )
        });
        inputs.notices.extend(notice);
    }
    let count = generated.len();
    if count > NAMED {
        generated.truncate(NAMED);
        generated.push(format!("{} more", count - NAMED));
    }
    let places = generated.join(", ");
    let notice = match count {
        0 => return,
        1 => format!(
            "a program writes this Dockerfile ({places}): nothing is changed in it; change what it is written from"
        ),
        _ => format!(
            "programs write {count} Dockerfiles ({places}): nothing is changed in them; change what they are written from"
        ),
    };
    inputs.notices.push(notice);
}

fn draft(
    (contexts, text): (&[NamedContext], DockerfileText),
    request: &GatherRequest,
    root: Option<&Path>,
) -> InputDraft {
    let (path, id, source, origin) = text;
    let root = root.or_else(|| searched_folder(&path, request));
    let (file, template) = parse(&source);
    let options = &request.options;
    let input = BuildInput {
        dockerfile: id,
        place: below(&path, root),
        file,
        template,
        services: origin.as_ref().map(|origin| origin.services.clone()).unwrap_or_default(),
        recipe: origin.as_ref().map(|origin| origin.recipe.clone()),
        built_by: recipes::builder(contexts).map(str::to_owned),
        options: origin.as_ref().map_or_else(|| options.clone(), |origin| origin.options(options)),
        context_root: None,
        context_notice: None,
        context_doubt: None,
        ignore: IgnoreInput::Unknown,
        context: None,
        projects: None,
        texts: None,
        base_images: BTreeMap::new(),
        shellcheck: None,
        git: None,
    };
    let build = Build::new(&input);
    let known = origin.filter(|origin| request.file.is_none() && (origin.context.is_some() || origin.inline));
    let place = match known {
        Some(origin) => BuildPlace { root: origin.context, notice: origin.notice, doubt: None },
        None if request.file.is_some() => place(&path, &build, request, root),
        None => place(&path, &build, request, root).or_as_told(&path, contexts, &request.disk),
    };
    let uses_context = build.uses_context();
    let place = if uses_context { place.with_doubt(&path, contexts, &request.disk) } else { place };
    InputDraft { path, input, uses_context, place, ignore: None }
}

/// The folder of `lint` that a Dockerfile was found in.
pub(super) fn searched_folder<'r>(path: &Path, request: &'r GatherRequest) -> Option<&'r Path> {
    request.folders.iter().find(|folder| path.starts_with(folder)).map(PathBuf::as_path)
}

/// A Dockerfile's path below the folder that was asked for; without one as it was typed, or its name.
fn below(path: &Path, root: Option<&Path>) -> String {
    let below = root.and_then(|root| path.strip_prefix(root).ok());
    let name = || Path::new(path.file_name().unwrap_or_default());
    let place = below.unwrap_or_else(|| if path.is_absolute() { name() } else { path });
    place.to_string_lossy().into_owned()
}

/// The facts that are asked for under the settings, and those; what is wrong with them is told.
fn needs(inputs: &mut Inputs, request: &GatherRequest) -> (Needs, FactNeeds) {
    let mut facts = request.rules.needs(inputs, &request.line);
    let problems = std::mem::take(&mut facts.problems);
    inputs.unsettled |= problems.iter().any(|problem| problem.fatal);
    inputs.problems.extend(problems);
    let columns = Needs::NONE.with(Need::ContextNames).with(Need::ContextBytes).with(Need::Projects);
    let needs = match request.wants {
        FactSelection::Nothing => request.needs,
        FactSelection::Rules => request.needs.union(facts.rules),
        FactSelection::Columns => request.needs.union(facts.rules).union(columns),
    };
    (needs, facts)
}

/// The Dockerfile, and what makes it where that is a program.
fn parse(source: &Source) -> (dockerfile::File, Option<Template>) {
    if let Some(template) = Template::of_name(source.name()) {
        return (dockerfile::parse_template(source), Some(template));
    }
    let file = dockerfile::parse(source);
    match Template::of_text(&file) {
        Some(template) => (dockerfile::parse_template(source), Some(template)),
        None => (file, None),
    }
}

/// An ignore file that cannot be read: without it, what the builder copies is unknown.
fn ignore_problem(error: &LoadError) -> InputProblem {
    let help = "write the patterns into a regular file, or remove it; until then the build context was not checked";
    problem_with_help(error, help.to_owned())
}

fn read_ignore_files(inputs: &mut Inputs, drafts: &mut [InputDraft]) {
    let mut known: BTreeMap<PathBuf, IgnoreInput> = BTreeMap::new();
    for draft in drafts {
        let Some(root) = &draft.place.root else { continue };
        draft.input.context_root = Some(display_path(root));
        let inline = inputs.source(draft.input.dockerfile).embedding().is_some();
        let Some(path) = context::ignore_file_for(if inline { None } else { Some(&*draft.path) }, root) else {
            draft.input.ignore = IgnoreInput::Missing(display_path(&root.join(".dockerignore")));
            continue;
        };
        if !known.contains_key(&path) {
            let ignore = match super::read_source(&path, super::DOCKERFILE_LIMIT) {
                Ok(source) => {
                    let parsed = Arc::new(ignore::parse(&source));
                    IgnoreInput::Present(inputs.add(source), parsed)
                }
                Err(error) => {
                    inputs.problems.push(ignore_problem(&error));
                    IgnoreInput::Unknown
                }
            };
            known.insert(path.clone(), ignore);
        }
        let ignore = known[&path].clone();
        if let IgnoreInput::Present(file, _) = &ignore {
            draft.ignore = Some((path, inputs.source(*file).clone()));
        }
        draft.input.ignore = ignore;
    }
}

/// A context that was walked.
struct WalkedContext {
    context: Arc<BuildContext>,
    projects: Option<Arc<Vec<Project>>>,
}

type Contexts = BTreeMap<(Option<PathBuf>, Option<PathBuf>), WalkedContext>;

/// Walks each context once: those of Dockerfiles that take something from theirs.
fn walk(inputs: &mut Inputs, drafts: &[InputDraft], request: &GatherRequest) -> Contexts {
    let needs = request.needs;
    // A file's metadata takes longer to read than its name.
    let names_only = request.wants == FactSelection::Nothing && needs == Needs::NONE.with(Need::ContextNames);
    let limits = Limits { names_only, ..Limits::default() };
    let mut wanted: BTreeMap<(Option<PathBuf>, Option<PathBuf>), Matcher> = BTreeMap::new();
    for draft in drafts {
        if draft.place.root.is_none() || !draft.uses_context {
            continue;
        }
        let matcher = match &draft.input.ignore {
            IgnoreInput::Present(_, ignore) if ignore.error().is_none() => ignore.matcher(),
            IgnoreInput::Missing(_) => Matcher::default(),
            // The builder refuses it: there is no context to speak of.
            IgnoreInput::Present(..) | IgnoreInput::Unknown => continue,
        };
        wanted.insert((draft.place.root.clone(), draft.ignore.as_ref().map(|(path, _)| path.clone())), matcher);
    }
    let mut contexts = BTreeMap::new();
    for (key, matcher) in wanted {
        let Some(root) = &key.0 else { continue };
        match context::read(root, &display_path(root), &matcher, limits) {
            Ok(context) => {
                let has_projects = needs.has(Need::Projects) && context.has_project_files();
                let projects = has_projects.then(|| Arc::new(projects(root, &context, inputs)));
                contexts.insert(key, WalkedContext { context: Arc::new(context), projects });
            }
            // The ignore file's own problem tells it, with its place.
            Err(context::Error::Pattern(..)) => {}
            Err(error) => inputs.problems.push(unwalked(root, &error)),
        }
    }
    contexts
}
