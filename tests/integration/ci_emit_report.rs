//! The pipeline of `ci emit` and the report of `init` in one repository: images are built once, and in either order the same
//! files are written.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use dockopt::yaml::{self, YamlNode};

use crate::cache_history::git;
use crate::ci_emit::scripts_of_github;
use crate::dockopt::{Dockopt, Ran};

const PIPELINE: &str = ".github/workflows/pipeline.yml";
const REPORT: &str = ".github/workflows/dockopt.yml";
const COMMENT: &str = ".github/workflows/dockopt-comment.yml";
const GITLAB: &str = ".gitlab-ci.yml";
const GITLAB_REPORT: &str = ".gitlab/dockopt.yml";

const EMIT: [&str; 4] = ["ci", "emit", "github", "--write"];
const EMIT_GITLAB: [&str; 4] = ["ci", "emit", "gitlab", "--write"];
const INIT: [&str; 4] = ["init", "--write", "--ci", "github"];
const INIT_GITLAB: [&str; 4] = ["init", "--write", "--ci", "gitlab"];

fn tracker() -> Dockopt {
    Dockopt::new().dir("task-tracker")
}

/// The files after commands, one after the other.
fn files(commands: &[&[&str]], names: &[&str]) -> (Ran, Vec<String>) {
    let mut ran = tracker().args(commands[0].iter().copied()).run().code(0);
    for command in &commands[1..] {
        ran = ran.again(command.iter().copied()).code(0);
    }
    let texts = names.iter().map(|name| ran.read(name)).collect();
    (ran, texts)
}

