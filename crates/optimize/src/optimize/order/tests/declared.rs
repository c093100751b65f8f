//! Installs that name packages of the manifest.

use super::{check_pass, lines, options_of_pass};
use crate::optimize::test_inputs::project;
use crate::optimize::{Support, optimize};

const SHOP: &str = r#"{"name":"a","dependencies":{"express":"^4.19.2","cors":"2"},"devDependencies":{"nodemon":"3"}}"#;

/// A file with these installs below its copies, before and after.
#[track_caller]
fn check(installs: &[&str], expected: &[&str]) {
    let file = |installs: &[&str]| {
        let runs: Vec<String> = installs.iter().map(|install| format!("|RUN {install}\n")).collect();
        let runs = runs.concat();
        format!("|FROM node:22\n|WORKDIR /app\n|COPY . .\n{runs}|CMD [\"node\", \"a.js\"]")
    };
    check_pass("declared-packages", &file(installs), &[("package.json", SHOP), ("a.js", "x")], &file(expected));
}

#[test]
fn the_manifest_names_them_already() {
    check(&["npm install express"], &["npm install"]);
    check(&["npm i --save express cors --legacy-peer-deps"], &["npm i --legacy-peer-deps"]);
    check(&["npm add -D nodemon"], &["npm install"]);
    check(&["npm install express@^4.19.2"], &["npm install"]);
    check(&["pnpm add express"], &["pnpm install"]);
    check(&["npm install", "npm install express"], &["npm install"]);
    check(&["npm install express", "npm install cors"], &["npm install"]);
    check(&["npm install express && npm test"], &["npm install && npm test"]);
}

#[test]
fn unlisted_packages_are_new() {
    for install in [
        "npm install koa",
        "npm install express koa",
        "npm install express@5",
        "npm install -g express",
        "npm install $PACKAGE",
        "npm install ./express",
        "npm install --omit=dev nodemon",
        "npm install --prefix server express",
    ] {
        check(&[install], &[install]);
    }
}

#[test]
fn managers_that_take_the_newest_need_a_proof() {
    let file = lines("|FROM node:22\n|WORKDIR /app\n|COPY . .\n|RUN yarn add express\n|CMD [\"node\", \"a.js\"]");
    let (inputs, evidence) = project(&file, &[("package.json", SHOP), ("a.js", "x")]);
    let done = optimize(&inputs, 0, &evidence, &options_of_pass("declared-packages"));
    assert_eq!(done.result()[0].text(), file);
    let refusals: Vec<_> = done.levels.iter().flat_map(|level| &level.refusals).collect();
    assert!(refusals.iter().any(|refusal| refusal.why.contains("installs the newest versions")), "{refusals:?}");
    let old = lines("|FROM node:14\n|WORKDIR /app\n|COPY . .\n|RUN npm install express\n|CMD [\"node\", \"a.js\"]");
    let (inputs, evidence) = project(&old, &[("package.json", SHOP), ("a.js", "x")]);
    assert_eq!(optimize(&inputs, 0, &evidence, &options_of_pass("declared-packages")).result()[0].text(), old);
    // A lock file may hold other versions.
    let lock = ("package-lock.json", r#"{"lockfileVersion":3,"packages":{"":{}}}"#);
    let named = lines("|FROM node:22\n|WORKDIR /app\n|COPY . .\n|RUN npm install express\n|CMD [\"node\", \"a.js\"]");
    let (inputs, evidence) = project(&named, &[("package.json", SHOP), lock, ("a.js", "x")]);
    let done = optimize(&inputs, 0, &evidence, &options_of_pass("declared-packages"));
    let steps: Vec<_> = done.levels.iter().flat_map(|level| &level.steps).collect();
    assert_eq!(steps[0].assumptions[0].support, Support::Open, "{steps:?}");
}

#[test]
fn an_earlier_install_of_a_part_goes_with_its_options_kept() {
    check(&["pnpm install --production --ignore-scripts", "pnpm install express"], &["pnpm install --ignore-scripts"]);
    check(&["npm install --production", "npm install nodemon"], &["npm install"]);
    // What else stands in its RUN has to stay, and so do both.
    let both = ["npm install --production && npm test", "npm install express"];
    check(&both, &both);
}
