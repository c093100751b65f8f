//! `ci check` and `ci fix` from the command line: the same findings by every command, fixes that change nothing but what was
//! meant, and pipelines that are broken, endless or of another kind.

use std::fmt::Write as _;

use serde_json::Value;

use crate::dockopt::{Dockopt, Ran};

const WORKFLOW: &str = ".github/workflows/ci.yml";

/// A workflow with a command that one rule changes, with comments, an anchor and quotes around it.
const TEXT: &str = "# what runs\nname: 'ci'\non: { push: { branches: [main] } }\n\nx-env: &env\n  A: \"1\" # one\n\njobs:\n  \
    test:\n    runs-on: ubuntu-24.04\n    env:\n      <<: *env\n    steps:\n      - uses: actions/checkout@v4\n      - name: >-\n          \
    start\n        run: |\n          set -e   # stop\n          docker-compose up -d --wait\n\n          docker-compose down\n";

fn rules(ran: &Ran) -> Vec<String> {
    let result: Value = serde_json::from_str(&ran.stdout).unwrap();
    let findings = result["findings"].as_array().unwrap().iter();
    let name = |finding: &Value| {
        let line = &finding["span"]["start"]["line"];
        format!("{line}:{}", finding["rule"].as_str().unwrap())
    };
    findings.map(name).collect()
}

fn check(text: &str) -> Ran {
    Dockopt::new().file(WORKFLOW, text).args(["ci", "check", "--select=all"]).run()
}

#[test]
fn every_command_finds_the_same() {
    let run = |arguments: &[&str]| {
        let arguments = arguments.iter().copied().chain(["--format=json", "--select=compose-v1-command"]);
        rules(&Dockopt::new().file(WORKFLOW, TEXT).args(arguments).run())
    };
    let expected = ["19:compose-v1-command"];
    for arguments in [
        &["ci", "check"][..],
        &["ci", "check", "."],
        &["ci", "check", WORKFLOW],
        &["lint", WORKFLOW],
        &["audit", "--no-history"],
        &["audit", WORKFLOW],
    ] {
        assert_eq!(run(arguments), expected, "{arguments:?}");
    }
    // A folder is not searched for pipelines by `lint`.
    assert!(Dockopt::new().file(WORKFLOW, TEXT).args(["lint", "."]).run().stdout.contains("nothing found"));
}

