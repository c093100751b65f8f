//! The model on small builds; `tests/integration/cache_vectors.rs` and `engine/cache_model.rs` compare it with engines.

use std::sync::Arc;

use super::{
    BuildState, BuilderFlags, ContentId, ContextFiles, Digests, Directory, FileChangeKind, FileNode, Graph, Node,
    Prediction, Records, StepReason, StepVerdict,
};
use crate::build::Build;
use crate::inputs::{BuildInput, BuildOptions};
use crate::text::Source;

/// Files with their contents.
type Files<'f> = &'f [(&'f str, &'f str)];

fn context(files: Files, ignore: Option<&str>) -> ContextFiles {
    let nodes = files.iter().map(|(path, text)| {
        let node = match text.strip_prefix("-> ") {
            Some(target) => Node::Link(target.into()),
            None => Node::File(FileNode::new(ContentId::of_bytes(text.as_bytes()), 0o644)),
        };
        ((*path).to_owned(), node)
    });
    ContextFiles::new(Arc::new(Directory::of_paths(nodes)), ignore)
}

fn graph(dockerfile: &str) -> Graph {
    let input = BuildInput::new(&Source::of("Dockerfile", dockerfile), BuildOptions::default());
    Graph::new(&Build::new(&input), &BuilderFlags::default())
}

fn predict(before: (&str, Files), after: (&str, Files)) -> Prediction {
    let (old, new) = (graph(before.0), graph(after.0));
    let (files, later) = (context(before.1, None), context(after.1, None));
    let before = BuildState { graph: &old, context: &files, folder: "app" };
    let after = BuildState { graph: &new, context: &later, folder: "app" };
    Prediction::new(before, after, &mut Records::default(), &mut Digests::default())
}

fn verdicts(prediction: &Prediction) -> Vec<StepVerdict> {
    prediction.steps.iter().map(|step| step.verdict).collect()
}

use StepVerdict::{Hit, Miss, Unknown};

#[test]
fn a_miss_reaches_all_steps_below_it_and_stops_at_copies_of_results() {
    let dockerfile = "FROM a AS b\nCOPY src /src\nRUN make\nFROM c\nRUN apk add x\nCOPY --from=b /out /out\n";
    let prediction = predict((dockerfile, &[("src/x", "1")]), (dockerfile, &[("src/x", "2")]));
    assert_eq!(verdicts(&prediction), [Hit, Miss, Miss, Hit, Hit, Unknown]);
    assert_eq!(prediction.steps[2].reasons, [StepReason::Above(1, Miss)]);
    assert_eq!(prediction.steps[5].reasons, [StepReason::Stage(1)]);
    let StepReason::Files(changes) = &prediction.steps[1].reasons[0] else { panic!("{:?}", prediction.steps[1]) };
    assert_eq!(changes.first[0].path, "src/x");
}

#[test]
fn what_a_step_certainly_writes_elsewhere_leaves_a_result_known() {
    let files = |text: &'static str| [("src/x", text), ("conf/y", "1")];
    let last = |dockerfile: &str| {
        let prediction = predict((dockerfile, &files("1")), (dockerfile, &files("2")));
        prediction.steps.last().unwrap().verdict
    };
    assert_eq!(last("FROM a AS b\nCOPY conf /conf\nCOPY src /src\nFROM c\nCOPY --from=b /conf /conf\n"), Hit);
    assert_eq!(last("FROM a AS b\nCOPY conf /conf\nCOPY src /src\nFROM c\nCOPY --from=b /src /src\n"), Unknown);
    assert_eq!(last("FROM a AS b\nCOPY src /src\nCOPY conf /conf\nFROM c\nCOPY --from=b /conf /conf\n"), Unknown);
}

