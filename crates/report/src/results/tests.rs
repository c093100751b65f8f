mod causes;

use super::*;
use crate::settings::{Bound, Budget, Limit, Measure};
use dockopt_testing::Random;

fn state(text: &str) -> ProjectState {
    read_result(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}")).after
}

fn measured(dockerfile: &str, cold: &[f64], source: f64, disk: u64) -> ProjectState {
    let runs: Vec<String> = cold.iter().map(|seconds| run("cold", *seconds)).chain([run("source", source)]).collect();
    state(&format!(
        r#"{{"schema": "dockopt.measure/1", "builds": [{{"name": "before", "dockerfile": "{dockerfile}",
            "runs": [{}], "image": {{"disk_bytes": {disk}, "pull_bytes": null}}, "failure": null}}]}}"#,
        runs.join(",")
    ))
}

fn run(scenario: &str, seconds: f64) -> String {
    format!(
        r#"{{"scenario": "{scenario}", "seconds": {seconds}, "steps": [{{"name": "[2/3] RUN  make", "seconds": {seconds}}}]}}"#
    )
}

fn linted(findings: &[(&str, &str)], skipped: &str) -> ProjectState {
    let finding = |(print, severity): &(&str, &str)| {
        format!(
            r#"{{"rule": "r", "severity": "{severity}", "file": "Dockerfile", "span": {{"start": {{"line": 2, "column": 1}}}},
                "message": "m", "fingerprint": "{print}"}}"#
        )
    };
    let findings: Vec<String> = findings.iter().map(finding).collect();
    state(&format!(
        r#"{{"schema": "dockopt.lint/1", "findings": [{}], "skipped": [{{"what": "{skipped}"}}]}}"#,
        findings.join(",")
    ))
}

fn compared(state: ProjectState, before: Option<&ProjectState>, limits: &[(Measure, Bound)]) -> Comparison {
    let limit = |(measure, bound): &(Measure, Bound)| Limit { measure: measure.clone(), bound: *bound, place: None };
    let budget = Budget { limits: limits.iter().map(limit).collect(), ..Budget::default() };
    let options = ComparisonOptions { labels: vec!["allow-size-increase".to_owned()], ..ComparisonOptions::default() };
    compare(state, before, |_| (budget.clone(), vec![None; budget.limits.len()]), &options)
}

#[test]
fn differences_of_seconds_below_the_tolerance_are_not_judged() {
    for (before, after, expected) in [
        (&[10.0][..], 12.9, Direction::Noise),
        (&[10.0], 13.1, Direction::Worse),
        (&[10.0], 6.9, Direction::Better),
        (&[100.0], 109.0, Direction::Noise),
        (&[100.0], 111.0, Direction::Worse),
        // The runs before differ by 30 s themselves.
        (&[100.0, 110.0, 130.0], 135.0, Direction::Noise),
        (&[100.0, 110.0, 130.0], 141.0, Direction::Worse),
    ] {
        let before = measured("Dockerfile", before, 1.0, 5);
        let comparison = compared(measured("Dockerfile", &[after], 1.0, 5), Some(&before), &[]);
        let row = comparison.rows.iter().find(|row| row.kind == FigureKind::ColdBuild).unwrap();
        assert_eq!(row.direction, expected, "{before:?} {after}");
    }
}

#[test]
fn recent_runs_widen_the_tolerance() {
    let before = measured("Dockerfile", &[10.0], 1.0, 5);
    let spreads = [(("Dockerfile".to_owned(), FigureKind::ColdBuild, "measure".to_owned()), 8.0)].into();
    let options = ComparisonOptions { spreads, ..ComparisonOptions::default() };
    let now = join([measured("./Dockerfile", &[17.0], 1.0, 5)]);
    let unnamed = compare(now.clone(), Some(&before), |_| Default::default(), &options);
    assert_eq!(unnamed.rows[1].direction, Direction::Noise, "the path is typed otherwise");
    assert_eq!(compared(now, Some(&before), &[]).rows[1].direction, Direction::Worse);
}

