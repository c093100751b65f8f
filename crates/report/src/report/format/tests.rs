//! Each format on a report whose every text is hostile.

use super::item::INPUT;
use super::{Format, PathBase, ReportRun};
use crate::audit::{Notice, ProblemReport, Report, SkippedInput};
use crate::finding::{
    Basis, CostFrequency, FileEdit, Finding, Fix, Impact, ImpactKind, Label, Safety, Saving, Severity, Target,
};
use crate::report::layout::substitute;
use crate::report::sample;
use crate::text::{FileId, LineColumn, Source, Span};

/// Commands of terminals and workflows, markup, formulas, mentions: everything that some reader obeys.
const HOSTILE: &str = "=1+1|\u{1b}[2J\u{9b}m\u{7f}\u{202e}\u{2028}\0\u{b}\u{ffff}\r\n::error file=x,line=1::y%0A\n\
    ##[error]z\n<script>]]>&\"'`a`</details>[l](http://e.x)![p](//e.x) @root #1 www.e.x; =cmd, \u{e0041}\\";

fn hostile() -> Report {
    let text = format!("FROM a\nRUN {}\n", HOSTILE.replace(['\n', '\r'], " "));
    let span = Span::new(7, text.len() as u32 - 1);
    let finding = |severity| Finding {
        rule: "apt-lists-kept",
        codes: vec![crate::finding::Code { name: "DL3009", line: None }],
        severity,
        file: FileId(0),
        span,
        labels: vec![Label { span: Span::new(0, 6), text: HOSTILE.into() }],
        instruction_line: Some(2),
        stage: Some(HOSTILE.into()),
        message: HOSTILE.into(),
        help: Some(HOSTILE.into()),
        notes: vec![HOSTILE.into()],
        hidden_by: None,
        impact: vec![Impact {
            kind: ImpactKind::DiskBytes,
            saves: Some(Saving::Bytes(1_000)),
            per: CostFrequency::Pull,
            basis: Basis::Typical,
            is_least: false,
            evidence: HOSTILE.into(),
        }],
        fixes: vec![Fix {
            title: HOSTILE.into(),
            safety: Safety::Unsafe(HOSTILE.into()),
            edits: vec![
                FileEdit { target: Target::File(FileId(0)), span, text: HOSTILE.into() },
                FileEdit { target: Target::New(HOSTILE.into()), span: Span::at(0), text: HOSTILE.into() },
            ],
        }],
    };
    let problem = |error, place| ProblemReport {
        file: HOSTILE.into(),
        place,
        error,
        message: HOSTILE.into(),
        help: Some(HOSTILE.into()),
        ..ProblemReport::default()
    };
    Report {
        root: HOSTILE.into(),
        sources: vec![Source::of(HOSTILE, &text), Source::of("clean/Dockerfile", "FROM a\n")],
        builds: Vec::new(),
        findings: [Severity::Style, Severity::Info, Severity::Warning, Severity::Error].map(finding).to_vec(),
        skipped: vec![SkippedInput { what: HOSTILE.into(), why: HOSTILE.into(), remedy: HOSTILE.into() }],
        problems: vec![problem(true, Some(LineColumn { line: 2, column: 3 })), problem(false, None)],
        notices: vec![Notice { text: HOSTILE.into() }],
        baselined: None,
        ..Report::default()
    }
}

fn render(format: Format, report: &Report) -> String {
    let base = PathBase::default();
    format.writer().unwrap()(&ReportRun { command: "lint", report, exit: 1, base: &base })
}

#[test]
fn nothing_of_the_input_reaches_a_terminal_in_any_format() {
    for format in Format::ALL.iter().filter(|format| format.writer().is_some()) {
        for report in [hostile(), sample::report()] {
            let text = render(*format, &report);
            let raw = text.chars().find(|c| !matches!(c, '\n' | '\r') && substitute(*c).is_some());
            assert_eq!(raw, None, "{}: {text}", format.name());
            // The only format with CR LF is CSV.
            assert!(!text.replace("\r\n", "").contains('\r'), "{}", format.name());
            assert_eq!(text, render(*format, &report), "{}", format.name());
        }
    }
    for text in sample::documents(&hostile()).iter().chain(&sample::documents(&sample::report())) {
        let raw = text.chars().find(|c| *c != '\n' && substitute(*c).is_some());
        assert_eq!(raw, None, "{text}");
        for markup in ["<img", "<script>]]", "href=\"javascript", "href=\"http://e"] {
            assert!(!text.contains(markup), "{markup}: {text}");
        }
    }
    for json in [crate::report::lint_json(&hostile()), crate::report::audit_json(&hostile())] {
        assert!(json.chars().all(|c| c == '\n' || substitute(c).is_none()), "{json}");
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["findings"][0]["message"], HOSTILE);
    }
}

