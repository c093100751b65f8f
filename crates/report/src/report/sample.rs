//! A report with everything in it, for the tests of all printers.

use super::{
    AuditView, Layout, Medium, PathBase, ReportRun, audit_json, context, context_json, fix_json, lint_json, rules_json,
};
use crate::audit::{
    BuildPast, BuildReport, BuildStep, ContextListing, ContextListingEntry, ContextReport, CopyTake, Importance,
    Notice, PastStep, ProblemReport, Report, Rerun, SkippedInput, StageReport, UselessPart,
};
use crate::finding::{
    Basis, Code, CostFrequency, FileEdit, Finding, Fix, Impact, ImpactKind, Label, Mask, Safety, Saving, Severity,
    Target,
};
use crate::fix::{AppliedFix, Change, FixOutcome, RefusedRule};
use crate::inputs::StepRun;
use crate::text::{FileId, LineColumn, Source, Span};

const DOCKERFILE: &str = "FROM python:3.13\nWORKDIR /app\nCOPY . .\nRUN apt-get update && \\\n    apt-get install -y \
    gcc\nRUN pip install -r requirements.txt\nHEALTHCHECK CMD curl -f http://localhost/\nCMD python main.py\n";

fn finding(rule: &'static str, severity: Severity, place: &str, message: &str) -> Finding {
    let at = DOCKERFILE.find(place).unwrap() as u32;
    Finding {
        rule,
        codes: crate::rules::find(rule).map(|_| Code { name: "DL3009", line: None }).into_iter().collect(),
        severity,
        file: FileId(0),
        span: Span::new(at, at + place.len() as u32),
        labels: Vec::new(),
        instruction_line: None,
        stage: Some("stage-0".into()),
        message: message.into(),
        help: None,
        notes: Vec::new(),
        hidden_by: None,
        impact: Vec::new(),
        fixes: Vec::new(),
    }
}

fn impact(kind: ImpactKind, saves: Option<Saving>, basis: Basis) -> Vec<Impact> {
    vec![Impact {
        kind,
        saves,
        per: CostFrequency::Build,
        basis,
        is_least: false,
        evidence: "sizes of the files".into(),
    }]
}

fn fix(title: &str, safety: Safety, target: Target, span: Span, text: &str) -> Vec<Fix> {
    vec![Fix { title: title.into(), safety, edits: vec![FileEdit { target, span, text: text.into() }] }]
}

fn findings() -> Vec<Finding> {
    let lists = finding(
        "apt-lists-kept",
        Severity::Warning,
        "RUN apt-get update && \\\n    apt-get install -y gcc",
        "package lists stay in the layer",
    );
    let at = Span::at(lists.span.end);
    let first = Target::File(FileId(0));
    let copied =
        finding("source-before-install", Severity::Warning, "COPY . .", "sources are copied before the install");
    let (from, run) = (DOCKERFILE.find("RUN pip").unwrap() as u32, "RUN pip install".len() as u32);
    let label = Label { span: Span::new(from, from + run), text: "this reruns".into() };
    let sent =
        finding("context-unfiltered", Severity::Warning, "COPY . .", "no .dockerignore: .git/ and .venv/ are sent");
    let curl =
        finding("healthcheck-program-missing", Severity::Error, "curl", "the check runs `curl`, which the image lacks");
    let root = finding("last-user-root", Severity::Warning, "CMD python", "the program runs as root");
    vec![
        Finding {
            impact: impact(ImpactKind::DiskBytes, Some(Saving::Bytes(18_400_000)), Basis::Typical),
            fixes: fix("remove the lists", Safety::Safe, first.clone(), at, " && rm -rf /var/lib/apt/lists/*"),
            help: Some("remove them in the same RUN: what a later step deletes is still stored".into()),
            ..lists
        },
        Finding {
            labels: vec![label],
            impact: impact(ImpactKind::RebuildSeconds, Some(Saving::Seconds(200.0)), Basis::Computed),
            ..copied
        },
        Finding {
            impact: impact(ImpactKind::ContextBytes, Some(Saving::Bytes(184_000_000)), Basis::Computed),
            fixes: fix("write one", Safety::Safe, Target::New(".dockerignore".into()), Span::at(0), ".git\n.venv\n"),
            ..sent
        },
        Finding {
            fixes: fix("ask python", Safety::Unsafe("another program".into()), first, curl.span, "python -c 1"),
            impact: impact(ImpactKind::PullBytes, None, Basis::Computed),
            ..curl
        },
        Finding { severity: Severity::Info, ..root },
    ]
}

