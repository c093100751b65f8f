//! Budgets of `dockopt image`: every limit, where it is written, what breaks it, and the exit code.

use serde_json::{Value, json};

use super::command::{DOCKERFILE, archive};
use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;

fn dockopt() -> Dockopt {
    Dockopt::new().file("app.tar", archive()).file("Dockerfile", DOCKERFILE)
}

fn image(arguments: &[&str]) -> Ran {
    dockopt().args(["image", "app.tar", "--format=json"]).args(arguments.iter().copied()).run()
}

fn limits(ran: &Ran) -> Vec<Value> {
    keeps_schema(include_str!("../../../schemas/image.schema.json"), &ran.json());
    ran.json()["images"][0]["budget"].as_array().unwrap().clone()
}

#[track_caller]
#[allow(clippy::needless_pass_by_value)] // Values are made where they are passed.
fn check(argument: &str, value: Value, is_kept: bool) {
    let ran = image(&[argument]).code(i32::from(!is_kept));
    let limits = limits(&ran);
    assert_eq!(limits.len(), 1, "{argument}");
    assert_eq!((&limits[0]["value"], &limits[0]["kept"]), (&value, &json!(is_kept)), "{argument}: {limits:?}");
    let causes = limits[0]["causes"].as_array().unwrap().len();
    assert!(causes <= 3 && (causes == 0) == (is_kept || argument.starts_with("--max-layers")), "{argument}: {causes}");
}

#[test]
fn each_limit_has_its_value() {
    check("--max-size=5.4MB", json!(5_400_000), true);
    check("--max-size=5399999", json!(5_400_000), false);
    check("--max-layer-size=2MB", json!(1_600_000), true);
    check("--max-layer-size=1MB", json!(1_600_000), false);
    check("--max-layers=3", json!(4), false);
    check("--max-waste=1MB", json!(1_500_000), false);
    check("--max-waste-ratio=30%", json!(1_500_000.0 / 5_400_000.0), true);
    check("--min-efficiency=0.9", json!(1.0 - 1_500_000.0 / 5_400_000.0), false);
    check("--max-category=logs=0", json!(200_000), false);
    check("--max-category=apt-lists=0", json!(0), true);
    check("--max-package=lib*=0", json!(0), true);
    check("--forbid-path=*.log", json!(1), false);
    check("--forbid-path=root/.cache", json!(0), true);
    let pull = limits(&image(&["--max-pull-size=1"]).code(1))[0]["value"].clone();
    assert_eq!(image(&[]).json()["images"][0]["totals"]["pull_estimate"]["bytes"], pull);
}

#[test]
fn broken_limits_are_reported_with_their_line() {
    let ran = image(&["--max-waste=1MB", "--file=Dockerfile"]).code(1);
    let cause = &limits(&ran)[0]["causes"][0];
    assert_eq!((&cause["bytes"], &cause["origin"]["line"]), (&json!(900_000), &json!(4)));
    for (format, words) in [
        (
            "text",
            &["Budget: 1 of 2 limits violated", "max-waste", "1.5 MB, at most 1 MB", "900 kB /root/.cache", "line 4"][..],
        ),
        ("markdown", &["**Budget: 1 of 2 limits violated**", "1.5 MB, at most 1 MB"]),
        ("html", &["Budget: 1 of 2 limits violated", "1.5 MB, at most 1 MB"]),
        ("sarif", &["\"budget-max-waste\"", "\"level\": \"error\"", "\"startLine\": 4", "1.5 MB, at most 1 MB"]),
        ("jsonl", &["\"max-waste\""]),
    ] {
        let arguments =
            ["image", "app.tar", "--max-waste=1MB", "--max-layers=9", "--file=Dockerfile", "--format", format];
        let ran = dockopt().args(arguments).run().code(1);
        for word in words {
            assert!(ran.stdout.contains(word), "{format} has no {word}: {}", ran.stdout);
        }
    }
    let ran = dockopt().args(["image", "app.tar", "--max-layers=9"]).run().code(0);
    assert!(ran.stdout.contains("Budget: 1 limit met"), "{}", ran.stdout);
}

