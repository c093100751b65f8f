//! Justfiles (just manual, "Grammar" and "Recipe Lines") ─► the model: recipes are jobs, and what a shell gets of their lines
//! is steps. Variables that are strings are filled in; functions, backticks, parameters and the environment are not known.

mod body;
mod constants;
mod items;
mod outline;
mod tokens;

pub use self::outline::{JustOutline, just_outline};

use std::collections::BTreeSet;

use self::body::{Body, BodyReader, FILLED};
use self::constants::Constants;
use self::items::{JustItems, Module, RecipeItem, Settings};
use super::model::{Job, PipelineKind, Recipe, RecipeParameter, RepositoryFiles, Step, Workflow, WorkflowGap};
use super::place::{WorkflowPlace, WorkflowText};
use crate::shell::shell_of_shebang;
use crate::text::{Source, path};

/// Modules that are followed one into the other.
const DEEPEST: usize = 8;

/// Files that are read for one justfile.
const FILES: usize = 200;

/// The recipes of a justfile with those that it imports, and of its modules.
pub(super) fn read(file: &str, source: &Source, files: &RepositoryFiles) -> Workflow {
    let name = path::name(file).to_ascii_lowercase();
    // Other files are imported, and run in the folder of the file that does.
    let is_whole = name.ends_with("justfile") || name == "mod.just";
    let mut reader =
        JustReader { workflow: Workflow::new(PipelineKind::Just, file), files, budget: FILLED, open: Vec::new() };
    let folder = is_whole.then(|| path::parent(file));
    reader.add_module(file, source, folder, "", DEEPEST);
    reader.workflow
}

struct JustReader<'r> {
    workflow: Workflow,
    files: &'r RepositoryFiles<'r>,
    /// Bytes of values that may still be filled in.
    budget: usize,
    /// The files of the modules around.
    open: Vec<String>,
}

/// What holds for all recipes of a module.
struct ModuleScope {
    constants: Constants,
    settings: Settings,
    /// Where its commands run; `None` where that is not known.
    folder: Option<String>,
    /// What stands before the names of its recipes.
    prefix: String,
}

impl JustReader<'_> {
    /// Adds the recipes of a file and of the modules in it.
    fn add_module(&mut self, file: &str, source: &Source, folder: Option<&str>, prefix: &str, depth: usize) {
        let mut items = JustItems::default();
        let mut sources = Vec::new();
        self.add_items(file, source, &mut items, &mut sources);
        self.open.push(file.to_owned());
        let scope = ModuleScope {
            constants: Constants::of(&items.assignments),
            folder: items.settings.folder_from(folder),
            settings: std::mem::take(&mut items.settings),
            prefix: prefix.to_owned(),
        };
        for item in &items.recipes {
            let Some((_, source)) = sources.iter().find(|(number, _)| *number == item.file) else { continue };
            let mut job = self.job(item, source, &scope);
            let exported = items.assignments.iter().filter(|(name, _)| items.exported.contains(name));
            job.variables = exported
                .filter_map(|(name, tokens)| {
                    let text = scope.constants.value(tokens, &[])?;
                    Some((name.clone(), WorkflowText { text, place: job.place }))
                })
                .collect();
            if let Some(recipe) = &mut job.recipe {
                let aliases = items.aliases.iter().filter(|(_, target)| *target == item.name);
                recipe.aliases = aliases.map(|(name, _)| name.clone()).collect();
            }
            self.workflow.jobs.push(job);
        }
        for module in &items.modules {
            self.add_named_module(module, prefix, depth);
        }
        self.open.pop();
    }

    /// Adds the items of a file and of those that it imports.
    fn add_items(&mut self, file: &str, source: &Source, items: &mut JustItems, sources: &mut Vec<(u32, Source)>) {
        let mut waiting = vec![(file.to_owned(), source.clone())];
        while let Some((file, source)) = waiting.pop() {
            let number = self.number_of(&file);
            if sources.iter().any(|(known, _)| *known == number) {
                continue;
            }
            if let Err(at) = items.add(source.text(), number, path::parent(&file)) {
                let place = WorkflowPlace { file: number, span: crate::text::Span::at(at) };
                self.gap(place, "what follows in the justfile has a string or bracket that is not closed".to_owned());
            }
            sources.push((number, source));
            for import in std::mem::take(&mut items.imports) {
                match self.source_of(std::slice::from_ref(&import.path)) {
                    Some(source) => waiting.push(source),
                    None if import.is_optional => {}
                    None => self.gap(import.place, format!("`{}` was not read", import.path)),
                }
            }
        }
    }

    /// Adds a module: `mod name`, with its file where one is named.
    fn add_named_module(&mut self, module: &Module, prefix: &str, depth: usize) {
        let source = self.source_of(&module.candidates()).filter(|(file, _)| depth > 0 && !self.open.contains(file));
        match source {
            Some((file, source)) => {
                let folder = path::parent(&file);
                let prefix = format!("{prefix}{}::", module.name);
                self.add_module(&file, &source, Some(folder), &prefix, depth - 1);
            }
            None if module.is_optional => {}
            None => self.gap(module.place, format!("the module `{}` was not read", module.name)),
        }
    }

    fn source_of(&self, candidates: &[String]) -> Option<(String, Source)> {
        if self.workflow.files.len() >= FILES {
            return None;
        }
        candidates.iter().find_map(|file| Some((file.clone(), (self.files)(file)?)))
    }

    fn number_of(&mut self, file: &str) -> u32 {
        let known = self.workflow.files.iter().position(|known| known == file);
        known.unwrap_or_else(|| {
            self.workflow.files.push(file.to_owned());
            self.workflow.files.len() - 1
        }) as u32
    }

    fn gap(&mut self, place: WorkflowPlace, what: String) {
        self.workflow.gaps.push(WorkflowGap { place, what });
    }

    fn job(&mut self, item: &RecipeItem, source: &Source, scope: &ModuleScope) -> Job {
        let mut used: BTreeSet<String> = item.used.clone();
        let parameters = item.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        let mut reader =
            BodyReader { constants: &scope.constants, parameters, used: BTreeSet::new(), budget: &mut self.budget };
        let body = Body { text: source.text(), file: item.file, span: item.body };
        let steps = steps(item, &body, scope, &mut reader);
        used.append(&mut reader.used);
        let is_open = scope.settings.passes_arguments || item.has_attribute("positional-arguments");
        let parameter = |parameter: &items::ParameterItem| RecipeParameter {
            is_used: is_open
                || parameter.is_exported
                || scope.settings.exports
                || used.contains(&parameter.name)
                || item.body.is_empty(),
            name: parameter.name.clone(),
            place: WorkflowPlace { file: item.file, span: parameter.span },
        };
        let recipe = Recipe {
            parameters: item.parameters.iter().map(parameter).collect(),
            comment: item.comment.clone(),
            attributes: item.attributes.iter().map(|attribute| attribute.name.clone()).collect(),
            aliases: Vec::new(),
        };
        let prefixed = |name: &String| format!("{}{name}", scope.prefix);
        let place = WorkflowPlace { file: item.file, span: item.name_span };
        Job {
            needs: item.needs.iter().map(prefixed).collect(),
            steps,
            recipe: Some(recipe),
            ..Job::new(prefixed(&item.name), place)
        }
    }
}

