//! What is worth a change in an image: at the Dockerfile's line where it is known, else at the image's layer.

use std::collections::{BTreeMap, BTreeSet};

use super::wire::{level, message};
use super::{artifact, line_at, logical_place, notification, print, result_at, rule, wire};
use crate::analysis::{Analysis, AnalysisFinding, AnalysisProblem, ImageAnalysis, LimitResult};
use crate::attribution::SourcePlace;
use crate::finding::Basis;
use crate::report::format::item::INPUT;
use crate::report::format::path::PathBase;
use crate::report::image::{broken_limits, image_name, image_problem, limit_story, story};
use crate::rules::ImageFinding;
use crate::text::LineColumn;
use crate::wire::{ImpactJson, OnlyWritten};

/// The result of `image` in SARIF 2.1.0.
pub fn write(analysis: &Analysis, exit: u8, base: &PathBase) -> String {
    let all = || analysis.images.iter().flat_map(|image| image.findings.iter().map(move |finding| (image, finding)));
    let mut kinds: BTreeMap<&str, &AnalysisFinding> = BTreeMap::new();
    let mut files = BTreeSet::new();
    for (image, finding) in all() {
        kinds.entry(&finding.name).or_insert(finding);
        files.extend(image.place(image.layer_to_change(finding)).map(|(name, _)| name));
    }
    let limits = || analysis.images.iter().flat_map(|image| broken_limits(image).map(move |limit| (image, limit)));
    for (image, limit) in limits() {
        files.extend(cause(limit).and_then(|layer| image.place(layer)).map(|(name, _)| name));
    }
    let facts = || analysis.images.iter().flat_map(|image| image.facts.iter().map(move |fact| (image, fact)));
    let first_facts: BTreeMap<&str, &ImageFinding> = facts().map(|(_, fact)| (fact.rule, fact)).collect();
    files.extend(facts().filter_map(|(image, fact)| Some(image.place_of_fact(fact)?.0)));
    let budgets: BTreeSet<String> = limits().map(|(_, limit)| limit_rule(limit)).collect();
    let files: Vec<&str> = files.into_iter().collect();
    let rules =
        kinds.keys().copied().chain(first_facts.keys().copied()).chain(budgets.iter().map(String::as_str)).collect();
    let log = ImageLogWriter { base, rules, files };
    let described =
        kinds.values().map(|finding| descriptor(finding)).chain(first_facts.values().map(|fact| of_rule(fact)));
    let limited =
        budgets.iter().map(|name| rule::descriptor_without_page(name, "a limit of the image budget", "error"));
    let results = all()
        .map(|(image, finding)| log.result(image, finding))
        .chain(facts().map(|(image, fact)| log.fact(image, fact)))
        .chain(limits().map(|(image, limit)| log.limit(image, limit)));
    super::log_text(
        "image",
        described.chain(limited).collect(),
        super::invocation(exit, notifications(analysis)),
        log.files.iter().enumerate().map(|(index, file)| artifact(base, file, Some(index))),
        results.collect(),
    )
}

/// The name of a limit's rule: `budget-max-size`.
fn limit_rule(limit: &LimitResult) -> String {
    format!("budget-{}", limit.limit.measure.key())
}

/// The layer that makes up most of a limit's value.
fn cause(limit: &LimitResult) -> Option<usize> {
    limit.causes.iter().find_map(|cause| cause.layer)
}

fn descriptor(finding: &AnalysisFinding) -> wire::Descriptor<'_> {
    let page = finding.rule.and_then(crate::rules::find);
    wire::Descriptor {
        help_uri: page.map(crate::rules::Rule::url),
        help: Some(message(finding.help.as_str())),
        ..rule::descriptor_without_page(
            &finding.name,
            &format!("{}: {}", finding.name, finding.help),
            level(finding.severity),
        )
    }
}

fn of_rule(fact: &ImageFinding) -> wire::Descriptor<'_> {
    let page = crate::rules::find(fact.rule);
    let summary = page.map_or("", |page| page.metadata().summary);
    wire::Descriptor {
        help_uri: page.map(crate::rules::Rule::url),
        help: Some(message(fact.help)),
        ..rule::descriptor_without_page(fact.rule, summary, level(fact.severity))
    }
}

