//! What is worth a change in an image: at the Dockerfile's line where it is known, else at the image's layer.

use std::collections::{BTreeMap, BTreeSet};

use super::{artifact, level, message, notification, rule, wire};
use crate::analysis::{Analysis, Finding, ImageAnalysis, Problem};
use crate::finding::Basis;
use crate::report::format::item::INPUT;
use crate::report::format::path::Base;
use crate::report::image::{image_name, image_problem, story};
use crate::report::json::pretty;
use crate::report::wire::{Amount, Impact};
use crate::text::LineColumn;

/// The result of `image` in SARIF 2.1.0.
pub fn write(analysis: &Analysis, exit: u8, base: &Base) -> String {
    let all = || analysis.images.iter().flat_map(|image| image.findings.iter().map(move |finding| (image, finding)));
    let mut kinds: BTreeMap<&str, &Finding> = BTreeMap::new();
    let mut files = BTreeSet::new();
    for (image, finding) in all() {
        kinds.entry(&finding.name).or_insert(finding);
        files.extend(image.place(finding.layer).map(|(name, _)| name));
    }
    let files: Vec<&str> = files.into_iter().collect();
    let log = Log { base, rules: kinds.keys().copied().collect(), files };
    pretty(&wire::Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [wire::Run {
            tool: wire::Tool { driver: rule::tool(kinds.values().map(|finding| descriptor(finding)).collect()) },
            automation_details: wire::Automation { id: "dockopt/image/".to_owned() },
            invocations: [wire::Invocation {
                execution_successful: exit != 2,
                exit_code: exit,
                tool_execution_notifications: notifications(analysis),
            }],
            original_uri_base_ids: wire::Bases { root: wire::Base { description: message("where dockopt ran") } },
            artifacts: log
                .files
                .iter()
                .enumerate()
                .map(|(index, file)| wire::Artifact {
                    location: artifact(base, file, Some(index)),
                    roles: ["analysisTarget"],
                })
                .collect(),
            column_kind: "unicodeCodePoints",
            results: all().map(|(image, finding)| log.result(image, finding)).collect(),
        }],
    })
}

fn descriptor(finding: &Finding) -> wire::Descriptor<'_> {
    let page = finding.rule.and_then(crate::rules::find);
    wire::Descriptor {
        help_uri: page.map(crate::rules::Rule::url),
        help: Some(message(finding.help.as_str())),
        ..rule::bare(&finding.name, &format!("{}: {}", finding.name, finding.help), level(finding.severity))
    }
}

fn notifications(analysis: &Analysis) -> Vec<wire::Notification> {
    let mut told: Vec<wire::Notification> = analysis.problems.iter().map(wrong).collect();
    for skip in &analysis.skipped {
        let remedy = if skip.remedy.is_empty() { String::new() } else { format!("; {}", skip.remedy) };
        told.push(notification("run-notice", "note", &format!("skipped {}: {}{remedy}", skip.what, skip.why)));
    }
    let notices = analysis.notices.iter().chain(analysis.images.iter().flat_map(|image| &image.notices));
    told.extend(notices.map(|notice| notification("run-notice", "note", notice)));
    told
}

fn wrong(problem: &Problem) -> wire::Notification {
    let help = problem.help.as_ref().map(|help| format!(": {help}")).unwrap_or_default();
    notification(INPUT, "error", &format!("{}{help}", image_problem(problem)))
}

struct Log<'a> {
    base: &'a Base,
    rules: Vec<&'a str>,
    files: Vec<&'a str>,
}

impl Log<'_> {
    fn result<'f>(&self, image: &'f ImageAnalysis, finding: &'f Finding) -> wire::Result<'f> {
        let name = image_name(image);
        let layer = format!("layer {}", finding.layer + 1);
        let logical =
            wire::LogicalLocation { fully_qualified_name: format!("{name}/{layer}"), name: layer, kind: "module" };
        let place = image.place(finding.layer).map(|(file, place)| wire::PhysicalLocation {
            artifact_location: artifact(self.base, file, self.files.iter().position(|known| *known == file)),
            region: Some(super::at(LineColumn { line: place.first_line, column: 1 })),
        });
        let path = image.image.paths.text(finding.path);
        wire::Result {
            rule_id: finding.name.clone(),
            rule_index: self.rules.iter().position(|known| *known == finding.name),
            level: level(finding.severity),
            message: message(format!("{}: {}", story(image, finding), finding.help)),
            locations: [wire::Location {
                id: None,
                physical_location: place,
                logical_locations: vec![logical],
                message: None,
            }],
            related_locations: Vec::new(),
            partial_fingerprints: wire::Fingerprints { instruction: print(&finding.name, &path) },
            suppressions: Vec::new(),
            fixes: Vec::new(),
            properties: wire::ResultProperties { stage: None, impact: impact(finding) },
        }
    }
}

/// Stays the same while the same thing is wrong at the same path.
fn print(name: &str, path: &str) -> String {
    format!("{:032x}", twox_hash::XxHash3_128::oneshot(format!("{name}\0{path}").as_bytes()))
}

fn impact(finding: &Finding) -> Vec<Impact<'_>> {
    let one = |kind, bytes, per| Impact {
        kind,
        saves: Some(Amount::Bytes(bytes)),
        per,
        basis: Basis::Measured.name(),
        evidence: "image",
    };
    let mut all = vec![one("disk_bytes", finding.bytes, "pull")];
    all.extend(finding.compressed.map(|bytes| one("pull_bytes", bytes, "pull")));
    all
}
