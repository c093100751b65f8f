//! Rules about the tools of package managers in pipelines: versions that float, and caches that stay empty.

use std::collections::BTreeSet;

use super::references::texts_of;
use super::steps::is_self_hosted;
use crate::data::{self, Row};
use crate::finding::Findings;
use crate::rules::WorkflowContext;
use crate::shell::{Invocation, Word};
use crate::text::{Source, path};
use crate::workflow::{Job, PipelineKind, Step, WorkflowPlace};

crate::rules::family! {
    of_workflow
    "tool-version-floats" => tool_version_floats;
    "cached-path-not-written" => cached_path_not_written;
    "cache-key-without-lock" => cache_key_without_lock;
}

/// The actions that keep folders between runs.
const CACHES: [&str; 2] = ["actions/cache", "actions/cache/restore"];

/// Steps with a cache of one job, and paths of one step, that are looked at.
const STEPS: usize = 20;

/// The action that gives uv another folder.
const SETUP_UV: &str = "astral-sh/setup-uv";
const UV_CACHE: &str = ".cache/uv";

/// A tool that each run takes in its newest version.
fn tool_version_floats(cx: &WorkflowContext, out: &mut Findings) {
    if !cx.workflow().kind.is_pipeline() {
        return;
    }
    let mut tools: BTreeSet<&str> = BTreeSet::new();
    for (_, step) in cx.steps() {
        for (row, place) in floating(cx, step) {
            let Some(dockerfile) = dockerfile_with_version(cx, row[3]) else { continue };
            if !tools.insert(row[3]) {
                continue;
            }
            let message = format!(
                "{} comes in its newest version, and `{dockerfile}` names one: the tests run with another one than the image is built with",
                row[3]
            );
            let Some(finding) = cx.finding(place, message) else { continue };
            out.push(finding.help(match row[0] {
                "action" => format!(
                    "write `{}` with the version that the image has",
                    row[2].split(',').next().unwrap_or_default()
                ),
                _ => format!(
                    "name the version that the image has (`{} {}{}…`)",
                    row[2],
                    row[1],
                    if row[2].starts_with("npm") { "@" } else { "==" }
                ),
            }));
        }
    }
}

/// The first Dockerfile of the run that names a version of a tool: `ghcr.io/astral-sh/uv:0.9`, `poetry==2.1`, `pnpm@10`,
/// `POETRY_VERSION`.
fn dockerfile_with_version<'a>(cx: &WorkflowContext<'a, '_>, tool: &str) -> Option<&'a str> {
    let tool = tool.to_ascii_lowercase();
    let has_version = |text: &str| {
        let text = text.to_ascii_lowercase();
        let mut places = text.match_indices(&tool);
        places.any(|(at, _)| {
            let is_start = !text[..at].ends_with(|letter: char| letter.is_ascii_alphanumeric());
            let rest = &text[at + tool.len()..];
            let behind = [":", "==", "@"].iter().find_map(|sign| rest.strip_prefix(sign));
            let is_numbered = behind.is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()));
            is_start && (is_numbered || rest.starts_with("_version"))
        })
    };
    let mut sources = cx.inputs.builds.iter().map(|build| build.file.source());
    sources.find(|source| has_version(source.text())).map(Source::name)
}

/// The tools that a step installs without a version.
fn floating(cx: &WorkflowContext, step: &Step) -> Vec<(Row, WorkflowPlace)> {
    let mut tools = Vec::new();
    if let Some(action) = &step.action {
        let row =
            data::TOOL_INSTALLS.rows().find(|row| row[0] == "action" && row[1].eq_ignore_ascii_case(&action.name));
        let is_named = |row: Row| row[2].split(',').any(|input| step.input(input).is_some()) || may_be_named(cx, row);
        tools.extend(row.filter(|row| !is_named(row)).map(|row| (row, action.place)));
    }
    let Some(script) = &step.script else { return tools };
    for invocation in step.invocations() {
        tools.extend(row_of(&invocation).map(|row| (row, script.text.place_of(invocation.span))));
    }
    tools
}

/// Whether a file of the repository names the version, or may.
fn may_be_named(cx: &WorkflowContext, row: Row) -> bool {
    let repository = cx.repository();
    let reads = |file: &str, word: &str| match repository.texts.get(file) {
        Some(source) => source.text().contains(word),
        None => repository.has(file),
    };
    let has_file = row[4].split(',').any(|file| repository.has(file));
    let in_manifest = match row[3] {
        "uv" => reads("pyproject.toml", "required-version"),
        "pnpm" | "Bun" => reads("package.json", "packageManager"),
        _ => false,
    };
    !repository.is_complete || has_file || in_manifest
}

/// The row of a command that installs a tool and nothing else.
fn row_of(invocation: &Invocation) -> Option<Row> {
    let words: Vec<&str> = std::iter::once(invocation.program?).chain(invocation.args.iter().map(Word::text)).collect();
    let is_it = |row: &Row| {
        let before: Vec<&str> = row[2].split(' ').collect();
        let rest = words.strip_prefix(&before[..]);
        rest.is_some_and(|rest| {
            let mut packages = rest.iter().filter(|word| !word.starts_with('-'));
            packages.next() == Some(&row[1]) && packages.next().is_none()
        })
    };
    data::TOOL_INSTALLS.rows().find(|row| row[0] == "command" && is_it(row))
}

