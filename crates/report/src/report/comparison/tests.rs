use super::*;
use crate::report::{Layout, Medium};
use crate::results::{
    BaselineOrigin, BuildState, Comparison, ComparisonOptions, ProjectState, Rewrite, compare, join, read_result,
};
use crate::settings::{Bound, Budget, Limit, Measure};
use dockopt_testing::Random;

/// Texts that take much room, or none on a screen.
fn hostile(random: &mut Random) -> String {
    let parts = ["\u{200b}", "\u{301}", "&", "<b>", "|", "\n", "😀", "\u{202e}", "x", "`", "FROM a ", "\u{0}"];
    let part = parts[random.below(parts.len())];
    part.repeat(random.below(6_000) / part.len() + 1)
}

fn result(random: &mut Random) -> ProjectState {
    let text = |random: &mut Random| serde_json::to_string(&hostile(random)).unwrap();
    let findings: Vec<String> = (0..random.below(40))
        .map(|index| {
            format!(
                r#"{{"rule": {}, "severity": "error", "file": {}, "span": {{"start": {{"line": {index}, "column": 1}}}},
                    "message": {}, "help": {}, "fingerprint": "{}", "fixes": [{{"title": {}, "safety": "safe",
                    "lines": {{"first": 1, "before": {}, "after": "x"}}}}]}}"#,
                text(random),
                text(random),
                text(random),
                text(random),
                random.below(80),
                text(random),
                text(random),
            )
        })
        .collect();
    let lint = format!(
        r#"{{"schema": "dockopt.lint/1", "findings": [{}], "problems": [{{"file": {}, "error": true, "message": {}}}]}}"#,
        findings.join(","),
        text(random),
        text(random),
    );
    let runs: Vec<String> = (0..random.below(8))
        .map(|_| {
            format!(
                r#"{{"dockerfile": {}, "name": "x", "runs": [{{"scenario": "cold", "seconds": {}, "steps": []}}],
            "image": {{"disk_bytes": {}, "pull_bytes": 5}}, "failure": {{"message": {}}}}}"#,
                text(random),
                random.below(900),
                random.below(1 << 40),
                text(random)
            )
        })
        .collect();
    let measure = format!(r#"{{"schema": "dockopt.measure/1", "builds": [{}]}}"#, runs.join(","));
    let states = [lint, measure].map(|text| read_result(text.as_bytes()).unwrap());
    join(states.into_iter().map(|read| read.after))
}

#[test]
fn a_comment_never_exceeds_its_limit() {
    let mut random = Random::new(65_536);
    let mut longest = 0;
    for round in 0..12 {
        let (before, after) = (result(&mut random), result(&mut random));
        let budget = |_: Option<&BuildState>| Default::default();
        let before = (round % 4 > 0).then_some(&before);
        let mut comparison = compare(after, before, budget, &ComparisonOptions::default());
        comparison.notices = (0..random.below(50)).map(|_| hostile(&mut random)).collect();
        comparison.failed_builds.push(hostile(&mut random));
        comparison.baseline =
            before.map(|_| BaselineOrigin { files: vec![hostile(&mut random)], ..BaselineOrigin::default() });
        let rewrite = Rewrite {
            file: hostile(&mut random),
            passes: vec![hostile(&mut random); 30],
            diff: Some(hostile(&mut random)),
            verdict: Some(hostile(&mut random)),
        };
        comparison.rewrites = vec![rewrite; random.below(4)];
        let details = format!("the [job](https://ci.example/{}) has all", "x".repeat(470));
        let marker = format!("<!-- dockopt report: {} -->", "x".repeat(100));
        let options = MarkdownOptions { limit: GITHUB_LIMIT, marker: Some(&marker), fails: true, details: &details };
        let comment = comparison_markdown(&comparison, &options);
        longest = longest.max(comment.len());
        assert!(comment.len() <= GITHUB_LIMIT, "{} bytes in round {round}", comment.len());
    }
    assert!(longest > GITHUB_LIMIT / 2, "the test has too little to say: {longest} bytes");
}

