//! Guides in docs/ tell the truth: their console blocks are run in the fixture that they speak of, one after the other.
//! Behind `| head -n N`, `| grep -A N WORD` and `| jq -S PATH` stands what these would leave. `BLESS=1` rewrites the blocks.

use std::fmt::Write;
use std::fs;

use crate::dockopt::{Dockopt, Ran};

/// What a command prints; on a terminal both streams are seen, through a pipe only one.
fn shown_output(ran: &Ran, filter: Option<&str>) -> String {
    let Some(filter) = filter else { return format!("{}{}", ran.stdout, ran.stderr) };
    let out = &ran.stdout;
    let count = if let Some(count) = filter.strip_prefix("head -n ") {
        out.split_inclusive('\n').take(count.parse().unwrap()).collect()
    } else if let Some((count, word)) = filter.strip_prefix("grep -A ").and_then(|rest| rest.split_once(' ')) {
        let lines = out.split_inclusive('\n').skip_while(|line| !line.contains(word));
        // What goes to standard error is not about these lines.
        return lines.take(count.parse::<usize>().unwrap() + 1).collect();
    } else {
        let mut value: &serde_json::Value = &serde_json::from_str(out).unwrap();
        for part in filter.strip_prefix("jq -S .").unwrap().split(['.', '[', ']']).filter(|part| !part.is_empty()) {
            value = part.parse::<usize>().map_or_else(|_| &value[part], |index| &value[index]);
        }
        format!("{value:#}\n")
    };
    format!("{count}{}", ran.stderr)
}

#[track_caller]
fn check(page: &str, dockopt: Dockopt) {
    let text = fs::read_to_string(page).unwrap();
    let mut out = String::new();
    let mut console = false;
    let mut in_output = false;
    // What opened the block that a line is in: output with blocks of its own stands in a longer one.
    let mut fence = String::new();
    let mut ran = dockopt.args(["--version"]).run();
    for line in text.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        if fence.is_empty() && ticks.len() >= 3 {
            console = line[ticks.len()..] == *"console";
            in_output = false;
            fence = ticks;
        } else if !fence.is_empty() && line == fence {
            (console, in_output) = (false, false);
            fence.clear();
        }
        let call = line.strip_prefix("$ dockopt ").filter(|_| console);
        let is_command = line.starts_with("$ ") && console;
        if !in_output || is_command {
            writeln!(out, "{line}").unwrap();
        }
        if let Some(call) = call {
            let (call, filter) = call.split_once(" | ").map_or((call, None), |(call, filter)| (call, Some(filter)));
            ran = ran.again(call.split(' ').map(|word| word.trim_matches('\'')));
            out.push_str(&shown_output(&ran, filter));
            in_output = true;
        } else if let Some(file) = line.strip_prefix("$ cat ").filter(|_| console) {
            out.push_str(&ran.read(file));
            in_output = true;
        }
    }
    if std::env::var_os("BLESS").is_some() {
        fs::write(page, &out).unwrap();
    }
    assert_eq!(fs::read_to_string(page).unwrap(), out, "{page}; BLESS=1 writes it");
}

#[test]
fn formats_are_shown_as_they_are() {
    check("docs/formats.md", Dockopt::new().dir("formats"));
    let guide = fs::read_to_string("docs/formats.md").unwrap();
    for format in dockopt::report::Format::ALL {
        assert!(guide.contains(&format!("\n## {}\n", format.name())), "docs/formats.md has no `{}`", format.name());
    }
}

#[test]
fn the_baseline_does_what_is_shown() {
    check("docs/baseline.md", Dockopt::new().dir("formats"));
}

#[test]
fn settings_do_what_is_shown() {
    check("docs/settings.md", Dockopt::new().dir("settings").file(".git/HEAD", ""));
}

#[test]
fn images_are_shown_as_they_are() {
    use crate::image::command::{DOCKERFILE, archive};
    check("docs/image.md", Dockopt::new().file("app.tar", archive()).file("Dockerfile", DOCKERFILE));
}

/// A project with its image, before and after its repair.
fn images() -> Dockopt {
    use crate::image::command::{DOCKERFILE, archive};
    Dockopt::new().file("app.tar", archive()).file("Dockerfile", DOCKERFILE)
}

#[test]
fn budgets_are_shown_as_they_are() {
    let settings = "[budget]\nmax-size = \"5 MB\"\nmax-waste = \"2 MB\"\n";
    let dive = "rules:\n  lowestEfficiency: 0.95\n  highestWastedBytes: 20MB\n";
    check("docs/budgets.md", images().file("dockopt.toml", settings).file("ci/.dive-ci", dive));
}

