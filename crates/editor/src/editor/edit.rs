//! Changes of files as a client applies them: edits of versions of documents, and new files.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use gen_lsp_types::{
    AnnotatedTextEdit, ChangeAnnotation, CreateFile, CreateFileOptions, DocumentChange, Edit,
    OptionalVersionedTextDocumentIdentifier, Position, Range, TextDocumentEdit, TextDocumentIdentifier, TextEdit, Uri,
    WorkspaceEdit,
};

use super::position::{PositionEncoding, TextLines};
use super::uri::uri_of;
use crate::audit::Report;
use crate::finding::{Fix, Target};
use crate::fix::Change;
use crate::text::diff::{self, DiffTag};
use crate::text::{FileId, Span};

/// What a client can do with edits.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientEdits {
    /// How it counts characters.
    pub encoding: PositionEncoding,
    /// Whether edits may name the version of a document (`documentChanges`).
    pub has_versions: bool,
    /// Whether edits may make files.
    pub can_create: bool,
    /// Whether it asks before it applies an edit that says so (`changeAnnotationSupport`): a preview as a diff.
    pub can_ask: bool,
}

/// A document that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenVersion {
    /// Its address as the client writes it.
    pub uri: Uri,
    /// The version of its text.
    pub version: i32,
}

/// The documents that are open, by their paths.
pub type OpenVersions = BTreeMap<PathBuf, OpenVersion>;

/// The address of a file: as the client writes it where it has it open.
fn address(versions: &OpenVersions, path: &Path) -> Uri {
    versions.get(path).map_or_else(|| uri_of(path), |open| open.uri.clone())
}

/// The name of the only annotation of an edit.
const ANNOTATION: &str = "dockopt";

/// One file's part of an edit.
struct FileEdits {
    path: PathBuf,
    is_new: bool,
    edits: Vec<TextEdit>,
}

/// The edit of one fix of a finding; `None` where the client cannot make a file that it needs, or a secret is in it.
pub(super) fn finding_edit(
    report: &Report,
    fix: &Fix,
    top: &Path,
    (client, versions): (ClientEdits, &OpenVersions),
) -> Option<WorkspaceEdit> {
    let mut files: BTreeMap<PathBuf, FileEdits> = BTreeMap::new();
    let mut known: BTreeMap<FileId, TextLines> = BTreeMap::new();
    for edit in &fix.edits {
        let (path, is_new, range) = match &edit.target {
            Target::File(file) => {
                let source = report.sources.get(file.0 as usize)?;
                let lines = known.entry(*file).or_insert_with(|| TextLines::new(source.text(), client.encoding));
                (top.join(source.name()), false, lines.range(source.text(), edit.span))
            }
            Target::New(name) => (top.join(name), true, Range::default()),
        };
        let all = files.entry(path.clone()).or_insert_with(|| FileEdits { path, is_new, edits: Vec::new() });
        all.edits.push(TextEdit { range, new_text: edit.text.clone() });
    }
    if files.is_empty() { None } else { workspace_edit(files.into_values().collect(), None, client, versions) }
}

/// The edit that makes some changes; with a title the client is asked to show it before it is applied.
pub fn changes_edit(
    changes: &[Change],
    top: &Path,
    title: Option<&str>,
    (client, versions): (ClientEdits, &OpenVersions),
) -> Option<WorkspaceEdit> {
    let mut files = Vec::new();
    for change in changes {
        let before = String::from_utf8(change.before.clone().unwrap_or_default()).ok()?;
        let after = String::from_utf8(change.after.clone()).ok()?;
        let edits = line_edits(&before, &after, client.encoding);
        files.push(FileEdits { path: top.join(&change.name), is_new: change.before.is_none(), edits });
    }
    if files.is_empty() { None } else { workspace_edit(files, title, client, versions) }
}

fn workspace_edit(
    files: Vec<FileEdits>,
    title: Option<&str>,
    client: ClientEdits,
    versions: &OpenVersions,
) -> Option<WorkspaceEdit> {
    if files.iter().any(|file| file.is_new) && !client.can_create {
        return None;
    }
    if !client.has_versions {
        let changes: HashMap<Uri, Vec<TextEdit>> =
            files.into_iter().map(|file| (address(versions, &file.path), file.edits)).collect();
        return Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() });
    }
    let title = if client.can_ask { title } else { None };
    let mut document_changes = Vec::new();
    for file in files {
        let uri = address(versions, &file.path);
        if file.is_new {
            // What is there already is not overwritten: the client refuses the edit.
            let options = Some(CreateFileOptions { overwrite: Some(false), ignore_if_exists: Some(false) });
            let create = CreateFile::new(uri.clone(), options, None);
            document_changes.push(DocumentChange::CreateFile(create));
        }
        let annotate = |edit: TextEdit| match title {
            Some(_) => AnnotatedTextEdit { annotation_id: ANNOTATION.to_owned(), text_edit: edit }.into(),
            None => Edit::TextEdit(edit),
        };
        let text_document = OptionalVersionedTextDocumentIdentifier {
            version: versions.get(&file.path).map(|open| open.version),
            text_document_identifier: TextDocumentIdentifier { uri },
        };
        let edits = file.edits.into_iter().map(annotate).collect();
        document_changes.push(DocumentChange::TextDocumentEdit(TextDocumentEdit { text_document, edits }));
    }
    let annotation = |title: &str| {
        let label = title.to_owned();
        let annotation = ChangeAnnotation { label, needs_confirmation: Some(true), description: None };
        HashMap::from([(ANNOTATION.to_owned(), annotation)])
    };
    Some(WorkspaceEdit {
        document_changes: Some(document_changes),
        change_annotations: title.map(annotation),
        ..WorkspaceEdit::default()
    })
}