#[test]
fn results_of_one_build_go_together() {
    let image = state(
        r#"{"schema": "dockopt.image/1", "images": [{"ref": "app:2", "names": [], "platform": null, "base": null,
            "totals": {"disk_bytes": 9, "pull_bytes": 4}, "layers": [{"file_bytes": 9, "in_base": false,
            "instruction": "RUN make", "origin": {"file": "Dockerfile", "line": 3}}]}]}"#,
    );
    let joined = join([measured("./Dockerfile", &[5.0], 1.0, 8), image]);
    assert_eq!(joined.builds.len(), 1);
    assert_eq!(joined.builds[0].images, ["app:2"]);
    assert_eq!(joined.builds[0].steps[0].line, Some(3), "the image knows the line of the step");
    // Sizes of two commands are not compared with each other.
    let comparison = compared(joined, Some(&measured("Dockerfile", &[5.0], 1.0, 7)), &[]);
    let size = comparison.rows.iter().find(|row| row.kind == FigureKind::ImageSize).unwrap();
    assert_eq!((size.after.value, size.before.as_ref().map(|before| before.value)), (8.0, Some(7.0)));
}

#[test]
fn new_and_fixed_findings_are_told_by_fingerprint() {
    let before = linted(&[("a", "error"), ("b", "info"), ("b", "info")], "");
    let comparison = compared(linted(&[("b", "info"), ("c", "warning")], ""), Some(&before), &[]);
    let prints =
        |findings: &[FindingState]| findings.iter().map(|finding| finding.fingerprint.clone()).collect::<Vec<_>>();
    assert_eq!(prints(&comparison.new_findings), ["c"]);
    assert_eq!(prints(&comparison.fixed_findings), ["a"]);
    assert_eq!(comparison.unchanged_findings, 1);
    // A rule that did not run fixed nothing.
    let skipped = compared(linted(&[], "r"), Some(&before), &[]);
    assert_eq!(skipped.fixed_findings, []);
    assert!(skipped.notices[0].starts_with("3 findings of the baseline were not looked for"), "{:?}", skipped.notices);
    let without = compared(linted(&[("b", "info")], ""), None, &[]);
    assert_eq!(prints(&without.new_findings), ["b"]);
}

#[test]
fn each_line_tells_what_it_changed() {
    let image = |layers: &str| {
        state(&format!(
            r#"{{"schema": "dockopt.image/1", "images": [{{"ref": "a", "totals": {{"disk_bytes": 9000000, "pull_bytes": 4}},
                "layers": [{layers}]}}]}}"#
        ))
    };
    let layer = |instruction: &str, line: u32, bytes: u64| {
        format!(
            r#"{{"file_bytes": {bytes}, "in_base": false, "instruction": "{instruction}",
                "origin": {{"file": "Dockerfile", "line": {line}}}}}"#
        )
    };
    let before = image(&[layer("COPY . .", 2, 1_000_000), layer("RUN a", 3, 5_000_000)].join(","));
    let mut after = image(&[layer("COPY  . .", 2, 3_000_000), layer("COPY models/ /m", 14, 210_000_000)].join(","));
    after.builds[0].figures[0].value = 216_000_000.0;
    let comparison = compared(after, Some(&before), &[]);
    let causes: Vec<_> = comparison.rows[0].causes.iter().map(|cause| (cause.change, cause.line, cause.how)).collect();
    assert_eq!(
        causes,
        [(210e6, Some(14), "added"), (-5e6, Some(3), "removed"), (2e6, Some(2), "changed")],
        "{comparison:?}"
    );
}

