//! One comparison of original and rewrite.

/// What a comparison came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Equal, or different in declared ways only.
    Passed,
    /// Different in a way that nothing explains.
    Failed,
    /// It could not be made.
    Skipped,
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name: `config`, `files`, `packages`, `linkage`, `imports`, `start`, `probe`, `writes`, `tests`.
    pub name: &'static str,
    /// What it came to.
    pub outcome: Outcome,
    /// What was seen, one line each: differences with their explanations, or why it was left out.
    pub details: Vec<String>,
}
