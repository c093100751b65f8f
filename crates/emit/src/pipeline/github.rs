//! A plan as workflows of GitHub: one for branches and pull requests, and one for versions, which restores no cache.

use std::collections::BTreeSet;

use super::input::{DeploymentRunner, PipelineInput};
use super::lines::{YamlLines, list};
use super::plan::{PipelinePlan, PlannedDeployment, PlannedImage, TestJob};
use super::scripts;
use super::tool::JobTool;
use crate::data;
use crate::emit::EmittedFile;
use crate::text::path;

/// The workflow that tests and builds.
pub(super) const WORKFLOW: &str = ".github/workflows/pipeline.yml";
/// The workflow that releases.
const RELEASE: &str = ".github/workflows/pipeline-release.yml";

/// The runners that live on a processor of their own (docs.github.com, GitHub-hosted runners reference).
const RUNNERS: [(&str, &str); 2] = [("linux/amd64", RUNNER), ("linux/arm64", "ubuntu-24.04-arm")];
const RUNNER: &str = "ubuntu-24.04";

/// The spaces in front of the keys of a step.
const STEP: usize = 8;

/// The files of a plan.
pub(super) fn files(input: &PipelineInput, plan: &mut PipelinePlan) -> Vec<EmittedFile> {
    let workflow = EmittedFile { path: WORKFLOW.to_owned(), text: workflow(input, plan) };
    if plan.images.is_empty() {
        return vec![workflow];
    }
    vec![workflow, EmittedFile { path: RELEASE.to_owned(), text: release(input, plan) }]
}

fn workflow(input: &PipelineInput, plan: &mut PipelinePlan) -> String {
    let mut lines = YamlLines::default();
    lines.add(0, "name: pipeline");
    lines.add(0, "on:");
    lines.add(2, "push:");
    lines.add(4, &format!("branches: {}", list(&[input.branch.to_owned()])));
    lines.add(2, "pull_request:");
    head(&mut lines, plan, "pipeline-${{ github.event.pull_request.number || github.run_id }}", "true");
    lines.add(0, "jobs:");
    plan.choose("pipeline", "permissions", "none: each job asks for what it needs", None);
    plan.choose(
        "pipeline",
        "concurrency",
        "a new commit of a pull request ends the run of the one before; each commit of the branch has a run of its own",
        None,
    );
    for job in std::mem::take(&mut plan.tests) {
        add_test_job(&mut lines, input, &job, plan);
        plan.tests.push(job);
    }
    if !plan.images.is_empty() {
        add_images(&mut lines, input, plan);
        add_tags(&mut lines, input, plan);
    }
    lines.finish()
}

/// What stands above the jobs.
fn head(lines: &mut YamlLines, plan: &PipelinePlan, group: &str, cancels: &str) {
    lines.add(0, "permissions: {}");
    lines.add(0, "concurrency:");
    lines.add(2, &format!("group: {group}"));
    lines.add(2, &format!("cancel-in-progress: {cancels}"));
    lines.add(0, "defaults:");
    lines.add(2, "run:");
    lines.add(4, "shell: bash # ends at the first command that fails, in a pipe too");
    if !plan.images.is_empty() {
        lines.add(0, "env:");
        lines.add(2, "IMAGES: ghcr.io/${{ github.repository }}");
    }
}

/// A job up to its permissions.
fn job_head(
    lines: &mut YamlLines,
    id: &str,
    name: &str,
    runner: &str,
    minutes: u64,
    permissions: &[(&str, &str, &str)],
) {
    lines.add(2, &format!("{id}:"));
    lines.add(4, &format!("name: {name}"));
    lines.add(4, &format!("runs-on: {runner}"));
    lines.add(4, &format!("timeout-minutes: {minutes}"));
    if permissions.is_empty() {
        lines.add(4, "permissions: {}");
        return;
    }
    lines.add(4, "permissions:");
    for (scope, level, why) in permissions {
        lines.add(6, &format!("{scope}: {level} # {why}"));
    }
}

