//! Files without FROM, as others include them: the builder's error stays, and what the rules find comes too.

use serde_json::Value;

use crate::dockopt::{Dockopt, Ran};

const FRAGMENT: &str =
    "ARG VERSION=1\n# tools\nRUN apt-get update && apt-get install -y curl\r\nUSER root\nRUN sudo ls\n";

fn lint(text: &str) -> Ran {
    Dockopt::new().file("Dockerfile", text).args(["lint", "--format=json", "Dockerfile"]).run()
}

/// The messages of the problems and the names of the rules with findings.
fn problems_and_rules(ran: &Ran) -> (Vec<String>, Vec<String>) {
    let report = ran.json();
    let all = |list: &str, field: &str| {
        let values: Vec<&Value> = report[list].as_array().into_iter().flatten().collect();
        values.iter().map(|value| value[field].as_str().unwrap().to_owned()).collect()
    };
    (all("problems", "message"), all("findings", "rule"))
}

#[track_caller]
fn check(text: &str, problems: &[&str], rules: &[&str]) {
    let ran = lint(text);
    assert_eq!(ran.code, 1, "{text:?}");
    let (own_problems, own_rules) = problems_and_rules(&ran);
    assert_eq!((own_problems, own_rules), (strings(problems), strings(rules)), "{text:?}");
}

fn strings(all: &[&str]) -> Vec<String> {
    all.iter().map(|&value| value.to_owned()).collect()
}

const NO_STAGE: &str = "no build stage in current context";

#[test]
fn fragments_have_findings_next_to_the_builders_error() {
    check(FRAGMENT, &[NO_STAGE], &["apt-lists-kept", "last-user-root", "sudo"]);
    check("ONBUILD RUN sudo ls\n", &[NO_STAGE], &["sudo"]);
    check("COPY --from=build /a /b\nRUN sudo ls", &[NO_STAGE], &["unknown-copy-source", "sudo"]);
    // A part says nothing of what stands above and below it.
    check("EXPOSE 8080\nCMD [\"node\", \"server.js\"]\n", &[NO_STAGE], &[]);
    check("RUN useradd app\nRUN echo $TARGETARCH\nCMD [\"node\", \"server.js\"]\n", &[NO_STAGE], &[]);
    check("ONBUILD COPY . /app\n", &[NO_STAGE], &[]);
    // Syntax errors stop neither.
    let ran = lint("FORM debian\nRUN sudo ls\n");
    assert_eq!(problems_and_rules(&ran).1, ["sudo"]);
}

#[test]
fn rejections_without_a_stage_are_reported_once() {
    check("ARG A=1\n", &["the builder rejects this: dockerfile contains no stages to build"], &[]);
    check("# nothing\n", &["file with no instructions"], &[]);
    check("", &["file with no instructions"], &[]);
    // What stands before the first FROM belongs to no stage.
    check("LABEL a=b\nRUN sudo id\nFROM debian:12\nUSER 1000\nRUN sudo ls\n", &[NO_STAGE], &["sudo"]);
}

#[test]
fn comments_hide_findings_of_fragments() {
    check("# hadolint ignore=DL3004\nRUN sudo ls\n", &[NO_STAGE], &[]);
    check("# dockopt ignore=sudo reason: why\nRUN sudo ls\n", &[NO_STAGE], &[]);
}

#[test]
fn fragments_are_fixed_and_not_optimized() {
    let ran = Dockopt::new().file("Dockerfile", FRAGMENT).args(["fix", "--write", "Dockerfile"]).run();
    let fixed = ran.read("Dockerfile");
    assert_eq!(fixed, FRAGMENT.replace("-y curl", "-y curl && rm -rf /var/lib/apt/lists/*").replace("sudo ", ""));
    let ran = Dockopt::new().file("Dockerfile", FRAGMENT).args(["optimize", "--write", "Dockerfile"]).run();
    assert!(ran.stderr.contains("it has no FROM, and the file that includes it is not known"), "{}", ran.stderr);
    assert_eq!(ran.read("Dockerfile"), FRAGMENT);
    let ran = Dockopt::new().file("Dockerfile", FRAGMENT).args(["audit", "Dockerfile"]).run().code(1);
    assert!(ran.stdout.contains("no stages, 2 steps") && ran.stdout.contains("[sudo]"), "{}", ran.stdout);
}
