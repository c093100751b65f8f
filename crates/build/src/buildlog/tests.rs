//! The samples of `tests/vectors/build_logs`: each is recognised, one build reads the same in every form, damage never
//! makes a panic.

use std::path::PathBuf;

use super::logged_build::*;
use super::*;
use crate::dockerfile::Keyword;
use dockopt_testing::Random;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/build_logs")
}

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn samples() -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder()).unwrap().map(Result::unwrap);
    let mut all: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    all.retain(|name| name != "README.md");
    all.sort();
    all.into_iter().map(|name| (name.clone(), sample(&name))).collect()
}

fn log(name: &str) -> BuildLog {
    read(&sample(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn build(name: &str) -> LoggedBuild {
    let log = log(name);
    assert_eq!(log.builds.len(), 1, "{name}");
    log.builds.into_iter().next().unwrap()
}

/// What a name of a sample promises.
fn expected_form(name: &str) -> Option<LogForm> {
    let forms = [
        ("plain-", LogForm::Plain),
        ("act-", LogForm::Plain),
        ("gitlab-", LogForm::Plain),
        ("gha-synthetic-legacy", LogForm::Legacy),
        ("gha-", LogForm::Plain),
        ("history-logs-plain", LogForm::Plain),
        ("history-logs-rawjson", LogForm::RawJson),
        ("history-export", LogForm::Record),
        ("history-inspect-attachment", LogForm::Provenance),
        ("history-", LogForm::History),
        ("legacy-", LogForm::Legacy),
        ("metadata-", LogForm::Metadata),
        ("rawjson-", LogForm::RawJson),
        ("trace-", LogForm::RawJson),
        ("tty-", LogForm::Terminal),
    ];
    forms.iter().find(|(start, _)| name.starts_with(start)).map(|(_, form)| *form)
}

#[test]
fn every_sample_is_recognised() {
    let mut known = 0;
    for (name, bytes) in samples() {
        let is_foreign = ["quiet", "du.", "du-", "check-", "buildctl-"].iter().any(|part| name.contains(part));
        match (read(&bytes), expected_form(&name)) {
            (Ok(log), Some(form)) if !is_foreign => {
                assert!(log.builds.iter().all(|build| build.form == form), "{name}: {:?}", log.builds[0].form);
                assert_eq!(log.notices, Vec::<String>::new(), "{name}");
                known += 1;
            }
            (Ok(log), _) if name.starts_with("check-") => assert!(log.builds[0].is_check, "{name}"),
            (Err(error), _) if is_foreign => assert!(!error.what.contains("no build log"), "{name}: {error}"),
            (result, _) => panic!("{name}: {result:?}"),
        }
    }
    assert_eq!(known, 56);
}

#[test]
fn foreign_files_are_named() {
    for (name, what) in [
        ("quiet-buildx0.29-engine28.5.log", "is the output of a quiet build"),
        ("quiet-buildx0.36-bk0.32.log", "is empty"),
        ("legacy-28.5-quiet.log", "is the output of a quiet build"),
        ("du.json", "lists records of the build cache"),
        ("du-verbose.txt", "lists records of the build cache"),
        ("buildctl-prune.txt", "lists records of the build cache"),
        ("buildctl-debug-histories.json", "lists builds without their steps"),
    ] {
        let error = read(&sample(name)).unwrap_err();
        assert!(error.what.starts_with(what), "{name}: {error}");
    }
    for (text, what) in [
        (&b"FROM debian\nRUN true\nCOPY . .\n"[..], "is a Dockerfile"),
        (b"\xff\xfe#\x001\x00 \x00", "is UTF-16"),
        (b"\x7fELF\x00\x00", "is a binary"),
        (b"{\"a\": 1}", "is a JSON document"),
        (b"\x1f\x8b\x08\x00", "is a damaged archive"),
        (b"# heading\n#1 issue\n", "is no build log"),
        (b"x", "is no build log"),
        (b"", "is empty"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.what.starts_with(what), "{}: {error}", String::from_utf8_lossy(text));
    }
}

/// A step's kind, name, status, seconds, transfers and output.
fn facts(build: &LoggedBuild, is_exact: bool) -> Vec<String> {
    let round = |seconds: Option<f64>| seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.1}"));
    let mut all: Vec<String> = build
        .steps
        .iter()
        .map(|step| {
            let transfers: Vec<String> = step
                .transfers
                .iter()
                .map(|transfer| {
                    #[allow(clippy::cast_precision_loss, reason = "compared to two digits")]
                    let amount = transfer.bytes.map_or_else(String::new, |bytes| format!(" {:.2e}", bytes as f64));
                    // Plain logs give no time below 10 ms.
                    let seconds = transfer.seconds.filter(|seconds| *seconds > 0.05);
                    format!("{}{amount} {}", transfer.id, round(seconds))
                })
                .collect();
            let seconds = if is_exact { round(step.seconds) } else { String::new() };
            format!(
                "{:?} {} {} {seconds} {transfers:?} {} lines, {} bytes, {:?}",
                step.label.kind,
                step.name,
                step.status.as_str(),
                step.output.lines,
                step.output.bytes,
                step.error,
            )
        })
        .collect();
    all.sort();
    all
}

#[test]
fn one_build_reads_the_same_in_all_plain_forms() {
    let plain = build("plain-buildx0.29-engine28.5-src-changed.log");
    let expected = facts(&plain, true);
    for name in [
        "plain-crlf-bom-synthetic.log",
        "gha-synthetic-src-changed.log",
        "gitlab-synthetic-src-changed.log",
        "act-synthetic-src-changed.log",
    ] {
        let other = build(name);
        // The samples end before the export.
        let same: Vec<String> = facts(&other, true);
        let missing: Vec<&String> = expected.iter().filter(|fact| !same.contains(fact)).collect();
        assert!(missing.iter().all(|fact| fact.starts_with("Export")), "{name}: {missing:?}");
        assert!(same.iter().all(|fact| expected.contains(fact)), "{name}: {same:#?}");
        assert!(same.len() >= 18, "{name}");
    }
    assert_eq!(
        facts(&build("gha-synthetic-run-error.log"), true),
        facts(&build("plain-buildx0.29-engine28.5-run-error.log"), true)
    );
    let timed = build("gha-synthetic-legacy.log");
    assert_eq!(facts(&timed, false), facts(&build("legacy-28.5-src-changed.log"), false));
    let install = timed.steps.iter().find(|step| step.name == "CMD [\"true\"]").unwrap();
    assert_eq!(install.seconds.map(|seconds| (seconds * 10_000.0).round()), Some(24.0));
}

#[test]
fn one_build_reads_the_same_in_json_record_and_text() {
    let record = build("history-export.dockerbuild");
    let json = build("history-logs-rawjson.log");
    let text = build("history-logs-plain.log");
    let live = build("plain-buildx0.36-bk0.32-cache-from-pull.log");
    assert_eq!(facts(&record, true), facts(&json, true));
    assert_eq!(
        record.steps.iter().map(|step| &step.inputs).collect::<Vec<_>>(),
        json.steps.iter().map(|step| &step.inputs).collect::<Vec<_>>()
    );
    let lasting = |build: &LoggedBuild| build.steps.iter().position(|step| step.pulled_bytes() > 100_000_000).unwrap();
    let (of_json, of_text, of_live) = (lasting(&json), lasting(&text), lasting(&live));
    assert_eq!(json.steps[of_json].status, StepStatus::Cached);
    assert_eq!(live.steps[of_live].status, StepStatus::Cached);
    // `history logs` prints a cached step as done if its layers were pulled.
    assert_eq!(text.steps[of_text].status, StepStatus::Done);
    assert_eq!(text.steps[of_text].seconds, Some(5.2));
    assert!((json.steps[of_json].seconds.unwrap() - 5.2).abs() < 0.05);
    let others = |build: &LoggedBuild, at: usize, is_exact| {
        let mut build = build.clone();
        build.steps.remove(at);
        facts(&build, is_exact)
    };
    assert_eq!(others(&json, of_json, true), others(&text, of_text, true));
    let pulled = |build: &LoggedBuild, at: usize| {
        build.steps[at].transfers.iter().map(|transfer| transfer.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(pulled(&json, of_json), pulled(&text, of_text));
    assert_eq!(pulled(&json, of_json), pulled(&live, of_live));
    let totals = build("history-inspect.json").totals.unwrap();
    assert_eq!(totals, StepTotals { total: 20, completed: 20, cached: 11 });
    assert_eq!(build("history-inspect.txt").totals, Some(totals));
    assert_eq!(json.steps.len(), 20);
    assert_eq!(json.steps.iter().filter(|step| step.status == StepStatus::Cached).count(), 11);
    let list = log("history-ls.jsonl");
    assert_eq!(list.builds.len(), 50);
    let listed = list.builds.iter().find(|build| build.name.as_deref() == Some("bk32/bk320/4m8o10f93tq25q2w5lonad1yr"));
    assert_eq!(listed.unwrap().totals, Some(totals));
    assert!((listed.unwrap().seconds.unwrap() - record.seconds.unwrap()).abs() < 1e-6);
    let copy = record.steps.iter().find(|step| step.name == "[stage-2 5/6] COPY . .").unwrap();
    assert_eq!((copy.line, record.source.is_some()), (Some(24), true));
}

#[test]
fn names_say_stage_target_and_platform() {
    let targets = ["api".to_owned()].into_iter().collect();
    let label = |name: &str| step_name::label(name, &targets);
    let parts = |name: &str| {
        let label = label(name);
        (label.target, label.platform, label.stage, label.number)
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(parts("[2/4] RUN x"), (None, None, None, Some((2, 4))));
    assert_eq!(parts("[web  3/12] RUN x"), (None, None, text("web"), Some((3, 12))));
    assert_eq!(parts("[linux/amd64 web 3/4] RUN x"), (None, text("linux/amd64"), text("web"), Some((3, 4))));
    assert_eq!(parts("[linux/amd64->arm64 3/4] RUN x"), (None, text("linux/amd64->arm64"), None, Some((3, 4))));
    assert_eq!(parts("[api web 3/4] RUN x"), (text("api"), None, text("web"), Some((3, 4))));
    assert_eq!(parts("[api 3/4] RUN x"), (text("api"), None, None, Some((3, 4))));
    assert_eq!(label("[api] exporting to image").kind, StepKind::Export);
    assert_eq!(label("exporting cache to registry").kind, StepKind::CacheExport);
    assert_eq!(label("importing cache manifest from x").kind, StepKind::CacheImport);
    assert_eq!(label("[api internal] load build context").kind, StepKind::Context);
    assert_eq!(label("[context src] load from client").kind, StepKind::Context);
    assert_eq!(label("[internal] load metadata for docker.io/library/a").kind, StepKind::Internal);
    assert_eq!(label("https://example.com/a.tgz").kind, StepKind::Source);
    assert_eq!(label("FROM docker.io/library/nginx").kind, StepKind::Instruction(Keyword::From));
    assert_eq!(label("[2/4] LINK COPY a b").kind, StepKind::Instruction(Keyword::Copy));
    assert_eq!(label("[2/4] ONBUILD RUN x").kind, StepKind::Instruction(Keyword::Run));
    assert_eq!(label("").kind, StepKind::Internal);
}

#[test]
fn several_builds_are_told_apart() {
    let trace = log("trace-buildctl0.32.jsonl");
    assert_eq!(trace.builds.len(), 2);
    assert!(trace.builds[0].failed_step().unwrap().error.as_ref().unwrap().ends_with("not found"));
    assert_eq!(trace.builds[1].failed_step(), None);
    for name in ["plain-bake0.29-engine28.5-two-targets.log", "plain-compose2.40-engine28.5-two-services.log"] {
        let build = build(name);
        let of = |target: &str| build.steps.iter().filter(|step| step.label.target.as_deref() == Some(target)).count();
        assert!(of("api") >= 18 && of("db") >= 6, "{name}: {} {}", of("api"), of("db"));
    }
    let first = String::from_utf8(sample("plain-buildx0.29-engine28.5-warm.log")).unwrap();
    let second = String::from_utf8(sample("plain-buildctl0.32-run-error.log")).unwrap();
    for order in [[&first, &second], [&second, &first], [&first, &first], [&second, &second]] {
        let log = read(order.map(String::as_str).concat().as_bytes()).unwrap();
        assert_eq!(log.builds.len(), 2);
        for (build, text) in log.builds.iter().zip(order) {
            assert_eq!(facts(build, true), facts(&read(text.as_bytes()).unwrap().builds[0], true));
        }
    }
    let lines =
        |text: &str, name: &str| -> Vec<String> { text.lines().map(|line| format!("{name} | {line}\n")).collect() };
    let (first_lines, second_lines) = (lines(&first, "a"), lines(&second, "b"));
    let mixed: String = (0..first_lines.len().max(second_lines.len()))
        .flat_map(|at| [first_lines.get(at), second_lines.get(at)].into_iter().flatten().cloned())
        .collect();
    let log = read(mixed.as_bytes()).unwrap();
    assert_eq!(log.builds.iter().map(|build| build.name.as_deref()).collect::<Vec<_>>(), [Some("a"), Some("b")]);
    assert_eq!(facts(&log.builds[0], true), facts(&read(first.as_bytes()).unwrap().builds[0], true));
}

#[test]
fn errors_warnings_and_clipping_are_kept() {
    let failed = build("plain-buildx0.29-engine28.5-run-error.log");
    let error = failed.error.clone().unwrap();
    assert_eq!(error.place, Some(("Dockerfile.err".to_owned(), 3)));
    assert!(error.message.starts_with("process \"/bin/sh -c echo before"), "{}", error.message);
    let step = failed.failed_step().unwrap();
    assert_eq!((step.status, step.output.lines), (StepStatus::Error, 2));
    assert!(step.output.tail().ends_with("before\n"));
    let json = build("rawjson-buildx0.29-engine28.5-run-error.log");
    assert_eq!(json.error, failed.error);
    assert_eq!(json.failed_step().unwrap().name, step.name);
    assert_eq!(build("plain-buildx0.29-engine28.5-parse-error.log").error.unwrap().place.unwrap().1, 3);
    let pull = build("plain-buildctl0.32-pull-error.log");
    assert!(pull.steps.iter().any(|step| step.status == StepStatus::Canceled));
    let legacy = build("legacy-28.5-run-error.log");
    assert_eq!(legacy.failed_step().unwrap().output.lines, 2);
    assert!(legacy.error.unwrap().message.ends_with("non-zero code: 2"));
    let clipped = build("plain-buildx0.29-engine28.5-clipped-and-warnings.log");
    assert_eq!(clipped.steps[0].warnings.len(), 3);
    let step = clipped.steps.iter().find(|step| step.output.is_clipped).unwrap();
    assert_eq!(step.output.tail().lines().count(), step.output.tail().lines().count().min(200));
}

#[test]
fn frames_of_a_terminal_become_one_build() {
    let build = build("tty-buildx0.29-engine28.5.typescript");
    assert_eq!((build.steps.len(), build.seconds), (19, Some(1.0)));
    let of = |status| build.steps.iter().filter(|step| step.status == status).count();
    assert_eq!((of(StepStatus::Cached), of(StepStatus::Done)), (9, 10));
    let text = String::from_utf8(sample("tty-buildx0.29-engine28.5.typescript")).unwrap();
    let cut = &text[..text.find("(19/19) FINISHED").unwrap()];
    let log = read(cut.as_bytes()).unwrap();
    assert!(log.builds[0].steps.iter().any(|step| step.status == StepStatus::Unfinished));
}

#[test]
fn buildah_steps_are_read() {
    let log = "[1/2] STEP 1/2: FROM debian AS base\n[1/2] STEP 2/2: RUN make\nhello\n--> 3f1d2c4b5a69\n[2/2] STEP 1/2: FROM \
               base\n[2/2] STEP 2/2: COPY a b\n--> Using cache 3f1d2c4b5a693f1d2c4b5a69\n--> 3f1d2c4b5a69\n[2/2] COMMIT \
               x\n--> 3f1d2c4b5a69\n";
    let build = read(log.as_bytes()).unwrap().builds.remove(0);
    assert_eq!(build.form, LogForm::Buildah);
    let steps: Vec<_> =
        build.steps.iter().map(|step| (step.name.as_str(), step.status, step.label.stage.as_deref())).collect();
    assert_eq!(steps[1], ("RUN make", StepStatus::Done, Some("base")));
    assert_eq!(steps[3], ("COPY a b", StepStatus::Cached, Some("stage-1")));
}

#[test]
fn traces_for_jaeger_become_steps() {
    let tag = |digest: &str| format!(r#"[{{"key":"vertex","type":"string","value":"{digest}"}}]"#);
    let span = |name: &str, start: u64, length: u64, digest: &str| {
        format!(r#"{{"operationName":"{name}","startTime":{start},"duration":{length},"tags":{}}}"#, tag(digest))
    };
    let spans = [
        span("cache request: [2/3] COPY a b", 1_000_000, 10, "sha256:a"),
        span("load cache: [2/3] COPY a b", 1_000_000, 500_000, "sha256:a"),
        span("cache request: [3/3] RUN x", 2_000_000, 10, "sha256:b"),
        span("[3/3] RUN x", 2_000_000, 1_500_000, "sha256:b"),
    ];
    let text = format!(r#"{{"data":[{{"traceID":"x","spans":[{}]}}]}}"#, spans.join(","));
    let build = read(text.as_bytes()).unwrap().builds.remove(0);
    let steps: Vec<_> = build.steps.iter().map(|step| (step.name.as_str(), step.status, step.seconds)).collect();
    assert_eq!(
        steps,
        [("[2/3] COPY a b", StepStatus::Cached, Some(0.5)), ("[3/3] RUN x", StepStatus::Done, Some(1.5))]
    );
}

#[test]
fn statuses_have_amounts_and_times() {
    let check = |text: &str, expected: (&str, Option<u64>, Option<u64>, Option<f64>, bool)| {
        let transfer = plain::transfer(text.as_bytes());
        let actual = (transfer.id.as_str(), transfer.bytes, transfer.total, transfer.seconds, transfer.is_done);
        assert_eq!(actual, expected, "{text}");
    };
    check("sha256:ab 11.53MB / 33.05MB 0.2s", ("sha256:ab", Some(11_530_000), Some(33_050_000), Some(0.2), false));
    check("transferring context: 57B done", ("transferring context:", Some(57), None, None, true));
    check("transferring context:", ("transferring context:", None, None, None, false));
    check("extracting sha256:ab 0.9s done", ("extracting sha256:ab", None, None, Some(0.9), true));
    check("x 1.5GB", ("x", Some(1_500_000_000), None, None, false));
    check("x 2KiB", ("x", Some(2048), None, None, false));
    check("x 1e9B / s", ("x 1e9B / s", None, None, None, false));
}

#[test]
fn pauses_name_the_line_before_them() {
    let log = "#1 [1/1] RUN x\n#1 0.100 a\n#1 5.100 b\n#1 5.200 c\n#1 DONE 9.0s\n";
    let build = read(log.as_bytes()).unwrap().builds.remove(0);
    let pauses: Vec<_> =
        build.steps[0].output.pauses.iter().map(|pause| (pause.seconds, pause.after.as_str())).collect();
    assert_eq!(pauses, [(5.0, "a"), (3.8, "c")]);
}

#[test]
fn pieces_of_any_size_read_the_same() {
    for (name, bytes) in samples() {
        let whole = read(&bytes);
        for size in [1, 7, 4096] {
            let mut reader = Reader::default();
            for piece in bytes.chunks(size) {
                reader.push(piece);
            }
            assert_eq!(reader.finish(), whole, "{name} in pieces of {size}");
        }
    }
}

#[test]
fn damaged_logs_never_panic() {
    let rounds = if std::env::var_os("DOCKOPT_FULL").is_some() { 400 } else { 12 };
    let mut random = Random::new(17);
    let mut read_ones = 0;
    for (_, bytes) in samples() {
        for _ in 0..rounds {
            let mut bytes = bytes.clone();
            if random.below(3) == 0 {
                bytes.truncate(random.below(bytes.len() + 1));
            }
            for _ in 0..random.below(20) {
                if bytes.is_empty() {
                    break;
                }
                let (at, from) = (random.below(bytes.len()), random.below(bytes.len()));
                match random.below(4) {
                    0 => bytes[at] = random.below(256) as u8,
                    1 => bytes.swap(at, from),
                    2 => drop(bytes.drain(at.min(from)..at.max(from).min(at.min(from) + 100))),
                    _ => bytes.insert(at, b"#\n0: [/"[random.below(7)]),
                }
            }
            read_ones += usize::from(read(&bytes).is_ok());
        }
    }
    assert!(read_ones > rounds * 30);
}

#[test]
fn memory_is_bounded() {
    let mut reader = Reader::default();
    reader.push(b"#1 [1/1] RUN x\n");
    let line = [&b"#1 0.100 "[..], &vec![b'x'; 1 << 20], b"\n"].concat();
    for _ in 0..20 {
        reader.push(&line);
    }
    let mut log = reader.finish().unwrap();
    assert_eq!(log.notices, ["20 lines were longer than 64 KiB; their ends were left out"]);
    let step = log.builds.remove(0).steps.remove(0);
    assert_eq!(step.output.lines, 20);
    assert!(step.output.tail().len() <= 8 << 10);
    let mut reader = Reader::default();
    for _ in 0..20 {
        reader.push(&vec![b'x'; 1 << 20]);
    }
    assert!(reader.finish().is_err());
}

#[test]
fn complete_samples_are_not_truncated() {
    for (name, bytes) in samples() {
        let truncated = |log: BuildLog| log.builds.iter().any(LoggedBuild::is_truncated);
        assert!(!read(&bytes).is_ok_and(truncated), "{name}");
    }
}

/// Each form, cut where its last step with a number has begun: what is left says so.
#[test]
fn cut_logs_are_truncated() {
    for (name, mark) in [
        ("plain-buildx0.29-engine28.5-cold.log", "[stage-2 6/6] RUN"),
        ("plain-compose2.40-engine28.5-two-services.log", "6/6] RUN"),
        ("gha-synthetic-src-changed.log", "[stage-2 6/6] RUN"),
        ("gitlab-synthetic-src-changed.log", "[stage-2 6/6] RUN"),
        ("act-synthetic-src-changed.log", "[stage-2 6/6] RUN"),
        ("history-logs-plain.log", "[stage-2 6/6] RUN"),
        ("rawjson-buildx0.29-engine28.5-src-changed.log", "exporting to image"),
        ("rawjson-buildctl0.32-src-changed.log", "stage-2 6/6"),
        ("trace-buildctl0.32.jsonl", "stage-2 6/6"),
        ("legacy-28.5-cold.log", "Step 9/"),
        ("gha-synthetic-legacy.log", "Step 9/"),
        ("tty-buildx0.29-engine28.5.typescript", "FINISHED"),
    ] {
        let bytes = sample(name);
        let at = memchr::memmem::find(&bytes, mark.as_bytes()).unwrap_or_else(|| panic!("{name}: {mark}"));
        for more in [mark.len(), mark.len() + 20] {
            let end = if mark == "FINISHED" { at } else { (at + more).min(bytes.len()) };
            let log = read(&bytes[..end]).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(log.builds.last().unwrap().is_truncated(), "{name} {more}: {:?}", log.builds.last().unwrap());
        }
    }
    // After a step has ended, the numbers say that another one is to come.
    let log =
        read(b"#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n#5 [2/4] RUN a\n#5 DONE 1.0s\n")
            .unwrap();
    assert!(log.builds[0].is_truncated());
    let log = read(b"STEP 1/2: FROM debian\nSTEP 2/2: RUN make\nall\n").unwrap();
    assert!(log.builds[0].is_truncated());
    let log =
        read(b"STEP 1/2: FROM debian\nSTEP 2/2: RUN make\nall\nCOMMIT\n--> 0123456789ab\n0123456789ab\n").unwrap();
    assert!(!log.builds[0].is_truncated());
    let trace = br#"{"data": [{"spans": [{"operationName": "[2/2] RUN a", "startTime": 1, "dur"#;
    assert!(read(trace).unwrap_err().what.contains("ends in the middle of a JSON document"));
}

#[test]
fn a_cache_that_is_not_there_fails_no_build() {
    // As BuildKit 0.25 wrote it.
    let text = "#0 building with \"default\" instance using docker driver\n\n#1 [internal] load build definition from Dockerfile\n\
                #1 DONE 0.0s\n\n#2 importing cache manifest from r/a/cache:amd64\n#2 ERROR: r/a/cache:amd64: not found\n\n\
                #3 [1/1] COPY data /data\n#3 DONE 0.1s\n\n#4 exporting to image\n#4 DONE 0.0s\n\n\
                #5 exporting cache to registry\n#5 ERROR: denied\n------\n > importing cache manifest from r/a/cache:amd64:\n------\n";
    let build = |text: &str| read(text.as_bytes()).unwrap().builds.remove(0);
    let complete = build(text);
    assert_eq!((&complete.error, complete.failed_step()), (&None, None));
    // Without `ignore-error` an error ends the build.
    let failed = build(&format!("{text}ERROR: failed to build: denied\n"));
    assert!(failed.error.is_some());
    assert_eq!(failed.failed_step().map(|step| step.name.as_str()), Some("exporting cache to registry"));
    let failed = build(&text.replace("#3 DONE 0.1s", "#3 ERROR: \"/data\": not found"));
    assert_eq!(failed.failed_step().map(|step| step.name.as_str()), Some("[1/1] COPY data /data"));
}