fn entry(path: &str, bytes: u64) -> ContextListingEntry {
    ContextListingEntry { path: path.into(), bytes, files: 12 }
}

fn context_report() -> ContextReport {
    let useless = |path: &str, bytes, why| UselessPart { entry: entry(path, bytes), why, pattern: path.into() };
    ContextReport {
        root: "backend".into(),
        ignore_file: None,
        bytes: 212_000_000,
        files: 4_321,
        useless_bytes: 184_000_000,
        useless: vec![
            useless(".venv/", 120_000_000, "a virtual environment of the developer's machine"),
            useless(".git/", 64_000_000, "history"),
        ],
        secrets: vec![ContextListingEntry { path: ".env".into(), bytes: 80, files: 1 }],
        largest: vec![entry(".venv/", 120_000_000), entry("app/a\u{1b}[2Jb/", 900)],
    }
}

fn past(steps: &[BuildStep]) -> BuildPast {
    let steps = steps.iter().enumerate().map(|(at, step)| PastStep {
        step: step.clone(),
        needs: at.checked_sub(1).into_iter().collect(),
        seconds: Some(2.5),
        runs: vec![Some(if at == 0 { StepRun::Runs } else { StepRun::MayRun }), None],
    });
    let commits = vec!["0a1b2c3".to_owned(), "4d5e6f7".to_owned()];
    BuildPast { steps: steps.collect(), commits, source: Some("build log `build.log`".to_owned()) }
}

fn build() -> BuildReport {
    let step = |number, line, text: &str| BuildStep { number, of: 5, stage: "stage-0".into(), line, text: text.into() };
    BuildReport {
        dockerfile: FileId(0),
        importance: Importance::Other,
        projects: vec!["Python (pip)".into()],
        stages: vec![StageReport { name: "stage-0".into(), base: "python:3.13".into(), line: 1, needed: true }],
        steps: 5,
        context: Some(context_report()),
        rerun: Some(Rerun {
            first: step(3, 3, "COPY . ."),
            steps: vec![step(3, 3, "COPY . ."), step(4, 4, "RUN apt-get"), step(5, 6, "RUN pip install")],
            copies: Vec::new(),
            example: Some("app/main.py".into()),
            commits: None,
            seconds: None,
            is_partly_timed: true,
            is_at_most: false,
        }),
        past: Some(past(&[step(3, 3, "COPY . ."), step(4, 4, "RUN apt-get")])),
        findings: vec![1, 2, 0, 3, 4],
    }
}

pub(super) fn report() -> Report {
    let place = Some(LineColumn { line: 8, column: 1 });
    let problem = |error, place| ProblemReport {
        file: "backend/Docker\u{202e}file".into(),
        place,
        error,
        message: "byte \u{1b}[31m is not UTF-8".into(),
        help: Some("save the file as UTF-8".into()),
        ..ProblemReport::default()
    };
    let skip = |what: &str| SkippedInput {
        what: what.into(),
        why: "they need an image".into(),
        remedy: "add `--image`".into(),
    };
    Report {
        root: "backend".into(),
        sources: vec![Source::of("backend/Dockerfile", DOCKERFILE)],
        builds: vec![build()],
        findings: findings(),
        skipped: vec![skip("layer-waste"), skip("image-secrets")],
        problems: vec![
            ProblemReport { file: "backend/Dockerfile".into(), message: "CMD is odd".into(), ..problem(true, place) },
            problem(true, place),
            problem(false, None),
        ],
        notices: vec![Notice { text: "target `runtime`, as compose.yaml says".into() }],
        baselined: None,
        ..Report::default()
    }
}