/// An image of one or more builds: its size, and the layer of line 13.
fn image(name: &str, packages: &str, size: u64) -> String {
    format!(
        r#"{{"schema": "dockopt.image/1", "images": [{{"ref": "{name}:1", "totals": {{"disk_bytes": {}, "pull_bytes": {}}},
            "layers": [{{"file_bytes": 80000000, "in_base": true, "instruction": "ADD rootfs.tar /"}},
            {{"file_bytes": {size}, "in_base": false, "instruction": "RUN apt-get install -y {packages}",
            "origin": {{"file": "{name}/Dockerfile", "line": 13}}}}]}}]}}"#,
        80_000_000 + size,
        30_000_000 + size / 3,
    )
}

fn lint(findings: &[(&str, u32, u64)]) -> String {
    let finding = |(message, line, saves): &(&str, u32, u64)| {
        format!(
            r#"{{"rule": "apt-lists-kept", "severity": "warning", "file": "api/Dockerfile", "span": {{"start": {{"line": {line},
                "column": 1}}}}, "message": "{message}", "fingerprint": "{message}", "impact": [{{"kind": "pull_bytes",
                "saves": {saves}, "per": "pull", "basis": "computed"}}], "fixes": [{{"title": "delete them", "safety": "safe",
                "lines": {{"first": {line}, "before": "RUN a", "after": "RUN b"}}}}]}}"#
        )
    };
    let findings: Vec<String> = findings.iter().map(finding).collect();
    format!(r#"{{"schema": "dockopt.lint/1", "findings": [{}]}}"#, findings.join(","))
}

fn compared(after: &[String], before: &[String], limits: &[(Measure, Bound)]) -> Comparison {
    let state = |texts: &[String]| join(texts.iter().map(|text| read_result(text.as_bytes()).unwrap().after));
    let budget = |_: Option<&BuildState>| {
        let limits: Vec<Limit> =
            limits.iter().cloned().map(|(measure, bound)| Limit { measure, bound, place: None }).collect();
        let places = vec![Some("dockopt.toml:2".to_owned()); limits.len()];
        (Budget { limits, ..Budget::default() }, places)
    };
    let baseline = (!before.is_empty()).then(|| state(before));
    let mut comparison = compare(state(after), baseline.as_ref(), budget, &ComparisonOptions::default());
    comparison.baseline =
        baseline.map(|_| BaselineOrigin { commit: Some("0123456789abcdef".to_owned()), ..BaselineOrigin::default() });
    comparison
}

fn comment(comparison: &Comparison, fails: bool) -> String {
    let options = MarkdownOptions { limit: GITHUB_LIMIT, marker: None, fails, details: "`dockopt report`" };
    comparison_markdown(comparison, &options)
}

