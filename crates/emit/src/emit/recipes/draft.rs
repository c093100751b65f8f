//! Recipes that are to be added.

use super::recipe::NewRecipe;
use crate::workflow::JustOutline;

/// Recipes that are to be added, and why others are not.
#[derive(Default)]
pub(super) struct RecipeDraft {
    pub(super) recipes: Vec<NewRecipe>,
    /// Why there are no recipes, each reason with their names.
    absent: Vec<(String, Vec<String>)>,
    pub(super) notes: Vec<String>,
}

impl RecipeDraft {
    /// Adds a recipe, or says why there is none.
    pub(super) fn add(&mut self, name: &str, recipe: Result<NewRecipe, String>) {
        match recipe {
            Ok(recipe) => self.recipes.push(recipe),
            Err(why) => self.leave_out(name, &why),
        }
    }

    /// Says why there is no recipe.
    pub(super) fn leave_out(&mut self, name: &str, why: &str) {
        let name = format!("`{name}`");
        match self.absent.iter_mut().find(|(known, _)| known == why) {
            Some((_, names)) => names.push(name),
            None => self.absent.push((why.to_owned(), vec![name])),
        }
    }

    /// What is left to the user; nothing of recipes that are there.
    pub(super) fn into_notes(self, outline: &JustOutline) -> Vec<String> {
        let is_there = |name: &String| outline.names.contains(name.trim_matches('`'));
        let absent = self.absent.into_iter().filter_map(|(why, mut names)| {
            names.retain(|name| !is_there(name));
            let recipes = if names.len() == 1 { "recipe" } else { "recipes" };
            (!names.is_empty()).then(|| format!("no {recipes} {}: {why}", names.join(", ")))
        });
        self.notes.into_iter().chain(absent).collect()
    }
}
