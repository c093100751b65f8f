//! What a repository has, as the plan of its pipeline.

use super::definition::definition_digest;
use super::deployment::add_deployment;
use super::header::is_own_file;
use super::image::{RepositoryImage, RepositoryImages};
use super::input::PipelineInput;
use super::plan::{PipelinePlan, PlannedImage};
use super::preparation::preparation;
use super::start::{image_start, mounted_sources};
use super::start_files::{StartFiles, StartStack, start_files};
use super::test_job::test_jobs;
use crate::build::{Build, ImagePlace, is_remote_source};
use crate::text::{joined, path, quoted_names};
use crate::workflow::PathFilter;

/// Jobs that a matrix of GitHub may have (docs.github.com, usage limits).
const LEGS: usize = 256;

/// Works out what the pipeline of a repository is to hold.
pub(super) fn plan_of(input: &PipelineInput) -> PipelinePlan {
    let mut plan = PipelinePlan { submodules: submodules(input), ..PipelinePlan::default() };
    let RepositoryImages { images, left_out } = RepositoryImages::of(input.inputs, input.root);
    for (file, why) in left_out {
        plan.notes.push(format!("{file}: {why}; add its build by hand"));
    }
    let is_foreign = |platform: &&String| !["linux/amd64", "linux/arm64"].contains(&platform.as_str());
    for platform in input.platforms.iter().filter(is_foreign) {
        plan.notes.push(format!(
            "no hosted runner has the processor of `{platform}`: its builds and starts need QEMU (docker/setup-qemu-action)"
        ));
    }
    if images.len() * input.platforms.len() > LEGS {
        plan.notes.push(format!(
            "{} images for {} platforms are more jobs than a matrix may have ({LEGS})",
            images.len(),
            input.platforms.len()
        ));
    }
    let all_files = start_files(input);
    let stacks: Vec<StartStack> = all_files.iter().map(StartStack::new).collect();
    for image in images.into_iter().filter(|image| !(input.is_excluded)(&image.dockerfile)) {
        if let Some(source) = missing_source(input, &plan.submodules, &image) {
            plan.notes.push(format!(
                "{} is left out: it takes `{source}`, which git does not have; build it by hand behind the step that makes it",
                image.dockerfile
            ));
            continue;
        }
        let inputs = image_inputs(input, &image, &mut plan);
        if let Some(folder) = mounted_sources(input, &stacks, &image, &|file| takes(&inputs, file)) {
            plan.notes.push(format!(
                "{} is left out: its containers get their sources from the machine (`{folder}`), and its image has none",
                image.dockerfile
            ));
            continue;
        }
        let start = image_start(input, &stacks, &image, &mut plan);
        let defined = definition_digest(input, &image);
        plan.images.push(PlannedImage { image, inputs, defined, start });
    }
    let used = |start: &&StartFiles| plan.images.iter().any(|image| image.start.compose == start.files);
    plan.preparation = preparation(input, all_files.iter().filter(used));
    let default = stacks.iter().find(|start| start.is_default(input));
    plan.tests = test_jobs(input, default, &mut plan);
    add_deployment(input, &mut plan);
    add_existing(input, &mut plan);
    add_gaps(&mut plan);
    plan
}

/// Says which pipelines of the repository build the same images.
fn add_existing(input: &PipelineInput, plan: &mut PipelinePlan) {
    let is_own = |path: &str| (input.text_of)(path).is_some_and(|text| is_own_file(&text));
    for workflow in &input.inputs.workflows {
        let is_pipeline = workflow.workflow.kind.is_pipeline() && !is_own(&workflow.path);
        if is_pipeline && !workflow.calls.is_empty() {
            plan.others.push(format!(
                "{} builds images too: with both, they are built twice; delete its jobs, or keep it and improve it with \
                 `dockopt ci fix {}`",
                workflow.path, workflow.path
            ));
        }
    }
}

/// Whether pathspecs of an image take a file.
fn takes(inputs: &[String], file: &str) -> bool {
    let patterns = inputs.iter().filter_map(|input| input.strip_prefix(":(glob)").or(input.strip_prefix(":(literal)")));
    PathFilter { patterns: patterns.map(str::to_owned).collect() }.takes(file)
}

