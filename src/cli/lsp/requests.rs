//! Answers to questions about one document.

use std::path::Path;

use gen_lsp_types::{
    CodeActionParams, CompletionParams, Diagnostic, DiagnosticSeverity, HoverParams, Location, Position,
    PrepareRenameParams, ReferenceParams, RenameParams, TextEdit, Uri, WorkspaceEdit,
};
use lsp_server::{ErrorCode, Request};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::capabilities::EditorClient;
use super::open_document::OpenDocument;
use crate::audit::ProblemReport;
use crate::cli::session::name_in;
use crate::editor::{
    ActionKinds, ActionSite, Analysis, DocumentKind, OpenVersions, Symbol, SymbolKind, actions, completions,
    diagnostics, foldings, hover, lenses, outline, rename_error, symbol_at,
};

/// An error that the client is told: a code of the protocol and a text.
pub(super) type RequestError = (ErrorCode, String);

/// What answers are made of besides the document.
#[derive(Clone, Copy)]
pub(super) struct RequestSite<'a> {
    pub(super) client: &'a EditorClient,
    pub(super) top: &'a Path,
    pub(super) versions: &'a OpenVersions,
}

/// Whether a question is about what was found, and waits until the text as it is now was checked.
pub(super) fn needs_analysis(method: &str) -> bool {
    matches!(method, "textDocument/hover" | "textDocument/codeAction" | "textDocument/codeLens")
}

/// The address of the document that a question is about.
pub(super) fn document_uri(params: &Value) -> Option<&str> {
    params.pointer("/textDocument/uri").or_else(|| params.pointer("/data/uri")).and_then(Value::as_str)
}

/// The answer to a question about a document.
pub(super) fn answer(request: &Request, open: &OpenDocument, site: RequestSite) -> Result<Value, RequestError> {
    let params = &request.params;
    let document = &open.document;
    if document.is_too_long() || document.kind == DocumentKind::Other {
        return Ok(Value::Null);
    }
    match request.method.as_str() {
        "textDocument/hover" => {
            let position = read::<HoverParams>(params)?.text_document_position_params.position;
            let Some(analysis) = open.current() else { return Ok(Value::Null) };
            let name = name_in(analysis, site.top, &document.path);
            write(hover(analysis, document, &name, offset(open, position)))
        }
        "textDocument/completion" => {
            let position = read::<CompletionParams>(params)?.text_document_position_params.position;
            write(completions(document, offset(open, position)))
        }
        "textDocument/definition" => {
            let symbol = symbol_at(document, offset(open, position_of(params)?));
            write(symbol.and_then(|symbol| symbol.definition).map(|span| location(open, span)))
        }
        "textDocument/references" => {
            let params = read::<ReferenceParams>(params)?;
            let symbol = symbol_at(document, offset(open, params.text_document_position_params.position));
            write(symbol.map(|symbol| references(open, &symbol, params.context.include_declaration)))
        }
        "textDocument/documentSymbol" => write(outline(document)),
        "textDocument/foldingRange" => write(foldings(document)),
        "textDocument/codeAction" => {
            let params: CodeActionParams = read(params)?;
            write(open.current().map(|analysis| code_actions(open, analysis, &params, site)))
        }
        "textDocument/codeLens" => {
            let analysis = if site.client.options.code_lens { open.current() } else { None };
            write(analysis.map(|analysis| lenses(analysis, document, &name_in(analysis, site.top, &document.path))))
        }
        "textDocument/prepareRename" => {
            let position = read::<PrepareRenameParams>(params)?.text_document_position_params.position;
            let symbol = symbol_at(document, offset(open, position)).filter(|symbol| symbol.kind == SymbolKind::Stage);
            write(symbol.map(|symbol| {
                json!({ "range": document.lines().range(document.text(), symbol.here), "placeholder": symbol.name })
            }))
        }
        "textDocument/rename" => {
            let params: RenameParams = read(params)?;
            write(rename(open, params.text_document_position_params.position, &params.new_name, site)?)
        }
        other => Err((ErrorCode::MethodNotFound, format!("`{other}` is not supported"))),
    }
}

pub(super) fn read<T: DeserializeOwned>(params: &Value) -> Result<T, RequestError> {
    T::deserialize(params).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}

fn write(value: impl serde::Serialize) -> Result<Value, RequestError> {
    serde_json::to_value(value).map_err(|error| (ErrorCode::InternalError, error.to_string()))
}