#[test]
fn a_comment_begins_with_what_became_worse_and_its_line() {
    let before = [image("api", "curl", 10_000_000), lint(&[])];
    let after = [image("api", "curl graphviz", 114_000_000), lint(&[("lists stay", 13, 0), ("a stays", 9, 5_000_000)])];
    let text = comment(&compared(&after, &before, &[(Measure::Growth, Bound::Bytes(50_000_000))]), true);
    let expected = "\
### ✗ dockopt: image size +104 MB (+116 %, limit +50 MB), 2 new findings

| api/Dockerfile | before → after | change | budget | largest cause |
| --- | --- | --- | --- | --- |
| image size | 90 MB → 194 MB | +104 MB (+116 %) | ✗ growth at most 50 MB (dockopt.toml:&#8203;2) | line 13: <code>graphviz</code> added |
| pull size | 33.3 MB → 68 MB | +34.7 MB (+104 %) |  |  |

**2 new findings**
";
    assert!(text.starts_with(expected), "{text}");
    let costly = text.find("a stays (").unwrap();
    assert!(costly < text.find("lists stay (").unwrap() && text.contains(", costs 5 MB per pull\n"), "{text}");
    assert!(text.contains("<code>dockopt fix --write</code> fixes 2 findings."), "{text}");
    assert!(text.ends_with("Compared with <code>0123456789</code>.\n"), "{text}");
}

#[test]
fn without_a_baseline_the_worst_findings_are_shown() {
    let messages: Vec<String> = (0..9).map(|index| format!("message {index}")).collect();
    let findings: Vec<(&str, u32, u64)> =
        messages.iter().zip(1..).map(|(message, line)| (message.as_str(), line, u64::from(line) * 1_000_000)).collect();
    let comparison = compared(&[image("api", "curl", 10_000_000), lint(&findings)], &[], &[]);
    let text = comment(&comparison, false);
    assert!(text.starts_with("### ✓ dockopt: image size 90 MB, 9 findings\n\nNo baseline yet: "), "{text}");
    assert!(text.contains("**The worst of 9 findings**") && text.contains("message 8"), "{text}");
    assert_eq!(text.matches("message ").count(), 5, "{text}");
    // In the overview and at their lines.
    let html = super::comparison(&comparison, false).write(Medium::Html, Layout::PLAIN);
    assert_eq!(html.matches("message ").count(), 18);
    assert_eq!(
        super::comparison(&comparison, false).write(Medium::Terminal, Layout::PLAIN).matches("message ").count(),
        9
    );
}

#[test]
fn of_several_builds_those_that_changed_are_open() {
    let images = |size: u64| -> Vec<String> {
        let name = |at: u64| image(&format!("s{at}"), "curl", 10_000_000 + if at == 3 { size } else { 0 });
        (0..6).map(name).collect()
    };
    let text = comment(&compared(&images(30_000_000), &images(0), &[]), false);
    let (open, rest) = text.split_once("<details><summary>10 further figures</summary>").unwrap();
    assert_eq!(
        (open.matches("\n| <code>s").count(), open.matches("<code>s3/Dockerfile</code>").count()),
        (2, 2),
        "{text}"
    );
    assert!(open.contains("| line 13: <code>RUN apt-get install -y curl</code> |"), "{text}");
    assert_eq!(rest.matches("±0").count(), 10, "{text}");
}

#[test]
fn a_document_has_no_markup_and_no_token_of_a_result() {
    let token = format!("ghp_{}", "0123456789abcdefABCDEF0123456789abcd");
    let hostile = format!("</script><img src=x onerror=alert(1)> {token} </details> \u{1b}[2J\u{202e}");
    let mut comparison =
        compared(&[image("api", "curl", 9), lint(&[("m", 1, 0)])], &[image("api", "x", 9_000_000), lint(&[])], &[]);
    for row in &mut comparison.rows {
        row.build.clone_from(&hostile);
        row.causes.iter_mut().for_each(|cause| cause.instruction.clone_from(&hostile));
    }
    for finding in &mut comparison.new_findings {
        (finding.rule, finding.file, finding.message) = (hostile.clone(), hostile.clone(), hostile.clone());
    }
    comparison.fixed_findings.clone_from(&comparison.new_findings);
    comparison.notices.push(hostile.clone());
    comparison.failed_builds.push(hostile.clone());
    let rewrite = Rewrite {
        file: hostile.clone(),
        passes: vec![hostile.clone()],
        diff: Some(format!("+{hostile}")),
        verdict: Some(hostile.clone()),
    };
    comparison.rewrites.push(rewrite);
    let (markdown, html) =
        (comment(&comparison, true), super::comparison(&comparison, true).write(Medium::Html, Layout::PLAIN));
    let outside: String = markdown.split("```").step_by(2).collect();
    for (text, words) in [(&markdown, &outside), (&html, &html)] {
        assert!(text.contains("alert(1)") && !text.contains(&token[8..]), "{text}");
        for harm in ["<img", "\u{1b}", "\u{202e}"] {
            assert!(!words.contains(harm), "{harm:?} in {words}");
        }
        assert_eq!(words.matches("<details").count(), words.matches("</details>").count());
    }
    assert_eq!(html.matches("</script>").count(), 1);
}

#[test]
fn a_comment_says_how_many_fixes_it_does_not_show() {
    let messages: Vec<String> = (0..5).map(|index| format!("message {index}")).collect();
    let findings = |count: usize| -> String {
        let findings: Vec<(&str, u32, u64)> =
            messages[..count].iter().zip(1..).map(|(message, line)| (message.as_str(), line, 0)).collect();
        lint(&findings)
    };
    let text = |count| comment(&compared(&[findings(count)], &[], &[]), false);
    assert!(text(3).contains("<summary>Fixes as diffs</summary>"), "{}", text(3));
    assert!(text(5).contains("<summary>3 of 5 fixes as diffs</summary>"), "{}", text(5));
}

/// A result that a browser gets with all pictures.
fn document(results: &[String]) -> String {
    let mut comparison = compared(results, &[], &[]);
    for result in results {
        comparison.details.extend(read_result(result.as_bytes()).unwrap().details);
    }
    super::comparison(&comparison, false).write(Medium::Html, Layout::PLAIN)
}

#[test]
fn a_document_has_the_lines_of_findings_and_the_folders_of_layers() {
    let lines = r#""excerpts": [{"file": "api/Dockerfile", "first_line": 11, "lines": ["A", "B <b>", "C", "D", "E", "F", "G"]}]"#;
    let lint = lint(&[("lists stay", 13, 0), ("far away", 40, 0)]);
    let lint = lint.replacen('{', &format!("{{{lines},"), 1);
    let tree = r#""layer_trees": [{"layer": 2, "bytes": 90, "parts": [
        {"level": 1, "name": "usr", "bytes": 80}, {"level": 2, "name": "lib", "bytes": 70, "mark": "wasted"},
        {"level": 1, "name": "tmp", "bytes": 10, "mark": "duplicate"}]}]"#;
    let image = image("api", "curl", 10_000_000).replace(r#""totals""#, &format!(r#"{tree}, "totals""#));
    let html = document(&[image, lint]);
    let excerpt = html.split_once("figure class=\"source\"").unwrap().1.split_once("</figure>").unwrap().0;
    assert!(
        excerpt.contains(">11</span>A") && excerpt.contains("B &lt;b&gt;") && !excerpt.contains("F\n"),
        "{excerpt}"
    );
    assert!(
        excerpt.contains("<span class=\"line marked\"><span class=\"at\" aria-hidden=\"true\">13</span>C"),
        "{excerpt}"
    );
    assert_eq!(html.matches("figure class=\"source\"").count(), 1);
    let names: Vec<&str> =
        html.split("<div class=\"label\">").skip(1).map(|rest| rest.split_once('<').unwrap().0).collect();
    assert_eq!(names, ["layer 2 90 B", "usr 80 B", "lib 70 B", "tmp 10 B"]);
    assert_eq!((html.matches("node wasted").count(), html.matches("node duplicate").count()), (1, 1));
}