#[test]
fn differences_are_shown_as_they_are() {
    use crate::image::command::{DOCKERFILE, archive};
    let project = Dockopt::new().file("before.tar", archive()).file("after.tar", crate::image::diff::slim_archive());
    check("docs/image-diff.md", project.file("Dockerfile", DOCKERFILE));
}

#[test]
fn measured_costs_are_shown_as_they_are() {
    check("docs/audit-image.md", images());
}

#[test]
fn users_of_dive_see_what_is_shown() {
    check("docs/from-dive.md", images());
}

#[test]
fn users_of_hadolint_see_what_is_shown() {
    let dockerfile = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n# hadolint ignore=DL3003\n\
                      RUN cd /srv && make\nUSER 1000\nCMD python /srv/main.py\n";
    let settings = "ignored:\n  - DL3009\nfailure-threshold: error\n";
    check("docs/from-hadolint.md", Dockopt::new().file("Dockerfile", dockerfile).file(".hadolint.yaml", settings));
}

#[test]
fn compose_files_are_checked_as_shown() {
    check("docs/compose.md", Dockopt::new().dir("task-tracker"));
}

#[test]
fn predictions_are_shown_as_they_are() {
    let project =
        Dockopt::new().file("Dockerfile", NAIVE).file("requirements.txt", "flask==3.1.2\n").file("app.py", FLASK);
    check("docs/cache.md", project);
}

#[test]
fn histories_are_shown_as_they_are() {
    use crate::cache_history::{LOG, NAIVE, project};
    check("docs/cache-history.md", project(NAIVE).file("build.log", LOG));
}

#[test]
fn build_logs_are_explained_as_shown() {
    use crate::cache_explain::{dockerfile, sample};
    let log = sample("plain-buildx0.29-engine28.5-src-changed.log");
    check("docs/build-logs.md", Dockopt::new().file("build.log", log).file("Dockerfile", dockerfile()));
}

#[test]
fn reports_are_shown_as_they_are() {
    check("docs/report.md", crate::pull_request::project());
}

const NAIVE: &str = "FROM python:3.13\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nEXPOSE 8000\n\
                     CMD gunicorn --bind 0.0.0.0:8000 app:app\n";

const FLASK: &str =
    "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get(\"/health\")\ndef health():\n    return \"ok\"\n";

#[test]
fn rewrites_are_shown_as_they_are() {
    let project = Dockopt::new()
        .file("Dockerfile", NAIVE)
        .file("requirements.txt", "flask==3.1.2\ngunicorn==23.0.0\n")
        .file("app.py", FLASK)
        .file("README.md", "# Health\n")
        .file("__pycache__/app.cpython-313.pyc", "x".repeat(2_000));
    list_passes("docs/optimize.md");
    check("docs/optimize.md", project);
}

/// The table of passes is the program's.
fn list_passes(page: &str) {
    let text = fs::read_to_string(page).unwrap();
    let head = "| level | pass | what it does |\n|---|---|---|\n";
    let (before, rest) = text.split_once(head).unwrap();
    let table: usize = rest.split_inclusive('\n').take_while(|line| line.starts_with('|')).map(str::len).sum();
    let after = &rest[table..];
    let mut rows = String::new();
    for pass in dockopt::optimize::passes() {
        writeln!(rows, "| {} | `{}` | {} |", pass.level.number(), pass.id, pass.title).unwrap();
    }
    let expected = format!("{before}{head}{rows}{after}");
    if std::env::var_os("BLESS").is_some() {
        fs::write(page, &expected).unwrap();
    }
    assert_eq!(fs::read_to_string(page).unwrap(), expected, "{page}; BLESS=1 writes it");
}

/// The module for Taskiq is one file: the page shows it, and its check is that of the table.
#[test]
fn checks_of_workers_are_those_of_the_table() {
    let page = fs::read_to_string("docs/worker-checks.md").unwrap();
    let hook = fs::read_to_string("data/hooks/taskiq_ready.py").unwrap();
    assert!(page.contains(&format!("```python\n{hook}```\n")), "the page shows another module");
    let table = include_str!("../../data/services.tsv");
    let mut count = 0;
    for cells in
        table.lines().map(|line| line.split('\t').collect::<Vec<_>>()).filter(|cells| cells[0].starts_with("worker "))
    {
        if cells[4] != "measured" {
            continue;
        }
        let words: Vec<String> = serde_json::from_str(cells[2]).unwrap_or_else(|_| vec![cells[2].to_owned()]);
        let is_shown = words.iter().all(|word| {
            let yaml = serde_json::to_string(&word.replace('$', "$$")).unwrap();
            page.contains(&yaml) || page.contains(&word.replace('|', "\\|"))
        });
        assert!(is_shown, "{}: {}", cells[0], cells[2]);
        count += 1;
    }
    assert_eq!(count, 5);
}