/// Says what the pipeline proves less of than it could.
fn add_gaps(plan: &mut PipelinePlan) {
    for (what, names) in
        [("without a health check", &plan.unchecked), ("with a health check that cannot fail", &plan.constant)]
    {
        if !names.is_empty() {
            plan.notes.push(format!(
                "{what}: {}; a start proves only that they run for ten seconds; `dockopt compose emit` writes checks where it knows \
                 how to ask",
                joined(names)
            ));
        }
    }
    if !plan.untested.is_empty() && !plan.tests.is_empty() {
        plan.notes.push(format!("no tests that dockopt knows how to run: {}", joined(&quoted_names(&plan.untested))));
    }
    if !plan.images.is_empty() {
        plan.notes.push(
            "an image is built again when its files change: a newer base image comes with a change of its FROM (pin it by digest, \
             and let an updater change it)"
                .to_owned(),
        );
    }
}

/// The pathspecs of what an image is made of, without the Dockerfile.
fn image_inputs(input: &PipelineInput, image: &RepositoryImage, plan: &mut PipelinePlan) -> Vec<String> {
    let takes_any = |pattern: &str| {
        let filter = PathFilter { patterns: vec![pattern.to_owned()] };
        input.files.iter().any(|file| filter.takes(file))
    };
    let context = if image.context == "." { "" } else { &image.context };
    let place = ImagePlace {
        dockerfile: &image.dockerfile,
        context,
        takes_any: &takes_any,
        // They are named one by one below.
        has_submodules: false,
    };
    let key = format!("{}: INPUTS", image.name);
    let build = Build::new(&input.inputs.builds[image.build]);
    // The context may lie in one, too: git knows its commit, and none of its files.
    let is_part = |folder: &&String| {
        context.is_empty() || path::covers(context, folder.as_str()) || path::covers(folder.as_str(), context)
    };
    let submodules = plan.submodules.iter().filter(is_part);
    let submodules = submodules.map(|folder| format!(":(literal){folder}")).collect::<Vec<_>>();
    // An image that takes nothing is made of its Dockerfile.
    let alone = vec![format!(":(literal){}", image.dockerfile)];
    if build.context_sources().is_some_and(|sources| sources.is_empty()) {
        return alone;
    }
    let Some(paths) = build.image_paths(&place) else {
        plan.choose("images", &key, "all files: what it takes is known only during the build", None);
        return vec![":(glob)**".to_owned()];
    };
    let included = paths.included.patterns.iter().map(|pattern| format!(":(glob){pattern}"));
    let is_useful = |pattern: &&String| takes_any(pattern);
    let left_out = paths.left_out.iter().filter(is_useful).map(|pattern| format!(":(exclude,glob){pattern}"));
    if paths.included.patterns.is_empty() {
        return alone;
    }
    let all: Vec<String> = included.chain(submodules).chain(left_out).collect();
    plan.choose(
        "images",
        &key,
        "what COPY, ADD and bind mounts take of the build context; all of it where the Dockerfile or its ignore file changes, until \
         `ci emit` runs again",
        Some(image.dockerfile.clone()),
    );
    all
}

/// The folders of submodules (gitmodules(5), `path`).
fn submodules(input: &PipelineInput) -> Vec<String> {
    let text = (input.text_of)(".gitmodules").unwrap_or_default();
    let paths = text.lines().filter_map(|line| line.trim().strip_prefix("path")?.trim_start().strip_prefix('='));
    paths.map(|path| path.trim().to_owned()).filter(|path| !path.is_empty()).collect()
}

/// The first source of a COPY that neither the repository has nor a step of the build makes; nothing where all are there or
/// are not known before the build.
fn missing_source(input: &PipelineInput, submodules: &[String], image: &RepositoryImage) -> Option<String> {
    let build = &input.inputs.builds[image.build];
    let context = if image.context == "." { "" } else { &image.context };
    let is_there = |source: &String| {
        let clean = path::normalize(source.trim_start_matches('/'));
        let clean = clean.trim_start_matches("../");
        if matches!(clean, "" | ".") || is_remote_source(source) {
            return true;
        }
        let pattern = path::child(context, clean);
        let filter = PathFilter { patterns: vec![pattern.clone(), format!("{pattern}/**")] };
        let is_open = clean.contains(['?', '[', '\\', '$']);
        is_open
            || input.files.iter().any(|file| filter.takes(file))
            || submodules.iter().any(|folder| path::covers(folder, &pattern))
    };
    Build::new(build).context_sources()?.into_iter().find(|source| !is_there(source))
}
