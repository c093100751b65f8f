//! `# check=error=true` and the build argument `BUILDKIT_DOCKERFILE_CHECK`: what the builder refuses for its checks is
//! refused here too, whatever the settings select. Each answer was seen with the engine's builder (28.5).

use crate::dockopt::Dockopt;

/// The checks that the verdict names, with `!` where it is an error; `-` without any.
fn verdict(text: &str, arguments: &[&str]) -> String {
    let project = Dockopt::new().file("Dockerfile", text).args(["lint", "--format=json", "--select=sudo"]);
    let ran = project.args(arguments.iter().copied()).args(["Dockerfile"]).run();
    let report = ran.json();
    let problems = report["problems"].as_array().unwrap();
    let Some(problem) = problems.first() else { return "-".to_owned() };
    let message = problem["message"].as_str().unwrap().trim_start_matches("the builder rejects this: ");
    let message = message.trim_start_matches("lint violation found for rules: ");
    let is_error = problem["error"] == true;
    assert_eq!(is_error, ran.code == 1, "{}", ran.stdout);
    format!("{message}{}", if is_error { "!" } else { "" })
}

#[test]
fn the_comment_makes_checks_fail() {
    let dockerfile = "FROM debian:12 as x\nWORKDIR a\n";
    for (first, expected) in [
        ("", "-"),
        ("# check=error=true\n", "FromAsCasing, WorkdirRelativePath!"),
        ("# check=skip=FromAsCasing;error=true\n", "WorkdirRelativePath!"),
        ("# check=error=true;skip=FromAsCasing,WorkdirRelativePath\n", "-"),
        ("# check=skip=all;error=true\n", "-"),
        ("# check=error=false\n", "-"),
        ("# check=ERROR=true\n", "failed to parse check options: invalid check option \"ERROR\"!"),
    ] {
        assert_eq!(verdict(&format!("{first}{dockerfile}"), &[]), expected, "{first}");
    }
    // Comments of others say nothing to the builder.
    let hidden = "# check=error=true\nFROM debian:12\n# dockopt ignore=relative-workdir\nWORKDIR a\n";
    assert_eq!(verdict(hidden, &[]), "WorkdirRelativePath!");
    let skipped = "# check=error=true\nFROM debian:12\n# check=skip=WorkdirRelativePath\nWORKDIR a\n";
    assert_eq!(verdict(skipped, &[]), "-");
}

#[test]
fn stages_that_are_not_built_are_judged_by_the_check_alone() {
    let of = |line: &str| format!("# check=error=true\nFROM debian:12 AS x\n{line}\nFROM debian:12\nRUN true\n");
    for (line, expected) in [
        ("WORKDIR a", "WorkdirRelativePath"),
        ("EXPOSE 80/TCP", "ExposeProtoCasing"),
        ("ENV a b", "LegacyKeyValueFormat"),
        ("ENV DB_PASSWORD=a", "SecretsUsedInArgOrEnv"),
        ("CMD [\"a\"]\nCMD [\"b\"]", "MultipleInstructionsDisallowed"),
        ("MAINTAINER x", "MaintainerDeprecated!"),
        ("FROM --platform=linux/amd64 debian:12 AS y", "FromPlatformFlagConstDisallowed!"),
        ("FROM debian:12 AS Y", "StageNameCasing!"),
        ("onbuild RUN true", "ConsistentInstructionCasing!"),
        // The builder's checks look at no trigger.
        ("ONBUILD ENV a b", "-"),
        ("ONBUILD EXPOSE 80/TCP", "-"),
    ] {
        assert_eq!(verdict(&of(line), &[]), expected, "{line}");
    }
    assert_eq!(verdict(&of("WORKDIR a"), &["--target=x"]), "WorkdirRelativePath!");
}

#[test]
fn the_build_argument_takes_the_comments_place() {
    let argument = |value: &str| format!("--build-arg=BUILDKIT_DOCKERFILE_CHECK={value}");
    let casing = "FROM debian:12 as x\nUSER 1000\n";
    for (first, value, expected) in [
        ("", "error=true", "FromAsCasing!"),
        ("# check=skip=FromAsCasing\n", "error=true", "FromAsCasing!"),
        ("", "skip=FromAsCasing;error=true", "-"),
        ("# check=error=true\n", "skip=all", "-"),
        ("# check=error=true\n", "", "-"),
        ("", "foo", "failed to parse build-arg:BUILDKIT_DOCKERFILE_CHECK: invalid check option \"foo\"!"),
    ] {
        assert_eq!(verdict(&format!("{first}{casing}"), &[&argument(value)]), expected, "{first}{value}");
    }
}

#[test]
fn experimental_checks_fail_where_they_are_asked_for() {
    let text = "# of others\nARG x=1\nFROM debian:12\nUSER 1000\n";
    assert_eq!(verdict(&format!("# check=error=true\n{text}"), &[]), "-");
    assert_eq!(
        verdict(&format!("# check=error=true;experimental=InvalidDefinitionDescription\n{text}"), &[]),
        "InvalidDefinitionDescription!"
    );
}