fn position_of(params: &Value) -> Result<Position, RequestError> {
    read(params.get("position").unwrap_or(&Value::Null))
}

fn offset(open: &OpenDocument, position: Position) -> u32 {
    open.document.lines().offset(open.document.text(), position)
}

fn location(open: &OpenDocument, span: crate::text::Span) -> Location {
    Location { uri: open.uri.clone(), range: open.document.lines().range(open.document.text(), span) }
}

fn references(open: &OpenDocument, symbol: &Symbol, with_definition: bool) -> Vec<Location> {
    let places = symbol.places.iter().filter(|place| with_definition || symbol.definition != Some(**place));
    places.map(|place| location(open, *place)).collect()
}

fn code_actions(
    open: &OpenDocument,
    analysis: &Analysis,
    params: &CodeActionParams,
    site: RequestSite,
) -> Vec<gen_lsp_types::CodeAction> {
    let document = &open.document;
    let name = name_in(analysis, site.top, &document.path);
    let action_site = ActionSite {
        analysis,
        document,
        name: &name,
        uri: &open.uri,
        top: site.top,
        client: site.client.edits,
        versions: site.versions,
    };
    // Clients send the findings of the line with a cursor that stands before or behind them.
    let known = params.context.diagnostics.iter().map(|diagnostic| diagnostic.range);
    let spans = known.map(|range| document.lines().span(document.text(), range));
    let span = spans.fold(document.lines().span(document.text(), params.range), crate::text::Span::to);
    actions(action_site, span, &ActionKinds::new(params.context.only.as_deref()))
}

fn rename(
    open: &OpenDocument,
    position: Position,
    name: &str,
    site: RequestSite,
) -> Result<Option<WorkspaceEdit>, RequestError> {
    let document = &open.document;
    let Some(symbol) = symbol_at(document, offset(open, position)) else { return Ok(None) };
    if let Some(why) = rename_error(document.text(), &symbol, name) {
        return Err((ErrorCode::InvalidParams, why));
    }
    let range = |span| document.lines().range(document.text(), span);
    let edits = symbol.places.iter().map(|span| TextEdit { range: range(*span), new_text: name.to_owned() });
    Ok(Some(crate::editor::document_edit(&open.uri, document.version, edits.collect(), site.client.edits)))
}

/// What is found in a document, with what `audit` adds while the text is the one on disk.
pub(super) fn all_diagnostics(open: &OpenDocument, top: &Path) -> Vec<Diagnostic> {
    let Some(lint) = open.current_lint() else { return Vec::new() };
    let of = |analysis: &Analysis| {
        let name = name_in(analysis, top, &open.document.path);
        diagnostics(analysis, &open.document, &name, &open.uri)
    };
    let mut all = of(lint);
    // Nothing is found under settings that cannot be read: what is wrong with them is said where it is missed.
    if lint.inputs.unsettled {
        all.extend(other_problems(lint, &name_in(lint, top, &open.document.path)));
    }
    let audit = open.audit.as_ref().filter(|audit| open.is_saved && audit.edition == open.edition);
    if let Some(audit) = audit {
        for mut diagnostic in of(&audit.analysis) {
            let is_same = |known: &Diagnostic| known.code == diagnostic.code && known.range == diagnostic.range;
            if !all.iter().any(is_same) {
                diagnostic.source = Some("dockopt audit".to_owned());
                all.push(diagnostic);
            }
        }
    }
    all
}

/// What is wrong with other files, at the beginning of the document.
fn other_problems(analysis: &Analysis, name: &str) -> Vec<Diagnostic> {
    let others = analysis.report.problems.iter().filter(|problem| problem.error && problem.file != name);
    let diagnostic = |problem: &ProblemReport| {
        let line = problem.place.map(|place| format!(":{}", place.line)).unwrap_or_default();
        Diagnostic {
            severity: Some(DiagnosticSeverity::Error),
            code: Some(problem.code.to_owned().into()),
            source: Some("dockopt".to_owned()),
            message: format!("{}{line}: {}", problem.file, problem.message).into(),
            ..Diagnostic::default()
        }
    };
    others.map(diagnostic).collect()
}

/// The address that a command is about: its first argument.
pub(super) fn command_uri(arguments: Option<&[Value]>) -> Option<Uri> {
    arguments?.first()?.as_str().map(|uri| Uri(uri.to_owned()))
}
