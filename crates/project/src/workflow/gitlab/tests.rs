//! Pipelines as GitLab reads them.

use std::collections::{BTreeMap, BTreeSet};

use crate::text::{Source, Span};
use crate::workflow::{BuildCall, Workflow, read};

fn pipeline(texts: &[(&str, &str)]) -> Workflow {
    let known: BTreeMap<&str, Source> = texts.iter().map(|(name, text)| (*name, Source::of(name, text))).collect();
    let names: BTreeSet<String> = known.keys().map(|name| (*name).to_owned()).collect();
    let files = |path: &str| known.get(path).cloned();
    read(texts[0].0, &known[texts[0].0], &files, Some(&names)).unwrap()
}

/// The commands of a job, one a line.
fn scripts(workflow: &Workflow, job: &str) -> Vec<String> {
    let job = workflow.jobs.iter().find(|known| known.id == job).unwrap();
    job.steps.iter().map(|step| step.script.as_ref().unwrap().text.text.clone()).collect()
}

fn whats(workflow: &Workflow) -> Vec<&str> {
    let problems = workflow.problems.iter().map(|problem| problem.message.as_str());
    workflow.gaps.iter().map(|gap| gap.what.as_str()).chain(problems).collect()
}

#[test]
fn files_lie_below_those_that_include_them() {
    let workflow = pipeline(&[
        (".gitlab-ci.yml", "include:\n  - /ci/*.yml\n  - local: last.yml\nbuild:\n  script: [main]\n"),
        ("ci/a.yml", "include: ci/deep/c.yml\nbuild:\n  image: a\n  script: [a, a]\ntest:\n  script: a\n"),
        ("ci/deep/c.yml", "test:\n  image: c\n  script: c\n"),
        ("last.yml", "build:\n  image: last\n"),
    ]);
    assert_eq!(workflow.files, [".gitlab-ci.yml", "ci/a.yml", "ci/deep/c.yml", "last.yml"]);
    assert_eq!(scripts(&workflow, "build"), ["main"]);
    assert_eq!(scripts(&workflow, "test"), ["a"]);
    let image = |number: usize| workflow.jobs[number].image.clone().unwrap();
    assert_eq!((image(0).text.as_str(), image(0).place.file), ("c", 2));
    assert_eq!((image(1).text.as_str(), image(1).place.file), ("last", 3));
    assert_eq!(workflow.jobs[0].steps[0].path, ["test", "script"]);
    assert!(whats(&workflow).is_empty());
}

#[test]
fn what_lies_elsewhere_is_a_gap() {
    let workflow = pipeline(&[(
        ".gitlab-ci.yml",
        "include:\n  - https://a.b/c.yml\n  - template: Docker.gitlab-ci.yml\n  - {project: a/b, file: c.yml}\n  - component: a/b@1\n  - missing.yml\na:\n  extends: .b\n  script: [!reference [.b, script], x]\nt:\n  trigger: a/b\n",
    )]);
    assert_eq!(
        whats(&workflow),
        [
            "the included file `https://a.b/c.yml` was not read",
            "the included template `Docker.gitlab-ci.yml` was not read",
            "the included project `a/b` was not read",
            "the included component `a/b@1` was not read",
            "the included file `missing.yml` was not read",
            "`.b`, which the job `a` extends, was not read",
            "`!reference [.b, script]` was not read",
            "the pipeline that the job `t` starts was not read",
        ]
    );
    assert_eq!(scripts(&workflow, "a"), ["x"]);
    assert!(workflow.jobs[0].is_partial);
}

