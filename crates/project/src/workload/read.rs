//! A text ─► what it says of containers, by its language.

use super::model::WorkloadFile;
use super::value::ManifestValue;
use super::{ecs, kubernetes, terraform};
use crate::data;
use crate::text::{Source, Span, path};
use crate::yaml::{self, YamlNode};

/// Bytes of a manifest that is read.
pub const MOST_BYTES: u64 = 5 << 20;

/// Words without which a text of Terraform describes no containers.
const TERRAFORM: [&str; 2] = ["aws_ecs_", "_target_group"];

/// Words without which a text is neither a task definition nor a template with one; the first letter may be a capital.
const TEMPLATE: [&str; 2] = ["ontainerDefinitions", "AWS::E"];

/// Words of YAML that is an object of Kubernetes.
const OBJECT: [&str; 2] = ["apiVersion:", "kind:"];

/// Whether a text may describe containers, by words in it; `file`: its name.
pub fn may_have_workloads(file: &str, text: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match ending(file) {
        Some("tf") => has(&TERRAFORM),
        Some("json") => has(&TEMPLATE) || ["\"apiVersion\"", "\"kind\""].iter().all(|word| text.contains(word)),
        _ if path::is_yaml(file) => OBJECT.iter().all(|word| text.contains(word)) || has(&TEMPLATE),
        _ => false,
    }
}

fn ending(file: &str) -> Option<&str> {
    path::name(file).rsplit_once('.').map(|(_, ending)| ending)
}

/// Reads a manifest. Never fails: of a text that is not read, the problem is said.
pub fn read(file: &str, source: &Source) -> WorkloadFile {
    match ending(file) {
        Some("tf") => terraform::read(source),
        // YAML allows no tab before what is indented, and all of JSON is in brackets.
        Some("json") => read_documents(file, &source.text().replace('\t', " ")),
        _ => read_documents(file, source.text()),
    }
}

fn read_documents(file: &str, text: &str) -> WorkloadFile {
    let mut result = WorkloadFile::default();
    if is_chart_template(file, text) {
        result.is_template = true;
        return result;
    }
    let tree = yaml::read(text);
    if let Some(problem) = tree.problems().first() {
        if text.contains("{{") {
            result.is_template = true;
        } else {
            result.problem = Some((problem.span, problem.message.clone()));
        }
        return result;
    }
    let place = |span: Span| span;
    for root in tree.documents() {
        if is_object(root) {
            kubernetes::add_object(&ManifestValue::of_yaml(root, &place), &mut result);
        } else if ["Resources", "containerDefinitions", "taskDefinition"].iter().any(|key| root.get(key).is_some()) {
            ecs::add_document(&ManifestValue::of_yaml(root, &place), &mut result);
        }
    }
    result
}

/// Whether only Helm can read a text: in the folder of a chart, or by what it asks for.
fn is_chart_template(file: &str, text: &str) -> bool {
    let is_below = path::parent(file).split('/').any(|folder| folder == "templates");
    text.contains("{{") && (is_below || text.contains("{{-") || text.contains(".Values."))
}

/// Whether a document is an object that is looked at.
fn is_object(root: YamlNode) -> bool {
    let Some(kind) = root.get("kind").and_then(YamlNode::text) else { return false };
    let is_known = data::MANIFEST_KINDS.row(kind).is_some() || data::WORKLOAD_KINDS.row(kind).is_some();
    root.get("apiVersion").is_some() && is_known
}
