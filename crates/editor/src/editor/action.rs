//! What a client offers at findings: their fixes, a comment that hides them, all safe fixes, a rewrite of the build.

use std::path::Path;

use gen_lsp_types::{CodeAction, CodeActionKind, TextEdit, Uri, WorkspaceEdit};
use serde_json::json;

use super::diagnostic::of_finding;
use super::edit::{ClientEdits, OpenVersions, changes_edit, document_edit, finding_edit, insertion};
use super::{Analysis, DocumentKind, EditorText};
use crate::audit;
use crate::finding::{Finding, Fix, Safety};
use crate::text::Span;
use crate::yaml;

/// The kind of the action that applies all safe fixes of a file; clients run it when a file is saved.
const FIX_ALL: &str = "source.fixAll.dockopt";

/// The reason of a comment that hides a finding, until somebody writes another.
const REASON: &str = "accepted; say why";

/// Fixes that are offered at one place.
const MOST: usize = 60;

/// Comments that are offered at one place.
const MOST_SUPPRESSIONS: usize = 10;

/// The kinds of actions that a client asks for; all where it names none.
#[derive(Clone, Debug, Default)]
pub struct ActionKinds {
    only: Vec<String>,
}

impl ActionKinds {
    /// Those of a request.
    pub fn new(only: Option<&[CodeActionKind]>) -> Self {
        Self { only: only.unwrap_or_default().iter().map(|kind| String::from(kind.clone())).collect() }
    }

    /// Whether a kind is asked for: `source.fixAll` asks for `source.fixAll.dockopt` too.
    fn has(&self, kind: &str) -> bool {
        let is_parent = |parent: &String| kind == parent || kind.starts_with(&format!("{parent}."));
        self.only.is_empty() || self.only.iter().any(is_parent)
    }

    /// Whether a kind is named; what is dear to work out waits for that.
    fn names(&self, kind: &str) -> bool {
        !self.only.is_empty() && self.has(kind)
    }
}

/// What actions are made of.
#[derive(Clone, Copy, Debug)]
pub struct ActionSite<'a> {
    /// What was found.
    pub analysis: &'a Analysis,
    /// The document.
    pub document: &'a EditorText,
    /// What the analysis calls it.
    pub name: &'a str,
    /// What the client calls it.
    pub uri: &'a Uri,
    /// What names of the analysis are relative to.
    pub top: &'a Path,
    /// What the client can do.
    pub client: ClientEdits,
    /// Versions of the open documents.
    pub versions: &'a OpenVersions,
}

/// The actions for a part of the document, the best first.
pub fn actions(site: ActionSite, span: Span, kinds: &ActionKinds) -> Vec<CodeAction> {
    let files: Vec<_> = site.analysis.files(site.name).collect();
    let is_here = |finding: &&Finding| {
        files.contains(&finding.file) && finding.span.start <= span.end && span.start <= finding.span.end
    };
    let findings: Vec<&Finding> = site.analysis.report.findings.iter().filter(is_here).collect();
    let mut all = Vec::new();
    if kinds.has("quickfix") {
        let safe = findings.iter().flat_map(|finding| fixes(site, finding, true));
        let risky = findings.iter().flat_map(|finding| fixes(site, finding, false));
        all.extend(safe.chain(risky).take(MOST));
        // Each reads the file again with its comment.
        all.extend(findings.iter().take(MOST_SUPPRESSIONS).filter_map(|finding| suppression(site, finding)));
    }
    let has_safe =
        site.analysis.report.findings.iter().any(|finding| files.contains(&finding.file) && finding.has_safe_fix());
    if has_safe && kinds.has(FIX_ALL) {
        all.push(deferred(site, "Fix all safe findings of this file", FIX_ALL, "fix-all"));
    }
    let can_rewrite = site.document.kind == DocumentKind::Dockerfile;
    if can_rewrite && (kinds.names("refactor.rewrite") || (kinds.only.is_empty() && !findings.is_empty())) {
        let asks = if site.client.can_ask { " (shows what changes first)" } else { "" };
        all.push(deferred(site, &format!("Optimize this build{asks}"), "refactor.rewrite", "optimize"));
    }
    all
}

/// The fixes of a finding that are safe, or those that are not.
fn fixes<'a>(site: ActionSite<'a>, finding: &'a Finding, safe: bool) -> impl Iterator<Item = CodeAction> + use<'a> {
    let is_asked = move |fix: &&Fix| (fix.safety == Safety::Safe) == safe;
    finding.fixes.iter().filter(is_asked).filter_map(move |fix| {
        let edit = finding_edit(&site.analysis.report, fix, site.top, (site.client, site.versions))?;
        let title = match &fix.safety {
            Safety::Safe => fix.title.clone(),
            Safety::Unsafe(why) => format!("{} (unsafe: {why})", fix.title),
        };
        Some(CodeAction { is_preferred: safe.then_some(true), ..quick(site, finding, title, edit) })
    })
}

/// The comment that hides a finding.
fn suppression(site: ActionSite, finding: &Finding) -> Option<CodeAction> {
    let edit = suppression_edit(site, finding)?;
    Some(quick(site, finding, format!("Ignore `{}` here, with a reason", finding.rule), edit))
}

fn quick(site: ActionSite, finding: &Finding, title: String, edit: WorkspaceEdit) -> CodeAction {
    CodeAction {
        title,
        kind: Some(CodeActionKind::from("quickfix")),
        diagnostics: Some(vec![of_finding(finding, site.document, site.uri)]),
        edit: Some(edit),
        ..CodeAction::default()
    }
}

/// An action whose edit is worked out when it is chosen.
fn deferred(site: ActionSite, title: &str, kind: &'static str, what: &str) -> CodeAction {
    CodeAction {
        title: title.to_owned(),
        kind: Some(CodeActionKind::from(kind)),
        data: Some(json!({ "what": what, "uri": site.uri.0 })),
        ..CodeAction::default()
    }
}

/// The edit that adds a comment which hides a finding; `None` where no comment can.
fn suppression_edit(site: ActionSite, finding: &Finding) -> Option<WorkspaceEdit> {
    let Analysis { inputs, policies, report, .. } = site.analysis;
    if let Some(change) = audit::add_ignore(inputs, policies, finding, REASON) {
        return changes_edit(&[change], site.top, None, (site.client, site.versions));
    }
    let is_yaml = matches!(site.document.kind, DocumentKind::Compose | DocumentKind::Pipeline);
    if !is_yaml || inputs.builds.iter().any(|input| input.dockerfile == finding.file) {
        return None;
    }
    let source = report.sources.get(finding.file.0 as usize)?;
    let line = source.line(finding.span.start);
    let start = source.line_span(line).start;
    let text = site.document.text();
    let rest = text.get(start as usize..)?;
    let indent = &rest[..rest.len() - rest.trim_start_matches([' ', '\t']).len()];
    let end = source.line_end(line);
    let comment = format!("{indent}# dockopt ignore={} reason: {REASON}{end}", finding.rule);
    // In a block of text the line would be a part of the text.
    let at = start as usize + indent.len();
    let after = format!("{}{comment}{}", &text[..start as usize], &text[start as usize..]);
    let is_comment = yaml::read(&after).comments().iter().any(|span| span.start as usize == at);
    let edit: TextEdit = insertion(site.document.lines().position(text, start), comment);
    is_comment.then(|| document_edit(site.uri, site.document.version, vec![edit], site.client))
}
