//! `dockopt report`: results of real builds (`tests/vectors/report`), joined and compared.

use std::fmt::Write;
use std::time::Instant;

use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;

pub(crate) const RESULTS: [&str; 5] = ["audit.json", "cache.json", "image.json", "lint.json", "measure.json"];

/// The results of the task tracker's backend as it is, and of what `optimize` makes of it.
pub(crate) fn project() -> Dockopt {
    let mut dockopt = Dockopt::new();
    for side in ["base", "head"] {
        for name in RESULTS {
            let path = format!("{side}/{name}");
            let text = std::fs::read_to_string(format!("tests/vectors/report/{path}")).unwrap();
            dockopt = dockopt.file(&path, text);
        }
    }
    dockopt
}

/// What `audit` and `lint` say of the task tracker as it is, and as `optimize` rewrites its backend, is what the program
/// says today; images, logs and times are those of real builds.
#[test]
fn the_results_of_audit_and_lint_are_those_of_today() {
    for side in ["base", "head"] {
        let mut ran = Dockopt::new().dir("task-tracker").args(["--version"]).run().code(0);
        if side == "head" {
            ran = ran.again(["optimize", "backend", "--write"]).code(0);
        }
        for (name, arguments) in [("audit.json", ["audit", "."]), ("lint.json", ["lint", "backend/Dockerfile"])] {
            let text = ran.again(arguments.into_iter().chain(["--format=json", "--fail-on=none"])).code(0).stdout;
            let path = format!("tests/vectors/report/{side}/{name}");
            if std::env::var_os("BLESS").is_some() {
                std::fs::write(&path, &text).unwrap();
            }
            let known = std::fs::read_to_string(&path).unwrap();
            assert!(without_version(&known) == without_version(&text), "{path} is another one; BLESS=1 writes it");
        }
    }
}

fn without_version(text: &str) -> serde_json::Value {
    let mut result: serde_json::Value = serde_json::from_str(text).unwrap();
    result.as_object_mut().unwrap().remove("dockopt");
    result
}

fn all(side: &str) -> Vec<String> {
    RESULTS.iter().map(|name| format!("{side}/{name}")).collect()
}

fn report(dockopt: Dockopt, side: &str, more: &[&str]) -> Ran {
    let files = all(side);
    dockopt.args(["report"]).args(files.iter().map(String::as_str)).args(more.iter().copied()).run()
}

/// With the baseline saved as `base.json`.
fn with_baseline() -> Dockopt {
    let base = report(project(), "base", &["--format=json", "--fail-on=none"]).code(0).stdout;
    project().file("base.json", base)
}

#[test]
fn a_report_is_the_baseline_of_the_next() {
    let ran = report(with_baseline(), "head", &["--baseline=base.json", "--format=json"]).code(0);
    let report = ran.json();
    keeps_schema(include_str!("../../schemas/report.schema.json"), &report);
    let figure = |kind: &str| {
        let row = report["figures"].as_array().unwrap().iter().find(|row| row["kind"] == kind).unwrap();
        (row["build"].as_str().unwrap(), row["direction"].as_str().unwrap())
    };
    assert_eq!(figure("image_size"), ("backend/Dockerfile", "better"));
    assert_eq!(figure("pull_size"), ("backend/Dockerfile", "better"));
    assert_eq!(figure("rebuild"), ("backend/Dockerfile", "better"));
    // A build has one finding on cache mounts: where Python's packages have one, it is about those of apt.
    let new = report["findings"]["new"].as_array().unwrap();
    assert!(new.iter().all(|finding| finding["rule"] == "cache-mount-missing"), "{new:?}");
    assert!(report["findings"]["fixed"].as_array().unwrap().len() > 10);
    // The results of before are a baseline too.
    let files: Vec<String> = all("base").iter().map(|file| format!("--baseline={file}")).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).chain(["--format=json"]).collect();
    let direct = self::report(project(), "head", &files).code(0).json();
    assert_eq!(direct["figures"], report["figures"]);
    assert_eq!(direct["findings"], report["findings"]);
}

