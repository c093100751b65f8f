//! Images that are built for it and counted again by a program that shares nothing with dockopt: bytes of layers, waste by
//! the line that stores and the line that hides, prices in `audit --image`, the size of a pull.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::registry::Registry;
use super::{Engine, is_full};
use crate::dockopt::Dockopt;

/// An image that is built.
struct Case {
    files: &'static [(&'static str, &'static str)],
    dockerfile: &'static str,
    prices: &'static [Price],
}

/// What `audit --image` says of it: a rule, its line, and which bytes: the layer that stores them and the one that hides
/// them (from 0, above the base image's), and the kind of waste.
type Price = (&'static str, u64, (usize, usize, &'static str));

const PLACEHOLDER: &str = "a line of text\n";

/// Needs no network.
const MOVED: Case = Case {
    files: &[("big.txt", PLACEHOLDER)],
    dockerfile: "FROM python:3.13-slim\n\
        RUN chmod -R g+w /usr/share\n\
        RUN rm -rf /usr/share/doc /usr/share/man\n\
        COPY big.txt /srv/big.txt\n\
        RUN mv /srv/big.txt /srv/large.txt\n\
        RUN cp /srv/large.txt /srv/copy.txt && ln /srv/copy.txt /srv/link.txt\n\
        RUN rm /srv/link.txt\n\
        CMD [\"python\"]\n",
    prices: &[("image-deleted", 5, (2, 3, "deleted"))],
};

const NETWORKED: [Case; 3] = [
    Case {
        files: &[("model.txt", PLACEHOLDER), ("main.py", "print(1)\n")],
        dockerfile: "FROM python:3.13-slim\n\
            WORKDIR /app\n\
            RUN apt-get update && apt-get install -y --no-install-recommends gcc\n\
            COPY . .\n\
            RUN useradd -u 1000 app && chown -R app /app\n\
            RUN rm -rf /root/.cache /var/lib/apt/lists/*\n\
            CMD [\"python\", \"main.py\"]\n",
        prices: &[("recursive-chown", 5, (2, 3, "metadata_only")), ("apt-lists-kept", 3, (1, 4, "deleted"))],
    },
    Case {
        files: &[(
            "package.json",
            "{\"name\":\"b\",\"version\":\"1.0.0\",\"dependencies\":{\"express\":\"^4\"},\"devDependencies\":{\"typescript\":\"^5\"}}\n",
        )],
        dockerfile: "FROM node:22-slim\n\
            WORKDIR /app\n\
            COPY package.json ./\n\
            RUN npm install\n\
            RUN npm prune --omit=dev\n\
            CMD [\"node\"]\n",
        prices: &[("image-deleted", 5, (2, 3, "deleted"))],
    },
    Case {
        files: &[("main.c", "int main(){return 0;}\n")],
        dockerfile: "FROM debian:trixie-slim\n\
            RUN apt-get update\n\
            RUN apt-get install -y --no-install-recommends gcc libc6-dev\n\
            COPY main.c /src/main.c\n\
            RUN gcc -O2 -o /usr/local/bin/main /src/main.c\n\
            RUN apt-get purge -y gcc libc6-dev && apt-get autoremove -y && rm -rf /var/lib/apt/lists/*\n\
            CMD [\"main\"]\n",
        prices: &[("deleted-in-later-layer", 6, (1, 4, "deleted")), ("apt-lists-kept", 2, (0, 4, "deleted"))],
    },
];

/// What the other program counts.
fn recount(engine: &Engine, tag: &str) -> Value {
    let mut save = Command::new(&engine.client).args(["save", tag]).stdout(Stdio::piped()).spawn().unwrap();
    let counted = Command::new("tests/engine/recount").stdin(save.stdout.take().unwrap()).output().unwrap();
    assert!(save.wait().unwrap().success());
    assert!(counted.status.success(), "{}", String::from_utf8_lossy(&counted.stderr));
    serde_json::from_slice(&counted.stdout).unwrap()
}

/// The folder of a case, to build and to audit.
fn folder(case: &Case) -> Dockopt {
    // Large enough that its loss is a finding.
    let text = |text: &str| if text == PLACEHOLDER { text.repeat(200_000) } else { text.to_owned() };
    let folder = case.files.iter().fold(Dockopt::new(), |folder, (name, content)| folder.file(name, text(content)));
    folder.file("Dockerfile", case.dockerfile)
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}

#[track_caller]
fn check(engine: &Engine, case: &Case, registry: Option<&Registry>) {
    let folder = folder(case);
    let (image, _) = engine.image(folder.path());
    let counted = recount(engine, &image.tag);
    let expected: BTreeMap<String, u64> = serde_json::from_value(counted["losses"].clone()).unwrap();

    let ran = folder.args(["image", &image.tag, "--file", "Dockerfile", "--all", "--format=json"]).run().code(0);
    let result = ran.json();
    let shown = &result["images"][0];
    let layers: Vec<u64> =
        shown["layers"].as_array().unwrap().iter().map(|layer| number(&layer["file_bytes"])).collect();
    let counted_layers: Vec<u64> = counted["layers"].as_array().unwrap().iter().map(number).collect();
    assert_eq!(layers, counted_layers);
    assert_eq!(shown["totals"]["merged_bytes"], counted["merged"]);
    let mut losses: BTreeMap<String, u64> = BTreeMap::new();
    for loss in shown["waste"].as_array().unwrap().iter().filter(|loss| number(&loss["bytes"]) > 0) {
        let key = format!("{}->{} {}", loss["layer"], loss["lost_by"], loss["kind"].as_str().unwrap());
        *losses.entry(key).or_default() += number(&loss["bytes"]);
    }
    assert_eq!(losses, expected);

    let base = number(&shown["base"]["layers"]) as usize;
    let audit = ["audit", ".", "--image", &image.tag, "--fail-on=none", "--all", "--format=json"];
    let report = ran.again(audit).code(0).json();
    for (rule, line, (stored, hidden, kind)) in case.prices {
        let bytes = expected[&format!("{}->{} {kind}", base + stored, base + hidden)];
        let is_it = |finding: &&Value| finding["rule"] == *rule && finding["instruction_line"] == *line;
        let finding = report["findings"].as_array().unwrap().iter().find(is_it);
        let finding = finding.unwrap_or_else(|| panic!("no {rule} at line {line}: {}", report["findings"]));
        let impact =
            finding["impact"].as_array().unwrap().iter().find(|impact| impact["kind"] == "disk_bytes").unwrap();
        assert_eq!((&impact["basis"], number(&impact["saves"])), (&"measured".into(), bytes), "{finding}");
    }
    if let Some(registry) = registry {
        check_pull(engine, registry, &image.tag, number(&shown["totals"]["pull_estimate"]["bytes"]));
    }
}

/// The estimated size of a pull is that of a registry, give or take a tenth.
#[track_caller]
fn check_pull(engine: &Engine, registry: &Registry, tag: &str, estimate: u64) {
    let pushed = registry.push(engine, tag);
    let stored: u64 = pushed.iter().sum();
    let mut out = std::io::stdout();
    writeln!(out, "{tag}: {estimate} bytes estimated, {stored} in the registry").unwrap();
    assert!(estimate.abs_diff(stored) * 10 <= stored, "{estimate} estimated, {stored} in the registry");
}

#[test]
fn another_program_counts_the_same() {
    let Some(engine) = Engine::find() else { return };
    let registry = Registry::start();
    check(&engine, &MOVED, registry.as_ref());
    if is_full() {
        for case in &NETWORKED {
            check(&engine, case, registry.as_ref());
        }
    }
}
