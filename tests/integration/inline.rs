//! Dockerfiles inside of compose files: found, shown and fixed where they stand.

use serde_json::Value;

use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;

fn inline<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Ran {
    Dockopt::new().dir("inline").args(arguments).run()
}

/// Start and end of what a rule finds: line, column, byte.
fn places(result: &Value, rule: &str) -> Vec<[u64; 6]> {
    let all = result["findings"].as_array().unwrap().iter().filter(|finding| finding["rule"] == rule);
    let place = |finding: &Value| {
        let at = |end: &str, what: &str| finding["span"][end][what].as_u64().unwrap();
        let both = |end| [at(end, "line"), at(end, "column"), at(end, "byte")];
        let (start, end) = (both("start"), both("end"));
        [start[0], start[1], start[2], end[0], end[1], end[2]]
    };
    all.map(place).collect()
}

/// A compose file with one Dockerfile inside.
fn compose(scalar: &str) -> String {
    format!("services:\n  a:\n    build:\n      dockerfile_inline: {scalar}    ports: [\"80:80\"]\n")
}

const BAD: &str = "|\n        FROM example.org/os:3.22\n        RUN apk add curl\n        USER 1000\n\n        CMD curl example.com\n";

#[test]
fn places_are_those_of_the_compose_file() {
    let ran = inline(["lint", "compose.yaml", "--format=oneline"]).code(1);
    let line = |rule: &str| ran.stdout.lines().find(|line| line.contains(rule)).map(str::to_owned).unwrap_or_default();
    assert!(line("shell-form-command").starts_with("compose.yaml:16:9: "), "{}", ran.stdout);
    assert!(line("apt-lists-kept").starts_with("compose.yaml:11:13: "), "{}", ran.stdout);
    let result = inline(["lint", "compose.yaml", "--format=json"]).json();
    keeps_schema(include_str!("../../schemas/lint.schema.json"), &result);
    let text = std::fs::read_to_string("fixtures/inline/compose.yaml").unwrap();
    let at = |needle: &str| text.find(needle).unwrap() as u64;
    let start = at("CMD python");
    assert_eq!(places(&result, "shell-form-command"), [[16, 9, start, 16, 27, start + 18]]);
    for finding in result["findings"].as_array().unwrap() {
        assert_eq!(finding["file"], "compose.yaml");
        // Line 24 is what Compose writes.
        assert!(finding["instruction_line"].as_u64().is_none_or(|line| line >= 10 && line != 24), "{finding:#}");
    }
    let notices = result["notices"].to_string();
    assert!(notices.contains("`job` (line 24;"), "{notices}");
}

#[test]
fn excerpts_are_those_of_the_compose_file() {
    let ran = inline(["lint", "compose.yaml", "--select=shell-form-command"]).code(1);
    let expected = "--> compose.yaml:16:9\n   |\n16 |         CMD python main.py\n   |         ^^^";
    assert!(ran.stdout.contains(expected), "{}", ran.stdout);
}

#[test]
fn an_edit_in_json_keeps_the_file_whole() {
    let text = std::fs::read_to_string("fixtures/inline/compose.yaml").unwrap();
    let result = inline(["lint", "compose.yaml", "--format=json"]).json();
    let mut edits = 0;
    for finding in result["findings"].as_array().unwrap() {
        for edit in finding["fixes"].as_array().unwrap().iter().flat_map(|fix| fix["edits"].as_array().unwrap()) {
            let at = |key: &str| edit[key].as_u64().unwrap() as usize;
            let mut now = text.clone();
            now.replace_range(at("start")..at("end"), edit["text"].as_str().unwrap());
            assert!(now.starts_with(&text[..text.find("        FROM").unwrap()]), "{now}");
            assert!(now.contains("\n    ports: [\"8080:8080\"]\n  web:\n"), "{now}");
            edits += 1;
        }
    }
    assert!(edits > 0, "{result:#}");
}

#[test]
fn a_fix_changes_the_compose_file_only() {
    let diff = inline(["fix", "--diff", "--unsafe", "."]);
    assert_eq!(diff.stdout.matches("\n+++ ").count(), 1, "{}", diff.stdout);
    let applied = Dockopt::new().dir("inline").input(&diff.stdout).apply().read("compose.yaml");
    let written = inline(["fix", "--write", "--unsafe", "."]);
    assert_eq!(applied, written.read("compose.yaml"));
    assert!(
        applied.contains("        USER 65532:65532\n") && applied.contains("\n\n        # The price is $$5.\n"),
        "{applied}"
    );
    assert!(applied.contains("$$HOME") && applied.ends_with("RUN apk add git\n"), "{applied}");
    let again = written.again(["fix", "--check", "--unsafe", "."]);
    assert!(again.stderr.contains("nothing to fix"), "{}", again.stderr);
    let json = inline(["fix", "--unsafe", "--format=json", "."]).json();
    keeps_schema(include_str!("../../schemas/fix.schema.json"), &json);
    assert_eq!(json["changes"][0]["file"], "compose.yaml");
    assert!(json["changes"][0]["differences"][0]["before_line"].as_u64().is_some_and(|line| line > 9), "{json:#}");
}

