//! The limits of dockopt.toml for builds.

use crate::cli::args::Config;
use crate::cli::args::Global;
use crate::cli::output::{CommandFailure, complain};
use crate::finding::Severity;
use crate::inputs::Inputs;
use crate::load;
use crate::results::BuildState;
use crate::rules::known_rules;
use crate::settings::{Budget, Document, FailOn, Limit, documents};
use crate::text::FileId;

/// The settings that hold where the program runs.
pub(super) struct Budgets {
    inputs: Inputs,
    /// Extended files first.
    documents: Vec<(FileId, Document)>,
}

impl Budgets {
    /// Reads the settings; what is wrong with them is said.
    pub(super) fn read(global: &Global, config: &Config) -> Result<Self, CommandFailure> {
        let mut inputs = load::settings(&config.configuration());
        let (documents, problems) = documents(&inputs, known_rules());
        inputs.problems.extend(problems);
        if complain(global, &inputs) {
            return Err(CommandFailure::Said);
        }
        Ok(Self { inputs, documents })
    }

    /// The limits for a build, or those of the project, and where each is set.
    pub(super) fn of(&self, build: Option<&BuildState>) -> (Budget, Vec<Option<String>>) {
        let names: Vec<&str> = build
            .into_iter()
            .flat_map(|build| build.images.iter().chain(&build.dockerfile))
            .map(String::as_str)
            .collect();
        let mut budget = Budget::default();
        for (_, document) in &self.documents {
            budget.extend(document.budget.clone());
            for section in document.budgets.iter().filter(|section| section.applies_to(&names)) {
                budget.extend(section.budget.clone());
            }
        }
        let places = budget.limits.iter().map(|limit| self.place(limit)).collect();
        (budget, places)
    }

    fn place(&self, limit: &Limit) -> Option<String> {
        let (file, span) = limit.place?;
        let source = self.inputs.source(file);
        Some(format!("{}:{}", source.name(), source.line_column(span.start).line))
    }

    /// The least severity that changes the exit code; `None` for never.
    pub(super) fn least_severity(&self) -> Option<Severity> {
        match self.documents.iter().rev().find_map(|(_, document)| document.layer.fail_on) {
            Some(FailOn::Never) => None,
            Some(FailOn::Least(severity)) => Some(severity),
            None => Some(Severity::Warning),
        }
    }
}
