//! Rules about compose files: what they can ask, and how they report. Their pages have `subject: compose`.

use super::metadata::Metadata;
use crate::compose::project::{ComposePlace, ComposeProject};
use crate::compose::{ComposeEditor, NewValue};
use crate::finding::{Code, FileEdit, Finding, Findings, Fix, Safety, Target};
use crate::inputs::ComposeInput;
use crate::stack::{Stack, StackService};
use crate::text::{Edit, FileId, Source, Span};

/// The check function of a rule about compose files.
pub type ComposeCheck = fn(&ComposeContext, &mut Findings);

/// A compose file, as a rule sees it.
#[derive(Clone, Copy, Debug)]
pub struct ComposeContext<'a> {
    /// The rule's name.
    pub(super) rule: &'static str,
    pub(super) metadata: &'static Metadata,
    pub(super) input: &'a ComposeInput,
    pub(super) project: &'a ComposeProject,
    pub(super) stack: &'a Stack<'a>,
    pub(super) editor: &'a ComposeEditor<'a>,
}

impl<'a> ComposeContext<'a> {
    /// The project that the file belongs to.
    pub fn project(&self) -> &'a ComposeProject {
        self.project
    }

    /// Its services.
    pub fn stack(&self) -> &'a Stack<'a> {
        self.stack
    }

    /// The services in the order of their names.
    pub fn services(&self) -> impl Iterator<Item = &'a StackService<'a>> {
        self.stack.services.iter()
    }

    /// The file.
    pub fn file(&self) -> FileId {
        self.input.file
    }

    /// Its text.
    pub fn source(&self) -> &'a Source {
        self.editor.source()
    }

    /// What is written at a place of the file or of one of its parts; `None` for places in others.
    pub fn text_at(&self, place: Option<ComposePlace>) -> Option<&'a str> {
        let place = place?;
        self.judged_file(place)?;
        self.text_of(place)?.text().get(place.span.range())
    }

    /// The file that a place is in, if findings in it are this project's.
    fn judged_file(&self, place: ComposePlace) -> Option<FileId> {
        let file = self.input.locate(place)?;
        (file == self.file() || self.input.parts.contains(&file)).then_some(file)
    }

    fn text_of(&self, place: ComposePlace) -> Option<&'a Source> {
        self.project.sources.get(place.file.0 as usize)
    }

    /// The part of the file that a place means; `None` for places in others.
    fn span(&self, place: Option<ComposePlace>) -> Option<Span> {
        let place = place?;
        (self.input.locate(place) == Some(self.file())).then_some(place.span)
    }

    /// A finding of this rule; `None` where the place is in another file, or nowhere.
    pub fn finding(&self, place: Option<ComposePlace>, message: impl Into<String>) -> Option<Finding> {
        let place = place?;
        let (file, source) = (self.judged_file(place)?, self.text_of(place)?);
        let span = trimmed(source, place.span);
        let metadata = self.metadata;
        Some(Finding {
            rule: self.rule,
            codes: metadata.aliases.iter().map(|&name| Code { name, line: None }).collect(),
            severity: metadata.severity,
            file,
            span,
            labels: Vec::new(),
            instruction_line: Some(source.line(span.start)),
            stage: None,
            message: message.into(),
            help: None,
            notes: Vec::new(),
            hidden_by: None,
            impact: Vec::new(),
            fixes: Vec::new(),
        })
    }

    /// The finding with edits that make `changes`, all or none; where the file does not allow them, with a note that
    /// says why.
    pub fn fixed(&self, finding: Finding, title: &str, safety: Safety, changes: &[KeyChange<'_>]) -> Finding {
        if finding.file != self.file() {
            return unfixed(finding, "it is in a file that this one includes or extends: check and fix that one");
        }
        let mut edits = Vec::new();
        for change in changes {
            match self.edit(change) {
                Ok(Edit { span, text }) => {
                    edits.push(FileEdit { target: Target::File(self.file()), span, text });
                }
                Err(why) => return unfixed(finding, &why),
            }
        }
        edits.sort_by_key(|edit| edit.span);
        let mut finding = finding;
        finding.fixes.push(Fix { title: title.to_owned(), safety, edits });
        finding
    }

    /// The edit that makes a change.
    ///
    /// # Errors
    /// Why the file does not allow it, in one sentence without a full stop.
    pub fn edit(&self, change: &KeyChange<'_>) -> Result<Edit, String> {
        match change {
            KeyChange::Set(path, value) => self.editor.set(path, value),
            KeyChange::Remove(path) => self.editor.remove(path),
            KeyChange::Impossible(why) => Err(why.clone()),
        }
    }

    /// The texts at a place of the file as they are written, variables of Compose among them: those of a list, or one.
    pub fn texts(&self, path: &[&str]) -> Option<Vec<String>> {
        self.editor.texts(path)
    }

    /// Whether a key is written in the file itself.
    pub fn has_key(&self, path: &[&str]) -> bool {
        self.editor.has(path)
    }

    /// The finding with another text at a place of the file.
    pub fn replaced(
        &self,
        finding: Finding,
        title: &str,
        safety: Safety,
        place: Option<ComposePlace>,
        text: &str,
    ) -> Finding {
        if finding.file != self.file() {
            return unfixed(finding, "it is in a file that this one includes or extends: check and fix that one");
        }
        let Some(span) = self.span(place) else { return finding };
        finding.edits(title, safety, vec![(span, text.to_owned())])
    }
}

/// A span without the white space at its end, and of a long value its first line.
fn trimmed(source: &Source, span: Span) -> Span {
    let text = source.text().get(span.range()).unwrap_or_default();
    let first = text.lines().next().unwrap_or_default().trim_end();
    Span::new(span.start, span.start + first.len() as u32)
}

/// The finding with a note that says why it has no fix; `why`: one sentence without a full stop.
pub(super) fn unfixed(mut finding: Finding, why: &str) -> Finding {
    finding.notes.push(format!("not fixed, because {why}"));
    finding
}

/// A change of a compose file.
#[derive(Clone, Debug)]
pub enum KeyChange<'c> {
    /// A key gets a value.
    Set(Vec<&'c str>, NewValue),
    /// A key goes.
    Remove(Vec<&'c str>),
    /// There is no such change; why, in one sentence without a full stop.
    Impossible(String),
}
