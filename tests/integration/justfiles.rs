//! The reader of justfiles against `just` itself, where it is installed; `DOCKOPT_JUST` names it.

use std::collections::BTreeMap;
use std::process::Command;

use dockopt::text::Source;
use dockopt::workflow;
use serde_json::Value;

/// Justfiles with all that the reader knows of.
const JUSTFILES: [&str; 4] = [
    include_str!("../../fixtures/task-tracker/justfile"),
    "set shell := [\"bash\", \"-uc\"]\nset dotenv-load\nimage := 'acme/' + name\nname := \"web\"\nexport TAG := `echo 1`\n\n# Builds it\n[group('docker')]\n[private]\nbuild target='prod' *args: (check target) && push\n    @docker build --target {{target}} -t {{ image }} {{args}} .\n    -echo \\\n      {{{{ done\n\nalias b := build\ncheck t:\n    test -n {{t}}\npush:\n",
    "_default:\n  @just --list\n\n[confirm(\"really?\")]\nreset $force=\"\":\n\t#!/usr/bin/env bash\n\tset -e\n\tif [ -n \"$force\" ]; then\n\t  docker compose down -v\n\tfi\n\n[unix]\nrun +words=('a' + 'b'): _default\n  echo {{words}} # {{ uppercase(words) }}\n",
    "x := if os() == \"linux\" { \"a:b\" } else { 'c' }\n@quiet a=x b=(x / 'd'):\n    echo {{a}}{{b}}\n\nq: (quiet \"a:b\" 'c') quiet\n    echo '''a\n    echo :=\n",
];

#[test]
fn recipes_are_those_that_just_reads() {
    let program = std::env::var_os("DOCKOPT_JUST").unwrap_or_else(|| "just".into());
    for text in JUSTFILES {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("justfile"), text).unwrap();
        let mut just = Command::new(&program);
        let dump = just.args(["--dump", "--dump-format", "json"]).current_dir(folder.path()).output();
        let Ok(dump) = dump else {
            println!("skipped: just is not installed");
            return;
        };
        assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
        let dump: Value = serde_json::from_slice(&dump.stdout).unwrap();
        assert_eq!(read_recipes(text), dumped(&dump), "{text}");
    }
}

/// A recipe's parameters, dependencies, attributes, aliases, and its last line of comment.
type RecipeParts = (Vec<String>, Vec<String>, Vec<String>, Vec<String>, String);

fn read_recipes(text: &str) -> BTreeMap<String, RecipeParts> {
    let workflow = workflow::read("justfile", &Source::of("justfile", text), &|_| None, None).unwrap();
    let parts = |job: &workflow::Job| {
        let recipe = job.recipe.clone().unwrap_or_default();
        let parameters = recipe.parameters.iter().map(|parameter| parameter.name.clone()).collect();
        let mut attributes = recipe.attributes;
        attributes.sort();
        let comment = recipe.comment.lines().last().unwrap_or_default().to_owned();
        (parameters, job.needs.clone(), attributes, recipe.aliases, comment)
    };
    workflow.jobs.iter().map(|job| (job.id.clone(), parts(job))).collect()
}

fn dumped(dump: &Value) -> BTreeMap<String, RecipeParts> {
    let names = |list: &Value, key: &str| -> Vec<String> {
        list.as_array().unwrap().iter().map(|item| item[key].as_str().unwrap().to_owned()).collect()
    };
    let attribute = |value: &Value| match value {
        Value::String(name) => name.clone(),
        other => other.as_object().unwrap().keys().next().unwrap().clone(),
    };
    let recipes = dump["recipes"].as_object().unwrap().iter();
    let parts = |(name, recipe): (&String, &Value)| {
        let mut attributes: Vec<String> = recipe["attributes"].as_array().unwrap().iter().map(attribute).collect();
        attributes.sort();
        let aliases = dump["aliases"].as_object().unwrap().iter();
        let aliases = aliases.filter(|(_, alias)| alias["target"] == **name).map(|(alias, _)| alias.clone()).collect();
        let comment = recipe["doc"].as_str().unwrap_or_default().to_owned();
        let parts = (
            names(&recipe["parameters"], "name"),
            names(&recipe["dependencies"], "recipe"),
            attributes,
            aliases,
            comment,
        );
        (name.clone(), parts)
    };
    recipes.map(parts).collect()
}
