//! What a repository has, as the plan of its pipeline.

use super::deployment::add_deployment;
use super::header::is_own_file;
use super::image::{RepositoryImage, RepositoryImages};
use super::input::PipelineInput;
use super::plan::{PipelinePlan, PlannedImage};
use super::start::image_start;
use super::test_job::test_jobs;
use crate::build::{Build, ImagePlace};
use crate::text::path;
use crate::workflow::PathFilter;

/// Jobs that a matrix of GitHub may have (docs.github.com, usage limits).
const LEGS: usize = 256;

/// Works out what the pipeline of a repository is to hold.
pub(super) fn plan_of(input: &PipelineInput) -> PipelinePlan {
    let mut plan = PipelinePlan::default();
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
    for image in images {
        let inputs = image_inputs(input, &image, &mut plan);
        let start = image_start(input, &image, &mut plan);
        plan.images.push(PlannedImage { image, inputs, start });
    }
    let is_composed = plan.images.iter().any(|image| !image.start.services.is_empty());
    let compose = if is_composed { input.compose } else { None };
    plan.compose = compose.map(|compose| {
        let name = input.inputs.source(compose.file).name();
        path::relative(&path::normalize(name), &path::normalize(input.root)).unwrap_or(name).to_owned()
    });
    plan.tests = test_jobs(input, &mut plan);
    add_deployment(input, &mut plan);
    add_existing(input, &mut plan);
    plan
}

/// Says which pipelines of the repository build the same images.
fn add_existing(input: &PipelineInput, plan: &mut PipelinePlan) {
    let is_own = |path: &str| (input.text_of)(path).is_some_and(|text| is_own_file(&text));
    for workflow in &input.inputs.workflows {
        let is_pipeline = workflow.workflow.kind.is_pipeline() && !is_own(&workflow.path);
        if is_pipeline && !workflow.calls.is_empty() {
            plan.notes.push(format!(
                "{} builds images too: with both, they are built twice; delete its jobs, or keep it and improve it with \
                 `dockopt ci fix {}`",
                workflow.path, workflow.path
            ));
        }
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
        has_submodules: input.files.contains(".gitmodules"),
    };
    let key = format!("{}: INPUTS", image.name);
    let build = Build::new(&input.inputs.builds[image.build]);
    let Some(paths) = build.image_paths(&place) else {
        plan.choose("images", &key, "all files: what it takes is known only during the build", None);
        return vec![":(glob)**".to_owned()];
    };
    let included = paths.included.patterns.iter().map(|pattern| format!(":(glob){pattern}"));
    let is_useful = |pattern: &&String| takes_any(pattern);
    let left_out = paths.left_out.iter().filter(is_useful).map(|pattern| format!(":(exclude,glob){pattern}"));
    let all: Vec<String> = included.chain(left_out).collect();
    plan.choose(
        "images",
        &key,
        "what COPY, ADD and bind mounts take of the build context",
        Some(image.dockerfile.clone()),
    );
    // An image that takes nothing is made of its Dockerfile.
    if all.is_empty() { vec![format!(":(literal){}", image.dockerfile)] } else { all }
}
