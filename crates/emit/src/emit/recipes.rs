//! Recipes for a justfile: what starts, checks, migrates and resets the services of a compose project, and runs the checks and
//! tests of the projects around it. What is there is never changed: recipes are added at the end of the file.

mod checks;
mod deployment;
mod draft;
mod health;
mod input;
mod migration;
mod recipe;
mod reset;
mod servers;
mod write;

pub use self::input::RecipeInput;

use self::draft::RecipeDraft;
use self::recipe::NewRecipe;
use self::servers::ComposeServices;
use super::files::emission::{Emission, EmittedFile};
use super::plan::Choice;
use crate::text::{Source, joined, quoted_names};
use crate::workflow::{JustOutline, just_outline};

/// What `just` looks for in a folder, in any case of letters.
pub const JUST_FILES: [&str; 2] = ["justfile", ".justfile"];

/// The name of a new file.
const NEW_FILE: &str = "justfile";

/// Adds to an emission the justfile with the recipes that it lacks.
pub fn add_recipes(input: &RecipeInput, emission: &mut Emission) {
    let outline = match input.justfile {
        Some(source) => just_outline(source.name(), source, input.imports),
        None => JustOutline { has_posix_shell: true, ..JustOutline::default() },
    };
    let name = input.justfile.map_or(NEW_FILE, Source::name);
    if let Some(problem) = &outline.problem {
        emission.notes.push(format!("{name} is left as it is: {problem}"));
        return;
    }
    let services = ComposeServices::of(input);
    let mut draft = RecipeDraft::default();
    add_all(input, &services, &outline, &mut draft);
    let all = std::mem::take(&mut draft.recipes);
    let (recipes, others): (Vec<NewRecipe>, Vec<NewRecipe>) =
        all.into_iter().partition(|recipe| !outline.names.contains(recipe.name));
    if recipes.is_empty() {
        emission.notes.extend(
            others.is_empty().then(|| format!("no recipe was written: {} has no services", input.compose_file)),
        );
        return;
    }
    if !others.is_empty() {
        let names: Vec<&str> = others.iter().map(|recipe| recipe.name).collect();
        let stay = if names.len() == 1 { "which stays as it is" } else { "which stay as they are" };
        emission.notes.push(format!("{name} has {} already, {stay}", joined(&quoted_names(&names))));
    }
    emission.notes.extend(draft.into_notes(&outline));
    let choices = recipes.iter().map(|recipe| Choice {
        service: name.to_owned(),
        key: recipe.name.to_owned(),
        reason: recipe.reason.clone(),
        place: recipe.place.clone(),
    });
    emission.choices.extend(choices);
    let text = write::added(input.justfile.map(Source::text), &recipes, &outline);
    emission.files.push(EmittedFile { path: name.to_owned(), text });
}

/// All recipes, in the order of the file.
fn add_all(input: &RecipeInput, services: &ComposeServices, outline: &JustOutline, draft: &mut RecipeDraft) {
    if !services.all.is_empty() {
        servers::add(input, services, outline, draft);
        let migration = migration::migration(input, services);
        draft.add("migrate-up", migration.as_ref().map(migration::Migration::recipe).map_err(Clone::clone));
        draft.add("db-nuclear-reset", reset::recipe(services, migration.as_ref().ok()));
    }
    checks::add(input, draft);
    if !services.all.is_empty() {
        deployment::add(input, draft);
        draft.recipes.push(health::recipe(services));
    }
}
