//! What a rule about manifests sees: the containers of a file with the programs of the project that they run, and how findings
//! are made.

use super::reporter::Reporter;
use super::workload_index::{
    Program, ProgramCheck, ProgramMatch, WorkloadIndex, folder_of, is_server_of_others, plain_image,
};
use crate::build::Build;
use crate::finding::{Finding, Findings};
use crate::inputs::{BuildInput, Inputs, ProbedSources, WorkloadInput};
use crate::text::Span;
use crate::workload::{
    Container, PodService, TargetGroup, TargetLink, TaskService, Workload, WorkloadFile, WorkloadRole,
};

/// A check of a manifest.
pub type WorkloadCheck = fn(&WorkloadContext<'_>, &mut Findings);

/// A manifest, for one rule.
#[derive(Clone, Copy)]
pub struct WorkloadContext<'a> {
    pub(super) reporter: Reporter,
    pub(super) input: &'a WorkloadInput,
    pub(super) inputs: &'a Inputs,
    pub(super) index: &'a WorkloadIndex<'a>,
}

/// A container with the program that it runs.
pub struct RunProgram<'a> {
    programs: Vec<&'a Program<'a>>,
    inputs: &'a Inputs,
}

impl<'a> WorkloadContext<'a> {
    /// What the file says.
    pub fn content(&self) -> &'a WorkloadFile {
        &self.input.content
    }

    /// The containers of the file, without those that run before others.
    pub fn containers(&self) -> impl Iterator<Item = (&'a Workload, &'a Container)> {
        let workloads = self.content().workloads.iter();
        workloads.flat_map(|workload| workload.containers.iter().map(move |container| (workload, container)))
    }

    /// The program of the project that a container runs; `None` where it is not known.
    pub fn program(&self, workload: &Workload, container: &Container) -> Option<RunProgram<'a>> {
        match self.index.program(&self.input.place, workload, container) {
            ProgramMatch::Known(programs) => Some(RunProgram { programs, inputs: self.inputs }),
            ProgramMatch::Ambiguous(_) | ProgramMatch::Foreign => None,
        }
    }

    /// The build of the image of a container: a Dockerfile of the project, or nothing but an image of others.
    pub fn image(&self, workload: &Workload, container: &Container) -> Option<ContainerImage<'a>> {
        match self.index.program(&self.input.place, workload, container) {
            ProgramMatch::Known(programs) => {
                programs.iter().find_map(|program| program.image).map(ContainerImage::Built)
            }
            ProgramMatch::Ambiguous(_) => None,
            ProgramMatch::Foreign => {
                let image = container.image.value()?;
                Some(ContainerImage::Plain(Box::new(plain_image(image))))
            }
        }
    }

    /// The files of the run in the folder of this one.
    fn neighbours(&self) -> impl Iterator<Item = &'a WorkloadFile> {
        let (inputs, folder) = (self.inputs, folder_of(self.inputs, self.input));
        let files = inputs.workloads.files.iter();
        files.filter(move |other| folder_of(inputs, other) == folder).map(|other| &*other.content)
    }

    /// Whether something sets the image of a container when its manifest is applied.
    pub fn is_image_set(&self, workload: &Workload, container: &Container, image: &str) -> bool {
        let changes = self.inputs.workloads.image_changes.iter();
        // What says nothing of images sets those of the project, as far as is known.
        let mut certain = changes.filter(|change| !change.is_open() || !is_server_of_others(image));
        certain.any(|change| change.covers(&self.input.place, workload, container, image))
    }

    /// Whether something applies the file, as far as the kustomizations around it tell.
    pub fn is_applied(&self) -> bool {
        self.input.is_applied
    }

    /// Whether rollouts of a workload matter: somebody applies it where others than developers use it, and it has pods.
    pub fn is_rolled_out(&self, workload: &Workload) -> bool {
        self.is_used() && workload.replicas.value() != Some(&0)
    }

    /// Whether the file is applied where others than developers use what it starts.
    pub fn is_used(&self) -> bool {
        self.input.is_applied && !self.input.is_for_developers()
    }

    /// The line of a place.
    pub fn line(&self, span: Span) -> &'a str {
        let text = self.inputs.source(self.input.file).text();
        let end = text[span.range().end..].find('\n').map_or(text.len(), |end| span.range().end + end);
        &text[span.range().start..end]
    }

    /// The Service that passes requests of others than a collector of metrics to the pods of a workload.
    pub fn service(&self, workload: &Workload) -> Option<&'a PodService> {
        if workload.role != WorkloadRole::Server {
            return None;
        }
        let mut services = self.neighbours().flat_map(|file| &file.services);
        services.find(|service| service.selects(workload) && !service.is_for_metrics())
    }

    /// Whether something else counts the pods of a workload.
    pub fn is_scaled(&self, workload: &Workload) -> bool {
        let mut names = self.neighbours().flat_map(|file| &file.scaled);
        names.any(|name| Some(name) == workload.name.as_ref())
    }

    /// The services of ECS that run a task definition, with the target groups that pass requests to one of its containers.
    pub fn links(
        &self,
        workload: &'a Workload,
        container: &'a Container,
    ) -> Vec<(&'a TaskService, &'a TargetLink, Option<&'a TargetGroup>)> {
        let mut links = Vec::new();
        for service in self.neighbours().flat_map(|file| &file.task_services) {
            if service.task.is_none() || service.task != workload.name {
                continue;
            }
            let of_container = service.links.iter().filter(|link| link.container.value() == Some(&container.name));
            for link in of_container {
                let mut groups = self.neighbours().flat_map(|file| &file.target_groups);
                let group = groups.find(|group| Some(&group.name) == link.group.as_ref());
                links.push((service, link, group));
            }
        }
        links
    }

    /// The file and the line of a place in a file of this folder: `main.tf:12`.
    pub fn place_of_group(&self, group: &TargetGroup) -> Option<(&'a WorkloadInput, Span)> {
        let files = self.inputs.workloads.files.iter();
        let holds = |file: &&WorkloadInput| file.content.target_groups.iter().any(|known| std::ptr::eq(known, group));
        files.into_iter().find(holds).map(|file| (file, group.span))
    }

    /// A finding of this rule in the file.
    pub fn finding(&self, span: Span, message: impl Into<String>) -> Finding {
        self.finding_in(self.input, span, message)
    }

    /// A finding of this rule in another file of its folder.
    pub fn finding_in(&self, input: &WorkloadInput, span: Span, message: impl Into<String>) -> Finding {
        self.reporter.finding_in(input.file, self.inputs.source(input.file), span, message)
    }
}

