//! A text that a client has open, with its version.

use std::path::{Path, PathBuf};

use gen_lsp_types::TextDocumentContentChangeEvent;

use super::position::{PositionEncoding, TextLines};
use crate::text::{Span, path};
use crate::workflow::PipelineKind;

/// Bytes of a text that is looked at: more than the builder reads of a Dockerfile, and than compose files are read of.
const LONGEST: usize = 16 << 20;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// A Dockerfile.
    Dockerfile,
    /// `.dockerignore`, `NAME.dockerignore`.
    Ignore,
    /// A compose file.
    Compose,
    /// A bake file.
    Bake,
    /// A pipeline.
    Pipeline,
    /// `dockopt.toml`.
    Settings,
    /// Something else: nothing is said of it.
    Other,
}

impl DocumentKind {
    /// What a client calls it (its `languageId`) where it knows, else what the name says.
    pub fn of(file: &Path, language: &str) -> Self {
        let text = file.to_string_lossy().replace('\\', "/");
        let name = path::name(&text);
        let lower = name.to_ascii_lowercase();
        let has_end = |end: &str| Path::new(&lower).extension().is_some_and(|extension| extension == end);
        if name == "dockopt.toml" {
            Self::Settings
        } else if has_end("dockerignore") || lower == ".dockerignore" {
            Self::Ignore
        } else if crate::workflow::pipeline_kind(&text).is_some_and(PipelineKind::is_pipeline) {
            Self::Pipeline
        } else if language == "dockerbake" || lower.starts_with("docker-bake") {
            Self::Bake
        } else if language == "dockercompose" || language == "yaml.docker-compose" || path::is_compose(&text) {
            Self::Compose
        } else if language == "dockerfile" || lower.contains("dockerfile") || lower.contains("containerfile") {
            Self::Dockerfile
        } else {
            Self::Other
        }
    }
}

/// A text that a client has open.
#[derive(Clone, Debug)]
pub struct EditorText {
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub kind: DocumentKind,
    /// The client's number of this state of the text.
    pub version: i32,
    text: String,
    lines: TextLines,
    encoding: PositionEncoding,
}

impl EditorText {
    /// A text as the client opened it.
    pub fn new(path: PathBuf, kind: DocumentKind, version: i32, text: String, encoding: PositionEncoding) -> Self {
        let lines = TextLines::new(&text, encoding);
        Self { path, kind, version, text, lines, encoding }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its lines.
    pub fn lines(&self) -> &TextLines {
        &self.lines
    }

    /// Whether it is too long to be looked at.
    pub fn is_too_long(&self) -> bool {
        self.text.len() > LONGEST
    }

    /// Changes the text, one change after the other. A version that is not above the one at hand counts like any other: what a
    /// client sends is the text that it shows.
    pub fn apply(&mut self, version: i32, changes: Vec<TextDocumentContentChangeEvent>) {
        self.version = version;
        for change in changes {
            match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(change) => {
                    let span: Span = self.lines.span(&self.text, change.range);
                    self.text.replace_range(span.range(), &change.text);
                }
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(change) => {
                    self.text = change.text;
                }
            }
            self.lines = TextLines::new(&self.text, self.encoding);
        }
    }
}

#[cfg(test)]
mod tests {
    use gen_lsp_types::{Position, Range, TextDocumentContentChangePartial, TextDocumentContentChangeWholeDocument};

    use super::*;

    #[test]
    fn names_and_languages_tell_the_kind() {
        for (name, language, kind) in [
            ("/a/Dockerfile", "", DocumentKind::Dockerfile),
            ("/a/api.Dockerfile", "plaintext", DocumentKind::Dockerfile),
            ("/a/Containerfile.dev", "", DocumentKind::Dockerfile),
            ("/a/build", "dockerfile", DocumentKind::Dockerfile),
            ("/a/.dockerignore", "ignore", DocumentKind::Ignore),
            ("/a/api.Dockerfile.dockerignore", "", DocumentKind::Ignore),
            ("/a/compose.yaml", "yaml", DocumentKind::Compose),
            ("/a/stack.yml", "dockercompose", DocumentKind::Compose),
            ("/a/docker-bake.hcl", "hcl", DocumentKind::Bake),
            ("/a/.github/workflows/ci.yml", "yaml", DocumentKind::Pipeline),
            ("/a/.gitlab-ci.yml", "yaml", DocumentKind::Pipeline),
            ("/a/dockopt.toml", "toml", DocumentKind::Settings),
            ("/a/values.yaml", "yaml", DocumentKind::Other),
        ] {
            assert_eq!(DocumentKind::of(Path::new(name), language), kind, "{name} {language}");
        }
    }

    #[test]
    fn changes_follow_each_other() {
        let kind = DocumentKind::Dockerfile;
        let text = "FROM 😀\nRUN a\n".to_owned();
        let mut document = EditorText::new("/a/Dockerfile".into(), kind, 1, text, PositionEncoding::Utf16);
        let part = |(line, from, to): (u32, u32, u32), text: &str| {
            let range = Range { start: Position { line, character: from }, end: Position { line, character: to } };
            TextDocumentContentChangePartial { range, text: text.to_owned(), ..Default::default() }.into()
        };
        document.apply(2, vec![part((0, 5, 7), "alpine"), part((1, 4, 5), "b"), part((9, 0, 0), "CMD c")]);
        assert_eq!(document.text(), "FROM alpine\nRUN b\nCMD c");
        assert_eq!(document.version, 2);
        let whole = TextDocumentContentChangeWholeDocument { text: "x".to_owned() };
        document.apply(1, vec![whole.into(), part((0, 1, 1), "y")]);
        assert_eq!(document.text(), "xy");
    }
}