fn add_test_job(lines: &mut YamlLines, input: &PipelineInput, job: &TestJob, plan: &mut PipelinePlan) {
    let minutes = plan.timeout(input, &job.id);
    let has_matrix = !job.versions.is_empty();
    let version = if has_matrix { " (${{ matrix.version }})" } else { "" };
    let name = format!("{}{version}", job.id);
    job_head(lines, &job.id, &name, RUNNER, minutes, &[("contents", "read", "to check out")]);
    plan.choose(&job.id, "permissions", "it reads the repository, and writes nothing", None);
    if has_matrix {
        lines.add(4, "strategy:");
        lines.add(6, "fail-fast: false");
        lines.add(6, "matrix:");
        lines.add(8, &format!("version: {}", list(&job.versions)));
    }
    if !job.folder.is_empty() {
        lines.add(4, "defaults:");
        lines.add(6, "run:");
        lines.pair(8, "working-directory", &job.folder);
    }
    add_databases(lines, job);
    lines.map(4, "env", &job.variables);
    lines.add(4, "steps:");
    checkout(lines);
    for tool in &job.tools {
        add_tool(lines, tool, has_matrix);
    }
    for (name, command) in &job.commands {
        add_run(lines, name, &[], command);
    }
    if let Some(coverage) = job.coverage {
        step(lines, "Keep the coverage");
        lines.add(STEP, "if: always()");
        uses(lines, "actions/upload-artifact");
        lines.add(STEP, "with:");
        let version = if has_matrix { "-${{ matrix.version }}" } else { "" };
        lines.add(STEP + 2, &format!("name: coverage-{}{version}", job.id));
        lines.pair(STEP + 2, "path", &path::child(&job.folder, coverage));
        lines.add(STEP + 2, "if-no-files-found: ignore");
    }
}

fn add_databases(lines: &mut YamlLines, job: &TestJob) {
    if job.databases.is_empty() {
        return;
    }
    lines.add(4, "services:");
    for database in &job.databases {
        lines.add(6, &format!("{}:", database.name));
        lines.pair(8, "image", &database.image);
        lines.map(8, "env", &database.settings);
        lines.add(8, "ports:");
        lines.add(10, &format!("- {0}:{0}", database.port));
        lines.add(8, "options: >-");
        lines.add(10, &format!("--health-cmd \"{}\"", database.check));
        lines.add(10, "--health-interval 2s --health-timeout 5s --health-retries 30");
    }
}

fn add_tool(lines: &mut YamlLines, tool: &JobTool, has_matrix: bool) {
    if let Some(command) = tool.before {
        add_run(lines, &format!("Install {}", tool.name), &[], command);
    }
    step(lines, &format!("Set up {}", tool.name));
    uses(lines, tool.action);
    let mut inputs = tool.inputs.clone();
    if let Some(version) = tool.version_input
        && has_matrix
    {
        inputs.retain(|(key, _)| key != version);
        inputs.insert(0, (version.to_owned(), "${{ matrix.version }}".to_owned()));
    }
    if inputs.is_empty() {
        return;
    }
    lines.add(STEP, "with:");
    for (key, value) in &inputs {
        let is_written = value.starts_with("${{") || value == "true" || value == "none";
        if is_written {
            lines.add(STEP + 2, &format!("{key}: {value}"));
        } else {
            lines.pair(STEP + 2, key, value);
        }
    }
}

/// The legs of the images: each image for each platform, where a runner has its processor.
fn legs<'p>(input: &'p PipelineInput, plan: &'p PipelinePlan) -> Vec<(&'p PlannedImage, &'p str, &'static str)> {
    let runner =
        |platform: &str| RUNNERS.iter().find(|(known, _)| *known == platform).map_or(RUNNER, |(_, runner)| runner);
    let of_image = |image: &'p PlannedImage| {
        input.platforms.iter().map(move |platform| (image, platform.as_str(), runner(platform)))
    };
    plan.images.iter().flat_map(of_image).collect()
}