fn listing() -> ContextListing {
    let copy = |line, known: Option<u64>| CopyTake {
        line,
        stage: "stage-0".into(),
        text: "COPY . .".into(),
        files: known,
        bytes: known,
    };
    ContextListing {
        dockerfile: Some("backend/Dockerfile".into()),
        context: context_report(),
        copies: vec![copy(3, Some(12)), copy(4, None)],
        problems: report().problems,
    }
}

fn outcome() -> FixOutcome {
    let change = Change {
        target: Target::New("backend/.dockerignore".into()),
        name: "backend/.dockerignore".into(),
        before: None,
        after: b".git\n".to_vec(),
    };
    let finding = findings().swap_remove(2);
    let applied = AppliedFix { finding, file: "backend/Dockerfile".into(), fix: 0 };
    let refused = RefusedRule { rule: "b", file: "backend/Dockerfile".into(), why: "it would break".into() };
    FixOutcome {
        changes: vec![change],
        applied: vec![applied],
        remaining: findings(),
        contradicting: vec!["a"],
        refused: vec![refused],
    }
}

fn run<'r>(report: &'r Report, base: &'r PathBase) -> ReportRun<'r> {
    ReportRun { command: "lint", report, exit: 1, base }
}

fn audit(report: &Report, view: &AuditView, layout: Layout) -> String {
    super::audit(&run(report, &PathBase::default()), view, Medium::Terminal).write(Medium::Terminal, layout)
}

fn lint(report: &Report, layout: Layout) -> String {
    super::lint(&run(report, &PathBase::default()), Medium::Terminal).write(Medium::Terminal, layout)
}

/// The documents of `lint` and `audit`.
pub(super) fn documents(report: &Report) -> [String; 2] {
    let base = PathBase::default();
    let run = run(report, &base);
    [super::lint(&run, Medium::Html), super::audit(&run, &AuditView::default(), Medium::Html)]
        .map(|page| page.write(Medium::Html, Layout::PLAIN))
}

#[test]
fn the_first_screen_shows_all_sections() {
    expect("audit.txt", &audit(&Report { problems: Vec::new(), ..report() }, &AuditView::default(), Layout::PLAIN));
}

#[test]
fn findings_come_with_their_source() {
    expect("lint.txt", &lint(&report(), Layout::PLAIN));
    expect("lint-40.txt", &lint(&report(), Layout { width: Some(40), colour: false, links: false }));
    expect(
        "audit-40.txt",
        &audit(&report(), &AuditView::default(), Layout { width: Some(40), colour: false, links: false }),
    );
}

/// Compares with a file in `crates/report/src/report/expect/`; `BLESS=1` writes it.
#[track_caller]
fn expect(name: &str, got: &str) {
    let path = format!("{}/src/report/expect/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, got).unwrap();
    }
    assert_eq!(got, std::fs::read_to_string(&path).unwrap_or_default(), "{path}; BLESS=1 writes it");
}

/// Those that cost most come with their lines, the others in rows.
#[test]
fn a_document_of_many_findings_stays_small() {
    let first = report().findings.swap_remove(0);
    let many = Report { findings: vec![first; 10_000], ..report() };
    for document in documents(&many) {
        assert!(document.len() < 5_000_000, "{}", document.len());
        assert!(document.contains("9000 without their lines, as there are many"), "{}", document.len());
        assert_eq!(document.matches("<figure class=\"source\">").count(), 1_000 + 1);
    }
}

#[test]
fn a_clean_project_gets_a_short_answer() {
    let clean = BuildReport { context: None, rerun: None, findings: Vec::new(), projects: Vec::new(), ..build() };
    let report = Report { builds: vec![clean], sources: report().sources, ..Report::default() };
    assert_eq!(
        audit(&report, &AuditView::default(), Layout::PLAIN),
        "backend/Dockerfile   1 stage, 5 steps\n\n  nothing found\n"
    );
    assert_eq!(lint(&report, Layout::PLAIN), "nothing found in 1 file\n");
    let none = audit(&Report { root: "x".into(), ..Report::default() }, &AuditView::default(), Layout::PLAIN);
    assert_eq!(none, "no Dockerfile found under `x`\n");
}

