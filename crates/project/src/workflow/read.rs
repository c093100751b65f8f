//! Which reader reads a file.

use std::collections::BTreeSet;

use super::model::{PipelineKind, RepositoryFiles, Workflow};
use super::{github, gitlab, just, make, plain_script};
use crate::manifest::FileKind;
use crate::text::{Source, path};
use crate::yaml::{self, YamlTree};

/// Bytes that a file may have.
const LIMIT: usize = 4 << 20;

/// What a file is, by its place in the repository; `None` for one that is no pipeline.
pub fn pipeline_kind(file: &str) -> Option<PipelineKind> {
    let (folder, name) = path::split(file);
    let lower = name.to_ascii_lowercase();
    let is_yaml = path::is_yaml(&lower);
    if is_yaml && (folder == ".github/workflows" || folder.ends_with("/.github/workflows")) {
        return Some(PipelineKind::Github);
    }
    if matches!(&*lower, "action.yml" | "action.yaml") {
        return Some(PipelineKind::Action);
    }
    if is_yaml && lower.trim_end_matches(".yml").trim_end_matches(".yaml").ends_with(".gitlab-ci") {
        return Some(PipelineKind::Gitlab);
    }
    let kind = FileKind::of(name);
    match kind.language() {
        "Just" => Some(PipelineKind::Just),
        "Makefile" => Some(PipelineKind::Make),
        _ if kind.is_shell() => Some(PipelineKind::Script),
        _ => None,
    }
}

/// Reads a pipeline. `file`: its path from the top of the repository; `files`: the others, of which those that it includes or
/// uses are read; `names`: the paths of all, where they are known. `None` where the text is no pipeline.
pub fn read(
    file: &str,
    source: &Source,
    files: &RepositoryFiles,
    names: Option<&BTreeSet<String>>,
) -> Option<Workflow> {
    if source.text().len() > LIMIT {
        return None;
    }
    match pipeline_kind(file) {
        Some(PipelineKind::Just) => Some(just::read(file, source, files)),
        Some(PipelineKind::Make) => Some(make::read(file, source, files)),
        Some(PipelineKind::Script) => Some(plain_script::read(file, source)),
        kind_by_name => {
            let tree = yaml::read(source.text());
            let kind = kind_by_name.filter(|kind| *kind != PipelineKind::Github).or_else(|| kind_of_text(&tree));
            // What cannot be read of a workflow is said, also where that hides its jobs.
            let kind = if tree.problems().is_empty() { kind? } else { kind.or(kind_by_name)? };
            match kind {
                PipelineKind::Github | PipelineKind::Action => github::read(file, source, &tree, files),
                PipelineKind::Gitlab => Some(gitlab::read(file, source, &tree, files, names)),
                _ => None,
            }
        }
    }
}

/// The steps with actions of a YAML file that is no pipeline by its keys.
pub fn read_steps(file: &str, source: &Source) -> Workflow {
    if source.text().len() > LIMIT {
        return Workflow::new(PipelineKind::Action, file);
    }
    github::read_steps(file, source, &yaml::read(source.text()))
}

/// What a YAML text is, by its keys.
fn kind_of_text(tree: &YamlTree) -> Option<PipelineKind> {
    let has = |key: &str| tree.root().is_some_and(|root| root.get(key).is_some());
    let is_job = |entry: yaml::YamlEntry| {
        let has = |key: &str| entry.value.get(key).is_some();
        has("script") && (has("stage") || has("image") || has("tags") || has("rules") || has("only"))
    };
    match () {
        () if has("jobs") => Some(PipelineKind::Github),
        () if has("runs") => Some(PipelineKind::Action),
        () if has("stages") || has("include") || has("default") => Some(PipelineKind::Gitlab),
        () if tree.root().is_some_and(|root| root.entries().any(is_job)) => Some(PipelineKind::Gitlab),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workflows_that_cannot_be_read_are_not_silent() {
        let read = |file: &str, text: &str| {
            let source = Source::of(file, text);
            let workflow = read(file, &source, &|_| None, None)?;
            Some((workflow.kind, workflow.problems.is_empty()))
        };
        let broken = "on: [push\n";
        assert_eq!(read(".github/workflows/a.yml", broken), Some((PipelineKind::Github, false)));
        assert_eq!(read("a.yml", broken), None);
        assert_eq!(read(".github/workflows/a.yml", "on: push\n"), None);
        assert_eq!(read(".github/workflows/a.yml", "jobs:\n"), Some((PipelineKind::Github, true)));
    }
}
