//! What costs bytes in an image as rules: in `image` with its settings, and in `audit --image` at the lines that cause it.

use serde_json::{Value, json};

use super::command::{DOCKERFILE, archive};
use super::zoo::codec::{Codec, noise};
use super::zoo::layout::{Picture, engine25};
use super::zoo::tar::{dir, file, gone};
use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;

/// `npm prune` in a later layer, archives of apt, and lists of apt that are not there.
const NODE: &str = "FROM debian:12\nCOPY modules /app/node_modules\nRUN npm prune --omit=dev\n\
    RUN apt-get update && apt-get install -y llvm && rm -rf /var/lib/apt/lists/*\n\
    RUN apt-get update && apt-get install -y curl\n";

fn node_archive() -> Vec<u8> {
    let modules = "app/node_modules";
    let layers = [
        vec![dir("usr"), dir("usr/lib"), file("usr/lib/libc.so", noise("machine code", 2_000_000))],
        vec![
            dir("app"),
            dir(modules),
            file("app/node_modules/typescript/tsc.js", noise("compiler", 2_500_000)),
            file("app/node_modules/express/index.js", noise("server", 1_000_000)),
        ],
        vec![gone("app/node_modules/typescript")],
        vec![
            file("usr/bin/llvm", noise("program", 400_000)),
            file("var/cache/apt/archives/llvm_14_amd64.deb", noise("package", 3_000_000)),
        ],
        vec![file("usr/bin/curl", noise("curl", 300_000))],
    ];
    let step = |text: &str| json!({"created": "2026-01-02T03:04:05Z", "created_by": text, "empty_layer": false});
    let run = |text: &str| step(&format!("RUN /bin/sh -c {text} # buildkit"));
    let mut picture = Picture::of("app", &layers, Codec::Plain);
    picture.history = Some(json!([
        step("# debian.sh --arch 'amd64' out/ 'bookworm'"),
        step("COPY modules /app/node_modules # buildkit"),
        run("npm prune --omit=dev"),
        run("apt-get update && apt-get install -y llvm && rm -rf /var/lib/apt/lists/*"),
        run("apt-get update && apt-get install -y curl"),
    ]));
    engine25(&[picture]).tar()
}

fn audit(dockerfile: &str) -> Value {
    let dockopt = Dockopt::new().file("app.tar", node_archive()).file("Dockerfile", dockerfile);
    let arguments = ["audit", ".", "--all", "--fail-on=none", "--image=app.tar", "--format=json"];
    dockopt.args(arguments).run().code(0).json()
}

/// `rule line bytes` of findings about bytes on disk.
fn priced(result: &Value) -> Vec<String> {
    let mut rows = Vec::new();
    for finding in result["findings"].as_array().unwrap() {
        let impacts = finding["impact"].as_array().into_iter().flatten();
        let disk = impacts.clone().find(|impact| impact["kind"] == "disk_bytes" && impact["basis"] == "measured");
        if let Some(impact) = disk {
            let line = &finding["instruction_line"];
            rows.push(format!("{} {line} {}", finding["rule"].as_str().unwrap(), impact["saves"]));
        }
    }
    rows.sort();
    rows
}

#[test]
fn audit_reports_what_the_image_shows_and_no_rule_says() {
    let result = audit(NODE);
    assert_eq!(priced(&result), ["image-deleted 3 2500000", "image-leftover-files 4 3000000"], "{result}");
    let is_lists = |finding: &&Value| finding["rule"] == "apt-lists-kept" && finding["instruction_line"] == 5;
    assert_eq!(result["findings"].as_array().unwrap().iter().find(is_lists), None);
    let notices = result["notices"].to_string();
    assert!(notices.contains("`apt-lists-kept` at line 5 of `Dockerfile` is not reported"), "{notices}");
}

#[test]
fn findings_of_an_image_are_suppressed_like_others() {
    let text = NODE.replace("RUN npm", "# dockopt ignore=image-deleted reason: kept for now\nRUN npm");
    let result = audit(&text);
    assert_eq!(priced(&result), ["image-leftover-files 5 3000000"], "{result}");
    assert_eq!(result["suppressed"].as_array().unwrap().len(), 1, "{result}");
}

fn image(settings: &str, arguments: &[&str]) -> Ran {
    let dockopt = Dockopt::new().file("app.tar", archive()).file("Dockerfile", DOCKERFILE);
    dockopt.file("dockopt.toml", settings).args(["image", "app.tar"]).args(arguments.iter().copied()).run()
}