#[test]
fn budgets_decide_the_exit_code() {
    let settings = "[budget]\nmax-size = \"200 MB\"\nmax-growth = \"1 MB\"\nmax-rebuild-time = \"10 s\"\n";
    let run = |side: &str, more: &[&str]| {
        let more: Vec<&str> = ["--fail-on=none", "--format=markdown"].iter().chain(more).copied().collect();
        report(with_baseline().file("dockopt.toml", settings), side, &more)
    };
    let shrunk = run("head", &["--baseline=base.json"]).code(1).stdout;
    assert!(shrunk.starts_with("### ✗ dockopt: image size 231 MB (−81 %, limit 200 MB), "), "{shrunk}");
    assert!(
        shrunk.contains("| 1.2 GB → 231 MB | −967 MB (−81 %) | ✗ at most 200 MB (dockopt.toml:&#8203;2)"),
        "{shrunk}"
    );
    run("head", &["--no-config"]).code(0);
    let head = report(project(), "head", &["--fail-on=none", "--format=json"]).code(0).stdout;
    let grown = |label: &str| {
        let settings = "[budget]\nmax-growth = \"1 MB\"\n";
        let dockopt = project().file("dockopt.toml", settings).file("head.json", &head);
        report(dockopt, "base", &["--baseline=head.json", "--fail-on=none", "--label", label])
    };
    let words = |ran: Ran| ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let stdout = words(grown("other").code(1));
    assert!(stdout.contains("the limit max-growth of `backend/Dockerfile` is exceeded: 967 MB"), "{stdout}");
    let stdout = words(grown("allow-size-increase").code(0));
    assert!(stdout.contains("the label `allow-size-increase` allows it"), "{stdout}");
}

#[test]
fn sarif_and_annotations_know_what_is_new() {
    let lint = |findings: &[(&str, u32)]| {
        let finding = |(print, line): &(&str, u32)| {
            format!(
                r#"{{"rule": "apt-lists-kept", "severity": "warning", "file": "Dockerfile", "span": {{"start": {{"line": {line},
                    "column": 5}}}}, "message": "m%{print}", "fingerprint": "{print}"}}"#
            )
        };
        let findings: Vec<String> = findings.iter().map(finding).collect();
        format!(r#"{{"schema": "dockopt.lint/1", "findings": [{}]}}"#, findings.join(","))
    };
    let run = |format: &str| {
        let dockopt = Dockopt::new().file("base.json", lint(&[("a", 1), ("b", 2)]));
        let dockopt =
            dockopt.file("head.json", lint(&[("b", 3), ("c", 4)])).file("dockopt.toml", "[budget]\nmax-findings = 1\n");
        dockopt.args(["report", "head.json", "--baseline=base.json", "--format", format]).run().code(1)
    };
    let sarif = run("sarif").json();
    let states: Vec<_> = sarif["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            (result["ruleId"].as_str().unwrap().to_owned(), result["baselineState"].as_str().map(str::to_owned))
        })
        .collect();
    let expected =
        [("apt-lists-kept", Some("unchanged")), ("apt-lists-kept", Some("new")), ("apt-lists-kept", Some("absent"))];
    let expected: Vec<_> = expected
        .iter()
        .chain(&[("budget-max-findings", None)])
        .map(|(rule, state)| ((*rule).to_owned(), state.map(str::to_owned)))
        .collect();
    assert_eq!(states, expected);
    let validator = jsonschema::options().build(&crate::formats::sarif_schema()).unwrap();
    let errors: Vec<String> = validator.iter_errors(&sarif).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(
        run("github").stdout,
        "::error title=max-findings::the limit max-findings is exceeded: 2, at most 1 (dockopt.toml:2)\n\
         ::warning file=Dockerfile,line=4,title=apt-lists-kept::m%25c\n"
    );
}

