//! Which budget holds for an image, and whether it keeps it.

use std::collections::BTreeMap;
use std::path::Path;

use super::progress::Progress;
use super::source::read;
use crate::analysis::{Analysis, ImageAnalysis, Weight, judge, weights};
use crate::cli::args::{Global, Image};
use crate::cli::output::{CommandFailure, complain};
use crate::cli::terminal;
use crate::inputs::{InputProblem, Inputs};
use crate::load::{self, SettingsSource, begins_as_json, read_source};
use crate::report;
use crate::rules::{Policy, SelectorError, known_rules};
use crate::settings::{Budget, Choice, Document, Measure, dive, documents, resolve};
use crate::text::{FileId, Source};

/// Where dive looks for its rules.
const DIVE: &str = ".dive-ci";
/// Bytes that a file of dive's rules may have.
const DIVE_LIMIT: u64 = 1 << 20;
/// Bytes that a saved result may have.
const SAVED_LIMIT: u64 = 256 << 20;

/// All that was said about what images may weigh.
pub(super) struct Budgets {
    /// The files that say it.
    inputs: Inputs,
    /// Those of dockopt.toml, extended ones first.
    documents: Vec<(FileId, Document)>,
    /// dive's rules.
    dive: Budget,
    /// What was typed.
    typed: Budget,
    /// What was read without being named.
    pub notices: Vec<String>,
    /// What images weighed before, by the name of the baseline.
    baselines: BTreeMap<String, Vec<Weight>>,
}

impl Budgets {
    /// Reads the settings; what is wrong with them is said.
    pub(super) fn read(global: &Global, command: &Image) -> Result<Self, CommandFailure> {
        let flags = &command.budget;
        let configuration = match &flags.config {
            _ if flags.no_config => SettingsSource::None,
            Some(file) => SettingsSource::File(file.clone()),
            None => SettingsSource::Nearest,
        };
        let mut inputs = load::settings(&configuration);
        let (documents, problems) = documents(&inputs, known_rules());
        inputs.problems.extend(problems);
        let mut notices = Vec::new();
        let dive = dive_rules(command, &mut inputs, &mut notices)?;
        if complain(global, &inputs) {
            return Err(CommandFailure::Said);
        }
        let remark = |problem: &InputProblem| {
            let line = problem.place.map(|place| format!(":{}", place.line)).unwrap_or_default();
            let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
            format!("{}{line}: {}{help}", problem.file, problem.message)
        };
        // The problems of dockopt.toml are reported by `lint`.
        notices.extend(inputs.problems.iter().filter(|problem| problem.file.ends_with(DIVE)).map(remark));
        let typed = flags.budget();
        let budgets = Self { inputs, documents, dive, typed, notices, baselines: BTreeMap::new() };
        budgets.check(&command.view.no_category)?;
        Ok(budgets)
    }

    /// Which rules about images run: the settings, then the command line.
    ///
    /// # Errors
    /// The first word that selects nothing.
    pub(super) fn policy(&self, line: Choice) -> Result<Policy, SelectorError> {
        let mut settings = resolve(self.documents.iter().map(|(_, document)| (document, "")));
        settings.choices.push(line);
        Policy::new(settings)
    }

    /// A disabled category has no bytes to compare with a limit.
    fn check(&self, off: &[String]) -> Result<(), CommandFailure> {
        let documents = self.documents.iter().map(|(_, document)| document);
        let sections = documents.clone().flat_map(|document| &document.budgets).map(|section| &section.budget);
        let all = documents.map(|document| &document.budget).chain(sections).chain([&self.typed]);
        for limit in all.flat_map(|budget| &budget.limits) {
            let Measure::Category(name) = &limit.measure else { continue };
            if off.contains(name) {
                let what = format!("the category `{name}` has a limit, but `--no-category` disables it");
                return Err(CommandFailure::Because { what, help: Some(format!("remove `--no-category {name}`")) });
            }
        }
        Ok(())
    }

    /// What holds for an image; `asked` is its name as it was typed.
    fn of(&self, image: &ImageAnalysis, requested_name: &str) -> Budget {
        let mut budget = self.dive.clone();
        let names: Vec<&str> = [requested_name, &image.image.reference]
            .into_iter()
            .chain(image.image.names.iter().map(String::as_str))
            .collect();
        for (file, document) in &self.documents {
            let sections = document.budgets.iter().filter(|section| section.applies_to(&names));
            for section_budget in [&document.budget].into_iter().chain(sections.map(|section| &section.budget)) {
                let mut image_budget = section_budget.clone();
                image_budget.baseline =
                    image_budget.baseline.map(|baseline| baseline_path(self.inputs.source(*file), baseline));
                budget.extend(image_budget);
            }
        }
        budget.extend(self.typed.clone());
        budget
    }