#[test]
fn limits_are_judged_by_what_is_known() {
    let before = join([measured("Dockerfile", &[10.0], 1.0, 100), linted(&[], "")]);
    let limits = [
        (Measure::Size, Bound::Bytes(150)),
        (Measure::Growth, Bound::Ratio(0.1)),
        (Measure::RebuildTime, Bound::Seconds(30.0)),
        (Measure::BuildTime, Bound::Seconds(19.0)),
        (Measure::BuildTime, Bound::Seconds(10.0)),
        (Measure::PullSize, Bound::Bytes(1)),
        (Measure::NewFindings, Bound::Count(0)),
    ];
    let now = || join([measured("Dockerfile", &[20.0], 31.0, 120), linted(&[("a", "info")], "")]);
    let comparison = compared(now(), Some(&before), &limits);
    let results: Vec<_> = comparison.limits.iter().map(|check| (check.name.as_str(), check.is_met)).collect();
    assert_eq!(
        results,
        [
            ("max-size", Some(true)),
            ("max-growth", Some(false)),
            // By 1 s: another run may differ by that.
            ("max-rebuild-time", None),
            ("max-build-time", None),
            ("max-build-time", Some(false)),
            ("max-pull-size", None),
            ("max-new-findings", Some(false)),
        ]
    );
    assert_eq!(comparison.limits[1].lifted_by.as_deref(), Some("allow-size-increase"));
    assert!(!comparison.limits[1].is_exceeded());
    assert_eq!(comparison.exceeded().count(), 2);
    let without = compared(now(), None, &limits);
    assert_eq!(without.limits[1].is_met, None, "growth needs a baseline");
    assert_eq!(without.limits[6].is_met, None, "all findings are new without one");
    let unchecked = compared(now(), Some(&measured("Dockerfile", &[10.0], 1.0, 100)), &limits);
    assert_eq!(unchecked.limits[6].is_met, None, "a baseline without findings says nothing of new ones");
}