/// Edits of one document.
pub fn document_edit(uri: &Uri, version: i32, edits: Vec<TextEdit>, client: ClientEdits) -> WorkspaceEdit {
    if !client.has_versions {
        let changes = HashMap::from([(uri.clone(), edits)]);
        return WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() };
    }
    let text_document = OptionalVersionedTextDocumentIdentifier {
        version: Some(version),
        text_document_identifier: TextDocumentIdentifier { uri: uri.clone() },
    };
    let edit = TextDocumentEdit { text_document, edits: edits.into_iter().map(Edit::TextEdit).collect() };
    WorkspaceEdit { document_changes: Some(vec![edit.into()]), ..WorkspaceEdit::default() }
}

/// The edits of whole lines that lead from one text to the other, in their order.
fn line_edits(before: &str, after: &str, encoding: PositionEncoding) -> Vec<TextEdit> {
    let lines = TextLines::new(before, encoding);
    let (old, new) = (diff::lines(before), diff::lines(after));
    let mut edits: Vec<(Span, String)> = Vec::new();
    let mut at = 0;
    for op in diff::diff(&old, &new) {
        let start = at;
        at += old[op.old_range()].iter().map(|line| line.len() as u32).sum::<u32>();
        if op.tag() == DiffTag::Equal {
            continue;
        }
        let (end, text) = (at, new[op.new_range()].concat());
        match edits.last_mut() {
            Some((span, known)) if span.end == start => {
                span.end = end;
                known.push_str(&text);
            }
            _ => edits.push((Span::new(start, end), text)),
        }
    }
    edits.into_iter().map(|(span, text)| TextEdit { range: lines.range(before, span), new_text: text }).collect()
}

/// An insertion at a place.
pub(super) fn insertion(position: Position, text: String) -> TextEdit {
    TextEdit { range: Range { start: position, end: position }, new_text: text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(text: &str, edits: &[TextEdit]) -> String {
        let lines = TextLines::new(text, PositionEncoding::Utf16);
        let mut after = text.to_owned();
        for edit in edits.iter().rev() {
            after.replace_range(lines.span(text, edit.range).range(), &edit.new_text);
        }
        after
    }

    #[test]
    fn edits_of_lines_lead_to_the_other_text() {
        for (before, after) in [
            ("", "a\n"),
            ("a\n", ""),
            ("FROM a\nRUN b\nCMD c\n", "FROM a\nRUN x\n\nCMD c\nUSER d\n"),
            ("😀\r\nb\r\nc", "😀\r\nc"),
            ("a\nb\nc\n", "c\nb\na\n"),
            ("a", "a\n"),
        ] {
            assert_eq!(apply(before, &line_edits(before, after, PositionEncoding::Utf16)), after, "{before:?}");
        }
    }

    #[test]
    fn a_client_gets_what_it_can() {
        let change = |before: Option<&str>| Change {
            target: Target::New("x".to_owned()),
            name: "x".to_owned(),
            before: before.map(|text| text.as_bytes().to_vec()),
            after: b"new\n".to_vec(),
        };
        let open = OpenVersion { uri: uri_of(Path::new("/top/x")), version: 7 };
        let versions = OpenVersions::from([(PathBuf::from("/top/x"), open)]);
        let edit = |before: Option<&str>, client: ClientEdits| {
            changes_edit(&[change(before)], Path::new("/top"), Some("ask"), (client, &versions))
        };
        let plain = ClientEdits::default();
        assert!(edit(None, plain).is_none(), "it makes no file");
        let changes = edit(Some("old\n"), plain).unwrap().changes.unwrap();
        assert_eq!(changes[&uri_of(Path::new("/top/x"))][0].new_text, "new\n");
        let able = ClientEdits { has_versions: true, can_create: true, can_ask: true, ..plain };
        let edit = edit(None, able).unwrap();
        assert_eq!(edit.document_changes.as_ref().unwrap().len(), 2);
        assert_eq!(edit.change_annotations.unwrap()[ANNOTATION].needs_confirmation, Some(true));
        let value = serde_json::to_value(&edit.document_changes.unwrap()[1]).unwrap();
        assert_eq!(
            (&value["textDocument"]["version"], &value["edits"][0]["annotationId"]),
            (&7.into(), &ANNOTATION.into())
        );
    }
}