#[test]
fn a_line_is_a_finding() {
    let report = hostile();
    let oneline = render(Format::Oneline, &report);
    assert_eq!(oneline.lines().count(), 6, "{oneline}");
    assert!(oneline.contains(":2:1: warning apt-lists-kept: =1+1|␛[2J"), "{oneline}");
    let lines = render(Format::Jsonl, &report);
    let kinds: Vec<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds[..3], ["start", "problem", "problem"]);
    assert_eq!(kinds[3..], ["finding", "finding", "finding", "finding", "skipped", "notice", "end"]);
}

#[test]
fn each_line_is_one_workflow_command() {
    let text = render(Format::Github, &hostile());
    for line in text.lines() {
        let rest = line.strip_prefix("::").unwrap();
        let (head, message) = rest.split_once("::").unwrap();
        let (kind, properties) = head.split_once(' ').unwrap();
        assert!(["error", "warning", "notice"].contains(&kind), "{line}");
        for property in properties.split(',') {
            let (name, value) = property.split_once('=').unwrap();
            assert!(["file", "line", "col", "endLine", "endColumn", "title"].contains(&name), "{line}");
            assert!(!value.contains(':'), "{line}");
        }
        assert!(!message.replace("%25", "").replace("%0A", "").contains('%'), "{line}");
    }
    let kinds: Vec<&str> = text.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(kinds[..4], ["::error", "::error", "::warning", "::warning"]);
    assert_eq!(kinds[4..], ["::notice"; 4]);
}

#[test]
fn xml_contains_only_the_texts() {
    for (format, texts) in [(Format::Checkstyle, 6), (Format::Junit, 7)] {
        let text = render(format, &hostile());
        assert!(text.chars().all(|c| matches!(c, '\n' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')), "{text}");
        assert_eq!(text.matches("message=\"=1+1|").count(), texts, "{text}");
        for tag in text.split('<').skip(1) {
            let name = tag.split([' ', '>', '/']).find(|name| !name.is_empty()).unwrap();
            let known =
                ["?xml", "checkstyle", "file", "error", "testsuites", "testsuite", "testcase", "failure", "skipped"];
            assert!(known.contains(&name), "<{tag}");
        }
    }
    let clean = render(Format::Junit, &hostile());
    assert!(clean.contains("<testcase name=\"no findings\" classname=\"clean/Dockerfile\"/>"), "{clean}");
    assert!(clean.contains(" tests=\"8\" failures=\"5\" errors=\"1\" skipped=\"1\">"), "{clean}");
}

#[test]
fn a_table_keeps_its_rows_and_columns() {
    let markdown = render(Format::Markdown, &hostile());
    let rows: Vec<&str> = markdown.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 8, "{markdown}");
    for row in &rows {
        assert_eq!(row.matches('|').count(), 7, "{row}");
    }
    for harm in ["<script", "</details", "](http://e", "![", "@root", "www.e", " #1", "http://e"] {
        assert!(!markdown.contains(harm), "`{harm}` in {markdown}");
    }
    let csv = render(Format::Csv, &hostile());
    let rows: Vec<&str> = csv.split_terminator("\r\n").collect();
    assert_eq!(rows.len(), 7, "{csv}");
    let columns = rows[0].split(',').count();
    for row in &rows[1..] {
        let mut quoted = false;
        let ends = row.chars().filter(|c| {
            quoted ^= *c == '"';
            *c == ',' && !quoted
        });
        assert_eq!(ends.count() + 1, columns, "{row}");
        assert!(row.starts_with("\"'=1+1|"), "{row}");
    }
}

#[test]
fn peers_shapes_are_kept() {
    let json = |format, report: &Report| serde_json::from_str::<serde_json::Value>(&render(format, report)).unwrap();
    let report = Report { problems: hostile().problems, ..sample::report() };
    let hadolint = json(Format::HadolintJson, &report);
    let codes: Vec<&str> = hadolint.as_array().unwrap().iter().map(|unwrap| unwrap["code"].as_str().unwrap()).collect();
    for code in ["DL3009", "source-before-install", INPUT, "DL1000"] {
        assert!(codes.contains(&code), "{code}: {codes:?}");
    }
    assert!(
        hadolint
            .as_array()
            .unwrap()
            .iter()
            .all(|issue| (issue["column"] == 1 || issue["code"] == "DL1000") && issue.as_object().unwrap().len() == 6)
    );
    let gitlab =
        json(Format::Gitlab, &Report { problems: [&report.problems[..], &report.problems[..]].concat(), ..report });
    let mut prints: Vec<&str> =
        gitlab.as_array().unwrap().iter().map(|unwrap| unwrap["fingerprint"].as_str().unwrap()).collect();
    let all = prints.len();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), all);
}
