//! `dockopt debug`: bulk answers for tests, and what was parsed.

mod cache;
mod case;
mod compose;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use self::case::text;
use super::args::{Debug, Global};
use super::exit::{CLEAN, FAILED};
use super::output::{CommandFailure, print};
use super::terminal;
use crate::dockerfile;
use crate::dockerfile::Stage;
use crate::finding::Finding;
use crate::ignore;
use crate::load::{GatherRequest, SettingsSource, gather_texts, read_source};
use crate::report;
use crate::rules::AllRules;
use crate::rules::Policy;
use crate::settings::{Choice, LabelType, ResolvedSettings};
use crate::text::Source;

/// Bytes of a file of vectors.
const LIMIT: u64 = 1 << 30;

pub(super) fn run(global: &Global, command: &Debug) -> Result<u8, CommandFailure> {
    match command {
        Debug::Vectors { kind, file } => vectors(global, kind, file),
        Debug::Syntax { file } => {
            let source = read_source(file, crate::load::DOCKERFILE_LIMIT)?;
            let syntax = report::syntax(&dockerfile::parse(&source).answer(Stage::Dispatch));
            print(global, &format!("{syntax}\n"))?;
            Ok(CLEAN)
        }
        Debug::Compose(project) => compose::run(global, project),
    }
}

/// One answer per case: the same `id`, in the order of the file. A line without an `id` is a header that holds for the
/// cases behind it and has no answer.
fn vectors(global: &Global, kind: &str, file: &Path) -> Result<u8, CommandFailure> {
    let Some(answer) = answerer(kind) else { return Err(unknown(kind)) };
    let source = read_source(file, LIMIT)?;
    let mut header = Value::Null;
    let mut out = String::new();
    let mut failed = false;
    if let Some(cases) = compose::cases(&source) {
        for case in cases {
            out.push_str(&answer(&header, &case).to_string());
            out.push('\n');
        }
        print(global, &out)?;
        return Ok(CLEAN);
    }
    for (index, line) in source.text().lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<Value>(line) {
            Ok(case) if case.get("id").is_some() => {
                out.push_str(&answer(&header, &case).to_string());
                out.push('\n');
            }
            Ok(other) => header = other,
            Err(error) => {
                failed = true;
                terminal::error(global, &format!("`{}`:{}: {error}", file.display(), index + 1), None);
            }
        }
    }
    print(global, &out)?;
    Ok(if failed { FAILED } else { CLEAN })
}

fn unknown(kind: &str) -> CommandFailure {
    let help = Some("the kinds are parse, expand, ignore, lint, cache, compose".to_owned());
    CommandFailure::Because { what: format!("unknown kind of vectors `{kind}`"), help }
}

/// Header and case ─► the answer's object.
type DebugAnswer = fn(&Value, &Value) -> Value;

fn answerer(kind: &str) -> Option<DebugAnswer> {
    match kind {
        "parse" => Some(parse),
        "expand" => Some(expand),
        "ignore" => Some(ignore),
        "lint" => Some(lint),
        "cache" => Some(cache::answer),
        "compose" => Some(compose::answer),
        _ => None,
    }
}

fn parse(_: &Value, case: &Value) -> Value {
    let source = Source::of("Dockerfile", text(case, "input"));
    let answer = dockerfile::parse(&source).answer(stage_reached(case));
    json!({ "id": case["id"], "actual": report::syntax(&answer) })
}

/// How far the front end went when the case was observed: the mutated cases end before stages are put together, and
/// then there are none in what was seen.
fn stage_reached(case: &Value) -> Stage {
    let mutated = match case.get("expected") {
        Some(expected) => expected.get("stages").is_none(),
        None => text(case, "id").starts_with("fuzz"),
    };
    if mutated { Stage::Instruction } else { Stage::Dispatch }
}