#[test]
fn variables_of_an_unknown_base_are_the_same_as_long_as_it_is() {
    let path = "FROM a\nENV PATH=/opt:$PATH\nRUN x\n";
    assert_eq!(verdicts(&predict((path, &[]), (path, &[]))), [Hit, Hit]);
    let (old, new) = ("FROM a\nENV P=${HOME:-/a}\nRUN x\n", "FROM a\nENV P=${HOME:-/b}\nRUN x\n");
    assert_eq!(verdicts(&predict((old, &[]), (new, &[]))), [Hit, Miss]);
}

#[test]
fn an_address_is_asked_again_unless_it_is_pinned() {
    let unpinned = "FROM scratch\nADD https://example.com/x /x\n";
    assert_eq!(verdicts(&predict((unpinned, &[]), (unpinned, &[]))), [Unknown]);
    let pinned = "FROM scratch\nADD --checksum=sha256:aa https://example.com/x /x\n";
    assert_eq!(verdicts(&predict((pinned, &[]), (pinned, &[]))), [Hit]);
}

#[test]
fn no_cache_makes_commands_and_copies_run_but_no_folders() {
    let input = BuildInput::new(&Source::of("Dockerfile", "FROM a\nWORKDIR /w\nRUN x\n"), BuildOptions::default());
    let flags = BuilderFlags { ignores_cache: true, ..BuilderFlags::default() };
    let forced = Graph::new(&Build::new(&input), &flags);
    let files = context(&[], None);
    let state = BuildState { graph: &forced, context: &files, folder: "app" };
    let prediction = Prediction::new(state, state, &mut Records::default(), &mut Digests::default());
    assert_eq!(verdicts(&prediction), [Hit, Hit, Miss]);
    assert_eq!(prediction.steps[2].reasons, [StepReason::Forced]);
}

#[test]
fn steps_on_a_forced_result_run_and_copies_of_it_may_hit() {
    let dockerfile = "FROM a AS b\nWORKDIR /v\nRUN x\nWORKDIR /w\nFROM b\nCOPY f /f\nCOPY --link f /g\nFROM c\nCOPY --from=1 /o /o\n";
    let source = Source::of("Dockerfile", dockerfile);
    let input = BuildInput::new(&source, BuildOptions::default());
    let flags = BuilderFlags { ignores_cache_of: vec!["b".to_owned()], merges_links: true, ..BuilderFlags::default() };
    let forced = Graph::new(&Build::new(&input), &flags);
    let files = context(&[("f", "1")], None);
    let state = BuildState { graph: &forced, context: &files, folder: "app" };
    let prediction = Prediction::new(state, state, &mut Records::default(), &mut Digests::default());
    let link = forced.steps.iter().position(|step| step.name.contains("LINK")).unwrap();
    assert_eq!(verdicts(&prediction), [Hit, Hit, Miss, Miss, Miss, Hit, Miss, Hit, Unknown]);
    assert_eq!(prediction.steps[link].reasons, [StepReason::Above(2, Miss)]);
    let all = BuilderFlags { ignores_cache: true, ..flags };
    let forced = Graph::new(&Build::new(&input), &all);
    let state = BuildState { graph: &forced, ..state };
    let prediction = Prediction::new(state, state, &mut Records::default(), &mut Digests::default());
    assert_eq!(prediction.steps[link].verdict, Miss);
}

#[test]
fn a_source_that_is_missing_fails_the_build() {
    let dockerfile = "FROM scratch\nCOPY a /a\n";
    let prediction = predict((dockerfile, &[("a", "1")]), (dockerfile, &[]));
    assert_eq!(prediction.steps[0].reasons, [StepReason::Missing("a".to_owned())]);
}

#[test]
fn links_are_followed_and_circles_end() {
    let dockerfile = "FROM scratch\nCOPY l/x /x\n";
    let files = |text: &'static str| [("l", "-> d"), ("d/x", text), ("d/y", text)];
    assert_eq!(verdicts(&predict((dockerfile, &files("1")), (dockerfile, &files("2")))), [Miss]);
    let circle = [("l", "-> m"), ("m", "-> l")];
    let prediction = predict((dockerfile, &circle), (dockerfile, &circle));
    assert_eq!(prediction.steps[0].reasons, [StepReason::Missing("l/x".to_owned())]);
}

