//! What a rewrite starts from, as `--plan` shows it: base image, projects, and the files that each part of the build
//! reads.

use crate::build::{Build, SlimImage, StageBase};
use crate::dockerfile::Keyword;
use crate::inputs::Inputs;
use crate::manifest::{Ecosystem, Project};
use crate::optimize::languages::node::words;
use crate::shell::program::{Files, Kind, Program};
use crate::shell::{Invocation, Verb};

use crate::inputs::Evidence;

/// Projects that are told.
const PROJECTS: usize = 8;

/// What is known of a build before it is rewritten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildPlan {
    /// The image that the final stage stands on; `None` where only the build knows.
    pub base: Option<String>,
    /// Its smaller twin by its publisher.
    pub slim: Option<String>,
    /// The projects that it installs or takes.
    pub projects: Vec<PlannedProject>,
    /// Steps that build something of the sources, on one line each.
    pub builds: Vec<String>,
    /// `ENTRYPOINT` and `CMD` in force, on one line each.
    pub starts: Vec<String>,
    /// Ports that the program listens on or that the file exposes, ascending.
    pub ports: Vec<u16>,
    /// Compose services that run the image, with their files: `web (compose.yaml)`.
    pub services: Vec<String>,
}

/// A project, and what its install reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedProject {
    /// Its folder in the context; empty for the context itself.
    pub root: String,
    /// Its language world.
    pub ecosystem: Ecosystem,
    /// The program that installs its dependencies.
    pub tool: Option<&'static str>,
    /// The version of the language that its files ask for, as written.
    pub version: Option<String>,
    /// Frameworks, as their makers write them.
    pub frameworks: Vec<&'static str>,
    /// Files that the install of its dependencies reads.
    pub files: Vec<String>,
    /// Folders that it reads whole.
    pub folders: Vec<String>,
    /// Why it may read more; empty where it is certain that it does not.
    pub open: Vec<String>,
}

/// What is known of the build with this index.
pub fn plan(inputs: &Inputs, build: usize, evidence: &Evidence) -> BuildPlan {
    let Some(input) = inputs.builds.get(build) else { return BuildPlan::default() };
    let build = Build::new(input);
    let base = build.target().map(|target| build.root_base(target)).and_then(|base| match base {
        StageBase::Image(name) => Some(name.clone()),
        StageBase::Scratch => Some("scratch".to_owned()),
        _ => None,
    });
    let slim = base.as_deref().and_then(|base| Some((base, SlimImage::of_any(base)?)));
    let slim =
        slim.map(|(base, slim)| format!("{}:{}", base.rsplit_once(':').map_or(base, |(name, _)| name), slim.tag));
    let services = evidence.services.iter().map(|service| format!("{} ({})", service.name, service.file));
    BuildPlan {
        slim,
        base,
        projects: projects(&build),
        builds: builders(&build),
        starts: starts(&build),
        ports: ports(&build),
        services: services.collect(),
    }
}

/// Those of which the build takes a manifest, the outermost first.
fn projects(build: &Build) -> Vec<PlannedProject> {
    let input = build.input();
    let all = input.projects.as_deref().map_or(&[][..], Vec::as_slice);
    let known = input.context.as_deref().and_then(|context| Some((context, build.sent_files(context)?)));
    let is_taken = |project: &&Project| {
        let Some((context, fetched)) = &known else { return true };
        let is_sent = |path: &String| context.find(path).is_some_and(|id| fetched.files.binary_search(&id).is_ok());
        project.manifests.iter().any(is_sent)
    };
    let mut shipped: Vec<&Project> = all.iter().filter(is_taken).collect();
    shipped.sort_by_key(|project| (project.root.split('/').filter(|part| !part.is_empty()).count(), &project.root));
    shipped.truncate(PROJECTS);
    shipped.into_iter().map(planned).collect()
}

fn planned(project: &Project) -> PlannedProject {
    let install = project.install();
    PlannedProject {
        root: project.root.clone(),
        ecosystem: project.ecosystem,
        tool: install.map(|install| install.tool.name()),
        version: project.language.first().map(|version| version.requirement.clone()),
        frameworks: project.frameworks.iter().map(|framework| framework.name()).collect(),
        files: install.map(|install| install.files.clone()).unwrap_or_default(),
        folders: install.map(|install| install.folders.clone()).unwrap_or_default(),
        open: install
            .map(|install| install.open.iter().map(|reason| reason.text.clone()).collect())
            .unwrap_or_default(),
    }
}

/// Whether a command compiles or bundles.
pub(super) fn is_builder(invocation: &Invocation) -> bool {
    if let Some(call) = invocation.package_call() {
        return matches!(call.verb, Verb::Build | Verb::Run);
    }
    let words = words::of(invocation);
    let program = words::program(&words).first().map(|word| Program::of(words::name(word)));
    program.is_some_and(|program| {
        program.is(Kind::Bundler) || program.is(Kind::BuildTool) && program.files != Files::System
    })
}

fn builders(build: &Build) -> Vec<String> {
    let runs = build.needed_runs().filter(|run| !run.is_trigger() && run.invocations().iter().any(is_builder));
    runs.map(|run| build.one_line(run.instruction)).collect()
}

fn starts(build: &Build) -> Vec<String> {
    let Some(target) = build.target() else { return Vec::new() };
    let last = |keyword| build.last(target, keyword).map(|(_, instruction)| build.one_line(instruction));
    [Keyword::Entrypoint, Keyword::Cmd].into_iter().filter_map(last).collect()
}

fn ports(build: &Build) -> Vec<u16> {
    let Some(target) = build.target() else { return Vec::new() };
    let mut ports: Vec<u16> =
        build.listening(target).and_then(|listening| listening.port).map(|(port, _)| port).into_iter().collect();
    let chain: Vec<_> = build.chain(target).collect();
    for stage in chain {
        for (_, instruction) in build.instructions_of(stage, Keyword::Expose) {
            let line = build.one_line(instruction);
            let words = line.split(' ').skip(1).filter_map(|word| word.split('/').next()?.parse::<u16>().ok());
            ports.extend(words);
        }
    }
    ports.sort_unstable();
    ports.dedup();
    ports
}
