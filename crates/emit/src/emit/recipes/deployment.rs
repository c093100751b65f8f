//! The recipes that deploy, by the scripts that are there.

use super::draft::RecipeDraft;
use super::input::RecipeInput;
use super::recipe::{NewRecipe, literal};
use crate::emit::files::emission::is_written_by_deploy_emit;
use crate::shell::quoted_word;
use crate::text::path;

/// Where scripts that deploy lie.
const SCRIPTS: [&str; 5] = ["deploy/deploy.sh", "deploy.sh", "scripts/deploy.sh", "script/deploy.sh", "bin/deploy.sh"];

/// Adds `deploy` and `rollback`.
pub(super) fn add(input: &RecipeInput, draft: &mut RecipeDraft) {
    let is_deploy = |file: &&String| path::name(file) == "deploy.sh";
    let is_written = |file: &&String| (input.text_of)(file).is_some_and(|text| is_written_by_deploy_emit(&text));
    let written = input.paths.iter().filter(is_deploy).find(is_written).map(String::as_str);
    let is_there = |file: &&str| input.paths.binary_search_by(|known| known.as_str().cmp(file)).is_ok();
    let Some(script) = written.or_else(|| SCRIPTS.into_iter().find(is_there)) else {
        let why = "no script deploys the project; `dockopt deploy emit` writes one";
        draft.leave_out("deploy", why);
        draft.leave_out("rollback", why);
        return;
    };
    draft.recipes.push(recipe(input, "deploy", "Start the new version of the services", script, ""));
    let sibling = path::child(path::parent(script), "rollback.sh");
    let back = if written.is_some() {
        Some((script, " rollback"))
    } else {
        Some((sibling.as_str(), "")).filter(|(file, _)| is_there(file))
    };
    match back {
        Some((file, word)) => {
            draft.recipes.push(recipe(input, "rollback", "Start the last version of the services again", file, word));
        }
        None => draft.leave_out("rollback", &format!("no script for it lies next to {script}")),
    }
}

fn recipe(input: &RecipeInput, name: &'static str, comment: &str, script: &str, word: &str) -> NewRecipe {
    let text = (input.text_of)(script).unwrap_or_default();
    let needs_bash = text.lines().next().is_some_and(|line| line.contains("bash"));
    let shell = if needs_bash { "bash" } else { "sh" };
    let line = format!("{}{word} {{{{ arguments }}}}", literal(&format!("{shell} {}", quoted_word(script))));
    let recipe = NewRecipe::new(name, comment, vec![line], format!("`{script}` does it"));
    NewRecipe { parameters: "*arguments".to_owned(), ..recipe.shown_by(Some(script.to_owned())) }
}