#[test]
fn line_ends_indentation_and_chomping_stay() {
    let fixed = |text: &str| {
        let ran = Dockopt::new().file("compose.yaml", text).args(["fix", "--write", "--unsafe", "compose.yaml"]).run();
        assert!(ran.stderr.contains("fixed "), "{}", ran.stderr);
        ran.read("compose.yaml")
    };
    let plain = compose(BAD);
    let after = fixed(&plain);
    assert!(
        after
            .starts_with("services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM example.org/os:3.22\n"),
        "{after}"
    );
    assert!(
        after.ends_with("    ports: [\"80:80\"]\n") && after.contains("\n\n        CMD [\"curl\", \"example.com\"]\n"),
        "{after}"
    );
    assert!(after.contains("        RUN apk add --no-cache curl\n"), "{after}");
    assert_eq!(fixed(&plain.replace('\n', "\r\n")), after.replace('\n', "\r\n"));
    assert_eq!(fixed(&plain.replace(": |\n", ": |-\n")), after.replace(": |\n", ": |-\n"));
    assert_eq!(fixed(&plain.replace(": |\n", ": |2\n")), after.replace(": |\n", ": |2\n"));
}

#[test]
fn flow_scalars_have_one_place_and_no_fix() {
    let text = compose("\"FROM example.org/os:3.22\\nUSER 1000\\nCMD curl x\\n\"\n");
    let result =
        Dockopt::new().file("compose.yaml", &text).args(["lint", "compose.yaml", "--format=json"]).run().json();
    let start = text.find('"').unwrap() as u64;
    assert_eq!(places(&result, "shell-form-command"), [[4, 26, start, 4, 26, start]]);
    assert!(result["findings"].as_array().unwrap().iter().all(|one| one["fixes"].as_array().unwrap().is_empty()));
    assert!(result["notices"].to_string().contains("not fixed"), "{}", result["notices"]);
    let fix = Dockopt::new().file("compose.yaml", &text).args(["fix", "--check", "--unsafe", "compose.yaml"]).run();
    assert!(fix.stderr.contains("nothing to fix"), "{}", fix.stderr);
}

#[test]
fn a_broken_file_has_a_place_and_the_rest_is_looked_at() {
    let text = compose(BAD) + "  b: [1, 'x\n";
    let ran = Dockopt::new().file("compose.yaml", &text).args(["lint", "compose.yaml", "--format=json"]).run();
    assert!(ran.json()["findings"].as_array().unwrap().iter().any(|one| one["rule"] == "shell-form-command"));
    let problem = &ran.json()["problems"][0];
    assert_eq!((problem["file"].as_str(), problem["line"].is_u64()), (Some("compose.yaml"), true), "{problem}");
    assert_eq!(ran.code, 1);
    let folder = Dockopt::new().file("compose.yaml", "build: 'x\n").args(["audit", "."]).run().code(1);
    assert!((folder.stdout.clone() + &folder.stderr).contains("compose.yaml:"), "{}", folder.stdout);
}

#[test]
fn secrets_are_masked_in_place() {
    let text = compose("|\n        FROM alpine:3.22\n        ENV API_TOKEN=pa$$word-123456\n        CMD [\"a\"]\n");
    for format in ["text", "json", "sarif"] {
        let ran = Dockopt::new().file("compose.yaml", &text).args(["lint", "compose.yaml", "--format", format]).run();
        assert!(!ran.stdout.contains("word-123456"), "{}", ran.stdout);
        assert!(ran.stdout.contains("compose.yaml"), "{}", ran.stdout);
    }
}

#[test]
fn a_context_outside_of_what_was_asked_for_stays_closed() {
    let text = "services:\n  a:\n    build:\n      context: ..\n      dockerfile_inline: |\n        FROM alpine\n        COPY x /\n";
    let ran = Dockopt::new().file("p/compose.yaml", text).file("x", "").args(["audit", "p"]).run();
    assert!(ran.stdout.contains("outside the given folder"), "{}", ran.stdout);
    let ran = Dockopt::new().file("p/compose.yaml", text).file("x", "").args(["audit", ".", "--format=json"]).run();
    assert_eq!(ran.json()["builds"][0]["context"]["root"], ".", "{}", ran.stdout);
}

