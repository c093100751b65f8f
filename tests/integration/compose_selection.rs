//! Which compose files are one project: `-f`, `COMPOSE_FILE`, overrides and parts; and the variables that they get.

use crate::dockopt::{Dockopt, Ran};

const BASE: &str = "services:\n  api:\n    image: example/api:1\n    depends_on: [db]\n  db:\n    image: postgres:17\n    environment: {POSTGRES_HOST_AUTH_METHOD: trust}\n    tmpfs: /var/lib/postgresql/data\n";
const PART: &str = "services:\n  api:\n    restart: always\n";

fn files() -> Dockopt {
    Dockopt::new().file("base.yaml", BASE).file("docker-compose.prod.yml", PART)
}

#[track_caller]
fn finds(ran: &Ran, expected: &[&str]) {
    let places: Vec<&str> = ran.stdout.lines().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(places, expected, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn files_named_together_are_one_project() {
    let arguments = ["compose", "check", "-f", "base.yaml", "-f", "docker-compose.prod.yml", "--format=oneline"];
    finds(&files().args(arguments).run().code(1), &["base.yaml:5:3"]);
    let arguments = ["compose", "fix", "-f", "base.yaml", "-f", "docker-compose.prod.yml", "--unsafe", "--write"];
    let ran = files().args(arguments).run().code(0);
    assert!(ran.read("base.yaml").contains("pg_isready") && ran.read("docker-compose.prod.yml") == PART);
    let ran = files().args(["compose", "graph", "-f", "base.yaml", "-f", "docker-compose.prod.yml"]).run().code(0);
    assert_eq!(ran.stdout.matches("start levels").count(), 1, "{}", ran.stdout);
    files().args(["compose", "check", "-f", "base.yaml", "."]).run().code(2);
}

#[test]
fn compose_file_names_the_files() {
    let list = "base.yaml:docker-compose.prod.yml";
    let check = ["compose", "check", "--format=oneline"];
    finds(&files().env("COMPOSE_FILE", list).args(check).run().code(1), &["base.yaml:5:3"]);
    let separated = files().env("COMPOSE_FILE", "base.yaml,docker-compose.prod.yml").env("COMPOSE_PATH_SEPARATOR", ",");
    finds(&separated.args(check).run().code(1), &["base.yaml:5:3"]);
    finds(&files().file(".env", format!("COMPOSE_FILE={list}\n")).args(check).run().code(1), &["base.yaml:5:3"]);
    // A path on the command line counts more.
    let ran = files().file("compose.yaml", "services: {a: {image: 'b:1'}}\n").env("COMPOSE_FILE", list);
    finds(&ran.args(["compose", "check", "compose.yaml", "--format=oneline"]).run().code(0), &[]);
}

#[test]
fn a_part_lacks_nothing() {
    // On top of the file beside it that has the rest.
    let beside = Dockopt::new().file("docker-compose.base.yml", BASE).file("docker-compose.prod.yml", PART);
    let ran = beside.args(["compose", "check", "docker-compose.prod.yml"]).run().code(0);
    assert!(ran.stdout.contains("nothing found") && ran.stderr.is_empty(), "{}{}", ran.stdout, ran.stderr);
    // Alone: nothing that fails, but a remark.
    for name in ["docker-compose.prod.yml", "docker-compose.override.yml"] {
        let ran = Dockopt::new().file(name, PART).args(["compose", "check"]).run().code(0);
        assert!(ran.stdout.contains(&format!("-f FILE -f {name}")), "{}", ran.stdout);
    }
    // A whole file is none.
    let ran = Dockopt::new().file("compose.yaml", PART).args(["compose", "check"]).run().code(1);
    assert!(ran.stdout.contains("error: the service `api` has neither"), "{}", ran.stdout);
}

#[test]
fn variables_come_from_the_named_file() {
    let text = "services:\n  a:\n    image: \"redis:${TAG:?which}\"\n";
    let check = |arguments: &[&str]| {
        let arguments = ["compose", "check"].iter().chain(arguments).copied();
        Dockopt::new().file("compose.yaml", text).file("v.env", "TAG=7\n").args(arguments).run()
    };
    assert!(check(&[]).code(0).stdout.contains("the required variable `TAG` is not set"));
    assert!(!check(&["--env-file", "v.env"]).stdout.contains("the required variable"));
    let ran = check(&["--env-file", "none.env"]).code(1);
    assert!(
        ran.stdout.contains("none.env` does not exist") && ran.stdout.contains("name another one"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_missing_file_is_told_of_once() {
    let text = "services:\n  a: {image: 'b:1', env_file: app.env}\n  c: {image: 'd:1', env_file: app.env}\n";
    let ran = Dockopt::new().file("compose.yaml", text).args(["compose", "check"]).run().code(1);
    assert_eq!(ran.stdout.matches("does not exist").count(), 1, "{}", ran.stdout);
}