fn expand(header: &Value, case: &Value) -> Value {
    let env = case.get("env").or_else(|| header.get("env")).and_then(Value::as_object);
    let pairs = env.into_iter().flatten().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let env: BTreeMap<String, String> = pairs.collect();
    let escape = text(case, "escape").chars().next().unwrap_or('\\');
    match dockerfile::expand::answer(text(case, "word"), &env, escape, text(case, "mode")) {
        Ok(actual) => json!({ "id": case["id"], "actual": actual, "error": null }),
        Err(error) => json!({ "id": case["id"], "actual": null, "error": error }),
    }
}

fn ignore(header: &Value, case: &Value) -> Value {
    let tree = || header.get("trees")?.get(case.get("tree")?.as_u64()? as usize);
    let paths = case.get("paths").or_else(tree).and_then(Value::as_array);
    let paths: Vec<String> = paths.into_iter().flatten().filter_map(|path| Some(path.as_str()?.to_owned())).collect();
    let sent = ignore::transfer(text(case, "text"), &paths);
    json!({ "id": case["id"], "included": sent.included, "error": sent.error.map(|error| error.to_string()) })
}

/// With every rule switched on, as `lint --select all` does; no context, no ignore file.
fn lint(_: &Value, case: &Value) -> Value {
    let source = Source::of("Dockerfile", text(case, "dockerfile"));
    let inputs = gather_texts(
        vec![(None, Ok(source))],
        &GatherRequest { configuration: SettingsSource::None, ..GatherRequest::new(&AllRules) },
    );
    let arguments = case.get("hadolint_args").and_then(Value::as_array).into_iter().flatten();
    let arguments: Vec<&str> = arguments.filter_map(Value::as_str).collect();
    let policy = Policy::new(settings_of_arguments(&arguments)).unwrap_or_default();
    let report = crate::audit::InputAudit::new(&inputs).lint(&policy.into());
    let mut findings: Vec<Value> = report.findings.iter().flat_map(codes_by_line).collect();
    for problem in report.problems.iter().filter(|problem| !problem.codes.is_empty()) {
        let line = problem.place.map(|place| place.line);
        findings.push(json!({ "rule": "problem", "aliases": problem.codes, "line": line }));
    }
    json!({ "id": case["id"], "findings": findings })
}

/// The settings that hadolint's arguments are equal to.
fn settings_of_arguments(arguments: &[&str]) -> ResolvedSettings {
    let mut choice = Choice { select: Some(vec!["all".to_owned()]), ..Choice::default() };
    // hadolint itself has these off until an argument gives them a severity.
    choice.ignore =
        ["DL1001", "DL3057"].into_iter().filter(|code| !arguments.contains(code)).map(str::to_owned).collect();
    let mut settings = ResolvedSettings { choices: vec![choice], ..ResolvedSettings::default() };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().copied().unwrap_or_default().to_owned();
        match *argument {
            "--trusted-registry" => settings.trusted_registries.get_or_insert_default().push(value()),
            "--require-label" => {
                let value = value();
                let (label, kind) = value.split_once(':').unwrap_or((&value, "text"));
                let kind = LabelType::ALL.into_iter().find(|known| known.name() == kind);
                settings.labels.get_or_insert_default().insert(label.to_owned(), kind.unwrap_or(LabelType::Text));
            }
            "--strict-labels" => settings.strict_labels = true,
            "--disable-ignore-pragma" => settings.no_inline = true,
            _ => {}
        }
    }
    settings
}

/// The codes of a finding by the lines where other linters report them.
fn codes_by_line(finding: &Finding) -> Vec<Value> {
    let mut lines: BTreeMap<Option<u32>, Vec<&str>> = BTreeMap::new();
    lines.entry(finding.instruction_line).or_default();
    for code in &finding.codes {
        lines.entry(code.line.or(finding.instruction_line)).or_default().push(code.name);
    }
    let row = |(line, aliases)| json!({ "rule": finding.rule, "aliases": aliases, "line": line });
    lines.into_iter().map(row).collect()
}