#[test]
fn new_findings_fail_and_known_ones_do_not() {
    report(project(), "base", &[]).code(1);
    report(with_baseline(), "base", &["--baseline=base.json"]).code(0);
    report(project(), "base", &["--fail-on=none"]).code(0);
    let settings = "[budget]\nmax-findings = 3\n";
    let ran = report(project().file("dockopt.toml", settings), "base", &["--fail-on=none"]).code(1);
    assert!(ran.stdout.contains("the limit max-findings is exceeded"), "{}", ran.stdout);
}

/// A measurement of one build with these runs, and what it failed with.
fn measurement(runs: &str, failure: &str) -> String {
    format!(
        r#"{{"schema": "dockopt.measure/1", "builds": [{{"name": "before", "dockerfile": "Dockerfile", "runs": [{runs}],
            "image": null, "failure": {failure}}}]}}"#
    )
}

fn report_of(text: &str) -> Ran {
    Dockopt::new().file("result.json", text).args(["report", "result.json", "--no-config"]).run()
}

#[test]
fn a_failed_build_fails() {
    let ran = report_of(&measurement("", r#"{"message": "RUN false failed"}"#)).code(1);
    assert!(ran.stdout.starts_with("the build of Dockerfile failed\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("RUN false failed"), "{}", ran.stdout);
}

#[test]
fn times_are_medians_and_impossible_ones_are_left_out() {
    let runs =
        r#"{"scenario": "cold", "seconds": 16.0, "steps": []}, {"scenario": "cold", "seconds": 40.0, "steps": []}"#;
    let ran = report_of(&measurement(runs, "null")).code(0);
    assert!(ran.stdout.starts_with("cold build 28 s\n"), "{}", ran.stdout);
    let ran = report_of(&measurement(&runs.replace("40.0", "1e308"), "null")).code(0);
    assert!(ran.stdout.starts_with("cold build 16 s\n"), "{}", ran.stdout);
    let saved = ran.again(["report", "result.json", "--format=json", "--no-config"]).code(0).stdout;
    let ran = report_of(&saved.replace("16.0", "-16.0")).code(0);
    assert!(ran.stdout.starts_with("nothing to compare with\n"), "{}", ran.stdout);
}

#[test]
fn a_token_is_masked_even_if_it_is_escaped() {
    let text = measurement("", r#"{"message": "gh\u0073_ABCDEFGH12345678 is shown"}"#);
    for format in ["text", "markdown", "json"] {
        let ran = Dockopt::new().file("result.json", &text).env("GITHUB_TOKEN", "ghs_ABCDEFGH12345678");
        let ran = ran.args(["report", "result.json", "--no-config", "--format", format]).run().code(1);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(all.contains("is shown") && !all.contains("ABCDEFGH"), "{all}");
    }
}

#[test]
fn bad_input_is_named_with_its_place() {
    let bad = [
        (
            "broken.json",
            "{\n  \"schema\": \"dockopt.lint/1\",\n  \"findings\": [}",
            "`broken.json:3:16` is not valid JSON",
        ),
        ("old.json", r#"{"schema": "dockopt.image/0"}"#, "`old.json` has version `0` of `dockopt.image`"),
        ("rules.json", r#"{"schema": "dockopt.rules/1"}"#, "is a result of the kind `dockopt.rules`"),
        ("other.json", "[]", "`other.json` is not a JSON result of dockopt"),
        ("lines.json", "{\"schema\": \"dockopt.lint/1\"}\n{}\n", "`lines.json:2:1` is not valid JSON"),
    ];
    let mut dockopt = project();
    for (name, text, _) in bad {
        dockopt = dockopt.file(name, text);
    }
    let names = bad.iter().map(|(name, ..)| *name);
    let ran =
        dockopt.args(["report", "head/lint.json", "missing.json"]).args(names).args(["--output=out"]).run().code(2);
    for (name, _, message) in bad {
        assert!(ran.stderr.contains(message), "{name}: {}", ran.stderr);
    }
    assert!(ran.stderr.contains("`missing.json` does not exist"), "{}", ran.stderr);
    assert!(!ran.path().join("out").exists(), "nothing is written");
    report(project(), "head", &["--baseline=base.json"]).code(2);
}

#[test]
fn the_text_of_results_is_only_text() {
    const CANARY: &str = "</details><script>x</script> @octocat ![i](http://evil.example/) [l](javascript:x) `` | \u{1b}[2J\u{202e}\n# h\n```\n~~~ #12 &lt; $x$";
    let text = serde_json::to_string(CANARY).unwrap();
    let lint = format!(
        r#"{{"schema": "dockopt.lint/1", "findings": [{{"rule": {text}, "severity": {text}, "file": {text},
            "span": {{"start": {{"line": 1, "column": 1}}}}, "message": {text}, "help": {text}, "fingerprint": {text},
            "impact": [{{"kind": {text}, "saves": 5, "per": {text}, "basis": {text}}}],
            "fixes": [{{"title": {text}, "safety": {text}, "lines": {{"first": 1, "before": {text}, "after": {text}}}}}]}}],
            "skipped": [{{"what": {text}}}], "problems": [{{"file": {text}, "error": true, "message": {text}}}]}}"#
    );
    let image = |bytes: u64, name: &str| {
        format!(
            r#"{{"schema": "dockopt.image/1", "images": [{{"ref": {name}, "platform": {text}, "base": {{"name": {name}}},
                "totals": {{"disk_bytes": {bytes}, "pull_bytes": 1}}, "layers": [
                {{"file_bytes": {bytes}, "in_base": false, "instruction": {text}, "origin": {{"file": {text}, "line": 1}}}}],
                "findings": [{{"name": {text}, "severity": {text}, "message": {text}, "help": {text}, "path": {text}}}],
                "budget": [{{"measure": {text}, "limit": 1, "value": 2, "unit": {text}, "kept": false, "written": {text},
                    "causes": [{{"what": {text}}}]}}]}}]}}"#
        )
    };
    let optimize = format!(
        r#"{{"schema": "dockopt.optimize/1", "builds": [{{"dockerfile": {text}, "rungs": [{{"steps": [{{"what": {text}}}]}}]}}],
            "changes": [{{"file": {text}, "diff": {text}}}]}}"#
    );
    let predict = format!(
        r#"{{"schema": "dockopt.cache-predict/1", "builds": [{{"dockerfile": {text}, "cached": 1, "reruns": 2, "may_rerun": 0,
            "rerun_seconds": 4, "steps": [{{"line": 1, "step": {text}, "verdict": "reruns", "reasons": [{text}]}}]}}]}}"#
    );
    let project = || {
        Dockopt::new()
            .file("lint.json", &lint)
            .file("image.json", image(900_000_000, &text))
            .file("optimize.json", &optimize)
            .file("predict.json", &predict)
            .file("base.json", image(1_000, "\"a\""))
    };
    let run = |format: &str| {
        let files = ["lint.json", "image.json", "optimize.json", "predict.json", "--baseline=base.json", "--label"];
        project().args(["report", "--format", format]).args(files).args([CANARY.trim_end()]).run().code(1).stdout
    };
    let markdown = run("markdown");
    assert!(markdown.contains("octocat") && markdown.contains("900 MB"), "{markdown}");
    let mut fence = None;
    let mut words = String::new();
    for line in markdown.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            Some(length) if ticks >= length && line.len() == ticks => fence = None,
            Some(_) => {}
            None if ticks >= 3 => fence = Some(ticks),
            None => writeln!(words, "{line}").unwrap(),
        }
    }
    assert_eq!(fence, None, "a block of code is not closed");
    for harm in ["<script", "@octocat", "http://", "](j", "![", "# h", "```", "~~~", "$x$", "javascript:x"] {
        assert!(!words.contains(harm), "`{harm}` in {words}");
    }
    assert_eq!(words.matches("</details>").count(), words.matches("<details>").count());
    for text in [&markdown, &run("text"), &run("json")] {
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{text}");
    }
}