#[test]
fn builds_are_looked_at_as_compose_files_name_them() {
    let text = "services:\n  a:\n    build:\n      context: .\n      dockerfile: docker/app.build\n      target: dev\n      args: {V: '3.22'}\n  b: {build: {context: ../out}}\n";
    let dockerfile = "ARG V\nFROM alpine:$V AS dev\nFROM dev\nCOPY src /src\nUSER 1000\nCMD [\"a\"]\n";
    let project = || Dockopt::new().file("p/compose.yaml", text).file("p/docker/app.build", dockerfile);
    let project = || project().file("p/src/a", "1234").file("out/Dockerfile", "FROM alpine\n");
    let result = project().args(["audit", "p", "--format=json"]).run().json();
    let build = &result["builds"][0];
    assert_eq!(
        (build["dockerfile"].as_str(), build["context"]["root"].as_str()),
        (Some("p/docker/app.build"), Some("p"))
    );
    assert_eq!(build["stages"][0]["base"], "alpine:3.22");
    assert_eq!(result["builds"].as_array().unwrap().len(), 1, "{result:#}");
    let notices = result["notices"].to_string();
    for part in
        ["p/compose.yaml (`a`): the build context is `p`", "(V)", "stages built: `dev`", "outside the given folder"]
    {
        assert!(notices.contains(part), "{part}: {notices}");
    }
    // Asked for by its name it is looked at alone.
    let lint = project().args(["lint", "p/docker/app.build", "--format=json"]).run().json();
    assert!(!lint["notices"].to_string().contains("compose"), "{lint:#}");
}

#[test]
fn builds_of_included_and_extended_files_are_looked_at() {
    let check = |more: &str, code: u8| {
        let compose = format!(
            "include: [parts/more.yaml]\nservices:\n  web:\n    extends: {{file: parts/base.yaml, service: base}}\n  api:\n    build: {{context: '${{DIR:-api}}', \
             args: {{V: '${{VERSION}}', W: '${{W}}'}}}}\n{more}"
        );
        let inline = self::compose(BAD).replace("\n  a:", "\n  inside:");
        let project = Dockopt::new()
            .file("compose.yaml", &compose)
            .file("compose.override.yaml", "services:\n  api: {build: {target: dev}}\n")
            .file("parts/base.yaml", "services:\n  base: {build: ../web}\n")
            .file("parts/more.yaml", &inline)
            .file(".env", "VERSION=3.22\n")
            .file("api/Dockerfile", "ARG V\nFROM alpine:$V AS dev\nCOPY a /\nUSER 1000\n")
            .file("api/a", "1")
            .file("web/Dockerfile", "FROM alpine:3.21\nUSER 1000\n");
        let ran = project.args(["audit", ".", "--format=json"]).run();
        assert_eq!(ran.code, i32::from(code), "{}", ran.stderr);
        let result = ran.json();
        let builds = result["builds"].as_array().unwrap().iter();
        let bases: Vec<_> =
            builds.map(|build| (build["dockerfile"].as_str(), build["stages"][0]["base"].as_str())).collect();
        let expected = [
            ("api/Dockerfile", "alpine:3.22"),
            ("web/Dockerfile", "alpine:3.21"),
            ("parts/more.yaml", "example.org/os:3.22"),
        ];
        assert_eq!(bases, expected.map(|(file, base)| (Some(file), Some(base))), "{result:#}");
        let notices = result["notices"].to_string();
        assert!(
            notices.contains("(`api`): the build arguments from there are used (V); stages built: `dev`"),
            "{notices}"
        );
        let fixed = ran.again(["fix", "--write", "--unsafe", "."]);
        assert!(fixed.read("parts/more.yaml").contains("        RUN apk add --no-cache curl\n"), "{}", fixed.stderr);
    };
    check("", 1);
    // What Compose refuses is left out.
    check("    unknown: 1\n", 1);
}

#[test]
fn builds_are_looked_at_as_bake_files_name_them() {
    let hcl = "target \"a\" {\n  context = \"a\"\n  dockerfile = \"../x.build\"\n}\ntarget \"b\" {\n  context = \"./${X}\"\n}\n\
               target \"c\" {\n  dockerfile-inline = <<EOT\nFROM example.org/os:3.22\nUSER 1000\nCMD curl x\nEOT\n}\n";
    let project =
        Dockopt::new().file("docker-bake.hcl", hcl).file("x.build", "FROM alpine\nCOPY f /\n").file("a/f", "1");
    let ran = project.args(["audit", ".", "--format=json"]).run();
    let result = ran.json();
    assert_eq!(
        places(&result, "shell-form-command").first().map(|place| (place[0], place[1])),
        Some((12, 1)),
        "{result:#}"
    );
    let roots: Vec<_> =
        result["builds"].as_array().unwrap().iter().map(|build| build["context"]["root"].as_str()).collect();
    assert_eq!(roots, [Some("a"), None], "{result:#}");
    let notices = result["notices"].to_string();
    assert!(notices.contains("docker-bake.hcl:6: `context` of the target `b`"), "{notices}");
    assert!(ran.again(["fix", "--check", "docker-bake.hcl"]).stderr.contains("nothing to fix"));
    let broken = Dockopt::new().file("docker-bake.hcl", "target {{\n").file("Dockerfile", "FROM alpine\nUSER 1\n");
    let result = broken.args(["audit", ".", "--format=json"]).run().json();
    assert_eq!((result["problems"][0]["line"].as_u64(), result["builds"].as_array().map(Vec::len)), (Some(1), Some(1)));
}
