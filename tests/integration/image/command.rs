//! `dockopt image` from outside: every format, exit codes, what is said of what can't be read, and nothing in any output
//! that moves a cursor or tells a secret.

use serde_json::{Value, json};

use super::zoo::codec::{Codec, noise};
use super::zoo::layout::{Picture, engine25, oci};
use super::zoo::tar::{Member, dir, file, gone};
use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;

/// What no format may hold as it is.
const HOSTILE: &str = "a\u{1b}[2J\u{9b}m\u{7f}\u{202e}\u{2028}<b>|`@me";

pub(crate) const DOCKERFILE: &str = "FROM debian:12\nENV DB_PASSWORD=c4nary-hunter2\nCOPY app /srv/app\nRUN pip install numpy\n\
    RUN rm -rf /root/.cache && chown -R 1000 /srv\nCMD [\"/srv/app/main\"]\n";

/// A base of one layer, then a COPY, a RUN that leaves a cache, and one that deletes it too late.
pub(crate) fn layers() -> Vec<Vec<Member>> {
    let data = || noise("the application's data", 600_000);
    vec![
        vec![dir("usr"), dir("usr/lib"), file("usr/lib/libc.so", noise("machine code", 2_000_000))],
        vec![dir("srv"), dir("srv/app"), file("srv/app/main", data()), file("srv/app/copy", data())],
        vec![
            dir("root"),
            dir("root/.cache"),
            file("root/.cache/pip/wheel", noise("a wheel", 900_000)),
            file("usr/lib/numpy.so", noise("numbers", 500_000)),
            file("var/log/install.log", noise("lines", 200_000)),
        ],
        vec![gone("root/.cache"), file("srv/app/main", data()).owned_by(1000, 0)],
    ]
}

fn history() -> Value {
    let step =
        |text: &str, empty: bool| json!({"created": "2026-01-02T03:04:05Z", "created_by": text, "empty_layer": empty});
    json!([
        step("# debian.sh --arch 'amd64' out/ 'bookworm'", false),
        step("ENV DB_PASSWORD=c4nary-hunter2", true),
        step("COPY app /srv/app # buildkit", false),
        step("RUN /bin/sh -c pip install numpy # buildkit", false),
        step("RUN /bin/sh -c rm -rf /root/.cache && chown -R 1000 /srv # buildkit", false),
        step("CMD [\"/srv/app/main\"]", true),
    ])
}

/// The archive of an engine.
pub(crate) fn archive() -> Vec<u8> {
    let mut picture = Picture::of("app", &layers(), Codec::Plain);
    picture.history = Some(history());
    engine25(&[picture]).tar()
}

fn image(arguments: &[&str]) -> Ran {
    let dockopt = Dockopt::new().file("app.tar", archive()).file("Dockerfile", DOCKERFILE);
    dockopt.args(["image", "app.tar"]).args(arguments.iter().copied()).run()
}

#[test]
fn the_result_keeps_its_schema_and_its_sums() {
    for arguments in [&[][..], &["--file=Dockerfile"], &["--sizes-only"], &["--all", "--depth=9"], &["--no-packages"]] {
        let result = image(&[arguments, &["--format=json"]].concat()).code(0).json();
        keeps_schema(include_str!("../../../schemas/image.schema.json"), &result);
    }
    let result = image(&["--format=json"]).json();
    let totals = &result["images"][0]["totals"];
    assert_eq!(totals["stored_file_bytes"], 5_400_000);
    assert_eq!(totals["merged_bytes"], 3_900_000);
    assert_eq!(totals["merged_files"], 5);
    let waste = json!({"deleted": 900_000, "overwritten": 0, "metadata_only": 600_000, "same_layer_duplicate": 0});
    assert_eq!(totals["waste"], waste);
    assert_eq!(totals["duplicate_content_bytes"], 600_000);
    assert_eq!(result["images"][0]["ref"], "zoo/app:latest");
    assert_eq!(result["images"][0]["platform"], "linux/amd64");
    let finding = &result["images"][0]["findings"][0];
    assert_eq!((&finding["rule"], &finding["bytes"]), (&json!("deleted-in-later-layer"), &json!(900_000)));
    assert_eq!((&finding["layer"], &finding["lost_by"]), (&json!(2), &json!(3)));
}

