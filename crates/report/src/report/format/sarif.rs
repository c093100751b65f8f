//! SARIF 2.1.0. What is wrong with an input is a notification, and where the builder refuses it a result too, as
//! readers of results look for nothing else.

mod comparison;
mod image;
mod rule;
mod wire;

pub use self::comparison::write as comparison_sarif;
pub use self::image::write as image_sarif;

use std::collections::BTreeMap;

use self::wire::{level, message};
use super::item::{INPUT, ReportItem, files, hidden, items};
use super::path::{PathBase, percent};
use super::{ReportRun, github};
use crate::audit::{ProblemReport, Report, SkippedInput};
use crate::finding::{FileEdit, Finding, Fix, Form, Safety, Severity, Target};
use crate::report::json::{impact, pretty};
use crate::text::{LineColumn, Source, Span};
use crate::wire::{list, object};

/// Where relative paths begin; which folder that is, readers know better than the machine that ran.
const ROOT: &str = "%SRCROOT%";

pub(super) fn write(run: &ReportRun) -> String {
    let mut items = items(run.report);
    items.extend(hidden(run.report));
    let mut names: Vec<&str> = results(&items).map(|item| item.rule).collect();
    names.extend(run.report.skipped.iter().map(|skip| &*skip.what).filter(|what| crate::rules::find(what).is_some()));
    names.sort_unstable();
    names.dedup();
    let rules: BTreeMap<&str, usize> = names.iter().enumerate().map(|(index, name)| (*name, index)).collect();
    let files = files(run.report);
    let places: BTreeMap<&str, usize> = files.iter().enumerate().map(|(index, file)| (*file, index)).collect();
    let log = LogWriter { run, rules, places };
    let results = results(&items).map(|item| log.result(item)).collect();
    let rules = names.iter().map(|name| rule::descriptor(name)).collect();
    log_text(run.command, rules, log.invocation(), files.iter().map(|file| log.artifact(file)), results)
}

/// The log of a run of a command.
fn log_text(
    command: &str,
    rules: Vec<wire::Descriptor<'_>>,
    invocation: wire::Invocation,
    files: impl Iterator<Item = wire::ArtifactLocation>,
    results: Vec<wire::Result<'_>>,
) -> String {
    pretty(&object! {
        #[serde(rename = "$schema")]
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [object! {
            tool: object! { driver: rule::tool(rules) },
            // Results of one kind of run: those of a later run take their place, those of another command don't.
            automationDetails: object! { id: format!("dockopt/{command}/") },
            invocations: [invocation],
            originalUriBaseIds: object! {
                #[serde(rename = "%SRCROOT%")]
                root: object! { description: message("folder in which dockopt ran") },
            },
            artifacts: list(files, |location| object! { location, roles: ["analysisTarget"] }),
            columnKind: "unicodeCodePoints",
            results,
        }],
    })
}

/// How a run ended.
const fn invocation(exit: u8, notifications: Vec<wire::Notification>) -> wire::Invocation {
    wire::Invocation { execution_successful: exit != 2, exit_code: exit, tool_execution_notifications: notifications }
}

/// A result of a rule that says no more yet than where it is.
fn result_at<'r>(rule: &str, level: &'static str, text: String, location: wire::Location) -> wire::Result<'r> {
    wire::Result {
        rule_id: rule.to_owned(),
        rule_index: None,
        level,
        message: message(text),
        locations: [location],
        related_locations: Vec::new(),
        partial_fingerprints: wire::Fingerprints { instruction: String::new() },
        suppressions: Vec::new(),
        fixes: Vec::new(),
        baseline_state: None,
        properties: wire::ResultProperties { stage: None, impact: Vec::new() },
    }
}

/// A module by its name, and by its name among all.
fn logical_place(name: &str, qualified: &str) -> wire::LogicalLocation {
    wire::LogicalLocation { name: name.to_owned(), fully_qualified_name: qualified.to_owned(), kind: "module" }
}