#[test]
fn ten_thousand_findings_fit_and_are_counted() {
    let finding = |index: usize| {
        format!(
            r#"{{"rule": "apt-lists-kept", "severity": "warning", "file": "service{index}/Dockerfile", "span": {{"start":
                {{"line": {index}, "column": 1}}}}, "message": "the package lists fetched here stay in the layer of {index}",
                "help": "delete them in the same RUN", "fingerprint": "{index:016x}"}}"#
        )
    };
    let lint = |from: usize| {
        let findings: Vec<String> = (from..from + 10_000).map(|index| finding(index + 1)).collect();
        format!(r#"{{"schema": "dockopt.lint/1", "findings": [{}]}}"#, findings.join(","))
    };
    let dockopt = Dockopt::new().file("head.json", lint(5_000)).file("base.json", lint(0));
    let start = Instant::now();
    let ran = dockopt.args(["report", "head.json", "--baseline=base.json", "--format=markdown"]).run().code(1);
    // 1.4 s of CPU in this profile, which is not optimized; every finding compared with every other one takes minutes.
    assert!(start.elapsed().as_secs_f64() < 60.0, "{:?}", start.elapsed());
    assert!(ran.stdout.len() <= 65_536, "{}", ran.stdout.len());
    assert!(ran.stdout.starts_with("### ✗ dockopt: 5,000 new findings, 5,000 fixed"), "{}", &ran.stdout[..200]);
    let left_out: usize = ran
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("… ")?.split_once(" not shown")?.0.split(' ').next())
        .map(|number| number.replace(',', "").parse::<usize>().unwrap())
        .sum();
    let rows = ran.stdout.lines().filter(|line| line.contains("package lists")).count();
    assert_eq!(rows + left_out, 10_000, "every finding is shown or counted");
}