fn notifications(analysis: &Analysis) -> Vec<wire::Notification> {
    let mut notifications: Vec<wire::Notification> = analysis.problems.iter().map(notification_of).collect();
    for skip in &analysis.skipped {
        let remedy = if skip.remedy.is_empty() { String::new() } else { format!("; {}", skip.remedy) };
        notifications.push(notification("run-notice", "note", &format!("skipped {}: {}{remedy}", skip.what, skip.why)));
    }
    let notices = analysis.notices.iter().chain(analysis.images.iter().flat_map(|image| &image.notices));
    notifications.extend(notices.map(|notice| notification("run-notice", "note", notice)));
    notifications
}

fn notification_of(problem: &AnalysisProblem) -> wire::Notification {
    let help = problem.help.as_ref().map(|help| format!(": {help}")).unwrap_or_default();
    notification(INPUT, "error", &format!("{}{help}", image_problem(problem)))
}

struct ImageLogWriter<'a> {
    base: &'a PathBase,
    rules: Vec<&'a str>,
    files: Vec<&'a str>,
}

impl ImageLogWriter<'_> {
    fn result<'f>(&self, image: &'f ImageAnalysis, finding: &'f AnalysisFinding) -> wire::Result<'f> {
        let path = image.image.paths.text(finding.path);
        wire::Result {
            message: message(format!("{}: {}", story(image, finding), finding.help)),
            properties: wire::ResultProperties { stage: None, impact: impact(finding) },
            ..self.result_at_layer(
                image,
                Some(image.layer_to_change(finding)),
                (&finding.name, &path),
                level(finding.severity),
            )
        }
    }

    fn fact<'f>(&self, image: &'f ImageAnalysis, fact: &'f ImageFinding) -> wire::Result<'f> {
        let path = fact.path.map(|path| image.image.paths.text(path)).unwrap_or_default();
        let mut result = self.result_at_layer(image, fact.layer, (fact.rule, &path), level(fact.severity));
        result.message = message(format!("{}: {}", fact.message, fact.help));
        if let [location] = &mut result.locations
            && let Some((file, place)) = image.place_of_fact(fact)
        {
            location.physical_location = Some(self.line(file, place));
        }
        result
    }

    fn limit<'f>(&self, image: &'f ImageAnalysis, limit: &'f LimitResult) -> wire::Result<'f> {
        let print = limit.limit.measure.name().unwrap_or_default();
        let message = message(limit_story(image, limit));
        wire::Result { message, ..self.result_at_layer(image, cause(limit), (&limit_rule(limit), print), "error") }
    }

    /// A result of a rule that says nothing yet, at what made a layer; `key` tells it from others of the rule.
    fn result_at_layer<'f>(
        &self,
        image: &'f ImageAnalysis,
        layer: Option<usize>,
        (name, key): (&str, &str),
        level: &'static str,
    ) -> wire::Result<'f> {
        let whole = image_name(image);
        let logical = match layer {
            Some(layer) => {
                let layer = format!("layer {}", layer + 1);
                logical_place(&layer, &format!("{whole}/{layer}"))
            }
            None => logical_place(&whole, &whole),
        };
        let place = layer.and_then(|layer| image.place(layer)).map(|(file, place)| self.line(file, place));
        let location =
            wire::Location { physical_location: place, logical_locations: vec![logical], ..wire::Location::default() };
        wire::Result {
            rule_index: self.rules.iter().position(|known| *known == name),
            // Stays the same while the same thing is wrong at the same path.
            partial_fingerprints: wire::Fingerprints { instruction: print(&format!("{name}\0{key}")) },
            ..result_at(name, level, String::new(), location)
        }
    }

    /// The first line of a place.
    fn line(&self, file: &str, place: &SourcePlace) -> wire::PhysicalLocation {
        let index = self.files.iter().position(|known| *known == file);
        line_at(artifact(self.base, file, index), LineColumn { line: place.first_line, column: 1 })
    }
}

fn impact(finding: &AnalysisFinding) -> Vec<ImpactJson> {
    let impact = |kind: &str, bytes: u64| ImpactJson {
        kind: kind.to_owned(),
        saves: Some(bytes.into()),
        per: "pull".to_owned(),
        basis: Basis::Measured.name().to_owned(),
        at_least: false,
        evidence: OnlyWritten("image".to_owned()),
    };
    let mut all = vec![impact("disk_bytes", finding.bytes)];
    all.extend(finding.compressed.map(|bytes| impact("pull_bytes", bytes)));
    all
}