/// `name severity` of the findings that cost bytes.
fn costs(ran: &Ran) -> Vec<String> {
    let result = ran.json();
    let findings = result["images"][0]["findings"].as_array().unwrap().clone();
    let row = |finding: &Value| format!("{} {}", finding["name"], finding["severity"]).replace('"', "");
    findings.iter().filter(|finding| finding["bytes"] != 0).map(row).collect()
}

#[test]
fn waste_and_leftovers_are_rules() {
    let (deleted, stored) = ("image-deleted warning", "image-metadata-only warning");
    let logs = "image-logs warning";
    let json = "--format=json";
    assert_eq!(costs(&image("", &[json])), [deleted, stored, logs]);
    assert_eq!(costs(&image("", &[json, "--ignore=image-deleted,image-logs"])), [stored]);
    assert_eq!(costs(&image("", &[json, "--ignore=image-leftover-files"])), [deleted, stored]);
    assert_eq!(costs(&image("", &[json, "--select=image-deleted"])), [deleted]);
    assert_eq!(costs(&image("ignore = [\"image-deleted\"]\n", &[json])), [stored, logs]);
    let settings = "[rules.image-deleted]\nseverity = \"error\"\n";
    assert_eq!(costs(&image(settings, &[json])), ["image-deleted error", stored, logs]);
    image(settings, &["--fail-on=error", "--ignore=image-secret-in-config"]).code(1);
    for name in ["image-deleted", "image-pip-cache", "image-compilers"] {
        Dockopt::new().args(["explain", name]).run().code(0);
    }
}

#[test]
fn tables_have_a_row_per_layer_or_file() {
    let layers = image("", &["--format=csv", "--file=Dockerfile"]).code(0);
    let rows: Vec<&str> = layers.stdout.lines().collect();
    assert_eq!(rows.len(), 5, "{}", layers.stdout);
    assert!(rows[0].starts_with("image,layer,digest,"), "{}", rows[0]);
    assert!(rows[2].contains(",1200000,600000,2,0,0,false,\"Dockerfile\",3,\"COPY app /srv/app\""), "{}", rows[2]);
    let files = image("", &["--format=csv", "--table=files"]).code(0);
    let main = files.stdout.lines().find(|line| line.contains("\"/srv/app/main\"")).unwrap();
    assert!(main.contains(",\"file\",600000,\"0644\",1000,0,"), "{main}");
}

#[test]
fn images_of_a_host_share_layers() {
    let dockopt = || Dockopt::new().file("a.tar", archive()).file("b.tar", node_archive()).file("c.tar", archive());
    let names = ["image", "a.tar", "b.tar", "c.tar", "--shared"];
    let result = dockopt().args(names).args(["--format=json"]).run().code(0).json();
    keeps_schema(include_str!("../../../schemas/image.schema.json"), &result);
    let shared = &result["shared"];
    let bytes = |name: &str| shared[name].as_u64().unwrap();
    assert_eq!(shared["only_pull_bytes"][0], 0, "{shared}");
    assert_eq!(shared["layers"][0]["images"], json!([0, 1, 2]), "{shared}");
    assert!(bytes("host_pull_bytes") < bytes("separate_pull_bytes"), "{shared}");
    assert_eq!(bytes("common_base_saves"), 0, "{shared}");
    let text = dockopt().args(names).run().code(0).stdout;
    assert!(text.contains("All images have the same base image."), "{text}");
    dockopt().args(["image", "a.tar", "--shared"]).run().code(2);
}

#[test]
fn options_of_dive_work_or_name_ours() {
    // Without `.dive-ci`, dive's `--ci` has limits of its own.
    let ran = image("", &["--ci", "--format=json"]);
    let limits: Vec<Value> = ran.json()["images"][0]["budget"].as_array().unwrap().clone();
    assert_eq!(limits.len(), 2, "{limits:?}");
    for (options, ours) in [
        (["--json", "out.json"], "--format json -o FILE"),
        (["-j", "out.json"], "--format json -o FILE"),
        (["--source", "docker"], "docker:app"),
        (["--lowestEfficiency", "0.9"], "--min-efficiency"),
        (["--highestWastedBytes", "20MB"], "--max-waste"),
        (["--highestUserWastedPercent", "0.1"], "--max-waste-ratio"),
        (["--ignore-errors", "--ci"], "damaged"),
    ] {
        let ran = image("", &options).code(2);
        assert!(ran.stderr.contains(ours) && ran.stderr.contains("is an option of dive"), "{}", ran.stderr);
    }
    let ran = image("", &["--ci-config", "none.yaml"]).code(2);
    assert!(ran.stderr.contains("none.yaml"), "{}", ran.stderr);
}