#[test]
fn cycles_and_endless_pipelines_end() {
    let problem = |texts: &[(&str, &str)]| whats(&pipeline(texts)).join("; ");
    let name = ".gitlab-ci.yml";
    assert_eq!(
        problem(&[(name, "a:\n  extends: b\n  script: x\nb:\n  extends: a\n  script: x\n")]),
        "`a` extends itself"
    );
    assert_eq!(
        problem(&[(
            name,
            ".a:\n  script: [!reference [.b, script]]\n.b:\n  script: [!reference [.a, script]]\nc:\n  script: [!reference [.a, script]]\n"
        )]),
        "`!reference [.a, script]` leads to itself"
    );
    assert_eq!(
        problem(&[(name, "include: a.yml\nc: {script: x}\n"), ("a.yml", "include: a.yml\n")]),
        "`a.yml` includes itself"
    );
    let chain = |count: usize| {
        let jobs = (1..count).map(|number| format!(".j{number}:\n  extends: .j{}\n", number + 1));
        jobs.collect::<String>() + &format!(".j{count}:\n  image: x\nc:\n  extends: .j1\n  script: x\n")
    };
    assert_eq!(problem(&[(name, &chain(11))]), "");
    assert!(problem(&[(name, &chain(14))]).contains("more than 11 levels"));
    // Each level doubles what it refers to.
    let lists = (1..30).map(|number| {
        let next = format!("!reference [.j{}, script]", number + 1);
        format!(".j{number}:\n  script: [{}]\n", vec![next; 50].join(", "))
    });
    problem(&[(name, &(lists.collect::<String>() + "c:\n  script: [!reference [.j20, script]]\n"))]);
    let many = "a:\n  script: [!reference [a, script]]\n".repeat(5_000);
    problem(&[(name, &many)]);
}

#[test]
fn constants_are_filled_into_builds() {
    let text = "variables:\n  NAME: app\n  IMAGE: $CI_REGISTRY_IMAGE/$NAME\n  TAG: a\nbuild:\n  parallel:\n    matrix:\n      - DIR: [x, y]\n  before_script:\n    - cd services\n  script:\n    - export TAG=b\n    - docker build -t $IMAGE:$TAG -f $DIR/Dockerfile --cache-from ${IMAGE}:cache $DIR\n";
    let workflow = pipeline(&[(".gitlab-ci.yml", text)]);
    let calls = BuildCall::all(&workflow);
    let [call] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!(call.tags[0].text, "$CI_REGISTRY_IMAGE/app:$TAG");
    assert_eq!(call.cache_from[0].get("ref"), Some("$CI_REGISTRY_IMAGE/app:cache"));
    assert_eq!(&text[call.cache_from[0].text.place.span.range()], "${IMAGE}:cache");
    let legs = call.legs.as_ref().unwrap();
    let files: Vec<_> = legs.iter().map(|leg| (leg.context.as_str(), leg.file.as_str())).collect();
    assert_eq!(files, [("services/x", "services/x/Dockerfile"), ("services/y", "services/y/Dockerfile")]);
}

#[test]
fn parts_lie_where_they_are_written() {
    let text = ".s: &s\n  script:\n    - |\n      a\n      docker build .\nb:\n  <<: *s\nc:\n  script:\n    - - x\n      - &y z\n    - *y\n";
    let workflow = pipeline(&[(".gitlab-ci.yml", text)]);
    let step = &workflow.jobs[0].steps[0];
    assert_eq!(step.path, [".s", "script", "0"]);
    let script = step.script.as_ref().unwrap();
    let build = script.text.verbatim(Span::new(2, 14)).unwrap();
    assert_eq!(&text[build.range()], "docker build");
    assert_eq!(scripts(&workflow, "c"), ["x", "z", "z"]);
    assert_eq!(workflow.jobs[1].steps[2].path, ["c", "script", "0", "1"]);
}

#[test]
fn invalid_texts_are_problems_with_their_places() {
    let workflow = pipeline(&[(".gitlab-ci.yml", "include: a.yml\nb: {script: x}\n"), ("a.yml", "a: [\n")]);
    assert_eq!(workflow.problems[0].place.file, 1);
    assert_eq!(workflow.gaps.len(), 1);
    assert!(pipeline(&[(".gitlab-ci.yml", "a: [\nb: {script: x}\n")]).jobs.is_empty());
    let workflow =
        pipeline(&[(".gitlab-ci.yml", "spec:\n  inputs:\n    a:\n---\nb:\n  script: docker build $[[ inputs.a ]]\n")]);
    assert_eq!(workflow.jobs.len(), 1);
}
