//! `cache explain`: every sample of a log is explained or refused with advice.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;

fn samples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/build_logs")
}

pub(crate) fn sample(name: &str) -> Vec<u8> {
    fs::read(samples().join(name)).unwrap()
}

/// The Dockerfile of the samples, as the record of one of them holds it.
pub(crate) fn dockerfile() -> String {
    let log = dockopt::buildlog::read(&sample("history-export.dockerbuild")).unwrap();
    log.builds[0].source.clone().unwrap()
}

/// A log without times of day has the same bars on the page of `cache explain` and in a report.
#[test]
fn a_report_shows_when_the_steps_of_a_log_began() {
    for name in ["plain-buildx0.29-engine28.5-src-changed.log", "history-logs-rawjson.log"] {
        let ran = explain(&sample(name), &["--format=json"]).code(0);
        let result = ran.stdout;
        let page = explain(&sample(name), &["--format=html"]).code(0).stdout;
        let report = Dockopt::new().file("cache.json", result).args(["report", "cache.json", "--format=html"]);
        let report = report.run().code(0).stdout;
        let bars = |html: &str| -> BTreeSet<String> {
            let bars = html.split("<div class=\"span\" style=\"left:").skip(1);
            bars.map(|rest| rest.split('%').next().unwrap().to_owned()).collect()
        };
        assert!(bars(&report).len() > 1, "{name}: {report}");
        let said = "each bar begins where what the step needs ends";
        assert_eq!(page.contains(said), report.contains(said), "{name}");
        assert!(!report.contains("all bars begin at the left"), "{name}");
    }
}

fn explain(log: &[u8], arguments: &[&str]) -> Ran {
    let project = Dockopt::new().file("Dockerfile", dockerfile()).input(log);
    project.args(["cache", "explain", "-"].iter().chain(arguments).copied()).run()
}

#[test]
fn every_sample_is_explained_or_refused() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../schemas/cache-explain.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let (mut explained, mut refused) = (0, 0);
    for entry in fs::read_dir(samples()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let ran = explain(&sample(&name), &["--format=json"]);
        if ran.code == 0 {
            let errors: Vec<String> = schema.iter_errors(&ran.json()).map(|error| error.to_string()).collect();
            assert_eq!(errors, Vec::<String>::new(), "{name}");
            explained += 1;
        } else {
            assert!(ran.code == 2 && ran.stderr.contains("help: "), "{name}: {}", ran.stderr);
            refused += 1;
        }
    }
    assert_eq!((explained, refused), (54, 11));
}

#[test]
fn steps_have_the_lines_of_the_dockerfile() {
    for name in [
        "plain-buildx0.29-engine28.5-src-changed.log",
        "rawjson-buildx0.29-engine28.5-src-changed.log",
        "tty-buildx0.29-engine28.5.typescript",
        "plain-bake0.29-engine28.5-two-targets.log",
    ] {
        let ran = explain(&sample(name), &["."]).code(0);
        for part in ["Cache misses", "Dockerfile:24", "COPY . .", "1 later step reran because of it"] {
            assert!(ran.stdout.contains(part), "{name}: {part}: {}", ran.stdout);
        }
        let json = explain(&sample(name), &["--format=json", "--file", "Dockerfile"]).json();
        let steps = json["builds"][0]["steps"].as_array().unwrap();
        let of_stages = steps.iter().filter(|step| !step["number"].is_null() && step["target"] != "db");
        let lines: Vec<u64> = of_stages.map(|step| step["line"].as_u64().unwrap_or_default()).collect();
        let mut sorted = lines.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [3, 4, 5, 6, 8, 9, 10, 11, 21, 22, 23, 24, 25], "{name}: {lines:?}");
    }
    let other = Dockopt::new().file("Dockerfile", "FROM debian\nRUN true\n");
    let other = other.input(sample("plain-buildx0.29-engine28.5-warm.log"));
    let ran = other.args(["cache", "explain", "-", "."]).run().code(0);
    assert!(ran.stdout.contains("was another Dockerfile built?"), "{}", ran.stdout);
}

