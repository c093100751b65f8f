//! `dockopt fleet`: lists, runs in shards, what a run that is killed leaves, and the report over all of them.

mod registry;
mod report;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;
use registry::{Fault, Registry};

/// Repositories of a folder: two with a Dockerfile, one without.
pub(crate) fn checkouts() -> Dockopt {
    Dockopt::new()
        .file("repos/api/.git/HEAD", "ref: refs/heads/main\n")
        .file("repos/api/Dockerfile", "FROM python:3.13\nRUN apt-get update && apt-get install -y curl\n")
        .file("repos/web/.git/HEAD", "ref: refs/heads/main\n")
        .file(
            "repos/web/Dockerfile",
            "FROM node:22\nENV API_TOKEN=ghs_0123456789abcdefghij0123456789abcdef\nCOPY . .\n",
        )
        .file("repos/docs/.git/HEAD", "ref: refs/heads/main\n")
        .file("repos/docs/index.md", "# Docs\n")
}

/// Twelve images on two bases.
pub(crate) fn images() -> Registry {
    let registry = Registry::start(None);
    for number in 0..12 {
        let base = if number % 2 == 0 { &["debian", "python"][..] } else { &["alpine"] };
        let word = format!("app{number:02}");
        let words: Vec<&str> = base.iter().copied().chain([word.as_str()]).collect();
        registry.push(&format!("team/{word}"), "1.0", &words);
    }
    registry
}

/// The files of results, by name.
pub(crate) fn results(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder.join("results")).unwrap().map(|entry| entry.unwrap());
    let mut files: Vec<_> =
        entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect();
    files.sort();
    files
}

