//! What a pipeline is to hold: images, jobs that test, a deployment, each choice with its reason.

use super::image::{RepositoryImage, RepositoryImages};
use super::input::{DeploymentRunner, PipelineInput};
use super::start::{ImageStart, image_start};
use super::test_job::{TestJob, test_jobs};
use crate::build::{Build, ImagePlace};
use crate::emit::Choice;
use crate::text::path;
use crate::workflow::PathFilter;

/// Jobs that a matrix of GitHub may have (docs.github.com, usage limits).
const LEGS: usize = 256;

/// The minutes of a job where nobody measured it.
const UNMEASURED: u64 = 30;

/// The shortest limit of a job, in minutes: a machine needs a while until it starts.
const SHORTEST: u64 = 5;

/// What a pipeline is to hold.
#[derive(Debug, Default)]
pub(super) struct PipelinePlan {
    /// The images.
    pub(super) images: Vec<PlannedImage>,
    /// The jobs that test.
    pub(super) tests: Vec<TestJob>,
    /// The deployment.
    pub(super) deployment: Option<PlannedDeployment>,
    /// The compose file from the top of the repository, where images are started with it.
    pub(super) compose: Option<String>,
    /// Why it is so; the service of a choice is its job.
    pub(super) choices: Vec<Choice>,
    /// What is left to the user.
    pub(super) notes: Vec<String>,
}

/// An image with what it is made of and how it is started.
#[derive(Debug)]
pub(super) struct PlannedImage {
    pub(super) image: RepositoryImage,
    /// Pathspecs of git that take what it is made of, without the Dockerfile and its ignore file.
    pub(super) inputs: Vec<String>,
    pub(super) start: ImageStart,
}

impl PlannedImage {
    /// The options of `docker buildx build` besides those that each build has, one a line.
    pub(super) fn options(&self) -> Vec<String> {
        let mut options = Vec::new();
        if let Some(target) = &self.image.target {
            options.extend(["--target".to_owned(), target.clone()]);
        }
        for (name, value) in &self.image.arguments {
            options.extend(["--build-arg".to_owned(), format!("{name}={value}")]);
        }
        options
    }
}

/// A deployment by the script that `deploy emit` wrote.
#[derive(Debug)]
pub(super) struct PlannedDeployment {
    /// The script's path from the top of the repository.
    pub(super) script: String,
    /// Images and the service that the script deploys each as.
    pub(super) groups: Vec<(String, String)>,
    /// The command that migrates, and the service in whose image it runs.
    pub(super) migration: Option<(String, String)>,
    pub(super) runner: DeploymentRunner,
}

impl PipelinePlan {
    /// Works out what the pipeline of a repository is to hold.
    pub(super) fn of(input: &PipelineInput) -> Self {
        let mut plan = Self::default();
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
        plan.compose = input.compose.filter(|_| is_composed).map(|compose| {
            let name = input.inputs.source(compose.file).name();
            path::relative(&path::normalize(name), &path::normalize(input.root)).unwrap_or(name).to_owned()
        });
        plan.tests = test_jobs(input, &mut plan);
        super::deployment::add_deployment(input, &mut plan);
        plan.add_existing(input);
        plan
    }

    pub(super) fn choose(&mut self, job: &str, key: &str, reason: impl Into<String>, place: Option<String>) {
        let choice = Choice { service: job.to_owned(), key: key.to_owned(), reason: reason.into(), place };
        if !self.choices.contains(&choice) {
            self.choices.push(choice);
        }
    }

    /// The limit of a job in minutes: three times what earlier runs took.
    pub(super) fn timeout(&mut self, input: &PipelineInput, job: &str) -> u64 {
        let measured = input.run_times.and_then(|times| times.job("", job));
        let (minutes, why) = match measured {
            Some(time) => {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of a job")]
                let minutes = ((time.seconds * 3.0 / 60.0).ceil() as u64).clamp(SHORTEST, 360);
                (minutes, format!("three times the {:.0} s that it took ({} runs)", time.seconds, time.runs))
            }
            None => (UNMEASURED, "nobody measured it yet: `--runs` makes it three times what it takes".to_owned()),
        };
        self.choose(job, "timeout", why, None);
        minutes
    }

    /// Says which pipelines of the repository build the same images.
    fn add_existing(&mut self, input: &PipelineInput) {
        let is_own = |path: &str| (input.text_of)(path).is_some_and(|text| super::is_own_file(&text));
        for workflow in &input.inputs.workflows {
            let is_pipeline = workflow.workflow.kind.is_pipeline() && !is_own(&workflow.path);
            if is_pipeline && !workflow.calls.is_empty() {
                self.notes.push(format!(
                    "{} builds images too: with both, they are built twice; delete its jobs, or keep it and improve it with \
                     `dockopt ci fix {}`",
                    workflow.path, workflow.path
                ));
            }
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