#[test]
fn the_start_of_the_services_is_a_figure_that_is_not_judged() {
    let compose = |retries: u32| {
        format!(
            "services:\n  db:\n    image: postgres:17\n    healthcheck:\n      test: [CMD, pg_isready]\n      interval: 5s\n      \
             timeout: 2s\n      retries: {retries}\n  api:\n    image: example/api:1\n    depends_on:\n      db:\n        \
             condition: service_healthy\n"
        )
    };
    let graph = |retries| {
        let dockopt = Dockopt::new().file("compose.yaml", compose(retries));
        dockopt.args(["compose", "graph", "--format=json"]).run().code(0).stdout
    };
    let dockopt = Dockopt::new().file("base.json", graph(3)).file("head.json", graph(30));
    let ran = dockopt.args(["report", "head.json", "--baseline=base.json", "--format=json"]).run().code(0);
    let report = ran.json();
    keeps_schema(include_str!("../../schemas/report.schema.json"), &report);
    let row = &report["figures"][0];
    assert_eq!((&row["kind"], &row["build"]), (&"service_start".into(), &"compose.yaml".into()));
    assert!(row["after"]["value"].as_f64() > row["before"]["value"].as_f64(), "{row}");
    assert!(!ran.stdout.contains("\"worse\""), "{}", ran.stdout);
}

/// The line of each finding by its fingerprint.
fn lines(findings: &serde_json::Value, line: &str) -> Vec<(String, u64)> {
    let pair = |finding: &serde_json::Value| {
        (finding["fingerprint"].as_str().unwrap().to_owned(), finding.pointer(line).unwrap().as_u64().unwrap())
    };
    let mut lines: Vec<_> = findings.as_array().unwrap().iter().map(pair).collect();
    lines.sort();
    lines
}