/// The steps of a recipe: one for each line that the shell gets, or one for its script; none where no shell reads it.
fn steps(item: &RecipeItem, body: &Body, scope: &ModuleScope, reader: &mut BodyReader) -> Vec<Step> {
    let lines = body.lines();
    let first = lines.first().map_or("", |(line, _)| *line);
    let script_attribute = item.attributes.iter().find(|attribute| attribute.name == "script");
    let is_script = first.starts_with("#!") || script_attribute.is_some();
    let shell = match script_attribute {
        Some(attribute) => attribute.value.clone().or_else(|| scope.settings.script_shell.clone()),
        None if is_script => shell_of_shebang(first).map(|_| first[2..].trim().to_owned()),
        None => scope.settings.shell.clone(),
    };
    let shell = shell.unwrap_or_else(|| "sh".to_owned());
    let is_read = shell_of_shebang(&format!("#!{shell}")).is_some_and(|shell| shell.dialect.is_parsed());
    let texts = if is_script {
        vec![body.whole_script(reader)]
    } else {
        body.line_scripts(scope.settings.ignores_comments, reader)
    };
    let is_elsewhere = item.has_attribute("windows") && !item.has_attribute("unix") && !item.has_attribute("linux");
    if !is_read || is_elsewhere {
        return Vec::new();
    }
    let folder = if item.has_attribute("no-cd") { None } else { scope.folder.clone() };
    let named = item.attributes.iter().find(|attribute| attribute.name == "working-directory");
    let folder = match named {
        Some(attribute) => {
            attribute.value.as_ref().zip(folder).map(|(value, folder)| path::normalize(&path::join(&folder, value)))
        }
        None => folder,
    };
    let program = shell.split_whitespace().find(|word| path::name(word) != "env" && !word.starts_with('-'));
    let step = |text: super::ScriptText| {
        let place = text.place;
        let folder = match &folder {
            Some(folder) if folder.is_empty() || folder == "." => None,
            Some(folder) => Some(WorkflowText { text: folder.clone(), place }),
            None => Some(WorkflowText::unknown(place)),
        };
        let shell = program.map(|program| WorkflowText { text: program.to_owned(), place });
        Step { folder, shell, ..Step::of_script(place, text) }
    };
    texts.into_iter().map(step).collect()
}

#[cfg(test)]
mod tests;