#[test]
fn all_builds_of_the_past_count() {
    let dockerfile = graph("FROM scratch\nCOPY a /a\n");
    let (mut records, mut digests) = (Records::default(), Digests::default());
    let contexts = ["1", "2", "1"].map(|text| context(&[("a", text)], None));
    let outcomes = contexts.map(|context| records.build(&dockerfile, &context, &mut digests).verdicts);
    assert_eq!(outcomes, [[Miss], [Miss], [Hit]]);
}

#[test]
fn what_comes_back_below_an_ignored_folder_counts() {
    let copy = graph("FROM scratch\nCOPY . /\n");
    let ignore = Some("build\n!build/keep\n");
    let (mut records, mut digests) = (Records::default(), Digests::default());
    let mut verdict = |files: Files| records.build(&copy, &context(files, ignore), &mut digests).verdicts[0];
    assert_eq!(verdict(&[("build/keep", "1"), ("build/x", "1")]), Miss);
    assert_eq!(verdict(&[("build/keep", "1"), ("build/x", "2")]), Hit);
    assert_eq!(verdict(&[("build/keep", "2"), ("build/x", "2")]), Miss);
    assert_eq!(verdict(&[]), Miss);
    assert_eq!(verdict(&[("build/x", "2")]), Hit);
}

#[test]
fn excluded_files_do_not_count_and_included_ones_do() {
    let exclude = graph("FROM scratch\nCOPY --exclude=*.md . /\n");
    let parents = graph("FROM scratch\nCOPY --parents x/*/p.json /\n");
    let (mut records, mut digests) = (Records::default(), Digests::default());
    let mut verdict =
        |graph: &Graph, files: Files| records.build(graph, &context(files, None), &mut digests).verdicts[0];
    assert_eq!(verdict(&exclude, &[("a", "1"), ("r.md", "1")]), Miss);
    assert_eq!(verdict(&exclude, &[("a", "1"), ("r.md", "2")]), Hit);
    assert_eq!(verdict(&exclude, &[("a", "1"), ("d/r.md", "2")]), Miss);
    assert_eq!(verdict(&parents, &[("x/1/p.json", "1"), ("x/1/q", "1")]), Miss);
    assert_eq!(verdict(&parents, &[("x/1/p.json", "1"), ("x/1/q", "2")]), Hit);
    assert_eq!(verdict(&parents, &[("x/1/p.json", "1"), ("x/2/p.json", "2")]), Miss);
}

#[test]
fn huge_files_of_instructions_stay_within_bounds() {
    let start = dockopt_testing::ThreadTime::start();
    let variables: String = (0..1_500).map(|index| format!("ENV V{index}=1\n")).collect::<Vec<_>>().concat();
    let commands = "RUN true $V1\nCOPY . /app/\n".repeat(800);
    let dockerfile = format!("FROM a\n{variables}{commands}");
    let files: Vec<(String, String)> = (0..500).map(|index| (format!("d/f{index}"), "1".to_owned())).collect();
    let old: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let new = [&old[1..], &[("d/new", "2")]].concat();
    let prediction = predict((&dockerfile, &old), (&dockerfile.replace("V1499=1", "V1499=2"), &new));
    assert_eq!(verdicts(&prediction)[1], Miss);
    assert!(start.seconds() < 30, "{:?}", start.seconds());
}

