//! What a stage has at hand for its next step (BuildKit's `dispatchState`): environment, working directory, user, shell.

use std::borrow::Cow;

use super::environment::OrderedEnvironment;
use crate::build::{Build, DEFAULT_PATH, Lookup, Stage, StageBase, VariableValue};
use crate::dockerfile::expand::{Lex, heredoc_word};
use crate::dockerfile::{CommandForm, File, Instruction, Keyword};
use crate::text::path;

/// The state at an instruction of a stage.
#[derive(Clone, Debug)]
pub(super) struct StageState {
    pub(super) environment: OrderedEnvironment,
    pub(super) workdir: String,
    pub(super) user: Option<String>,
    pub(super) shell: Vec<String>,
    /// The last step.
    pub(super) last: Option<usize>,
}

impl StageState {
    /// On top of what is outside the file.
    pub(super) fn of_base(build: &Build<'_>, stage: &Stage) -> Self {
        let config = match &stage.base {
            StageBase::Image(reference) => build.input().base_images.get(reference),
            _ => None,
        };
        let is_scratch = stage.base == StageBase::Scratch;
        let variables = match config {
            Some(config) => {
                let has_path = config.env.iter().any(|(name, _)| name == "PATH");
                let path = (!has_path).then_some(("PATH", DEFAULT_PATH));
                let pairs = config.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                Some(path.into_iter().chain(pairs).collect())
            }
            None => is_scratch.then(|| vec![("PATH", DEFAULT_PATH)]),
        };
        let folder = config.map(|config| config.workdir.clone()).filter(|folder| !folder.is_empty());
        let shell = config.and_then(|config| config.shell.clone());
        Self {
            environment: OrderedEnvironment::of_base(variables),
            workdir: folder.unwrap_or_else(|| "/".to_owned()),
            user: config.map(|config| config.user.clone()).filter(|user| !user.is_empty()),
            shell: shell.unwrap_or_else(|| vec!["/bin/sh".to_owned(), "-c".to_owned()]),
            last: None,
        }
    }

    /// Carries out an instruction that makes no step.
    pub(super) fn apply(&mut self, build: &Build<'_>, index: usize, instruction: &Instruction) {
        let file = &build.input().file;
        let lex = Lex::new(file.escape());
        match instruction.keyword {
            Keyword::Arg => self.declare(build, index, instruction),
            Keyword::Env => {
                // All pairs of a line are expanded before any of them takes effect.
                let pairs: Vec<(String, String)> = file
                    .variables(instruction)
                    .iter()
                    .map(|pair| {
                        (self.environment.expand(&pair.name.text, lex), self.environment.expand(&pair.value.text, lex))
                    })
                    .collect();
                for (name, value) in pairs {
                    self.environment.set(&name, value, Some(index));
                }
            }
            Keyword::User => {
                let user = file.operand(instruction).map(|user| self.environment.expand(&user.text, lex));
                self.user = user.filter(|user| !user.is_empty());
            }
            Keyword::Shell => {
                if let Some(CommandForm::Exec(words)) = file.command(instruction) {
                    self.shell = words.iter().map(|word| word.text.clone().into_owned()).collect();
                }
            }
            _ => {}
        }
    }

    /// ARG: what is given, else the default, else the value before the first FROM; without a value nothing enters.
    fn declare(&mut self, build: &Build<'_>, index: usize, instruction: &Instruction) {
        let file = &build.input().file;
        let lex = Lex::new(file.escape());
        for arg in file.args(instruction) {
            let name = &*arg.name.text;
            let value = match (build.input().options.build_arg(name), &arg.default) {
                (Some(value), _) => Some(value.to_owned()),
                (None, Some(default)) => Some(self.environment.expand(&default.text, lex)),
                (None, None) => match build.scopes().lookup_global(name) {
                    Lookup::Defined(definition) => match &definition.value {
                        VariableValue::Known(value) => Some(value.to_string()),
                        VariableValue::Unset => None,
                        // The builder's own platform, the same for both builds.
                        VariableValue::Unknown => Some(super::environment::stand_in(name)),
                    },
                    Lookup::Undefined | Lookup::Unknown => None,
                },
            };
            if let Some(value) = value {
                self.environment.set(name, value, Some(index));
            }
        }
    }

    /// The text of a step as the builder prints it.
    pub(super) fn display(&self, file: &File, instruction: &Instruction, is_trigger: bool) -> String {
        let text = file.logical(instruction.text);
        let keyword = text.split([' ', '\t']).next().unwrap_or_default();
        let mut text = text.to_owned();
        let upper = keyword.to_uppercase();
        if instruction.keyword == Keyword::Run {
            if let Some(body) = sole_heredoc(file, instruction) {
                text.push_str(&format!(" ({})", summary(&body)));
            }
            text = self.environment.display(&text, Lex::display(file.escape()));
        } else {
            text = self.environment.display(&text, Lex::new(file.escape()));
        }
        let text = format!("{upper}{}", text.get(keyword.len()..).unwrap_or_default());
        if is_trigger { format!("ONBUILD {text}") } else { text }
    }

    /// Enters a folder; whether that makes a step: the root does not.
    pub(super) fn enter(&mut self, text: &str, escape: char) -> bool {
        let text = self.environment.expand(text, Lex::new(escape));
        self.workdir = path::join(&self.workdir, &text);
        self.workdir != "/"
    }
}

/// The text of the here-document that is all of a RUN's command.
fn sole_heredoc<'i>(file: &'i File, instruction: &'i Instruction) -> Option<Cow<'i, str>> {
    let heredoc = instruction.heredocs.first()?;
    let CommandForm::Shell(text) = file.command(instruction)? else { return None };
    matches!(heredoc_word(&text.text), Ok(Some(_))).then(|| file.heredoc_text(heredoc))
}

/// The first line of a here-document, as the builder prints it behind the command.
fn summary(body: &str) -> String {
    let mut lines = body.trim().lines();
    let first = lines.next().unwrap_or_default();
    if lines.next().is_some() { format!("{first}...") } else { first.to_owned() }
}
