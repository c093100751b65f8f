//! Which program of the project a container of a manifest runs: a service of a compose file, or a Dockerfile, by the image, the
//! path of the build or the name.

use std::collections::{BTreeMap, BTreeSet};

use crate::build::{Build, Reference, is_official, names_developers};
use crate::compose::project::{ComposePlace, ComposeValue};
use crate::dockerfile::Keyword;
use crate::inputs::{BuildInput, BuildOptions, ComposeInput, Inputs, WorkloadInput};
use crate::stack::{CheckRequest, CheckTiming, ServiceCheck, Stack, StackService, check_request, known_service};
use crate::text::{Source, path};
use crate::workload::{Container, Workload};

/// The compose projects of a run.
pub(super) struct ComposeStacks<'i>(Vec<(&'i ComposeInput, Stack<'i>)>);

impl<'i> ComposeStacks<'i> {
    pub(super) fn new(inputs: &'i Inputs) -> Self {
        let stack =
            |input: &'i ComposeInput| Some((input, Stack::new(input.reading.project.as_ref()?, &input.dockerfiles)));
        Self(inputs.composes.iter().filter_map(stack).collect())
    }
}

/// A program of the project.
pub(super) struct Program<'a> {
    /// The name of its service, or of its folder.
    name: String,
    /// The names of its image, without registry and tag.
    images: BTreeSet<String>,
    /// Words before the name of a service in the name of its image: those of its project.
    owners: BTreeSet<String>,
    /// Where its Dockerfile lies, as [`WorkloadProject::place`] says it: several files may name it, each in its own way.
    dockerfile: Option<String>,
    /// That Dockerfile, as the user would type it.
    typed_dockerfile: Option<String>,
    /// The folder that its manifests are likely near to, from the top of the run.
    folder: String,
    /// The folder that it is built from: absolute that of a service, as the user would type it that of a Dockerfile.
    context: Option<String>,
    /// What its image is made of.
    pub(super) image: Option<&'a BuildInput>,
    service: Option<(&'a ComposeInput, &'a StackService<'a>)>,
}

/// A health check of a program.
#[derive(Clone, Debug)]
pub struct ProgramCheck {
    /// Where it is written: `compose.yaml:12`.
    pub place: String,
    /// The request that it sends to its own container, if it sends one.
    pub request: Option<CheckRequest>,
    /// Seconds in which failures do not count; 0 where none are written.
    pub start_period: f64,
    /// Whether it is the HEALTHCHECK of the image.
    pub is_of_image: bool,
}

/// What a container runs.
pub(super) enum ProgramMatch<'a, 'x> {
    /// These services of one program.
    Known(Vec<&'x Program<'a>>),
    /// One of several programs, by these names.
    Ambiguous(Vec<String>),
    /// Nothing of the project.
    Foreign,
}

/// The programs of a run.
pub(super) struct WorkloadIndex<'a> {
    programs: Vec<Program<'a>>,
    /// The images of all manifests that no registry of others may have.
    unknown_images: BTreeSet<String>,
}

impl<'a> WorkloadIndex<'a> {
    pub(super) fn new(inputs: &'a Inputs, stacks: &'a ComposeStacks<'a>) -> Self {
        let tags = pushed_names(inputs);
        let mut programs: Vec<Program> = Vec::new();
        for (input, stack) in &stacks.0 {
            let services = stack.services.iter().filter(|service| service.is_built || service.known.is_none());
            programs.extend(services.map(|service| of_service(inputs, input, service, &tags)));
        }
        let files: BTreeSet<String> = programs.iter().filter_map(|program| program.dockerfile.clone()).collect();
        for input in inputs.builds.iter().filter(|input| input.template.is_none()) {
            let file = inputs.workloads.place(inputs.source(input.dockerfile).name());
            if !files.contains(&file) && input.services.is_empty() {
                programs.push(of_build(inputs, input, file, &tags));
            }
        }
        let files = inputs.workloads.files.iter().flat_map(|input| &input.content.workloads);
        let images = files.flat_map(|workload| &workload.containers).filter_map(|container| container.image.value());
        let unknown_images =
            images.filter(|image| !is_server_of_others(image)).map(|image| bare_image(image)).collect();
        Self { programs, unknown_images }
    }