#[test]
fn what_is_no_result_is_refused() {
    for (text, expected) in [
        ("", "is not valid JSON: EOF while parsing a value"),
        ("{\"schema\": \"dockopt.lint/1\"", "is not valid JSON: EOF while parsing an object"),
        ("{}", "is not a JSON result of dockopt: it has no `schema`"),
        ("[1]", "is not a JSON result of dockopt: it has no `schema`"),
        ("{\"schema\": 3}", "is not a JSON result of dockopt: its `schema` is `3`"),
        ("{\"schema\": \"other/1\"}", "is not a JSON result of dockopt: its `schema` is `\"other/1\"`"),
        ("{\"schema\": \"dockopt.rules/1\"}", "is a result of the kind `dockopt.rules`, which a report does not use"),
        ("{\"schema\": \"dockopt.lint/2\"}", "has version `2` of `dockopt.lint`; this dockopt reads version 1"),
        ("{\"schema\": \"dockopt.lint/1\"}", "does not have the fields of `dockopt.lint`: missing field `findings`"),
        ("{\"schema\": \"dockopt.lint/1\", \"findings\": []} {}", "is not valid JSON: trailing characters"),
    ] {
        let error = read_result(text.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
        assert!(!error.help().is_empty());
    }
    assert!(read_result(&vec![b'['; 100_000]).is_err());
}

#[test]
fn a_state_is_read_as_it_was_written() {
    let mut state = join([measured("Dockerfile", &[1.0, 2.0], 3.0, 4), linted(&[("a", "info")], "x")]);
    // What only excerpts and pictures need is not kept.
    state.findings[0].last_line = None;
    let text = format!(r#"{{"schema": "dockopt.report/1", "state": {}}}"#, serde_json::to_string(&state).unwrap());
    assert_eq!(read_result(text.as_bytes()).unwrap().after, state);
    // Fields of a later version, and those that an earlier one did not have.
    assert!(read_result(br#"{"schema": "dockopt.report/1", "x": 1, "state": {"y": 2}}"#).is_ok());
}

#[test]
fn fields_that_are_only_written_may_be_anything() {
    let text = |more: &str| {
        format!(
            r#"{{"schema": "dockopt.lint/1", "findings": [{{"rule": "r", "severity": "error", "file": "D",
                "span": {{"start": {{"line": 2, "column": 1}}}}, "message": "m", "fingerprint": "p"{more}}}]}}"#
        )
    };
    let plain = state(&text(""));
    for more in [r#", "labels": 3"#, r#", "aliases": {"a": [null]}, "stage": true"#, r#", "url": null, "later": []"#] {
        assert_eq!(state(&text(more)), plain, "{more}");
    }
    let error = read_result(text(r#", "help": 3"#).as_bytes()).unwrap_err();
    assert!(error.to_string().starts_with("does not have the fields of `dockopt.lint`: invalid type"), "{error}");
}

#[test]
fn hostile_results_never_panic() {
    let texts = [
        r#"{"schema": "dockopt.measure/1", "builds": [{"name": "a", "dockerfile": "D", "runs": [{"scenario": "cold", "seconds": 1e308, "steps": [{"name": "[ ] x", "seconds": -1}]}], "image": {"disk_bytes": 18446744073709551615, "pull_bytes": 0}, "failure": {"message": "m"}}]}"#,
        r#"{"schema": "dockopt.cache-predict/1", "builds": [{"dockerfile": "D", "cached": 4294967295, "reruns": 4294967295, "may_rerun": 1, "rerun_seconds": 5, "steps": [{"line": 0, "step": "x", "verdict": "reruns", "reasons": ["é"]}]}]}"#,
        r#"{"schema": "dockopt.image/1", "images": [{"ref": "a@b:c", "totals": {"disk_bytes": 18446744073709551615, "pull_bytes": 1}, "budget": [{"measure": "max-size", "limit": -1e300, "value": 1e300, "unit": "bytes", "kept": false}], "layers": [{"file_bytes": 18446744073709551615, "in_base": true}, {"file_bytes": 1, "in_base": false}]}]}"#,
    ];
    let mut random = Random::new(18);
    for text in texts {
        let state = state(text);
        compared(
            state.clone(),
            Some(&state),
            &[(Measure::Growth, Bound::Ratio(0.5)), (Measure::Size, Bound::Bytes(1))],
        );
        compared(state.clone(), Some(&measured("D", &[1.0], 1.0, 0)), &[(Measure::Growth, Bound::Ratio(0.5))]);
        for _ in 0..500 {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..=random.below(3) {
                let at = random.below(bytes.len());
                bytes[at] = b"\"{}[]:,0e-9x\\u\xff"[random.below(14)];
            }
            if let Ok(read) = read_result(&bytes) {
                compared(read.after, Some(&state), &[]);
            }
        }
    }
}

fn record(commit: &str, seconds: f64, layers: &[(&str, u64)]) -> HistoryRecord {
    let mut state = join([measured("Dockerfile", &[seconds], 1.0, layers.iter().map(|(_, bytes)| bytes).sum())]);
    state.commit = Some(commit.to_owned());
    let layer = |(at, (instruction, bytes)): (usize, &(&str, u64))| LayerState {
        instruction: Some((*instruction).to_owned()),
        file: Some("Dockerfile".to_owned()),
        line: Some(at as u32 + 1),
        bytes: *bytes,
        in_base: false,
        tree: None,
    };
    state.builds[0].layers = layers.iter().enumerate().map(layer).collect();
    HistoryRecord::new(&state, "2026-11-22T00:00:00Z".to_owned())
}

#[test]
fn a_record_names_the_commit_and_the_line_that_made_it_worse() {
    let small = [("RUN a", 5_000_000), ("COPY . .", 1_000_000)];
    let large = [("RUN a", 5_000_000), ("COPY . .", 1_000_100), ("COPY models/ /m", 210_000_000)];
    let records =
        [record("a", 10.0, &small), record("b", 11.0, &small), record("c", 11.0, &large), record("d", 30.0, &large)];
    let text: String = records.iter().map(HistoryRecord::line).collect();
    let history = ProjectHistory::read(&format!("{text}{{\"schema\": \"dockopt.rec\n\n"));
    assert_eq!(history.records, records);
    assert_eq!(history.problems.len(), 1);
    assert_eq!(history.problems[0].0, 5);
    let regressions: Vec<_> = history
        .regressions()
        .into_iter()
        .map(|regression| {
            (regression.record, regression.kind, regression.cause.map(|cause| (cause.instruction, cause.line)))
        })
        .collect();
    let step = ("RUN make".to_owned(), None);
    let copy = ("COPY models/ /m".to_owned(), Some(3));
    assert_eq!(regressions, [(3, FigureKind::ColdBuild, Some(step)), (2, FigureKind::ImageSize, Some(copy))]);
    let trends = history.trends();
    assert_eq!(trends[0].values, [Some(6e6), Some(6e6), Some(216_000_100.0), Some(216_000_100.0)]);
}

#[test]
fn the_spread_is_that_of_the_last_five_runs() {
    let seconds = [100.0, 10.0, 12.0, 11.0, 14.0, 10.5];
    let text: String = seconds.iter().map(|seconds| record("a", *seconds, &[]).line()).collect();
    let spreads = ProjectHistory::read(&text).spreads();
    assert_eq!(spreads.get(&("Dockerfile".to_owned(), FigureKind::ColdBuild, "measure".to_owned())), Some(&4.0));
}

/// Findings in files, by a command that looked at files, with an audit's folder.
fn looked(command: &str, root: &str, files: &[&str], findings: &[&str]) -> ProjectState {
    let finding = |file: &&str| {
        format!(
            r#"{{"rule": "r", "severity": "error", "file": "{file}", "span": {{"start": {{"line": 2, "column": 1}}}},
                "message": "m", "fingerprint": "{file}"}}"#
        )
    };
    let findings: Vec<String> = findings.iter().map(finding).collect();
    state(&format!(
        r#"{{"schema": "dockopt.{command}/1", "root": "{root}", "files": {files:?}, "findings": [{}]}}"#,
        findings.join(",")
    ))
}