/// A fingerprint of a text.
fn print(text: &str) -> String {
    format!("{:032x}", twox_hash::XxHash3_128::oneshot(text.as_bytes()))
}

/// What has a result of its own: findings, and inputs that the builder refuses.
fn results<'i, 'a>(items: &'i [ReportItem<'a>]) -> impl Iterator<Item = &'i ReportItem<'a>> {
    items.iter().filter(|item| !item.is_problem() || item.severity == Severity::Error)
}

fn suppression(form: Form) -> wire::Suppression {
    wire::Suppression { kind: if form == Form::Settings { "external" } else { "inSource" } }
}

/// A run with the places of its rules and files in their lists.
struct LogWriter<'a> {
    run: &'a ReportRun<'a>,
    rules: BTreeMap<&'a str, usize>,
    places: BTreeMap<&'a str, usize>,
}

impl LogWriter<'_> {
    fn artifact(&self, name: &str) -> wire::ArtifactLocation {
        artifact(self.run.base, name, self.places.get(name).copied())
    }

    fn location(&self, name: &str, region: Option<wire::Region>) -> wire::Location {
        let physical = wire::PhysicalLocation { artifact_location: self.artifact(name), region };
        wire::Location { physical_location: Some(physical), ..wire::Location::default() }
    }

    fn source(&self, finding: &Finding) -> Option<&Source> {
        self.run.report.sources.get(finding.file.0 as usize)
    }

    fn result<'i>(&self, item: &ReportItem<'i>) -> wire::Result<'i> {
        let finding = item.finding;
        let source = finding.and_then(|finding| self.source(finding));
        let place = match (finding, source) {
            (Some(finding), Some(source)) => region(source, finding.span),
            _ => region_at(item.start),
        };
        let labels = finding.map(|finding| &finding.labels[..]).unwrap_or_default();
        let related = labels.iter().enumerate().filter_map(|(index, label)| {
            let location = self.location(item.file, Some(region(source?, label.span)));
            Some(wire::Location { id: Some(index), message: Some(message(&*label.text)), ..location })
        });
        let fixes = finding.map(|finding| &finding.fixes[..]).unwrap_or_default();
        let text = match item.help {
            Some(help) => format!("{}: {help}", item.message),
            None => item.message.clone().into_owned(),
        };
        let location = self.location(item.file, Some(place));
        wire::Result {
            rule_index: self.rules.get(item.rule).copied(),
            related_locations: related.collect(),
            partial_fingerprints: wire::Fingerprints { instruction: item.fingerprint.clone() },
            suppressions: finding.and_then(|finding| finding.hidden_by).map(suppression).into_iter().collect(),
            fixes: fixes.iter().filter(|fix| !fix.edits.is_empty()).map(|fix| self.fix(fix)).collect(),
            properties: wire::ResultProperties {
                stage: finding.and_then(|finding| finding.stage.as_deref()),
                impact: finding.map(|finding| finding.impact.iter().map(impact).collect()).unwrap_or_default(),
            },
            ..result_at(item.rule, level(item.severity), text, location)
        }
    }

    /// One change per file, its replacements in the order of the file.
    fn fix(&self, fix: &Fix) -> wire::SarifFix {
        let mut changes: Vec<(&Target, wire::ArtifactChange)> = Vec::new();
        for edit in &fix.edits {
            let (name, replacement) = self.replacement(edit);
            if let Some(known) = changes.iter_mut().find(|change| *change.0 == edit.target) {
                known.1.replacements.push(replacement);
            } else {
                let artifact_location = self.artifact(name);
                let change = wire::ArtifactChange { artifact_location, replacements: vec![replacement] };
                changes.push((&edit.target, change));
            }
        }
        let (safety, why) = match &fix.safety {
            Safety::Safe => ("safe", String::new()),
            Safety::Unsafe(why) => ("unsafe", format!(" (unsafe: {why})")),
        };
        wire::SarifFix {
            description: message(format!("{}{why}", fix.title)),
            artifact_changes: changes.into_iter().map(|change| change.1).collect(),
            properties: wire::FixProperties { safety },
        }
    }

    fn replacement<'e>(&'e self, edit: &'e FileEdit) -> (&'e str, wire::Replacement) {
        let inserted_content = wire::Content { text: edit.text.clone() };
        let source = match &edit.target {
            Target::File(file) => self.run.report.sources.get(file.0 as usize),
            Target::New(_) => None,
        };
        let name = match &edit.target {
            Target::New(path) => path,
            Target::File(_) => source.map_or("", Source::name),
        };
        let start = region_at(LineColumn { line: 1, column: 1 });
        let deleted_region = source.map_or(start, |source| region(source, edit.span));
        (name, wire::Replacement { deleted_region, inserted_content })
    }

    fn invocation(&self) -> wire::Invocation {
        let Report { problems, skipped, notices, .. } = self.run.report;
        let mut notifications: Vec<_> = problems.iter().map(|problem| self.wrong_input(problem)).collect();
        notifications.extend(skipped.iter().map(|skip| self.skip(skip)));
        notifications.extend(notices.iter().map(|notice| notification("run-notice", "note", &notice.text)));
        invocation(self.run.exit, notifications)
    }

    fn wrong_input(&self, problem: &ProblemReport) -> wire::Notification {
        let level = if problem.error { "error" } else { "warning" };
        let help = problem.help.as_ref().map(|help| format!(": {help}")).unwrap_or_default();
        let location = self.location(&problem.file, problem.place.map(region_at));
        let base = notification(INPUT, level, &format!("{}{help}", problem.message));
        wire::Notification { locations: vec![location], ..base }
    }

    fn skip(&self, skip: &SkippedInput) -> wire::Notification {
        let text = format!("skipped `{}`: {}{}", skip.what, skip.why, github::remedy(&skip.remedy));
        let index = self.rules.get(&*skip.what).copied();
        let rule = index.map(|index| wire::DescriptorReference { id: skip.what.clone(), index: Some(index) });
        wire::Notification { associated_rule: rule, ..notification("rule-skipped", "note", &text) }
    }
}

