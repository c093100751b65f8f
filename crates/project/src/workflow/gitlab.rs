//! Pipelines of GitLab ("CI/CD YAML syntax reference") ─► the model: files are put together, then `extends` is resolved, then
//! `!reference`, then `default` (gitlab-org/gitlab, `lib/gitlab/ci/config.rb`).

mod config_node;
mod include;
mod job;
mod parallel;
mod resolve;
mod steps;
mod values;

use std::collections::BTreeSet;

pub(super) use self::values::fill;
pub use self::values::filled_in;

use self::config_node::ConfigNode;
use self::include::PipelineFiles;
use self::resolve::{NO_JOB, Resolver};
use super::model::{PipelineKind, RepositoryFiles, Workflow};
use crate::sources::patterns;
use crate::text::Source;
use crate::yaml::YamlTree;

/// Jobs of one pipeline that are read.
const JOBS: usize = 2_000;

/// The pipeline of a file with those that it includes. `names`: the files of the repository, where all are known.
pub(super) fn read(
    file: &str,
    source: &Source,
    tree: &YamlTree,
    files: &RepositoryFiles,
    names: Option<&BTreeSet<String>>,
) -> Workflow {
    let mut workflow = Workflow::new(PipelineKind::Gitlab, file);
    let mut read = PipelineFiles::new(file, source, files, names);
    let root = read.whole(tree);
    workflow.files.clone_from(&read.paths);
    workflow.gaps.append(&mut read.gaps);
    workflow.problems.append(&mut read.problems);
    let Some(root) = root else { return workflow };
    let mut resolver = Resolver::new(&root, read.visits);
    let root = resolver.extended();
    let jobs: Vec<_> = root.entries().iter().filter(|(key, node)| is_job(&key.name, node)).take(JOBS).collect();
    let mut reader = job::JobReader::new(&root, &mut resolver, &read);
    workflow.variables = reader.pipeline_variables();
    for (key, node) in jobs {
        workflow.jobs.push(reader.job(key, node));
    }
    reader.close(&mut workflow.jobs);
    workflow.gaps.append(&mut resolver.gaps);
    workflow.problems.append(&mut resolver.problems);
    workflow.gaps.sort();
    workflow.gaps.dedup();
    workflow
}

/// Whether a key of the pipeline is a job that may run.
fn is_job(name: &str, node: &ConfigNode) -> bool {
    !name.starts_with('.')
        && ["script", "trigger", "run", "extends"].iter().any(|key| node.get(key).is_some())
        && !patterns::words(NO_JOB).any(|word| word == name)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
