//! What a service has only in production: logs and memory with an end, and what the repository's files for Kubernetes say of
//! processors and copies.

use crate::emit::facts::example::place;
use crate::emit::input::EmitInput;
use crate::emit::plan::{Choice, PlannedService, ServiceRole};
use crate::manifest::{FileKind, FileRole};
use crate::text::path;
use crate::yaml::NewValue;
use crate::yaml::{YamlNode, read};

/// The least and the most memory that is taken over, in KiB.
const LEAST_MEMORY: u64 = 6 * 1024;
const MOST_MEMORY: u64 = 1024 * 1024 * 1024;

/// The maximum number of processors or copies that are taken over.
const MOST: u32 = 64;

/// What a manifest of Kubernetes says of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Workload {
    name: String,
    /// Copies.
    replicas: Option<u32>,
    /// The limit of processors, as Compose writes it.
    cpus: Option<String>,
    /// The limit of memory, as Compose writes it.
    memory: Option<String>,
    /// Where it stands.
    place: String,
}

/// The workloads of the repository's manifests for Kubernetes.
pub(super) fn workloads(input: &EmitInput) -> Vec<Workload> {
    let files = input.files.files.iter().filter(|file| {
        let is_yaml = path::is_yaml(&file.path);
        let is_other = matches!(FileKind::of(&file.below).role(), FileRole::Vendored | FileRole::Output);
        is_yaml && !is_other && file.source.text().contains("apiVersion:")
    });
    let mut workloads = Vec::new();
    for file in files {
        let tree = read(file.source.text());
        for document in tree.documents() {
            let kind = document.get("kind").and_then(YamlNode::value_text);
            if !matches!(kind, Some("Deployment" | "StatefulSet")) {
                continue;
            }
            let at = document.get("metadata").map_or(0, |node| node.span().start);
            workloads.extend(workload(document, place(&file.source, at as usize)));
        }
    }
    workloads
}

fn workload(document: YamlNode<'_>, place: String) -> Option<Workload> {
    let name = document.get("metadata")?.get("name")?.value_text()?.to_owned();
    let spec = document.get("spec")?;
    let replicas = spec.get("replicas").and_then(YamlNode::value_text).and_then(|text| text.parse().ok());
    let containers = || spec.get("template")?.get("spec")?.get("containers");
    // Of several containers none is the service.
    let mut all = containers().into_iter().flat_map(YamlNode::items);
    let only = match (all.next(), all.next()) {
        (first, None) => first,
        _ => None,
    };
    let limit = |key: &str| only?.get("resources")?.get("limits")?.get(key)?.value_text();
    let (cpus, memory) = (limit("cpu").and_then(cpus), limit("memory").and_then(memory));
    Some(Workload { name, replicas: replicas.filter(|count| (1..=MOST).contains(count)), cpus, memory, place })
}

/// Processors as Compose writes them: `500m` is 0.5.
fn cpus(text: &str) -> Option<String> {
    let thousandths = if let Some(text) = text.strip_suffix('m') {
        text.parse::<u32>().ok()?
    } else {
        let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
        let rest = format!("{rest:0<3}");
        whole.parse::<u32>().ok()?.checked_mul(1000)?.checked_add(rest.get(..3)?.parse().ok()?)?
    };
    let is_usual = thousandths > 0 && thousandths <= MOST * 1000;
    let (whole, rest) = (thousandths / 1000, thousandths % 1000);
    let text =
        if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:03}").trim_end_matches('0').to_owned() };
    is_usual.then_some(text)
}

/// Bytes as Compose writes them, for whom `m` and `g` are powers of 1024: `512Mi`.
fn memory(text: &str) -> Option<String> {
    let (number, unit) = [("Gi", "g"), ("Mi", "m"), ("Ki", "k")]
        .into_iter()
        .find_map(|(ending, unit)| Some((text.strip_suffix(ending)?, unit)))?;
    let number: u64 = number.parse().ok()?;
    let kibibytes = match unit {
        "g" => number.checked_mul(1024 * 1024)?,
        "m" => number.checked_mul(1024)?,
        _ => number,
    };
    // Less than 6 MiB the engine refuses.
    (LEAST_MEMORY..=MOST_MEMORY).contains(&kibibytes).then(|| format!("{number}{unit}"))
}