fn add_images(lines: &mut YamlLines, input: &PipelineInput, plan: &mut PipelinePlan) {
    let minutes = plan.timeout(input, "images");
    plan.choose("images", "permissions", "it pushes what has started; a pull request pushes nothing", None);
    plan.choose_image_steps("matrix");
    let permissions = [
        ("contents", "read", "to check out"),
        (
            "packages",
            "write",
            "to push images and their caches; a pull request pushes nothing, one of a fork may only read",
        ),
    ];
    let name = "images (${{ matrix.image }}, ${{ matrix.platform }})";
    job_head(lines, "images", name, "${{ matrix.runner }}", minutes, &permissions);
    add_legs(lines, input, plan);
    lines.add(4, "steps:");
    checkout(lines);
    if !plan.submodules.is_empty() {
        lines.add(STEP + 2, "submodules: recursive");
    }
    log_in(lines);
    let keep = "printf '%s\\n' \"key=$key\" \"image=$image\" \"tag=$tag\" \"cache=$cache\" \"known=$known\" >>\"$GITHUB_ENV\"\n";
    add_run(lines, "Look up", &[], &format!("{}{keep}", scripts::LOOK_UP));
    let is_new = ["if: env.known == 'no'"];
    add_run(lines, "Make a builder", &is_new, scripts::BUILDER);
    add_run(lines, "Build", &is_new, scripts::BUILD);
    add_run(lines, "Start", &is_new, &scripts::start_script(plan));
    add_run(lines, "Push", &["if: env.known == 'no' && env.PUSH == 'true'"], scripts::PUSH);
    add_run(lines, "Keep the key", &["if: env.PUSH == 'true'"], scripts::KEEP);
    step(lines, "Hand it on");
    lines.add(STEP, "if: env.PUSH == 'true'");
    uses(lines, "actions/upload-artifact");
    lines.add(STEP, "with:");
    lines.add(STEP + 2, "name: key-${{ matrix.image }}-${{ strategy.job-index }}");
    lines.add(STEP + 2, "path: keys");
    lines.add(STEP + 2, "retention-days: 7");
}

/// The matrix of the images, and the variables that a leg gets from it.
fn add_legs(lines: &mut YamlLines, input: &PipelineInput, plan: &PipelinePlan) {
    lines.add(4, "strategy:");
    lines.add(6, "fail-fast: false");
    lines.add(6, "matrix:");
    lines.add(8, "include:");
    let has_unmounted = plan.images.iter().any(|image| !image.start.unmounted.is_empty());
    let has_unchecked = plan.images.iter().any(|image| !image.start.unchecked.is_empty());
    let has_needs = plan.images.iter().any(|image| !image.start.needs.is_empty());
    let has_options = plan.images.iter().any(|image| !image.options().is_empty());
    let compose = single_compose(plan);
    for (image, platform, runner) in legs(input, plan) {
        lines.add(10, &format!("- image: {}", image.image.name));
        lines.pair(12, "platform", platform);
        lines.add(12, &format!("runner: {runner}"));
        lines.pair(12, "file", &image.image.dockerfile);
        lines.pair(12, "context", &image.image.context);
        if has_options {
            lines.block(12, "options", &image.options().join("\n"));
        }
        if has_unmounted {
            lines.pair(12, "unmounted", &image.start.unmounted.join(" "));
        }
        if has_unchecked {
            lines.pair(12, "unchecked", &image.start.unchecked.join(" "));
        }
        if has_needs {
            lines.pair(12, "needs", &image.start.needs.join(" "));
        }
        if compose.is_none() {
            lines.pair(12, "compose", &image.start.file_list());
        }
        lines.pair(12, "services", &image.start.services.join(" "));
        lines.add(12, &format!("seconds: {}", image.start.seconds));
        lines.block(12, "inputs", &image.inputs.join("\n"));
        lines.pair(12, "defined", &image.defined);
    }
    lines.add(4, "env:");
    for (variable, value) in VARIABLES.into_iter().filter(|(variable, _)| has_options || *variable != "OPTIONS") {
        lines.add(6, &format!("{variable}: ${{{{ {value} }}}}"));
    }
    if !has_options {
        lines.pair(6, "OPTIONS", "");
    }
    lines.add(6, if has_unmounted { "UNMOUNTED: ${{ matrix.unmounted }}" } else { "UNMOUNTED: \"\"" });
    lines.add(6, "PUSH: ${{ github.event_name != 'pull_request' }}");
    if has_unchecked {
        lines.add(6, "UNCHECKED: ${{ matrix.unchecked }}");
    }
    if has_needs {
        lines.add(6, "NEEDS: ${{ matrix.needs }}");
    }
    match compose {
        Some(compose) => lines.pair(6, "COMPOSE", &compose),
        None => lines.add(6, "COMPOSE: ${{ matrix.compose }}"),
    }
}