#[test]
fn a_report_names_the_lines_that_lint_names() {
    let dockerfile = "FROM python:3.13\nUSER 1000\nHEALTHCHECK --interval=5s \\\n  CMD nc -z localhost 80\n\
                      RUN apt-get update \\\n && apt-get install -y curl\nCMD [\"python\"]\n";
    let lint = Dockopt::new().file("a/Dockerfile", dockerfile).args(["lint", "a", "--format=json"]).run().stdout;
    let result: serde_json::Value = serde_json::from_str(&lint).unwrap();
    let check = result["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["span"]["start"]["line"] == 4 && finding["instruction_line"] == 3);
    let check = check.expect("a finding in the second line of an instruction");
    let (rule, severity) = (check["rule"].as_str().unwrap(), check["severity"].as_str().unwrap());
    let none = r#"{"schema": "dockopt.lint/1", "findings": [], "files": ["a/Dockerfile"]}"#;
    let run = |results: [&str; 2], format: &str| {
        let project = Dockopt::new().file("lint.json", &lint).file("none.json", none);
        let arguments = ["report", results[0], "--baseline", results[1], "--fail-on=none", "--format", format];
        project.args(arguments).run().code(0)
    };
    for (results, list) in [(["lint.json", "none.json"], "new"), (["none.json", "lint.json"], "fixed")] {
        let report = run(results, "json").json();
        keeps_schema(include_str!("../../schemas/report.schema.json"), &report);
        let expected = lines(&result["findings"], "/span/start/line");
        assert_eq!(lines(&report["findings"][list], "/line"), expected, "{list}");
        assert!(run(results, "markdown").stdout.contains("<code>a/Dockerfile&#58;4</code>"), "{list}");
        assert!(run(results, "text").stdout.contains(&format!("a/Dockerfile:4: {severity} {rule}: ")), "{list}");
        let html = run(results, "html").stdout;
        let is_named = html.contains("a/<wbr>Dockerfile:4<") || html.contains("<code>a/Dockerfile:4</code>");
        assert!(is_named && !html.contains("Dockerfile:3<"), "{list}: {html}");
        let sarif = run(results, "sarif").json();
        let region = |line: u64| {
            let mut all = sarif["runs"][0]["results"].as_array().unwrap().iter();
            all.any(|result| {
                result["ruleId"] == rule && result["locations"][0]["physicalLocation"]["region"]["startLine"] == line
            })
        };
        assert!(region(4) && !region(3), "{list}: {sarif}");
    }
    let annotations = run(["lint.json", "none.json"], "github").stdout;
    assert!(annotations.contains(&format!("file=a/Dockerfile,line=4,title={rule}::")), "{annotations}");
}

#[test]
fn what_fails_a_check_is_named_with_its_severity() {
    let finding = |severity: &str, line: u32| {
        format!(
            r#"{{"rule": "r{line}", "severity": "{severity}", "file": "Dockerfile", "message": "m", "fingerprint": "{line}",
                "span": {{"start": {{"line": {line}, "column": 1}}}}}}"#
        )
    };
    let findings = [finding("warning", 1), finding("info", 2), finding("error", 3)].join(",");
    let lint = format!(r#"{{"schema": "dockopt.lint/1", "findings": [{findings}], "files": ["Dockerfile"]}}"#);
    let run = |least: &str| {
        let project = Dockopt::new().file("lint.json", &lint).file("dockopt.toml", "fail-on = \"info\"\n");
        project
            .args(["report", "lint.json", "--format=markdown"].into_iter().chain(least.split_whitespace()))
            .run()
            .stdout
    };
    for (option, expected) in [
        ("", "The check fails because of 3 findings of severity <code>info</code> or worse"),
        ("--fail-on=warning", "The check fails because of 2 findings of severity <code>warning</code> or worse"),
        (
            "--fail-on=error",
            "The check fails because of 1 finding of severity <code>error</code> (<code>fail-on</code>).",
        ),
    ] {
        let text = run(option);
        assert!(text.contains(expected), "{option}: {text}");
    }
    assert!(!run("--fail-on=none").contains("The check fails"));
}

