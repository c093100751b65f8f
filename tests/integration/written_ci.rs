//! What the actions and workflows run that `init` sets up: their scripts, with the program of this build and an engine that
//! builds nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::cache_history::git;
use crate::dockopt::Dockopt;

/// The scripts of an action, from the top of this repository.
fn action(name: &str) -> PathBuf {
    Path::new(".github/actions").join(name).canonicalize().unwrap()
}

/// A repository whose only commit is the fixture.
fn repository() -> Dockopt {
    let dockopt = Dockopt::new().dir("task-tracker");
    git(dockopt.path(), &["init", "-q"]);
    git(dockopt.path(), &["add", "--all"]);
    git(dockopt.path(), &["commit", "-q", "-m", "base"]);
    dockopt
}

/// Where the runs of a job keep their files.
fn job_folder() -> Dockopt {
    Dockopt::new().file("output", "").file("summary", "")
}

/// Runs the action that reports, with these variables.
fn report(project: &Path, job: &Path, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new("bash");
    command.arg(action("report").join("report")).current_dir(project);
    for name in ["AUDIT_PATH", "IMAGES", "BUILD_LOGS", "FAIL_ON", "COMMENT_ID", "LABELS"] {
        command.env(name, if name == "AUDIT_PATH" { "." } else { "" });
    }
    command.env("DOCKOPT", env!("CARGO_BIN_EXE_dockopt")).env("MEASURE", "false").env("COMMENT", "false");
    command.env("BASELINE", job.join("baseline")).env("GITHUB_SHA", git(project, &["rev-parse", "HEAD"]).trim());
    command.env("GITHUB_OUTPUT", job.join("output")).env("GITHUB_STEP_SUMMARY", job.join("summary"));
    command.env("RUNNER_TEMP", job).env_remove("GITHUB_EVENT_PATH").env_remove("CI_MERGE_REQUEST_IID");
    command.envs(variables.iter().copied()).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn annotations(output: &Output) -> Vec<String> {
    text(output).lines().filter(|line| line.starts_with("::")).map(str::to_owned).collect()
}

#[test]
fn the_first_run_judges_nothing_and_the_next_only_what_is_new() {
    let (project, job) = (repository(), job_folder());
    let first = report(project.path(), job.path(), &[("FAIL_ON", "info")]);
    assert!(first.status.success(), "{}", text(&first));
    assert!(text(&first).contains("there is no baseline yet, so nothing is judged"), "{}", text(&first));
    assert_eq!(annotations(&first), [""; 0]);
    let same = report(project.path(), job.path(), &[]);
    assert!(same.status.success(), "{}", text(&same));

    // A limit that the author set counts in the first run, too.
    let (project, job) = (repository().file("dockopt.toml", "[budget]\nmax-findings = 3\n"), job_folder());
    let first = report(project.path(), job.path(), &[]);
    assert_eq!(first.status.code(), Some(1), "{}", text(&first));
    assert!(
        annotations(&first).iter().all(|line| line.starts_with("::error title=max-findings::")),
        "{}",
        text(&first)
    );
}

#[test]
fn annotations_are_at_lines_that_were_changed() {
    let (project, job) = (repository(), job_folder());
    assert!(report(project.path(), job.path(), &[]).status.success());
    // A key is in the context now: a new finding at a line that stays as it was.
    let file = project.path().join("backend/Dockerfile");
    let dockerfile = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{dockerfile}ENV API_TOKEN=abcd1234efgh5678\n")).unwrap();
    fs::write(project.path().join("backend/id_rsa"), "a key\n").unwrap();
    git(project.path(), &["add", "--all"]);
    git(project.path(), &["commit", "-q", "-m", "change"]);
    let ran = report(project.path(), job.path(), &[]);
    assert_eq!(ran.status.code(), Some(1), "{}", text(&ran));
    let last = dockerfile.lines().count() + 1;
    let places = annotations(&ran);
    assert!(!places.is_empty());
    let summary = fs::read_to_string(job.path().join("summary")).unwrap();
    assert!(summary.contains("2 new findings") && summary.contains("id&#95;rsa"), "{summary}");
    let place = format!("file=backend/Dockerfile,line={last},");
    assert!(places.iter().all(|line| line.contains(&place)), "{places:#?}");
}

#[test]
fn fail_on_of_the_settings_holds_unless_the_input_is_set() {
    for (settings, input, code) in [("error", "", 0), ("info", "", 1), ("error", "info", 1), ("info", "none", 0)] {
        let (project, job) = (repository().file("dockopt.toml", format!("fail-on = \"{settings}\"\n")), job_folder());
        assert!(report(project.path(), job.path(), &[]).status.success());
        let file = project.path().join("backend/Dockerfile");
        let dockerfile = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("{dockerfile}RUN cd /tmp && sudo true\n")).unwrap();
        git(project.path(), &["commit", "-q", "--all", "-m", "change"]);
        let ran = report(project.path(), job.path(), &[("FAIL_ON", input)]);
        assert_eq!(ran.status.code(), Some(code), "{settings} {input}: {}", text(&ran));
    }
}

