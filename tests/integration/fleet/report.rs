//! `dockopt fleet report` on results of real runs.

use std::fs;

use serde_json::Value;

use super::{checkouts, images, results};
use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;

/// A run over two repositories and twelve images, in `out`.
fn with_results() -> Ran {
    let registry = images();
    let host = registry.host.clone();
    let arguments = ["fleet", "list", "--folder", "repos", "--registry", &host, "--output", "list.jsonl"];
    let ran = checkouts().args(arguments).run().code(0);
    ran.again(["fleet", "run", "list.jsonl", "--out", "out"]).code(0);
    ran
}

#[test]
fn a_report_says_what_is_shared_and_what_costs() {
    let ran = with_results();
    let report = ran.again(["fleet", "report", "out", "--format", "json", "--hosts", "3"]).code(0).json();
    keeps_schema(include_str!("../../../schemas/fleet-report.schema.json"), &report);
    assert_eq!((&report["totals"]["folders"], &report["totals"]["images"]), (&2.into(), &12.into()));
    // Recounted from the results of the images.
    let mut layers = std::collections::BTreeMap::new();
    let mut separate = 0;
    for (_, bytes) in results(&ran.path().join("out")).iter().filter(|(name, _)| name.starts_with("image-")) {
        let image: Value = serde_json::from_slice(bytes).unwrap();
        for layer in image["images"][0]["layers"].as_array().unwrap() {
            let bytes = layer["blob_bytes"].as_u64().unwrap();
            separate += bytes;
            layers.insert(layer["diff_id"].as_str().unwrap().to_owned(), bytes);
        }
    }
    let sharing = &report["sharing"];
    assert_eq!(sharing["separate_pull_bytes"], separate);
    assert_eq!(sharing["host_pull_bytes"], layers.values().sum::<u64>());
    assert_eq!(sharing["different_layers"], 15);
    assert_eq!(sharing["layers"].as_array().unwrap().len(), 3);
    assert_eq!(sharing["hosts"]["all_pull_bytes"], layers.values().sum::<u64>() * 3);
    // Debian with Python, and Alpine; nothing names them.
    let bases: Vec<(u64, u64)> = report["bases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|base| (base["layers"].as_u64().unwrap(), base["images"].as_u64().unwrap()))
        .collect();
    assert_eq!(bases, [(2, 6), (1, 6)]);
    assert_eq!(report["secrets"][0]["file"], "repos/web/Dockerfile");
    assert!(!report.to_string().contains("ghs_0123456789"));
    assert!(report["rules"].as_array().unwrap().iter().any(|rule| rule["rule"] == "apt-lists-kept"));
    assert_eq!(report["lines"][0]["item"].as_str().unwrap().split('/').next(), Some("repos"));
}

#[test]
fn secrets_come_first_and_all_media_are_written() {
    let ran = with_results();
    let text = ran.again(["fleet", "report", "out"]).code(0).stdout;
    assert!(text.starts_with("2 folders with 2 builds, 12 images, "), "{text}");
    let place = |words: &str| text.find(words).unwrap_or_else(|| panic!("`{words}` is not in\n{text}"));
    assert!(place("Secrets") < place("What 12 images share") && place("Base images") < place("Most expensive lines"));
    let markdown = ran.again(["fleet", "report", "out", "--format", "markdown"]).code(0).stdout;
    assert!(markdown.contains("## Secrets") || markdown.contains("### Secrets"), "{markdown}");
    let html = ran.again(["fleet", "report", "out", "--format", "html"]).code(0).stdout;
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("Most expensive lines"));
    for (table, head, rows) in [
        ("items", "name,kind,outcome", 15),
        ("layers", "digest,pull_bytes,images", 4),
        ("bases", "name,layers,pull_bytes", 3),
        ("secrets", "item,file,line,rule", 2),
        ("rules", "rule,severity,findings", 0),
        ("lines", "item,file,line,rule", 0),
        ("packages", "ecosystem,name,versions", 1),
    ] {
        let csv = ran.again(["fleet", "report", "out", "--format", "csv", "--table", table]).code(0).stdout;
        assert!(csv.starts_with(head) && csv.ends_with("\r\n"), "{table}: {csv}");
        assert!(rows == 0 || csv.lines().count() == rows, "{table}: {csv}");
    }
    ran.again(["fleet", "report", "out", "--sarif-to", "sarif"]).code(0);
    let files: Vec<_> = fs::read_dir(ran.path().join("sarif")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 2);
    let log: Value = serde_json::from_str(&fs::read_to_string(&files[0]).unwrap()).unwrap();
    let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!((&place["uri"], &log["version"]), (&"Dockerfile".into(), &"2.1.0".into()), "a path in its repository");
}

