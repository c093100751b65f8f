//! The files of settings that hold for inputs, each read once.

use std::collections::BTreeMap;

use super::document::{Document, Groups};
use super::rule_names::RuleNames;
use super::{SettingOrigin, origins};
use crate::inputs::{InputProblem, Inputs, SettingsInput};
use crate::text::{FileId, Source};

/// The settings of the inputs, each file once, extended files first, and what is wrong with them.
pub fn documents(inputs: &Inputs, known: &RuleNames) -> (Vec<(FileId, Document)>, Vec<InputProblem>) {
    let mut reader = SettingsReader::new(inputs, known);
    let mut documents = Vec::new();
    for file in inputs.settings.values().flatten() {
        documents.extend(reader.documents.remove(&file.file).map(|document| (file.file, document)));
    }
    (documents, reader.problems)
}

/// What holds for a file, with the settings file that says so.
pub fn setting_origins(inputs: &Inputs, file: FileId, known: &RuleNames) -> Vec<SettingOrigin> {
    let reader = SettingsReader::new(inputs, known);
    let files = inputs.settings.get(&file).into_iter().flatten();
    origins(files.map(|input| (input.file, reader.document(input), input.path.as_str())))
}

/// Reads each file once.
#[derive(Debug)]
pub struct SettingsReader<'i> {
    inputs: &'i Inputs,
    documents: BTreeMap<FileId, Document>,
    /// What is wrong with the files.
    pub problems: Vec<InputProblem>,
}

impl<'i> SettingsReader<'i> {
    /// Reads the settings of inputs.
    pub fn new(inputs: &'i Inputs, known: &RuleNames) -> Self {
        let mut reader = Self { inputs, documents: BTreeMap::new(), problems: Vec::new() };
        for files in inputs.settings.values() {
            let mut inherited = Groups::new();
            for file in files {
                if !reader.documents.contains_key(&file.file) {
                    reader.read(file, known, &inherited);
                }
                inherited.clone_from(&reader.document(file).groups);
            }
        }
        reader
    }

    fn read(&mut self, file: &SettingsInput, known: &RuleNames, inherited: &Groups) {
        let source: &Source = self.inputs.source(file.file);
        let document = super::read(file.file, source, file.format, known, inherited);
        for problem in &document.problems {
            self.problems.push(InputProblem {
                code: "settings",
                file: source.name().to_owned(),
                place: Some(source.line_column(problem.span.start)),
                fatal: problem.error,
                message: problem.message.clone(),
                help: problem.help.clone(),
            });
        }
        self.documents.insert(file.file, document);
    }

    /// What a file of the inputs says.
    pub fn document(&self, file: &SettingsInput) -> &Document {
        &self.documents[&file.file]
    }
}
