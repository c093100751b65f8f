//! `schemas/settings.schema.json`: what editors know of dockopt.toml is what dockopt reads.

use serde_json::{Map, Value, json};

use crate::dockopt::Dockopt;
use crate::fixtures::keeps_schema;

const SCHEMA: &str = "schemas/settings.schema.json";

/// A text or a list of strings.
fn texts(what: &str) -> Value {
    json!({ "description": what, "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] })
}

fn severities(more: &[&str]) -> Value {
    json!(["error", "warning", "info", "style"].iter().chain(more).collect::<Vec<_>>())
}

/// `[rules.NAME]`: each rule with its options, and any alias, category or group.
fn rules() -> Value {
    let severity = json!({ "enum": severities(&["off"]), "description": "`off`: the rule does not run." });
    let mut properties = Map::new();
    for rule in dockopt::rules::ALL.iter() {
        let metadata = rule.metadata();
        let mut options = Map::from_iter([("severity".to_owned(), severity.clone())]);
        for (name, kind) in &metadata.options {
            let option = match kind.name() {
                "flag" => json!({ "type": "boolean" }),
                "number" => json!({ "type": "integer", "minimum": 0 }),
                _ => texts(""),
            };
            options.insert((*name).to_owned(), option);
        }
        properties.insert(
            rule.name.to_owned(),
            json!({ "type": "object", "description": metadata.summary, "properties": options, "additionalProperties": false }),
        );
    }
    json!({
        "type": "object",
        "description": "Severities and options of rules; an alias, a category or a group has a severity only.",
        "properties": properties,
        "additionalProperties": { "type": "object" },
    })
}

/// The keys that hold for all Dockerfiles, and in `[[paths]]` for some.
fn layer() -> Map<String, Value> {
    let label = json!({ "enum": ["text", "url", "rfc3339", "semver", "hash", "spdx", "email"] });
    let Value::Object(layer) = json!({
        "select": texts("The rules that run, in place of the default: names, aliases, categories, groups, `default`, `all`."),
        "extend-select": texts("Rules that run in addition."),
        "fail-on": {
            "enum": severities(&["none"]),
            "description": "The exit code is 1 if a finding has at least this severity.",
        },
        "shellcheck": { "type": "boolean", "description": "Whether to check the scripts of RUN with ShellCheck, which must be installed." },
        "require-reason": { "type": "boolean", "description": "Whether each suppression says why." },
        "inline-ignores": { "type": "boolean", "description": "Whether comments hide findings." },
        "public-values": texts("Values that look like secrets and are none."),
        "trusted-registries": texts("Registries that images may come from."),
        "rules": rules(),
        "labels": {
            "type": "object",
            "properties": {
                "strict": { "type": "boolean", "description": "Whether an image may have no other labels." },
                "schema": { "type": "object", "additionalProperties": label },
            },
            "additionalProperties": false,
        },
    }) else {
        unreachable!("an object")
    };
    layer
}

fn budget() -> Value {
    let bytes =
        json!({ "type": ["integer", "string"], "description": "Bytes: a number, or a string such as \"400 MB\"." });
    let share =
        json!({ "type": ["number", "string"], "description": "A number from 0 to 1, or a string such as \"5 %\"." });
    let growth = json!({ "type": ["integer", "string"] });
    let time =
        json!({ "type": ["number", "string"], "description": "Seconds: a number, or a string such as \"2 min\"." });
    let Value::Object(keys) = json!({
        "max-size": bytes, "max-pull-size": bytes, "max-added-size": bytes, "max-layer-size": bytes,
        "max-layers": { "type": "integer", "minimum": 0 },
        "max-waste": bytes, "max-waste-ratio": share, "min-efficiency": share,
        "max-growth": { "anyOf": [growth, { "type": "array", "items": growth }] },
        "growth-label": { "type": "string", "description": "The label of a pull request that allows any growth." },
        "max-build-time": time, "max-rebuild-time": time,
        "max-findings": { "type": "integer", "minimum": 0 }, "max-new-findings": { "type": "integer", "minimum": 0 },
        "max-category": { "type": "object", "additionalProperties": bytes },
        "max-package": { "type": "object", "additionalProperties": bytes },
        "forbid-paths": texts("Globs of paths that must not be in the image."),
        "forbid-secrets": { "type": "boolean" },
        "ignore": texts("Globs of paths that are not counted."),
        "ignore-base": { "type": "boolean" },
        "baseline": { "type": "string" },
    }) else {
        unreachable!("an object")
    };
    let mut section = keys.clone();
    section.insert("match".to_owned(), texts("Globs of image names."));
    let section = json!({
        "type": "object", "required": ["match"], "properties": section, "additionalProperties": false,
    });
    let mut all = keys;
    all.insert("images".to_owned(), json!({ "type": "array", "items": section }));
    json!({ "type": "object", "properties": all, "additionalProperties": false })
}

fn optimize() -> Value {
    let passes: Vec<&str> = dockopt::optimize::passes().map(|pass| pass.id).collect();
    let pass = json!({ "enum": passes });
    let entry = json!({
        "type": "object",
        "properties": {
            "pass": pass,
            "path": texts("Globs of the Dockerfiles."),
            "reason": { "type": "string" },
            "date": { "type": "string", "description": "The day of the proof, YYYY-MM-DD." },
        },
        "required": ["pass"],
        "additionalProperties": false,
    });
    let list = json!({ "type": "array", "items": { "anyOf": [pass, entry] } });
    json!({
        "type": "object",
        "properties": { "skip": { "description": "Passes that `dockopt optimize` leaves out.", "anyOf": [pass, list] } },
        "additionalProperties": false,
    })
}

fn schema() -> Value {
    let mut paths = layer();
    paths.insert("match".to_owned(), texts("Globs of the Dockerfiles that the section applies to."));
    paths.insert("ignore".to_owned(), texts("Rules that do not run."));
    let entry = json!({
        "type": "object",
        "properties": {
            "rule": texts("The rules that the suppression hides."), "rules": texts("The rules that the suppression hides."),
            "path": texts("Globs of the Dockerfiles."),
            "until": { "type": "string", "description": "The last day, YYYY-MM-DD." },
            "reason": { "type": "string" },
        },
        "anyOf": [{ "required": ["rule"] }, { "required": ["rules"] }],
        "additionalProperties": false,
    });
    let mut top = layer();
    top.insert("extends".to_owned(), texts("Settings files with lower precedence."));
    top.insert("exclude".to_owned(), texts("Files and folders that are passed over when a folder is searched."));
    top.insert("groups".to_owned(), json!({ "type": "object", "additionalProperties": texts("") }));
    top.insert("budget".to_owned(), budget());
    top.insert("optimize".to_owned(), optimize());
    let section =
        json!({ "type": "object", "required": ["match"], "properties": paths, "additionalProperties": false });
    top.insert("paths".to_owned(), json!({ "type": "array", "items": section }));
    top.insert(
        "ignore".to_owned(),
        json!({
            "description": "Rules that do not run, and entries that hide findings.",
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "anyOf": [{ "type": "string" }, entry] } },
            ],
        }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://github.com/dockopt/dockopt/blob/main/schemas/settings.schema.json",
        "title": "dockopt.toml",
        "type": "object",
        "properties": top,
        "additionalProperties": false,
    })
}

