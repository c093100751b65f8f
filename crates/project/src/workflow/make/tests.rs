#![allow(clippy::unwrap_used)] // Every function here serves a test.

use super::*;

fn workflow(text: &str) -> Workflow {
    read("Makefile", &Source::of("Makefile", text), &|file| {
        (file == "docker.mk").then(|| Source::of("docker.mk", "NAME = web\npush:\n\tdocker push $(NAME)\n"))
    })
}

fn check(text: &str, expected: &[(&str, &[&str])]) {
    let workflow = workflow(text);
    let scripts = |job: &Job| job.steps.iter().map(|step| step.script.as_ref().unwrap().text.text.clone()).collect();
    let jobs: Vec<(String, Vec<String>)> = workflow.jobs.iter().map(|job| (job.id.clone(), scripts(job))).collect();
    let expected: Vec<(String, Vec<String>)> = expected
        .iter()
        .map(|(id, lines)| ((*id).to_owned(), lines.iter().map(|l| (*l).to_owned()).collect()))
        .collect();
    assert_eq!(jobs, expected, "{text}");
}

#[test]
fn rules_are_jobs() {
    check(
        "IMAGE := acme/web\nTAG ?= latest\n.PHONY: build\nbuild: deps ## Builds it\n\t@docker build -t $(IMAGE):$(TAG) .\n\t-echo $$HOME\n",
        &[("build", &["docker build -t acme/web:$(TAG) .", "echo $HOME"])],
    );
    check("a: ; docker build .\nb:: a\n\ttrue\n", &[("a", &["docker build ."]), ("b", &["true"])]);
    check("up:\n\tdocker compose \\\n\t  up -d\n\nx = 1\n\tno\n", &[("up", &["docker compose \\\n  up -d"])]);
    check("define x\na:\n\tb\nendef\nifeq ($(A),b)\nF = c\nendif\nt:\n\t$(F) $@\n", &[("t", &["$(F) $@"])]);
    check("include docker.mk\na:\n\techo $(NAME)\n", &[("a", &["echo web"]), ("push", &["docker push web"])]);
    check("NAME = web\ninclude other.mk\na:\n\techo $(NAME)\n", &[("a", &["echo $(NAME)"])]);
    check("a: X = 1\na: b\n\t$(X)\n", &[("a", &["$(X)"])]);
    check(".ONESHELL:\na:\n\t@cd web\n\tdocker build .\n", &[("a", &["cd web\ndocker build ."])]);
    check("SHELL := /usr/bin/python3\na:\n\tprint(1)\n", &[("a", &[])]);
    check("A = $(B)\nB = $(A)\na:\n\t$(A)", &[("a", &["$(A)"])]);
}

#[test]
fn places_are_those_of_the_file() {
    let text = "X := docker compose\n# Starts it\nup down: certs | net\n\t@$(X) \\\n\t  up -d $(shell date) web\n";
    let workflow = workflow(text);
    let job = &workflow.jobs[0];
    assert_eq!(&text[job.place.span.range()], "up");
    assert_eq!(job.needs, ["certs", "net"]);
    let recipe = job.recipe.as_ref().unwrap();
    assert_eq!((&*recipe.comment, &recipe.aliases[..]), ("Starts it\n", &["down".to_owned()][..]));
    let script = job.steps[0].script.as_ref().unwrap();
    let invocations = script.commands().invocations();
    assert!(invocations[0].is("docker"));
    let words = invocations[0].args.iter().map(|word| &text[script.text.place_of(word.span).span.range()]);
    assert_eq!(words.collect::<Vec<_>>(), ["$(X)", "up", "-d", "$(shell date)", "web"]);
}

#[test]
fn hostile_makefiles_are_read_in_short_time() {
    for text in ["a:\n\t$(", "$(", "a: b\n\t\\\n", ":\n\tx\n", "=", "a:\r\n\tb\r\n", "\t\t", "é:\n\té$é\n"] {
        drop(workflow(text));
    }
    for piece in ["a:\n\t$(A)\n", "A = $(A)$(A)\n", "\t$(", "include x\n", "\\\n", "a:$(b\n"] {
        drop(workflow(&piece.repeat(20_000)));
    }
}