#[test]
fn the_trend_of_findings_is_that_of_the_headline() {
    let path = |index: u32| {
        format!(
            r#"{{"name": "image-world-writable", "severity": "info", "message": "m", "help": "h", "rule": "r", "bytes": 0,
                "origin": {{"file": "Dockerfile", "line": 3}}, "path": "/a/{index}"}}"#
        )
    };
    let image = |paths: u32| {
        let findings: Vec<String> = (0..paths).map(path).collect();
        format!(
            r#"{{"schema": "dockopt.image/1", "images": [{{"ref": "app:1", "totals": {{"disk_bytes": 5, "pull_bytes": 5}},
                "findings": [{}]}}]}}"#,
            findings.join(",")
        )
    };
    let project = Dockopt::new().file("1.json", image(60)).file("2.json", image(1));
    let ran = project.args(["report", "1.json", "--record=record.jsonl", "--fail-on=none"]).run().code(0);
    assert!(ran.stdout.contains("1 finding\n"), "{}", ran.stdout);
    let html = ran.again(["report", "2.json", "--record=record.jsonl", "--fail-on=none", "--format=html"]).code(0);
    let text = ran.again(["history", "record.jsonl"]).code(0).stdout;
    let trend = text.lines().find(|line| line.trim_start().starts_with("findings ")).unwrap();
    assert_eq!(trend.split_whitespace().collect::<Vec<_>>(), ["findings", "██", "1", "1"], "{text}");
    // It is of no build: it does not stand below the heading of the last one.
    for text in [text, html.stdout] {
        assert!(text.find("The project").unwrap() > text.find("app").unwrap(), "{text}");
        assert!(text.find("Changes for the worse").unwrap() > text.find("The project").unwrap(), "{text}");
    }
}

#[test]
fn figures_without_a_baseline_are_of_so_many_builds() {
    let build = |name: &str| {
        format!(
            r#"{{"schema": "dockopt.measure/1", "builds": [{{"name": "before", "dockerfile": "{name}", "image": null,
                "runs": [{{"scenario": "cold", "seconds": 5, "steps": []}}], "failure": null}}]}}"#
        )
    };
    let run = |files: &[&str]| {
        let project = Dockopt::new().file("a.json", build("a")).file("b.json", build("b"));
        project.args(["report", "--format=markdown"].iter().chain(files).copied()).run().code(0).stdout
    };
    assert!(run(&["a.json"]).contains("nothing is compared. The figures of this build:"));
    assert!(run(&["a.json", "b.json"]).contains("nothing is compared. The figures of 2 builds:"));
}

#[test]
fn rules_that_are_off_fixed_nothing() {
    let dockerfile = "FROM debian:trixie-slim\nRUN apt-get update && apt-get install -y curl\nCMD curl example.com\n";
    let lint = |args: &[&str]| {
        let dockopt = Dockopt::new().file("Dockerfile", dockerfile);
        let ran = dockopt.args(["lint", "Dockerfile", "--format=json"]).args(args.iter().copied()).run();
        keeps_schema(include_str!("../../schemas/lint.schema.json"), &ran.json());
        ran.stdout
    };
    let all = lint(&[]);
    for off in [&["--select", "root-user"][..], &["--ignore", "apt-lists-kept,shell-form-command"]] {
        let dockopt = Dockopt::new().file("base.json", all.clone()).file("head.json", lint(off));
        let report = dockopt.args(["report", "head.json", "--baseline=base.json", "--format=json"]).run().json();
        assert_eq!(report["findings"]["fixed"], serde_json::json!([]), "{off:?}");
        let dockopt = Dockopt::new().file("base.json", lint(off)).file("head.json", all.clone());
        let report = dockopt.args(["report", "head.json", "--baseline=base.json", "--format=json"]).run().json();
        assert_eq!(report["findings"]["new"], serde_json::json!([]), "{off:?}");
    }
}