/// A cache of a folder that no program of the job writes.
fn cached_path_not_written(cx: &WorkflowContext, out: &mut Findings) {
    if cx.workflow().kind != PipelineKind::Github {
        return;
    }
    for job in &cx.workflow().jobs {
        for step in job.steps.iter().filter(|step| CACHES.iter().any(|action| step.uses(action))).take(STEPS) {
            let Some(input) = step.input("path") else { continue };
            for line in input.lines.iter().take(STEPS) {
                let Some(reason) = why_unwritten(job, line.text.trim_start_matches("~/")) else { continue };
                let message = format!("nothing writes `{}`: {reason}, and the cache stays empty", line.text);
                let Some(finding) = cx.finding(line.place, message) else { continue };
                out.push(finding.help("take the step out, and let the action that sets the tool up keep its cache (`cache:`, `enable-cache:`)"));
            }
        }
    }
}

/// Why no step of a job writes a folder below the home; `None` where one may.
fn why_unwritten(job: &Job, folder: &str) -> Option<String> {
    let folder = folder.trim_end_matches('/');
    let texts = || job.steps.iter().filter(|step| !CACHES.iter().any(|action| step.uses(action))).flat_map(texts_of);
    let sets =
        |word: &str| job.variables.iter().any(|(name, _)| name == word) || texts().any(|text| text.contains(word));
    if folder == UV_CACHE {
        let setup = job.steps.iter().find(|step| step.uses(SETUP_UV))?;
        // On other machines it keeps no cache by itself.
        let is_off = is_self_hosted(job) || setup.input("enable-cache").is_some_and(|input| input.value.text != "true");
        let is_set = is_off || setup.input("cache-local-path").is_some() || sets("UV_CACHE_DIR") || sets("cache-dir");
        return (!is_set).then(|| "setup-uv gives uv another folder in `UV_CACHE_DIR`".to_owned());
    }
    let &[_, writers, others, ..] = data::CACHED_PATHS.row(folder)? else { return None };
    let actions =
        || job.steps.iter().filter_map(|step| step.action.as_ref()).any(|action| action.name.starts_with('.'));
    let is_there = |words: &str, text: &str| words.split(',').any(|word| has_start(text, word));
    // Recipes and scripts may run anything.
    let may_run = |text: &str| ["make", "just ", "./", ".sh", "docker"].iter().any(|word| text.contains(word));
    if actions() || texts().any(|text| is_there(writers, text) || may_run(text)) {
        return None;
    }
    let other = others.split(',').find(|word| texts().any(|text| has_start(text, word)))?;
    Some(format!("`{}` has another folder", other.split(' ').next().unwrap_or(other)))
}

/// A key with the hash of a manifest, where the lock file says what is cached.
fn cache_key_without_lock(cx: &WorkflowContext, out: &mut Findings) {
    if cx.workflow().kind != PipelineKind::Github {
        return;
    }
    for job in &cx.workflow().jobs {
        for step in job.steps.iter().filter(|step| CACHES.iter().any(|action| step.uses(action))).take(STEPS) {
            let Some(key) = step.input("key").filter(|key| key.value.text.contains("hashFiles(")) else { continue };
            let Some((manifest, lock)) = manifest_alone(cx, job, &key.value.text) else { continue };
            let message = format!(
                "the key has the hash of `{manifest}` and not of `{lock}`: what the lock file changes is downloaded in each run, and never kept"
            );
            let Some(finding) = cx.finding(key.value.place, message) else { continue };
            out.push(
                finding.help(format!("write `hashFiles('**/{lock}')`, and `restore-keys` with what stands before it")),
            );
        }
    }
}

/// The manifest whose hash a key has, and the lock file of it that the repository or a command of the job uses.
fn manifest_alone(cx: &WorkflowContext, job: &Job, key: &str) -> Option<(&'static str, &'static str)> {
    let names: Vec<&str> = key.split(|c: char| "'\"(), /*".contains(c)).collect();
    data::CACHE_KEYS.rows().find_map(|row| {
        let &[manifest, locks, commands, ..] = row else { return None };
        let has_lock = names.iter().any(|name| name.contains("lock") || locks.split(',').any(|lock| lock == *name));
        if !names.contains(&manifest) || has_lock {
            return None;
        }
        let mut files = cx.repository().files.iter().map(|file| path::name(file));
        let lock = files.find_map(|file| locks.split(',').find(|lock| *lock == file));
        let mut texts = job.steps.iter().flat_map(texts_of);
        let mut is_needed = || texts.any(|text| commands.split(',').any(|words| text.contains(words)));
        let lock = lock.or_else(|| if is_needed() { locks.split(',').next() } else { None })?;
        Some((manifest, lock))
    })
}

/// Whether a word begins with these letters: `npm ` is no part of `pnpm install`.
fn has_start(text: &str, letters: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    text.match_indices(letters).any(|(at, _)| !text[..at].ends_with(is_part))
}