    /// What a container runs; `place`: the path of its manifest from the top.
    pub(super) fn program<'x>(
        &'x self,
        place: &str,
        workload: &Workload,
        container: &Container,
    ) -> ProgramMatch<'a, 'x> {
        let image = container.image.value().map(|image| bare_image(image));
        let candidates = self.candidates(workload, container, image.as_deref());
        let candidates = nearest(candidates, place);
        let names = [Some(container.name.as_str()), workload.name.as_deref()];
        let is_named = |program: &&&Program| names.contains(&Some(program.name.as_str()));
        let named_so: Vec<&Program> = candidates.iter().filter(is_named).copied().collect();
        let candidates = without_development(if named_so.is_empty() { candidates } else { named_so });
        let dockerfiles: BTreeSet<&Option<String>> = candidates.iter().map(|program| &program.dockerfile).collect();
        match dockerfiles.len() {
            0 => ProgramMatch::Foreign,
            1 => ProgramMatch::Known(candidates),
            _ => {
                let names: BTreeSet<&str> = candidates.iter().map(|program| program.name()).collect();
                let files = candidates.iter().filter_map(|program| program.typed_dockerfile());
                let names = if names.len() > 1 { names } else { files.collect() };
                ProgramMatch::Ambiguous(names.into_iter().map(str::to_owned).collect())
            }
        }
    }

    /// The programs that a container may run, by the best sign that there is.
    fn candidates(&self, workload: &Workload, container: &Container, image: Option<&str>) -> Vec<&Program<'a>> {
        let all = |is_meant: &dyn Fn(&Program) -> bool| -> Vec<&Program<'a>> {
            self.programs.iter().filter(|program| is_meant(program)).collect()
        };
        if container.image.value().is_some_and(|image| is_server_of_others(image)) {
            return Vec::new();
        }
        let Some(image) = image else {
            let names = [Some(container.name.as_str()), workload.name.as_deref()];
            return all(&|program| names.contains(&Some(program.name.as_str())) && program.dockerfile.is_some());
        };
        let by_image = all(&|program| program.has_image(image));
        if !by_image.is_empty() {
            return by_image;
        }
        let last = path::name(image);
        let by_name = all(&|program| program.dockerfile.is_some() && program.is_called(last));
        if !by_name.is_empty() {
            return by_name;
        }
        let names = [Some(container.name.as_str()), workload.name.as_deref()];
        let by_container = all(&|program| names.contains(&Some(program.name.as_str())) && program.dockerfile.is_some());
        if !by_container.is_empty() {
            return by_container;
        }
        // The only program in the only image that is not of others.
        let dockerfiles: BTreeSet<&Option<String>> = self.programs.iter().map(|program| &program.dockerfile).collect();
        let is_only = dockerfiles.len() == 1 && self.programs.iter().all(|program| program.dockerfile.is_some());
        let is_only_image = self.unknown_images.len() == 1 && self.unknown_images.contains(image);
        if is_only && is_only_image { all(&|_| true) } else { Vec::new() }
    }
}