#[test]
fn a_report_is_compared_with_the_last_one() {
    let ran = with_results();
    ran.again(["fleet", "report", "out", "--format", "json", "--output", "last.json"]).code(0);
    let same = ran.again(["fleet", "report", "out", "--baseline", "last.json"]).code(0).stdout;
    assert!(same.contains("Since the last report\n  Nothing changed."), "{same}");
    fs::write(ran.path().join("repos/api/Dockerfile"), "FROM python:3.13\nADD a b\n").unwrap();
    fs::write(ran.path().join("new.jsonl"), "{\"folder\":\"repos/api\"}\n{\"folder\":\"repos/none\"}\n").unwrap();
    ran.again(["fleet", "run", "new.jsonl", "--out", "new"]).code(1);
    let report = ran.again(["fleet", "report", "new", "--baseline", "last.json", "--format", "json"]).code(0).json();
    keeps_schema(include_str!("../../../schemas/fleet-report.schema.json"), &report);
    let changes = &report["changes"];
    assert_eq!((&changes["new_items"][0], changes["gone_items"].as_array().unwrap().len()), (&"repos/none".into(), 13));
    let more = changes["more_findings"].as_array().unwrap();
    assert!(more.iter().any(|row| row["rule"] == "add-local-file" && row["after"] == 1), "{more:?}");
    let fewer = changes["fewer_findings"].as_array().unwrap();
    assert!(!fewer.is_empty() && fewer.iter().all(|row| row["after"].as_u64() < row["before"].as_u64()), "{fewer:?}");
    let wrong = ran.again(["fleet", "report", "out", "--baseline", "list.jsonl"]).code(2);
    wrong.complains(&["`list.jsonl` is not a report to compare with", "fleet report --format json"]);
}

#[test]
fn bad_results_are_said_and_harm_no_other() {
    let ran = with_results();
    let folder = ran.path().join("out/results");
    let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    fs::write(&names[0], "{\"schema\": \"dockopt.audit/1\"").unwrap();
    let image = fs::read(&names[5]).unwrap();
    fs::write(&names[1], image).unwrap();
    fs::write(&names[2], b"\xff\xfe\0").unwrap();
    fs::remove_file(&names[3]).unwrap();
    let report = ran.again(["fleet", "report", "out", "--format", "json"]).code(0).json();
    let totals = &report["totals"];
    assert_eq!((&totals["failures"], &totals["missing"], &totals["results"]), (&3.into(), &1.into(), &10.into()));
    let reasons: Vec<&str> =
        report["failures"].as_array().unwrap().iter().map(|failure| failure["reason"].as_str().unwrap()).collect();
    assert!(reasons[0].contains("is not valid JSON"), "{reasons:?}");
    assert!(reasons[1].contains("is not one of `audit`"), "{reasons:?}");
    let none = ran.again(["fleet", "report", "repos"]).code(2);
    none.complains(&["the folder `repos` has no results", "fleet run --out"]);
    Dockopt::new().args(["fleet", "report", "none"]).run().code(2).complains(&["`none` cannot be read"]);
}

#[test]
fn a_report_waits_for_shards() {
    let ran = with_results();
    ran.again(["fleet", "run", "list.jsonl", "--out", "parts/one", "--shard", "1/2"]).code(0);
    let early = ran.again(["fleet", "report", "parts", "--wait", "1", "--complete", "--format", "json"]).code(2);
    assert!(early.json()["totals"]["missing"].as_u64().unwrap() > 0);
    let waiting = ran
        .next()
        .args(["fleet", "report", "parts", "--wait", "120", "--complete", "-o", "report.json", "--format=json"])
        .start();
    ran.again(["fleet", "run", "list.jsonl", "--out", "parts/two", "--shard", "2/2"]).code(0);
    let ended = waiting.wait_with_output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(serde_json::from_str::<Value>(&ran.read("report.json")).unwrap()["totals"]["missing"], 0);
}
