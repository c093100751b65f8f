//! ENV: which variables only the build needs, and which only the program.

use super::run_parts::{PartPurpose, RunPart};
use super::write::PythonWriter;
use crate::data;
use crate::dockerfile::{Instruction, Variable};
use crate::optimize::env_pairs::without_pair;
use crate::text::{Edit, Span};

impl PythonWriter<'_, '_> {
    /// Whether the author's own ENV puts all of these folders on PATH.
    pub(super) fn sets_path(&self, folders: &[String]) -> bool {
        let scopes = self.input.build.scopes();
        let lookup = scopes.lookup(self.plan.stage.index, "PATH", usize::MAX);
        let crate::build::Lookup::Defined(definition) = lookup else { return false };
        let texts =
            definition.instruction.map(|index| self.input.source().slice(self.input.build.instruction(index).span));
        let known = match &definition.value {
            crate::build::VariableValue::Known(value) => value.to_string(),
            _ => texts.unwrap_or_default().to_owned(),
        };
        folders.iter().all(|folder| known.contains(folder.as_str()))
    }

    /// Whether an ENV only puts the folder of `pip install --user` on PATH, which the environment stands for.
    fn is_of_users(&self, pairs: &[Variable]) -> bool {
        let [only] = pairs else { return false };
        let users = |part: &RunPart| part.invocations.iter().any(|call| call.args.iter().any(|word| word.is("--user")));
        let rest: Vec<&str> = only.value.text.split(':').filter(|folder| !folder.ends_with("/.local/bin")).collect();
        self.plan.makes
            && only.name.text == "PATH"
            && matches!(rest.as_slice(), ["$PATH" | "${PATH}"])
            && self.plan.of_class(PartPurpose::Install).any(|(_, part)| users(part))
    }

    pub(super) fn variables(&mut self, index: usize, instruction: &Instruction, whole: String) {
        let input = self.input;
        let pairs = input.file().variables(instruction);
        let begins = |name: &str, role: &'static str| {
            data::VARIABLES.with(role).any(|known| name == known || (known.ends_with('_') && name.starts_with(known)))
        };
        // Installs read no secret that they do not name.
        let secrets = input.build.secrets();
        let is_hidden = |name: &str| {
            !self.unknown && !self.calls.0.contains(name) && secrets.iter().any(|secret| secret.name == name)
        };
        let legacy = pairs.iter().any(|pair| pair.legacy);
        let keep = |role: &'static str| -> Option<String> {
            let going: Vec<usize> = (0..pairs.len())
                .filter(|at| {
                    let name = &pairs[*at].name.text;
                    begins(name, role) || role == "python-run" && is_hidden(name)
                })
                .collect();
            if going.len() == pairs.len() {
                return None;
            }
            if going.is_empty() || legacy {
                return Some(input.source().slice(instruction.span).to_owned());
            }
            let spans: Vec<Span> = pairs.iter().map(|pair| pair.span).collect();
            let edits: Vec<Edit> = going.iter().map(|at| without_pair(&spans, *at, &going)).collect();
            input.slice_with(instruction.span, &edits)
        };
        let kept_path = if self.plan.kept_tools.is_empty() { keep("python-build") } else { Some(whole.clone()) };
        let kept_path = if self.is_of_users(&pairs) { None } else { kept_path };
        if let Some(text) = keep("python-run")
            && index < self.plan.installs.1
        {
            let comments = if kept_path.is_none() { self.comments(index, instruction) } else { String::new() };
            self.build.push(format!("{comments}{text}"));
        }
        let Some(text) = kept_path else { return };
        if self.plan.kept_tools.is_empty() && text != input.source().slice(instruction.span) {
            self.run.push(format!("{}{text}", self.comments(index, instruction)));
        } else {
            self.run.push(whole);
        }
    }
}