#[test]
fn hostile_pictures_are_bounded_or_left_out() {
    let deep: Vec<String> =
        (0..50_000).map(|level| format!(r#"{{"level": {level}, "name": "<b>{level}", "bytes": {level}}}"#)).collect();
    let trees = [
        "5".to_owned(),
        r#"[{"layer": 0, "bytes": 1}, {"layer": 9999999, "bytes": 1}, {"layer": -1, "bytes": 1}]"#.to_owned(),
        r#"[{"layer": 2, "bytes": -5, "parts": []}, null, [], {"layer": "2", "bytes": 3}]"#.to_owned(),
        format!(r#"[{{"layer": 2, "bytes": 18446744073709551615, "mark": 7, "parts": [{}]}}]"#, deep.join(",")),
    ];
    for (at, tree) in trees.iter().enumerate() {
        let field = format!(r#""layer_trees": {tree}, "totals""#);
        let html = document(&[image("api", "curl", 10_000_000).replace(r#""totals""#, &field)]);
        let nodes = html.matches("role=\"treeitem\"").count();
        assert_eq!(nodes > 0, at == 3, "{tree}");
        assert!(nodes < 2_100 && !html.contains("<b>"), "{nodes}");
    }
    for excerpts in [
        "{}",
        r#"[{"file": "api/Dockerfile", "first_line": 4294967295, "lines": ["x"]}]"#,
        r#"[{"file": "api/Dockerfile", "first_line": -3, "lines": ["x"]}, {"file": 3}]"#,
        r#"[{"file": "api/Dockerfile", "first_line": 13, "lines": []}]"#,
    ] {
        let result = lint(&[("lists stay", 13, 0)]).replacen('{', &format!("{{\"excerpts\": {excerpts},"), 1);
        assert!(!document(&[result]).contains("figure class=\"source\""), "{excerpts}");
    }
}

#[test]
fn lines_of_joined_results_are_found_in_the_longest_stretch() {
    let with =
        |excerpts: &str| lint(&[("lists stay", 20, 0)]).replacen('{', &format!("{{\"excerpts\": [{excerpts}],"), 1);
    let stretch = |first: usize, last: usize| {
        let lines: Vec<String> = (first..=last).map(|line| format!("\"line {line}\"")).collect();
        format!(r#"{{"file": "api/Dockerfile", "first_line": {first}, "lines": [{}]}}"#, lines.join(","))
    };
    let html = document(&[with(&[stretch(1, 30), stretch(10, 14)].join(","))]);
    assert!(html.contains("line 20\n"), "{html}");
    // The number of a line has an end, too.
    let last = r#"{"file": "api/Dockerfile", "first_line": 4294967294, "lines": ["x"]}"#;
    let result = with(last).replace("\"line\":20", "\"line\":4294967294");
    assert!(document(&[result]).contains("<html"));
}

#[test]
fn services_variables_and_commits_are_shown_without_values() {
    let results = [
        r##"{"schema": "dockopt.cache-history/1", "dockerfile": "Dockerfile", "commits": [{"id": "aaaaaaaaaaaaaaaa"}, {"id": "b"}],
            "tables": [{"steps": [{"name": "RUN make", "line": 4, "builds": 1, "reruns": 1}],
            "rows": [{"steps": "#"}, {"steps": null}], "expected_seconds": {"least": 3}}]}"##,
        r#"{"schema": "dockopt.compose-graph/1", "files": [{"file": "compose.yaml", "seconds": 90, "critical_path": ["db", "api"],
            "services": [{"name": "db", "level": 0, "check_seconds": 60}, {"name": "api", "level": 1,
            "waits_for": [{"service": "db", "condition": "service_healthy"}]}, {"name": 5}]}]}"#,
        r#"{"schema": "dockopt.compose-verify/1", "file": "compose.yaml", "is_proved": false, "starts": [{"is_proved": false,
            "containers": [{"service": "db", "started": 0.5, "ready": 4.5, "state": "healthy"},
            {"service": "api", "started": 1e300, "ready": -1, "state": "not started"}]}]}"#,
        r#"{"schema": "dockopt.compose-env/1", "findings": [{"kind": "missing", "name": "DB_URL", "services": ["api"],
            "place": {"file": "compose.yaml", "line": 7}, "message": "nobody sets it"}], "differences": [{"environments": ["dev", "prod"],
            "variables": [{"service": null, "name": "MODE", "values": [{"value": "opensesame", "place": {"file": ".env", "line": 3}}, null]}]}]}"#,
        r#"{"schema": "dockopt.deploy-check/1", "findings": [], "services": [{"service": "web", "file": "compose.yaml", "line": 2,
            "replaceable": "no", "reasons": [{"rule": "compose-check-missing"}]}]}"#,
    ];
    let mut comparison = compared(&results.map(str::to_owned), &[], &[]);
    for result in results {
        comparison.details.extend(read_result(result.as_bytes()).unwrap().details);
    }
    let page = super::comparison(&comparison, false);
    let html = page.write(Medium::Html, Layout::PLAIN);
    for words in [
        "line 4: RUN make (1 of 1)",
        "aaaaaaaaaa",
        "db (healthy)",
        "db → api",
        "is not proved",
        "4.5 s",
        "DB_URL",
        "MODE",
        ".env:3",
        "cannot be replaced without loss",
        "compose-check-missing",
    ] {
        assert!(html.contains(words), "{words}: {html}");
    }
    // The service that never began has a row without a bar.
    assert_eq!((html.matches("class=\"track\"").count(), html.matches("class=\"span\"").count()), (2, 1));
    let markdown = page.write(Medium::Markdown, Layout::PLAIN);
    for text in [html, markdown.clone(), page.write(Medium::Terminal, Layout::PLAIN)] {
        assert!(!text.contains("opensesame") && text.contains("nobody sets it"), "{text}");
    }
    // How long services take to start is a figure of a comment; their order is not in it.
    assert!(!markdown.contains("db (healthy)"), "{markdown}");
}
