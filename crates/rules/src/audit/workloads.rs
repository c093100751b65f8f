//! What is not known of manifests, and whether something speaks against them.

use super::report::{Report, SkippedInput};
use crate::inputs::Inputs;
use crate::rules;
use crate::text::listed;

/// Templates that are named.
const TEMPLATES: usize = 3;

/// Containers that are named.
const CONTAINERS: usize = 20;

/// What is not known of the manifests, so that nothing is said of it: a line each.
pub(super) fn gaps(inputs: &Inputs) -> Vec<SkippedInput> {
    let mut skipped = Vec::new();
    let templates = &inputs.workloads.templates;
    if let Some(first) = templates.first() {
        let (what, why) = match templates.len() {
            1 => (first.clone(), "it is a template"),
            count if count <= TEMPLATES => (templates.join(", "), "they are templates"),
            count => (format!("{first} and {} more", count - 1), "they are templates"),
        };
        let remedy = "render first, for example with `helm template`, and check the result".to_owned();
        skipped.push(SkippedInput { what, why: why.to_owned(), remedy });
    }
    for container in rules::ambiguous_containers(inputs).into_iter().take(CONTAINERS) {
        let names: Vec<&str> = container.programs.iter().map(String::as_str).collect();
        skipped.push(SkippedInput {
            what: format!("{}:{}", container.file, container.place.line),
            why: format!("which of {} the container `{}` runs is not known", listed(&names), container.name),
            remedy: "its probes are not compared with a healthcheck".to_owned(),
        });
    }
    skipped
}

/// Whether a finding is about a manifest.
pub fn has_workload_finding(inputs: &Inputs, report: &Report) -> bool {
    let manifests = &inputs.workloads.files;
    report.findings.iter().any(|finding| manifests.iter().any(|manifest| manifest.file == finding.file))
}