#[test]
fn paths_and_the_base_can_be_ignored() {
    let value = |arguments: &[&str]| limits(&image(arguments))[0]["value"].clone();
    assert_eq!(value(&["--max-waste=9MB", "--ignore-path=root/.cache"]), 600_000);
    assert_eq!(value(&["--forbid-path=*.so"]), 2);
    assert_eq!(value(&["--forbid-path=*.so", "--ignore-path=usr/lib/libc.so"]), 1);
    let command = dockopt().file("base.tar", base()).args(["image", "app.tar", "--base=base.tar", "--format=json"]);
    let ran = command.args(["--forbid-path=*.so", "--ignore-base", "--max-added-size=1MB"]).run().code(1);
    let all = limits(&ran);
    let of = |measure: &str| all.iter().find(|limit| limit["measure"] == measure).unwrap()["value"].clone();
    assert_eq!((of("forbid-paths"), of("max-added-size")), (json!(1), json!(3_400_000)));
}

/// The lowest layer of the image.
fn base() -> Vec<u8> {
    use super::zoo::{codec::Codec, layout::Picture, layout::engine25};
    let layers = super::command::layers();
    engine25(&[Picture::of("base", &layers[..1], Codec::Plain)]).tar()
}

#[test]
fn settings_hold_from_the_current_folder_upwards() {
    let with = |toml: &str| dockopt().file("dockopt.toml", toml).args(["image", "app.tar", "--format=json"]);
    let ran = with("[budget]\nmax-layers = 3\nmax-size = \"1 GB\"\n").run().code(1);
    let all = limits(&ran);
    assert_eq!((&all[0]["written"], &all[0]["kept"]), (&json!("dockopt.toml:2"), &json!(false)));
    with("[budget]\nmax-layers = 3\n").args(["--no-config"]).run().code(0);
    with("[budget]\nmax-layers = 3\n").args(["--max-layers=4"]).run().code(0);
    let sections = "[budget]\nmax-layers = 3\n[[budget.images]]\nmatch = \"zoo/*\"\nmax-layers = 4\n";
    with(sections).run().code(0);
    with(&sections.replace("zoo", "other")).run().code(1);
    let extending = with("extends = \"team/base.toml\"\n").file("team/base.toml", "[budget]\nmax-layers = 1\n");
    assert_eq!(limits(&extending.run().code(1))[0]["written"], "team/base.toml:2");
    let named = dockopt().file("x.toml", "[budget]\nmax-layers = 1\n").args(["image", "app.tar", "--config=x.toml"]);
    named.run().code(1);
}

#[test]
fn broken_settings_are_errors_with_their_place() {
    for (toml, message) in [
        ("[budget]\nmax-sise = 1\n", &["max-sise", "did you mean `max-size`?", "dockopt.toml:2:1"][..]),
        ("[budget]\nmax-category = { apt-list = 0 }\n", &["apt-list", "did you mean `apt-lists`?"]),
        ("[budget]\nmax-size = \"big\"\n", &["is not a size in bytes"]),
    ] {
        let ran = dockopt().file("dockopt.toml", toml).args(["image", "app.tar"]).run().code(2);
        assert_eq!(ran.stdout, "");
        for word in message {
            assert!(ran.stderr.contains(word), "{toml}: {}", ran.stderr);
        }
    }
    for (argument, message) in [
        ("--max-size=big", "500MB"),
        ("--max-category=apt-list=0", "did you mean `apt-lists`?"),
        ("--max-package=x", "NAME=SIZE"),
        ("--min-efficiency=2", "0.05"),
        ("--config=none.toml", "none.toml"),
        ("--dive-ci=none", "none"),
    ] {
        let ran = image(&[argument]).code(2);
        assert!(ran.stderr.contains(message) && ran.stdout.is_empty(), "{argument}: {}", ran.stderr);
    }
    let ran = image(&["--max-category=logs=0", "--no-category=logs"]).code(2);
    assert!(ran.stderr.contains("--no-category"), "{}", ran.stderr);
}