#[test]
fn the_schema_is_that_of_the_rules() {
    let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(SCHEMA, &text).unwrap();
    }
    assert!(std::fs::read_to_string(SCHEMA).unwrap() == text, "run the test with BLESS=1 to write {SCHEMA}");
}

/// A value of the kind that a schema asks for.
fn sample(schema: &Value) -> toml::Value {
    if let Some(words) = schema["enum"].as_array() {
        return words[0].as_str().unwrap().into();
    }
    if let Some(kinds) = schema["anyOf"].as_array() {
        return sample(&kinds[0]);
    }
    match schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap() {
        "boolean" => true.into(),
        "integer" => 1.into(),
        "number" => 0.5.into(),
        "string" => "root-user".into(),
        "array" => toml::Value::Array(vec![sample(&schema["items"])]),
        "object" => {
            let required = schema["required"].as_array().into_iter().flatten();
            let keys = required.map(|key| key.as_str().unwrap());
            toml::Value::Table(keys.map(|key| (key.to_owned(), sample(&schema["properties"][key]))).collect())
        }
        other => panic!("{other}"),
    }
}

/// Each key of an object's schema, alone in a file.
fn documents(schema: &Value, wrap: &dyn Fn(toml::Table) -> toml::Table, out: &mut Vec<toml::Table>) {
    for (key, inner) in schema["properties"].as_object().unwrap() {
        if key == "extends" {
            // It names files that have to be there.
            continue;
        }
        let mut table = toml::Table::new();
        if let Some(required) = schema["required"].as_array() {
            for key in required {
                let key = key.as_str().unwrap();
                table.insert(key.to_owned(), sample(&schema["properties"][key]));
            }
        }
        table.insert(key.clone(), sample(inner));
        out.push(wrap(table));
        if inner["properties"].is_object() && key != "rules" {
            let wrap = |table: toml::Table| wrap(toml::Table::from_iter([(key.clone(), table.into())]));
            documents(inner, &wrap, out);
        }
        if inner["items"]["properties"].is_object() {
            let required = inner["items"]["required"].as_array().into_iter().flatten().map(|key| key.as_str().unwrap());
            let required: Vec<_> =
                required.map(|key| (key.to_owned(), sample(&inner["items"]["properties"][key]))).collect();
            let list = |table: toml::Table| {
                let whole: toml::Table = required.iter().cloned().chain(table).collect();
                toml::Value::Array(vec![whole.into()])
            };
            let wrap = |table: toml::Table| wrap(toml::Table::from_iter([(key.clone(), list(table))]));
            documents(&inner["items"], &wrap, out);
        }
    }
}

#[test]
fn every_key_of_the_schema_is_read_and_no_other_is_allowed() {
    let schema = schema();
    let mut all = Vec::new();
    documents(&schema, &|table| table, &mut all);
    assert!(all.len() > 45, "{}", all.len());
    let text = schema.to_string();
    for table in all {
        let settings = toml::to_string(&table).unwrap();
        let dockopt = Dockopt::new().file("Dockerfile", "FROM scratch\n").file("dockopt.toml", &settings);
        let ran = dockopt.args(["lint", "--fail-on=none"]).run();
        assert!(!ran.stderr.contains("unknown ") && !ran.stderr.contains("expected "), "{settings}\n{}", ran.stderr);
        keeps_schema(&text, &serde_json::to_value(&table).unwrap());
    }
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for wrong in [
        json!({ "slect": ["all"] }),
        json!({ "fail-on": "off" }),
        json!({ "rules": { "root-user": { "severity": "of" } } }),
        json!({ "rules": { "root-user": { "no-such-option": 1 } } }),
        json!({ "paths": [{ "select": [] }] }),
        json!({ "ignore": [{ "reason": "none" }] }),
        json!({ "optimize": { "skip": ["no-such-pass"] } }),
        json!({ "optimize": { "skip": [{ "reason": "none" }] } }),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}
