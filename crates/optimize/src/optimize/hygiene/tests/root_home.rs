//! What lies in root's home, which no other user may enter.

use crate::inputs::Service;
use crate::optimize::test_inputs::{optimize_to_level, project};
use crate::optimize::{Level, LevelLimit, Optimized, Options, optimize};

fn keeps_root(done: &Optimized) -> bool {
    let mut refusals = done.levels.iter().flat_map(|level| &level.refusals);
    let is_told = refusals.any(|refusal| refusal.pass == "non-root" && refusal.why.contains("below /root"));
    is_told && !done.result()[0].text().contains("USER")
}

const GO: &str = "package main\n\nfunc main() {\n\tprintln(1)\n}\n";

#[test]
fn a_program_in_the_home_of_root_keeps_root() {
    let head =
        "FROM golang:1.25-alpine AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o /out/main .\nFROM alpine:3.22\n";
    let file = [("main.go", GO), ("go.mod", "module a\n")];
    for tail in [
        "WORKDIR /root/\nCOPY --from=build /out/main .\nCMD [\"./main\"]\n",
        "WORKDIR /root\nCOPY --from=build /out/main /usr/local/bin/main\nCMD [\"main\"]\n",
        "WORKDIR /root/app\nCOPY --from=build /out/main ./bin/\nWORKDIR /srv\nCMD [\"main\"]\n",
        "RUN mkdir -p /root/app\nCMD [\"/root/app/main\"]\n",
        "RUN mkdir -p /root/app\nCMD cd /root/app && ./main\n",
    ] {
        let done = optimize_to_level(&format!("{head}{tail}"), &file, Level::Hygiene);
        assert!(keeps_root(&done), "{tail}: {}", done.result()[0].text());
    }
    let elsewhere = format!("{head}WORKDIR /app\nCOPY --from=build /out/main .\nCMD [\"./main\"]\n");
    assert!(optimize_to_level(&elsewhere, &file, Level::Hygiene).result()[0].text().contains("USER"));
}

#[test]
fn a_source_with_a_path_in_the_home_of_root_keeps_it() {
    let text = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nCMD [\"python\", \"app.py\"]\n";
    let done = optimize_to_level(text, &[("app.py", "PAGES = '/root/public'\n")], Level::Hygiene);
    assert!(keeps_root(&done), "{}", done.result()[0].text());
    for source in ["# see /root/public\n", "ROUTE = '/rooted/public'\n"] {
        let done = optimize_to_level(text, &[("app.py", source)], Level::Hygiene);
        assert!(done.result()[0].text().contains("USER app"), "{source}");
    }
}

#[test]
fn compose_may_start_a_container_in_the_home_of_root() {
    let text = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nCMD [\"python\", \"app.py\"]\n";
    for service in [
        Service { workdir: Some("/root/app".to_owned()), ..Service::default() },
        Service { command: Some("python /root/app/main.py".to_owned()), ..Service::default() },
        Service { mounts: vec!["/root/app".to_owned()], ..Service::default() },
    ] {
        let (inputs, mut evidence) = project(text, &[("app.py", "print(1)\n")]);
        evidence.services.push(Service { name: "web".to_owned(), ..service });
        let options = Options { level: LevelLimit::Up(Level::Hygiene), ..Options::new(&crate::rules::AllRules) };
        let done = optimize(&inputs, 0, &evidence, &options);
        assert!(keeps_root(&done), "{}", done.result()[0].text());
    }
}