/// The keys of a service in production, and why; `is_restarted`: whether the file starts it again when it ends.
pub(super) fn production(
    service: &PlannedService,
    (workloads, is_restarted): (&[Workload], bool),
) -> (Vec<(String, NewValue)>, Vec<Choice>) {
    let mut choices = Vec::new();
    let mut choose = |key: &str, reason: String, place: Option<String>| {
        choices.push(Choice { service: service.name.clone(), key: key.to_owned(), reason, place });
    };
    let entry = |key: &str, value: NewValue| (key.to_owned(), value);
    let options = vec![entry("max-size", NewValue::raw_text("10m")), entry("max-file", NewValue::raw_text("3"))];
    let logging = vec![entry("driver", NewValue::scalar("json-file")), entry("options", NewValue::Mapping(options))];
    let mut keys = vec![entry("logging", NewValue::Mapping(logging))];
    let workload = workloads.iter().find(|known| is_of(&known.name, &service.name));
    let variable = |what: &str| format!("{}_{what}", service.name.to_ascii_uppercase().replace('-', "_"));
    let known_memory = workload.and_then(|known| Some((known.memory.clone()?, known.place.clone())));
    if let Some((_, place)) = &known_memory {
        choose("mem_limit", "the repository's files for Kubernetes have this limit".to_owned(), Some(place.clone()));
    }
    let usual = if service.role == ServiceRole::Backend { "1g" } else { "512m" };
    let memory = known_memory.map_or_else(|| usual.to_owned(), |(memory, _)| memory);
    keys.push(entry("mem_limit", NewValue::raw_text(&format!("${{{}:-{memory}}}", variable("MEMORY")))));
    let known_cpus = workload.and_then(|known| Some((known.cpus.clone()?, known.place.clone())));
    if let Some((cpus, place)) = known_cpus {
        keys.push(entry("cpus", NewValue::raw_text(&format!("${{{}:-{cpus}}}", variable("CPUS")))));
        choose("cpus", "the repository's files for Kubernetes have this limit".to_owned(), Some(place));
    }
    // Only one container can have a port of the host; a volume is not made for several writers.
    let is_alone = service.key("ports").is_some() || service.key("volumes").is_some();
    let may_be_copied = matches!(service.role, ServiceRole::Application | ServiceRole::Worker) && !is_alone;
    if let Some((count, place)) = workload.and_then(|known| Some((known.replicas?, &known.place)))
        && may_be_copied
        && count > 1
    {
        let replicas = NewValue::raw_text(&format!("${{{}:-{count}}}", variable("REPLICAS")));
        keys.push(entry("deploy", NewValue::Mapping(vec![entry("replicas", replicas)])));
        choose("deploy", "the repository's files for Kubernetes have as many".to_owned(), Some(place.clone()));
    }
    if !is_restarted && service.role != ServiceRole::Migration {
        keys.push(entry("restart", NewValue::scalar("unless-stopped")));
        choose("restart", "compose.yaml does not start it again when it ends".to_owned(), None);
    }
    (keys, choices)
}

/// Whether a workload is a service, by its name: also with the words that manifests put behind or before it.
fn is_of(workload: &str, service: &str) -> bool {
    let plain = ["-deployment", "-deploy", "-statefulset"].iter().find_map(|ending| workload.strip_suffix(ending));
    plain.unwrap_or(workload) == service || workload == service
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_kubernetes() {
        let known = [("500m", Some("0.5")), ("2", Some("2")), ("1.25", Some("1.25")), ("0", None), ("x", None)];
        for (text, expected) in known {
            assert_eq!(cpus(text).as_deref(), expected, "{text}");
        }
        for (text, expected) in
            [("512Mi", Some("512m")), ("1Gi", Some("1g")), ("1G", None), ("-1Mi", None), ("4Mi", None)]
        {
            assert_eq!(memory(text).as_deref(), expected, "{text}");
        }
    }
}