#[test]
fn a_fix_changes_what_is_meant_and_no_other_byte() {
    for text in [TEXT.to_owned(), TEXT.replace('\n', "\r\n"), TEXT.trim_end().to_owned()] {
        for arguments in [&["ci", "fix", "--write"][..], &["fix", "--write"], &["fix", "--write", WORKFLOW]] {
            let ran = Dockopt::new().file(WORKFLOW, &text).args(arguments.iter().copied()).run();
            assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
            assert_eq!(ran.read(WORKFLOW), text.replace("docker-compose ", "docker compose "), "{arguments:?}");
        }
    }
    let fixed = TEXT.replace("docker-compose ", "docker compose ");
    let ran = Dockopt::new().file(WORKFLOW, &fixed).args(["ci", "fix", "--check"]).run();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn workflows_that_git_ignores_are_read() {
    let run = |arguments: &[&str]| {
        let project = Dockopt::new().file(WORKFLOW, TEXT).file(".gitignore", ".github/workflows/\n");
        project.args(arguments.iter().copied()).run()
    };
    assert!(run(&["ci", "check"]).stdout.contains("compose-v1-command"));
    assert!(!run(&["ci", "check", "--exclude", ".github"]).stdout.contains("compose-v1-command"));
}

#[test]
fn comments_and_settings_hide_findings() {
    let hidden = TEXT.replace(
        "      - name: >-",
        "      # dockopt ignore=compose-v1-command reason: the old machine\n      - name: >-",
    );
    let ran = check(&hidden);
    assert!(!ran.stdout.contains("compose-v1-command"), "{}", ran.stdout);
    let ran = Dockopt::new()
        .file(WORKFLOW, TEXT)
        .file("dockopt.toml", "ignore = [\"compose-v1-command\"]\n")
        .args(["ci", "check"])
        .run();
    assert_eq!(ran.code, 0, "{}", ran.stdout);
}

#[test]
fn a_broken_file_is_a_problem_and_the_others_go_on() {
    let ran = Dockopt::new()
        .file(".github/workflows/a.yml", "on: push\njobs:\n  a: [\n")
        .file(WORKFLOW, TEXT)
        .args(["ci", "check"])
        .run();
    let all = format!("{}{}", ran.stdout, ran.stderr);
    assert!(all.contains(".github/workflows/a.yml:") && all.contains("compose-v1-command"), "{all}");
    assert_eq!(ran.code, 1, "{all}");
}

#[test]
fn what_only_a_run_knows_is_one_line_and_no_finding() {
    let step = "      - uses: docker/build-push-action@v6\n        with:\n          push: true\n          cache-from: type=gha\n          \
        cache-to: type=gha,mode=max,ignore-error=true\n          tags: a/b:${{ github.sha }}\n";
    let job = |steps: &str| {
        format!(
            "on: workflow_dispatch\njobs:\n  a:\n    runs-on: self-hosted\n    timeout-minutes: 5\n    steps:\n      - uses: docker/setup-buildx-action@v3\n{steps}"
        )
    };
    for (text, expected) in [
        (
            job(&format!("{step}          context: ${{{{ inputs.x }}}}\n")),
            "skipped .github/workflows/ci.yml:14: the build context `${{ inputs.x }}` is not known before a run",
        ),
        (
            "on: push\njobs:\n  a:\n    uses: acme/ci/.github/workflows/build.yml@v1\n".to_owned(),
            "skipped .github/workflows/ci.yml:3: the job `a` is a workflow of another repository",
        ),
        (
            job(&format!("{step}          context: ${{{{ matrix.a }}}}\n")).replace(
                "    steps:\n",
                "    strategy:\n      matrix:\n        a: ${{ fromJSON(needs.b.outputs.c) }}\n    steps:\n",
            ),
            "the matrix of the job `a` is not known before it runs",
        ),
    ] {
        let ran = Dockopt::new().file(WORKFLOW, &text).args(["ci", "check", "--ignore=pushed-before-started"]).run();
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(all.matches("skipped .github").count(), 1, "{all}");
        assert!(all.contains(expected) && all.contains("nothing found"), "{all}");
    }
}

#[test]
fn hostile_pipelines_end() {
    let build = "      - uses: docker/build-push-action@v6\n        with: {context: ., push: true}\n";
    let many = |line: &str, count: usize| line.repeat(count);
    let mut jobs = String::from("on: push\njobs:\n");
    for number in 0..2_000 {
        write!(jobs, "  j{number}:\n    needs: j{}\n    steps:\n{build}", (number + 1) % 2_000).unwrap();
    }
    let long = format!("on: push\njobs:\n  a:\n    steps:\n{}", many(build, 4_000));
    let script = format!(
        "on: push\njobs:\n  a:\n    steps:\n      - run: |\n{}",
        many("          docker build -t a . && docker push a\n", 10_000)
    );
    let expressions =
        format!("on: push\njobs:\n  a:\n    steps:\n      - run: docker build {} .\n", many("${{ a }} ${{ ", 20_000));
    let axes = format!(
        "on: push\njobs:\n  a:\n    strategy:\n      matrix:\n{}    steps:\n{build}",
        (0..40).map(|axis| format!("        a{axis}: [1, 2, 3]\n")).collect::<Vec<_>>().concat()
    );
    for text in [&*jobs, &long, &script, &expressions, &axes] {
        let ran = check(text);
        assert!(matches!(ran.code, 0 | 1), "{}", ran.stderr);
    }
    for text in [
        "on:\n  workflow_dispatch:\n    inputs:\njobs:\n  a:\n    steps:\n      - run: docker build .\n",
        "on: push\njobs:\n\ta:\n",
        "on: push\njobs:\n  a:\n    runs-on: windows-2022\n    steps:\n      - shell: pwsh\n        run: docker build $env:X `\n          .\n",
        "on: push\njobs: {a: &x {steps: [*x, {run: docker build .}]}}\n",
        "on: push\njobs:\n  a:\n    steps:\n      - uses: ./\n      - run: 5\n      - with: 7\n      - 8\n",
        "jobs: 5\non: 7\n",
        "[]\n",
        "",
        "on: push\njobs:\n  a:\n    steps: {x: y}\n    strategy: {matrix: {include: [1, [2], {a: {b: {c: d}}}]}}\n",
    ] {
        let ran = check(text);
        assert!(matches!(ran.code, 0 | 1), "{text}\n{}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn actions_that_use_each_other_and_links_out_of_the_repository_end() {
    let uses = |path: &str| format!("runs:\n  using: composite\n  steps:\n    - uses: {path}\n");
    let workflow = "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: ./a\n      - uses: ./../b\n      - uses: ./c\n";
    let dockopt = Dockopt::new()
        .file(WORKFLOW, workflow)
        .file("a/action.yml", uses("./b"))
        .file("b/action.yml", uses("./a"))
        .file("c/README.md", "");
    std::os::unix::fs::symlink("/etc/hostname", dockopt.path().join("c/action.yml")).unwrap();
    let ran = dockopt.args(["ci", "check", "--select=all"]).run();
    assert!(matches!(ran.code, 0 | 1), "{}", ran.stderr);
}

#[test]
fn files_of_several_repositories_are_refused() {
    let ran = Dockopt::new()
        .file("a/.git/HEAD", "")
        .file("b/.git/HEAD", "")
        .file("a/.github/workflows/x.yml", TEXT)
        .file("b/.github/workflows/x.yml", TEXT)
        .args(["ci", "check", "a/.github/workflows/x.yml", "b/.github/workflows/x.yml"])
        .run();
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("several repositories"), "{}", ran.stderr);
}
