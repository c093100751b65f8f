//! A line above each instruction that costs something or runs again often.

use gen_lsp_types::{CodeLens, Command};

use super::line_facts::{Reruns, builds_of, line_facts};
use super::{Analysis, EditorText};
use crate::build::Build;

/// Instructions that get a line; of more, the first.
const MOST: usize = 500;

/// The lines; `name` is what the analysis calls the document.
pub fn lenses(analysis: &Analysis, document: &EditorText, name: &str) -> Vec<CodeLens> {
    let mut lenses = Vec::new();
    for input in builds_of(analysis, name) {
        let build = Build::new(input);
        let reruns = Reruns::of(analysis, &build);
        for (index, instruction) in input.file.instructions().iter().enumerate().take(MOST) {
            let facts = line_facts(analysis, &build, index, &reruns);
            // The basis of each is in the hover: a line has room for figures.
            let short = |text: &String| text.split(" (").next().unwrap_or_default().to_owned();
            let saves = facts.findings.iter().find(|cost| cost.contains(|c: char| c.is_ascii_digit()));
            let saves = saves.map(|cost| format!("fix saves {}", short(cost)));
            let parts: Vec<String> =
                facts.price.as_ref().map(short).into_iter().chain(saves).chain(facts.rerun).collect();
            if parts.is_empty() {
                continue;
            }
            let span = input.file.source().in_host(instruction.name.span);
            let command = Command { title: analysis.mask.apply(&parts.join(" · ")), ..Command::default() };
            let range = document.lines().range(document.text(), span);
            lenses.push(CodeLens { range, command: Some(command), data: None });
        }
    }
    lenses
}