#[test]
fn nothing_is_claimed_of_files_that_nobody_looked_at() {
    let before = looked("lint", ".", &["a/Dockerfile"], &["a/Dockerfile"]);
    let now = looked("lint", ".", &["b/Dockerfile"], &["b/Dockerfile"]);
    let comparison = compared(now, Some(&before), &[]);
    assert_eq!((comparison.new_findings.len(), comparison.fixed_findings.len()), (0, 0));
    assert_eq!(comparison.uncompared_findings[0].file, "b/Dockerfile");
    assert!(comparison.notices[0].starts_with("1 finding of the baseline was not looked for"), "{comparison:?}");
    // An audit of a folder also looked where nothing was yet; one of another folder did not.
    for (root, claimed) in [(".", true), ("./a/", true), ("b", false)] {
        let before = looked("audit", root, &["b/Dockerfile"], &[]);
        let now = looked("audit", root, &["b/Dockerfile", "a/api/Dockerfile"], &["a/api/Dockerfile"]);
        let comparison = compared(now, Some(&before), &[]);
        assert_eq!(comparison.new_findings.len(), usize::from(claimed), "{root}");
        assert_eq!(comparison.uncompared_findings.len(), usize::from(!claimed), "{root}");
    }
    // A rule that the baseline did not run, though lint has no context for it and the audit has.
    let skipping = |skipped: &str| linted(&[], skipped);
    let comparison = compared(linted(&[("a", "error")], ""), Some(&skipping("r")), &[]);
    assert_eq!((comparison.new_findings.len(), comparison.uncompared_findings.len()), (0, 1));
    let both = join([skipping("r"), looked("audit", ".", &[], &[])]);
    let comparison = compared(linted(&[("a", "error")], ""), Some(&both), &[]);
    assert_eq!(comparison.new_findings.len(), 1);
    // A comparison of images knows no findings of before.
    let diff = r#"{"schema": "dockopt.image-diff/1", "before": {"ref": "a", "disk_bytes": 1, "pull_bytes": 1},
        "after": {"ref": "b", "disk_bytes": 1, "pull_bytes": 1}}"#;
    let before = read_result(diff.as_bytes()).unwrap().before.unwrap();
    let comparison = compared(linted(&[("a", "error")], ""), Some(&before), &[]);
    assert_eq!((comparison.new_findings.len(), comparison.uncompared_findings.len()), (0, 1));
}