#[test]
fn a_cut_log_says_so() {
    let log = sample("plain-buildx0.29-engine28.5-cold.log");
    let whole = explain(&log, &["--format=json"]).json();
    assert_eq!(whole["builds"][0]["truncated"], false);
    let cut = &log[..log.len() / 2];
    let json = explain(cut, &["--format=json"]).code(0).json();
    keeps_schema(include_str!("../../schemas/cache-explain.schema.json"), &json);
    assert_eq!(json["builds"][0]["truncated"], true);
    let text = explain(cut, &[]).code(0).stdout;
    assert!(text.contains("the log ends before the build did; figures are partial"), "{text}");
}

#[test]
fn logs_are_read_from_files_and_written_to_files() {
    let log = sample("plain-buildx0.29-engine28.5-cold.log");
    let ran =
        Dockopt::new().file("build.log", log).args(["cache", "explain", "build.log", "-o", "out.txt"]).run().code(0);
    assert!(ran.read("out.txt").starts_with("build.log: plain log of Dockerfile\n"));
    assert!(ran.stdout.is_empty());
    let ran = Dockopt::new().args(["cache", "explain", "none.log"]).run().code(2);
    ran.complains(&["error: `none.log` cannot be read: No such file"]);
}

#[test]
fn secrets_of_a_log_are_masked() {
    let token = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let log = format!(
        "#1 [1/2] RUN curl -H \"Authorization: token {token}\" x\n#1 0.1 using {token}\n#1 3.0 end\n#1 ERROR: {token}\nERROR: \
         failed to solve: {token}\n"
    );
    for format in ["text", "json"] {
        let ran = explain(log.as_bytes(), &["--format", format]).code(0);
        assert!(!ran.stdout.contains(token), "{}", ran.stdout);
        assert!(ran.stdout.contains("***"), "{}", ran.stdout);
    }
}

