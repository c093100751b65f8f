//! What Dockerfiles mean, from text to answer.

use super::{Build, FaultKind, Lookup, Setting, StageBase, User, VariableValue};
use crate::inputs::{BuildInput, BuildOptions, ImageConfig};
use crate::shell::Dialect;
use crate::text::Source;

pub(super) fn input(text: &str, options: BuildOptions) -> BuildInput {
    BuildInput::new(&Source::of("Dockerfile", text), options)
}

/// Each stage as `title < base`, with `!` for one that the target does not need.
#[track_caller]
fn check_stages(text: &str, options: BuildOptions, expected: &[&str]) {
    let input = input(text, options);
    let build = Build::new(&input);
    let describe = |base: &StageBase| match base {
        StageBase::Scratch => "scratch".to_owned(),
        StageBase::Stage(stage) => format!("#{stage}"),
        StageBase::Image(name) => name.clone(),
        StageBase::Context(name) => format!("context {name}"),
        StageBase::Unknown(text) => format!("? {text}"),
    };
    let stages: Vec<String> = build
        .stages()
        .iter()
        .map(|stage| {
            let mark = if build.is_needed(stage) { "" } else { "!" };
            format!("{mark}{} < {}", stage.title(), describe(&stage.base))
        })
        .collect();
    assert_eq!(stages, expected);
}

#[test]
fn stages_are_based_on_the_image_of_their_from() {
    check_stages(
        "ARG V=3.13\nFROM python:${V}-slim AS Build\nFROM build\nFROM scratch AS last\n",
        BuildOptions::default(),
        &["!build < python:3.13-slim", "!stage-1 < #0", "last < scratch"],
    );
    // A later stage of the same name does not matter to an earlier FROM.
    check_stages("FROM a AS x\nFROM x AS x\nFROM x\n", BuildOptions::default(), &["x < a", "x < #0", "stage-2 < #1"]);
    check_stages(
        "ARG B\nFROM $B\nFROM ${B:-debian}\nFROM $TARGETPLATFORM\n",
        BuildOptions { build_args: Vec::new(), ..BuildOptions::default() },
        &["!stage-0 < ? $B", "!stage-1 < debian", "stage-2 < ? $TARGETPLATFORM"],
    );
    let options = BuildOptions {
        target: Some("App".into()),
        build_args: vec![("B".into(), "alpine".into())],
        build_contexts: vec![("deps".into(), "../deps".into())],
        platform: Some("linux/arm64/v8".into()),
        run: crate::inputs::RunOptions::default(),
    };
    check_stages(
        "ARG B=debian\nFROM $B AS app\nCOPY --from=deps /a /a\nRUN --mount=from=tool,target=/t true\nFROM x AS deps\nFROM y-$TARGETARCH AS tool\n",
        options,
        &["app < alpine", "!deps < context deps", "tool < y-arm64"].map(|line| line),
    );
}

#[test]
fn a_named_context_takes_the_place_of_a_stage() {
    let options = BuildOptions { build_contexts: vec![("Deps".into(), "../deps".into())], ..BuildOptions::default() };
    let input = input(
        "FROM a AS tool\nFROM b AS deps\nCOPY --from=tool /t /t\nRUN make\nFROM deps AS mid\nFROM c\nCOPY --from=mid /x /x\nCOPY --from=1 /y /y\n",
        options,
    );
    let build = Build::new(&input);
    let needed: Vec<bool> = build.stages().iter().map(|stage| build.is_needed(stage)).collect();
    assert_eq!(needed, [false, false, true, true]);
    let context = StageBase::Context("deps".into());
    assert_eq!(build.stages()[2].base, context);
    assert_eq!(build.edges().iter().filter(|edge| edge.to == context).count(), 3);
}

#[track_caller]
fn check_faults(text: &str, expected: &[FaultKind]) {
    let input = input(text, BuildOptions::default());
    let kinds: Vec<FaultKind> = Build::new(&input).faults().iter().map(|fault| fault.kind).collect();
    assert_eq!(kinds, expected, "{text}");
}

