//! A plan as the pipeline of GitLab.

use super::input::{DeploymentRunner, PipelineInput};
use super::lines::{YamlLines, indented, list};
use super::plan::{PipelinePlan, PlannedDeployment, PlannedImage, TestJob};
use super::scripts;
use crate::emit::EmittedFile;
use crate::text::path;

/// The file that GitLab reads.
pub(super) const FILE: &str = ".gitlab-ci.yml";

/// Where a branch is tested, and where a version is released (docs.gitlab.com, `rules`).
const ON_BRANCH: &str = "- if: $CI_COMMIT_TAG == null";
const ON_VERSION: &str = "- if: $CI_COMMIT_TAG =~ /^v/";

/// The pipeline of a plan.
pub(super) fn files(input: &PipelineInput, plan: &mut PipelinePlan) -> Vec<EmittedFile> {
    let mut lines = YamlLines::default();
    let mut stages = vec!["test"];
    if !plan.images.is_empty() {
        stages.extend(["images", "tag"]);
    }
    if plan.deployment.is_some() {
        stages.extend(["staging", "production"]);
    }
    lines.add(0, &format!("stages: [{}]", stages.join(", ")));
    lines.add(0, "workflow:");
    lines.add(2, "auto_cancel:");
    lines.add(4, "on_new_commit: interruptible");
    lines.add(2, "rules:");
    lines.add(4, "- if: $CI_PIPELINE_SOURCE == \"merge_request_event\"");
    for rule in ["$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", "$CI_COMMIT_TAG =~ /^v/"] {
        lines.add(4, &format!("- if: {rule}"));
        lines.add(6, "auto_cancel: {on_new_commit: none}");
    }
    plan.choose("pipeline", "workflow", "merge requests, the default branch and versions: no commit runs twice", None);
    for job in std::mem::take(&mut plan.tests) {
        add_test_job(&mut lines, input, &job, plan);
        plan.tests.push(job);
    }
    if !plan.images.is_empty() {
        add_docker(&mut lines, !plan.submodules.is_empty());
        add_images(&mut lines, input, plan);
        add_tags(&mut lines, input, plan);
    }
    if let Some(deployment) = plan.deployment.take() {
        for id in ["staging", "production"] {
            add_deployment(&mut lines, input, &deployment, id, plan);
        }
        plan.deployment = Some(deployment);
    }
    vec![EmittedFile { path: FILE.to_owned(), text: lines.finish() }]
}

/// A job up to its script.
fn job_head(lines: &mut YamlLines, id: &str, stage: &str, minutes: u64, is_interruptible: bool) {
    lines.add(0, "");
    lines.add(0, &format!("{id}:"));
    lines.add(2, &format!("stage: {stage}"));
    lines.add(2, &format!("timeout: {minutes} minutes"));
    lines.add(2, &format!("interruptible: {is_interruptible}"));
}

fn add_test_job(lines: &mut YamlLines, input: &PipelineInput, job: &TestJob, plan: &mut PipelinePlan) {
    let minutes = plan.timeout(input, &job.id);
    job_head(lines, &job.id, "test", minutes, true);
    let image = job.tools.first().map_or("debian:trixie-slim", |tool| &tool.image);
    if let [first, ..] = job.versions.as_slice() {
        lines.add(2, "parallel:");
        lines.add(4, "matrix:");
        lines.add(6, &format!("- VERSION: {}", list(&job.versions)));
        let version = image.split_once(':').map_or("", |(_, tag)| tag);
        let image = image.replace(version, "$VERSION");
        plan.choose(&job.id, "image", format!("in place of `{first}`, each version in turn"), None);
        lines.pair(2, "image", &image);
    } else {
        lines.pair(2, "image", image);
    }
    if job.tools.len() > 1 {
        let names: Vec<&str> = job.tools.iter().skip(1).map(|tool| tool.name).collect();
        plan.notes.push(format!("`{}` also needs {}: its image has to bring them", job.id, names.join(", ")));
    }
    if !job.databases.is_empty() || job.needs_docker {
        lines.add(2, "services:");
    }
    if job.needs_docker {
        plan.choose(&job.id, "docker", "its tests start containers: Testcontainers docs, GitLab CI", None);
        lines.add(4, "- name: docker:28-dind");
        lines.add(6, "alias: docker");
        lines.add(6, "command: [\"--tls=false\"]");
    }
    for database in &job.databases {
        lines.pair(4, "- name", &database.image);
        lines.pair(6, "alias", &database.name);
        lines.map(6, "variables", &database.settings);
    }
    add_variables(lines, job);
    lines.add(2, "rules:");
    lines.add(4, ON_BRANCH);
    lines.add(2, "script:");
    for command in job.tools.iter().flat_map(|tool| tool.before.iter().chain(&tool.prepare)).take(1) {
        lines.item(4, command);
    }
    if !job.folder.is_empty() {
        lines.item(4, &format!("cd {}", crate::shell::quoted_word(&job.folder)));
    }
    for (_, command) in &job.commands {
        lines.item(4, command);
    }
    if let Some(coverage) = job.coverage {
        lines.add(2, "coverage: '/^TOTAL.* (\\d+(?:\\.\\d+)?%)$/'");
        lines.add(2, "artifacts:");
        lines.add(4, "when: always");
        lines.add(4, "reports:");
        lines.add(6, "coverage_report:");
        lines.add(8, "coverage_format: cobertura");
        lines.pair(8, "path", &path::child(&job.folder, coverage));
    }
}