/// A log of a build of a file that is called `Dockerfile`, as the builder writes it.
fn log(step: &str, seconds: &str) -> String {
    format!(
        "#0 building with \"default\" instance using docker driver\n\n#1 [internal] load build definition from Dockerfile\n\
         #1 transferring dockerfile: 90B done\n#1 DONE 0.0s\n\n#2 [1/2] FROM docker.io/library/alpine:3.22\n#2 CACHED\n\n\
         #3 [2/2] {step}\n#3 DONE {seconds}s\n\n#4 exporting to image\n#4 DONE 0.1s\n"
    )
}

#[test]
fn builds_of_equal_names_keep_their_own_logs() {
    let dockerfile = |step: &str| format!("FROM alpine:3.22\n{step}\n");
    let project =
        Dockopt::new().file("a/Dockerfile", dockerfile("RUN make a")).file("b/Dockerfile", dockerfile("RUN make b"));
    git(project.path(), &["init", "-q"]);
    git(project.path(), &["add", "--all"]);
    git(project.path(), &["commit", "-q", "-m", "base"]);
    let job = job_folder().file("1.log", log("RUN make a", "5.0")).file("2.log", log("RUN make b", "7.0"));
    let at = |name: &str| job.path().join(name).display().to_string();
    let logs = format!("{} a/Dockerfile a\n{} b/Dockerfile b\n\n", at("1.log"), at("2.log"));
    let ran = report(project.path(), job.path(), &[("BUILD_LOGS", &logs), ("FAIL_ON", "none")]);
    assert!(ran.status.success(), "{}", text(&ran));
    let output = fs::read_to_string(job.path().join("output")).unwrap();
    let saved = output.lines().find_map(|line| line.strip_prefix("report=")).unwrap();
    let saved: serde_json::Value = serde_json::from_str(&fs::read_to_string(saved).unwrap()).unwrap();
    let builds = saved["state"]["builds"].as_array().unwrap();
    let seconds = |name: &str, step: &str| {
        let build = builds.iter().find(|build| build["dockerfile"] == name).unwrap();
        let steps = build["steps"].as_array().unwrap();
        steps
            .iter()
            .find(|known| known["name"].as_str().unwrap().ends_with(step))
            .and_then(|step| step["seconds"].as_f64())
    };
    assert_eq!(builds.len(), 2, "{builds:#?}");
    assert_eq!((seconds("a/Dockerfile", "make a"), seconds("b/Dockerfile", "make b")), (Some(5.0), Some(7.0)));
}

#[test]
fn the_workflow_runs_the_action_of_its_own_release() {
    let workflow = fs::read_to_string(".github/workflows/report.yml").unwrap();
    let uses: Vec<&str> = workflow.lines().filter(|line| line.contains("uses: dockopt/dockopt/")).collect();
    let expected = format!("/.github/actions/report@v{} ", env!("CARGO_PKG_VERSION"));
    assert!(uses.len() == 1 && uses[0].contains(&expected), "{uses:?}");
    let release = fs::read_to_string("packaging/release").unwrap();
    assert!(release.contains(" .github/workflows/report.yml "), "a release sets the version there");
}

#[test]
fn summaries_stay_below_what_github_takes() {
    // A job has written some of its summary already.
    let job = Dockopt::new().file("summary", "x\n".repeat(450_000));
    let mut project = Dockopt::new();
    for index in 0..400 {
        let folder = format!("service-with-a-long-name-{index:05}-{}", "x".repeat(90));
        project = project.file(&format!("{folder}/Dockerfile"), "FROM debian\nRUN cd /tmp\nADD a b\nCMD x\n");
    }
    let mut command = Command::new("bash");
    command.arg(action("lint").join("lint")).current_dir(project.path());
    command.env("DOCKOPT", env!("CARGO_BIN_EXE_dockopt")).env("LINT_PATH", ".").env("FAIL_ON", "none");
    command.env("ARGUMENTS", "").env("SARIF", "").env("RUNNER_TEMP", job.path());
    let ran = command.env("GITHUB_STEP_SUMMARY", job.path().join("summary")).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let summary = fs::read_to_string(job.path().join("summary")).unwrap();
    assert!(summary.len() <= 1_000_100 && summary.len() > 990_000, "{}", summary.len());
    assert!(summary.contains(" lines not shown: the log of the job has all findings"));
}