#[test]
fn references_that_cannot_work_are_reported() {
    check_faults("FROM a AS x\nFROM b AS X\n", &[]);
    check_faults("FROM a AS x\nCOPY --from=x /a /b\n", &[FaultKind::Itself]);
    check_faults("FROM a AS x\nCOPY --from=0 /a /b\n", &[FaultKind::Itself]);
    check_faults("FROM a AS x\nCOPY --from=y /a /b\nFROM b AS y\n", &[FaultKind::Forward]);
    check_faults(
        "FROM a AS x\nCOPY --from=y /a /b\nFROM b AS y\nRUN --mount=from=x,target=/x true\n",
        &[FaultKind::Circular, FaultKind::Circular],
    );
    check_faults(
        "FROM a AS builder\nFROM b\nCOPY --from=bulider /a /b\nCOPY --from=7 /a /b\n",
        &[FaultKind::NoSuchNumber],
    );
    check_faults("FROM Later\nFROM a AS later\n", &[FaultKind::FromBelow]);
    check_faults("FROM alpine AS alpine\n", &[]);
    check_faults("FROM a AS builder\nFROM b\nCOPY --from=builder /a /b\nCOPY --from=nginx:1 /a /b\n", &[]);
}

/// What `name` is at the last instruction: where it is defined (line) and its value.
#[track_caller]
fn check_variable(text: &str, name: &str, expected: (&str, Option<u32>)) {
    let mut input = input(text, BuildOptions::default());
    let config = ImageConfig { env: vec![("LANG".into(), "C.UTF-8".into())], ..ImageConfig::default() };
    input.base_images.insert("known".into(), config);
    let build = Build::new(&input);
    let last = input.file.instructions().len() - 1;
    let stage = build.stage_of(last).unwrap().index;
    let got = match build.scopes().lookup(stage, name, last) {
        Lookup::Undefined => ("undefined".to_owned(), None),
        Lookup::Unknown => ("unknown".to_owned(), None),
        Lookup::Defined(definition) => {
            let value = match &definition.value {
                VariableValue::Known(value) => format!("={value}"),
                VariableValue::Unset => "unset".to_owned(),
                VariableValue::Unknown => "some".to_owned(),
            };
            (value, definition.instruction.map(|index| input.file.instructions()[index].start_line))
        }
    };
    assert_eq!((got.0.as_str(), got.1), expected, "{text}");
}

