//! What a pipeline is to hold: images, jobs that test, a deployment, each choice with its reason.

use super::image::RepositoryImage;
use super::input::{DeploymentRunner, PipelineInput};
use super::tool::JobTool;
use crate::emit::Choice;

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
    /// The folders of submodules.
    pub(super) submodules: Vec<String>,
    /// The lines of a script that make what compose files ask for, before images are started.
    pub(super) preparation: Vec<String>,
    /// Why it is so; the service of a choice is its job.
    pub(super) choices: Vec<Choice>,
    /// Images and services of them that nothing asks whether they are ready.
    pub(super) unchecked: Vec<String>,
    /// The same, with a check that cannot fail.
    pub(super) constant: Vec<String>,
    /// Folders of projects without tests.
    pub(super) untested: Vec<String>,
    /// What is left to the user.
    pub(super) notes: Vec<String>,
    /// The same, of other pipelines that are there today.
    pub(super) others: Vec<String>,
}

/// An image with what it is made of and how it is started.
#[derive(Debug)]
pub(super) struct PlannedImage {
    pub(super) image: RepositoryImage,
    /// Pathspecs of git that take what it is made of, without the Dockerfile and its ignore file.
    pub(super) inputs: Vec<String>,
    /// The digest of the files that they follow from.
    pub(super) defined: String,
    pub(super) start: ImageStart,
}

impl PlannedImage {
    /// The options of `docker buildx build` besides those that each build has, one a line.
    pub(super) fn options(&self) -> Vec<String> {
        let mut options = Vec::new();
        if let Some(target) = &self.image.target {
            options.extend(["--target".to_owned(), target.clone()]);
        }
        for (name, place) in &self.image.contexts {
            options.extend(["--build-context".to_owned(), format!("{name}={place}")]);
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

/// How an image is started.
#[derive(Clone, Debug, Default)]
pub(super) struct ImageStart {
    /// The compose files from the top of the repository that it is started with; empty where it is by itself.
    pub(super) compose: Vec<String>,
    /// The services of them that run it; empty where none does.
    pub(super) services: Vec<String>,
    /// Those of them whose folders of sources would hide what is in the image.
    pub(super) unmounted: Vec<String>,
    /// Those of them whose check cannot fail, so that it proves nothing; the image itself where none runs it.
    pub(super) unchecked: Vec<String>,
    /// Services that have to run before them.
    pub(super) needs: Vec<String>,
    /// The seconds that it gets; none where it is not started.
    pub(super) seconds: u64,
}

impl ImageStart {
    /// The compose files in one text, as the scripts read them.
    pub(super) fn file_list(&self) -> String {
        self.compose.join(" ")
    }
}

/// A job that tests.
#[derive(Clone, Debug)]
pub(super) struct TestJob {
    /// Its name in the file: `test-backend`.
    pub(super) id: String,
    /// The folder that its commands run in, from the top of the repository; empty for that.
    pub(super) folder: String,
    /// What it needs of the machine.
    pub(super) tools: Vec<JobTool>,
    /// The versions of the language that it is run with, where the manifests name several.
    pub(super) versions: Vec<String>,
    /// What it runs, each with a name for people.
    pub(super) commands: Vec<(String, String)>,
    /// The databases that it is given.
    pub(super) databases: Vec<JobDatabase>,
    /// Its variables.
    pub(super) variables: Vec<(String, String)>,
    /// The file with the coverage, in its folder.
    pub(super) coverage: Option<&'static str>,
    /// Whether its tests start containers themselves.
    pub(super) needs_docker: bool,
}

/// A database beside a job.
#[derive(Clone, Debug)]
pub(super) struct JobDatabase {
    /// Its name: that of its service.
    pub(super) name: String,
    /// Its image, with a digest where the table has one.
    pub(super) image: String,
    /// Its variables.
    pub(super) settings: Vec<(String, String)>,
    /// The port that it listens on.
    pub(super) port: u16,
    /// The command that asks whether it is ready.
    pub(super) check: String,
    /// The command that brings its schema up to date, as the tool of the project runs it.
    pub(super) migrate: Option<String>,
    /// The folder of the project, and the same command in its image.
    pub(super) migration: Option<(String, String)>,
}

impl PipelinePlan {
    pub(super) fn choose(&mut self, job: &str, key: &str, reason: impl Into<String>, place: Option<String>) {
        let choice = Choice { service: job.to_owned(), key: key.to_owned(), reason: reason.into(), place };
        if !self.choices.contains(&choice) {
            self.choices.push(choice);
        }
    }

    /// Says why the steps that build are as they are; `legs`: the key under which a system has a job for each platform.
    pub(super) fn choose_image_steps(&mut self, legs: &str) {
        let why = "an image on each platform by itself, on a processor of that kind: nothing is emulated";
        self.choose("images", legs, why, None);
        let why = "the tag follows from the files, so that an image whose files did not change is not built again, on any branch";
        self.choose("images", "Look up", why, None);
        let why = "a cache per image and platform, with the stages between (`mode=max`), in a repository of its own";
        self.choose("images", "Build", why, None);
        let why = "after the start: what does not start gets no tag, and is not in the registry at all";
        self.choose("images", "Push", why, None);
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
}
