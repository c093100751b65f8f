//! A recipe that is to be added.

/// A recipe.
#[derive(Clone, Debug)]
pub(super) struct NewRecipe {
    pub(super) name: &'static str,
    /// Its parameters, as a justfile has them.
    pub(super) parameters: String,
    /// What `just --list` shows.
    pub(super) comment: String,
    /// What is asked before it runs.
    pub(super) question: Option<String>,
    /// Its lines, with what just fills in.
    pub(super) lines: Vec<String>,
    /// Whether they are one script: lines of others are given to a shell of their own each.
    pub(super) is_script: bool,
    /// Why it is so.
    pub(super) reason: String,
    pub(super) place: Option<String>,
}

impl NewRecipe {
    pub(super) fn new(name: &'static str, comment: &str, lines: Vec<String>, reason: impl Into<String>) -> Self {
        Self {
            name,
            parameters: String::new(),
            comment: comment.to_owned(),
            question: None,
            lines,
            is_script: false,
            reason: reason.into(),
            place: None,
        }
    }

    /// The same, shown by a file.
    pub(super) fn shown_by(self, place: Option<String>) -> Self {
        Self { place, ..self }
    }

    /// The same, with a question before it.
    pub(super) fn asking(self, question: String) -> Self {
        Self { question: Some(question), ..self }
    }
}

/// A text of a shell in a recipe: just fills in nothing.
pub(super) fn literal(text: &str) -> String {
    text.replace("{{", "{{{{")
}
