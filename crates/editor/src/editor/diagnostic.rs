//! Findings and problems of one document as diagnostics: the same as `dockopt lint` gives of the same text.

use gen_lsp_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location, Uri,
};

use super::{Analysis, EditorText};
use crate::audit::ProblemReport;
use crate::finding::{Finding, Severity};
use crate::report;
use crate::rules::{self, Rule};
use crate::text::{Source, Span};

/// Diagnostics of a document at most: a client gets all of them again with each change.
const MOST: usize = 1_000;

/// Who found it, as clients show it.
const SOURCE: &str = "dockopt";

/// What was found in a document; `name` is what the sources of the analysis call it. Places are those of the text that was
/// analysed, which the document must have.
pub fn diagnostics(analysis: &Analysis, document: &EditorText, name: &str, uri: &Uri) -> Vec<Diagnostic> {
    let files: Vec<_> = analysis.files(name).collect();
    let report = &analysis.report;
    let findings = report.findings.iter().filter(|finding| files.contains(&finding.file));
    let problems = report.problems.iter().filter(|problem| problem.file == name);
    let source = files.first().and_then(|file| report.sources.get(file.0 as usize));
    let all = problems.map(|problem| of_problem(problem, document, source));
    all.chain(findings.map(|finding| of_finding(finding, document, uri))).take(MOST).collect()
}

pub(super) fn of_finding(finding: &Finding, document: &EditorText, uri: &Uri) -> Diagnostic {
    let (text, lines) = (document.text(), document.lines());
    let related = finding.labels.iter().map(|label| DiagnosticRelatedInformation {
        location: Location { uri: uri.clone(), range: lines.range(text, label.span) },
        message: label.text.clone(),
    });
    let related: Vec<_> = related.collect();
    let rule = rules::find(finding.rule);
    Diagnostic {
        range: lines.range(text, finding.span),
        severity: Some(severity(finding.severity)),
        code: Some(finding.rule.to_owned().into()),
        code_description: rule.map(|rule| CodeDescription { href: Uri(rule.url()) }),
        source: Some(SOURCE.to_owned()),
        message: message(finding).into(),
        tags: rule.map(tags).filter(|tags| !tags.is_empty()),
        related_information: (!related.is_empty()).then_some(related),
        data: None,
    }
}

/// The message of `lint`, then what it costs, then what to do: a line each.
fn message(finding: &Finding) -> String {
    let costs = finding.impact.iter().map(|impact| format!("costs {}", report::impact_line(impact)));
    let help = finding.help.iter().map(|help| format!("help: {help}"));
    std::iter::once(finding.message.clone()).chain(costs).chain(help).collect::<Vec<_>>().join("\n")
}

const fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Error => DiagnosticSeverity::Error,
        Severity::Warning => DiagnosticSeverity::Warning,
        Severity::Info => DiagnosticSeverity::Information,
        Severity::Style => DiagnosticSeverity::Hint,
    }
}

/// How clients draw what a rule finds: what nothing uses is faded, what is out of date struck through.
fn tags(rule: &Rule) -> Vec<DiagnosticTag> {
    let words = |word: &str| rule.name.split('-').any(|part| part == word);
    if words("unused") {
        vec![DiagnosticTag::Unnecessary]
    } else if words("legacy") || words("deprecated") {
        vec![DiagnosticTag::Deprecated]
    } else {
        Vec::new()
    }
}

fn of_problem(problem: &ProblemReport, document: &EditorText, source: Option<&Source>) -> Diagnostic {
    let (text, lines) = (document.text(), document.lines());
    let span = problem.place.zip(source).map_or(Span::at(0), |(place, source)| {
        let start = source.offset(place);
        let end = source.line_span(place.line).end.max(start);
        let rest = text.get(start as usize..end as usize).unwrap_or_default();
        Span::new(start, start + rest.trim_end().len() as u32)
    });
    let help = problem.help.iter().map(|help| format!("help: {help}"));
    let message = std::iter::once(problem.message.clone()).chain(help).collect::<Vec<_>>().join("\n");
    Diagnostic {
        range: lines.range(text, span),
        severity: Some(if problem.error { DiagnosticSeverity::Error } else { DiagnosticSeverity::Warning }),
        code: Some(problem.code.to_owned().into()),
        source: Some(SOURCE.to_owned()),
        message: message.into(),
        ..Diagnostic::default()
    }
}
