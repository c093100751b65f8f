//! No result shows a secret: every command in every format, on a folder full of canaries.

use dockopt::load::GatherRequest;
use dockopt::report::Format;
use dockopt::rules::Selection;

use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;
use crate::tier;

/// Begins every secret of the fixture.
const CANARY: &str = "canary";

fn run<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Ran {
    Dockopt::new().dir("secrets").args(arguments).run()
}

#[track_caller]
fn hides(ran: &Ran) {
    assert_ne!(format!("{}{}", ran.stdout, ran.stderr), "");
    for text in [&ran.stdout, &ran.stderr] {
        let canary_lines: Vec<&str> = text.lines().filter(|line| line.contains(CANARY)).collect();
        assert!(canary_lines.is_empty(), "{canary_lines:#?}");
    }
}

#[test]
fn no_format_shows_a_secret() {
    let schemas = [
        ("lint", include_str!("../../schemas/lint.schema.json")),
        ("audit", include_str!("../../schemas/audit.schema.json")),
        ("fix", include_str!("../../schemas/fix.schema.json")),
        ("context ls", include_str!("../../schemas/context.schema.json")),
    ];
    for file in ["Dockerfile", "broken.Dockerfile"] {
        for (command, schema) in schemas {
            let call = || command.split(' ').chain([file]);
            hides(&run(call()));
            hides(&run(call().chain(["--color=always"])));
            let json = run(call().chain(["--format=json"]));
            hides(&json);
            keeps_schema(schema, &json.json());
        }
        let commands = ["lint", "audit", "audit --select=all", "fix", "fix --unsafe", "context ls"];
        let formats = Format::ALL.iter().map(|format| format.name());
        let pairs = formats.flat_map(|format| commands.map(|command| (command, format))).collect();
        // Always a third of them, others each day.
        for (command, format) in tier::cases(pairs, 28) {
            hides(&run(command.split(' ').chain([file, "--format", format])));
        }
        for more in [&["audit", "--all", "--select=all"][..], &["fix", "--unsafe"], &["fix", "--unsafe", "--check"]] {
            hides(&run(more.iter().copied().chain([file])));
        }
    }
}

#[test]
fn a_build_argument_is_a_secret_too() {
    let text = "ARG BASE_TOKEN\nFROM registry.example.com/$BASE_TOKEN/app:1\nCMD run\n";
    for format in Format::ALL.iter().map(|format| format.name()) {
        let options = ["audit", "--build-arg", "BASE_TOKEN=canary-argument-1", "--format", format];
        hides(&Dockopt::new().file("Dockerfile", text).args(options).run());
    }
}

#[test]
fn fixing_writes_the_secrets_as_they_were() {
    let ran = run(["fix", "--write", "Dockerfile"]).code(0);
    hides(&ran);
    let text = ran.read("Dockerfile");
    assert!(text.ends_with("CMD [\"serve\", \"--with\", \"canary-legacy-5d6f\"]\n"), "{text}");
    assert!(!text.contains("**"), "{text}");
}

#[test]
fn an_edit_with_a_secret_is_left_out_and_the_diff_says_so() {
    let lint = run(["lint", "Dockerfile", "--format=json"]).json();
    let findings = lint["findings"].as_array().unwrap();
    let form = findings.iter().find(|finding| finding["rule"] == "shell-form-command").unwrap();
    // Its text holds a secret: masked, an editor would write stars into the file.
    assert_eq!(form["fixes"][0]["edits"].as_array().unwrap().len(), 0);
    let diff = run(["fix", "Dockerfile"]);
    assert!(diff.stderr.contains("this diff masks secrets, so it cannot be applied"), "{}", diff.stderr);
}

#[test]
fn the_reason_of_an_unsafe_fix_shows_no_secret() {
    // A program might read the history that the fix leaves out; its name is a token of Pulumi.
    let token = format!("pul-{}", "01234567".repeat(5));
    let ran = Dockopt::new()
        .file("Dockerfile", format!("FROM debian:12\nCOPY . /app\nRUN <<EOF\nsudo true\n{token}\nEOF\nCMD run\n"))
        .file(".git/objects/pack/x", vec![0; 900_000])
        .args(["audit", ".", "--format=json"])
        .run();
    let reasons = ran.stdout.lines().filter(|line| line.contains("might read the repository's history"));
    assert!(reasons.count() > 0 && !ran.stdout.contains(&token), "{}", ran.stdout);
}

#[test]
fn no_line_of_the_file_shows_a_secret() {
    let request =
        GatherRequest { path: "fixtures/secrets/Dockerfile".into(), ..GatherRequest::new(&dockopt::rules::AllRules) };
    let inputs = dockopt::load::gather(&request).unwrap();
    let report = dockopt::audit::InputAudit::new(&inputs).lint(&Selection::default().into());
    // Findings show some of the lines: which ones is no matter of the mask. The first line is a comment that tells.
    let canary_lines: Vec<&str> =
        report.sources[0].text().lines().skip(1).filter(|line| line.contains(CANARY)).collect();
    assert!(canary_lines.is_empty(), "{canary_lines:#?}");
}

#[test]
fn a_log_shows_words_that_are_also_passwords_of_everybody() {
    let log = "#0 building with \"default\" instance using docker driver\n\n\
               #5 [2/2] RUN POSTGRES_PASSWORD=postgres API_TOKEN=canary-log-1a2b install --image postgres\n\
               #5 0.1 image: postgres, token: canary-log-1a2b\n#5 DONE 1.5s\n";
    for format in ["text", "json"] {
        let ran =
            Dockopt::new().file("build.log", log).args(["cache", "explain", "build.log", "--format", format]).run();
        hides(&ran);
        assert!(ran.stdout.contains("--image postgres"), "{}", ran.stdout);
    }
}