#[test]
fn two_results_of_one_build_do_not_add_up() {
    let of_measure = || measured("Dockerfile", &[10.0], 1.0, 5);
    let baseline = join([of_measure()]);
    assert_eq!(join([baseline.clone(), of_measure(), of_measure()]), baseline);
    let predicted = || {
        state(
            r#"{"schema": "dockopt.cache-predict/1", "builds": [{"dockerfile": "Dockerfile", "cached": 1, "reruns": 1,
                "may_rerun": 0, "rerun_seconds": 5, "steps": [{"line": 2, "step": "RUN make", "verdict": "reruns",
                "reasons": ["a changed"]}]}]}"#,
        )
    };
    let joined = join([predicted(), of_measure(), predicted()]);
    assert_eq!((joined.builds.len(), joined.builds[0].misses.len(), joined.builds[0].steps.len()), (1, 1, 2));
    // The step takes 20 s more, not twice as many.
    let comparison = compared(measured("Dockerfile", &[30.0], 1.0, 5), Some(&join([of_measure(), of_measure()])), &[]);
    let cold = comparison.rows.iter().find(|row| row.kind == FigureKind::ColdBuild).unwrap();
    assert!((cold.causes[0].change - 20.0).abs() < 1e-9, "{:?}", cold.causes[0]);
}

#[test]
fn a_figure_that_is_missing_is_named() {
    let image = |pull: &str| {
        state(&format!(
            r#"{{"schema": "dockopt.image/1", "images": [{{"ref": "app:1", "totals": {{"disk_bytes": 9, "pull_bytes": 4{pull}}}}}]}}"#
        ))
    };
    let comparison = compared(image(r#", "pull_is_uncompressed": true"#), Some(&image("")), &[]);
    let kinds: Vec<_> = comparison.rows.iter().map(|row| row.kind).collect();
    assert_eq!(kinds, [FigureKind::ImageSize], "layers of an engine are unpacked");
    let expected = ["the baseline has the pull size of `app` from `dockopt image`, which these results lack"];
    assert_eq!(comparison.notices, expected);
    let estimated = image(r#", "pull_is_uncompressed": true, "pull_estimate": {"bytes": 3, "basis": "computed"}"#);
    let comparison = compared(estimated, Some(&image("")), &[]);
    let kinds: Vec<_> = comparison.rows.iter().map(|row| row.kind).collect();
    assert_eq!(kinds, [FigureKind::ImageSize, FigureKind::PullSize], "what is estimated is a figure");
}

#[test]
fn what_is_left_out_is_counted() {
    let steps: Vec<String> =
        (0..1_003).map(|index| format!(r#"{{"name": "[{index}] RUN x", "seconds": 1}}"#)).collect();
    let text = format!(
        r#"{{"schema": "dockopt.measure/1", "builds": [{{"name": "a", "dockerfile": "D", "runs": [{{"scenario": "cold",
            "seconds": 5, "steps": [{}]}}], "image": null, "failure": null}}]}}"#,
        steps.join(",")
    );
    let read = read_result(text.as_bytes()).unwrap();
    assert_eq!(read.notices, ["3 of the 1003 steps of `D` are left out of the report"]);
    assert_eq!(read.after.builds[0].steps.len(), 1_000);
}

