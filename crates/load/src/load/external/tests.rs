//! What other linters print is read, and what they do not answer is a gap.
#![allow(clippy::unwrap_used)] // Every function here serves a test.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;
use crate::inputs::ExternalSeverity;
use crate::text::LineColumn;

/// What zizmor 1.32.0 printed of a workflow, cut to what is read and one location.
const ZIZMOR: &str = r#"[{"ident":"artipacked","desc":"credential persistence through GitHub Actions artifacts","url":"https://docs.zizmor.sh/audits/#artipacked","determinations":{"confidence":"Low","severity":"Medium","persona":"Regular"},"locations":[{"symbolic":{"key":{"Local":{"verbatim_path":".github/workflows/ci.yml"}},"annotation":"does not set persist-credentials: false","route":{"route":[{"Key":"jobs"},{"Index":0}]},"feature_kind":"Normal","kind":"Primary"},"concrete":{"location":{"start_point":{"row":5,"column":8},"end_point":{"row":5,"column":33},"offset_span":{"start":83,"end":108}},"feature":"uses: actions/checkout@v4","comments":[]}}],"ignored":false,"fixes":[]}]"#;

/// As the documentation of actionlint shows it (docs/usage.md, "Format error messages").
const ACTIONLINT: &str = r#"[{"message":"unexpected key \"branch\" for \"push\" section. expected one of \"branches\"","filepath":"test.yaml","line":3,"column":5,"kind":"syntax-check","snippet":"    branch: main\n    ^~~~~~~","end_column":11}]"#;

#[test]
fn answers_are_read() {
    let findings = zizmor_findings(ZIZMOR.as_bytes(), FileId(3)).unwrap();
    let place = |line, column| LineColumn { line, column };
    assert_eq!(
        findings,
        [ExternalFinding {
            file: FileId(3),
            start: place(6, 9),
            end: place(6, 34),
            id: "zizmor/artipacked".to_owned(),
            severity: ExternalSeverity::Warning,
            message: "credential persistence through GitHub Actions artifacts: does not set persist-credentials: false"
                .to_owned(),
            url: Some("https://docs.zizmor.sh/audits/#artipacked".to_owned()),
        }]
    );
    let findings = actionlint_findings(ACTIONLINT.as_bytes(), FileId(0)).unwrap();
    assert_eq!(
        (&*findings[0].id, findings[0].start, findings[0].end),
        ("actionlint/syntax-check", place(3, 5), place(3, 12))
    );
    assert!(actionlint_findings(b"null", FileId(0)).unwrap().is_empty());
    assert!(zizmor_findings(b"", FileId(0)).is_err());
}

/// What squawk 2.70.0 printed of `CREATE INDEX i ON a (c);`, cut to one finding.
const SQUAWK: &str = r#"[{"file":"m.sql","line":1,"column":0,"level":"Warning","message":"During normal index creation, table updates are blocked, but reads are still allowed.","help":"Use `concurrently` to avoid blocking writes.","rule_name":"require-concurrent-index-creation","column_end":24,"line_end":1}]"#;

#[test]
fn answers_about_migrations_are_read() {
    let findings = squawk_findings(SQUAWK.as_bytes(), FileId(2)).unwrap();
    let place = |line, column| LineColumn { line, column };
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((finding.start, finding.end), (place(2, 1), place(2, 25)));
    assert_eq!(
        (&*finding.id, finding.severity),
        ("squawk/require-concurrent-index-creation", ExternalSeverity::Warning)
    );
    assert!(finding.message.ends_with("reads are still allowed. Use `concurrently` to avoid blocking writes"));
    assert!(squawk_findings(b"Error: no such file", FileId(2)).is_err());
}

#[test]
fn the_same_is_told_once() {
    let finding = |id: &str, line| ExternalFinding {
        file: FileId(0),
        start: LineColumn { line, column: 1 },
        end: LineColumn { line, column: 1 },
        id: id.to_owned(),
        severity: ExternalSeverity::Info,
        message: String::new(),
        url: None,
    };
    let both = ["actionlint/credentials", "zizmor/hardcoded-container-credentials"];
    let mut findings = vec![finding(both[0], 1), finding(both[1], 1), finding(both[0], 2), finding(both[0], 2)];
    drop_duplicates(&mut findings);
    assert_eq!(findings, [finding(both[1], 1), finding(both[0], 2)]);
}

fn fake(script: &str, limit: Duration) -> Result<Vec<ExternalFinding>, Failure> {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("linter");
    fs::write(&program, format!("#!/bin/sh\n{script}")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let source = Source::of("ci.yml", "");
    check(ExternalLinter::Zizmor, program.as_os_str(), &source, FileId(0), Instant::now() + limit)
}

#[test]
fn a_linter_that_does_not_work_is_one_line() {
    let because = |text: &str| Err(Failure::Because(text.to_owned()));
    assert_eq!(fake("sleep 100", Duration::from_millis(500)), because("it took longer than 20 s"));
    assert_eq!(fake("exit 1", TOTAL), because("it printed nothing (exit code 1)"));
    assert!(
        matches!(fake("echo no", TOTAL), Err(Failure::Because(why)) if why.starts_with("what it printed is not valid JSON (exit code 0): "))
    );
    assert_eq!(fake("echo '[]'; exit 14", TOTAL), Ok(Vec::new()));
    let source = Source::of("ci.yml", "");
    let missing = OsStr::new("/nowhere/zizmor");
    let end = Instant::now() + TOTAL;
    assert_eq!(check(ExternalLinter::Zizmor, missing, &source, FileId(0), end), Err(Failure::Missing));
}

/// The real program, where it is installed; `DOCKOPT_ZIZMOR` names it.
#[test]
fn zizmor_is_asked_file_by_file() {
    let program = std::env::var_os("DOCKOPT_ZIZMOR").unwrap_or_else(|| "zizmor".into());
    let folder = tempfile::tempdir().unwrap();
    let workflows: PathBuf = folder.path().join(".github/workflows");
    fs::create_dir_all(&workflows).unwrap();
    let write = |name: &str, text: &str| {
        let path = workflows.join(name);
        fs::write(&path, text).unwrap();
        Source::of(&path.to_string_lossy(), text)
    };
    let good = write(
        "ci.yml",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v4\n",
    );
    let bad = write("bad.yml", "on: push\njobs: [\n");
    let end = Instant::now() + TOTAL;
    let answer = check(ExternalLinter::Zizmor, &program, &good, FileId(0), end);
    if answer == Err(Failure::Missing) {
        eprintln!("skipped: zizmor is not installed");
        return;
    }
    let answer = answer.unwrap();
    let unpinned = answer.iter().find(|finding| finding.id == "zizmor/unpinned-uses");
    assert_eq!(unpinned.unwrap().start.line, 6);
    assert!(matches!(check(ExternalLinter::Zizmor, &program, &bad, FileId(1), end), Err(Failure::Because(_))));
}