#[test]
fn findings_that_cost_little_wait_for_all() {
    let report = |bytes| {
        let mut report = report();
        for finding in &mut report.findings {
            finding.severity = Severity::Warning;
            finding.impact = vec![Impact::typical(ImpactKind::DiskBytes, bytes, "x")];
        }
        report
    };
    let screen = |bytes, all| audit(&report(bytes), &AuditView { all, ..AuditView::default() }, Layout::PLAIN);
    let little = screen(99_999, false);
    assert!(
        little.contains("… 5 more, which cost less than 100 kB and 0.5 s each (--all)") && !little.contains("~100 kB"),
        "{little}"
    );
    assert!(screen(99_999, true).contains("~100 kB") && screen(100_000, false).contains("~100 kB"));
}

#[test]
fn no_width_breaks_and_nothing_of_the_input_reaches_the_terminal() {
    let listing = listing();
    for columns in (0..130).map(Some).chain([None]) {
        for all in [true, false] {
            let layout = Layout { width: columns, colour: false, links: false };
            for text in [
                lint(&report(), layout),
                audit(&report(), &AuditView { all, ..AuditView::default() }, layout),
                context(std::slice::from_ref(&listing), all).write(Medium::Terminal, layout),
            ] {
                assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
                assert!(text.ends_with('\n'));
            }
            let widest = audit(&report(), &AuditView { all, ..AuditView::default() }, layout)
                .lines()
                .map(super::layout::width)
                .max()
                .unwrap();
            assert!(columns.is_none_or(|columns| columns < 40 || widest <= columns), "{columns:?}: {widest}");
        }
    }
    assert!(
        audit(&report(), &AuditView::default(), Layout { width: None, colour: true, links: false }).contains('\u{1b}')
    );
}

/// Readers have to put up with new fields, but none is written that the schema does not describe.
fn closed(schema: &mut serde_json::Value) {
    if let Some(object) = schema.as_object_mut() {
        if object.contains_key("properties") {
            object.insert("additionalProperties".into(), false.into());
        }
        object.values_mut().for_each(closed);
    } else if let Some(list) = schema.as_array_mut() {
        list.iter_mut().for_each(closed);
    }
}

#[track_caller]
fn valid(schema: &str, result: &str) {
    let mut schema = serde_json::from_str(schema).unwrap();
    closed(&mut schema);
    let result: serde_json::Value = serde_json::from_str(result).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&result).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn results_keep_their_schemas() {
    let (lint_schema, audit_schema) =
        (include_str!("../../schemas/lint.schema.json"), include_str!("../../schemas/audit.schema.json"));
    for report in [report(), Report::default()] {
        valid(lint_schema, &lint_json(&report));
        valid(audit_schema, &audit_json(&report));
    }
    valid(include_str!("../../schemas/context.schema.json"), &context_json(&listing(), &[listing()]));
    valid(include_str!("../../schemas/fix.schema.json"), &fix_json(&report(), &outcome(), &Mask::default(), false));
    valid(include_str!("../../schemas/rules.schema.json"), &rules_json(&crate::rules::ALL));
}

#[test]
fn offsets_are_those_of_the_file() {
    let bytes = b"FROM a\n# \xff\xff\nRUN apt\n".to_vec();
    let source = Source::new("Dockerfile", bytes.clone()).unwrap();
    let at = source.text().find("apt").unwrap() as u32;
    let span = Span::new(at, at + 3);
    let fixes = fix("t", Safety::Safe, Target::File(FileId(0)), span, "x");
    let findings = vec![Finding { span, fixes, ..findings().swap_remove(0) }];
    let json = lint_json(&Report { sources: vec![source], findings, ..Report::default() });
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let number = |pointer: &str| json.pointer(pointer).unwrap().as_u64().unwrap() as usize;
    let (start, end) = (number("/findings/0/span/start/byte"), number("/findings/0/span/end/byte"));
    assert_eq!(&bytes[start..end], b"apt");
    assert_eq!((number("/findings/0/span/start/line"), number("/findings/0/span/end/column")), (3, 8));
    assert_eq!((number("/findings/0/fixes/0/edits/0/start"), number("/findings/0/fixes/0/edits/0/end")), (start, end));
}