impl Program<'_> {
    /// Whether an image is its own: of one without an owner, in whatever registry.
    fn has_image(&self, image: &str) -> bool {
        let last = path::name(image);
        self.images.iter().any(|known| known == image || !known.contains('/') && known == last)
    }

    /// Whether an image is called after it: `api`, `shop-api` in the project `shop`.
    fn is_called(&self, image: &str) -> bool {
        let is_owned = |owner: &String| {
            let rest = image.strip_prefix(owner.as_str()).and_then(|rest| rest.strip_prefix(['-', '_', '.']));
            !owner.is_empty() && rest == Some(&self.name)
        };
        image == self.name || self.owners.iter().any(is_owned)
    }

    /// The name of its service, or of its folder; the path of its Dockerfile at the top.
    pub(super) fn name(&self) -> &str {
        if self.name.is_empty() { self.typed_dockerfile().unwrap_or_default() } else { &self.name }
    }

    /// Its Dockerfile, as the user would type it.
    pub(super) fn typed_dockerfile(&self) -> Option<&str> {
        self.typed_dockerfile.as_deref()
    }

    /// The folder that it is built from, as `WorkloadProject::probed_sources` calls it; `None` where that is not known.
    pub(super) fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }

    /// How it is asked whether it is ready: by its service, else by its image. `None` where that is not known, or it is not
    /// asked at all.
    pub(super) fn check(&self, inputs: &Inputs) -> Option<ProgramCheck> {
        let Some((compose, service)) = self.service else { return self.image_check(None) };
        match &service.check {
            ServiceCheck::Written(check) => {
                let script = check.script();
                Some(ProgramCheck {
                    place: place(inputs, compose, check.place)?,
                    request: check_request(&script.script, script.is_exec),
                    start_period: CheckTiming::of(service).start_period,
                    is_of_image: false,
                })
            }
            ServiceCheck::OfImage => self.image_check(Some(service)),
            _ => None,
        }
    }

    fn image_check(&self, service: Option<&StackService>) -> Option<ProgramCheck> {
        let input = self.image?;
        let build = Build::new(input);
        let (index, instruction) = build.last(build.target()?, Keyword::Healthcheck)?;
        let code = build.code(index)?;
        let source = input.file.source();
        let name = self.typed_dockerfile().unwrap_or_else(|| source.name());
        Some(ProgramCheck {
            place: format!("{name}:{}", source.line(instruction.span.start)),
            request: check_request(&code.script, code.is_exec()),
            start_period: service.map_or_else(|| CheckTiming::of_image(input), CheckTiming::of).start_period,
            is_of_image: true,
        })
    }
}

fn place(inputs: &Inputs, compose: &ComposeInput, place: Option<ComposePlace>) -> Option<String> {
    let place = place?;
    let source = inputs.source(compose.locate(place)?);
    Some(format!("{}:{}", source.name(), source.line(place.span.start)))
}

/// The name of an image without tag and without what stands for Docker Hub.
fn bare_image(image: &str) -> String {
    Reference::of(image).short_name().to_owned()
}

/// Whether an image is a server that others made, or an official one of Docker Hub.
pub(super) fn is_server_of_others(image: &str) -> bool {
    known_service(image).is_some_and(|known| known.is_exact) || is_official(Reference::of(image).short_name())
}

fn of_service<'a>(
    inputs: &Inputs,
    input: &'a ComposeInput,
    service: &'a StackService<'a>,
    tags: &BTreeMap<String, BTreeSet<String>>,
) -> Program<'a> {
    let compose = inputs.workloads.place(inputs.source(input.file).name());
    let build = service.value.get("build");
    let is_inline = build.and_then(|build| build.get("dockerfile_inline")).is_some();
    // One that is written in the compose file is nobody else's.
    let place = |source: &Source| {
        if is_inline { format!("{compose}#{}", service.name) } else { inputs.workloads.place(source.name()) }
    };
    let source = if service.is_built { input.dockerfiles.get(service.name) } else { None };
    let dockerfile = source.map(place);
    let typed_dockerfile = if is_inline { None } else { dockerfile.as_deref().map(|file| typed(inputs, file)) };
    let project = input.reading.project.as_ref();
    let written = project.and_then(|project| project.model.get("name")).and_then(ComposeValue::as_text);
    let folder = project.map(|project| path::name(&project.folder).to_owned());
    let owners = written.map(str::to_owned).into_iter().chain(folder).collect();
    let mut images: BTreeSet<String> = service.text("image").map(bare_image).into_iter().collect();
    images.extend(dockerfile.as_ref().and_then(|file| tags.get(file)).into_iter().flatten().cloned());
    let context = build.and_then(|build| build.get("context")).and_then(ComposeValue::as_text);
    Program {
        name: service.name.to_owned(),
        images,
        owners,
        folder: path::parent(&compose).to_owned(),
        typed_dockerfile,
        context: context.map(str::to_owned),
        image: if service.is_built { service.image.as_ref() } else { None },
        dockerfile,
        service: Some((input, service)),
    }
}