/// The compose files that all images are started with, where they are the same.
fn single_compose(plan: &PipelinePlan) -> Option<String> {
    let starts = plan.images.iter().map(|image| image.start.file_list());
    let all: BTreeSet<String> = starts.filter(|files| !files.is_empty()).collect();
    if all.len() > 1 { None } else { Some(all.into_iter().next().unwrap_or_default()) }
}

/// Variables of the job that builds, with what they are.
const VARIABLES: [(&str, &str); 9] = [
    ("NAME", "matrix.image"),
    ("PLATFORM", "matrix.platform"),
    ("FILE", "matrix.file"),
    ("CONTEXT", "matrix.context"),
    ("OPTIONS", "matrix.options"),
    ("SERVICES", "matrix.services"),
    ("SECONDS_TO_START", "matrix.seconds"),
    ("INPUTS", "matrix.inputs"),
    ("DEFINED", "matrix.defined"),
];

fn add_tags(lines: &mut YamlLines, input: &PipelineInput, plan: &mut PipelinePlan) {
    let minutes = plan.timeout(input, "tag");
    plan.choose("tag", "needs", "an image whose tests fail gets no tag of the commit, so it can be no version", None);
    plan.choose("tag", "permissions", "it tags what is in the registry", None);
    job_head(lines, "tag", "tag", RUNNER, minutes, &[("packages", "write", "to tag what was started and tested")]);
    lines.add(4, "if: github.event_name != 'pull_request'");
    let mut needs: Vec<String> = plan.tests.iter().map(|job| job.id.clone()).collect();
    needs.push("images".to_owned());
    lines.add(4, &format!("needs: [{}]", needs.join(", ")));
    lines.add(4, "env:");
    lines.add(6, "COMMIT: ${{ github.sha }}");
    lines.pair(6, "PLATFORMS", &input.platforms.join(" "));
    lines.add(4, "steps:");
    log_in(lines);
    step(lines, "Get the keys");
    uses(lines, "actions/download-artifact");
    lines.add(STEP, "with:");
    lines.add(STEP + 2, "pattern: key-*");
    lines.add(STEP + 2, "path: keys");
    lines.add(STEP + 2, "merge-multiple: true");
    add_run(lines, "Tag", &[], scripts::TAG);
}

fn release(input: &PipelineInput, plan: &mut PipelinePlan) -> String {
    let mut lines = YamlLines::default();
    lines.add(0, "name: release");
    lines.add(0, "on:");
    lines.add(2, "push:");
    lines.add(4, "tags: [\"v*\"]");
    head(&mut lines, plan, "release-${{ github.ref }}", "false");
    lines.add(0, "jobs:");
    let minutes = plan.timeout(input, "versions");
    plan.choose(
        "versions",
        "Tag",
        "the digest that was tested on the branch gets the version: nothing is built again",
        None,
    );
    plan.choose("versions", "permissions", "it tags what is in the registry", None);
    let permissions = [("contents", "read", "to check out"), ("packages", "write", "to tag what was tested")];
    job_head(&mut lines, "versions", "versions", RUNNER, minutes, &permissions);
    lines.add(4, "outputs:");
    lines.add(6, "digests: ${{ steps.versions.outputs.digests }}");
    lines.add(4, "steps:");
    checkout(&mut lines);
    lines.add(STEP + 2, "fetch-depth: 0 # the tags of other versions");
    lines.add(STEP + 2, "filter: blob:none");
    log_in(&mut lines);
    step(&mut lines, "Tag");
    lines.add(STEP, "id: versions");
    lines.add(STEP, "env:");
    lines.add(STEP + 2, "VERSION: ${{ github.ref_name }}");
    let names: Vec<&str> = plan.images.iter().map(|image| image.image.name.as_str()).collect();
    lines.pair(STEP + 2, "NAMES", &names.join(" "));
    lines.add(STEP + 2, "TRIES: 60");
    let script =
        format!("COMMIT=$(git rev-parse HEAD)\n{}echo \"digests=$digests\" >>\"$GITHUB_OUTPUT\"\n", scripts::VERSIONS);
    lines.block(STEP, "run", &script);
    if let Some(deployment) = plan.deployment.take() {
        for (id, needs) in [("staging", "[versions]"), ("production", "[versions, staging]")] {
            let minutes = plan.timeout(input, id);
            add_deployment(&mut lines, &deployment, id, needs, minutes);
        }
        plan.deployment = Some(deployment);
    }
    lines.finish()
}