/// The variables of a job that tests, and the cache of its packages.
fn add_variables(lines: &mut YamlLines, job: &TestJob) {
    let caches: Vec<(&str, String, Option<&String>)> = job
        .tools
        .iter()
        .filter_map(|tool| Some((tool.cache?, format!(".cache/{}", tool.name), tool.lock.as_ref())))
        .collect();
    let mut variables = job.variables.clone();
    if job.needs_docker {
        let docker = [("DOCKER_HOST", "tcp://docker:2375"), ("DOCKER_TLS_CERTDIR", "")];
        variables.extend(docker.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    variables.extend(caches.iter().map(|(variable, folder, _)| {
        let (name, front) = variable.split_once('=').unwrap_or((variable, ""));
        (name.to_owned(), format!("{front}$CI_PROJECT_DIR/{folder}"))
    }));
    lines.map(2, "variables", &variables);
    if caches.is_empty() {
        return;
    }
    lines.add(2, "cache:");
    for (_, folder, lock) in &caches {
        match lock {
            Some(lock) => {
                lines.add(4, "- key:");
                lines.add(8, &format!("files: {}", list(&[(*lock).clone()])));
            }
            None => lines.add(4, "- key: $CI_JOB_NAME"),
        }
        lines.add(6, &format!("paths: [{folder}]"));
    }
}

/// What jobs with Docker share.
fn add_docker(lines: &mut YamlLines, has_submodules: bool) {
    lines.add(0, "");
    lines.add(0, ".docker:");
    lines.add(2, "image: docker:28");
    lines.add(2, "services:");
    lines.add(4, "- docker:28-dind");
    lines.add(2, "variables:");
    lines.add(4, "DOCKER_TLS_CERTDIR: /certs");
    lines.add(4, "IMAGES: $CI_REGISTRY_IMAGE");
    if has_submodules {
        lines.add(4, "GIT_SUBMODULE_STRATEGY: recursive");
    }
    lines.add(2, "before_script:");
    let script = "printf %s \"$CI_REGISTRY_PASSWORD\" | docker login \"$CI_REGISTRY\" --username \"$CI_REGISTRY_USER\" --password-stdin";
    lines.item(4, script);
}

fn add_images(lines: &mut YamlLines, input: &PipelineInput, plan: &mut PipelinePlan) {
    let minutes = plan.timeout(input, "images");
    plan.choose_image_steps("tags");
    job_head(lines, ".image", "images", minutes, true);
    lines.add(2, "extends: .docker");
    lines.add(2, "needs: []");
    lines.add(2, "rules:");
    lines.add(4, "- if: $CI_COMMIT_TAG");
    lines.add(6, "when: never");
    lines.add(4, "- if: $CI_PIPELINE_SOURCE == \"merge_request_event\"");
    lines.add(6, "variables:");
    lines.add(8, "PUSH: \"false\"");
    lines.add(4, "- if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH");
    lines.add(6, "variables:");
    lines.add(8, "PUSH: \"true\"");
    lines.add(2, "script:");
    lines.item(4, scripts::LOOK_UP);
    lines.item(4, &format!("if [ \"$known\" = yes ]; then\n{}  exit 0\nfi", indented(scripts::KEEP, 2)));
    lines.item(4, scripts::BUILDER);
    lines.item(4, scripts::BUILD);
    // The start ends what it started when its shell ends.
    lines.item(4, &format!("(\n{})", indented(&scripts::start_script(plan), 2)));
    lines.item(4, &format!("if [ \"$PUSH\" = true ]; then\n{}fi", indented(scripts::PUSH, 2)));
    lines.item(4, scripts::KEEP);
    lines.add(2, "artifacts:");
    lines.add(4, "paths: [keys]");
    lines.add(4, "expire_in: 1 week");
    for image in &plan.images {
        for platform in input.platforms {
            add_leg(lines, image, platform, input.platforms.len() > 1);
        }
    }
}

fn add_leg(lines: &mut YamlLines, image: &PlannedImage, platform: &str, has_several: bool) {
    let name = &image.image.name;
    let end = if has_several {
        format!("-{}", platform.split_once('/').map_or(platform, |(_, end)| end).replace('/', "-"))
    } else {
        String::new()
    };
    lines.add(0, "");
    lines.add(0, &format!("image-{name}{end}:"));
    lines.add(2, "extends: .image");
    if platform.starts_with("linux/arm64") {
        lines.add(2, "tags: [saas-linux-small-arm64]");
    }
    let start = &image.start;
    let mut variables = vec![
        ("NAME".to_owned(), name.clone()),
        ("PLATFORM".to_owned(), platform.to_owned()),
        ("FILE".to_owned(), image.image.dockerfile.clone()),
        ("CONTEXT".to_owned(), image.image.context.clone()),
        ("SERVICES".to_owned(), start.services.join(" ")),
        ("UNMOUNTED".to_owned(), start.unmounted.join(" ")),
        ("COMPOSE".to_owned(), start.file_list()),
        ("SECONDS_TO_START".to_owned(), start.seconds.to_string()),
        ("DEFINED".to_owned(), image.defined.clone()),
    ];
    let lists = [("NEEDS", &start.needs), ("UNCHECKED", &start.unchecked)];
    let lists = lists.into_iter().filter(|(_, services)| !services.is_empty());
    variables.extend(lists.map(|(name, services)| (name.to_owned(), services.join(" "))));
    for (_, value) in &mut variables {
        // GitLab replaces variables in values of variables.
        *value = value.replace('$', "$$");
    }
    lines.map(2, "variables", &variables);
    lines.block(4, "OPTIONS", &image.options().join("\n").replace('$', "$$"));
    lines.block(4, "INPUTS", &image.inputs.join("\n").replace('$', "$$"));
}

fn add_tags(lines: &mut YamlLines, input: &PipelineInput, plan: &mut PipelinePlan) {
    let minutes = plan.timeout(input, "tag");
    plan.choose("tag", "stage", "an image whose tests fail gets no tag of the commit, so it can be no version", None);
    job_head(lines, "tag", "tag", minutes, false);
    lines.add(2, "extends: .docker");
    lines.add(2, "rules:");
    lines.add(4, "- if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH");
    let variables = [("COMMIT", "$CI_COMMIT_SHA".to_owned()), ("PLATFORMS", input.platforms.join(" "))];
    lines.map(2, "variables", &variables.map(|(name, value)| (name.to_owned(), value)));
    lines.add(2, "script:");
    lines.item(4, scripts::TAG);
    let minutes = plan.timeout(input, "versions");
    plan.choose(
        "versions",
        "script",
        "the digest that was tested on the branch gets the version: nothing is built again",
        None,
    );
    job_head(lines, "versions", "tag", minutes, false);
    lines.add(2, "extends: .docker");
    lines.add(2, "rules:");
    lines.add(4, ON_VERSION);
    let names: Vec<&str> = plan.images.iter().map(|image| image.image.name.as_str()).collect();
    let names = names.join(" ");
    let known = [("COMMIT", "$CI_COMMIT_SHA"), ("VERSION", "$CI_COMMIT_TAG"), ("NAMES", &names), ("TRIES", "60")];
    // With the tags of other versions.
    let variables = known.into_iter().chain([("GIT_DEPTH", "0")]);
    let variables: Vec<_> = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    lines.map(2, "variables", &variables);
    lines.add(2, "script:");
    lines.item(4, &format!("{}echo \"$digests\" >digests", scripts::VERSIONS));
    lines.add(2, "artifacts:");
    lines.add(4, "paths: [digests]");
}

fn add_deployment(
    lines: &mut YamlLines,
    input: &PipelineInput,
    deployment: &PlannedDeployment,
    id: &str,
    plan: &mut PipelinePlan,
) {
    let minutes = plan.timeout(input, id);
    job_head(lines, id, id, minutes, false);
    match deployment.runner {
        // It has ssh.
        DeploymentRunner::Ssh => lines.add(2, "image: docker:28"),
        DeploymentRunner::Host => lines.add(2, &format!("tags: [{id}]")),
    }
    let needs = if id == "staging" { "[versions]" } else { "[versions, staging]" };
    lines.add(2, &format!("needs: {needs}"));
    lines.add(2, "environment:");
    lines.add(4, &format!("name: {id} # its variables, and who approves"));
    lines.add(2, &format!("resource_group: {id} # one deployment at a time"));
    lines.add(2, "rules:");
    lines.add(4, ON_VERSION);
    if id == "production" {
        lines.add(6, "when: manual");
    }
    lines.map(2, "variables", &[("DEPLOYS".to_owned(), scripts::deploys(deployment))]);
    lines.add(2, "script:");
    let secrets = scripts::SSH_SECRETS.iter().map(|(variable, secret)| format!("{variable}=${{{secret}:-}}"));
    let set = secrets.collect::<Vec<_>>().join("; ");
    lines.item(4, &format!("DIGESTS=$(cat digests); {set}\n{}", scripts::deploy_script(deployment)));
    lines.add(2, "after_script:");
    lines.item(4, &format!("export RESULT=$CI_JOB_STATUS NOTIFY=\"${{NOTIFY_COMMAND:-}}\"\n{}", scripts::NOTIFY));
}