fn of_build<'a>(
    inputs: &Inputs,
    input: &'a BuildInput,
    file: String,
    tags: &BTreeMap<String, BTreeSet<String>>,
) -> Program<'a> {
    let folder = path::parent(&file).to_owned();
    let root = input.context_root.as_deref().map(|root| inputs.workloads.place(root));
    let named_after = root.as_deref().filter(|root| !["", "."].contains(root)).unwrap_or(&folder);
    Program {
        name: path::name(named_after).to_owned(),
        images: tags.get(&file).cloned().unwrap_or_default(),
        owners: BTreeSet::new(),
        typed_dockerfile: Some(typed(inputs, &file)),
        dockerfile: Some(file),
        folder,
        context: input.context_root.as_deref().map(path::normalize),
        image: Some(input),
        service: None,
    }
}

/// A place as the user would type it.
fn typed(inputs: &Inputs, place: &str) -> String {
    path::join(if inputs.root == "." { "" } else { &inputs.root }, place)
}

/// The names that pipelines give to the images that they build, by the place of the Dockerfile.
fn pushed_names(inputs: &Inputs) -> BTreeMap<String, BTreeSet<String>> {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for workflow in &inputs.workflows {
        for call in workflow.calls.iter() {
            let tags = call.tags.iter().map(|tag| tag.text.split([':', '@']).next().unwrap_or_default());
            let tags: Vec<&str> = tags.filter(|tag| !tag.is_empty() && !tag.contains('$')).collect();
            for leg in call.legs.iter().flatten() {
                let file = inputs.workloads.place(&path::normalize(&workflow.repository.name(&leg.file)));
                names.entry(file).or_default().extend(tags.iter().map(|tag| bare_image(tag)));
            }
        }
    }
    names
}

/// Those of some programs whose Dockerfile is not named for development, where there are such.
fn without_development<'x, 'a>(programs: Vec<&'x Program<'a>>) -> Vec<&'x Program<'a>> {
    let is_deployed = |program: &&&Program| !program.dockerfile.as_deref().is_some_and(names_developers);
    let deployed: Vec<&Program> = programs.iter().filter(is_deployed).copied().collect();
    if deployed.is_empty() { programs } else { deployed }
}

/// Those of some programs whose folder has most in common with that of a manifest.
fn nearest<'x, 'a>(programs: Vec<&'x Program<'a>>, manifest: &str) -> Vec<&'x Program<'a>> {
    let shared = |program: &Program| {
        let parts = path::parent(manifest).split('/').zip(program.folder.split('/'));
        parts.take_while(|(a, b)| a == b && !a.is_empty()).count()
    };
    let most = programs.iter().map(|program| shared(program)).max().unwrap_or_default();
    programs.into_iter().filter(|program| shared(program) == most).collect()
}

/// The build of nothing but an image.
pub(super) fn plain_image(image: &str) -> BuildInput {
    BuildInput::new(&Source::of("Dockerfile", &format!("FROM {image}\n")), BuildOptions::default())
}

/// Where a manifest lies.
pub(super) fn folder_of(inputs: &Inputs, input: &WorkloadInput) -> String {
    path::parent(inputs.source(input.file).name()).to_owned()
}