fn add_deployment(lines: &mut YamlLines, deployment: &PlannedDeployment, id: &str, needs: &str, minutes: u64) {
    let runner = match deployment.runner {
        DeploymentRunner::Ssh => RUNNER.to_owned(),
        DeploymentRunner::Host => format!("[self-hosted, {id}]"),
    };
    job_head(lines, id, id, &runner, minutes, &[]);
    lines.add(4, &format!("needs: {needs}"));
    lines.add(4, &format!("environment: {id} # its secrets, and who approves"));
    lines.add(4, "concurrency:");
    lines.add(6, &format!("group: deploy-{id}"));
    lines.add(6, "cancel-in-progress: false");
    lines.add(4, "steps:");
    step(lines, "Deploy");
    lines.add(STEP, "env:");
    lines.add(STEP + 2, "DIGESTS: ${{ needs.versions.outputs.digests }}");
    lines.pair(STEP + 2, "DEPLOYS", &scripts::deploys(deployment));
    let secrets: &[(&str, &str)] = match deployment.runner {
        DeploymentRunner::Ssh => &scripts::SSH_SECRETS,
        DeploymentRunner::Host => &scripts::SSH_SECRETS[2..],
    };
    for (variable, secret) in secrets {
        lines.add(STEP + 2, &format!("{variable}: ${{{{ secrets.{secret} }}}}"));
    }
    lines.block(STEP, "run", &scripts::deploy_script(deployment));
    step(lines, "Notify");
    lines.add(STEP, "if: always()");
    lines.add(STEP, "env:");
    lines.add(STEP + 2, "NOTIFY: ${{ secrets.NOTIFY_COMMAND }}");
    lines.add(STEP + 2, "RESULT: ${{ job.status }}");
    lines.block(STEP, "run", scripts::NOTIFY);
}

fn step(lines: &mut YamlLines, name: &str) {
    lines.add(STEP - 2, &format!("- name: {name}"));
}

fn add_run(lines: &mut YamlLines, name: &str, keys: &[&str], script: &str) {
    step(lines, name);
    for key in keys {
        lines.add(STEP, key);
    }
    lines.script(STEP, "run", script);
}

fn checkout(lines: &mut YamlLines) {
    step(lines, "Check out");
    uses(lines, "actions/checkout");
    lines.add(STEP, "with:");
    lines.add(STEP + 2, "persist-credentials: false");
}

fn log_in(lines: &mut YamlLines) {
    step(lines, "Log in");
    lines.add(STEP, "env:");
    lines.add(STEP + 2, "TOKEN: ${{ github.token }}");
    let script = "printf %s \"$TOKEN\" | docker login \"${IMAGES%%/*}\" --username \"$GITHUB_ACTOR\" --password-stdin";
    lines.block(STEP, "run", script);
}

/// The line of an action, by the commit in `data/workflow_actions.tsv`.
fn uses(lines: &mut YamlLines, action: &str) {
    let row = data::WORKFLOW_ACTIONS.row(action);
    let (version, commit) = row.map_or(("", ""), |row| (row[2], row[3]));
    lines.add(STEP, &format!("uses: {action}@{commit} # {version}"));
}