#[test]
fn sizes_alone_are_not_contents() {
    let result = image(&["--sizes-only", "--format=json"]).code(0).json();
    let totals = &result["images"][0]["totals"];
    assert_eq!(totals["merged_bytes"], Value::Null);
    assert!(totals["pull_bytes"].as_u64().unwrap() > 5_400_000);
    assert!(result["skipped"].as_array().unwrap().iter().any(|skip| skip["what"] == "contents"));
}

#[test]
fn lines_list_the_final_tree() {
    let ran = image(&["--format=jsonl"]).code(0);
    let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        keeps_schema(include_str!("../../../schemas/image-jsonl.schema.json"), line);
    }
    let files: Vec<&Value> = lines.iter().filter(|line| line["type"] == "file" && line["kind"] == "file").collect();
    let bytes: u64 = files.iter().map(|line| line["size"].as_u64().unwrap()).sum();
    assert_eq!((files.len(), bytes), (5, 3_900_000));
    let main = files.iter().find(|line| line["path"] == "/srv/app/main").unwrap();
    assert_eq!((&main["uid"], &main["layer"]), (&json!(1000), &json!(3)));
    let log = files.iter().find(|line| line["path"] == "/var/log/install.log").unwrap();
    assert_eq!(log["category"], "logs");
    assert_eq!(lines.last().unwrap()["exit"], 0);
}

#[test]
fn every_door_tells_the_same() {
    let result_of = |ran: Ran| {
        let result = ran.code(0).json();
        (result["images"][0]["totals"].clone(), result["images"][0]["layers"].clone())
    };
    let file = result_of(image(&["--format=json"]));
    let stdin = Dockopt::new().input(archive()).args(["image", "-", "--format=json"]).run();
    assert_eq!(result_of(stdin), file);
    let named = Dockopt::new().file("a b/x.tar", archive()).args(["image", "file:a b/x.tar", "--format=json"]).run();
    assert_eq!(result_of(named), file);
}

#[test]
fn damaged_images_never_have_a_clean_result() {
    let whole = archive();
    let mut flipped = whole.clone();
    let at = whole.len() / 3;
    flipped[at] ^= 1;
    for (name, bytes) in
        [("cut", whole[..whole.len() / 2].to_vec()), ("flipped", flipped), ("none", b"no image".to_vec())]
    {
        for format in ["text", "json", "jsonl", "markdown", "sarif", "html"] {
            let dockopt = Dockopt::new().file("x.tar", &bytes);
            let ran = dockopt.args(["image", "x.tar", "--format", format]).run();
            assert_eq!(ran.code, 2, "{name} as {format}: {}", ran.stdout);
            assert!(ran.stderr.starts_with("error: "), "{name}: {}", ran.stderr);
        }
    }
    let ran = Dockopt::new().args(["image", "./none.tar", "--format=json"]).run().code(2);
    assert_eq!(ran.json()["problems"].as_array().unwrap().len(), 1);
    keeps_schema(include_str!("../../../schemas/image.schema.json"), &ran.json());
}

#[test]
fn a_mistyped_file_name_is_answered_as_one() {
    let explicit = |name: &str| format!("use `docker:{name}` or `registry:{name}` for an image of that name");
    for (name, help) in [
        ("nosuch.tar", format!("help: check the path; {}", explicit("nosuch.tar"))),
        // A port of this machine where nothing listens.
        ("127.0.0.1:1/dist.tgz", format!("help: check the path; {}", explicit("127.0.0.1:1/dist.tgz"))),
        ("ap.tar", format!("help: did you mean `app.tar`? {}", explicit("ap.tar"))),
        ("app.tar.gz", format!("help: did you mean `app.tar`? {}", explicit("app.tar.gz"))),
        ("app.tra", format!("help: did you mean `app.tar`? {}", explicit("app.tra"))),
        ("./none", "help: check the path".to_owned()),
        ("deep/../none/", "help: check the path".to_owned()),
    ] {
        let dockopt = Dockopt::new().file("app.tar", archive()).file("deep/x", "");
        let ran = dockopt.args(["image", name]).run().code(2);
        assert_eq!(ran.stderr, format!("error: no such file: `{name}`\n{help}\n"), "{name}");
    }
    let ran = Dockopt::new().file("app.tar", archive()).args(["image", "file:ap.tar"]).run().code(2);
    ran.complains(&["no such file: `ap.tar`\nhelp: did you mean `app.tar`?\n"]);
    // What has a tag is an image's name, whatever is in the tag.
    let image = "127.0.0.1:1/app:1.tar";
    let ran = Dockopt::new().file("app.tar", archive()).args(["image", image]).run().code(2);
    assert!(ran.stderr.contains("the registry `127.0.0.1:1` cannot be reached"), "{}", ran.stderr);
}