#[test]
fn limits_that_cannot_be_checked_are_never_met() {
    for argument in ["--max-size=1GB", "--max-waste=1GB", "--forbid-path=x", "--min-efficiency=0"] {
        let ran = image(&[argument, "--sizes-only"]).code(2);
        let limit = &limits(&ran)[0];
        assert_eq!((&limit["kept"], &limit["value"]), (&Value::Null, &Value::Null), "{argument}");
        assert!(ran.stderr.contains("cannot be checked: the layer contents"), "{}", ran.stderr);
    }
    image(&["--max-layers=4", "--sizes-only"]).code(0);
    image(&["--max-package=x=0", "--no-packages"]).code(2);
    let ran = image(&["--max-growth=1"]).code(2);
    assert!(ran.stderr.contains("--baseline"), "{}", ran.stderr);
}

#[test]
fn growth_is_against_an_image_or_a_saved_result() {
    let saved =
        r#"{"images": [{"ref": "zoo/app:latest", "totals": {"disk_bytes": 5000000}}, {"ref": "x", "totals": {}}]}"#;
    let with = |limit: &str, baseline: &str| {
        let dockopt = dockopt().file("base.tar", base()).file("saved.json", saved);
        let only = r#"{"images": [{"ref": "x", "totals": {"disk_bytes": null}}]}"#;
        let dockopt = dockopt.file("sizes.json", only).file("none.json", "{\"images\": []}");
        dockopt.args(["image", "app.tar", "--format=json"]).args([limit, "--baseline", baseline]).run()
    };
    assert_eq!(limits(&with("--max-growth=400kB", "saved.json").code(0))[0]["value"], 400_000);
    assert_eq!(limits(&with("--max-growth=7%", "saved.json").code(1))[0]["value"], 0.08);
    assert_eq!(limits(&with("--max-growth=3MB", "base.tar").code(1))[0]["value"], 3_400_000);
    with("--max-growth=3MB", "sizes.json").code(2);
    for (baseline, message) in [("none.json", "it contains no image"), ("./nothing.tar", "nothing.tar")] {
        let ran = with("--max-growth=3MB", baseline).code(2);
        assert!(ran.stderr.contains(message), "{}", ran.stderr);
    }
    let toml = "[budget]\nmax-growth = \"1 %\"\nbaseline = \"saved.json\"\n";
    let dockopt = dockopt().file("team/saved.json", saved).file("team/dockopt.toml", toml);
    dockopt.args(["image", "app.tar", "--config=team/dockopt.toml"]).run().code(1);
}

#[test]
fn dives_rules_are_read_as_they_are() {
    let with = |text: &str| dockopt().file(".dive-ci", text).args(["image", "app.tar", "--format=json"]);
    let ran =
        with("rules:\n  lowestEfficiency: 0.5\n  highestWastedBytes: 1MB\n  highestUserWastedPercent: disabled\n")
            .run();
    assert_eq!(ran.code, 1);
    let all = limits(&ran);
    let dive = &ran.json()["images"][0]["totals"]["dive"];
    assert_eq!((&all[0]["measure"], &all[0]["kept"]), (&json!("lowestEfficiency"), &json!(true)));
    assert_eq!((&all[1]["value"], &all[1]["written"]), (&dive["wasted_bytes"], &json!(".dive-ci:3")));
    assert!(ran.json()["notices"][0].as_str().unwrap().contains(".dive-ci"), "{}", ran.stdout);
    with("").args(["--no-config"]).run().code(0);
    let ran = with("rules:\n  lowestEfficiency: many\n").run().code(2);
    assert!(ran.stderr.contains("`many` is not a valid limit"), "{}", ran.stderr);
    let named = dockopt().file("ci/dive", "rules:\n  highestWastedBytes: 0\n").args(["image", "app.tar"]);
    named.args(["--dive-ci=ci/dive"]).run().code(1);
}

/// dive 0.13 says of the same archive: efficiency 90.4762 %, 1,200,000 wasted bytes, 35.2941 % of what the user added.
#[test]
fn dives_figures_are_dives() {
    let dive = image(&[]).json()["images"][0]["totals"]["dive"].clone();
    assert_eq!(dive["wasted_bytes"], 1_200_000);
    let near = |name: &str, percent: f64| (dive[name].as_f64().unwrap() * 100.0 - percent).abs() < 0.0001;
    assert!(near("efficiency", 90.4762) && near("user_wasted_ratio", 35.2941), "{dive}");
}
