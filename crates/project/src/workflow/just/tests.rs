#![allow(clippy::unwrap_used)] // Every function here serves a test.

use super::*;

fn workflow(text: &str) -> Workflow {
    let file = |name: &str| match name {
        "docker.just" => Some("push:\n    docker push {{image}}\n"),
        "deploy/mod.just" => Some("x := 'y'\nup: check\n    echo {{x}} {{image}}\ncheck:\n"),
        "loop/mod.just" => Some("mod loop '../loop'\nimport '../justfile'\na:\n"),
        _ => None,
    };
    read("justfile", &Source::of("justfile", text), &|name| Some(Source::of(name, file(name)?)))
}

#[track_caller]
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
fn recipes_are_jobs() {
    check(
        "image := 'acme/' + name\nname := \"web\"\nbuild tag='1': deps\n    @docker build -t {{ image }}:{{tag}} .\n    -echo {{{{x}}\n",
        &[("build", &["docker build -t acme/web:{{tag}} .", "echo {{x}}"])],
    );
    check(
        "a:\n    docker \\\n      build .\n\n    b\nc:\nd:\n\te\n",
        &[("a", &["docker build .", "b"]), ("c", &[]), ("d", &["e"])],
    );
    check(
        "a:\n    #!/usr/bin/env bash\n    set -e\n      b {{x}}\n",
        &[("a", &["#!/usr/bin/env bash\nset -e\n  b {{x}}\n"])],
    );
    check("a:\n    #!/usr/bin/env python3\n    print(1)\n", &[("a", &[])]);
    check("set shell := ['pwsh', '-c']\na:\n    b\n", &[("a", &[])]);
    check("[script('bash')]\na:\n    b\n    c\n", &[("a", &["b\nc\n"])]);
    check("x := env('X', 'y')\nz := `date`\na x:\n    {{x}}{{z}}\n", &[("a", &["{{x}}{{z}}"])]);
    check("image := 'a'\nimport 'docker.just'\n", &[("push", &["docker push a"])]);
    check("image := 'a'\nmod deploy\n", &[("deploy::up", &["echo y {{image}}"]), ("deploy::check", &[])]);
    check("mod loop\n", &[("loop::a", &[])]);
    check("a := a + a\nb:\n    {{a}}\n", &[("b", &["{{a}}"])]);
}

#[test]
fn places_are_those_of_the_file() {
    let text = "c := \"docker compose -f a.yml\"\r\n\r\n# Starts it\r\n[private, confirm('sure?')]\r\nup *services: certs (net 'x') && mod::log\r\n    {{c}} up {{services}} web\r\nalias u := up\r\n";
    let workflow = workflow(text);
    let job = &workflow.jobs[0];
    assert_eq!(&text[job.place.span.range()], "up");
    assert_eq!(job.needs, ["certs", "net", "mod::log"]);
    let recipe = job.recipe.as_ref().unwrap();
    assert_eq!((&*recipe.comment, &recipe.aliases[..]), ("Starts it\n", &["u".to_owned()][..]));
    assert_eq!(recipe.attributes, ["private", "confirm"]);
    let script = job.steps[0].script.as_ref().unwrap();
    let invocations = script.commands().invocations();
    let words = invocations[0].args.iter().map(|word| &text[script.text.place_of(word.span).span.range()]);
    assert_eq!(words.collect::<Vec<_>>(), ["{{c}}", "{{c}}", "{{c}}", "up", "{{services}}", "web"]);
}

#[test]
fn uses_of_parameters_are_seen() {
    let check = |text: &str, expected: &[(&str, bool)]| {
        let workflow = workflow(text);
        let parameters = workflow.jobs.iter().flat_map(|job| &job.recipe.as_ref().unwrap().parameters);
        let used: Vec<_> = parameters.map(|parameter| (&*parameter.name, parameter.is_used)).collect();
        assert_eq!(used, expected, "{text}");
    };
    check("a b c:\n    {{b}}\n", &[("b", true), ("c", false)]);
    check("a b c=b: (d c)\n    x\n", &[("b", true), ("c", true)]);
    check("a $b:\n    x\n", &[("b", true)]);
    check("set positional-arguments\na b:\n    x $1\n", &[("b", true)]);
    check("set export\na b:\n    x\n", &[("b", true)]);
    check("a b=('x' + f('y')) c='z':\n    x {{ uppercase(c) }}\n", &[("b", false), ("c", true)]);
}

#[test]
fn folders_are_those_of_the_justfile() {
    let folder = |file: &str, text: &str| {
        let workflow = read(file, &Source::of(file, text), &|_| None);
        workflow.jobs[0].steps[0].folder.as_ref().map_or(String::new(), |folder| folder.text.clone())
    };
    assert_eq!(folder("justfile", "a:\n    b\n"), "");
    assert_eq!(folder("web/Justfile", "a:\n    b\n"), "web");
    assert_eq!(folder("web/docker.just", "a:\n    b\n"), "$");
    assert_eq!(folder("justfile", "[no-cd]\na:\n    b\n"), "$");
    assert_eq!(folder("justfile", "[working-directory: 'x']\na:\n    b\n"), "x");
    assert_eq!(folder("justfile", "set working-directory := 'x'\na:\n    b\n"), "x");
}

#[test]
fn hostile_justfiles_are_read_in_short_time() {
    for text in
        ["a:\n    {{", "'", "a:\n    {{}}", "[\n", "[a]\n", ":\n  x\n", "a b=\n", "\\\r", "\\\ré", "a:\r\n  é{{é}}\r\n"]
    {
        drop(workflow(text));
    }
    for piece in ["a:\n    {{a}}\n", "a := a + a\n", "x (\n", "{{", "import 'x'\n", "mod x\n", "'''", "a: (a\n"] {
        drop(workflow(&piece.repeat(20_000)));
    }
}