#[test]
fn instructions_in_an_image_are_ignored() {
    let mut picture = Picture::of(
        "x",
        &[vec![dir("d"), file(format!("d/{HOSTILE}"), noise("x", 300_000))], vec![gone("d")]],
        Codec::Plain,
    );
    picture.history =
        Some(json!([{"created_by": format!("RUN {HOSTILE}")}, {"created_by": format!("RUN rm {HOSTILE}")}]));
    picture.name = Some("zoo/x:latest".to_owned());
    let bytes = oci(&[picture]).tar();
    for format in ["text", "json", "jsonl", "markdown", "sarif", "html"] {
        let ran =
            Dockopt::new().file("x.tar", &bytes).args(["image", "x.tar", "--all", "--format", format]).run().code(0);
        let wrong = ['\u{1b}', '\u{9b}', '\u{7f}', '\u{202e}', '\u{2028}'];
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains(wrong), "{format}: {text}");
        }
        assert!(!["markdown", "html"].contains(&format) || !ran.stdout.contains("<b>"), "{}", ran.stdout);
    }
}

#[test]
fn no_format_tells_a_secret() {
    for format in ["text", "json", "jsonl", "markdown", "sarif", "html"] {
        let ran = image(&["--all", "--file=Dockerfile", "--format", format]).code(0);
        assert!(!ran.stdout.contains("c4nary") && !ran.stderr.contains("c4nary"), "{format}: {}", ran.stdout);
    }
}

#[test]
fn wrong_arguments_are_reported_before_anything_is_read() {
    for (arguments, message) in [
        (&["--format=junit"][..], "invalid value 'junit'"),
        (&["--no-category=none"], "unknown category `none`"),
        (&["--platform=x"], "linux/amd64"),
        (&["--bandwidth=fast"], "bits per second"),
        (&["--target=x"], "--file"),
        (&["--file=missing"], "missing"),
    ] {
        let ran = image(arguments).code(2);
        assert!(ran.stderr.contains(message), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
}

#[test]
fn sarif_keeps_the_schema_of_the_standard() {
    let validator = jsonschema::options().build(&crate::formats::sarif_schema()).unwrap();
    for arguments in [&["--format=sarif"][..], &["--format=sarif", "--file=Dockerfile"]] {
        let log = image(arguments).code(0).json();
        let errors: Vec<String> = validator.iter_errors(&log).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        let location = &log["runs"][0]["results"][0]["locations"][0];
        assert_eq!(location["logicalLocations"][0]["fullyQualifiedName"], "zoo/app:latest/layer 3");
        let line = &location["physicalLocation"]["region"]["startLine"];
        assert_eq!(*line, if arguments.len() > 1 { json!(4) } else { Value::Null });
    }
}

#[test]
fn findings_make_the_exit_code_when_asked_for() {
    image(&["--fail-on=warning"]).code(1);
    // The password in the config is an error.
    image(&["--fail-on=error"]).code(1);
    image(&["--fail-on=error", "--ignore=image-secret-in-config"]).code(0);
    let ran = image(&["--file=Dockerfile"]).code(0);
    assert!(ran.stdout.contains("Dockerfile:4") && ran.stdout.contains("line 4 → line 5"), "{}", ran.stdout);
}

#[test]
fn a_category_may_be_no_concern() {
    let names = |result: &Value| -> Vec<String> {
        let all = result["images"][0]["categories"].as_array().unwrap();
        all.iter().map(|image| image["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&image(&["--format=json"]).json()), ["logs"]);
    assert_eq!(names(&image(&["--format=json", "--no-category=logs"]).json()), Vec::<String>::new());
}

#[test]
fn a_result_goes_to_a_file() {
    let ran = image(&["--output=result.md", "--format=markdown"]).code(0);
    assert_eq!(ran.stdout, "");
    assert!(ran.read("result.md").starts_with("### <code>zoo/app"), "{}", ran.read("result.md"));
    let ran = image(&["--output=result.html", "--format=html", "--file=Dockerfile"]).code(0);
    let page = ran.read("result.html");
    for words in ["<title>Image zoo/app:latest</title>", "Wasted: 1.5 MB", "4 layers", "Dockerfile:4", "2 MB"] {
        assert!(page.contains(words), "no {words}: {page}");
    }
}
