//! What a pass sees, and what it answers with.

use super::evidence::Evidence;
use super::run::{Refusal, Step};
use crate::build::{Build, Stage};
use crate::dockerfile::File;
use crate::finding::{FileEdit, Target};
use crate::inputs::context::BuildContext;
use crate::inputs::{BuildInput, Inputs};
use crate::manifest::Project;
use crate::text::{Source, Span};

/// The build as the passes before left it.
pub(super) struct Scene<'a> {
    /// The inputs under the texts of now.
    pub inputs: &'a Inputs,
    /// The build that is rewritten.
    pub build: &'a Build<'a>,
    /// What is known beyond.
    pub evidence: &'a Evidence,
}

impl<'a> Scene<'a> {
    /// The build's input.
    pub(super) fn input(&self) -> &'a BuildInput {
        self.build.input()
    }

    /// The Dockerfile.
    pub(super) fn file(&self) -> &'a File {
        &self.input().file
    }

    /// The Dockerfile's text.
    pub(super) fn source(&self) -> &'a Source {
        self.file().source()
    }

    /// What the builder is sent, where it was looked at.
    pub(super) fn context(&self) -> Option<&'a BuildContext> {
        self.input().context.as_deref()
    }

    /// What the manifests tell; empty where nobody looked.
    pub(super) fn projects(&self) -> &'a [Project] {
        self.input().projects.as_deref().map_or(&[], Vec::as_slice)
    }

    /// The stage that becomes the image.
    pub(super) fn target(&self) -> Option<&Stage> {
        self.build.target()
    }

    /// How the file ends its lines.
    pub(super) fn newline(&self) -> &'static str {
        if self.source().text().contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// An edit of the Dockerfile.
    pub(super) fn edit(&self, span: Span, text: impl Into<String>) -> FileEdit {
        FileEdit { target: Target::File(self.input().dockerfile), span, text: text.into() }
    }
}

/// What a pass answers with. Without edits nothing changes.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// What to change; applied together, or not at all where they overlap.
    pub edits: Vec<FileEdit>,
    /// What was done and why.
    pub steps: Vec<Step>,
    /// What was not done and why.
    pub refusals: Vec<Refusal>,
}

impl Turn {
    /// Takes edits with what they do and why.
    pub(super) fn step(&mut self, what: impl Into<String>, why: impl Into<String>, edits: Vec<FileEdit>) {
        self.edits.extend(edits);
        self.steps.push(Step { pass: "", what: what.into(), why: why.into() });
    }

    /// Says what is left, and why.
    pub(super) fn refuse(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.refusals.push(Refusal { pass: "", what: what.into(), why: why.into() });
    }
}