#[test]
fn repositories_and_images_are_listed() {
    let registry = images();
    registry.push("team/app00", "1.10", &["debian", "x"]);
    registry.push("team/app00", "2.0.0-rc1", &["debian", "y"]);
    let host = registry.host.clone();
    let ran = checkouts().args(["fleet", "list", "--folder", "repos", "--registry", &host]).run().code(0);
    let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 14);
    assert_eq!((&lines[0]["folder"], &lines[1]["folder"]), (&"repos/api".into(), &"repos/web".into()));
    assert_eq!(lines[2]["image"], format!("registry:{host}/team/app00:1.10"));
    assert!(lines[3]["base"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(lines[3]["base"], lines[5]["base"]);
    assert!(
        ran.stderr.contains("1 folder without a Dockerfile or a compose file left out: repos/docs"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.ends_with("2 folders, 12 images\n"), "{}", ran.stderr);
    assert!(registry.requests().iter().any(|path| path.contains("_catalog?n=2&last=team/app01")));
    // The same again, byte by byte.
    let again = ran.again(["fleet", "list", "--registry", &host, "--folder", "repos"]).code(0);
    assert_eq!(again.stdout, ran.stdout);

    let selected = ran.again([
        "fleet",
        "list",
        "--registry",
        &host,
        "--match",
        "team/app0*",
        "--exclude",
        "app03",
        "--limit",
        "5",
        "--no-bases",
    ]);
    let names: Vec<&str> = selected.stdout.lines().filter_map(|line| line.split("/app").nth(1)?.get(..2)).collect();
    assert_eq!(names, ["00", "01", "02", "04", "05"], "{}", selected.stdout);
    let all = ran.again(["fleet", "list", "--registry", &format!("{host}/team/app00"), "--tags", "all"]).code(0);
    assert_eq!(all.stdout.lines().count(), 3);
    let newest =
        ran.again(["fleet", "list", "--registry", &format!("{host}/team/app00"), "--tags", "newest-by-date"]).code(0);
    assert_eq!(newest.stdout.lines().count(), 1);
}

#[test]
fn names_of_images_come_from_a_file() {
    let text =
        "# comment\nregistry.example/team/api:1.0\n\ndocker:api:dev\nnginx:1.27\nregistry.example/team/api:1.0\n";
    let list = |text: &str| Dockopt::new().input(text).args(["fleet", "list", "--images", "-", "--no-bases"]).run();
    let ran = list(text).code(0);
    let expected = "{\"image\":\"docker:api:dev\"}\n{\"image\":\"registry:docker.io/library/nginx:1.27\"}\n{\"image\":\"registry:registry.example/team/api:1.0\"}\n";
    assert_eq!(ran.stdout, expected);
    assert!(ran.stderr.contains("1 duplicate left out"), "{}", ran.stderr);
    // One image has one name.
    let names = list("nginx\ndocker.io/nginx\nindex.docker.io/library/nginx:latest\n").code(0);
    assert_eq!(names.stdout, "{\"image\":\"registry:docker.io/library/nginx:latest\"}\n");
    list("docker:\n").code(2).complains(&["nothing follows `docker:`"]);
    list("nginx:1.27\nA B\n").code(2).complains(&["standard input:2: ", "help: write one name of an image per line"]);
    Dockopt::new().args(["fleet", "list"]).run().code(2).complains(&["no source for the list", "`--folder`"]);
}

#[test]
fn a_registry_that_does_not_list_says_what_to_do() {
    let registry = Registry::start(Some(Fault::NoCatalog));
    let ran = Dockopt::new().args(["fleet", "list", "--registry", &registry.host]).run().code(2);
    ran.complains(&["does not list its repositories", "name them with `--registry"]);
    let nobody = Dockopt::new().args(["fleet", "list", "--registry", "127.0.0.1:1"]).run().code(2);
    nobody.complains(&["cannot be reached"]);
}

/// A list of all items, written to `list.jsonl`.
fn with_list(registry: &Registry) -> Ran {
    let host = registry.host.clone();
    let arguments = ["fleet", "list", "--folder", "repos", "--registry", &host, "--output", "list.jsonl"];
    let ran = checkouts().args(arguments).run().code(0);
    registry.forget_requests();
    ran
}

#[test]
fn results_are_the_bytes_of_the_commands_and_layers_are_fetched_once() {
    let registry = images();
    let ran = with_list(&registry);
    let run = ran.again(["fleet", "run", "list.jsonl", "--out", "out", "--format", "json"]).code(0);
    let summary = run.json();
    keeps_schema(include_str!("../../schemas/fleet-summary.schema.json"), &summary);
    assert_eq!((&summary["items"], &summary["results"], &summary["failures"]), (&14.into(), &14.into(), &0.into()));
    let (sent, stored) = registry.sent_and_stored();
    assert_eq!(sent, stored, "each layer and each configuration is sent once");
    assert_eq!(summary["fetched_bytes"], stored);
    let files = results(&ran.path().join("out"));
    assert_eq!(files.len(), 14);
    let result_of = |part: &str| {
        let (_, bytes) = files.iter().find(|(name, _)| name.contains(part)).unwrap();
        String::from_utf8(bytes.clone()).unwrap()
    };
    let audit = ran.again(["audit", "repos/web", "--format=json", "--fail-on=none"]).code(0);
    assert_eq!(result_of("folder-repos-web-"), audit.stdout);
    let name = format!("registry:{}/team/app03:1.0", registry.host);
    let image = ran.again(["image", &name, "--format=json"]).code(0);
    assert_eq!(result_of("app03"), image.stdout);
    assert!(!ran.has("out/layers"), "layers are kept for nobody");

    // A second run has nothing to do.
    registry.forget_requests();
    let again = ran.again(["fleet", "run", "list.jsonl", "--out", "out"]).code(0);
    assert!(again.stdout.starts_with("shard 1/1: 14 items, 0 failed, 14 from a run before\n"), "{}", again.stdout);
    assert!(registry.requests().is_empty());
}

#[test]
fn shards_make_the_results_of_one_run() {
    let registry = images();
    let ran = with_list(&registry);
    ran.again(["fleet", "run", "list.jsonl", "--out", "whole"]).code(0);
    let mut parts = Vec::new();
    for shard in ["1/3", "2/3", "3/3"] {
        let out = format!("part-{}", &shard[..1]);
        ran.again(["fleet", "run", "list.jsonl", "--shard", shard, "--out", &out]).code(0);
        parts.extend(results(&ran.path().join(out)));
    }
    parts.sort();
    assert!(parts == results(&ran.path().join("whole")), "the same files with the same bytes");
    let whole = ran.again(["fleet", "report", "whole", "--format", "json"]).code(0);
    let joined = ran.again(["fleet", "report", "part-3", "part-1", "part-2", "--format", "json"]).code(0);
    assert_eq!(whole.stdout, joined.stdout);
    // One part is missing.
    let partly = ran.again(["fleet", "report", "part-1", "part-2", "--format", "json", "--complete"]).code(2);
    assert!(partly.json()["totals"]["missing"].as_u64().unwrap() > 0);
    assert_eq!(partly.json()["notices"][0], "no results of shard 3/3");
    assert!(partly.stderr.contains("not checked"), "{}", partly.stderr);
}

#[test]
fn a_run_that_is_killed_goes_on_and_ends_the_same() {
    let registry = images();
    let ran = with_list(&registry);
    ran.again(["fleet", "run", "list.jsonl", "--out", "whole"]).code(0);
    let expected = results(&ran.path().join("whole"));
    let mut kills = 0;
    for moment in [1, 5, 20, 60, 120, 200, 300, 450, 600, 900] {
        let mut child = ran.next().args(["fleet", "run", "list.jsonl", "--out", "out"]).start();
        thread::sleep(Duration::from_millis(moment));
        if child.try_wait().unwrap().is_none() {
            kills += 1;
        }
        let _ = child.kill();
        child.wait().unwrap();
        if ran.has("out/results") {
            for (name, bytes) in results(&ran.path().join("out")).iter().filter(|(name, _)| !name.starts_with('.')) {
                let (_, whole) = expected.iter().find(|(known, _)| known == name).unwrap();
                assert!(bytes == whole, "{name} is half-written");
            }
        }
    }
    assert!(kills > 2, "{kills}");
    ran.again(["fleet", "run", "list.jsonl", "--out", "out"]).code(0);
    assert!(results(&ran.path().join("out")) == expected);
}

#[test]
fn a_folder_is_of_one_run() {
    let ran = checkouts()
        .file("list.jsonl", "{\"folder\":\"repos/api\"}\n{\"folder\":\"repos/web\"}\n")
        .args(["fleet", "run", "list.jsonl", "--out", "out"])
        .run()
        .code(0);
    let refused = |arguments: &[&str], text: &str| {
        ran.again(["fleet", "run"].into_iter().chain(arguments.iter().copied()))
            .code(2)
            .complains(&[text, "use another folder"]);
    };
    refused(&["list.jsonl", "--out", "out", "--shard", "1/2"], "`out` has the results of another shard");
    refused(&["list.jsonl", "--out", "out", "--no-history"], "`out` has the results of other options");
    refused(&["list.jsonl", "--out", "out", "--today", "2026-01-01"], "`out` has the results of another day");
    fs::write(ran.path().join("other.jsonl"), "{\"folder\":\"repos/api\"}\n").unwrap();
    refused(&["other.jsonl", "--out", "out"], "`out` has the results of another list");
    let strange = ran.again(["fleet", "run", "list.jsonl", "--out", "repos"]).code(2);
    strange.complains(&["the folder `repos` has other files", "use an empty folder"]);
    fs::write(ran.path().join("out/run.json"), "{").unwrap();
    refused(&["list.jsonl", "--out", "out"], "`out/run.json` cannot be used");
}

#[test]
fn two_runs_do_not_share_a_folder() {
    let registry = Registry::start(Some(Fault::Hanging));
    registry.push("a", "1", &["x"]);
    let ran = Dockopt::new()
        .file("list.jsonl", format!("{{\"image\":\"registry:{}/a:1\"}}\n", registry.host))
        .args(["fleet", "run", "list.jsonl", "--out", "first", "--jobs", "0"])
        .run()
        .code(2);
    let mut child = ran.next().args(["fleet", "run", "list.jsonl", "--out", "out"]).start();
    let start = Instant::now();
    while !ran.has("out/results") && start.elapsed() < Duration::from_secs(20) {
        thread::sleep(Duration::from_millis(10));
    }
    ran.again(["fleet", "run", "list.jsonl", "--out", "out"]).code(2).complains(&["another run uses the folder `out`"]);
    child.kill().unwrap();
    child.wait().unwrap();
    // Nobody holds it any more, and a silent registry is a failure of the item.
    let late = ran.again(["fleet", "run", "list.jsonl", "--out", "out", "--timeout", "1"]).code(1);
    assert!(late.stdout.contains("it took longer than 1 s"), "{}", late.stdout);
}

#[test]
fn failures_are_results_with_a_reason() {
    let registry = images();
    let host = &registry.host;
    let list = format!(
        "{{\"folder\":\"repos/none\"}}\n{{\"folder\":\"repos/api\"}}\n{{\"image\":\"registry:{host}/team/none:1\"}}\n{{\"image\":\"registry:{host}/team/app00:1.0\"}}\n"
    );
    let ran = checkouts()
        .file("list.jsonl", list)
        .args(["fleet", "run", "list.jsonl", "--out", "out", "--progress", "json"])
        .run()
        .code(1);
    assert!(ran.stdout.contains("`repos/none` does not exist"), "{}", ran.stdout);
    let lines: Vec<Value> = ran.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (lines.len(), &lines[3]["done"], &lines[3]["of"], &lines[3]["failures"]),
        (4, &4.into(), &4.into(), &2.into())
    );
    let failed: Vec<_> =
        results(&ran.path().join("out")).into_iter().filter(|(name, _)| name.ends_with(".failed.json")).collect();
    assert_eq!(failed.len(), 2);
    let record: Value = serde_json::from_slice(&failed[1].1).unwrap();
    assert_eq!((&record["schema"], &record["exit"]), (&"dockopt.fleet-failure/1".into(), &2.into()));
    assert!(record["reason"].as_str().unwrap().contains("not found in the registry"), "{record}");

    // What failed stays so, until it is to be tried again.
    registry.push("team/none", "1", &["alpine"]);
    ran.again(["fleet", "run", "list.jsonl", "--out", "out"]).code(1);
    fs::create_dir(ran.path().join("repos/none")).unwrap();
    fs::write(ran.path().join("repos/none/Dockerfile"), "FROM alpine:3.22\n").unwrap();
    ran.again(["fleet", "run", "list.jsonl", "--out", "out", "--retry"]).code(0);
    assert!(results(&ran.path().join("out")).iter().all(|(name, _)| !name.ends_with(".failed.json")));
}

#[test]
fn a_registry_that_misbehaves_harms_its_images_alone() {
    for (fault, expected) in [
        (Fault::OtherBytes, "with digest"),
        (Fault::OtherLayers, "with digest"),
        (Fault::TooLong, "whose manifest says"),
    ] {
        let registry = Registry::start(Some(fault));
        registry.push("a", "1", &["x", "y"]);
        let list = format!("{{\"folder\":\"repos/api\"}}\n{{\"image\":\"registry:{}/a:1\"}}\n", registry.host);
        let ran =
            checkouts().file("list.jsonl", list).args(["fleet", "run", "list.jsonl", "--out", "out"]).run().code(1);
        assert!(ran.stdout.contains(expected), "{fault:?}: {}", ran.stdout);
        assert!(registry.sent_and_stored().0 < 400 << 20, "{fault:?}");
        // Nothing of it is kept as a layer.
        registry.mend();
        ran.again(["fleet", "run", "list.jsonl", "--out", "out", "--retry"]).code(0);
    }
    let registry = Registry::start(Some(Fault::Limited(5)));
    registry.push("a", "1", &["x"]);
    let list = format!("{{\"image\":\"registry:{}/a:1\"}}\n", registry.host);
    Dockopt::new().file("list.jsonl", list).args(["fleet", "run", "list.jsonl", "--out", "out"]).run().code(0);
}

#[test]
fn layers_that_were_damaged_are_fetched_again() {
    let registry = images();
    let ran = with_list(&registry);
    let run = |out: &str| ran.again(["fleet", "run", "list.jsonl", "--out", out, "--layers", "layers"]).code(0);
    run("one");
    registry.forget_requests();
    run("two");
    assert_eq!(registry.sent_and_stored().0, 0, "layers are kept for later runs");
    for entry in fs::read_dir(ran.path().join("layers")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("sha256-") {
            let mut bytes = fs::read(&path).unwrap();
            let half = bytes.len() / 2;
            bytes[half] ^= 1;
            fs::write(&path, bytes).unwrap();
        }
    }
    thread::sleep(Duration::from_millis(20));
    run("three");
    let (sent, stored) = registry.sent_and_stored();
    assert_eq!(sent, stored);
    let files = |out: &str| results(&ran.path().join(out));
    assert!(files("one") == files("two") && files("one") == files("three"));
}

#[test]
fn a_text_in_a_name_stops_no_run() {
    let list = "{\"folder\":\"standard output cannot be written\"}\n{\"folder\":\"repos/web\"}\n";
    let ran = checkouts().file("list.jsonl", list).args(["fleet", "run", "list.jsonl", "--out", "out"]).run().code(1);
    assert!(ran.stdout.starts_with("shard 1/1: 2 items, 1 failed\n"), "{}", ran.stdout);
}

#[test]
fn a_list_that_is_not_that_of_the_results_is_not_believed() {
    let registry = images();
    let ran = with_list(&registry);
    ran.again(["fleet", "run", "list.jsonl", "--out", "out"]).code(0);
    let list = ran.read("out/list.jsonl");
    fs::write(ran.path().join("out/list.jsonl"), "").unwrap();
    let report = ran.again(["fleet", "report", "out"]).code(2);
    report.complains(&["`out/list.jsonl` is not the list of its results", "run the shard again"]);
    ran.again(["fleet", "run", "list.jsonl", "--out", "out"]).code(0);
    assert_eq!(ran.read("out/list.jsonl"), list);
    ran.again(["fleet", "report", "out", "--complete"]).code(0);
}

#[test]
fn results_of_the_latest_day_count() {
    let ran = checkouts()
        .file("a.jsonl", "{\"folder\":\"repos/web\"}\n")
        .file("b.jsonl", "{\"folder\":\"repos/api\"}\n{\"folder\":\"repos/web\"}\n")
        .args(["fleet", "run", "b.jsonl", "--out", "old", "--today", "2026-01-02"])
        .run()
        .code(0);
    fs::write(ran.path().join("repos/web/Dockerfile"), "FROM scratch\nCOPY a b\n").unwrap();
    ran.again(["fleet", "run", "a.jsonl", "--out", "new", "--today", "2026-02-03"]).code(0);
    for folders in [["old", "new"], ["new", "old"]] {
        let report = ran.again(["fleet", "report", folders[0], folders[1], "--format", "json"]).code(0).json();
        assert_eq!(report["secrets"].as_array().unwrap().len(), 0, "{report}");
        assert_eq!(report["notices"][0], "1 item with results of several runs: that of the latest day counts");
    }
}

/// Another command in the folder of one that has not run.
fn run_in<const N: usize>(dockopt: &Dockopt, arguments: [&str; N]) -> Ran {
    dockopt.beside().args(arguments).run()
}

#[cfg(unix)]
#[test]
fn no_link_in_a_folder_of_results_is_followed() {
    use std::os::unix::fs::symlink;
    let list = "{\"folder\":\"repos/api\"}\n";
    for name in ["lock", "results", "measurements.jsonl"] {
        let dockopt = checkouts().file("list.jsonl", list).file("precious", "text").file("folder/precious", "text");
        fs::create_dir(dockopt.path().join("out")).unwrap();
        let target = if name == "results" { "../folder" } else { "../precious" };
        let link = || symlink(target, dockopt.path().join("out").join(name)).unwrap();
        if name == "lock" {
            link();
        } else {
            let run = run_in(&dockopt, ["fleet", "run", "list.jsonl", "--out", "out"]);
            assert_eq!(run.code, 0, "{}", run.stderr);
            let _ = fs::remove_dir_all(dockopt.path().join("out").join(name));
            let _ = fs::remove_file(dockopt.path().join("out").join(name));
            link();
        }
        let run = run_in(&dockopt, ["fleet", "run", "list.jsonl", "--out", "out", "--retry"]);
        assert!(name == "measurements.jsonl" || run.code == 2, "{name}: {}", run.stdout);
        assert_eq!(run.read("precious"), "text", "{name}");
        assert_eq!(fs::read_dir(run.path().join("folder")).unwrap().count(), 1, "{name}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn processes_end_with_the_run_that_started_them() {
    let registry = Registry::start(Some(Fault::Hanging));
    registry.push("a", "1", &["x"]);
    let list = format!("{{\"image\":\"registry:{}/a:1\"}}\n", registry.host);
    let dockopt = Dockopt::new().file("list.jsonl", list).args(["fleet", "run", "list.jsonl", "--out", "out"]);
    let mut child = dockopt.start();
    let name = format!("registry:{}/a:1", registry.host);
    let is_at_work = || {
        fs::read_dir("/proc").unwrap().flatten().any(|entry| {
            let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&words).contains(&name)
        })
    };
    let wait_until = |expected: bool| {
        let start = Instant::now();
        while is_at_work() != expected && start.elapsed() < Duration::from_secs(30) {
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(is_at_work(), expected);
    };
    wait_until(true);
    child.kill().unwrap();
    child.wait().unwrap();
    wait_until(false);
}

#[test]
fn wrong_lists_are_refused_with_their_lines() {
    let run =
        |text: &str| Dockopt::new().file("list.jsonl", text).args(["fleet", "run", "list.jsonl", "--out", "out"]).run();
    let ran = run("{\"folder\": \"a\"}\n{\"folder\": }\n{\"host\": \"x\"}\n").code(2);
    let ran = ran.complains(&[
        "list.jsonl:2:12: is not valid JSON",
        "list.jsonl:3: is not an item",
        "2 lines without an item",
    ]);
    assert!(!ran.has("out"));
    run("").code(0);
    Dockopt::new()
        .args(["fleet", "run", "none.jsonl", "--out", "out"])
        .run()
        .code(2)
        .complains(&["`none.jsonl` does not exist"]);
    let shard = Dockopt::new().args(["fleet", "run", "list.jsonl", "--out", "out", "--shard", "5/4"]).run().code(2);
    shard.complains(&["expected `I/N` with I from 1 to N"]);
}

#[test]
fn a_long_list_takes_no_long_time() {
    let mut text = String::new();
    for number in 0..100_000 {
        writeln!(text, "{{\"image\":\"registry:registry.example/a{number}:1\"}}").unwrap();
    }
    let start = Instant::now();
    // The last of many shards has few items; that nobody answers is their failure.
    let ran = Dockopt::new()
        .file("list.jsonl", text)
        .args([
            "fleet",
            "run",
            "list.jsonl",
            "--out",
            "out",
            "--shard",
            "10000/10000",
            "--timeout",
            "5",
            "--format",
            "json",
        ])
        .run();
    let items = ran.json()["items"].as_u64().unwrap();
    assert_eq!(items, 10);
    assert!(start.elapsed() < Duration::from_mins(2), "{:?}", start.elapsed());
}
