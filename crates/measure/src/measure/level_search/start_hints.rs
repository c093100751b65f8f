//! How the original is started where its image alone does not tell, and what a user may try where nothing works.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::floor::ProofInput;
use crate::build::Build;
use crate::compose::ServiceRun;
use crate::data;
use crate::dockerfile::Keyword;
use crate::manifest::{FileKind, FileRole};
use crate::measure::trial::TrialRequest;
use crate::proof::{SettledState, Start};
use crate::sources::variables::variable_reads;

/// Names of variables that are looked for in what a program says.
const VARIABLES: usize = 2_000;

/// Variables with addresses that are named.
const ADDRESSES: usize = 4;

/// Stages that are named.
const STAGES: usize = 3;

/// As a service of a compose file: with its variables, and with its command where the Dockerfile has none.
pub(super) fn as_service(ground: &ProofInput<'_>, wanted: &TrialRequest) -> Option<(String, TrialRequest)> {
    let starts = ground.inputs.builds.get(ground.build).is_some_and(|input| {
        let build = Build::new(input);
        build.target().is_some_and(|target| build.chain(target).any(|stage| starts_something(&build, stage)))
    });
    let has_command = |run: &ServiceRun| run.command.is_some() || run.entrypoint.is_some();
    let run = ground.runs.iter().min_by_key(|run| (has_command(run) == starts, !run.is_published))?;
    let mut other = wanted.clone();
    let known: BTreeSet<&str> = wanted.environment.iter().filter_map(|variable| variable.split('=').next()).collect();
    let mut names = Vec::new();
    for (name, value) in run.environment.iter().filter(|(name, _)| !known.contains(&**name)) {
        let Some(value) = value else { continue };
        names.push(format!("`{name}`"));
        other.environment.push(format!("{name}={value}"));
    }
    let mut parts = Vec::new();
    if !starts && has_command(run) {
        (other.entrypoint, other.command) = (run.entrypoint.clone(), run.command.clone());
        other.workdir.clone_from(&run.workdir);
        let words: Vec<&str> = run.entrypoint.iter().chain(&run.command).flatten().map(String::as_str).collect();
        parts.push(format!("the command `{}`", words.join(" ")));
    }
    if !names.is_empty() {
        parts.push(names.join(", "));
    }
    let description = format!("`{}` of {}, with {}", run.service, run.file, parts.join(" and "));
    (!parts.is_empty()).then_some((description, other))
}

/// Options that may help where the original shows no program that works.
pub(super) fn advice(ground: &ProofInput<'_>, start: &Start) -> Vec<String> {
    if !start.unset.is_empty() {
        return start.unset.iter().map(|name| format!("-e {name}=…")).collect();
    }
    let mut all: Vec<String> = Vec::new();
    let is_named =
        |name: &str| start.log.split(|c: char| !c.is_alphanumeric() && !"-_".contains(c)).any(|word| word == name);
    for (name, image) in ground.runs.iter().flat_map(|run| &run.companions).filter(|(name, _)| is_named(name)) {
        let option = format!("--service {name}={image}");
        if !all.contains(&option) {
            all.push(option);
        }
    }
    if all.is_empty() {
        all.extend(addresses(ground, &start.log).into_iter().map(|name| format!("-e {name}=…")));
    }
    all.extend(targets(ground));
    let is_silent = matches!(start.stood, SettledState::NotStarted(_) | SettledState::Ended { code: 0, .. });
    if all.is_empty() && is_silent {
        all.push("--run COMMAND".to_owned());
    }
    all
}

/// Variables by which the program finds servers, where it says that it reaches none.
fn addresses(ground: &ProofInput<'_>, log: &str) -> BTreeSet<String> {
    let mut messages = data::PROGRAM_MESSAGES.rows().filter(|row| row[1] == "unreachable server");
    if !messages.any(|row| log.contains(row[0])) {
        return BTreeSet::new();
    }
    let texts = ground.evidence.texts.iter().filter(|(path, _)| FileKind::of(path).role() == FileRole::Program);
    let reads = texts.flat_map(|(path, text)| variable_reads(path, text).reads);
    let is_address = |name: &String| {
        let is_for_others = data::ADDRESS_WORDS.with("for-others").any(|word| name.contains(word));
        !is_for_others && data::ADDRESS_WORDS.with("address").any(|end| name.ends_with(end))
    };
    reads.map(|read| read.name).filter(is_address).take(ADDRESSES).collect()
}

/// Stages that start something beside the one that is built.
pub(super) fn targets(ground: &ProofInput<'_>) -> Vec<String> {
    let Some(input) = ground.inputs.builds.get(ground.build) else { return Vec::new() };
    let build = Build::new(input);
    let Some(target) = build.target() else { return Vec::new() };
    let chain: BTreeSet<usize> = build.chain(target).map(|stage| stage.index).collect();
    let others = build.stages().iter().rev().filter(|stage| !chain.contains(&stage.index));
    let starting = others.filter(|stage| starts_something(&build, stage)).filter_map(|stage| stage.name.as_ref());
    starting.take(STAGES).map(|name| format!("--target {name}")).collect()
}

fn starts_something(build: &Build<'_>, stage: &crate::build::Stage) -> bool {
    build.instructions(stage).any(|(_, instruction)| matches!(instruction.keyword, Keyword::Cmd | Keyword::Entrypoint))
}

/// Names of variables that sources, environment files and compose files speak of.
pub(super) fn variables(ground: &ProofInput<'_>) -> BTreeSet<String> {
    static NAMES: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"(?:\benv\.|\benv(?:iron)?(?:\.get)?[(\[]["']|\b[Gg]etenv\(["'])([A-Z][A-Z0-9_]+)|\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b"#).ok()
    });
    let mut all: BTreeSet<String> =
        ground.evidence.services.iter().flat_map(|service| service.environment.clone()).collect();
    all.extend(ground.runs.iter().flat_map(|run| &run.environment).map(|(name, _)| name.clone()));
    let Some(names) = &*NAMES else { return all };
    for text in ground.evidence.texts.values() {
        for captures in names.captures_iter(text).take(VARIABLES) {
            all.extend(captures.get(1).or_else(|| captures.get(2)).map(|name| name.as_str().to_owned()));
        }
    }
    all
}