#[test]
fn each_order_writes_the_same_files_and_builds_once() {
    let init = [&INIT[..], &["--forks"]].concat();
    for (emit, init, names) in
        [(EMIT, init, &[PIPELINE, REPORT, COMMENT][..]), (EMIT_GITLAB, INIT_GITLAB.to_vec(), &[GITLAB, GITLAB_REPORT])]
    {
        let (ran, texts) = files(&[&emit, &init], names);
        assert!(ran.stderr.contains("the report shows the images of the pipeline"), "{}", ran.stderr);
        assert_eq!(files(&[&init, &emit], names).1, texts);
        // A second run of either writes nothing.
        let ran = ran.again(init.iter().copied()).code(0);
        assert!(ran.stderr.contains("nothing to write\n"), "{}", ran.stderr);
        let ran = ran.again(emit).code(0);
        assert!(ran.stderr.contains("nothing to write\n"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("builds images too"), "{}", ran.stderr);
        for (name, text) in names.iter().zip(&texts) {
            assert_eq!(yaml::read(text).problems(), [], "{name}: {text}");
        }
        // The report names no build.
        assert!(!texts[1].contains("backend/Dockerfile"), "{}", texts[1]);
        // Its pipeline passes the checks of dockopt.
        let checked = ran.again(["ci", "check", "--select", "all"]).code(0);
        let at_written = checked.stdout.lines().filter(|line| line.contains("--> ") && line.contains(names[0]));
        assert_eq!(at_written.count(), 0, "{}", checked.stdout);
    }
}

#[test]
fn the_report_of_github_is_a_job_of_the_pipeline() {
    let (ran, texts) = files(&[&EMIT, &[&INIT[..], &["--forks"]].concat()], &[PIPELINE, REPORT, COMMENT]);
    let tree = yaml::read(&texts[0]);
    let job = tree.root().unwrap().get("jobs").unwrap().get("report").unwrap();
    assert_eq!(job.get("uses").and_then(YamlNode::text), Some("./.github/workflows/dockopt.yml"));
    let permissions = job.get("permissions").unwrap();
    let permissions: Vec<_> = permissions.entries().map(|entry| (entry.key.text(), entry.value.text())).collect();
    assert_eq!(permissions, [(Some("contents"), Some("read")), (Some("pull-requests"), Some("write"))]);
    // It has no trigger of its own, so that nothing runs it besides the pipeline.
    let report = yaml::read(&texts[1]);
    let triggers: Vec<_> =
        report.root().unwrap().get("on").unwrap().entries().filter_map(|entry| entry.key.text()).collect();
    assert_eq!(triggers, ["workflow_call"]);
    assert!(texts[1].contains("      artifacts: measured-*\n      upload: true"), "{}", texts[1]);
    assert!(texts[2].contains("workflows: [pipeline]\n"), "{}", texts[2]);
    // Without the pipeline the report builds again.
    fs::remove_file(ran.path().join(PIPELINE)).unwrap();
    let ran = ran.again([&INIT[..], &["--forks"]].concat()).code(0);
    assert!(ran.read(REPORT).contains("        backend/Dockerfile backend\n"), "{}", ran.read(REPORT));
    assert!(ran.read(COMMENT).contains("workflows: [dockopt]\n"));
}

#[test]
fn a_pipeline_without_the_report_stays_as_it_was() {
    let ran = tracker().args(EMIT).run().code(0);
    let text = ran.read(PIPELINE);
    assert!(!text.contains("report:") && !text.contains("dockopt-results"), "{text}");
    // A report that somebody changed builds by itself, and says so.
    let edited = "on: push\njobs: {} # uses: dockopt/dockopt/.github/workflows/report.yml\n";
    let ran = tracker().file(REPORT, edited).args(EMIT).run().code(0);
    assert_eq!(ran.read(REPORT), edited);
    assert_eq!(ran.read(PIPELINE), text);
    let ran = ran.again(INIT).code(0);
    assert_eq!((ran.read(REPORT), ran.read(PIPELINE)), (edited.to_owned(), text));
}

#[test]
fn a_pipeline_that_was_changed_is_left_alone() {
    let ran = tracker().args(EMIT).run().code(0);
    let edited = ran.read(PIPELINE).replace("timeout-minutes: 30", "timeout-minutes: 31");
    fs::write(ran.path().join(PIPELINE), &edited).unwrap();
    let ran = ran.again(INIT).code(0);
    assert_eq!(ran.read(PIPELINE), edited);
    assert!(
        ran.stderr.contains("pipeline.yml is not as `dockopt ci emit` wrote it, and builds images"),
        "{}",
        ran.stderr
    );
    // One that calls the report keeps it.
    let (ran, texts) = files(&[&EMIT, &INIT], &[PIPELINE, REPORT]);
    let edited = texts[0].replace("timeout-minutes: 30", "timeout-minutes: 31");
    fs::write(ran.path().join(PIPELINE), &edited).unwrap();
    let ran = ran.again(INIT).code(0);
    assert!(ran.stderr.contains("nothing to write\n"), "{}", ran.stderr);
    assert_eq!((ran.read(PIPELINE), ran.read(REPORT)), (edited, texts[1].clone()));
}

#[test]
fn options_of_the_pipeline_are_kept() {
    for (emit, init, names) in [(EMIT, INIT, [PIPELINE, REPORT]), (EMIT_GITLAB, INIT_GITLAB, [GITLAB, GITLAB_REPORT])] {
        let (_, texts) = files(&[&emit, &init], &names);
        let version = format!("DOCKOPT_VERSION: {}\n", env!("CARGO_PKG_VERSION"));
        assert!(texts[0].contains(&version), "{}", texts[0]);
        let platforms = [&emit[..], &["--platforms", "linux/arm64,linux/amd64"]].concat();
        let (ran, several) = files(&[&platforms, &init], &names);
        assert!(several[0].contains("MEASURED: linux/arm64\n"), "{}", several[0]);
        // `init` does not know the options of the pipeline, and keeps what they made.
        let ran = ran.again(init).code(0);
        assert_eq!(ran.read(names[0]), several[0]);
    }
}

/// What the engine is asked for by the written script; an image is there after it was pulled.
const DOCKER: &str =
    "#!/bin/sh\necho \"$*\" >>\"$CALLS\"\ncase \"$1 $2\" in 'image inspect') [ \"$IN_ENGINE\" = yes ] ;; esac\n";
const DOCKOPT: &str = "#!/bin/sh\necho \"dockopt $*\" >>\"$CALLS\"\nwhile [ \"$1\" != --output ]; do shift; done\necho '{\"ref\": \"x\"}' >\"$2\"\n";

/// Runs the script that measures, with an engine and a dockopt that note what they are called with.
fn measure(folder: &Path, script: &str, known: &str, platform: &str) -> (Output, String) {
    for (name, text) in [("docker", DOCKER), ("dockopt", DOCKOPT)] {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        Command::new("chmod").arg("+x").arg(&path).status().unwrap();
    }
    let _ = fs::remove_file(folder.join("calls"));
    let mut command = Command::new("sh");
    command
        .args(["-e", "-c", script])
        .current_dir(folder)
        .env("CALLS", folder.join("calls"))
        .env("RUNNER_TEMP", "/tmp/x");
    command.env("PATH", format!("{}:{}", folder.display(), std::env::var("PATH").unwrap()));
    command.env("DOCKOPT_VERSION", folder.join("dockopt")).env("MEASURED", "linux/amd64").env("PLATFORM", platform);
    command
        .env("NAME", "api")
        .env("FILE", "my api/Dockerfile")
        .env("CONTEXT", "my api")
        .env("tag", "r/api:inputs-1-amd64");
    command.env("OPTIONS", "--target\nrun\n--build-context\nx=y\n--build-arg\nA=b c\n").env("known", known);
    let ran = command.env("IN_ENGINE", if known == "no" { "yes" } else { "no" }).output().unwrap();
    (ran, fs::read_to_string(folder.join("calls")).unwrap_or_default())
}

#[test]
fn the_images_of_the_pipeline_are_measured() {
    let (_, texts) = files(&[&EMIT, &INIT], &[PIPELINE]);
    let tree = yaml::read(&texts[0]);
    let scripts = scripts_of_github(&tree, "images");
    let script = |name: &str| &scripts.iter().find(|(known, _)| known == name).unwrap().1;
    assert!(script("Build").contains("\"$CONTEXT\" 2>&1 | tee "), "{}", script("Build"));
    let folder = tempfile::tempdir().unwrap();
    let options = "--file my api/Dockerfile --target run --build-arg A=b c --format json";
    let tagged = "tag r/api:inputs-1-amd64 dockopt-report/api\n";
    let image = format!(
        "dockopt image dockopt-report/api --context my api {options} --fail-on none --output dockopt-results/image-api.json\n"
    );
    let explained =
        format!("dockopt cache explain /tmp/x/build.log my api {options} --output dockopt-results/cache-api.json\n");
    // One that was built has a log; one that the registry had is pulled, and has none.
    let (ran, calls) = measure(folder.path(), script("Measure"), "no", "linux/amd64");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(calls, format!("image inspect r/api:inputs-1-amd64\n{tagged}{explained}{image}"));
    let (ran, calls) = measure(folder.path(), script("Measure"), "yes", "linux/amd64");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let pulled = "pull --quiet r/api:inputs-1-amd64\n";
    assert_eq!(calls, format!("image inspect r/api:inputs-1-amd64\n{pulled}{tagged}{image}"));
    // A report compares an image with itself: of one platform.
    let (ran, calls) = measure(folder.path(), script("Measure"), "no", "linux/arm64");
    assert!(ran.status.success() && calls.is_empty(), "{calls}");
}

#[test]
fn the_job_of_gitlab_measures_in_each_case() {
    let (_, texts) = files(&[&EMIT_GITLAB, &INIT_GITLAB], &[GITLAB, GITLAB_REPORT]);
    let tree = yaml::read(&texts[0]);
    let root = tree.root().unwrap();
    let include = root.get("include").unwrap().items().next().unwrap();
    assert_eq!(include.get("local").and_then(YamlNode::text), Some(GITLAB_REPORT));
    let job = root.get(".image").unwrap();
    let script: Vec<&str> = job.get("script").unwrap().items().filter_map(YamlNode::text).collect();
    let script = script.join("\n");
    // Where the registry has the image, the script ends early.
    assert_eq!(script.matches("tag=$tag known=$known sh -e /tmp/measure.sh || echo").count(), 2, "{script}");
    let ran = Command::new("sh").args(["-n", "-c", &script]).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(texts[0].contains("    paths: [keys, dockopt-results]\n"), "{}", texts[0]);
    // The report waits for the images, and takes what they left.
    assert!(texts[1].contains("  stage: tag\n") && texts[1].contains("cp dockopt-results/*.json"), "{}", texts[1]);
}

/// The action of the report joins what the jobs measured, and builds nothing.
#[test]
fn the_report_joins_what_was_measured() {
    let project = tracker();
    git(project.path(), &["init", "-q"]);
    git(project.path(), &["add", "--all"]);
    git(project.path(), &["commit", "-q", "-m", "base"]);
    let log = "#0 building with \"default\" instance using docker driver\n\n#1 [internal] load build definition from Dockerfile\n\
               #1 DONE 0.0s\n\n#2 [1/2] FROM docker.io/library/alpine:3.22\n#2 CACHED\n\n#3 [2/2] RUN uv sync\n#3 DONE 5.0s\n\n\
               #4 exporting to image\n#4 DONE 0.1s\n";
    let job = Dockopt::new().file("output", "").file("summary", "").file("build.log", log);
    let log = job.path().join("build.log").display().to_string();
    let place = ["backend", "--file", "backend/Dockerfile", "--format", "json", "--output"];
    let results = job.path().join("measured");
    fs::create_dir(&results).unwrap();
    let result = results.join("cache-backend.json").display().to_string();
    let explain = ["cache", "explain", log.as_str()].into_iter().chain(place).chain([result.as_str()]);
    let project = project.args(explain).run().code(0);
    let mut command = Command::new("bash");
    command.arg(fs::canonicalize(".github/actions/report/report").unwrap()).current_dir(project.path());
    for name in ["IMAGES", "BUILD_LOGS", "FAIL_ON", "COMMENT_ID", "LABELS"] {
        command.env(name, "");
    }
    command.env("DOCKOPT", env!("CARGO_BIN_EXE_dockopt")).env("MEASURE", "false").env("COMMENT", "false");
    command.env("AUDIT_PATH", ".").env("BASELINE", job.path().join("baseline")).env("RESULTS", &results);
    command.env("GITHUB_SHA", git(project.path(), &["rev-parse", "HEAD"]).trim()).env("RUNNER_TEMP", job.path());
    command.env("GITHUB_OUTPUT", job.path().join("output")).env("GITHUB_STEP_SUMMARY", job.path().join("summary"));
    let ran = command.env_remove("GITHUB_EVENT_PATH").output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let output = fs::read_to_string(job.path().join("output")).unwrap();
    let saved = output.lines().find_map(|line| line.strip_prefix("report=")).unwrap();
    let saved: serde_json::Value = serde_json::from_str(&fs::read_to_string(saved).unwrap()).unwrap();
    let builds = saved["state"]["builds"].as_array().unwrap();
    assert!(builds.iter().any(|build| build["dockerfile"] == "backend/Dockerfile"), "{builds:#?}");
}