#[test]
fn a_record_without_dockerfiles_has_one_trend_and_all_runs() {
    let image = |index: u64, command: &str| {
        let figure = |value: f64| StateFigure {
            kind: FigureKind::ImageSize,
            command: command.to_owned(),
            value,
            of: None,
            spread: None,
        };
        let build = BuildState {
            images: vec![format!("app:{index}")],
            figures: vec![figure(if index < 6 { 1e8 } else { 2e8 })],
            ..BuildState::default()
        };
        HistoryRecord::new(
            &ProjectState { builds: vec![build], ..ProjectState::default() },
            "2026-11-22T00:00:00Z".to_owned(),
        )
    };
    let records: Vec<HistoryRecord> = (0..10).map(|index| image(index, "image")).chain([image(9, "measure")]).collect();
    let mut history = ProjectHistory { records, ..ProjectHistory::default() };
    let names: Vec<_> =
        history.trends().into_iter().map(|trend| (trend.build, trend.kind.map(|(_, command)| command))).collect();
    let name = |command: &str| ("app".to_owned(), Some(command.to_owned()));
    assert_eq!(names, [name("image"), name("measure")]);
    let all = history.regressions();
    assert_eq!(all.len(), 1);
    // Fewer runs are shown, but the answers about them stay.
    history.earlier = 6;
    assert_eq!((history.regressions(), history.runs().len()), (all, 5));
    assert_eq!(history.trends()[0].values, [Some(2e8), Some(2e8), Some(2e8), Some(2e8), None]);
    history.earlier = 7;
    assert_eq!(history.regressions(), []);
}

const WASTE: &str = r#"{"name": "image-apt-lists", "severity": "warning", "message": "m", "help": "h", "rule": "apt-lists-kept",
    "origin": {"file": "a/Dockerfile", "line": 3}, "path": "/var/lib/apt/lists", "bytes": 20942875, "pull_bytes": null}"#;

fn image_of(findings: &[String]) -> ProjectState {
    state(&format!(
        r#"{{"schema": "dockopt.image/1", "images": [{{"ref": "app:1", "totals": {{"disk_bytes": 9, "pull_bytes": 4}},
            "layers": [{{"file_bytes": 9, "in_base": false, "origin": {{"file": "a/Dockerfile", "line": 3}}}}],
            "findings": [{}]}}]}}"#,
        findings.join(",")
    ))
}

#[test]
fn waste_that_two_commands_find_is_one_finding_with_measured_bytes() {
    let audit = || {
        state(
            r#"{"schema": "dockopt.audit/1", "root": "a", "files": ["a/Dockerfile"], "findings": [{"rule": "apt-lists-kept",
                "severity": "warning", "file": "a/Dockerfile", "span": {"start": {"line": 3, "column": 5}}, "message": "n",
                "impact": [{"kind": "disk_bytes", "saves": 34000000, "per": "pull", "basis": "typical"}], "fingerprint": "f"}]}"#,
        )
    };
    let image = || image_of(&[WASTE.to_owned()]);
    let alone = join([image()]);
    assert_eq!(alone.findings[0].cost.as_ref().and_then(|cost| cost.saves), Some(20_942_875.0));
    for joined in [join([audit(), image()]), join([image(), audit()])] {
        let [finding] = joined.findings.as_slice() else { panic!("{:?}", joined.findings) };
        let cost = finding.cost.as_ref().unwrap();
        assert_eq!(
            (finding.rule.as_str(), cost.saves, cost.basis.as_str()),
            ("apt-lists-kept", Some(20_942_875.0), "measured")
        );
        assert_eq!(finding.also.len(), 1);
        // Whichever command a run leaves out, what it finds is nothing new, and nothing is fixed.
        for part in [join([audit()]), alone.clone()] {
            let comparison = compared(part, Some(&joined), &[]);
            assert_eq!((comparison.new_findings.len(), comparison.fixed_findings.len()), (0, 0));
            assert_eq!(comparison.unchanged_findings, 1);
        }
    }
}