#[test]
fn files_that_become_ignored_are_not_gone() {
    let files: Files = &[("src/a", "1"), ("src/b", "2")];
    let state = |ignore: Option<&str>| context(files, ignore);
    let build = graph("FROM scratch\nCOPY src src/a /s/\n");
    let (all, fewer) = (state(None), state(Some("src/a\n")));
    let kinds = |before: &ContextFiles, after: &ContextFiles| {
        let before = BuildState { graph: &build, context: before, folder: "app" };
        let after = BuildState { graph: &build, context: after, folder: "app" };
        let prediction = Prediction::new(before, after, &mut Records::default(), &mut Digests::default());
        let files = prediction.steps[0].reasons.iter().find_map(|reason| match reason {
            StepReason::Files(changes) => Some(changes.clone()),
            _ => None,
        });
        files.map(|files| (files.total, files.first.iter().map(|change| change.kind).collect::<Vec<_>>()))
    };
    assert_eq!(kinds(&fewer, &all), Some((1, vec![FileChangeKind::Included])));
    let build_of_folder = graph("FROM scratch\nCOPY src /s/\n");
    let before = BuildState { graph: &build_of_folder, context: &all, folder: "app" };
    let after = BuildState { graph: &build_of_folder, context: &fewer, folder: "app" };
    let prediction = Prediction::new(before, after, &mut Records::default(), &mut Digests::default());
    let StepReason::Files(changes) = &prediction.steps[0].reasons[0] else { panic!("{:?}", prediction.steps[0]) };
    assert_eq!(changes.first[0].kind, FileChangeKind::Excluded);
}

#[test]
fn a_repository_holds_no_source_file() {
    let files = [(".git/COMMIT_EDITMSG", 1), (".git/HEAD", 1), (".git/config", 1), ("README.md", 1), ("run", 1)];
    let context = crate::inputs::context::BuildContext::of(&files);
    let input =
        BuildInput::new(&Source::of("Dockerfile", "FROM debian:13\nCOPY . .\nRUN make\n"), BuildOptions::default());
    let build = Build::new(&input);
    let example = super::rerun(&build, Some(&context), None).and_then(|rerun| rerun.example);
    assert!(example.as_ref().is_some_and(|example| !example.starts_with(".git")), "{example:?}");
}

#[test]
fn what_a_step_excludes_is_no_reason_for_it() {
    let dockerfile = "FROM a\nCOPY docs/sub /docs/\nCOPY --exclude=sub docs /docs2/\nCOPY --exclude=*.md d* /docs3/\n";
    let files = |text: &'static str| [("docs/a.md", text), ("docs/sub/b.md", text), ("docs/c.txt", "1")];
    let prediction = predict((dockerfile, &files("1")), (dockerfile, &files("2")));
    assert_eq!(verdicts(&prediction), [Hit, Miss, Miss, Miss]);
    let paths = |step: usize| -> Vec<String> {
        let reasons = prediction.steps[step].reasons.iter();
        let changes = reasons.filter_map(|reason| match reason {
            StepReason::Files(changes) => Some(changes),
            _ => None,
        });
        changes.flat_map(|changes| changes.first.iter().map(|change| change.path.clone())).collect()
    };
    assert_eq!(paths(1), ["docs/sub/b.md"]);
    assert_eq!(paths(2), ["docs/a.md"]);
    assert_eq!(prediction.steps[2].reasons[0], StepReason::Above(1, Miss));
}

#[test]
fn an_epoch_above_the_first_stage_enters_each_workdir() {
    let dockerfile = |epoch: &str| format!("ARG SOURCE_DATE_EPOCH={epoch}\nFROM a\nRUN x\nWORKDIR /w\nCOPY conf .\n");
    let (old, new) = (dockerfile("1700000000"), dockerfile("1800000000"));
    let files = [("conf", "1")];
    assert_eq!(verdicts(&predict((&old, &files), (&new, &files))), [Hit, Hit, Miss, Miss]);
    assert_eq!(verdicts(&predict((&old, &files), (&old, &files))), [Hit, Hit, Hit, Hit]);
    let empty = ("ARG SOURCE_DATE_EPOCH\nFROM a\nWORKDIR /w\n", "FROM a\nWORKDIR /w\n");
    assert_eq!(verdicts(&predict((empty.0, &[]), (empty.1, &[]))), [Hit, Hit]);
}