    /// Compares the images of a result with their budgets.
    ///
    /// # Errors
    /// When a baseline can't be read.
    pub(super) fn judge(
        &mut self,
        command: &Image,
        requested_name: &str,
        analysis: &mut Analysis,
    ) -> Result<(), CommandFailure> {
        for image in &mut analysis.images {
            let budget = self.of(image, requested_name);
            let grows = budget.limits.iter().any(|limit| limit.measure == Measure::Growth);
            let before = match budget.baseline.as_ref() {
                Some(name) if grows => self.baseline(command, name)?,
                _ => &[],
            };
            let mut judged = judge(image, &budget, Weight::pick(before, &image.image));
            for result in &mut judged {
                result.written = result.limit.place.map(|(file, span)| {
                    let source = self.inputs.source(file);
                    format!("{}:{}", source.name(), source.line_column(span.start).line)
                });
            }
            image.budget = judged;
            if budget.baseline.is_some() && !grows {
                analysis
                    .notices
                    .push("the baseline is not used, because no growth limit is set; add `--max-growth`".to_owned());
            }
        }
        Ok(())
    }

    fn baseline(&mut self, command: &Image, name: &str) -> Result<&[Weight], CommandFailure> {
        if !self.baselines.contains_key(name) {
            let read = weigh(command, name)?;
            self.baselines.insert(name.to_owned(), read);
        }
        Ok(self.baselines.get(name).map(Vec::as_slice).unwrap_or_default())
    }
}

/// dive's rules: of the file that was named, else of the one in the current folder.
fn dive_rules(command: &Image, inputs: &mut Inputs, notices: &mut Vec<String>) -> Result<Budget, CommandFailure> {
    let flags = &command.budget;
    let dive_file = Path::new(DIVE);
    let file = match &flags.dive_ci {
        Some(file) => file.as_path(),
        None if !flags.no_config && dive_file.is_file() => {
            notices.push(format!("using `{DIVE}`; `--no-config` ignores it"));
            dive_file
        }
        // dive's `--ci` has limits of its own.
        None if command.dive.ci => return Ok(dive(FileId(0), &Source::of(DIVE, "")).0),
        None => return Ok(Budget::default()),
    };
    let source = read_source(file, DIVE_LIMIT).map_err(|error| CommandFailure::Because {
        what: error.to_string(),
        help: Some("pass a file of dive rules".into()),
    })?;
    let id = inputs.add(source);
    let (budget, problems) = dive(id, inputs.source(id));
    for problem in problems {
        let source = inputs.source(id);
        inputs.problems.push(InputProblem {
            code: "settings",
            file: source.name().to_owned(),
            place: Some(source.line_column(problem.span.start)),
            fatal: problem.error,
            message: problem.message,
            help: problem.help,
        });
    }
    Ok(budget)
}

/// A baseline as a file of settings names it: a path beside it, where there is one.
fn baseline_path(source: &Source, baseline: String) -> String {
    let path = Path::new(source.name()).parent().unwrap_or(Path::new("")).join(&baseline);
    match path.to_str() {
        Some(text) if path.exists() => text.to_owned(),
        _ => baseline,
    }
}

/// What a baseline weighs.
fn weigh(command: &Image, name: &str) -> Result<Vec<Weight>, CommandFailure> {
    let path = Path::new(name.strip_prefix("file:").unwrap_or(name));
    let help = || Some("pass an image, or a file written by `dockopt image --format json`".to_owned());
    if begins_as_json(path) {
        let source = read_source(path, SAVED_LIMIT)
            .map_err(|error| CommandFailure::Because { what: format!("the baseline {error}"), help: help() })?;
        return weights(source.text().as_bytes()).map_err(|error| CommandFailure::Because {
            what: format!("the baseline `{name}` cannot be used: {error}"),
            help: help(),
        });
    }
    let read = read((&command.choice, &command.limits), name, true, &Progress::silent());
    let (read, _) = read.map_err(|problem| CommandFailure::Because {
        what: format!("the baseline cannot be read: {}", report::image_problem(&problem)),
        help: problem.help.clone().or_else(help),
    })?;
    if let Some(error) = read.damaged.first() {
        return Err(CommandFailure::Because {
            what: format!("the baseline `{name}` is damaged: {}", error.message),
            help: help(),
        });
    }
    Ok(read.images.iter().map(Weight::of).collect())
}

/// Reports limits that cannot be checked. Returns whether there are any, and whether a limit is exceeded.
pub(super) fn verdict(global: &Global, all: &Analysis) -> (bool, bool) {
    let judged = || all.images.iter().flat_map(|image| &image.budget);
    for result in judged() {
        if let Some(why) = result.unknown {
            let what = format!("the limit `{}` cannot be checked: {why}", report::limit_name(result));
            terminal::error(global, &what, None);
        }
    }
    (judged().any(|result| result.is_kept.is_none()), judged().any(|result| result.is_kept == Some(false)))
}