/// A file, and its place in the list of all.
fn artifact(base: &PathBase, name: &str, index: Option<usize>) -> wire::ArtifactLocation {
    match base.relative(name) {
        Ok(path) => wire::ArtifactLocation { uri: percent(&path), uri_base_id: Some(ROOT), index },
        Err(path) => {
            let path = percent(path.trim_start_matches('/'));
            // A drive's colon ends no scheme behind `file:`.
            let path = if path.get(1..4) == Some("%3A") { path.replacen("%3A", ":", 1) } else { path };
            wire::ArtifactLocation { uri: format!("file:///{path}"), uri_base_id: None, index }
        }
    }
}

fn notification(id: &'static str, level: &'static str, text: &str) -> wire::Notification {
    wire::Notification {
        descriptor: wire::DescriptorReference { id: id.to_owned(), index: rule::notification(id) },
        associated_rule: None,
        level,
        message: message(text),
        locations: Vec::new(),
    }
}

/// The line of a file.
fn line_at(artifact_location: wire::ArtifactLocation, place: LineColumn) -> wire::PhysicalLocation {
    wire::PhysicalLocation { artifact_location, region: Some(region_at(place)) }
}

/// A place of which only the start is known.
fn region_at(place: LineColumn) -> wire::Region {
    wire::Region { start_line: place.line, start_column: place.column, ..wire::Region::default() }
}

fn region(source: &Source, span: Span) -> wire::Region {
    let (start, end) = (source.line_column(span.start), source.line_column(span.end.max(span.start)));
    let place = source.original(span);
    wire::Region {
        start_line: start.line,
        start_column: start.column,
        end_line: Some(end.line),
        end_column: Some(end.column),
        byte_offset: Some(place.start),
        byte_length: Some(place.len()),
    }
}
