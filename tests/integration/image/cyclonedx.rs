//! The bill of materials of an image, held against the schema of `CycloneDX`, of which a copy is in `tests/vectors`.

use serde_json::{Value, json};

use super::zoo::codec::Codec;
use super::zoo::layout::{Picture, engine25};
use super::zoo::tar::{Member, file, symlink};
use crate::dockopt::Dockopt;

const STATUS: &str = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9+deb12u8\n\n\
    Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:7.88.1-10\nDepends: libc6 (>= 2.34)\n\n";

fn layers() -> Vec<Vec<Member>> {
    let text = |path: &str, text: &str| file(path, text.as_bytes().to_vec());
    vec![
        vec![
            text("usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
            symlink("etc/os-release", "../usr/lib/os-release"),
            text("var/lib/dpkg/status", STATUS),
        ],
        vec![
            text("app/node_modules/@scope/name/package.json", r#"{"name": "@scope/name", "version": "1.0.0-rc.1"}"#),
            text("usr/lib/python3.13/site-packages/Some_Thing-2.dist-info/METADATA", "Name: Some_Thing\nVersion: 2\n"),
            // A name that moves cursors.
            text("app/node_modules/x/package.json", "{\"name\": \"x\\u001b[2J<b>\", \"version\": \"1 2\"}"),
        ],
    ]
}

fn dockopt() -> Dockopt {
    Dockopt::new().file("app.tar", engine25(&[Picture::of("app", &layers(), Codec::Gzip)]).tar())
}

#[track_caller]
fn keeps_schema(bill: &Value) {
    let mut schema: Value = serde_json::from_str(include_str!("../../vectors/cyclonedx/bom-1.6.schema.json")).unwrap();
    // Its two references to other files: names of licences and signatures, neither of which is written.
    let outside = |definition: &mut Value| *definition = json!(true);
    outside(schema.pointer_mut("/definitions/license/properties/id").unwrap());
    outside(schema.pointer_mut("/definitions/signature").unwrap());
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(bill).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn a_bill_keeps_the_schema_and_names_each_package() {
    let ran = dockopt().args(["image", "app.tar", "--format=cyclonedx"]).run().code(0);
    assert!(!ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
    let bill = ran.json();
    keeps_schema(&bill);
    let components = bill["components"].as_array().unwrap();
    let urls: Vec<&str> = components.iter().filter_map(|component| component["purl"].as_str()).collect();
    assert_eq!(
        urls,
        [
            "pkg:deb/debian/curl@1:7.88.1-10?arch=amd64&distro=debian-12",
            "pkg:deb/debian/libc6@2.36-9%2Bdeb12u8?arch=amd64&distro=debian-12",
            "pkg:pypi/some-thing@2",
            "pkg:npm/%40scope/name@1.0.0-rc.1",
            "pkg:npm/x%1B%5B2j%3Cb%3E@1%202",
        ]
    );
    let curl = components.iter().find(|component| component["name"] == "curl").unwrap();
    let layer = curl["properties"].as_array().unwrap().iter().find(|property| property["name"] == "dockopt:layer");
    assert_eq!(layer.unwrap()["value"], "1");
    let needs = bill["dependencies"].as_array().unwrap().iter().find(|need| need["ref"] == curl["bom-ref"]).unwrap();
    let libc = components.iter().find(|component| component["name"] == "libc6").unwrap();
    assert_eq!(needs["dependsOn"], json!([libc["bom-ref"]]));
    // A schema that takes everything would prove nothing.
    let mut wrong = bill;
    wrong["components"][0]["type"] = json!("package");
    assert!(std::panic::catch_unwind(|| keeps_schema(&wrong)).is_err());
}

#[test]
fn equal_images_give_equal_bills() {
    let bill = |epoch: Option<&str>| {
        let dockopt = dockopt().args(["image", "app.tar", "--format=cyclonedx"]);
        let dockopt = epoch.into_iter().fold(dockopt, |dockopt, epoch| dockopt.env("SOURCE_DATE_EPOCH", epoch));
        dockopt.run().code(0).json()
    };
    assert_eq!(bill(None), bill(None));
    let dated = bill(Some("1700000000"));
    keeps_schema(&dated);
    assert_eq!(dated["metadata"]["timestamp"], "2023-11-14T22:13:20Z");
}

#[test]
fn what_is_no_bill_is_refused() {
    let fails = |arguments: &[&str], text: &str| {
        let ran = dockopt().args(["image", "--format=cyclonedx"]).args(arguments.iter().copied()).run().code(2);
        assert!(ran.stderr.contains(text) && ran.stdout.is_empty(), "{arguments:?}: {}", ran.stderr);
    };
    fails(&["app.tar", "app.tar"], "describes one image");
    fails(&["app.tar", "--no-packages"], "remove `--no-packages`");
    fails(&["app.tar", "--sizes-only"], "packages are unknown");
    let ran = dockopt().args(["lint", "--format=cyclonedx"]).run().code(2);
    assert!(ran.stderr.contains("cyclonedx"), "{}", ran.stderr);
}
