//! Recipes as the text of a justfile, formatted as `just --fmt` does.

use super::recipe::NewRecipe;
use crate::workflow::JustOutline;

/// What a script begins with.
const SCRIPT: [&str; 2] = ["#!/usr/bin/env sh", "set -eu"];

/// Goes to the folder of the justfile, where its recipes run elsewhere.
const TO_FOLDER: &str = "cd {{ quote(justfile_directory()) }}";

/// What `just` shows where it is called without a recipe, in a new file.
const LIST: &str = "# List the recipes\ndefault:\n    @just --list\n";

/// The text of a justfile with further recipes; of a new one without a text.
pub(super) fn added(text: Option<&str>, recipes: &[NewRecipe], outline: &JustOutline) -> String {
    let blocks: Vec<String> = recipes.iter().map(|recipe| block(recipe, outline)).collect();
    let new = blocks.join("\n");
    let Some(text) = text else { return format!("{LIST}\n{new}") };
    let ends_with_carriage_return = text.split_once('\n').is_some_and(|(line, _)| line.ends_with('\r'));
    let end = if ends_with_carriage_return { "\r\n" } else { "\n" };
    let mut whole = text.to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        whole.push_str(end);
    }
    let is_blank = |line: &str| line.trim().is_empty();
    if !whole.lines().next_back().is_none_or(is_blank) {
        whole.push_str(end);
    }
    whole.push_str(&new.replace('\n', end));
    whole
}

fn block(recipe: &NewRecipe, outline: &JustOutline) -> String {
    let mut lines = vec![format!("# {}", recipe.comment)];
    lines.extend(recipe.question.as_ref().map(|question| format!("[confirm(\"{question}\")]")));
    let parameters = if recipe.parameters.is_empty() { String::new() } else { format!(" {}", recipe.parameters) };
    lines.push(format!("{}{parameters}:", recipe.name));
    let is_script = recipe.is_script || !outline.has_posix_shell;
    if is_script {
        lines.extend(SCRIPT.map(|line| format!("    {line}")));
        lines.extend(outline.runs_elsewhere.then(|| format!("    {TO_FOLDER}")));
    }
    for line in &recipe.lines {
        let front = if outline.runs_elsewhere && !is_script { format!("{TO_FOLDER} && ") } else { String::new() };
        // Each line starts in the same folder; a script is in a folder until it leaves it.
        let line = if is_script && line.starts_with("cd ") { format!("({line})") } else { line.clone() };
        lines.push(format!("    {front}{line}"));
    }
    lines.join("\n") + "\n"
}