#[test]
fn paths_of_one_tree_are_one_finding() {
    let lock = |name: &str| {
        format!(
            r#"{{"name": "image-world-writable", "severity": "info", "message": "any user can write to `{name}`", "help": "h",
                "rule": "image-world-writable", "origin": {{"file": "a/Dockerfile", "line": 3}}, "path": "{name}", "bytes": 0}}"#
        )
    };
    let locks: Vec<String> =
        (0..61).map(|index| lock(&format!("/root/.cache/uv/wheels-v8/pypi/{index}.lock"))).collect();
    let after = join([image_of(&locks)]);
    let comparison = compared(after.clone(), Some(&join([image_of(&[])])), &[(Measure::NewFindings, Bound::Count(1))]);
    let [finding] = comparison.new_findings.as_slice() else { panic!("{:?}", comparison.new_findings) };
    assert_eq!(
        finding.message,
        "any user can write to `/root/.cache/uv/wheels-v8/pypi/0.lock`, and 60 more paths below `/root/.cache/uv/wheels-v8/pypi`"
    );
    assert_eq!(comparison.exceeded().count(), 0);
    // A group of which a part is new is new; one of which a part is gone is not fixed. Each counts once.
    let counts = |before: &[String], after: &[String]| {
        let comparison = compared(join([image_of(after)]), Some(&join([image_of(before)])), &[]);
        assert_eq!(
            comparison.new_findings.len() + comparison.unchanged_findings,
            HistoryRecord::new(&comparison.state, String::new()).findings.unwrap(),
            "a trend counts as the page does"
        );
        (comparison.new_findings.len(), comparison.fixed_findings.len(), comparison.unchanged_findings)
    };
    assert_eq!(counts(&locks[1..], &locks), (1, 0, 0));
    assert_eq!(counts(&locks, &locks[1..]), (0, 0, 1));
    assert_eq!(counts(&locks, &locks), (0, 0, 1));
    assert_eq!(counts(&locks, &[]), (0, 1, 0));
    // Warnings and what costs bytes stay apart.
    let wastes = ["/a", "/b"].map(|path| WASTE.replace("/var/lib/apt/lists", path));
    assert_eq!(compared(join([image_of(&wastes)]), None, &[]).new_findings.len(), 2);
}

#[test]
fn fixes_are_one_command_and_a_few_diffs() {
    let fix = |index: usize, safety: &str| {
        format!(
            r#"{{"rule": "r", "severity": "info", "file": "Dockerfile", "span": {{"start": {{"line": {index}, "column": 1}}}},
                "message": "m", "fingerprint": "{index}", "fixes": [{{"title": "t", "safety": "{safety}",
                "lines": {{"first": {index}, "before": "a", "after": "b"}}}}]}}"#
        )
    };
    let findings: Vec<String> = (1..=18).map(|index| fix(index, if index > 12 { "unsafe" } else { "safe" })).collect();
    let lint = state(&format!(r#"{{"schema": "dockopt.lint/1", "findings": [{}]}}"#, findings.join(",")));
    let comparison = compared(lint, None, &[]);
    let offer = comparison.fix_offer().unwrap();
    assert_eq!((offer.safe, offer.unsafe_fixes, offer.diffs.len(), offer.hidden()), (12, 6, 3, 15));
    assert_eq!(
        offer.sentence(),
        "`dockopt fix --write` fixes 12 findings; with `--unsafe`, 6 more, which may change what the image does"
    );
    assert!(compared(linted(&[("a", "info")], ""), None, &[]).fix_offer().is_none());
}

#[test]
fn a_run_that_needs_a_baseline_judges_nothing_without_one() {
    let options = ComparisonOptions { needs_baseline: true, ..ComparisonOptions::default() };
    let run = |before: Option<&ProjectState>| {
        compare(linted(&[("a", "error")], ""), before, |_| Default::default(), &options)
    };
    let first = run(None);
    assert!(!first.judges_findings && first.annotated_findings.is_empty());
    assert_eq!((first.new_findings.len(), first.notices.as_slice()), (1, &[NOT_JUDGED.to_owned()][..]));
    let second = run(Some(&linted(&[], "")));
    assert!(second.judges_findings && second.annotated_findings.len() == 1);
}
