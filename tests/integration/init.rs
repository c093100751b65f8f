//! `dockopt init`: what it writes, and that nothing of the user is lost.

use crate::dockopt::{Dockopt, Ran};

fn init(dockopt: Dockopt, arguments: &[&str]) -> Ran {
    dockopt.args(["init"]).args(arguments.iter().copied()).run()
}

/// The files that were written.
fn written(ran: &Ran) -> Vec<String> {
    let line = ran.stderr.lines().find_map(|line| line.strip_prefix("wrote ")).unwrap_or_default();
    line.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn the_files_of_a_project_are_shown_then_written_once() {
    let project = || Dockopt::new().dir("task-tracker");
    let shown = init(project(), &[]).code(0);
    assert!(shown.stdout.contains("+++ b/.github/workflows/dockopt.yml\n"), "{}", shown.stdout);
    assert!(shown.stdout.contains("+        backend/Dockerfile backend\n+        dashboard/Dockerfile dashboard\n"));
    assert!(shown.stderr.contains("would write 3 files; write with `--write`\n"), "{}", shown.stderr);
    assert!(!shown.path().join(".github").exists());
    init(project(), &["--check"]).code(1);

    let ran = init(project(), &["--write"]).code(0);
    let files = ["dockopt.toml", ".pre-commit-config.yaml", ".github/workflows/dockopt.yml"];
    assert_eq!(written(&ran), files);
    let texts = files.map(|file| ran.read(file));
    assert!(texts[2].contains("/.github/workflows/report.yml@"), "{}", texts[2]);
    let ran = ran.again(["init", "--write"]).code(0);
    assert!(ran.stderr.contains("nothing to write\n"), "{}", ran.stderr);
    assert_eq!(files.map(|file| ran.read(file)), texts);
    let ran = ran.again(["init", "--check"]).code(0);
    // The settings hold, and say nothing yet.
    let ran = ran.again(["lint", "backend/Dockerfile", "--fail-on=none"]).code(0);
    assert!(!ran.stderr.contains("dockopt.toml"), "{}", ran.stderr);
    // A diff can be applied, and is what is written.
    let applied = project().input(&shown.stdout).apply();
    assert_eq!(files.map(|file| applied.read(file)), texts);
}

#[test]
fn pull_requests_of_forks_have_a_second_workflow() {
    let ran = init(Dockopt::new().file("Dockerfile", "FROM scratch\n"), &["--write", "--forks"]).code(0);
    let comment = ran.read(".github/workflows/dockopt-comment.yml");
    assert!(!comment.contains("actions/checkout"), "{comment}");
    assert!(comment.contains("workflows: [dockopt]"), "{comment}");
    let workflow = ran.read(".github/workflows/dockopt.yml");
    assert!(workflow.contains("        Dockerfile .\n      upload: true"), "{workflow}");
}

#[test]
fn files_of_the_user_are_kept() {
    let pre_commit = "# ours\r\nrepos:\r\n- repo: local # x\r\n  hooks: []\r\n\r\nci: {}\r\n";
    let gitlab = "stages: [test]\n\ninclude:\n    - template: Jobs/SAST.gitlab-ci.yml\n\njob:\n  script: x";
    let ran = init(
        Dockopt::new()
            .file("Dockerfile", "FROM scratch\n")
            .file("dockopt.toml", "fail-on = \"none\"\n")
            .file(".pre-commit-config.yaml", pre_commit)
            .file(".gitlab-ci.yml", gitlab),
        &["--write"],
    )
    .code(0);
    assert_eq!(written(&ran), [".pre-commit-config.yaml", ".gitlab/dockopt.yml", ".gitlab-ci.yml"]);
    assert_eq!(ran.read("dockopt.toml"), "fail-on = \"none\"\n");
    let version = env!("CARGO_PKG_VERSION");
    let item =
        format!("- repo: https://github.com/dockopt/dockopt\r\n  rev: v{version}\r\n  hooks:\r\n    - id: dockopt\r\n");
    assert_eq!(ran.read(".pre-commit-config.yaml"), pre_commit.replace("[]\r\n", &format!("[]\r\n{item}")));
    let expected = gitlab.replace("ci.yml\n", "ci.yml\n    - local: .gitlab/dockopt.yml\n");
    assert_eq!(ran.read(".gitlab-ci.yml"), expected);
    assert!(ran.read(".gitlab/dockopt.yml").contains("    DOCKOPT_BUILDS: |\n      Dockerfile .\n"));
    assert!(ran.stderr.contains("GITLAB_TOKEN"), "{}", ran.stderr);
    let ran = ran.again(["init", "--write"]).code(0);
    assert!(ran.stderr.contains("nothing to write\n"), "{}", ran.stderr);
}

#[test]
fn the_job_of_gitlab_has_a_stage_that_exists() {
    for (text, stage) in [
        ("stages: [build, test]\n", "test"),
        ("stages:\n  - lint\n  - deploy\n", "lint"),
        ("stages: 3\njob:\n  script:\n    - !reference [.setup, script]\n", "test"),
        ("a: [\n", "test"),
    ] {
        let dockopt = Dockopt::new().file("Dockerfile", "FROM scratch\n").file(".gitlab-ci.yml", text);
        let job = init(dockopt, &["--write"]).code(0).read(".gitlab/dockopt.yml");
        assert!(job.contains(&format!("\n  stage: {stage}\n")), "{text}: {job}");
    }
}

#[test]
fn a_workflow_that_exists_is_named_if_it_has_to_upload() {
    let dockopt =
        Dockopt::new().file("Dockerfile", "FROM scratch\n").file(".github/workflows/dockopt.yml", "on: push\n");
    let ran = init(dockopt, &["--write", "--forks"]).code(0);
    assert!(ran.stderr.contains("note: add `upload: true` below `with:`"), "{}", ran.stderr);
    assert_eq!(ran.read(".github/workflows/dockopt.yml"), "on: push\n");
}

#[test]
fn a_list_in_brackets_is_left_to_the_user() {
    let dockopt = Dockopt::new().file("Dockerfile", "FROM scratch\n").file(".pre-commit-config.yaml", "repos: []\n");
    let ran = init(dockopt, &["--write", "--ci=none"]).code(0);
    assert_eq!(written(&ran), ["dockopt.toml"]);
    assert_eq!(ran.read(".pre-commit-config.yaml"), "repos: []\n");
    assert!(
        ran.stderr.contains("add this item by hand:\n  - repo: https://github.com/dockopt/dockopt\n"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_ci_system_is_that_of_the_remote() {
    let config = |url: &str| format!("[remote \"origin\"]\n\turl = {url}\n");
    for (url, expected) in [
        ("git@gitlab.example.com:team/app.git", ".gitlab/dockopt.yml"),
        ("https://gitlab.com/team/app", ".gitlab/dockopt.yml"),
        ("https://github.com/team/gitlab-tools", ".github/workflows/dockopt.yml"),
    ] {
        let dockopt = Dockopt::new().file("Dockerfile", "FROM scratch\n").file(".git/config", config(url));
        let dockopt = dockopt
            .file(".git/HEAD", "ref: refs/heads/topic\n")
            .file(".git/refs/remotes/origin/HEAD", "ref: refs/remotes/origin/trunk\n")
            .file(".git/refs/heads/x", "")
            .file(".git/objects/info/x", "");
        let ran = init(dockopt, &["--write"]).code(0);
        let text = ran.read(expected);
        assert!(expected.contains("gitlab") || text.contains("branches: [trunk]\n"), "{text}");
    }
}

/// The workflow as the first version wrote it.
const FIRST_WORKFLOW: &str = "# Image size, build time and findings of pull requests, as a comment and in the summary of the job. Reports of the default
# branch are what pull requests are compared with.
name: dockopt
on:
  pull_request:
    types: [opened, synchronize, reopened, labeled, unlabeled] # a label can allow growth
  push:
    branches: [trunk]
permissions: {}
concurrency:
  group: dockopt-${{ github.ref }}
  cancel-in-progress: ${{ github.event_name == 'pull_request' }}
jobs:
  report:
    name: report
    permissions:
      contents: read # to check out
      pull-requests: write # to comment; a fork's pull request gets the summary of the job instead
    uses: dockopt/dockopt/.github/workflows/report.yml@0123456789012345678901234567890123456789 # v0.0.9
    with:
      version: 0.0.9
      builds: |
        Dockerfile . --build-arg MODE=fast
      upload: true # for the workflow that comments
";

#[test]
fn files_of_an_earlier_version_are_renewed() {
    let name = ".github/workflows/dockopt.yml";
    let project = |text: &str| Dockopt::new().file("Dockerfile", "FROM scratch\n").file(name, text);
    let ran = init(project(FIRST_WORKFLOW), &["--write"]).code(0);
    assert_eq!(written(&ran), ["dockopt.toml", ".pre-commit-config.yaml", name]);
    let workflow = ran.read(name);
    assert!(workflow.contains(&format!("version: {}\n", env!("CARGO_PKG_VERSION"))), "{workflow}");
    for kept in ["        Dockerfile . --build-arg MODE=fast\n", "      upload: true", "branches: [trunk]\n"] {
        assert!(workflow.contains(kept), "{kept}: {workflow}");
    }
    assert!(ran.again(["init", "--write"]).code(0).stderr.contains("nothing to write"));
    // What somebody changed is left alone.
    let edited = FIRST_WORKFLOW.replace("name: report\n", "name: images\n");
    let ran = init(project(&edited), &["--write"]).code(0);
    assert_eq!(ran.read(name), edited);
    assert!(ran.stderr.contains(&format!("{name} is not as dockopt wrote it, and is left alone\n")), "{}", ran.stderr);
}

#[test]
fn only_the_label_of_the_settings_starts_a_run() {
    for (settings, label) in [("", "allow-size-increase"), ("[budget]\ngrowth-label = \"may grow\"\n", "may grow")] {
        let dockopt = Dockopt::new().file("Dockerfile", "FROM scratch\n").file("dockopt.toml", settings);
        let workflow = init(dockopt, &["--write", "--ci=github"]).code(0).read(".github/workflows/dockopt.yml");
        let condition = format!("    if: ${{{{ !github.event.label || github.event.label.name == '{label}' }}}}\n");
        assert!(workflow.contains(&condition), "{workflow}");
        // Others do not cancel a run, either.
        assert!(workflow.contains(&format!("github.event.label.name != '{label}' && github.run_id")), "{workflow}");
    }
}

#[test]
fn nothing_is_half_written() {
    // A file where a folder is to be.
    let dockopt = Dockopt::new().file("Dockerfile", "FROM scratch\n").file(".github", "x");
    let ran = init(dockopt, &["--write", "--ci=github"]).code(2);
    assert!(ran.stderr.contains(".github"), "{}", ran.stderr);
    let left: Vec<String> = std::fs::read_dir(ran.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "Dockerfile" && name != ".github")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn other_folders_are_refused() {
    let ran = init(Dockopt::new().file("readme", "x"), &[]).code(2);
    assert!(ran.stderr.contains("has no Dockerfile"), "{}", ran.stderr);
    let ran = init(Dockopt::new(), &["missing"]).code(2);
    assert!(ran.stderr.contains("is not a folder"), "{}", ran.stderr);
    let dockopt = Dockopt::new()
        .file("a/Dockerfile", "FROM scratch\n")
        .file(".git/HEAD", "ref: refs/heads/main\n")
        .file(".git/refs/heads/x", "")
        .file(".git/objects/info/x", "");
    let ran = init(dockopt, &["a"]).code(2);
    assert!(ran.stderr.contains("`a` is not the top folder of its repository"), "{}", ran.stderr);
}
