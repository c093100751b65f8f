//! Recipes for a justfile: what starts, checks, migrates and resets the services of a compose project, and runs the checks and
//! tests of the projects around it. What is there is never changed: recipes are added at the end of the file.

mod checks;
mod deployment;
mod health;
mod migration;
mod recipe;
mod reset;
mod servers;
mod write;

use self::recipe::NewRecipe;
use self::servers::ComposeServices;
use super::files::emission::{Emission, EmittedFile};
use super::plan::Choice;
use crate::compose::project::ComposeProject;
use crate::inputs::ComposeInput;
use crate::manifest::Project;
use crate::text::{Source, Span};
use crate::workflow::{JustOutline, RepositoryFiles, just_outline};

/// What `just` looks for in a folder, in any case of letters.
pub const JUST_FILES: [&str; 2] = ["justfile", ".justfile"];

/// The name of a new file.
const NEW_FILE: &str = "justfile";

/// What recipes are made from.
#[derive(Clone, Copy)]
pub struct RecipeInput<'i> {
    /// The compose file of the folder, where there is one.
    pub existing: Option<&'i ComposeInput>,
    /// The places in that file of checks that never succeed, as rules find.
    pub failing_checks: &'i [Span],
    /// The compose file that is written, as Compose reads it.
    pub written: Option<&'i ComposeProject>,
    /// The name of the compose file.
    pub compose_file: &'i str,
    /// The projects below the folder.
    pub projects: &'i [Project],
    /// The paths of all files below the folder, sorted.
    pub paths: &'i [String],
    /// The text of a file below the folder, of one that is written too.
    pub text_of: &'i dyn Fn(&str) -> Option<String>,
    /// The justfile of the folder, named by its path below it.
    pub justfile: Option<&'i Source>,
    /// The files that it may import, by their paths below the folder.
    pub imports: &'i RepositoryFiles<'i>,
}

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
        let names: Vec<String> = others.iter().map(|recipe| format!("`{}`", recipe.name)).collect();
        let stay = if names.len() == 1 { "which stays as it is" } else { "which stay as they are" };
        emission.notes.push(format!("{name} has {} already, {stay}", names.join(", ")));
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

/// Recipes that are to be added, and why others are not.
#[derive(Default)]
struct RecipeDraft {
    recipes: Vec<NewRecipe>,
    /// Why there are no recipes, each reason with their names.
    absent: Vec<(String, Vec<String>)>,
    notes: Vec<String>,
}

impl RecipeDraft {
    /// Adds a recipe, or says why there is none.
    fn add(&mut self, name: &str, recipe: Result<NewRecipe, String>) {
        match recipe {
            Ok(recipe) => self.recipes.push(recipe),
            Err(why) => self.leave_out(name, &why),
        }
    }

    /// Says why there is no recipe.
    fn leave_out(&mut self, name: &str, why: &str) {
        let name = format!("`{name}`");
        match self.absent.iter_mut().find(|(known, _)| known == why) {
            Some((_, names)) => names.push(name),
            None => self.absent.push((why.to_owned(), vec![name])),
        }
    }

    /// What is left to the user; nothing of recipes that are there.
    fn into_notes(self, outline: &JustOutline) -> Vec<String> {
        let is_there = |name: &String| outline.names.contains(name.trim_matches('`'));
        let absent = self.absent.into_iter().filter_map(|(why, mut names)| {
            names.retain(|name| !is_there(name));
            let recipes = if names.len() == 1 { "recipe" } else { "recipes" };
            (!names.is_empty()).then(|| format!("no {recipes} {}: {why}", names.join(", ")))
        });
        self.notes.into_iter().chain(absent).collect()
    }
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