#[test]
fn each_use_knows_its_definition() {
    check_variable("FROM known\nRUN x\n", "LANG", ("=C.UTF-8", None));
    check_variable("FROM known\nRUN x\n", "NOPE", ("undefined", None));
    check_variable("FROM other\nRUN x\n", "LANG", ("unknown", None));
    check_variable("ARG A=1\nFROM scratch\nRUN x\n", "A", ("undefined", None));
    check_variable("ARG A=1\nFROM scratch\nARG A\nRUN x\n", "A", ("=1", Some(3)));
    check_variable("FROM scratch\nARG A\nRUN x\n", "A", ("unset", Some(2)));
    check_variable("FROM scratch\nARG A=1\nENV A=$A-2\nRUN x\n", "A", ("=1-2", Some(3)));
    // All pairs of one ENV see what was before it; those of one ARG see each other.
    check_variable("FROM scratch\nENV A=1\nENV A=2 B=$A\nRUN x\n", "B", ("=1", Some(3)));
    check_variable("FROM scratch\nARG A=2 B=$A\nRUN x\n", "B", ("=2", Some(2)));
    check_variable("FROM scratch AS a\nENV A=1\nFROM a\nRUN x\n", "A", ("=1", Some(2)));
    check_variable("FROM scratch\nARG TARGETARCH\nRUN x\n", "TARGETARCH", ("some", Some(2)));
    check_variable("FROM scratch\nRUN x\nENV A=1\n", "A", ("undefined", None));
    check_variable(
        "FROM scratch\nENV P=$PATH:/x\nRUN x\n",
        "P",
        (concat!("=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ":/x"), Some(2)),
    );
    // A use without a value, unless it says what to do without one.
    check_variable("FROM scratch\nARG A\nENV B=$A\nRUN x\n", "B", ("some", Some(3)));
    check_variable("FROM scratch\nARG A\nENV B=${A:-d}\nRUN x\n", "B", ("=d", Some(3)));
}

#[test]
fn values_that_grow_without_limit_are_unknown() {
    let mut text = String::from("FROM scratch\nENV A=xxxxxxxxxxxxxxxx\n");
    for _ in 0..200 {
        text.push_str("ENV A=$A$A\n");
    }
    check_variable(&(text + "RUN x\n"), "A", ("some", Some(202)));
}

#[test]
fn users_folders_and_shells_are_inherited() {
    let text =
        "FROM known AS a\nUSER app\nWORKDIR /srv\nFROM a\nWORKDIR x/../y\nSHELL [\"/bin/bash\", \"-c\"]\nRUN x\n";
    let mut input = input(text, BuildOptions::default());
    input.base_images.insert("known".into(), ImageConfig { workdir: "/w".into(), ..ImageConfig::default() });
    let build = Build::new(&input);
    let last = build.stages().last().unwrap();
    assert_eq!(build.user(last), Setting::By(1, User::Other("app".into())));
    assert_eq!(build.workdir(last, usize::MAX), Setting::By(4, "/srv/y".to_owned()));
    assert_eq!(build.workdir(&build.stages()[0], 2), Setting::Base("/w".to_owned()));
    assert!(matches!(build.shell(last, 5), Setting::Default(_)));
    assert!(matches!(build.shell(last, 6), Setting::By(5, _)));
}

#[test]
fn steps_count_as_the_builder_prints_them() {
    let input = input(
        "FROM debian AS a\nRUN x\nENV A=1\nCOPY b c\nFROM a\nWORKDIR /x\nUSER y\nADD z .\nFROM scratch\nCOPY --from=0 / /\n",
        BuildOptions::default(),
    );
    let build = Build::new(&input);
    let counts: Vec<Vec<u32>> = build
        .stages()
        .iter()
        .map(|stage| build.steps(stage).iter().map(|step| step.instruction.start_line).collect())
        .collect();
    assert_eq!(counts, [vec![1, 2, 4], vec![6, 8], vec![10]]);
    assert_eq!(build.steps(&build.stages()[0])[2].number, 3);
}

#[test]
fn proxies_reach_a_run_without_an_arg() {
    let options =
        BuildOptions { build_args: vec![("https_proxy".into(), "http://p:1".into())], ..BuildOptions::default() };
    let input = input("FROM scratch\nRUN x\n", options);
    let build = Build::new(&input);
    assert!(matches!(build.scopes().lookup_run(0, "https_proxy", 1), Lookup::Defined(_)));
    assert_eq!(build.scopes().lookup(0, "https_proxy", 1), Lookup::Undefined);
    assert_eq!(build.scopes().lookup_run(0, "http_proxy", 1), Lookup::Undefined);
}

#[test]
fn a_comment_tells_the_shell_of_the_base() {
    let text = "# hadolint shell=cmd\nFROM a\nRUN b\n# hadolint shell = powershell # why\nRUN c\nSHELL [\"sh\"]\nRUN d\nFROM e\nRUN f\n";
    let input = input(text, BuildOptions::default());
    let build = Build::new(&input);
    let dialect = |stage: usize, at| build.shell(&build.stages()[stage], at).value().unwrap().dialect;
    let shells = [dialect(0, 1), dialect(0, 2), dialect(0, 4), dialect(1, 6)];
    assert_eq!(shells, [Dialect::Posix, Dialect::PowerShell, Dialect::Posix, Dialect::Posix]);
}

#[test]
fn copies_are_worked_out_once() {
    let input = input("FROM alpine:3 AS a\nCOPY x y\nFROM a\nCOPY --from=a y z\n", BuildOptions::default());
    let build = Build::new(&input);
    for stage in build.stages() {
        assert_eq!(build.transfers(stage).len(), 1);
        assert!(std::ptr::eq(build.transfers(stage), build.transfers(stage)));
    }
}

#[test]
fn a_mirror_is_the_image_that_it_stands_for() {
    let base = |from: &str, context: (&str, &str)| {
        let pair = (context.0.to_owned(), context.1.to_owned());
        let options = BuildOptions { build_contexts: vec![pair], ..BuildOptions::default() };
        let input = BuildInput::new(&Source::of("Dockerfile", &format!("FROM {from}\n")), options);
        Build::new(&input).stages()[0].base.clone()
    };
    let image = |name: &str| StageBase::Image(name.to_owned());
    assert_eq!(base("node:22", ("node:22", "docker-image://mirror.example/node:22")), image("node:22"));
    assert_eq!(base("node", ("node", "docker-image://mirror.example/library/node:22")), image("node"));
    for (from, value) in [("base", "docker-image://example/other:1"), ("base", "../base")] {
        assert_eq!(base(from, (from, value)), StageBase::Context(from.to_owned()));
    }
}