/// What the image of a container is made of.
pub enum ContainerImage<'a> {
    /// A Dockerfile of the project.
    Built(&'a BuildInput),
    /// An image of others.
    Plain(Box<BuildInput>),
}

impl ContainerImage<'_> {
    /// Its build.
    pub fn build(&self) -> Build<'_> {
        match self {
            Self::Built(input) => Build::new(input),
            Self::Plain(input) => Build::new(input),
        }
    }
}

impl<'a> RunProgram<'a> {
    /// What it is called.
    pub fn name(&self) -> &'a str {
        self.programs.first().map_or("", |program| program.name())
    }

    /// How it is asked whether it is ready, in each of the compose files that have it.
    pub fn checks(&self) -> Vec<ProgramCheck> {
        self.programs.iter().filter_map(|program| program.check(self.inputs)).collect()
    }

    /// The Dockerfile that it is built from.
    pub fn image(&self) -> Option<&'a BuildInput> {
        self.programs.iter().find_map(|program| program.image)
    }

    /// Its Dockerfile, as the user would type it.
    pub fn dockerfile(&self) -> Option<&'a str> {
        self.programs.iter().find(|program| program.image.is_some()).and_then(|program| program.typed_dockerfile())
    }

    /// What its sources say of the paths that probes ask for; `None` where that is not known.
    pub fn sources(&self) -> Option<&'a ProbedSources> {
        self.programs.iter().find_map(|program| self.inputs.workloads.probed_sources.get(program.context()?))
    }
}