#[test]
fn an_audit_takes_its_seconds_from_a_measurement() {
    let dockerfile = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"python\", \"app.py\"]\n";
    let step = |name: &str, seconds: f64| serde_json::json!({"name": name, "seconds": seconds});
    let (copy, install) = ("[3/4] COPY . .", "[4/4] RUN pip install -r requirements.txt");
    let run = |scenario: &str, steps: &[Value]| serde_json::json!({"scenario": scenario, "seconds": 50, "cpu_seconds": null, "cached_steps": 1, "steps": steps});
    let runs = [
        run("cold", &[step("[2/4] WORKDIR /app", 0.1), step(copy, 0.3), step(install, 61.0)]),
        run("unchanged", &[]),
        run("source", &[step(copy, 0.5), step(install, 40.0)]),
    ];
    let measured = |schema: &str| {
        let image = Value::Null;
        let build = serde_json::json!({
            "name": "before", "dockerfile": "Dockerfile", "runs": runs, "image": image, "predicted": [], "failure": null,
        });
        serde_json::json!({
            "schema": schema, "dockopt": "0.1.0", "root": ".", "engine": "Docker", "rounds": 1, "source": "app.py",
            "dependency": null, "builds": [build], "commands": [], "left_in_cache_bytes": null, "not_removed": [],
        })
    };
    let project = |schema: &str| {
        let json = measured(schema);
        crate::fixtures::keeps_schema(
            include_str!("../../schemas/measure.schema.json"),
            &measured("dockopt.measure/1"),
        );
        let files = Dockopt::new().file("Dockerfile", dockerfile).file("app.py", "import flask\n");
        files
            .file("requirements.txt", "flask==3.1.2\n")
            .file("measured.json", serde_json::to_string_pretty(&json).unwrap())
    };
    let arguments = ["audit", "--log", "measured.json", "--all"];
    let ran = project("dockopt.measure/1").args(arguments).run();
    assert!(ran.stdout.contains("reruns steps 3–4 (≈ 41 s, measured), from line 3"), "{}", ran.stdout);
    let json = project("dockopt.measure/1").args(["audit", "--log", "measured.json", "--format=json"]).run().json();
    let findings = json["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["rule"] == "sources-before-dependencies").unwrap();
    assert_eq!((&finding["impact"][0]["saves"], &finding["impact"][0]["basis"]), (&40.0.into(), &"measured".into()));
    assert!(
        finding["impact"][0]["evidence"].as_str().unwrap().starts_with("measurement `measured.json`; "),
        "{finding}"
    );
    let predicted = ["cache", "predict", "--touch", "app.py", "--log", "measured.json"];
    let ran = project("dockopt.measure/1").args(predicted).run();
    assert!(ran.stdout.contains("40 s"), "{}{}", ran.stdout, ran.stderr);
    let ran = project("dockopt.measure/2").args(arguments).run().code(2);
    assert!(ran.stderr.contains("`measured.json` is a measurement of another version of dockopt"), "{}", ran.stderr);
    let ran = project("dockopt.image/1").args(arguments).run().code(2);
    assert!(ran.stderr.contains("is a result of `dockopt image`: it has no times of steps"), "{}", ran.stderr);
    let ran = project("dockopt.measure/1").args(["cache", "explain", "measured.json"]).run().code(2);
    assert!(ran.stderr.contains("is a measurement"), "{}", ran.stderr);
}

#[test]
fn an_audit_takes_its_seconds_from_a_log() {
    let dockerfile = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"python\", \"app.py\"]\n";
    let step = |number: u32, text: &str, end: &str| format!("#{number} [{number}/4] {text}\n#{number} {end}\n\n");
    let log = |end: &str| {
        let run = "RUN pip install -r requirements.txt";
        step(2, "WORKDIR /app", "CACHED") + &step(3, "COPY . .", "DONE 0.2s") + &step(4, run, end)
    };
    let project = |log: String| {
        let files = Dockopt::new().file("Dockerfile", dockerfile).file("app.py", "import flask\n");
        files.file("requirements.txt", "flask==3.1.2\n").file("build.log", log)
    };
    let arguments = ["audit", "--log", "build.log", "--all"];
    let ran = project(log("DONE 45.3s")).args(arguments).run();
    assert!(ran.stdout.contains("reruns steps 3–4 (≈ 46 s, measured), from line 3"), "{}", ran.stdout);
    let json = project(log("DONE 45.3s")).args(["audit", "--log", "build.log", "--format=json"]).run().json();
    crate::fixtures::keeps_schema(include_str!("../../schemas/audit.schema.json"), &json);
    assert_eq!(json["builds"][0]["rerun"]["seconds"], 45.5);
    let findings = json["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["rule"] == "sources-before-dependencies").unwrap();
    assert_eq!((&finding["impact"][0]["saves"], &finding["impact"][0]["basis"]), (&45.3.into(), &"measured".into()));
    // With a cache mount a rebuild takes less than a build that may have found it empty.
    let mount = "RUN --mount=type=cache,target=/root/.cache/pip ";
    let mounted =
        project(log("DONE 45.3s").replace("RUN ", mount)).file("Dockerfile", dockerfile.replace("RUN ", mount));
    let ran = mounted.args(arguments).run();
    assert!(ran.stdout.contains("reruns steps 3–4 (at most 46 s, measured)"), "{}", ran.stdout);
    let json = ran.again(["audit", "--log", "build.log", "--format=json"]).json();
    crate::fixtures::keeps_schema(include_str!("../../schemas/audit.schema.json"), &json);
    assert_eq!(json["builds"][0]["rerun"]["is_at_most"], true);
    let ran = project(log("CACHED")).args(arguments).run();
    assert!(ran.stdout.contains("(at least 0.2 s, measured)"), "{}", ran.stdout);
    let ran = project("#1 [internal] load .dockerignore\n#1 DONE 0.1s\n".to_owned()).args(arguments).run();
    assert!(ran.stdout.contains("has no time of a step of these builds"), "{}", ran.stdout);
}
